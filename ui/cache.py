"""What is kept between reruns and visitors: the only ``st.cache_*`` calls of the app.

Keys are checkpoint ids and plain parameters; an argument with a leading underscore rides along
unhashed and is always the card of that id. What is cached is shared by all threads, so arrays
are read-only.
"""

from __future__ import annotations

__all__ = [
    "Dimensions",
    "Shelf",
    "decode",
    "dimensions",
    "encode",
    "errors",
    "examples",
    "meanings",
    "metrics",
    "originals",
    "paper",
    "plane_codes",
    "shelf",
    "table",
    "thumbnail",
    "traversals",
]

import base64
import io
from dataclasses import dataclass, fields

import numpy as np
import streamlit as st
from PIL import Image

from ui.charts import ACCENT, PALETTE
from ui.live.values import Errors, Examples, Paper, PlaneCodes
from ui.live.worker import PATIENCE_SECONDS, WORKER, pictures
from vae.checkpoints import Card, CheckpointError, load_codes, load_metrics
from vae.data import DataError, load
from vae.encoding import LatentTable
from vae.latent import traverse
from vae.metrics.meaning import Meaning, guess_meanings, image_statistics
from vae.shelf import ShelfEntry, read_shelf

PRIOR_RANGE = (-3.0, 3.0)
MAX_EXAMPLES = 200
MAX_EXAMPLE_VALUES = 40_000
MAX_PLANE_CODES = 2000
MAX_PLANE_VALUES = 64_000
GAP_SHARE = 24
GALLERY = 24  # examples whose pictures a visitor chooses among; js/gallery.js shows as many
QUANTILES = 201
INK = 64  # how far a value is from the paper's where there is ink; js/pixels.js says so too


@dataclass(frozen=True)
class Shelf:
    """The checkpoints that can be explored, and those that cannot with the reason why."""

    cards: tuple[Card, ...]
    broken: tuple[ShelfEntry, ...]


@dataclass(frozen=True)
class Dimensions:
    """What each latent dimension of a model carries, and the range worth moving in.

    Attributes:
        order: Dimensions (D,), most informative first.
        information: KL in nats, or for an autoencoder the variance of the codes (D,).
        unit: "nats" or "variance".
        active: Mask (D,) of the active units.
        low, high: Ends of each slider (D,), 0 between them.
        count: Images behind the numbers.
        split: The split they are from.
    """

    order: np.ndarray
    information: np.ndarray
    unit: str
    active: np.ndarray
    low: np.ndarray
    high: np.ndarray
    count: int
    split: str

    @property
    def active_order(self) -> list[int]:
        """The active dimensions, most informative first; the first few where none is active."""
        active = [int(dim) for dim in self.order if self.active[dim]]
        return active or [int(dim) for dim in self.order[:8]]


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
    codes = load_codes(_card)
    for field in fields(codes):
        value = getattr(codes, field.name)
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    return codes


@st.cache_resource(max_entries=64, show_spinner=False)
def dimensions(checkpoint: str, _card: Card) -> Dimensions:
    """Return what each dimension carries over the held-out codes.

    A slider covers the codes' quantiles; a collapsed dimension has none to speak of and covers
    the prior.
    """
    codes = table(checkpoint, _card)
    kl, active = codes.kl_per_dim, codes.active
    low, high = codes.range_per_dim().T
    return Dimensions(
        order=codes.order,
        information=codes.variance_per_dim if kl is None else kl,
        unit="variance" if kl is None else "nats",
        active=active,
        low=np.where(active, np.minimum(low, 0), PRIOR_RANGE[0]),
        high=np.where(active, np.maximum(high, 0), PRIOR_RANGE[1]),
        count=int(codes.held_out.sum()),
        split=str(codes.split[codes.held_out][0]),
    )


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
    """Return up to 200 held-out codes, drawn once at random, the same for everybody."""
    codes = table(checkpoint, _card)
    rows = np.random.default_rng(0).permutation(np.flatnonzero(codes.held_out))
    rows = rows[: min(MAX_EXAMPLES, max(1, MAX_EXAMPLE_VALUES // codes.mean.shape[1]))]
    return Examples(
        mean=_frozen(codes.mean[rows]),
        log_var=None if codes.log_var is None else _frozen(codes.log_var[rows]),
        label=tuple(_describe(codes, int(row)) for row in rows),
        index=_frozen(codes.index[rows]),
    )


@st.cache_data(max_entries=64, show_spinner=False)
def errors(checkpoint: str, _card: Card) -> Errors:
    """Return the held-out reconstruction errors as quantiles."""
    codes = table(checkpoint, _card)
    held_out = codes.reconstruction_error[codes.held_out]
    quantiles = np.quantile(held_out, np.linspace(0, 1, QUANTILES))
    split = str(codes.split[codes.held_out][0])
    return Errors(tuple(float(f"{value:.4g}") for value in quantiles), len(held_out), split)


@st.cache_data(max_entries=64, show_spinner=False)
def paper(checkpoint: str, _card: Card) -> Paper:
    """Return what a model's pictures are drawn on: medians over decoded held-out codes."""
    images = decode(_card, examples(checkpoint, _card).mean[:GALLERY]).astype(np.int16)
    sides = (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1])
    border = np.concatenate([side.reshape(-1, images.shape[-1]) for side in sides])
    colour = np.median(border, axis=0).astype(np.int16)
    ink = (np.abs(images - colour) > INK).any(axis=3)
    spans = [_span(ink.any(axis=axis)) / ink.shape[3 - axis] for axis in (1, 2)]
    extent = np.median(np.maximum(*spans))
    return Paper(tuple(int(value) for value in colour), float(extent) or 1.0)


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
    return _frozen(np.ascontiguousarray(pixels.transpose(0, 2, 3, 1)))


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
    """Return up to 2,000 held-out codes for the latent plane, drawn once at random."""
    codes = table(checkpoint, _card)
    rows = np.random.default_rng(0).permutation(np.flatnonzero(codes.held_out))
    rows = rows[: min(MAX_PLANE_CODES, max(1, MAX_PLANE_VALUES // codes.mean.shape[1]))]
    tell_apart = codes.label is not None and 1 < len(codes.label_names) <= len(PALETTE)
    return PlaneCodes(
        mean=codes.mean[rows].astype(np.float32),
        log_var=None if codes.log_var is None else codes.log_var[rows].astype(np.float32),
        label=codes.label[rows].astype(np.uint8) if tell_apart else None,
        names=codes.label_names if tell_apart else (),
        colours=PALETTE if tell_apart else (ACCENT,),
    )


@st.cache_data(max_entries=64, show_spinner=False)
def thumbnail(checkpoint: str, _card: Card, rows: int, columns: int, scale: int) -> str:
    """Return a PNG of decoded held-out codes, each pixel drawn ``scale`` pixels wide.

    As a data: address, since Streamlit forgets a file it serves as soon as its page is left, and
    a browser that is still asking gets an error.
    """
    tiles = decode(_card, examples(checkpoint, _card).mean[: rows * columns])
    png = _to_png(_mosaic(tiles, rows, columns), scale)
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


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


def _frozen(array: np.ndarray) -> np.ndarray:
    """What is cached is shared by all threads."""
    array.setflags(write=False)
    return array


def _span(marked: np.ndarray) -> np.ndarray:
    """Return from each row of marks (N, L) how far the last one lies from the first, in marks."""
    length = marked.shape[1]
    last = length - marked[:, ::-1].argmax(1)
    return np.where(marked.any(1), last - marked.argmax(1), 0)


def _describe(codes: LatentTable, row: int) -> str:
    """Name one row of the table: where it comes from and what it shows."""
    text = f"{codes.split[row]} image {codes.index[row]}"
    if codes.label is None:
        return text
    label = int(codes.label[row])
    name = codes.label_names[label] if 0 <= label < len(codes.label_names) else str(label)
    return f"{text} · {name}" if not name.isdigit() else f"{text} · a {name}"


def _mosaic(tiles: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Lay pictures (N, H, W, C) out row by row, a transparent gap between them: RGBA."""
    gap = max(1, round(tiles.shape[2] / GAP_SHARE))
    height, width = tiles.shape[1] + gap, tiles.shape[2] + gap
    sheet = np.zeros((rows * height, columns * width, 4), dtype=np.uint8)
    for place, tile in enumerate(tiles):
        top, left = place // columns * height, place % columns * width
        part = sheet[top : top + tile.shape[0], left : left + tile.shape[1]]
        part[..., :3] = tile  # one grey channel becomes three
        part[..., 3] = 255
    return sheet[:-gap, :-gap]


def _to_png(pixels: np.ndarray, scale: int) -> bytes:
    image = Image.fromarray(pixels)
    buffer = io.BytesIO()
    size = (image.width * scale, image.height * scale)
    image.resize(size, Image.Resampling.NEAREST).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
