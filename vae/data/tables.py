"""Data sets made of arrays: an npz file with images, and perhaps labels and factors."""

from __future__ import annotations

__all__ = [
    "WHOLE_NOTE",
    "check_depths",
    "holds_arrays",
    "image_keys",
    "load_npz",
    "read_known",
    "read_labels",
]

import itertools

import numpy as np

from vae.data.archives import Archive
from vae.data.errors import DataError, safe_label
from vae.data.fitting import as_images, fit_all, to_uint8
from vae.data.image_set import WHOLE, ImageSet, split_rows
from vae.data.npz import NUMBERS, NpzFile
from vae.data.picture_files import is_picture
from vae.data.sprites import SHAPES

IMAGE_KEYS = ("images", "imgs", "x", "X", "pixels")
LABEL_KEYS = ("labels", "label", "y")
PAIRS = tuple(
    (pattern.format("train"), pattern.format("test"))
    for key in IMAGE_KEYS + LABEL_KEYS
    for pattern in (key + "_{}", "{}_" + key)
)
# The columns of dSprites' latents, with and without the constant first one.
DSPRITES = ("colour", "shape", "scale", "orientation", "x", "y")
MAX_FACTORS = 64
HELD_OUT = 0.1
WHOLE_NOTE = "All images are taken, in the file's own order."


def load_npz(npz: NpzFile, split: str, image_shape: tuple[int, int, int] | None = None) -> ImageSet:
    """Load the images of an npz file; see ``load``."""
    keys = image_keys(npz)
    where = f"{' and '.join(keys)} in {npz.name}"
    arrays = [as_images(npz.read(key), f"{key} in {npz.name}") for key in keys]
    sizes = [len(array) for array in arrays]
    check_depths(arrays, where)
    arrays, value_notes = to_uint8(arrays, where)
    pixels, notes = fit_all(itertools.chain(*arrays), image_shape)
    labels, label_names, factors = read_known(npz, sizes)
    rows, split_note = _split(npz.name, sizes, split)
    images = ImageSet(
        name=npz.name,
        split=split,
        pixels=pixels,
        index=np.arange(len(pixels)),
        labels=labels,
        label_names=label_names,
        factors=factors,
        preprocessing=(*value_notes, *notes, split_note),
    )
    return images.subset(rows)


def holds_arrays(archive: Archive) -> bool:
    """Say whether an archive is an npz file, by the names in it."""
    names = [entry.filename for entry in archive.entries]
    return any(name.endswith(".npy") for name in names) and not any(map(is_picture, names))


def check_depths(arrays: list[np.ndarray], where: str) -> None:
    """Raise a DataError unless images (N, H, W, C) have the same number of channels."""
    if len({array.shape[3] for array in arrays}) > 1:
        raise DataError(f"{where} have different numbers of channels; give the same")


def read_known(
    npz: NpzFile, sizes: list[int]
) -> tuple[np.ndarray | None, tuple[str, ...], dict[str, np.ndarray]]:
    """Return what an npz file knows of its images: labels, their names, and factors.

    Args:
        npz: The file.
        sizes: How many images each of its arrays of images has.
    """
    labels, label_names = _labels(npz, sizes)
    factors = _factors(npz, sizes[0]) if len(sizes) == 1 else {}
    if labels is None and set(np.unique(factors.get("shape", [0]))) <= {1, 2, 3}:
        labels, label_names = factors["shape"].astype(np.int64) - 1, SHAPES
    return labels, label_names, factors


def read_labels(values: np.ndarray, where: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return labels 0, 1, ... and their names from a column of whole numbers or words.

    Example:
        >>> read_labels(np.array([[7], [3], [7]]), "y")
        (array([1, 0, 1]), ('3', '7'))
    """
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(f"{where} has shape {values.shape}; give one label for each image, (N,)")
    if values.dtype.kind == "f":
        if not (np.isfinite(values) & (np.rint(values) == values)).all():
            raise DataError(f"{where} has fractions; give whole numbers or words")
        values = values.astype(np.int64)
    names, labels = np.unique(values, return_inverse=True)
    return labels.astype(np.int64), tuple(safe_label(name) for name in names)


def image_keys(npz: NpzFile) -> list[str]:
    """Return the key of the images, or the two keys of training and test images."""
    keys = set(npz.keys)
    for train, test in PAIRS[: 2 * len(IMAGE_KEYS)]:
        if {train, test} <= keys:
            return [train, test]
    for key in IMAGE_KEYS:
        if key in keys:
            return [key]
    found = ", ".join(safe_label(key, 20) for key in npz.keys[:5]) or "nothing"
    raise DataError(
        f"{npz.name} has {found}; name the images one of {', '.join(IMAGE_KEYS)}, or x_train and "
        "x_test"
    )


def _labels(npz: NpzFile, sizes: list[int]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Read one column of labels for each array of images, where there is one."""
    groups = PAIRS[2 * len(IMAGE_KEYS) :] if len(sizes) == 2 else [(key,) for key in LABEL_KEYS]
    keys = next((group for group in groups if set(group) <= set(npz.keys)), None)
    if keys is None:
        return None, ()
    columns = [npz.read(key, NUMBERS + "U") for key in keys]
    for key, column, size in zip(keys, columns, sizes, strict=True):
        if not column.ndim or len(column) != size:
            raise DataError(
                f"{key} in {npz.name} has shape {column.shape}; there are {size} images"
            )
    try:
        together = np.concatenate([column.reshape(len(column), -1) for column in columns])
    except ValueError as error:
        raise DataError(f"{' and '.join(keys)} in {npz.name} have different shapes") from error
    return read_labels(together, f"{keys[0]} in {npz.name}")


def _factors(npz: NpzFile, n: int) -> dict[str, np.ndarray]:
    """Read the columns named latents_...; classes only repeat values in other units."""
    keys = [key for key in npz.keys if key.startswith("latents_")]
    if "latents_values" in keys and "latents_classes" in keys:
        keys.remove("latents_classes")
    factors: dict[str, np.ndarray] = {}
    for key in keys:
        values = npz.read(key)
        if values.ndim not in (1, 2) or len(values) != n:
            raise DataError(
                f"{safe_label(key)} in {npz.name} has shape {values.shape}; there are {n} images"
            )
        columns = values.reshape(n, -1).T
        if len(factors) + len(columns) > MAX_FACTORS:
            raise DataError(f"{npz.name} has more than {MAX_FACTORS} latents_ columns; give fewer")
        names = _column_names(key.removeprefix("latents_"), len(columns))
        factors |= {
            name: column.astype(np.float32) for name, column in zip(names, columns, strict=True)
        }
    return factors


def _column_names(key: str, columns: int) -> list[str]:
    if key in ("values", "classes") and columns in (5, 6):
        return list(DSPRITES[-columns:])
    return [safe_label(key)] if columns == 1 else [f"{safe_label(key)} {k}" for k in range(columns)]


def _split(name: str, sizes: list[int], split: str) -> tuple[np.ndarray, str]:
    """Return the rows of a split and a sentence about it."""
    n = sum(sizes)
    if split == WHOLE:
        return np.arange(n), WHOLE_NOTE
    if len(sizes) == 2:
        rows = np.arange(sizes[0]) if split == "train" else np.arange(sizes[0], n)
        return rows, "Training and test images are split as the file gives them."
    if n < 2:
        raise DataError(f"{name} has 1 image; at least 2 are needed, one to train and one to test")
    held_out = max(1, round(HELD_OUT * n))
    note = f"{held_out} of {n} images are held out by a fixed permutation."
    return split_rows(n, split, held_out), note
