"""Emoji pictures: a folder or a zip of them, whichever the user has."""

from __future__ import annotations

__all__ = ["base_emoji", "load_emoji"]

import os
import re
from dataclasses import replace
from pathlib import Path

from vae.data.archives import Archive
from vae.data.errors import DataError
from vae.data.image_set import DATA_DIR, ImageSet
from vae.data.pictures import load_folder, load_zip

IMAGE_SHAPE = (3, 64, 64)
CODE_POINT = re.compile(r"[0-9a-fA-F]{4,6}|00[0-9a-fA-F]{2}")


def load_emoji(split: str) -> ImageSet:
    """Load one split of the emoji in the folder that LATENT_DATA_DIR names.

    They are in a folder or a zip there whose name holds "emoji". Skin tones and genders of one
    emoji stay in one split, so that the held-out ones are new to a model.

    Raises:
        DataError: if there are none.
    """
    folder = os.environ.get(DATA_DIR)
    found = sorted(Path(folder).glob("*emoji*")) if folder else []
    found = [path for path in found if path.is_dir() or path.suffix.lower() == ".zip"]
    if not found:
        raise DataError(
            "emoji are not on this machine; put a folder or zip of PNG emoji, such as Noto Emoji's "
            f"72-pixel ones, into a folder, call it emoji, and set {DATA_DIR} to that folder"
        )
    if found[0].is_dir():
        images = load_folder(found[0], split, IMAGE_SHAPE, group=base_emoji)
    else:
        with Archive(found[0]) as archive:
            images = load_zip(archive, split, IMAGE_SHAPE, group=base_emoji)
    return replace(images, name="emoji")


def base_emoji(file_name: str) -> str:
    """Return the first code point in a file's name: the emoji that it is a variant of.

    Example:
        >>> base_emoji("emoji_u1f44b_1f3fb.png"), base_emoji("1F44B.png"), base_emoji("wave.png")
        ('1f44b', '1f44b', 'wave.png')
    """
    found = CODE_POINT.search(file_name)
    return found[0].lower() if found else file_name
