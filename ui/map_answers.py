"""What the map page asks about a map: how true it is, groups, the visitor's own codes, files."""

from __future__ import annotations

__all__ = ["find_layer", "find_original", "judge", "look_at_group", "make_table", "weigh_own"]

from dataclasses import replace
from functools import partial

import numpy as np

from ui import cache, state
from ui.background import BACKGROUND
from ui.live.map_values import GroupView, Layer, MapView
from ui.live.values import File
from ui.map_layers import holes_in_words, make_layer
from ui.map_words import about_group, about_own, judge_map
from ui.setting import finite
from vae.checkpoints import Card
from vae.data import SOURCES, has_originals
from vae.encoding import LatentTable
from vae.evidence import weigh
from vae.export.tables import TABLE_FORMATS, map_table
from vae.maps import measure_map
from vae.metrics.groups import describe_group

MEMBERS = 6


def judge(view: MapView) -> str:
    """Say how true a map is; nothing yet while that is being worked out."""
    figures = view.figures or BACKGROUND.look(
        view.key, lambda: measure_map(view.projection, view.table.label)
    )
    return "" if figures is None else judge_map(figures, view.table.mean.shape[1])


def weigh_own(card: Card, ask: dict) -> str:
    """Answer {"z"}: how usual a code is among held-out ones, in a sentence.

    Raises:
        ValueError: if it asks for anything else.
    """
    z = finite(ask.get("z"), card.model.latent_dim)
    if z is None:
        raise ValueError("the picture has no finite code")
    code = np.array([z], dtype=np.float32)
    evidence = weigh(code, cache.reference(card.id, card), ends=code)
    return about_own(evidence, len(cache.held_out(card.id, card)))


def look_at_group(card: Card, view: MapView, ask: dict) -> GroupView:
    """Answer {"rows"}: what some codes of the map have in common; the group is kept.

    Raises:
        ValueError: if it asks for anything else.
    """
    codes, rows = view.table, ask.get("rows")
    if not isinstance(rows, list) or not 0 < len(rows) <= len(codes):
        raise ValueError("choose at least one image")
    if not all(type(row) is int and 0 <= row < len(codes) for row in rows):
        raise ValueError("there is no such image on the map")
    group = describe_group(codes.mean, np.array(rows), codes.label, members=MEMBERS)
    others = np.ones(len(codes), bool)
    others[rows] = False
    state.remember_group(card.id, codes.mean[~others], codes.mean[others])
    return GroupView(
        title=f"{group.count:,} of {len(codes):,} images",
        words=about_group(group, codes),
        count=group.count,
        labels=tuple((_label_name(codes, k), count, k) for k, count in group.labels.items()),
        mean=group.mean,
        typical=tuple(map(int, group.typical)),
        unusual=tuple(map(int, group.unusual)),
    )


def _label_name(codes: LatentTable, k: int) -> str:
    return codes.label_names[k] if 0 <= k < len(codes.label_names) else str(k)


def find_layer(view: MapView, ask: dict) -> Layer:
    """Answer {"layer"}: what lies behind the points; words that take long come when asked again.

    Raises:
        ValueError: if it asks for anything else, or the map has no such thing.
    """
    layer = make_layer(view.projection, view.table, ask.get("layer"))
    if layer.kind == "density":
        return layer
    work = partial(holes_in_words, view.projection, view.table)
    return replace(layer, words=BACKGROUND.look((view.key, layer.kind), work) or "")


def find_original(card: Card, view: MapView, ask: dict) -> tuple[int, np.ndarray | None]:
    """Answer {"row"}: the image (H, W, C) uint8 of a code, None where it is not here.

    Raises:
        ValueError: if it asks for anything else.
    """
    codes, row = view.table, ask.get("row")
    if type(row) is not int or not 0 <= row < len(codes):
        raise ValueError("there is no such image on the map")
    name = str(card.data.get("name", ""))
    if name not in SOURCES or not has_originals(name):
        return row, None
    images = cache.images(card.id, card, str(codes.split[row]))
    places = np.flatnonzero(images.index == codes.index[row]) if images is not None else ()
    if not len(places):
        return row, None
    return row, np.ascontiguousarray(images.pixels[places[0]].transpose(1, 2, 0))


def make_table(card: Card, view: MapView, ask: dict) -> File:
    """Answer {"kind"}: places and codes as a file.

    Raises:
        ValueError: if it asks for anything else.
    """
    kind = ask.get("kind")
    if kind not in TABLE_FORMATS:
        raise ValueError(f"kind is {kind!r}; choose one of {', '.join(TABLE_FORMATS)}")
    content = map_table(view.table, view.projection, kind, checkpoint=card.id)
    return File(f"{card.name}-{view.method}.{kind}", kind, content)
