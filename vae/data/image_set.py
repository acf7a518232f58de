"""A set of images as every part of the project sees it."""

from __future__ import annotations

__all__ = [
    "SPLITS",
    "WHOLE",
    "ImageSet",
    "as_tensor",
    "check_image_shape",
    "check_split",
    "split_rows",
]

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from vae.data.errors import DataError

# Environment variable: the folder of data sets that are on this machine already.
DATA_DIR = "LATENT_DATA_DIR"
SPLITS = ("train", "test")
# A file given to be measured as it is need not be split.
WHOLE = "all"
MIN_SIDE, MAX_SIDE = 8, 128

Rows = slice | np.ndarray | Sequence[int]


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet:
    """N images of one shape, with what is known about them.

    Args:
        name: The source: "mnist", or the file's or folder's name.
        split: "train", "test", or "all" where a file was not split.
        pixels: Images of shape (N, C, H, W), uint8.
        index: Position of each image in the source before it was split, (N,) int64.
        labels: Class of each image, (N,) int64, a position in ``label_names``; None when unknown.
        label_names: The name of each class, () without labels.
        factors: Known generative factors, name to (N,) float32.
        preprocessing: Plain sentences: what was done to the pixels.

    Raises:
        DataError: if the parts do not fit together; the message names the part.

    Example:
        >>> pixels = np.zeros((2, 1, 8, 8), np.uint8)
        >>> ImageSet("blank", "test", pixels, np.arange(2))
        ImageSet('blank', 'test', 2 images of (1, 8, 8))
    """

    name: str
    split: str
    pixels: np.ndarray
    index: np.ndarray
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    factors: dict[str, np.ndarray] = field(default_factory=dict)
    preprocessing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check every part once, at the edge."""
        check_split(self.split)
        shape = getattr(self.pixels, "shape", ())
        if len(shape) != 4 or self.pixels.dtype != np.uint8 or not shape[0]:
            raise DataError(f"pixels have shape {shape}; give uint8 images (N, C, H, W), N >= 1")
        check_image_shape(shape[1:])
        _check_column("index", self.index, np.int64, shape[0])
        for name, values in self.factors.items():
            _check_column(f"factor {name}", values, np.float32, shape[0])
            if not np.isfinite(values).all():
                raise DataError(f"factor {name} has values that are not finite")
        if self.labels is None:
            if self.label_names:
                raise DataError("label_names are given without labels; give both or neither")
            return
        _check_column("labels", self.labels, np.int64, shape[0])
        low, high = self.labels.min(), self.labels.max()
        if low < 0 or high >= len(self.label_names):
            raise DataError(
                f"labels go from {low} to {high}; give positions among the "
                f"{len(self.label_names)} label_names"
            )

    def __len__(self) -> int:
        return len(self.pixels)

    def __repr__(self) -> str:
        return f"ImageSet({self.name!r}, {self.split!r}, {len(self)} images of {self.image_shape})"

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Shape (C, H, W) of one image."""
        return self.pixels.shape[1:]

    def tensor(self, rows: Rows = slice(None)) -> Tensor:
        """Return the images of ``rows`` as a new float32 tensor (n, C, H, W) in [0, 1]."""
        return as_tensor(self.pixels[rows])

    def subset(self, rows: Rows) -> ImageSet:
        """Return the images of ``rows``, a slice or positions, with all that is known of them."""
        return ImageSet(
            name=self.name,
            split=self.split,
            pixels=self.pixels[rows],
            index=self.index[rows],
            labels=None if self.labels is None else self.labels[rows],
            label_names=self.label_names,
            factors={name: values[rows] for name, values in self.factors.items()},
            preprocessing=self.preprocessing,
        )


def as_tensor(pixels: np.ndarray) -> Tensor:
    """Return uint8 images (n, C, H, W) as a new float32 tensor in [0, 1]."""
    return torch.from_numpy(pixels.astype(np.float32)).div_(255)


def check_split(split: object) -> None:
    """Raise a DataError unless ``split`` is "train", "test" or "all"."""
    if split not in (*SPLITS, WHOLE):
        raise DataError(f"split is {split!r}; choose one of {', '.join((*SPLITS, WHOLE))}")


def check_image_shape(shape: object) -> tuple[int, int, int]:
    """Return ``shape`` as (C, H, W), or raise a DataError: 1 or 3 channels, sides 8 to 128."""
    allowed = f"(channels, height, width), 1 or 3 channels and sides {MIN_SIDE} to {MAX_SIDE}"
    if (
        not isinstance(shape, list | tuple)
        or len(shape) != 3
        or any(isinstance(side, bool) or not isinstance(side, int) for side in shape)
        or shape[0] not in (1, 3)
        or not all(MIN_SIDE <= side <= MAX_SIDE for side in shape[1:])
    ):
        raise DataError(f"image_shape is {shape!r}; give {allowed}")
    return tuple(shape)


def split_rows(n: int, split: str, held_out: int) -> np.ndarray:
    """Return the rows of one split of ``n`` images, ``held_out`` of them being the test images.

    The whole is all rows in their own order.

    One fixed permutation is cut in two, so the splits are disjoint, the same every time, and
    the first rows of each are a fair sample. ``RandomState`` because its stream never changes.

    Example:
        >>> split_rows(5, "test", held_out=2), split_rows(5, "train", held_out=2)
        (array([2, 0]), array([1, 3, 4]))
    """
    if split == WHOLE:
        return np.arange(n)
    order = np.random.RandomState(0).permutation(n)
    return order[:held_out] if split == "test" else order[held_out:]


def _check_column(name: str, values: object, dtype: type, n: int) -> None:
    if not isinstance(values, np.ndarray) or values.shape != (n,) or values.dtype != dtype:
        given = f"{values.dtype} {values.shape}" if isinstance(values, np.ndarray) else type(values)
        raise DataError(f"{name} is {given}; give {np.dtype(dtype)} of shape ({n},)")
