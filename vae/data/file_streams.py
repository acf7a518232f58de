"""Streams of images from a folder, a zip or an npz file."""

from __future__ import annotations

__all__ = ["open_stream"]

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from vae.data.archives import Archive
from vae.data.errors import DataError
from vae.data.fitting import Fitter, as_images, scale_rule, scaled
from vae.data.image_set import SPLITS, WHOLE
from vae.data.loading import load, no_source
from vae.data.named import SOURCES
from vae.data.npz import NpzFile
from vae.data.picture_files import (
    PictureFiles,
    PictureReader,
    are_splits,
    folder_labels,
    list_folder,
    list_zip,
)
from vae.data.pictures import WHOLE_NOTE as BY_NAME
from vae.data.streams import BATCH, Batch, ImageStream, Known, SetStream
from vae.data.tables import WHOLE_NOTE as BY_ROW
from vae.data.tables import check_depths, holds_arrays, image_keys, read_known

# Of images far larger than a model's, fewer are read at a time.
PIECE_BYTES = 2**24
# A file of up to so many bytes is known by its content; hashing that takes a tenth of a second.
HASHED_BYTES = 2**26


class PictureStream(ImageStream):
    """The pictures of a folder or a zip."""

    def __init__(self, files: PictureFiles, path: Path, image_shape: tuple[int, int, int]) -> None:
        self._files, self._path = files, path
        self._reader, self._fitter = PictureReader(files), Fitter(image_shape)
        self.name, self.split = files.name, WHOLE
        self.image_shape, self.total = image_shape, len(files)

    def batches(self) -> Iterator[Batch]:
        self._reader, self._fitter = PictureReader(self._files), Fitter(self.image_shape)
        for start in range(0, self.total, BATCH):
            rows = range(start, min(start + BATCH, self.total))
            pixels, index = np.empty((len(rows), *self.image_shape), np.uint8), []
            for row in rows:
                image = self._reader.image(row)
                if image is not None:
                    pixels[len(index)] = self._fitter.fit(image[None])[0]
                    index.append(row)
            yield Batch(pixels[: len(index)], np.array(index, np.int64), rows.stop)
        self._reader.check_used()

    def known(self, index: np.ndarray) -> Known:
        parts = [self._files.parts[row] for row in index]
        if are_splits(parts):
            parts = [part[1:] for part in parts]
        return Known(*folder_labels(parts), {})

    @property
    def notes(self) -> tuple[str, ...]:
        reader = self._reader
        return (*reader.count_notes, *sorted(reader.notes), *self._fitter.notes, BY_NAME)

    def fingerprint(self) -> str:
        if not self._path.is_dir():
            return _file_fingerprint(self._path)
        digest = hashlib.sha256(os.fsencode(self._path.resolve()))
        digest.update(str(self._files.others).encode())  # which the notes tell
        for parts in self._files.parts:
            path = os.path.join(self._path, *parts)
            digest.update(os.fsencode(path) + _status(path))
        return digest.hexdigest()


class ArrayStream(ImageStream):
    """The arrays of images of an npz file.

    They are read twice, unless they are bytes: first for the range of the values, which decides how
    they are scaled; the batches of that time are empty.
    """

    def __init__(self, npz: NpzFile, path: Path, image_shape: tuple[int, int, int]) -> None:
        self._npz, self._path = npz, path
        self._keys = image_keys(npz)
        self._where = f"{' and '.join(self._keys)} in {npz.name}"
        self._outlines = [as_images(npz.outline(key), f"{key} in {npz.name}") for key in self._keys]
        check_depths(self._outlines, self._where)
        self._fitter, self._value_notes = Fitter(image_shape), []
        self.name, self.split, self.image_shape = npz.name, WHOLE, image_shape
        self.total = sum(map(len, self._outlines))

    def batches(self) -> Iterator[Batch]:
        self._fitter = Fitter(self.image_shape)
        none = Batch(np.empty((0, *self.image_shape), np.uint8), np.empty(0, np.int64), 0)
        are_bytes = all(outline.dtype == np.uint8 for outline in self._outlines)
        low, high = np.inf, -np.inf
        for piece in self._pieces():
            low, high = np.minimum(low, piece.min()), np.maximum(high, piece.max())
            if are_bytes and high > 1:
                break  # 0 to 255 it is, whatever follows
            yield none
        factor, self._value_notes = scale_rule(low, high, self._outlines, self._where)
        done = 0
        for piece in self._pieces():
            pixels = self._fitter.fit(scaled(piece, factor))
            yield Batch(pixels, np.arange(done, done + len(pixels)), done + len(pixels))
            done += len(pixels)

    def known(self, index: np.ndarray) -> Known:
        return Known(*read_known(self._npz, [len(outline) for outline in self._outlines]))

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self._value_notes, *self._fitter.notes, BY_ROW)

    def fingerprint(self) -> str:
        return _file_fingerprint(self._path)

    def _pieces(self) -> Iterator[np.ndarray]:
        self._npz.recount()
        for key, outline in zip(self._keys, self._outlines, strict=True):
            rows = max(1, min(BATCH, PIECE_BYTES // (outline.nbytes // len(outline))))
            for piece in self._npz.pieces(key, rows):
                yield as_images(piece, self._where)


@contextmanager
def open_stream(
    source: str | Path,
    image_shape: tuple[int, int, int],
    *,
    split: str | None = None,
    local: bool = False,
) -> Iterator[ImageStream]:
    """Open a data set to be read a batch at a time; a context manager.

    Args:
        source: As for ``load``. A source by name is read whole: it is of a known size.
        image_shape: The (C, H, W) the images are made to fit.
        split: Of a source by name, "train" or "test", which is the default; a folder, zip or npz
            file is "all".
        local: The source is the user's own, given by its path on this machine. Limits that keep
            strangers from filling memory and time are then those of reading in pieces: two million
            files in a folder, a million entries and a TiB in a zip or npz file.

    Raises:
        DataError: if there is no such source, or no images can be had from it.

    Example:
        >>> with open_stream("digits", (1, 16, 16)) as stream:
        ...     shapes = [batch.pixels.shape for batch in stream.batches()]
        >>> stream.split, stream.total, shapes
        ('test', 360, [(360, 1, 16, 16)])
    """
    if isinstance(source, str) and source in SOURCES:
        yield SetStream(load(source, split or SPLITS[1], image_shape=image_shape))
        return
    if split not in (None, WHOLE):
        raise DataError(f"split is {split!r}; a folder, zip or npz file is read whole, give 'all'")
    path = Path(source)
    if source and path.is_dir():
        yield PictureStream(list_folder(path, local=local), path, image_shape)
        return
    if not path.is_file():
        raise no_source(source)
    with Archive(path, local=local) as archive:
        if holds_arrays(archive):
            yield ArrayStream(NpzFile(archive), path, image_shape)
        else:
            yield PictureStream(list_zip(archive), path, image_shape)


def _file_fingerprint(path: Path) -> str:
    if path.stat().st_size > HASHED_BYTES:
        return f"{path.resolve()} {_status(path)!r}"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _status(path: str | Path) -> bytes:
    """Size, time of change and identity of a file; nothing of one that cannot be asked."""
    try:
        status = os.stat(path)
    except OSError:
        return b"gone"
    return f" {status.st_size} {status.st_mtime_ns} {status.st_ino}\n".encode()
