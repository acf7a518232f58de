"""Inputs: the live picture with its sliders, tied to session state and to the socket."""

from __future__ import annotations

__all__ = ["compare_twin", "explore_point", "start_of"]

from dataclasses import replace

import numpy as np
import streamlit as st

from ui import cache, state
from ui.live.component import explorer, twin
from ui.live.values import Opening, Slider
from ui.setting import engines_of, finite, model_of, reply_of, setting_of
from ui.summaries import Dimensions
from vae.checkpoints import Card
from vae.export.snippet import decoding_snippet
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
        setting=setting_of(card, state.EXPLORER),
        sliders=_sliders(dims, cache.meanings(card.id, card)),
        unit=dims.unit,
        opening=_opening(card),
        plane=cache.plane_codes(card.id, card),
        parameters=(state.POINT_PARAMETER, state.VIEW_PARAMETER),
        snippet=decoding_snippet(card),
        focus=st.session_state.get(state.FOCUS),
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
        models=[model_of(one) for one in pair],
        titles=["VAE" if one.model.kind == "vae" else "Autoencoder" for one in pair],
        planes=[cache.plane_codes(one.id, one) for one in pair],
        firsts=[cache.decode(one, np.zeros((1, 2), np.float32))[0] for one in pair],
        engines=[engines_of(one) for one in pair],
        replies=[reply_of(one, state.TWIN, f"ask{k}") for k, one in enumerate(pair)],
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
        return finite([float(part) for part in text.split(",", count)], count)
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


def _on_point() -> None:
    """Keep the new z and let what depends on it follow."""
    point = st.session_state[state.EXPLORER].get("point")
    for card in cache.shelf().cards:
        if isinstance(point, dict) and point.get("model") == card.id:
            z = finite(point.get("z"), card.model.latent_dim)
            if z is not None:
                state.remember_point(card.id, z)
    state.draw_again(state.TRAVERSALS)


def _on_question() -> None:
    """Answer, even if a point that came with the question lets something else be drawn."""
    state.draw_again(state.EXPLORER_FRAGMENT)
