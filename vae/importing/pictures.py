"""A stranger's picture, read apart."""

from __future__ import annotations

__all__ = ["read_stranger"]

import numpy as np
from PIL import Image

from vae.data.images import decode_image
from vae.importing.sandbox import Answer, Limits, run_apart

# Of a large photograph this much is kept: models have at most 128 pixels a side.
KEPT_SIDE = 512
LIMITS = Limits(seconds=10, memory=2 << 30)


def read_stranger(content: bytes) -> tuple[np.ndarray, str]:
    """Read a picture in a process of its own, at most 512 pixels a side.

    Args:
        content: The file: PNG, JPEG, WebP, GIF or BMP.

    Returns:
        Array (H, W, 1) or (H, W, 3) uint8, and sentences that say what was done to it.

    Raises:
        DataError: if it is no such picture, damaged, or too much for its process.
    """
    values, (image,) = run_apart(_read, content, LIMITS)
    return image, str(values["notes"])


def _read(content: bytes) -> Answer:
    image, notes = decode_image(content)
    if max(image.shape[:2]) > KEPT_SIDE:
        picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
        picture.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
        image = np.asarray(picture).reshape(picture.height, picture.width, image.shape[2])
    return {"notes": " ".join(sorted(notes))}, [image]
