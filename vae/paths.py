"""Paths between codes: straight, spherical, over a triangle or a square, round a loop.

NumPy in, NumPy out: codes are (D,) or (N, D) float32. Every path hits its ends exactly.
"""

from __future__ import annotations

__all__ = ["PATHS", "bilinear", "closed_loop", "cross_fade", "linear", "spherical"]

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

# Below this angle, in radians, a great circle and its chord cannot be told apart in float32.
MIN_ANGLE = 1e-4


def linear(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Return the straight way from one code to another: (steps + 1, D).

    Example:
        >>> linear(np.zeros(2), np.array([2.0, 4.0]), 2).tolist()
        [[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]
    """
    t = _times(start, end, steps)
    return _with_ends(start + t * (end - start), start, end)


def spherical(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Return the way along a great circle whose radius goes evenly from one norm to the other.

    Codes of a prior N(0, I) of many dimensions lie near a sphere; the straight way between two
    of them leaves it (White 2016, arXiv 1609.04468; there the norm is not interpolated). Between
    opposite codes there are many such ways: the one towards the coordinate axis that lies most
    across is taken. A code at the origin has no direction and borrows the other's; the way is
    then straight, and so it is in one dimension.
    """
    t = _times(start, end, steps)
    radii = [float(np.linalg.norm(code)) for code in (start, end)]
    if min(radii) == 0 or len(start) == 1:
        return linear(start, end, steps)
    from_unit, to_unit = (
        code.astype(np.float64) / radius for code, radius in zip((start, end), radii, strict=True)
    )
    across = to_unit - (to_unit @ from_unit) * from_unit
    angle = float(np.arctan2(np.linalg.norm(across), to_unit @ from_unit))
    if angle < MIN_ANGLE:
        return linear(start, end, steps)
    if np.pi - angle < MIN_ANGLE:
        axis = np.eye(len(start))[np.abs(from_unit).argmin()]
        across = axis - (axis @ from_unit) * from_unit
    across /= np.linalg.norm(across)
    direction = np.cos(t * angle) * from_unit + np.sin(t * angle) * across
    radius = (1 - t) * radii[0] + t * radii[1]
    return _with_ends(radius * direction, start, end)


PATHS: Mapping[str, Callable[[np.ndarray, np.ndarray, int], np.ndarray]] = MappingProxyType(
    {"linear": linear, "spherical": spherical}
)


def closed_loop(
    corners: np.ndarray, steps: int, path: Callable[..., np.ndarray] = linear
) -> np.ndarray:
    """Return a way through all corners (N, D) and back to the first: (N * steps + 1, D).

    Args:
        corners: Codes, N >= 2.
        steps: Steps from each corner to the next.
        path: How to get from one to the next.
    """
    ways = [
        path(corners[k], corners[(k + 1) % len(corners)], steps)[:-1] for k in range(len(corners))
    ]
    return np.concatenate([*ways, corners[:1].astype(np.float32)])


def bilinear(corners: np.ndarray, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Return places of the square between four codes, or of the triangle between three.

    Args:
        corners: Codes (4, D): top left, top right, bottom left, bottom right; or (3, D): top
            left, top right, bottom left.
        across: Places from left to right (N,), 0 to 1.
        down: Places from top to bottom (N,), 0 to 1; in a triangle across + down is at most 1.

    Raises:
        ValueError: if there are other than three or four corners.

    Example:
        >>> square = np.array([[0.0], [1.0], [2.0], [3.0]])
        >>> bilinear(square, np.array([1.0, 0.5]), np.array([1.0, 0.5])).tolist()
        [[3.0], [1.5]]
    """
    s, t = across[:, None], down[:, None]
    if len(corners) == 4:
        weights = [(1 - s) * (1 - t), s * (1 - t), (1 - s) * t, s * t]
    elif len(corners) == 3:
        weights = [1 - s - t, s, t]
    else:
        raise ValueError(f"corners has {len(corners)} codes; give three or four")
    return sum(w * c for w, c in zip(weights, corners, strict=True)).astype(np.float32)


def cross_fade(first: np.ndarray, last: np.ndarray, steps: int) -> np.ndarray:
    """Return pictures that fade from one image (C, H, W) into another: what no model is needed for.

    Returns:
        Images (steps + 1, C, H, W) float32.
    """
    flat = linear(first.ravel(), last.ravel(), steps)
    return flat.reshape(steps + 1, *first.shape)


def _times(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Check the arguments of a path; return its times (steps + 1, 1) from 0 to 1."""
    if start.ndim != 1 or start.shape != end.shape:
        raise ValueError(f"the ends have shapes {start.shape} and {end.shape}; give two (D,)")
    if steps < 1:
        raise ValueError(f"steps is {steps}; give an integer >= 1")
    return np.linspace(0, 1, steps + 1)[:, None]


def _with_ends(path: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Put the ends in place, without what rounding did to them."""
    path = path.astype(np.float32)
    path[0], path[-1] = start, end
    return path
