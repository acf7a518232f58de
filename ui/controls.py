"""Inputs: the live picture with its sliders, tied to session state and to the socket."""

from __future__ import annotations

__all__ = ["compare_twin", "explore_point", "start_of"]

import time
from dataclasses import replace

import numpy as np
import streamlit as st

from ui import cache, state
from ui.live import route
from ui.live.component import explorer, twin
from ui.live.engine import ENGINE
from ui.live.files import engine_address, graph_address
from ui.live.protocol import MAX_CODES
from ui.live.tokens import LIFETIME_SECONDS, SIGNER
from ui.live.values import Opening, Slider
from ui.originals import originals_of
from ui.summaries import GALLERY, Dimensions
from ui.uploads import read_picture
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
    dims = cache.dimensions(card.id, card)
    explorer(
        key=state.EXPLORER,
        model=_model(card),
        sliders=_sliders(dims, cache.meanings(card.id, card)),
        unit=dims.unit,
        opening=_opening(card),
        examples=cache.examples(card.id, card),
        plane=cache.plane_codes(card.id, card),
        errors=cache.errors(card.id, card),
        paper=cache.paper(card.id, card),
        gallery=GALLERY,
        originals=originals_of(card),
        engines=_engines(card),
        parameters=(state.POINT_PARAMETER, state.VIEW_PARAMETER),
        snippet=decoding_snippet(card),
        focus=st.session_state.get(state.FOCUS),
        picture=read_picture(card),
        reply=_reply(card, state.EXPLORER, "ask"),
        on_point=_on_point,
        on_question=_on_question,
    )


@st.fragment
def compare_twin(card: Card) -> None:
    """Draw the plane of a model beside that of its twin, if it has two dimensions and a twin."""
    pair = _twins(card)
    if pair is None:
        return
    st.subheader("The same network, with and without the KL", anchor=False)
    st.markdown(
        "Both networks have the same layers, seed and training images. The KL term pulls the VAE's "
        "codes together around the origin, so that places between them decode to something too; "
        "those of the autoencoder spread as they like and leave holes, in which it draws what it "
        "never saw. That is why points picked at random give new pictures from a VAE and not from "
        "an autoencoder: move over either plane."
    )
    twin(
        key=state.TWIN,
        models=[_model(one) for one in pair],
        titles=["VAE" if one.model.kind == "vae" else "Autoencoder" for one in pair],
        planes=[cache.plane_codes(one.id, one) for one in pair],
        firsts=[cache.decode(one, np.zeros((1, 2), np.float32))[0] for one in pair],
        engines=[_engines(one) for one in pair],
        replies=[_reply(one, state.TWIN, f"ask{k}") for k, one in enumerate(pair)],
    )
    count = len(cache.plane_codes(card.id, card).mean)
    st.caption(
        f"Dots: the codes of {count:,} held-out images in each, coloured by label; circles: the "
        "prior at 1, 2 and 3 sigma. Both pictures are what the cursor's place decodes to."
    )


def _twins(card: Card) -> tuple[Card, Card] | None:
    """Return a VAE and the autoencoder that differs from it in nothing else, in this order."""
    if card.model.latent_dim != 2:
        return None
    for other in cache.shelf().cards:
        is_same = replace(card.model, kind=other.model.kind) == other.model
        is_alike = (other.data.get("name"), other.seed) == (card.data.get("name"), card.seed)
        if is_same and is_alike and other.model.kind != card.model.kind:
            return (card, other) if card.model.kind == "vae" else (other, card)
    return None


def _model(card: Card) -> dict:
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


def _sliders(dims: Dimensions, meanings: dict[int, Meaning]) -> list[Slider]:
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


def _reply(card: Card, component: str, question: str) -> tuple[int, np.ndarray] | None:
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
    z = _finite(ask.get("z"), count * card.model.latent_dim)
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


def _on_point() -> None:
    """Keep the new z and let what depends on it follow."""
    point = st.session_state[state.EXPLORER].get("point")
    for card in cache.shelf().cards:
        if isinstance(point, dict) and point.get("model") == card.id:
            z = _finite(point.get("z"), card.model.latent_dim)
            if z is not None:
                state.remember_point(card.id, z)
    state.draw_again(state.TRAVERSALS)


def _on_question() -> None:
    """Answer, even if a point that came with the question lets something else be drawn."""
    state.draw_again(state.EXPLORER_FRAGMENT)


def _finite(values: object, count: int) -> list[float] | None:
    """Return the list of ``count`` finite numbers a page sent, None if it is anything else."""
    if not isinstance(values, list) or len(values) != count:
        return None
    if not all(isinstance(value, int | float) for value in values):
        return None
    return values if all(abs(value) <= MAX_COORDINATE for value in values) else None
