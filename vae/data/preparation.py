"""What a visitor may do to a picture before a model sees it."""

from __future__ import annotations

__all__ = ["Preparation", "prepare_image"]

from dataclasses import dataclass

import numpy as np

from vae.data.errors import DataError
from vae.data.images import fit_image

# Contrast is stretched between these percentiles, so that a few specks do not decide.
STRETCH = (1, 99)


@dataclass(frozen=True)
class Preparation:
    """How a picture is brought into the form of a model's images.

    Args:
        whole: Keep all of the picture, with margins in the colour of its border; otherwise the
            largest centred part of the right aspect is cut out.
        turns: Quarter turns counter-clockwise, 0 to 3.
        contrast: Stretch the grey levels (of all channels alike) to the full range.
        invert: Swap light and dark.

    Raises:
        DataError: if turns is not 0 to 3.
    """

    whole: bool = False
    turns: int = 0
    contrast: bool = False
    invert: bool = False

    def __post_init__(self) -> None:
        """Check the one value that could be wrong."""
        if type(self.turns) is not int or not 0 <= self.turns <= 3:
            raise DataError(f"turns is {self.turns!r}; give 0, 1, 2 or 3 quarter turns")


def prepare_image(
    image: np.ndarray, image_shape: tuple[int, int, int], how: Preparation
) -> np.ndarray:
    """Make a picture fit a model: turned, cropped or padded, resized, stretched, inverted.

    Args:
        image: Picture (H, W, 1) or (H, W, 3), uint8.
        image_shape: The model's (C, H, W).
        how: What to do to it.

    Returns:
        Array (C, H, W) uint8.

    Raises:
        DataError: if the picture or the shape is none.
    """
    turned = np.rot90(image, how.turns)
    if how.whole:
        turned = _padded(turned, image_shape[1] / image_shape[2])
    fitted = fit_image(turned, image_shape)
    if how.contrast:
        fitted = _stretched(fitted)
    return 255 - fitted if how.invert else fitted


def _padded(image: np.ndarray, aspect: float) -> np.ndarray:
    """Add margins of the border's median colour up to ``aspect``, height over width."""
    rows, columns, channels = image.shape
    height, width = max(rows, round(columns * aspect)), max(columns, round(rows / aspect))
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    canvas = np.empty((height, width, channels), np.uint8)
    canvas[:] = np.median(border, axis=0)
    top, left = (height - rows) // 2, (width - columns) // 2
    canvas[top : top + rows, left : left + columns] = image
    return canvas


def _stretched(image: np.ndarray) -> np.ndarray:
    low, high = np.percentile(image, STRETCH)
    if high <= low:  # one colour has no contrast to stretch
        return image
    return np.rint((image - low) * (255 / (high - low))).clip(0, 255).astype(np.uint8)
