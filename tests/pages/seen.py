"""What AppTest saw of our components."""

import io
import json

import pyarrow


def components(app):
    """The data of every component on the page, by its name; columns as NumPy arrays."""
    protos = [element.proto for element in app.get("bidi_component")]
    return {proto.component_name: _data(proto) for proto in protos}


def _data(proto):
    blobs = proto.mixed.arrow_blobs

    def resolve(value):
        if isinstance(value, dict) and len(value) == 1:
            (name,) = value.values()
            if isinstance(name, str) and name in blobs:
                table = pyarrow.ipc.open_stream(io.BytesIO(blobs[name].data)).read_all()
                return table.column(0).to_numpy()
        return value

    data = json.loads(proto.mixed.json or proto.json)
    return {name: resolve(value) for name, value in data.items()}
