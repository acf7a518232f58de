"""The map of a model's codes, tied to session state."""

from __future__ import annotations

__all__ = ["explore_map"]

from contextlib import suppress
from dataclasses import replace

import streamlit as st

from ui import cache, state
from ui.atlas import METHODS, map_for, opening_method, shade_names
from ui.live.map_component import map_page
from ui.live.map_values import Choices, MapView
from ui.live.values import File
from ui.map_answers import (
    find_layer,
    find_original,
    judge,
    look_at_group,
    make_table,
    weigh_own,
)
from ui.map_sources import TRAIN, source_names
from ui.questions import Answer, answer
from ui.setting import setting_of
from vae.checkpoints import Card
from vae.export.snippet import map_snippet


@st.fragment(key=state.MAP_FRAGMENT)
def explore_map(card: Card) -> None:
    """Draw the map of a model's held-out codes; what a page asks is answered once."""
    asked = answer(state.MAP, "map", card, lambda ask: _asked_for(card, ask))
    view = asked.value if asked is not None and asked.value is not None else _opening(card)
    work = {
        "weigh": lambda ask: weigh_own(card, ask),
        "group": lambda ask: look_at_group(card, view, ask),
        "judge": lambda ask: judge(view),
        "layer": lambda ask: find_layer(view, ask),
        "original": lambda ask: find_original(card, view, ask),
    }
    map_page(
        key=state.MAP,
        setting=setting_of(card, state.MAP),
        view=view,
        asked=None if asked is None else replace(asked, value=None),
        choices=_choices(card),
        column=_column_asked_for(card),
        answers={name: answer(state.MAP, name, card, make) for name, make in work.items()},
        file=_file(card, view),
        parameter=state.MAP_PARAMETER,
        snippet=map_snippet(card, view.projection.settings, view.source == TRAIN),
        on_question=_on_question,
    )


def _asked_for(card: Card, ask: dict) -> MapView:
    view = map_for(card, ask, state.visitor())
    if view.progress is None:
        state.remember_map(card.id, {name: ask.get(name) for name in ("source", "method", "dims")})
    return view


def _opening(card: Card) -> MapView:
    """Return the map that this visitor had last, or the address names, or the usual one."""
    for ask in (state.map_of(card.id), _linked(), {"method": opening_method(card)}):
        if ask is not None:
            with suppress(ValueError):
                return map_for(card, ask, state.visitor())
    return map_for(card, {"method": "pca"}, state.visitor())


def _linked() -> dict | None:
    """Return what the address asks for: "raw,0,3,label" or "pca,kl,train"."""
    method, *rest = st.query_params.get(state.MAP_PARAMETER, "").split(",")
    if not method:
        return None
    source = TRAIN if TRAIN in rest else None
    dims = [int(dim) for dim in rest[:2] if dim.isdecimal() and len(dim) < 4]
    return {"source": source, "method": method} | ({"dims": dims} if method == "raw" else {})


def _choices(card: Card) -> Choices:
    dims = cache.dimensions(card.id, card)
    shades = shade_names(card)
    linked = st.query_params.get(state.MAP_PARAMETER, "").split(",")[1:]
    names = [name for name, _ in shades if name in linked]
    return Choices(
        sources=source_names(card),
        methods=METHODS if card.model.latent_dim > 1 else (("pca", dict(METHODS)["pca"]),),
        shades=shades,
        shade=names[0] if names else shades[0][0],
        order=tuple(int(dim) for dim in dims.order),
    )


def _column_asked_for(card: Card) -> str:
    """Return the column that a page without routes asked for last."""
    ask = st.session_state.get(state.MAP, {}).get("column")
    is_ours = isinstance(ask, dict) and ask.get("model") == card.id
    return str(ask.get("name")) if is_ours else ""


def _file(card: Card, view: MapView) -> Answer[File] | None:
    """Return the file that was asked for, as long as the page still waits for it."""
    if not st.session_state.get(state.MAP, {}).get("file"):
        return None
    return answer(state.MAP, "file", card, lambda ask: make_table(card, view, ask))


def _on_question() -> None:
    state.draw_again(state.MAP_FRAGMENT)
