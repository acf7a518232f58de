"""Data sets made of picture files: a folder, or a zip of one."""

from __future__ import annotations

__all__ = ["WHOLE_NOTE", "load_folder", "load_zip"]

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from vae.data.archives import Archive
from vae.data.errors import DataError
from vae.data.fitting import fit_all
from vae.data.image_set import WHOLE, ImageSet, split_rows
from vae.data.picture_files import (
    Parts,
    PictureFiles,
    PictureReader,
    are_splits,
    folder_labels,
    list_folder,
    list_zip,
)

HELD_OUT = 0.1
GROUPED = "A tenth is held out by a fixed permutation; variants of one picture stay together."
WHOLE_NOTE = "All images are taken, sorted by name."


# What a picture's file name says it is a variant of.
Group = Callable[[str], str]


def load_folder(
    path: Path,
    split: str,
    image_shape: tuple[int, int, int] | None = None,
    *,
    group: Group | None = None,
) -> ImageSet:
    """Load the pictures of a folder and the folders in it; see ``load``.

    Pictures whose file names ``group`` maps to the same text stay in one split.
    """
    return _load(list_folder(path), split, image_shape, group)


def load_zip(
    archive: Archive,
    split: str,
    image_shape: tuple[int, int, int] | None = None,
    *,
    group: Group | None = None,
) -> ImageSet:
    """Load the pictures of a zip; folders that hold all of them count as wrapping."""
    return _load(list_zip(archive), split, image_shape, group)


def _load(
    files: PictureFiles,
    split: str,
    image_shape: tuple[int, int, int] | None,
    group: Group | None,
) -> ImageSet:
    reader = PictureReader(files)
    pixels, notes = fit_all(_decoded(reader), image_shape)
    parts = [files.parts[row] for row in reader.used]
    rows, used_parts, split_note = _split(files.name, parts, split, group)
    labels, label_names = folder_labels(used_parts)
    images = ImageSet(
        name=files.name,
        split=split,
        pixels=pixels,
        index=np.array(reader.used, np.int64),
        labels=labels,
        label_names=label_names,
        preprocessing=(*reader.count_notes, *sorted(reader.notes), *notes, split_note),
    )
    return images.subset(rows)


def _decoded(reader: PictureReader) -> Iterator[np.ndarray]:
    for row in range(len(reader.files)):
        image = reader.image(row)
        if image is not None:
            yield image
    reader.check_used()


def _split(
    name: str, parts: list[Parts], split: str, group: Group | None
) -> tuple[np.ndarray, list[Parts], str]:
    """Return the rows of a split, the parts below its folder, and a sentence about it."""
    n = len(parts)
    given = are_splits(parts)
    below = [part[1:] for part in parts] if given else parts
    if split == WHOLE:
        return np.arange(n), below, WHOLE_NOTE
    if n < 2:
        raise DataError(f"{name} has 1 image; at least 2 are needed, one to train and one to test")
    if given:
        rows = np.array([row for row in range(n) if parts[row][0] == split])
        return rows, below, "The folders train and test are the splits."
    if group is not None:
        return _split_groups([group(part[-1]) for part in parts], split), parts, GROUPED
    held_out = max(1, round(HELD_OUT * n))
    note = f"{held_out} of {n} images are held out by a fixed permutation of their sorted names."
    return split_rows(n, split, held_out), parts, note


def _split_groups(groups: list[str], split: str) -> np.ndarray:
    """Return the rows of a split that tears no group apart, in a fixed random order."""
    names, group = np.unique(groups, return_inverse=True)
    chosen = split_rows(len(names), split, max(1, round(HELD_OUT * len(names))))
    order = split_rows(len(groups), "train", held_out=0)
    return order[np.isin(group[order], chosen)]
