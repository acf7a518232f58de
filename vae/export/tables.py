"""A map as a table: where each code lies, the code itself, and what made the map."""

from __future__ import annotations

__all__ = ["TABLE_FORMATS", "map_table"]

import io
import json
from dataclasses import asdict

import numpy as np

from vae.encoding import LatentTable
from vae.projections import Projection

TABLE_FORMATS = ("csv", "parquet", "npz")


def map_table(
    table: LatentTable, projection: Projection, kind: str, *, checkpoint: str = ""
) -> bytes:
    """Encode a map as a file, one row a code.

    Columns: x and y on the map, index, split, label and its name where they are known,
    reconstruction_error, and the code z0, z1, ... What made the map and the checkpoint's id are
    JSON: in a CSV its first line, after "# "; in Parquet the schema's metadata "about"; in an npz
    the array "about".

    Args:
        table: The codes (N, D) of the map, in its order.
        projection: The map.
        kind: "csv", "parquet" or "npz".
        checkpoint: Id of the model behind the codes.

    Raises:
        ValueError: if the kind is another, or the table has other rows than the map.
    """
    if kind not in TABLE_FORMATS:
        raise ValueError(f"kind is {kind!r}; choose one of {', '.join(TABLE_FORMATS)}")
    if len(table) != len(projection.points):
        raise ValueError(f"{len(table)} codes and {len(projection.points)} points; give as many")
    columns = _columns(table, projection)
    about = json.dumps({"checkpoint": checkpoint, **asdict(projection.settings)})
    if kind == "npz":
        buffer = io.BytesIO()
        np.savez_compressed(buffer, about=np.array(about), **columns)
        return buffer.getvalue()
    import pyarrow  # it comes with Streamlit; the library alone does without
    import pyarrow.csv
    import pyarrow.parquet

    made = pyarrow.table(columns).replace_schema_metadata({"about": about})
    buffer = io.BytesIO()
    if kind == "parquet":
        pyarrow.parquet.write_table(made, buffer)
    else:
        buffer.write(f"# {about}\n".encode())
        pyarrow.csv.write_csv(made, buffer)
    return buffer.getvalue()


def _columns(table: LatentTable, projection: Projection) -> dict[str, np.ndarray]:
    columns = {
        "x": projection.points[:, 0],
        "y": projection.points[:, 1],
        "index": table.index,
        "split": table.split,
        "reconstruction_error": table.reconstruction_error,
    }
    if table.label is not None:
        columns["label"] = table.label
        if table.label_names:
            columns["label_name"] = np.array(table.label_names)[table.label]
    return columns | {f"z{dim}": column for dim, column in enumerate(table.mean.T)}
