"""How components become known to Streamlit: markup, styles and modules joined, once each."""

from __future__ import annotations

__all__ = ["QUESTIONS", "hearing", "register"]

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from ui.live.bundle import bundle

HERE = Path(__file__).parent
# What every component with a Setting may ask.
QUESTIONS = ("ask", "picture", "originals")
PART = re.compile(r"<!-- (\w+\.html) -->")


def register(name: str, *styles: str) -> Callable:
    """Register a component made of the HTML file and entry module of its name, and styles.

    The file may say ``<!-- part.html -->`` for a part that several components have.
    """
    html = PART.sub(lambda match: _read(match[1]), _read(f"{name}.html"))
    sheets = [(HERE / "css" / f"{style}.css").read_text(encoding="utf-8") for style in styles]
    return st.components.v2.component(
        f"latent_{name}",
        html=html,
        css="\n".join(sheets),
        js=bundle(HERE / "js" / f"{name}.js"),
    )


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def hearing(names: Sequence[str], heard: Callable[[], None]) -> dict[str, Callable[[], None]]:
    """Streamlit's callbacks for these names of a component's state."""
    return {f"on_{name}_change": heard for name in names}
