"""Maps once made, kept on disk: who asks for the same again has it at once, in every session."""

from __future__ import annotations

__all__ = ["MapCache"]

import contextlib
import hashlib
import importlib.metadata
import json
import os
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from vae.maps import digest_codes, pack_map, unpack_map
from vae.projections import Projection, ProjectionError, Settings
from vae.storage import ORPHAN_SECONDS, cache_folder, replace_file

MAX_FILES = 100
MAX_BYTES = 256 << 20
# Raised when our own part of making maps changes what comes out.
VERSION = 1
PACKAGES = {
    "tsne": ("openTSNE", "scikit-learn", "numpy"),
    "umap": ("umap-learn", "pynndescent", "scikit-learn", "numpy"),
}


class MapCache:
    """A folder of maps, each under a name made of its codes, settings and package versions.

    Args:
        folder: Where; by default "maps" in the cache folder.
        max_files, max_bytes: Above these, maps that nobody asked for longest are deleted.
    """

    def __init__(
        self, folder: Path | None = None, *, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES
    ) -> None:
        self.folder = cache_folder() / "maps" if folder is None else folder
        self.max_files, self.max_bytes = max_files, max_bytes

    def find(self, codes: np.ndarray, settings: Settings) -> Projection | None:
        """Return the map of codes (N, D), None where there is none; a damaged one is deleted."""
        path = self.path(codes, settings)
        with contextlib.suppress(OSError):
            try:
                found, _ = unpack_map(path.read_bytes(), codes)
            except ProjectionError:
                path.unlink()
            else:
                os.utime(path)
                return found
        return None

    def keep(self, settings: Settings, projection: Projection) -> None:
        """Keep the map that these settings gave; a disk that is full or read-only costs nothing."""
        path = self.path(projection.codes, settings)
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            replace_file(path, pack_map(projection))
            self._make_room()

    def path(self, codes: np.ndarray, settings: Settings) -> Path:
        """Return where the map of these codes and settings is kept."""
        made_by = [VERSION, *map(_version, PACKAGES.get(settings.method, ()))]
        named = json.dumps([digest_codes(codes), asdict(settings), made_by])
        return self.folder / f"{hashlib.sha256(named.encode()).hexdigest()}.npz"

    def _make_room(self) -> None:
        files = [(path.stat().st_mtime, path.stat().st_size, path) for path in self._files("*.npz")]
        room = self.max_bytes
        for number, (_, size, path) in enumerate(sorted(files, reverse=True)):
            room -= size
            if number >= self.max_files or room < 0:
                path.unlink(missing_ok=True)
        for path in self._files(".*.tmp-*"):  # of a process killed while it wrote
            if time.time() - path.stat().st_mtime > ORPHAN_SECONDS:
                path.unlink(missing_ok=True)

    def _files(self, pattern: str) -> list[Path]:
        """List files as they are now; other processes write and delete here too."""
        return [path for path in self.folder.glob(pattern) if path.is_file()]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
