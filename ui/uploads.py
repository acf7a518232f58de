"""A visitor's own picture: read, prepared, and handed back as the encoder sees it.

The page sends the file's bytes once; a small copy stays in the session, so that another cut or an
inversion needs no second upload.
"""

from __future__ import annotations

__all__ = ["read_picture"]

import base64
import threading
from dataclasses import dataclass

import numpy as np
import streamlit as st

from ui import state
from ui.live.values import Reading
from vae.checkpoints import Card
from vae.data import DataError, Preparation, prepare_image
from vae.data.images import MAX_BYTES
from vae.importing.pictures import read_stranger

# Each picture has a process of its own while it is read: only so many at once.
_ROOM = threading.Semaphore(2)


@dataclass(frozen=True)
class _Kept:
    """The last answer, and the picture behind it."""

    checkpoint: str
    reading: Reading
    image: np.ndarray | None
    notes: str


def read_picture(card: Card) -> Reading | None:
    """Return what became of the picture that this visitor sent for a model, None before any."""
    ask = st.session_state.get(state.EXPLORER, {}).get("picture")
    kept: _Kept | None = st.session_state.get(state.PICTURE)
    if _is_new(ask, card, kept):
        kept = st.session_state[state.PICTURE] = _answer(ask, card, kept)
    return kept.reading if kept is not None and kept.checkpoint == card.id else None


def _is_new(ask: object, card: Card, kept: _Kept | None) -> bool:
    """Whether a page asks something about a picture that has no answer yet."""
    if not isinstance(ask, dict) or ask.get("model") != card.id:
        return False
    sequence = ask.get("sequence")
    return type(sequence) is int and (kept is None or sequence != kept.reading.sequence)


def _answer(ask: dict, card: Card, kept: _Kept | None) -> _Kept:
    image, notes = (None, "") if kept is None else (kept.image, kept.notes)
    sequence = ask["sequence"]
    try:
        if "file" in ask:
            image, notes = _read(ask["file"])
        if image is None:
            raise DataError("choose a picture first")
        how = Preparation(
            turns=ask.get("turns"),
            **{name: ask.get(name) is True for name in ("whole", "contrast", "invert")},
        )
        pixels = prepare_image(image, card.model.image_shape, how).transpose(1, 2, 0)
    except DataError as error:
        text = str(error)
        refusal = Reading(sequence, None, error=f"{text[:1].upper()}{text[1:]}.")
        return _Kept(card.id, refusal, None if "file" in ask else image, notes)
    return _Kept(card.id, Reading(sequence, np.ascontiguousarray(pixels), notes), image, notes)


def _read(text: object) -> tuple[np.ndarray, str]:
    """Read a file that came as base64; return the picture and what was done to it."""
    if not isinstance(text, str) or len(text) > MAX_BYTES * 4 // 3 + 4:
        raise DataError("the file could not be read; give a PNG, JPEG, WebP, GIF or BMP picture")
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise DataError("the file arrived damaged; send it again") from error
    with _ROOM:
        return read_stranger(content)
