"""The picture files of a folder or a zip: listed by name, then read one by one."""

from __future__ import annotations

__all__ = [
    "PictureFiles",
    "PictureReader",
    "are_splits",
    "folder_labels",
    "is_picture",
    "list_folder",
    "list_zip",
]

import os
import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vae.data.archives import Archive, LimitError
from vae.data.errors import DataError, safe_label
from vae.data.image_set import SPLITS
from vae.data.images import MAX_BYTES, decode_image, read_bytes

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")
JUNK = {"__MACOSX", "Thumbs.db", "desktop.ini"}
MAX_FILES = 100_000
# Of a person's own folder, which is streamed; each file takes 0.2 kB to list.
LOCAL_FILES = 2_000_000
NAMES_SHOWN = 3

# Folders and name of a picture below its source.
Parts = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class PictureFiles:
    """The pictures of a source, sorted by folder and name.

    Attributes:
        name: The folder's or file's name, safe to print.
        parts: Folders and name of each picture.
        others: How many other files there are.
        read: Returns the content of a picture by its position.
    """

    name: str
    parts: list[Parts]
    others: int
    read: Callable[[int], bytes]

    def __len__(self) -> int:
        return len(self.parts)


class PictureReader:
    """Decodes pictures one by one, and remembers which could be used and what was done.

    Attributes:
        used: Positions of the pictures that were decoded.
        notes: Sentences that say what was done to some of them.
    """

    def __init__(self, files: PictureFiles) -> None:
        self.files = files
        self.used = array("q")
        self.notes: set[str] = set()
        self._skipped = 0
        self._shown: list[str] = []
        self._reason = ""

    def image(self, row: int) -> np.ndarray | None:
        """Return picture ``row`` (H, W, C), C 1 or 3; None where it cannot be used.

        Raises:
            LimitError: if the source is too large as a whole.
        """
        try:
            image, notes = decode_image(self.files.read(row))
        except LimitError:
            raise
        except DataError as error:
            self._skipped += 1
            self._reason = self._reason or str(error)
            if self._skipped <= NAMES_SHOWN:
                self._shown.append(safe_label(self.files.parts[row][-1]))
            return None
        self.used.append(row)
        self.notes |= notes
        return image

    def check_used(self) -> None:
        """Raise a DataError if no picture could be used."""
        if not self.used:
            raise DataError(
                f"none of the {len(self.files)} pictures in {self.files.name} can be used; "
                f"{self._shown[0]}: {self._reason}"
            )

    @property
    def count_notes(self) -> list[str]:
        """Sentences about what was left out."""
        notes = []
        if self._skipped:
            more = self._skipped - NAMES_SHOWN
            notes.append(
                f"{len(self.used)} of {len(self.used) + self._skipped} images used; skipped: "
                f"{', '.join(self._shown)}{f' and {more} more' if more > 0 else ''}."
            )
        if others := self.files.others:
            subject = "1 other file was" if others == 1 else f"{others} other files were"
            notes.append(f"{subject} ignored, no pictures by their names.")
        return notes


def list_folder(path: Path, *, local: bool = False) -> PictureFiles:
    """List the pictures of a folder and the folders in it; links to folders are not followed.

    Raises:
        DataError: if there are none, a folder cannot be read, or there are more than 100,000
            files (two million where the folder is ``local``: read in pieces).
    """
    name = safe_label(path.resolve().name) or "images"
    most = LOCAL_FILES if local else MAX_FILES

    def refuse(error: OSError) -> None:
        raise DataError(f"{name}: a folder cannot be read; check its permissions") from error

    files: list[Parts] = []
    for folder, _, file_names in os.walk(path, onerror=refuse):
        inner = Path(folder).relative_to(path).parts
        files += [(*inner, file_name) for file_name in file_names]
        if len(files) > most:
            raise DataError(f"{name} has more than {most:,} files; give a smaller folder")
    rows, others = _select(name, files)
    parts = [files[row] for row in rows]
    return PictureFiles(name, parts, others, lambda row: read_bytes(Path(path, *parts[row])))


def list_zip(archive: Archive) -> PictureFiles:
    """List the pictures of a zip; folders that hold all of them count as wrapping.

    Raises:
        DataError: if there are none.
    """
    entries = archive.entries
    files = [_parts(entry.filename) for entry in entries]
    rows, others = _select(archive.name, files)

    def read(row: int) -> bytes:
        return bytes(archive.read(entries[rows[row]], MAX_BYTES + 1))

    return PictureFiles(archive.name, _unwrapped([files[row] for row in rows]), others, read)


def is_picture(name: str) -> bool:
    """Say whether a file is a picture by its name."""
    return name.lower().endswith(SUFFIXES)


def are_splits(parts: list[Parts]) -> bool:
    """Say whether the outermost folders are ``train`` and ``test``."""
    return {part[0] for part in parts} == set(SPLITS) and min(map(len, parts)) > 1


def folder_labels(parts: list[Parts]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The first sub-folder's name is the class, when all pictures lie in sub-folders."""
    if min(map(len, parts)) < 2:
        return None, ()
    folders = sorted({part[0] for part in parts})
    position = {folder: label for label, folder in enumerate(folders)}
    labels = np.array([position[part[0]] for part in parts], np.int64)
    return labels, tuple(safe_label(folder) for folder in folders)


def _parts(name: str) -> Parts:
    """Folders and name of a zip entry; nothing in them leads anywhere."""
    return tuple(part for part in re.split(r"[/\\]", name) if part.strip(". "))


def _select(name: str, files: list[Parts]) -> tuple[list[int], int]:
    """Return where the pictures are, sorted by folder and name, and how many other files."""
    visible = [row for row, parts in enumerate(files) if not any(map(_is_junk, parts))]
    rows = [row for row in visible if files[row] and is_picture(files[row][-1])]
    if not rows:
        raise DataError(f"{name} has no PNG, JPEG, WebP, GIF or BMP pictures in it")
    return sorted(rows, key=files.__getitem__), len(visible) - len(rows)


def _is_junk(part: str) -> bool:
    return part.startswith(".") or part in JUNK


def _unwrapped(files: list[Parts]) -> list[Parts]:
    """Leave out the folders that all pictures lie in."""
    folders = [parts[:-1] for parts in files]
    shared = 0
    while len(folders[0]) > shared and len({folder[: shared + 1] for folder in folders}) == 1:
        shared += 1
    return [parts[shared:] for parts in files]
