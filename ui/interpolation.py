"""Corners and the ways between them, tied to session state."""

from __future__ import annotations

__all__ = ["interpolate_corners"]

import numpy as np
import streamlit as st

from ui import cache, state
from ui.live.component import morph
from ui.live.values import File, Ways
from ui.questions import Answer, answer
from ui.setting import setting_of
from ui.summaries import GALLERY
from ui.ways import find_direction, find_ways, make_file, refine_code
from vae.checkpoints import Card
from vae.export.snippet import interpolation_snippet


@st.fragment(key=state.MORPH_FRAGMENT)
def interpolate_corners(card: Card) -> None:
    """Draw corners and the ways between them; what a page asks is answered once."""
    ways = answer(state.MORPH, "ways", card, lambda ask: find_ways(card, ask))
    found = ways.value if ways is not None else None
    if found is not None:
        state.remember_corners(card.id, found.corners.tolist())
    usual = _usual_corners(card)
    known = state.corners_of(card.id, card.model.latent_dim)
    morph(
        key=state.MORPH,
        setting=setting_of(card, state.MORPH),
        corners=known if known is not None else usual,
        usual=usual,
        labels=_classes(card),
        has_group=state.group_of(card.id) is not None,
        parameters=(state.CORNERS_PARAMETER, state.WAY_PARAMETER),
        snippet=interpolation_snippet(card),
        ways=ways,
        refined=answer(state.MORPH, "refine", card, lambda ask: refine_code(card, ask)),
        concept=answer(state.MORPH, "concept", card, lambda ask: find_direction(card, ask)),
        file=_file(card, found),
        on_question=_on_question,
    )


def _file(card: Card, ways: Ways | None) -> Answer[File] | None:
    """Return the file that was asked for, as long as the page still waits for it."""
    if not st.session_state.get(state.MORPH, {}).get("file"):
        return None
    return answer(state.MORPH, "file", card, lambda ask: make_file(card, ask, ways))


def _usual_corners(card: Card) -> np.ndarray:
    """Return two codes to begin with: reconstructed well, as far from each other as can be."""
    examples = cache.examples(card.id, card)
    mean, error = examples.mean[:GALLERY], examples.error[:GALLERY]
    if len(mean) < 2:
        return np.concatenate([mean, -mean])
    good = mean[np.argsort(error)[: max(2, len(mean) // 2)]]
    distances = np.linalg.norm(good[:, None] - good, axis=2)
    return good[list(np.unravel_index(distances.argmax(), distances.shape))]


def _classes(card: Card) -> tuple[str, ...]:
    """Return the names of the classes, none where held-out codes have no labels."""
    codes = cache.table(card.id, card)
    return () if codes.label is None else codes.label_names


def _on_question() -> None:
    state.draw_again(state.MORPH_FRAGMENT)
