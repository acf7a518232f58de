"""A guess, in one word, of what a latent dimension does to the picture."""

from __future__ import annotations

__all__ = ["Meaning", "guess_meanings", "image_statistics"]

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vae.metrics.correlation import standardised

# A weaker correlation is no reason to put a word on a dimension.
MIN_CORRELATION = 0.6


@dataclass(frozen=True)
class Meaning:
    """What a dimension follows most closely.

    Attributes:
        name: A known factor, or a statistic of the pictures.
        correlation: Pearson correlation with the dimension, -1 to 1.
    """

    name: str
    correlation: float


def guess_meanings(codes: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[int, Meaning]:
    """Return the best column of each dimension that follows one with |r| of 0.6 or more.

    Args:
        codes: Latent vectors (N, D).
        columns: Known factors of the same images, or statistics of their pictures: name to (N,).

    Example:
        >>> z = np.array([[0.0, 1.0], [1.0, -1.0], [2.0, 1.0]])
        >>> guess_meanings(z, {"width": np.array([9.0, 7.0, 5.0])})
        {0: Meaning(name='width', correlation=-1.0)}
    """
    names = [name for name, values in columns.items() if np.ptp(values) > 0]
    if not names or len(codes) < 3:
        return {}
    wanted = standardised(np.stack([columns[name] for name in names], 1).astype(np.float64))
    found = {}
    for dim, row in enumerate(standardised(codes.astype(np.float64)).T @ wanted / len(codes)):
        best = int(np.abs(row).argmax())
        if abs(row[best]) >= MIN_CORRELATION:
            found[dim] = Meaning(names[best], round(float(row[best]), 4))
    return found


def image_statistics(images: np.ndarray) -> dict[str, np.ndarray]:
    """Measure what a person would name about pictures of one thing on a plain ground.

    Args:
        images: (N, C, H, W) in [0, 1].

    Returns:
        Columns (N,): "position x" and "position y" of the centre of mass, from left and top, in
        pixels; "width" and "height", standard deviations in pixels; "slant", pixels to the right
        a pixel upwards; "thickness", twice the area over the length of the outline, in pixels;
        "brightness", the mean value; and of colours "warmth", how far red exceeds blue on average.
        A picture of nothing sits in the middle and has neither size nor slant.
    """
    channels, height, width = images.shape[1:]
    border = np.concatenate(
        [images[..., 0, :], images[..., -1, :], images[..., :, 0], images[..., :, -1]], axis=2
    )
    ground = np.median(border, axis=2)[..., None, None]
    ink = np.abs(images - ground).max(1).astype(np.float64)
    total = ink.sum((1, 2))
    share = ink / np.where(total > 0, total, 1)[:, None, None]
    across, down = np.arange(width), np.arange(height)
    x = np.where(total > 0, share.sum(1) @ across, (width - 1) / 2)
    y = np.where(total > 0, share.sum(2) @ down, (height - 1) / 2)
    dx, dy = across[None] - x[:, None], down[None] - y[:, None]
    variance_x = (share.sum(1) * dx**2).sum(1)
    variance_y = (share.sum(2) * dy**2).sum(1)
    covariance = np.einsum("nhw,nh,nw->n", share, dy, dx)
    outline = _outline(ink)
    columns = {
        "position x": x,
        "position y": y,
        "width": np.sqrt(variance_x),
        "height": np.sqrt(variance_y),
        "slant": -_divide(covariance, variance_y),
        "thickness": 2 * _divide(total, outline),
        "brightness": images.mean((1, 2, 3)),
    }
    if channels == 3:
        columns["warmth"] = (images[:, 0] - images[:, 2]).mean((1, 2))
    return columns


def _outline(ink: np.ndarray) -> np.ndarray:
    """Length of the outline: the gradient's size, summed (it integrates to the jump across)."""
    padded = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    along_y, along_x = np.gradient(padded, axis=(1, 2))
    return np.hypot(along_x, along_y).sum((1, 2))


def _divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 1e-9)
