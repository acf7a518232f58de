"""What live components are given of the model on the page, and answers to what they ask."""

from __future__ import annotations

__all__ = ["engines_of", "finite", "model_of", "reply_of", "setting_of"]

import time

import numpy as np
import streamlit as st

from ui import cache, state
from ui.live import route
from ui.live.engine import ENGINE
from ui.live.files import engine_address, graph_address
from ui.live.protocol import MAX_CODES
from ui.live.tokens import LIFETIME_SECONDS, SIGNER
from ui.live.values import Setting
from ui.originals import originals_of
from ui.summaries import GALLERY
from ui.uploads import read_pictures
from vae.checkpoints import Card
from vae.latent import MAX_COORDINATE


def setting_of(card: Card, component: str) -> Setting:
    """Return what a component with this session key is given of a model."""
    return Setting(
        model=model_of(card),
        engines=engines_of(card),
        examples=cache.examples(card.id, card),
        gallery=GALLERY,
        originals=originals_of(card, component),
        errors=cache.errors(card.id, card),
        paper=cache.paper(card.id, card),
        picture=read_pictures(card, component),
        reply=reply_of(card, component, "ask"),
    )


def model_of(card: Card) -> dict:
    """What the page must know of a model."""
    channels, height, width = card.model.image_shape
    return {
        "id": card.id,
        "name": card.name,
        "height": height,
        "width": width,
        "channels": channels,
        "dims": card.model.latent_dim,
        "prior": card.model.kind == "vae",
    }


def engines_of(card: Card) -> dict:
    """Return where the page can have pictures decoded; a host without routes has no addresses."""
    socket = route.address()
    in_page = bool(socket) and ENGINE.state != "off" and "decoder.onnx" in card.sha256
    return {
        "socket": socket,
        "engine": engine_address() if in_page else "",
        "graph": graph_address(card.id) if in_page else "",
        "token": _token(),
    }


def _token() -> str:
    """Return this visitor's token for the socket, a new one when half its time is over."""
    allowed = sorted(card.id for card in cache.shelf().cards)
    ids, until, token = st.session_state.get(state.TOKEN, ([], 0.0, ""))
    if ids != allowed or until - time.time() < LIFETIME_SECONDS / 2:
        token = SIGNER.sign(allowed)
        st.session_state[state.TOKEN] = (allowed, time.time() + LIFETIME_SECONDS, token)
    return token


def reply_of(card: Card, component: str, question: str) -> tuple[int, np.ndarray] | None:
    """Decode or encode what a component asked for where it has no socket."""
    ask = st.session_state.get(component, {}).get(question)
    if not isinstance(ask, dict) or ask.get("model") != card.id:
        return None
    sequence = ask.get("sequence")
    if not isinstance(sequence, int):
        return None
    answer = _encoded(card, ask["pixels"]) if "pixels" in ask else _decoded(card, ask)
    return None if answer is None else (sequence, answer)


def _decoded(card: Card, ask: dict) -> np.ndarray | None:
    count = ask.get("count")
    if not isinstance(count, int) or not 1 <= count <= MAX_CODES:
        return None
    z = finite(ask.get("z"), count * card.model.latent_dim)
    if z is None:
        return None
    return cache.decode(card, np.array(z, dtype=np.float32).reshape(count, -1))


def _encoded(card: Card, values: object) -> np.ndarray | None:
    channels, height, width = card.model.image_shape
    if not isinstance(values, list) or len(values) != channels * height * width:
        return None
    if not all(type(value) is int and 0 <= value <= 255 for value in values):
        return None
    return cache.encode(card, np.array(values, np.uint8).reshape(height, width, channels))


def finite(values: object, count: int) -> list[float] | None:
    """Return the list of ``count`` finite numbers a page sent, None if it is anything else."""
    if not isinstance(values, list) or len(values) != count:
        return None
    if not all(isinstance(value, int | float) for value in values):
        return None
    return values if all(abs(value) <= MAX_COORDINATE for value in values) else None
