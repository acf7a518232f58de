"""What a page asks Python through its component's state: answered once each, kept in the session.

A question is {"sequence", "model", ...}: a number that grows, and the checkpoint's id. The answer
stays until the next one, so that drawing the page again costs nothing.
"""

from __future__ import annotations

__all__ = ["Answer", "answer", "as_sentence"]

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st

from vae.checkpoints import Card

Value = TypeVar("Value")


@dataclass(frozen=True)
class Answer(Generic[Value]):
    """An answer to a page.

    Attributes:
        sequence: Number of its question.
        checkpoint: Id of the model that was asked about.
        value: The answer, None where there is none.
        error: Why, in a sentence for the visitor.
    """

    sequence: int
    checkpoint: str
    value: Value | None
    error: str = ""


def answer(
    component: str, name: str, card: Card, work: Callable[[dict], Value]
) -> Answer[Value] | None:
    """Return the answer to the newest question of a name about a model, None before any.

    Args:
        component: Session key of the component that asks.
        name: Name of the question in its state.
        card: The model on the page.
        work: Answers a question; a ValueError is a refusal whose message the visitor reads.
    """
    key = f"{component}-{name}-answer"
    kept: Answer[Value] | None = st.session_state.get(key)
    ask = st.session_state.get(component, {}).get(name)
    if _is_new(ask, card, kept):
        try:
            kept = Answer(ask["sequence"], card.id, work(ask))
        except ValueError as error:
            kept = Answer(ask["sequence"], card.id, None, as_sentence(error))
        st.session_state[key] = kept
    return kept if kept is not None and kept.checkpoint == card.id else None


def as_sentence(error: Exception) -> str:
    """Return an error's message with a capital letter and a full stop."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _is_new(ask: object, card: Card, kept: Answer | None) -> bool:
    if not isinstance(ask, dict) or ask.get("model") != card.id:
        return False
    sequence = ask.get("sequence")
    return type(sequence) is int and (kept is None or sequence != kept.sequence)
