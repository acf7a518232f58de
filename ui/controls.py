"""Inputs: the live picture with its sliders, tied to session state and to the socket."""

from __future__ import annotations

__all__ = ["explore_point", "start_of"]

import time

import numpy as np
import streamlit as st

from ui import cache, state
from ui.live import route
from ui.live.component import Opening, Slider, explorer
from ui.live.engine import ENGINE
from ui.live.files import engine_address, graph_address
from ui.live.protocol import MAX_CODES
from ui.live.tokens import LIFETIME_SECONDS, SIGNER
from vae.checkpoints import Card
from vae.export.snippet import decoding_snippet
from vae.latent import MAX_COORDINATE
from vae.metrics.meaning import Meaning


def start_of(card: Card) -> np.ndarray:
    """Return the code at which a page shows a model: where the visitor stands, or the origin."""
    z = _known_point(card)
    return np.zeros(card.model.latent_dim, dtype=np.float32) if z is None else z


@st.fragment(key=state.EXPLORER_FRAGMENT)
def explore_point(card: Card) -> None:
    """Draw the live picture of a model; z is in the session when the pointer rests."""
    channels, height, width = card.model.image_shape
    samples = cache.examples(card.id, card)
    dims = cache.dimensions(card.id, card)
    explorer(
        key=state.EXPLORER,
        model={
            "id": card.id,
            "name": card.name,
            "height": height,
            "width": width,
            "channels": channels,
            "prior": card.model.kind == "vae",
        },
        sliders=_sliders(dims, cache.meanings(card.id, card)),
        unit=dims.unit,
        opening=_opening(card),
        examples=samples.z,
        labels=samples.label,
        plane=cache.plane_codes(card.id, card),
        engines=_engines(card),
        parameter=state.POINT_PARAMETER,
        snippet=decoding_snippet(card),
        revision=0,
        focus=st.session_state.get(state.FOCUS),
        reply=_reply(card),
        on_point=_on_point,
    )


def _sliders(dims: cache.Dimensions, meanings: dict[int, Meaning]) -> list[Slider]:
    return [
        Slider(
            dim=int(dim),
            low=round(float(dims.low[dim]), 4),
            high=round(float(dims.high[dim]), 4),
            information=round(float(dims.information[dim]), 4),
            active=bool(dims.active[dim]),
            meaning=_in_words(meanings.get(int(dim))) if dims.active[dim] else "",
        )
        for dim in dims.order
    ]


def _in_words(meaning: Meaning | None) -> str:
    if meaning is None:
        return ""
    return f"{meaning.name} {meaning.correlation:+.2f}".replace("-", "−")


def _known_point(card: Card) -> np.ndarray | None:
    """Return where the visitor stands, or else the code in the address; None where neither is."""
    known = state.point_of(card.id, card.model.latent_dim)
    if known is None and st.query_params.get(state.MODEL_PARAMETER) == card.name:
        linked = _parse(st.query_params.get(state.POINT_PARAMETER, ""), card.model.latent_dim)
        return None if linked is None else np.array(linked, dtype=np.float32)
    return known


def _parse(text: str, count: int) -> list[float] | None:
    """Read numbers with commas between, None where the text is anything else."""
    try:
        return _finite([float(part) for part in text.split(",", count)], count)
    except ValueError:
        return None


def _opening(card: Card) -> Opening:
    known = _known_point(card)
    z = start_of(card)
    return Opening(
        z=z,
        what="the origin: every z is 0" if known is None else "your own point",
        pixels=cache.decode(card, z[None])[0],
        glide_to=0 if known is None else None,
    )


def _engines(card: Card) -> dict:
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


def _reply(card: Card) -> tuple[int, np.ndarray] | None:
    """Decode what the page asked for where it has no socket."""
    ask = st.session_state.get(state.EXPLORER, {}).get("ask")
    if not isinstance(ask, dict) or ask.get("model") != card.id:
        return None
    sequence, count = ask.get("sequence"), ask.get("count")
    if not isinstance(sequence, int) or not isinstance(count, int) or not 1 <= count <= MAX_CODES:
        return None
    z = _finite(ask.get("z"), count * card.model.latent_dim)
    if z is None:
        return None
    return sequence, cache.decode(card, np.array(z, dtype=np.float32).reshape(count, -1))


def _on_point() -> None:
    """Keep the new z and let what depends on it follow."""
    point = st.session_state[state.EXPLORER].get("point")
    for card in cache.shelf().cards:
        if isinstance(point, dict) and point.get("model") == card.id:
            z = _finite(point.get("z"), card.model.latent_dim)
            if z is not None:
                state.remember_point(card.id, z)
    state.draw_again(state.TRAVERSALS)


def _finite(values: object, count: int) -> list[float] | None:
    """Return the list of ``count`` finite numbers a page sent, None if it is anything else."""
    if not isinstance(values, list) or len(values) != count:
        return None
    if not all(isinstance(value, int | float) for value in values):
        return None
    return values if all(abs(value) <= MAX_COORDINATE for value in values) else None
