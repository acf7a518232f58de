"""Data sets made of picture files: a folder, or a zip of one."""

from __future__ import annotations

__all__ = ["is_picture", "load_folder", "load_zip"]

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from vae.data.archives import Archive, LimitError
from vae.data.errors import DataError, safe_label
from vae.data.fitting import fit_all
from vae.data.image_set import SPLITS, WHOLE, ImageSet, split_rows
from vae.data.images import MAX_BYTES, decode_image, read_bytes

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")
JUNK = {"__MACOSX", "Thumbs.db", "desktop.ini"}
MAX_FILES = 100_000
HELD_OUT = 0.1
NAMES_SHOWN = 3
GROUPED = "A tenth is held out by a fixed permutation; variants of one picture stay together."


# What a picture's file name says it is a variant of.
Group = Callable[[str], str]


@dataclass(frozen=True)
class _File:
    parts: tuple[str, ...]  # folders and name below the source
    read: Callable[[], bytes]


@dataclass
class _Report:
    """What happened to the pictures while they were read."""

    used: list[int]
    skipped: list[str]
    reasons: list[str]
    notes: set[str]


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
    name = safe_label(path.resolve().name) or "images"
    return _load(name, _folder_files(path, name), split, image_shape, group=group)


def load_zip(
    archive: Archive,
    split: str,
    image_shape: tuple[int, int, int] | None = None,
    *,
    group: Group | None = None,
) -> ImageSet:
    """Load the pictures of a zip; folders that hold all of them count as wrapping."""
    files = []
    for entry in archive.entries:
        read = partial(archive.read, entry, MAX_BYTES + 1)
        files.append(_File(_parts(entry.filename), lambda read=read: bytes(read())))
    return _load(archive.name, files, split, image_shape, unwrap=True, group=group)


def _folder_files(path: Path, name: str) -> list[_File]:
    """All files below a folder; links to folders are not followed."""

    def refuse(error: OSError) -> None:
        raise DataError(f"{name}: a folder cannot be read; check its permissions") from error

    files: list[_File] = []
    for folder, _, file_names in os.walk(path, onerror=refuse):
        inner = Path(folder).relative_to(path).parts
        for file_name in file_names:
            read = partial(read_bytes, Path(folder, file_name))
            files.append(_File((*inner, file_name), read))
        if len(files) > MAX_FILES:
            raise DataError(f"{name} has more than {MAX_FILES:,} files; give a smaller folder")
    return files


def _parts(name: str) -> tuple[str, ...]:
    """Folders and name of a zip entry; nothing in them leads anywhere."""
    return tuple(part for part in re.split(r"[/\\]", name) if part.strip(". "))


def _load(
    name: str,
    files: list[_File],
    split: str,
    image_shape: tuple[int, int, int] | None,
    *,
    unwrap: bool = False,
    group: Group | None = None,
) -> ImageSet:
    pictures, others = _pictures(name, files)
    if unwrap:
        pictures = _unwrapped(pictures)
    report = _Report([], [], [], set())
    pixels, notes = _fit(name, pictures, report, image_shape)
    used = [pictures[index] for index in report.used]
    rows, used_parts, split_note = _split(name, [file.parts for file in used], split, group)
    labels, label_names = _folder_labels(used_parts)
    images = ImageSet(
        name=name,
        split=split,
        pixels=pixels,
        index=np.array(report.used, np.int64),
        labels=labels,
        label_names=label_names,
        preprocessing=(
            *_count_notes(report, others),
            *sorted(report.notes),
            *notes,
            split_note,
        ),
    )
    return images.subset(rows)


def _pictures(name: str, files: list[_File]) -> tuple[list[_File], int]:
    """Return the pictures sorted by name, and how many other files there are."""
    visible = [file for file in files if not any(_is_junk(part) for part in file.parts)]
    pictures = [file for file in visible if file.parts and is_picture(file.parts[-1])]
    if not pictures:
        raise DataError(f"{name} has no PNG, JPEG, WebP, GIF or BMP pictures in it")
    return sorted(pictures, key=lambda file: file.parts), len(visible) - len(pictures)


def _unwrapped(pictures: list[_File]) -> list[_File]:
    """Leave out the folders that all pictures lie in."""
    folders = [file.parts[:-1] for file in pictures]
    shared = 0
    while len(folders[0]) > shared and len({folder[: shared + 1] for folder in folders}) == 1:
        shared += 1
    return [_File(file.parts[shared:], file.read) for file in pictures]


def is_picture(name: str) -> bool:
    """Say whether a file is a picture by its name."""
    return name.lower().endswith(SUFFIXES)


def _is_junk(part: str) -> bool:
    return part.startswith(".") or part in JUNK


def _fit(
    name: str,
    pictures: list[_File],
    report: _Report,
    image_shape: tuple[int, int, int] | None,
) -> tuple[np.ndarray, list[str]]:
    """Read and fit all pictures that can be read; the report says which."""
    images = _decoded(pictures, report)
    first = next(images, None)
    if first is None:
        raise DataError(
            f"none of the {len(pictures)} pictures in {name} can be used; "
            f"{report.skipped[0]}: {report.reasons[0]}"
        )

    def chained() -> Iterator[np.ndarray]:
        yield first
        yield from images

    return fit_all(chained(), image_shape)


def _decoded(pictures: list[_File], report: _Report) -> Iterator[np.ndarray]:
    for index, file in enumerate(pictures):
        try:
            image, notes = decode_image(file.read())
        except LimitError:
            raise
        except DataError as error:
            report.skipped.append(safe_label(file.parts[-1]))
            report.reasons.append(str(error))
            continue
        report.used.append(index)
        report.notes |= notes
        yield image


def _split(
    name: str, parts: list[tuple[str, ...]], split: str, group: Group | None
) -> tuple[np.ndarray, list[tuple[str, ...]], str]:
    """Return the rows of a split, the parts below its folder, and a sentence about it."""
    n = len(parts)
    given = {part[0] for part in parts} == set(SPLITS) and min(map(len, parts)) > 1
    if split == WHOLE:
        below = [part[1:] for part in parts] if given else parts
        return np.arange(n), below, "All images are taken, sorted by name."
    if n < 2:
        raise DataError(f"{name} has 1 image; at least 2 are needed, one to train and one to test")
    if given:
        rows = np.array([row for row in range(n) if parts[row][0] == split])
        note = "The folders train and test are the splits."
        return rows, [part[1:] for part in parts], note
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


def _folder_labels(parts: list[tuple[str, ...]]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The first sub-folder's name is the class, when all pictures lie in sub-folders."""
    if min(map(len, parts)) < 2:
        return None, ()
    folders = sorted({part[0] for part in parts})
    position = {folder: label for label, folder in enumerate(folders)}
    labels = np.array([position[part[0]] for part in parts], np.int64)
    return labels, tuple(safe_label(folder) for folder in folders)


def _count_notes(report: _Report, others: int) -> list[str]:
    notes = []
    if report.skipped:
        shown = ", ".join(report.skipped[:NAMES_SHOWN])
        more = len(report.skipped) - NAMES_SHOWN
        total = len(report.used) + len(report.skipped)
        notes.append(
            f"{len(report.used)} of {total} images used; skipped: {shown}"
            f"{f' and {more} more' if more > 0 else ''}."
        )
    if others:
        subject = "1 other file was" if others == 1 else f"{others} other files were"
        notes.append(f"{subject} ignored, no pictures by their names.")
    return notes
