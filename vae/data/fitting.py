"""Many pictures made into one array: one shape, one number of channels, 8 bits."""

from __future__ import annotations

__all__ = ["Fitter", "as_images", "fit_all", "scale_rule", "scaled", "to_uint8"]

from collections.abc import Callable, Iterable

import numpy as np

from vae.data.archives import MAX_TOTAL
from vae.data.errors import DataError
from vae.data.image_set import MAX_SIDE, MIN_SIDE, check_image_shape
from vae.data.images import MIN_READ_SIDE, WHITE_NOTE, crop_size, grey, resize

DEFAULT_SIZE = (64, 64)
MAX_ARRAY_SIDE = 4096
CHUNK = 1024
TOLERANCE = 1e-6  # by which rounding may leave 0..1 or 0..255


def fit_all(
    images: Iterable[np.ndarray], image_shape: tuple[int, int, int] | None = None
) -> tuple[np.ndarray, list[str]]:
    """Bring pictures (H, W, 1) or (H, W, 3) into one array.

    Without ``image_shape`` they keep a size that they all share, if its sides are 8 to 128, and
    are otherwise cropped to a square of 64x64; they are RGB unless each of them is grey.

    Args:
        images: uint8 pictures, read one at a time.
        image_shape: The (C, H, W) they must get, or None.

    Returns:
        Array (N, C, H, W) uint8, and sentences that say what was done.

    Raises:
        DataError: if the result exceeds 1 GiB.
    """
    if image_shape is not None:
        image_shape = check_image_shape(image_shape)
    kept, size_notes = _one_size(images, image_shape[1:] if image_shape else None)
    kept, channel_notes = _one_depth(kept, image_shape[0] if image_shape else None)
    pixels = np.ascontiguousarray(np.stack(kept).transpose(0, 3, 1, 2))
    return pixels, size_notes + channel_notes


class Fitter:
    """Brings pictures to one shape a few at a time, as ``fit_all`` does all of them.

    Args:
        image_shape: The (C, H, W) they get.
    """

    def __init__(self, image_shape: tuple[int, int, int]) -> None:
        self.image_shape = check_image_shape(image_shape)
        self._sizes: set[tuple[int, int]] = set()
        self._depths: set[int] = set()
        self._coloured = False

    def fit(self, images: np.ndarray) -> np.ndarray:
        """Return uint8 pictures (n, H, W, C), n >= 1, C 1 or 3, in the shape asked for."""
        channels, *size = self.image_shape
        self._sizes.add(images.shape[1:3])
        self._depths.add(images.shape[3])
        if images.shape[1:3] != tuple(size):
            images = np.stack([resize(image, tuple(size)) for image in images])
        if images.shape[3] > channels:
            self._coloured = self._coloured or _has_colour(images)
            images = np.stack([grey(image) for image in images])
        images = np.repeat(images, channels // images.shape[3], axis=3)
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2))

    @property
    def notes(self) -> list[str]:
        """Sentences that say what was done so far."""
        channels, *size = self.image_shape
        return _size_notes(self._sizes, tuple(size)) + _depth_notes(
            channels, self._depths, self._coloured
        )


def as_images(array: np.ndarray, where: str) -> np.ndarray:
    """Return an array of numbers as images (N, H, W, C), C 1, 3 or 4.

    Args:
        array: Shape (N, H, W), (N, H, W, C) or (N, C, H, W).
        where: What to call it in an error.
    """
    images = array[..., None] if array.ndim == 3 else array
    channels = (1, 3, 4)
    if images.ndim == 4 and images.shape[3] not in channels and images.shape[1] in channels:
        images = images.transpose(0, 2, 3, 1)
    if images.ndim != 4 or images.shape[3] not in channels:
        raise DataError(
            f"{where} has shape {array.shape}; give images (N, H, W), (N, H, W, C) or "
            "(N, C, H, W) with C 1, 3 or 4"
        )
    if not all(MIN_READ_SIDE <= side <= MAX_ARRAY_SIDE for side in images.shape[1:3]):
        raise DataError(
            f"{where} has shape {array.shape}; give N images with sides {MIN_READ_SIDE} to "
            f"{MAX_ARRAY_SIDE}"
        )
    return images


def to_uint8(arrays: list[np.ndarray], where: str) -> tuple[list[np.ndarray], list[str]]:
    """Convert images to uint8 0..255 on white, all by the rule that their common range calls for.

    Values 0 to 1 are multiplied by 255, values 0 to 255 rounded, others refused.

    Args:
        arrays: Images (N, H, W, C), C 1, 3 or 4 (the fourth is alpha), any numbers.
        where: What to call them in an error.

    Returns:
        The converted arrays, C 1 or 3, and sentences that say what was done.
    """
    # Of NumPy, because Python's own loses a NaN that comes second.
    low = np.min([array.min() for array in arrays])
    high = np.max([array.max() for array in arrays])
    factor, notes = scale_rule(low, high, arrays, where)
    return [_by_chunks(array, lambda part: scaled(part, factor)) for array in arrays], notes


def scale_rule(
    low: float, high: float, arrays: list[np.ndarray], where: str
) -> tuple[int, list[str]]:
    """Return what the values of images are multiplied by, and sentences that say what is done.

    Args:
        low: The lowest of all values; NaN if one of them is.
        high: The highest.
        arrays: Images (N, H, W, C), of which only the types and C matter.
        where: What to call them in an error.

    Raises:
        DataError: if the values are neither 0 to 1 nor 0 to 255.
    """
    if not np.isfinite(low) or not np.isfinite(high):
        raise DataError(f"{where} has values that are not numbers (NaN or infinity)")
    if low < -TOLERANCE or high > 255 + TOLERANCE:
        raise DataError(f"{where} has values from {low:g} to {high:g}; give 0 to 1 or 0 to 255")
    notes = []
    factor = 1
    if 0 < high <= 1 + TOLERANCE:
        factor = 255
        notes.append("Values 0 to 1 were multiplied by 255 and rounded.")
    elif any(array.dtype.kind == "f" for array in arrays):
        notes.append("Values 0 to 255 were rounded to whole numbers.")
    return factor, notes + [WHITE_NOTE] * (arrays[0].shape[3] == 4)


def scaled(images: np.ndarray, factor: int) -> np.ndarray:
    """Return images (n, H, W, C) multiplied by ``factor`` as uint8 on white, C 1 or 3."""
    if images.dtype.kind == "f":
        images = images.astype(np.float64).clip(0, 255) * factor
        images = np.rint(images).clip(0, 255).astype(np.uint8)
    else:
        images = images.astype(np.uint8) * np.uint8(factor)
    return _on_white(images) if images.shape[3] == 4 else images


def _one_size(
    images: Iterable[np.ndarray], size: tuple[int, int] | None
) -> tuple[list[np.ndarray], list[str]]:
    """Crop and resize to ``size`` (height, width), or keep a size that all of them share."""
    kept: list[np.ndarray] = []
    sizes: set[tuple[int, int]] = set()
    total = 0
    for image in images:
        sizes.add(image.shape[:2])
        if size is None and not (len(sizes) == 1 and _is_model_size(image.shape[:2])):
            size = DEFAULT_SIZE
            kept = [resize(earlier, size) for earlier in kept]
            total = sum(earlier.nbytes for earlier in kept)
        kept.append(image if size is None else resize(image, size))
        total += kept[-1].nbytes
        if total > MAX_TOTAL:
            raise DataError(
                f"the images take more than {MAX_TOTAL // 2**30} GiB at {kept[-1].shape[1]}x"
                f"{kept[-1].shape[0]} pixels; give fewer, or a smaller image_shape"
            )
    return kept, _size_notes(sizes, size)


def _is_model_size(size: tuple[int, int]) -> bool:
    return all(MIN_SIDE <= side <= MAX_SIDE for side in size)


def _size_notes(sizes: set[tuple[int, int]], size: tuple[int, int] | None) -> list[str]:
    if size is None or sizes == {size}:
        return []
    given = "different sizes"
    if len(sizes) == 1:
        height, width = min(sizes)
        given = f"{width}x{height}"
    cropped = any(crop_size(original, size) != original for original in sizes)
    return [
        f"{'Centre-cropped and resized' if cropped else 'Resized'} to {size[1]}x{size[0]} pixels "
        f"from {given} (Lanczos to shrink, bilinear to enlarge)."
    ]


def _one_depth(kept: list[np.ndarray], channels: int | None) -> tuple[list[np.ndarray], list[str]]:
    """Make all images grey (1) or RGB (3); None chooses grey where no image has a colour."""
    depths = {image.shape[2] for image in kept}
    coloured = depths != {1} and any(_has_colour(image) for image in kept)
    if channels is None:
        channels = 3 if coloured else 1
    notes = _depth_notes(channels, depths, coloured)
    if channels == 3:
        return [np.repeat(image, 3 // image.shape[2], axis=2) for image in kept], notes
    if coloured:
        return [image if image.shape[2] == 1 else grey(image) for image in kept], notes
    return [image[..., :1] for image in kept], notes


def _depth_notes(channels: int, depths: set[int], coloured: bool) -> list[str]:
    """Say what was done to images of so many channels, ``coloured`` if one has a colour."""
    if channels == 3:
        return ["Grey images were repeated in three channels."] if 1 in depths else []
    if coloured:
        return ["Colours were turned to grey (ITU-R 601 luma)."]
    return [] if depths == {1} else ["Every image is grey: one channel kept."]


def _has_colour(image: np.ndarray) -> bool:
    return image.shape[-1] == 3 and bool((image[..., 1:] != image[..., :1]).any())


def _by_chunks(array: np.ndarray, convert: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Apply a conversion to uint8 to a thousand images at a time, to spare memory."""
    parts = [convert(array[start : start + CHUNK]) for start in range(0, len(array), CHUNK)]
    return np.concatenate(parts)


def _on_white(images: np.ndarray) -> np.ndarray:
    alpha = images[..., 3:].astype(np.uint16)
    return ((images[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
