"""Pay for what the first visitor would otherwise wait for, once a process, on a thread.

Afterwards everything loaded so far is taken out of the garbage collector's sight: Streamlit
collects after every rerun, which takes 75 ms with torch loaded and nothing without.
"""

from __future__ import annotations

__all__ = ["start_warmup"]

import gc
import sys
import threading
from functools import lru_cache

# How long a thread keeps Python to itself: with the usual 5 ms, each of the three steps of a live
# picture waits so long for a visitor's script that computes.
SWITCH_SECONDS = 0.001


@lru_cache(maxsize=1)
def start_warmup() -> threading.Thread:
    """Start warming up, the first time this is called."""
    thread = threading.Thread(target=_warm_up, name="warm-up", daemon=True)
    thread.start()
    return thread


def _warm_up() -> None:
    sys.setswitchinterval(SWITCH_SECONDS)
    from ui.live.engine import ENGINE

    ENGINE.start_fetching()  # first: a page that finds no engine and nobody fetching gives it up
    try:
        import plotly.graph_objects  # noqa: F401

        from ui.cache import shelf

        shelf()
    finally:
        gc.collect()
        gc.freeze()
