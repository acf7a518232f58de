"""A visitor's own pictures: read, prepared, and handed back as the encoder sees them.

The page sends a file's bytes once; small copies of the last few stay in the session, so that
another cut or an inversion needs no second upload.
"""

from __future__ import annotations

__all__ = ["read_pictures"]

import base64
import threading

import numpy as np
import streamlit as st

from ui.live.values import Reading
from ui.questions import Answer, answer
from vae.checkpoints import Card
from vae.data import DataError, Preparation, prepare_image
from vae.data.images import MAX_BYTES
from vae.importing.pictures import MAX_PICTURES, read_strangers

# As many as a page lays out; those that came before are forgotten.
MAX_UPLOADS = 8
# Each file has a process of its own while it is read: only so many at once.
_ROOM = threading.Semaphore(2)
UNREADABLE = "the file could not be read; give a PNG, JPEG, WebP, GIF or BMP picture"


def read_pictures(card: Card, component: str) -> Answer[Reading] | None:
    """Return what became of the pictures that this visitor sent last, None before any.

    The component's state holds under "picture" {"sequence", "model", "files"}, with the files in
    base64, or {"sequence", "model", "of", "pick"}: the upload's sequence and which of its pictures
    to prepare anew; and "turns", "whole", "contrast" and "invert".
    """
    return answer(component, "picture", card, lambda ask: _read(ask, card, component))


def _read(ask: dict, card: Card, component: str) -> Reading:
    how = Preparation(
        turns=ask.get("turns"),
        **{name: ask.get(name) is True for name in ("whole", "contrast", "invert")},
    )
    uploads = st.session_state.setdefault(f"{component}-uploads", {})
    if "files" in ask:
        images, notes = _read_files(ask["files"])
        uploads[ask["sequence"]] = images
        for oldest in sorted(uploads)[:-MAX_UPLOADS]:
            del uploads[oldest]
    else:
        images, notes = [_picked(uploads, ask)], ""
    shape = card.model.image_shape
    prepared = [prepare_image(image, shape, how).transpose(1, 2, 0) for image in images]
    return Reading(np.stack(prepared), notes)


def _picked(uploads: dict[int, list[np.ndarray]], ask: dict) -> np.ndarray:
    """Return a picture of an earlier upload."""
    of, pick = ask.get("of"), ask.get("pick")
    images = uploads.get(of, ()) if type(of) is int else ()
    if type(pick) is not int or not 0 <= pick < len(images):
        raise DataError("choose a picture first")
    return images[pick]


def _read_files(files: object) -> tuple[list[np.ndarray], str]:
    """Read files that came as base64; return their pictures and what was done to them."""
    if not isinstance(files, list) or not files:
        raise DataError(UNREADABLE)
    images, notes, errors = [], [], []
    for file in files[:MAX_PICTURES]:
        try:
            content = _decoded(file)
            with _ROOM:
                some, said = read_strangers(content)
        except DataError as error:
            errors.append(error)
            continue
        images += some
        notes.append(said)
    if not images:
        raise errors[0]
    if errors:
        notes.append(f"{len(errors)} of {len(files)} files could not be read: {errors[0]}.")
    return images[:MAX_PICTURES], " ".join(dict.fromkeys(filter(None, notes)))


def _decoded(text: object) -> bytes:
    if not isinstance(text, str) or len(text) > MAX_BYTES * 4 // 3 + 4:
        raise DataError(UNREADABLE)
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise DataError("the file arrived damaged; send it again") from error
