"""Decoded images as PNG files and contact sheets."""

from __future__ import annotations

__all__ = ["png_bytes", "tile"]

import io

import numpy as np
from PIL import Image


def tile(images: np.ndarray, columns: int, *, gap: int = 1) -> np.ndarray:
    """Lay images out in rows of ``columns``.

    Args:
        images: (N, H, W, C) uint8.
        columns: Images a row.
        gap: White pixels between neighbours.

    Returns:
        One image (rows * (H + gap) - gap, columns * (W + gap) - gap, C) uint8, white where empty.
    """
    n, height, width, channels = images.shape
    rows = -(-n // columns)
    cells = np.full((rows * columns, height + gap, width + gap, channels), 255, np.uint8)
    cells[:n, :height, :width] = images
    grid = cells.reshape(rows, columns, height + gap, width + gap, channels)
    sheet = grid.swapaxes(1, 2).reshape(rows * (height + gap), columns * (width + gap), channels)
    return sheet[: sheet.shape[0] - gap, : sheet.shape[1] - gap]


def png_bytes(pixels: np.ndarray, *, scale: int = 1) -> bytes:
    """Encode pixels (H, W, C) uint8, C 1 or 3, as PNG, each pixel ``scale`` times as large."""
    pixels = pixels.repeat(scale, axis=0).repeat(scale, axis=1)
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()
