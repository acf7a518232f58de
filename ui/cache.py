"""What is kept between reruns and visitors: the only ``st.cache_*`` calls of the app.

Keys are checkpoint ids and plain parameters; an argument with a leading underscore rides along
unhashed and is always the card of that id. What is cached is shared by all threads, so arrays
are read-only.
"""

from __future__ import annotations

__all__ = [
    "Shelf",
    "decode",
    "dimensions",
    "encode",
    "errors",
    "examples",
    "held_out",
    "images",
    "meanings",
    "metrics",
    "model",
    "originals",
    "paper",
    "plane_codes",
    "reference",
    "shelf",
    "shipped_map",
    "table",
    "thumbnail",
    "traversals",
]

import base64
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
import streamlit as st

from ui.live.values import Errors, Examples, Paper, PlaneCodes
from ui.live.worker import PATIENCE_SECONDS, WORKER, pictures
from ui.summaries import (
    GALLERY,
    Dimensions,
    describe_dimensions,
    draw_examples,
    draw_plane_codes,
    find_paper,
    summarise_errors,
    tile_png,
)
from vae.checkpoints import Card, CheckpointError, load_codes, load_metrics, load_model
from vae.data import DataError, ImageSet, load
from vae.encoding import LatentTable
from vae.evidence import Reference
from vae.latent import traverse
from vae.maps import MapFigures, load_map
from vae.metrics.meaning import Meaning, guess_meanings, image_statistics
from vae.models import Autoencoder
from vae.projections import Projection
from vae.shelf import ShelfEntry, read_shelf

Values = TypeVar("Values")


@dataclass(frozen=True)
class Shelf:
    """The checkpoints that can be explored, and those that cannot with the reason why."""

    cards: tuple[Card, ...]
    broken: tuple[ShelfEntry, ...]


def shelf() -> Shelf:
    """Read the shelf; a checkpoint that verifies but cannot be opened counts as broken."""
    entries = [_opened(entry) for entry in read_shelf()]
    return Shelf(
        cards=tuple(entry.card for entry in entries if entry.card is not None),
        broken=tuple(entry for entry in entries if entry.card is None),
    )


def decode(card: Card, z: np.ndarray) -> np.ndarray:
    """Return the pictures (N, H, W, C) uint8 of codes ``z`` (N, D)."""
    return pictures(WORKER, card.id, z, int(np.prod(card.model.image_shape)))


def encode(card: Card, pixels: np.ndarray) -> np.ndarray:
    """Return the posterior of a picture (H, W, C) uint8: mean and log variance, as ``Worker``."""
    return WORKER.encode(card.id, pixels).result(PATIENCE_SECONDS)


@st.cache_resource(max_entries=16, show_spinner=False)
def table(checkpoint: str, _card: Card) -> LatentTable:
    """Return the held-out codes of a checkpoint, read-only."""
    return _frozen(load_codes(_card))


@st.cache_resource(max_entries=16, show_spinner=False)
def held_out(checkpoint: str, _card: Card) -> LatentTable:
    """Return the held-out codes in random order, always the same: the first ones stand for all."""
    codes = table(checkpoint, _card)
    rows = np.flatnonzero(codes.held_out)
    return _frozen(codes.subset(rows[_held_out_order(len(rows))]))


def _held_out_order(count: int) -> np.ndarray:
    return np.random.default_rng(0).permutation(count)


@st.cache_resource(max_entries=16, show_spinner=False)
def shipped_map(checkpoint: str, _card: Card) -> tuple[Projection, MapFigures] | None:
    """Return the map of ``held_out`` that a checkpoint ships, and how true it is.

    None where it has none, or a damaged one: then a map is made.
    """
    codes = held_out(checkpoint, _card)
    try:
        shipped = load_map(_card, table(checkpoint, _card))
    except CheckpointError:
        return None
    if shipped is None:
        return None
    made, figures = shipped
    return replace(made, codes=codes.mean, points=made.points[_held_out_order(len(codes))]), figures


@st.cache_resource(max_entries=64, show_spinner=False)
def dimensions(checkpoint: str, _card: Card) -> Dimensions:
    """Return what each dimension carries over the held-out codes."""
    return describe_dimensions(table(checkpoint, _card))


@st.cache_resource(max_entries=4, show_spinner=False)
def model(checkpoint: str, _card: Card) -> Autoencoder:
    """Return a model to compute with; nobody may change it."""
    return load_model(_card)


@st.cache_resource(max_entries=4, show_spinner=False)
def reference(checkpoint: str, _card: Card) -> Reference:
    """Return where a model's held-out data lie."""
    codes = table(checkpoint, _card)
    rows = codes.held_out
    return Reference.of(codes.mean[rows], None if codes.log_var is None else codes.log_var[rows])


@st.cache_data(max_entries=64, show_spinner=False)
def metrics(checkpoint: str, _card: Card) -> dict:
    """Return metrics.json with its figures by name, nothing where it cannot be read."""
    try:
        content = load_metrics(_card)
        return content | {"figures": {figure["name"]: figure for figure in content["figures"]}}
    except (CheckpointError, ValueError, KeyError, TypeError):
        return {"figures": {}}


@st.cache_resource(max_entries=32, show_spinner=False)
def examples(checkpoint: str, _card: Card) -> Examples:
    """Return up to 200 held-out codes, the same for everybody."""
    return _frozen(draw_examples(table(checkpoint, _card)))


@st.cache_data(max_entries=64, show_spinner=False)
def errors(checkpoint: str, _card: Card) -> Errors:
    """Return the held-out reconstruction errors as quantiles."""
    return summarise_errors(table(checkpoint, _card))


@st.cache_data(max_entries=64, show_spinner=False)
def paper(checkpoint: str, _card: Card) -> Paper:
    """Return what a model's pictures are drawn on, from decoded held-out codes."""
    return find_paper(decode(_card, examples(checkpoint, _card).mean[:GALLERY]))


@st.cache_resource(max_entries=32, show_spinner=False)
def originals(checkpoint: str, _card: Card) -> np.ndarray | None:
    """Return the images (n, H, W, C) uint8 of the first examples; None where they do not fit.

    Ask only where the data set is on this machine.
    """
    wanted = examples(checkpoint, _card).index[:GALLERY]
    try:
        images = load(_card.data["name"], "test", image_shape=_card.model.image_shape)
    except DataError:
        return None
    rows = {int(index): row for row, index in enumerate(images.index)}
    if not all(int(index) in rows for index in wanted):
        return None  # codes of training images, or another version of the data
    pixels = images.pixels[[rows[int(index)] for index in wanted]]
    pixels = np.ascontiguousarray(pixels.transpose(0, 2, 3, 1))
    pixels.setflags(write=False)
    return pixels


@st.cache_resource(max_entries=4, show_spinner=False)
def images(checkpoint: str, _card: Card, split: str) -> ImageSet | None:
    """Return the images that a model's codes are of; None where they do not fit, or are not here.

    Ask only where the data set is on this machine.
    """
    try:
        return load(_card.data["name"], split, image_shape=_card.model.image_shape)
    except DataError:
        return None


@st.cache_data(max_entries=64, show_spinner=False)
def meanings(checkpoint: str, _card: Card) -> dict[int, Meaning]:
    """Return a guess of what dimensions do: known factors first, else what the pictures tell."""
    codes = table(checkpoint, _card)
    if codes.factors:
        rows = codes.held_out
        factors = {name: values[rows] for name, values in codes.factors.items()}
        return guess_meanings(codes.mean[rows], factors)
    z = examples(checkpoint, _card).mean
    images = decode(_card, z).transpose(0, 3, 1, 2) / np.float32(255)
    return guess_meanings(z, image_statistics(images))


@st.cache_resource(max_entries=32, show_spinner=False)
def plane_codes(checkpoint: str, _card: Card) -> PlaneCodes:
    """Return up to 2,000 held-out codes for the latent plane."""
    return _frozen(draw_plane_codes(table(checkpoint, _card)))


@st.cache_data(max_entries=64, show_spinner=False)
def thumbnail(checkpoint: str, _card: Card, rows: int, columns: int, scale: int) -> str:
    """Return a PNG of decoded held-out codes, each pixel drawn ``scale`` pixels wide.

    As a data: address, since Streamlit forgets a file it serves as soon as its page is left, and
    a browser that is still asking gets an error.
    """
    tiles = decode(_card, examples(checkpoint, _card).mean[: rows * columns])
    png = base64.b64encode(tile_png(tiles, rows, columns, scale)).decode()
    return f"data:image/png;base64,{png}"


@st.cache_data(max_entries=32, show_spinner=False)
def traversals(
    checkpoint: str, _card: Card, z: tuple[float, ...], dims: tuple[int, ...], values: bytes
) -> np.ndarray:
    """Return traversals around ``z``: (rows, columns, H, W, C) uint8.

    Args:
        checkpoint: Id of the model.
        z: The code around which one coordinate varies.
        dims: The coordinate of each row.
        values: What it becomes in each column, float32 (rows, columns) as bytes.
    """
    steps = np.frombuffer(values, dtype=np.float32).reshape(len(dims), -1)
    center = np.array(z, dtype=np.float32)
    codes = [traverse(center, dim, row) for dim, row in zip(dims, steps, strict=True)]
    tiles = decode(_card, np.concatenate(codes))
    return tiles.reshape(*steps.shape, *tiles.shape[1:])


def _opened(entry: ShelfEntry) -> ShelfEntry:
    if entry.card is None:
        return entry
    try:
        thumbnail(entry.card.id, entry.card, 2, 2, 1)
    except CheckpointError as error:
        return ShelfEntry(entry.name, entry.path, False, str(error), None)
    return entry


def _frozen(values: Values) -> Values:
    """Make a dataclass's arrays read-only: what is cached is shared by all threads."""
    for field in fields(values):
        value = getattr(values, field.name)
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    return values
