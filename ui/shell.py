"""The frame around every page: title, sidebar, model picker; a friendly stop without a model."""

from __future__ import annotations

__all__ = ["begin", "describe", "explain_empty_shelf", "title_of"]

import math
from pathlib import Path

import streamlit as st

from ui import cache, state
from ui.live.component import model_picker
from vae.checkpoints import Card

STYLE = Path(__file__).parent / "style.css"
LOGO = Path(__file__).parent / "logo.svg"
ICON = Path(__file__).parent / "icon.svg"
DEFAULT_MODEL = "mnist-2d"


def begin(title: str, *, needs_model: bool = True) -> Card | None:
    """Draw the frame of a page and return the chosen model.

    Args:
        title: The page's title.
        needs_model: Stop the page with a few words where no model can be used.
    """
    name = f"{title} · Latent Explorer"
    st.set_page_config(page_title=name, page_icon=str(ICON), layout="wide")
    st.html(STYLE)
    st.logo(str(LOGO), size="large", icon_image=str(ICON))
    shelf = cache.shelf()
    card, notice = _choose(shelf.cards)
    if shelf.cards:
        with st.sidebar:
            _draw_picker(shelf.cards, card)
    st.title(title, anchor=False)
    if notice:
        st.info(notice, icon=":material/info:")
    if card is None and needs_model:
        _stop(has_broken=bool(shelf.broken))
    return card


def title_of(card: Card) -> str:
    """Return what people read for a checkpoint: its title, or its name."""
    return card.title.strip() or card.name


def describe(card: Card) -> str:
    """Return the facts of a model in one line."""
    channels, height, width = card.model.image_shape
    kind = {"vae": "VAE", "autoencoder": "autoencoder"}[card.model.kind]
    colour = "" if channels == 1 else " RGB"
    return f"{kind} · {height}×{width}{colour} · {card.model.latent_dim}-D"


def explain_empty_shelf() -> None:
    """Say where models come from."""
    st.subheader("There is no model to explore yet", anchor=False)
    st.markdown(
        "Models live in the folder `checkpoints`, a folder each. Train one with "
        "`python -m vae train`, or copy one there, then reload this page."
    )


def _choose(cards: tuple[Card, ...]) -> tuple[Card | None, str]:
    """Return the card that the address names, and a notice where it names none of ours.

    Streamlit empties the query when the page is switched, so an address without a name means the
    model that was chosen before; the picker writes it into the address again.
    """
    by_name = {card.name: card for card in cards}
    if not by_name:
        return None, ""
    asked = st.query_params.get(state.MODEL_PARAMETER)
    name = st.session_state.get(state.MODEL) if asked is None else asked
    notice = ""
    if name not in by_name:
        name = DEFAULT_MODEL if DEFAULT_MODEL in by_name else next(iter(by_name))
        if asked is not None:
            st.query_params[state.MODEL_PARAMETER] = name
            notice = "The address names a model that is not on this shelf; here is another one."
    st.session_state[state.MODEL] = name
    return by_name[name], notice


def _draw_picker(cards: tuple[Card, ...], chosen: Card) -> None:
    st.caption("Model")
    models = [
        {
            "name": card.name,
            "title": title_of(card),
            "line": describe(card),
            "picture": cache.thumbnail(card.id, card, 2, 2, _thumbnail_scale(card)),
        }
        for card in cards
    ]
    model_picker(
        key=state.SHELF,
        models=models,
        chosen=chosen.name,
        parameter=state.MODEL_PARAMETER,
        on_choice=_on_choice,
    )


def _thumbnail_scale(card: Card) -> int:
    """Enlarge small pictures, so that the browser shrinks rather than enlarges them."""
    return max(1, math.ceil(96 / (2 * max(card.model.image_shape[1:]))))


def _on_choice() -> None:
    name = st.session_state[state.SHELF].get("name")
    if isinstance(name, str):
        st.query_params.from_dict({state.MODEL_PARAMETER: name})  # without the other's point


def _stop(*, has_broken: bool) -> None:
    explain_empty_shelf()
    if has_broken:
        st.markdown("Some folders are there but cannot be used; the page **Models** says why.")
    st.stop()
