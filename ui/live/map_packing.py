"""A map's values as its component gets them."""

from __future__ import annotations

__all__ = ["pack_choices", "pack_map", "pack_map_answer"]

from dataclasses import asdict

import numpy as np

from ui.charts import ACCENT, PALETTE
from ui.live.map_values import Choices, GroupView, Layer, MapView
from ui.live.tables import TABLES, table_address
from ui.questions import Answer

# Without routes these go with every answer: a page cannot do without them.
NEEDED = ("points", "index", "codes", "logVar", "label")


def pack_choices(choices: Choices) -> dict:
    """Return what can be chosen."""
    return {
        "sources": [{"name": name, "title": title} for name, title in choices.sources],
        "methods": [{"name": name, "title": title} for name, title in choices.methods],
        "shades": [{"name": name, "title": title} for name, title in choices.shades],
        "shade": choices.shade,
        "order": list(choices.order),
        "dims": [{"name": dim, "title": f"z{dim}"} for dim in sorted(choices.order)],
    }


def pack_map(
    view: MapView, asked: Answer | None, column: str
) -> tuple[dict, dict[str, np.ndarray]]:
    """Return what a page must know of a map, and its columns where there are no routes for them."""
    projection, table = view.projection, view.table
    linear = None
    if projection.axes is not None:
        linear = {"axes": projection.axes.tolist(), "centre": projection.centre.tolist()}
    address = table_address(view.key)
    sent = () if address else tuple(n for n in (*NEEDED, column) if n in view.columns)
    data = {
        "key": view.key,
        "address": address,
        "source": view.source,
        "method": view.method,
        "dims": list(view.dims),
        "names": list(projection.names),
        "linear": linear,
        "count": len(table),
        "split": str(table.split[0]),
        "labels": list(table.label_names) if table.label is not None else [],
        "colours": list(PALETTE) if table.label is not None else [ACCENT],
        "columns": list(view.columns),
        "sent": list(dict.fromkeys(sent)),
        "about": view.about,
        # An answer like the one before would not reach the page but for its number.
        "sequence": 0 if asked is None else asked.sequence,
        "error": "" if asked is None else asked.error,
        "progress": None if view.progress is None else asdict(view.progress),
    }
    return data, {f"map_{name}": TABLES.column(view.key, name) for name in data["sent"]}


def pack_map_answer(
    name: str, value: str | GroupView | Layer | tuple | None
) -> tuple[dict, dict[str, np.ndarray]]:
    """Return an answer's plain values, and its columns."""
    if isinstance(value, str):
        return {"words": value}, {}
    if isinstance(value, GroupView):
        labels = [[text, count, PALETTE[k % len(PALETTE)]] for text, count, k in value.labels]
        return {
            "title": value.title,
            "words": value.words,
            "count": value.count,
            "labels": labels,
            "mean": value.mean.tolist(),
            "typical": list(value.typical),
            "unusual": list(value.unusual),
        }, {}
    if isinstance(value, Layer):
        plain = {"kind": value.kind, "box": list(value.box), "words": value.words}
        return plain, {"layerValues": value.values.astype(np.float32)}
    if isinstance(value, tuple):
        row, pixels = value
        return {"row": row}, {} if pixels is None else {"originalPixels": pixels}
    return {}, {}
