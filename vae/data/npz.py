"""Arrays from npz files: headers checked before a byte of data is read, never pickle."""

from __future__ import annotations

__all__ = ["NpzFile"]

import io
import math
import warnings
from collections.abc import Iterator
from typing import NamedTuple
from zipfile import ZipInfo

import numpy as np

from vae.data.archives import MAX_TOTAL, Archive
from vae.data.errors import DataError, safe_label

MAX_HEADER = 10_000
NUMBERS = "buif"  # bool, signed, unsigned, float: numpy's kinds
_READERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class _Header(NamedTuple):
    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype
    start: int  # where the data begin


class NpzFile:
    """The arrays of an archive, read one by one.

    A member nobody asks for is never opened, so an object array among them, like the metadata
    of dSprites, does no harm.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.name = archive.name
        self._members: dict[str, ZipInfo] = {}
        for entry in archive.entries:
            key = entry.filename.removesuffix(".npy")
            if key in self._members:
                raise DataError(
                    f"{self.name} has two arrays named {safe_label(key)}; save it again"
                )
            if key != entry.filename:
                self._members[key] = entry

    @property
    def keys(self) -> list[str]:
        """Names of the arrays, as hostile as the file."""
        return list(self._members)

    def read(self, key: str, kinds: str = NUMBERS) -> np.ndarray:
        """Return one array, in native byte order.

        Args:
            key: One of ``keys``.
            kinds: The numpy kinds allowed.

        Raises:
            DataError: if its header or data are not those of a plain, non-empty array.
        """
        entry, where = self._members[key], self._where(key)
        header = self._header(entry, where)
        size = _checked_size(header, entry, kinds, where, MAX_TOTAL)
        # One byte more than there are, so that the end is reached and the checksum verified.
        data = self._archive.read(entry, size + 1, start=header.start)
        if len(data) != size:
            raise DataError(f"{where} is incomplete; save it again")
        order = "F" if header.fortran_order else "C"
        array = np.frombuffer(data, header.dtype).reshape(header.shape, order=order)
        return array.astype(header.dtype.newbyteorder("="), copy=False)

    def outline(self, key: str) -> np.ndarray:
        """Return an array of the same shape and type, all of whose numbers are one: no memory.

        Raises:
            DataError: if its header is not that of a plain array of numbers.
        """
        entry, where = self._members[key], self._where(key)
        header = self._header(entry, where)
        _checked_size(header, entry, NUMBERS, where, self._archive.total)
        return np.broadcast_to(np.zeros((), header.dtype), header.shape)

    def pieces(self, key: str, rows: int) -> Iterator[np.ndarray]:
        """Yield one array of numbers in order, up to ``rows`` of its rows at a time.

        No more than a piece is in memory, but for an array in Fortran order, whose rows lie
        scattered: it is read whole, up to 1 GiB.

        Raises:
            DataError: as ``read``; what is damaged may be found after the first pieces.
        """
        entry, where = self._members[key], self._where(key)
        header = self._header(entry, where)
        if header.fortran_order and len(header.shape) > 1:
            whole = self.read(key)
            yield from (whole[start : start + rows] for start in range(0, len(whole), rows))
            return
        size = _checked_size(header, entry, NUMBERS, where, self._archive.total)
        total, *rest = header.shape
        with self._archive.open(entry, start=header.start) as read:
            for start in range(0, total, rows):
                count = min(rows, total - start)
                last = start + count == total
                # As above: one byte more at the end.
                data = read(count * size // total + last)
                if len(data) != count * size // total:
                    raise DataError(f"{where} is incomplete; save it again")
                piece = np.frombuffer(data, header.dtype).reshape(count, *rest)
                yield piece.astype(header.dtype.newbyteorder("="), copy=False)

    def recount(self) -> None:
        """Count what is read from the archive anew: the arrays are read a second time."""
        self._archive.recount()

    def _where(self, key: str) -> str:
        return f"{safe_label(key)} in {self.name}"

    def _header(self, entry: ZipInfo, where: str) -> _Header:
        start = io.BytesIO(self._archive.read(entry, MAX_HEADER + 12))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # "created on Python 2"
                read = _READERS[np.lib.format.read_magic(start)]
                return _Header(*read(start, max_header_size=MAX_HEADER), start.tell())
        except Exception as error:  # numpy and the parser below it raise many kinds
            raise DataError(f"{where} is no plain array; save it with numpy.savez") from error


def _checked_size(header: _Header, entry: ZipInfo, kinds: str, where: str, most: int) -> int:
    """Return how many bytes of data the header declares; refuse what does not add up."""
    if header.dtype.kind not in kinds or header.dtype.hasobject:
        kind = safe_label(header.dtype)
        raise DataError(f"{where} is of type {kind}; save plain numbers, no objects")
    if min(header.shape, default=1) < 1 or not header.dtype.itemsize:
        raise DataError(f"{where} has shape {header.shape}; it must hold at least one number")
    size = math.prod(header.shape) * header.dtype.itemsize
    if size > most:
        raise DataError(
            f"{where} would take {size / 2**30:.1f} GiB; give at most {most // 2**30} GiB"
        )
    if size != entry.file_size - header.start:
        raise DataError(f"{where} is not as long as its header says; save it again")
    return size
