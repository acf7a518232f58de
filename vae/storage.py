"""Writing that survives a kill at any moment: a file or a folder is there whole, or not at all."""

from __future__ import annotations

__all__ = [
    "cache_folder",
    "check_vacant",
    "keep_newest",
    "publish_folder",
    "replace_file",
    "replacing",
]

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import platformdirs

CACHE_DIR = "LATENT_CACHE_DIR"
# A half-written sibling this old belongs to a process that died: nobody writes for an hour.
ORPHAN_SECONDS = 3600.0


def cache_folder() -> Path:
    """Return this user's folder for what can be fetched again; LATENT_CACHE_DIR moves it."""
    return Path(os.environ.get(CACHE_DIR) or platformdirs.user_cache_dir("latent"))


def check_vacant(folder: Path) -> None:
    """Raise FileExistsError unless ``folder`` is free: absent, or an empty folder."""
    if folder.is_symlink() or folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise FileExistsError(f"{folder} already exists; choose another place or delete it first")


@contextmanager
def publish_folder(folder: Path) -> Iterator[Path]:
    """Give a temporary sibling to fill; on leaving, flush it to disk and rename it to ``folder``.

    Readers see no folder or the whole folder. What a killed writer left behind is swept by a
    later call in the same parent.

    Raises:
        FileExistsError: if something is at ``folder`` already: published folders never change.
    """
    check_vacant(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep_orphans(folder.parent)
    temporary = folder.parent / f".{folder.name}.tmp-{uuid.uuid4().hex[:12]}"
    temporary.mkdir()
    try:
        yield temporary
        for path in sorted(temporary.rglob("*")):
            _sync(path)
        _sync(temporary)
        try:
            temporary.rename(folder)
        except OSError:
            check_vacant(folder)  # somebody was faster: say that, not what rename said
            raise
        _sync(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def replace_file(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``: readers see the old content or the new, never a mixture."""
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write; on leaving without an error it becomes ``path``, as a whole."""
    temporary = path.with_name(f".{path.name}.tmp-{uuid.uuid4().hex[:12]}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync(path.parent)


def keep_newest(folder: Path, most: int) -> None:
    """Delete files of a cache folder, those not used for longest first, until ``most`` bytes stay.

    What a killed writer left half-written goes too, once it is an hour old.
    """
    now, ages = time.time(), []
    for path in folder.iterdir():
        with suppress(OSError):  # another process deletes here too
            status = path.stat()
            if ".tmp-" not in path.name:
                ages.append((status.st_mtime, status.st_size, path))
            elif now - status.st_mtime > ORPHAN_SECONDS:
                path.unlink()
    for _, size, path in sorted(ages, reverse=True):
        most -= size
        if most < 0:
            path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Flush a file or a folder's entries to disk; Windows cannot open a folder and needs not."""
    if os.name == "nt" and path.is_dir():
        return
    # Windows flushes only a handle that may write.
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep_orphans(parent: Path) -> None:
    for orphan in parent.glob(".*.tmp-*"):
        if orphan.is_dir() and time.time() - orphan.stat().st_mtime > ORPHAN_SECONDS:
            shutil.rmtree(orphan, ignore_errors=True)
