"""The shelf: the folder of checkpoints, each usable or listed with the reason why it is not."""

from __future__ import annotations

__all__ = ["ShelfEntry", "find_checkpoint", "read_shelf", "shelf_folder"]

import os
from dataclasses import dataclass
from pathlib import Path

from vae.checkpoints import Card, CheckpointError, read_card


@dataclass(frozen=True)
class ShelfEntry:
    """A folder on the shelf; ``card`` is None and ``reason`` says why where it is not usable."""

    name: str
    path: Path
    ok: bool
    reason: str
    card: Card | None


def shelf_folder() -> Path:
    """Return the shelf: the folder LATENT_CHECKPOINTS_DIR names, else the project's own."""
    given = os.environ.get("LATENT_CHECKPOINTS_DIR")
    return Path(given) if given else Path(__file__).parents[1] / "checkpoints"


def read_shelf(folder: Path | None = None) -> list[ShelfEntry]:
    """List every checkpoint folder by name; a bad one is listed with its reason.

    Hidden folders and runs in progress (``*.run``) are no checkpoints and are left out, and so
    are loose files. A missing shelf is an empty one.
    """
    folder = shelf_folder() if folder is None else folder
    if not folder.is_dir():
        return []
    names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    return [
        _read_entry(folder / name)
        for name in names
        if not name.startswith((".", "__")) and not name.endswith(".run")
    ]


def find_checkpoint(name: str | Path) -> Card:
    """Return the card of a checkpoint given by its folder or by its name on the shelf.

    Raises:
        CheckpointError: if there is none, or it is not usable; the message lists the shelf.
    """
    path = Path(name)
    if path.is_dir():
        return read_card(path)
    on_shelf = shelf_folder() / path.name
    if str(name) == path.name and on_shelf.is_dir():
        return read_card(on_shelf)
    known = ", ".join(entry.name for entry in read_shelf() if entry.ok) or "nothing"
    raise CheckpointError(f"no checkpoint {str(name)!r}; on the shelf: {known}")


def _read_entry(path: Path) -> ShelfEntry:
    try:
        card = read_card(path)
    except CheckpointError as error:
        return ShelfEntry(path.name, path, False, str(error), None)
    except OSError as error:
        return ShelfEntry(path.name, path, False, f"cannot be read: {error.strerror}", None)
    return ShelfEntry(path.name, path, True, "", card)
