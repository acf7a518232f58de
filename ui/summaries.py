"""What the pages show of a model's held-out codes: summaries, samples and small pictures.

Plain functions from codes and pictures to values; ``ui.cache`` keeps what they give.
"""

from __future__ import annotations

__all__ = [
    "GALLERY",
    "Dimensions",
    "describe_dimensions",
    "draw_examples",
    "draw_plane_codes",
    "find_paper",
    "summarise_errors",
    "tile_png",
]

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ui.charts import ACCENT, PALETTE
from ui.live.values import Errors, Examples, Paper, PlaneCodes
from vae.encoding import LatentTable

GALLERY = 24  # examples whose pictures a visitor chooses among
PRIOR_RANGE = (-3.0, 3.0)
MAX_EXAMPLES = 200
MAX_EXAMPLE_VALUES = 40_000
MAX_PLANE_CODES = 2000
MAX_PLANE_VALUES = 64_000
QUANTILES = 201
INK = 64
GAP_SHARE = 24


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


def describe_dimensions(codes: LatentTable) -> Dimensions:
    """Return what each dimension carries over the held-out codes.

    A slider covers the codes' quantiles; a collapsed dimension has none to speak of and covers
    the prior.
    """
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


def draw_examples(codes: LatentTable) -> Examples:
    """Return up to 200 held-out codes, drawn at random, always the same ones."""
    rows = _draw_held_out(codes, MAX_EXAMPLES, MAX_EXAMPLE_VALUES)
    return Examples(
        mean=codes.mean[rows],
        log_var=None if codes.log_var is None else codes.log_var[rows],
        label=tuple(_describe(codes, int(row)) for row in rows),
        index=codes.index[rows],
        error=codes.reconstruction_error[rows],
    )


def draw_plane_codes(codes: LatentTable) -> PlaneCodes:
    """Return up to 2,000 held-out codes for the latent plane, drawn at random, always the same."""
    rows = _draw_held_out(codes, MAX_PLANE_CODES, MAX_PLANE_VALUES)
    tell_apart = codes.label is not None and 1 < len(codes.label_names) <= len(PALETTE)
    return PlaneCodes(
        mean=codes.mean[rows].astype(np.float32),
        log_var=None if codes.log_var is None else codes.log_var[rows].astype(np.float32),
        label=codes.label[rows].astype(np.uint8) if tell_apart else None,
        names=codes.label_names if tell_apart else (),
        colours=PALETTE if tell_apart else (ACCENT,),
    )


def summarise_errors(codes: LatentTable) -> Errors:
    """Return the held-out reconstruction errors as quantiles."""
    held_out = codes.reconstruction_error[codes.held_out]
    quantiles = np.quantile(held_out, np.linspace(0, 1, QUANTILES))
    split = str(codes.split[codes.held_out][0])
    return Errors(tuple(float(f"{value:.4g}") for value in quantiles), len(held_out), split)


def find_paper(images: np.ndarray) -> Paper:
    """Return what pictures (N, H, W, C) uint8 are drawn on: medians over them."""
    images = images.astype(np.int16)
    sides = (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1])
    border = np.concatenate([side.reshape(-1, images.shape[-1]) for side in sides])
    colour = np.median(border, axis=0).astype(np.int16)
    ink = (np.abs(images - colour) > INK).any(axis=3)
    spans = [_span(ink.any(axis=axis)) / ink.shape[3 - axis] for axis in (1, 2)]
    extent = float(np.median(np.maximum(*spans)))
    return Paper(tuple(int(value) for value in colour), INK, extent or 1.0)


def tile_png(tiles: np.ndarray, rows: int, columns: int, scale: int) -> bytes:
    """Lay pictures (N, H, W, C) uint8 out row by row, a transparent gap between them.

    Returns:
        A PNG with each pixel drawn ``scale`` pixels wide.
    """
    sheet = Image.fromarray(_mosaic(tiles, rows, columns))
    buffer = io.BytesIO()
    size = (sheet.width * scale, sheet.height * scale)
    sheet.resize(size, Image.Resampling.NEAREST).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _draw_held_out(codes: LatentTable, most: int, most_values: int) -> np.ndarray:
    """Return rows of held-out codes in random order, so many that a page can carry them."""
    rows = np.random.default_rng(0).permutation(np.flatnonzero(codes.held_out))
    return rows[: min(most, max(1, most_values // codes.mean.shape[1]))]


def _describe(codes: LatentTable, row: int) -> str:
    """Name one row of the table: where it comes from and what it shows."""
    text = f"{codes.split[row]} image {codes.index[row]}"
    if codes.label is None:
        return text
    label = int(codes.label[row])
    name = codes.label_names[label] if 0 <= label < len(codes.label_names) else str(label)
    return f"{text} · {name}" if not name.isdigit() else f"{text} · a {name}"


def _span(marked: np.ndarray) -> np.ndarray:
    """Return from each row of marks (N, L) how far the last one lies from the first, in marks."""
    length = marked.shape[1]
    last = length - marked[:, ::-1].argmax(1)
    return np.where(marked.any(1), last - marked.argmax(1), 0)


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
