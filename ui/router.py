"""The app's script: the list of pages. Every page draws its own frame with ``shell.begin``."""

from __future__ import annotations

__all__ = ["draw", "page_path"]

from pathlib import Path

import streamlit as st

from ui.shell import ICON
from ui.warmup import start_warmup

# File in pages/, title, icon.
PAGES = (
    ("explore", "Explore", ":material/explore:"),
    ("interpolate", "Interpolate", ":material/timeline:"),
    ("map", "Map", ":material/scatter_plot:"),
    ("models", "Models", ":material/grid_view:"),
)


def page_path(name: str) -> Path:
    """Return the file of a page; absolute, since pages are not beside this script."""
    return Path(__file__).parents[1] / "pages" / f"{name}.py"


def draw() -> None:
    """Run the page that the address names."""
    start_warmup()
    # Before the navigation, which would otherwise fetch the page's icon from another server.
    st.set_page_config(page_icon=str(ICON))
    pages = [st.Page(page_path(name), title=title, icon=icon) for name, title, icon in PAGES]
    st.navigation(pages).run()


# Streamlit runs a script under this name, again at every rerun.
if __name__ == "__main__":
    draw()
