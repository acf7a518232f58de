"""Sprites: a data set of coloured shapes drawn from known factors, like dSprites but offline."""

from __future__ import annotations

__all__ = ["FACTORS", "SHAPES", "draw_sprites", "load_sprites"]

import math

import numpy as np

from vae.data.image_set import ImageSet

SHAPES = ("square", "ellipse", "heart")
# Lowest and highest value of each factor that is drawn at random; SHAPES take turns.
FACTORS = {
    "scale": (0.5, 1.0),
    "orientation": (0.0, math.pi / 2),
    "x": (0.0, 1.0),
    "y": (0.0, 1.0),
    # Red to blue, not round to red again: a circle does not fit into one latent dimension.
    "hue": (0.0, 2 / 3),
}
SIZES = {"train": 10_000, "test": 2_000}
SEEDS = {"train": 1, "test": 2}
SIDE = 64
# Half the side of the square at scale 1; the other shapes get the same area, 4 * HALF**2.
HALF = 11.0
# The centre stays this far from the edges: the square's half diagonal, plus a pixel.
MARGIN = HALF * math.sqrt(2) + 1
ELLIPSE_ASPECT = 1.5
CHUNK = 256


def load_sprites(split: str) -> ImageSet:
    """Draw the 10,000 training or 2,000 test sprites, always the same ones.

    Full colours on black, because a VAE learns that well: most pixels are 0 and soon cost
    nothing, so that what remains of the reconstruction term is about the shape.
    """
    n = SIZES[split]
    # RandomState rather than Generator because its stream never changes.
    random = np.random.RandomState(SEEDS[split])
    shape = np.arange(n) % len(SHAPES)
    factors = {"shape": shape.astype(np.float32)} | {
        name: random.uniform(low, high, n).astype(np.float32)
        for name, (low, high) in FACTORS.items()
    }
    start = SIZES["train"] if split == "test" else 0
    return ImageSet(
        name="sprites",
        split=split,
        pixels=draw_sprites(factors),
        index=np.arange(start, start + n),
        labels=shape.astype(np.int64),
        label_names=SHAPES,
        factors=factors,
        preprocessing=("Drawn anti-aliased on black.",),
    )


def draw_sprites(factors: dict[str, np.ndarray]) -> np.ndarray:
    """Draw sprites from their factors.

    Args:
        factors: Arrays (N,): ``shape``, a position in ``SHAPES``; ``scale``, the size relative
            to the largest; ``orientation`` in radians, counter-clockwise; ``x`` and ``y`` in
            [0, 1], where the shape's centre of mass is, from left to right and from top to
            bottom; ``hue`` in [0, 1).

    Returns:
        Pixels (N, 3, 64, 64), uint8.

    Example:
        >>> one = {name: np.array([0.5]) for name in FACTORS} | {"shape": np.array([0])}
        >>> draw_sprites(one)[0, :, 32, 32]
        array([  0, 255, 255], dtype=uint8)
    """
    columns = {name: np.asarray(values, np.float32) for name, values in factors.items()}
    n = len(columns["shape"])
    pixels = np.empty((n, 3, SIDE, SIDE), np.uint8)
    for kind, distance in enumerate(_DISTANCES):
        rows = np.flatnonzero(columns["shape"] == kind)
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            some = {name: values[part] for name, values in columns.items()}
            right, up = _own_axes(some)
            # Half a pixel inside the outline is full colour, half a pixel outside none.
            cover = np.clip(0.5 - distance(right, up, HALF * some["scale"][:, None, None]), 0, 1)
            colour = _rgb(some["hue"])[:, :, None, None]
            pixels[part] = (cover[:, None] * colour * 255 + 0.5).astype(np.uint8)
    return pixels


def _own_axes(factors: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (N, H, W) of every pixel in each shape's own frame, in pixels."""
    ticks = np.arange(SIDE, dtype=np.float32) + 0.5
    centre = {k: (MARGIN + factors[k] * (SIDE - 2 * MARGIN))[:, None, None] for k in ("x", "y")}
    right = ticks - centre["x"]
    up = centre["y"] - ticks[:, None]
    cos = np.cos(factors["orientation"])[:, None, None]
    sin = np.sin(factors["orientation"])[:, None, None]
    return cos * right + sin * up, cos * up - sin * right


def _square(right: np.ndarray, up: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Signed distance to a square of half side ``half``, negative inside."""
    return np.maximum(np.abs(right), np.abs(up)) - half


def _ellipse(right: np.ndarray, up: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Signed distance (to first order) to an upright ellipse of the same area."""
    narrow = half * math.sqrt(4 / (math.pi * ELLIPSE_ASPECT))
    wide = narrow * ELLIPSE_ASPECT
    across, along = right / narrow, up / wide
    value = np.sqrt(across**2 + along**2)
    slope = np.sqrt((across / narrow) ** 2 + (along / wide) ** 2)
    return value * (value - 1) / np.maximum(slope, 1e-6)


def _heart(right: np.ndarray, up: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Signed distance to a heart of the same area: a square on its tip and two half discs."""
    half = half * math.sqrt(4 / (4 + math.pi))
    # The discs lift the centre of mass above that of the square.
    lift = (1 + 4 / (3 * math.pi)) / math.sqrt(2) * math.pi / (4 + math.pi)
    up = up + lift * half
    along, across = (up + right) / math.sqrt(2), (up - right) / math.sqrt(2)
    discs = np.minimum(
        np.sqrt((along - half) ** 2 + across**2), np.sqrt(along**2 + (across - half) ** 2)
    )
    return np.minimum(_square(along, across, half), discs - half)


_DISTANCES = (_square, _ellipse, _heart)


def _rgb(hue: np.ndarray) -> np.ndarray:
    """Full colours (N, 3) in [0, 1] of hues in [0, 1)."""
    thirds = np.array([0, 2, 1], np.float32) / 3
    turn = np.abs((hue[:, None] + thirds + 0.5) % 1 - 0.5)
    return np.clip(2 - 6 * turn, 0, 1)
