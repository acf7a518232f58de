"""Zip files read with suspicion: nothing is unpacked to disk, and nothing is opened by its name.

The directory is checked before it is parsed, every entry before it is opened, and bytes are
counted while they stream.
"""

from __future__ import annotations

__all__ = ["MAX_TOTAL", "Archive", "LimitError"]

import io
import os
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import IO, BinaryIO, Self
from zipfile import ZipInfo

from vae.data.errors import DataError, safe_label

MAX_ENTRIES = 20_000
MAX_DIRECTORY = 8 * 2**20
MAX_TOTAL = 2**30
# Of a person's own file, which is streamed: a million entries, each of which takes 0.5 kB to list.
LOCAL_ENTRIES = 2**20
LOCAL_DIRECTORY = 2**28
LOCAL_TOTAL = 2**40
# How many times its packed size an entry over 1 MiB may have. Pictures are packed already;
# arrays are not: dSprites, a real data set, reaches 184 (deflate cannot exceed 1032).
SMALL = 2**20
MAX_RATIO, MAX_ARRAY_RATIO = 100, 500
CHUNK = 2**20
END_RECORD, ZIP64_LOCATOR, ZIP64_RECORD = b"PK\5\6", b"PK\6\7", b"PK\6\6"


class LimitError(DataError):
    """The archive as a whole is too large; reading on is of no use."""


class Archive:
    """A zip file whose entries have all been checked; a context manager.

    Args:
        source: The file, or its content.
        local: It is a person's own, given by its path on this machine: as large as it likes, up
            to a million entries and a TiB, for whoever says so reads it in pieces.

    Raises:
        DataError: if it is no zip, has more than 20,000 entries, or an entry is encrypted, a
            link, overlapping another, or compressed otherwise than by deflate or too strongly.
    """

    def __init__(self, source: Path | bytes, *, local: bool = False) -> None:
        self.name = safe_label(source.name) if isinstance(source, Path) else "the zip"
        self.total = LOCAL_TOTAL if local else MAX_TOTAL
        self._left = self.total
        self._max_entries = LOCAL_ENTRIES if local else MAX_ENTRIES
        try:
            file = source if isinstance(source, Path) else io.BytesIO(source)
            _check_directory(file, local=local)
            self._zip = zipfile.ZipFile(file)
            self._entries = self._zip.infolist()
        except DataError as error:
            raise DataError(f"{self.name}: {error}") from error
        except Exception as error:  # zipfile raises many kinds on a damaged directory
            raise DataError(f"{self.name} is damaged or cannot be read; pack it again") from error
        self._check_entries()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._zip.close()

    @property
    def entries(self) -> list[ZipInfo]:
        """The files in the archive, in stored order; folders are left out."""
        return [entry for entry in self._entries if not entry.is_dir()]

    def read(self, entry: ZipInfo, limit: int = MAX_TOTAL, *, start: int = 0) -> bytearray:
        """Return up to ``limit`` bytes of an entry from byte ``start`` on.

        The checksum is verified where the entry's end is reached.

        Raises:
            DataError: if the entry is damaged.
            LimitError: if all that was read exceeds 1 GiB.
        """
        with self.open(entry, start=start) as read:
            return read(limit)

    @contextmanager
    def open(self, entry: ZipInfo, *, start: int = 0) -> Iterator[Callable[[int], bytearray]]:
        """Give a function that returns the next bytes of an entry, up to as many as it is told.

        It starts at byte ``start`` and raises what ``read`` does.
        """
        with ExitStack() as stack:
            try:
                stream = stack.enter_context(self._zip.open(entry))
                stream.read(start)  # not seek, which may give up the checksum
            except Exception as error:  # zipfile and zlib raise many kinds on damaged data
                raise self._damaged() from error
            left = entry.file_size - start

            def read(limit: int) -> bytearray:
                nonlocal left
                if min(left, limit) > self._left:
                    raise LimitError(
                        f"{self.name} holds more than {self.total // 2**30} GiB unpacked; give a "
                        "part of it"
                    )
                data = self._next(stream, limit)
                left -= len(data)
                return data

            yield read

    def recount(self) -> None:
        """Count what is read anew, for a reader that begins again and keeps nothing."""
        self._left = self.total

    def _next(self, stream: IO[bytes], limit: int) -> bytearray:
        data = bytearray()
        try:
            while len(data) < limit:
                chunk = stream.read(min(CHUNK, limit - len(data)))
                if not chunk:
                    break
                data += chunk
        except Exception as error:  # as above
            raise self._damaged() from error
        self._left -= len(data)
        return data

    def _damaged(self) -> DataError:
        return DataError(f"an entry of {self.name} is damaged; pack it again")

    def _check_entries(self) -> None:
        try:
            if not self._entries:
                raise DataError("the zip is empty; pack some pictures or arrays")
            if len(self._entries) > self._max_entries:
                raise DataError(_too_many(len(self._entries), self._max_entries))
            for entry in self._entries:
                _check_entry(entry)
            _check_overlap(self._entries, self._zip.start_dir)
        except DataError as error:
            self._zip.close()
            raise DataError(f"{self.name}: {error}") from error


def _check_directory(source: Path | BinaryIO, *, local: bool) -> None:
    """Refuse by the last bytes of the file, before zipfile reads the whole directory."""
    with open(source, "rb") if isinstance(source, Path) else nullcontext(source) as file:
        if file.read(4) not in (b"PK\3\4", END_RECORD):
            raise DataError(
                "images are read from a folder, a zip or an npz file; this is none of them"
            )
        length = file.seek(0, os.SEEK_END)
        file.seek(max(0, length - 2**16 - 22))
        tail = file.read()
    at = tail.rfind(END_RECORD)
    if at < 0 or len(tail) < at + 22:
        raise DataError("the file is incomplete; pack or download it again")
    most, longest = (LOCAL_ENTRIES, LOCAL_DIRECTORY) if local else (MAX_ENTRIES, MAX_DIRECTORY)
    entries, size = struct.unpack("<HI", tail[at + 10 : at + 16])
    if tail[max(0, at - 20) : at].startswith(ZIP64_LOCATOR):
        if not local:
            raise DataError(_too_many("more than 65,535", most))
        entries, size = _read_zip64(tail[max(0, at - 76) : at - 20])
    if entries > most or size > longest:
        raise DataError(_too_many(entries if size <= longest else "too many", most))


def _read_zip64(record: bytes) -> tuple[int, int]:
    """Return the number of entries and the directory's size by the end record of a large zip."""
    if len(record) != 56 or not record.startswith(ZIP64_RECORD):
        raise DataError("the file's directory is damaged; pack or download it again")
    return struct.unpack("<QQ", record[32:48])


def _too_many(entries: int | str, most: int) -> str:
    given = f"{entries:,}" if isinstance(entries, int) else entries
    return f"the zip has {given} entries; give at most {most:,}"


def _check_entry(entry: ZipInfo) -> None:
    name = safe_label(entry.filename)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if entry.flag_bits & 0x2041:
        raise DataError(f"{name} is encrypted; pack the files without a password")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise DataError(f"{name} is a link or a device; pack plain files only")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"{name} is packed by another method; use plain zip (deflate)")
    max_ratio = MAX_ARRAY_RATIO if entry.filename.endswith(".npy") else MAX_RATIO
    if entry.file_size > SMALL and entry.file_size > max_ratio * max(1, entry.compress_size):
        raise DataError(
            f"{name} would grow to more than {max_ratio} times its packed size; this looks like "
            "a zip bomb"
        )


def _check_overlap(entries: list[ZipInfo], end: int) -> None:
    """Refuse entries that share bytes, as the strongest zip bombs do."""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    starts = [entry.header_offset for entry in ordered[1:]] + [end]
    for entry, following in zip(ordered, starts, strict=True):
        # 30 bytes of fixed header and the data; the stored name only adds to it.
        if entry.header_offset + 30 + entry.compress_size > following:
            raise DataError("entries of the zip overlap; this looks like a zip bomb")
