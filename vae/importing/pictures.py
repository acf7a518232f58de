"""Strangers' pictures, read apart."""

from __future__ import annotations

__all__ = ["MAX_PICTURES", "read_stranger", "read_strangers"]

import numpy as np
from PIL import Image

from vae.data import DataError
from vae.data.archives import Archive
from vae.data.errors import safe_label
from vae.data.image_set import WHOLE
from vae.data.images import MAX_BYTES, decode_image
from vae.data.npz import NpzFile
from vae.data.picture_files import is_picture
from vae.data.tables import holds_arrays, load_npz
from vae.importing.sandbox import Answer, Limits, run_apart

# Of a large photograph this much is kept: models have at most 128 pixels a side.
KEPT_SIDE = 512
# Of a zip or an npz file, as many as a page can lay out.
MAX_PICTURES = 12
NAMES_SHOWN = 3
ZIP = b"PK\3\4"
LIMITS = Limits(seconds=10, memory=2 << 30)


def read_stranger(content: bytes) -> tuple[np.ndarray, str]:
    """Read a picture in a process of its own, at most 512 pixels a side.

    Args:
        content: The file: PNG, JPEG, WebP, GIF or BMP.

    Returns:
        Array (H, W, 1) or (H, W, 3) uint8, and sentences that say what was done to it.

    Raises:
        DataError: if it is no such picture, damaged, or too much for its process.
    """
    values, (image,) = run_apart(_read, content, LIMITS)
    return image, str(values["notes"])


def read_strangers(content: bytes) -> tuple[list[np.ndarray], str]:
    """Read a file that may hold several pictures in a process of its own.

    Args:
        content: A picture; or a zip of pictures, of which the first twelve by name are taken; or
            an npz file, of which the first twelve images are.

    Returns:
        Arrays (H, W, 1) or (H, W, 3) uint8, and sentences that say what was done to them.

    Raises:
        DataError: if there is no picture in it, or it is too much for its process.
    """
    read = _read_archive if content.startswith(ZIP) else _read
    values, images = run_apart(read, content, LIMITS)
    return images, str(values["notes"])


def _read(content: bytes) -> Answer:
    image, notes = decode_image(content)
    return {"notes": " ".join(sorted(notes))}, [_kept(image)]


def _read_archive(content: bytes) -> Answer:
    with Archive(content) as archive:
        if holds_arrays(archive):
            return _read_arrays(archive)
        return _read_pictures(archive)


def _read_arrays(archive: Archive) -> Answer:
    images = load_npz(NpzFile(archive), WHOLE)
    taken = images.pixels[:MAX_PICTURES].transpose(0, 2, 3, 1)
    notes = [*images.preprocessing, *_limit_note(len(images))]
    return {"notes": " ".join(notes)}, [np.ascontiguousarray(image) for image in taken]


def _read_pictures(archive: Archive) -> Answer:
    entries = [entry for entry in archive.entries if is_picture(entry.filename)]
    entries = [entry for entry in entries if not entry.filename.startswith("__MACOSX")]
    if not entries:
        raise DataError("the zip has no PNG, JPEG, WebP, GIF or BMP pictures in it")
    images, notes, skipped = [], set(), []
    for entry in sorted(entries, key=lambda entry: entry.filename):
        if len(images) == MAX_PICTURES:
            break
        try:
            image, said = decode_image(bytes(archive.read(entry, MAX_BYTES + 1)))
        except DataError as error:
            skipped.append((safe_label(entry.filename), str(error)))
            continue
        images.append(_kept(image))
        notes |= said
    if not images:
        name, reason = skipped[0]
        raise DataError(f"none of the {len(entries)} pictures can be read; {name}: {reason}")
    sentences = [*sorted(notes), *_limit_note(len(entries) - len(skipped))]
    if skipped:
        shown = ", ".join(name for name, _ in skipped[:NAMES_SHOWN])
        sentences.append(f"{len(skipped)} could not be read: {shown}.")
    return {"notes": " ".join(sentences)}, images


def _limit_note(count: int) -> list[str]:
    return [f"The first {MAX_PICTURES} of {count} were taken."] if count > MAX_PICTURES else []


def _kept(image: np.ndarray) -> np.ndarray:
    if max(image.shape[:2]) <= KEPT_SIDE:
        return image
    picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    picture.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    return np.asarray(picture).reshape(picture.height, picture.width, image.shape[2])
