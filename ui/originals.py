"""The images behind held-out codes: shown where they are on this machine, fetched on request."""

from __future__ import annotations

__all__ = ["originals_of"]

import threading
from pathlib import Path

import streamlit as st

from ui import cache
from ui.live.values import Originals
from vae.checkpoints import Card
from vae.data import SOURCES, DataError, has_originals, load

# What OpenML sends, compressed.
SIZES = {"mnist": "about 15 MB", "fashion-mnist": "about 40 MB"}
DECODED = "Decoded from their codes"
MEGABYTE = 1_000_000


class _Fetching:
    """Fetches data sets on threads, each once; says how far they are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: dict[str, threading.Thread] = {}
        self._failures: dict[str, str] = {}
        self._before: dict[str, int] = {}

    def start(self, name: str) -> None:
        """Start fetching, unless that is under way."""
        with self._lock:
            if self.is_under_way(name) or has_originals(name):
                return
            self._failures.pop(name, None)
            self._before[name] = _bytes_of_downloads()
            thread = threading.Thread(target=self._fetch, args=(name,), daemon=True)
            self._threads[name] = thread
            thread.start()

    def _fetch(self, name: str) -> None:
        try:
            load(name, "test")
        except DataError as error:
            self._failures[name] = str(error)

    def is_under_way(self, name: str) -> bool:
        thread = self._threads.get(name)
        return thread is not None and thread.is_alive()

    def megabytes(self, name: str) -> float:
        """Return how much has come so far."""
        return max(0, _bytes_of_downloads() - self._before[name]) / MEGABYTE

    def failure(self, name: str) -> str:
        return self._failures.get(name, "")


_FETCHING = _Fetching()


def originals_of(card: Card, component: str) -> Originals:
    """Return the images of a model's first examples, or how they could be had.

    A page that asks to "fetch" them, in the component's state, has them fetched; one that asks to
    "look" learns how far that is.
    """
    name = str(card.data.get("name", ""))
    ask = st.session_state.get(component, {}).get("originals")
    asks = isinstance(ask, dict) and ask.get("model") == card.id
    count = ask["count"] if asks and type(ask.get("count")) is int else 0
    if name in SOURCES and has_originals(name):
        pixels = cache.originals(card.id, card)
        if pixels is not None:
            return Originals("here", f"Originals of {name}", pixels=pixels, count=count)
        return Originals("none", f"{DECODED}: the images of {name} here are others.")
    if name not in SIZES:
        return Originals("none", f"{DECODED}.")
    if asks and ask.get("what") == "fetch":
        _FETCHING.start(name)
    return _state_of(name, count)


def _state_of(name: str, count: int) -> Originals:
    size = SIZES[name]
    if _FETCHING.is_under_way(name):
        so_far = _FETCHING.megabytes(name)
        return Originals("fetching", f"{so_far:.1f} MB of {size} so far", size, count=count)
    failure = _FETCHING.failure(name)
    if failure:
        return Originals("failed", f"{DECODED}: {failure}.", size, count=count)
    return Originals("absent", f"{DECODED}: {name} is not on this machine.", size, count=count)


def _bytes_of_downloads() -> int:
    """Return the size of scikit-learn's downloads, which grow while one comes."""
    from sklearn.datasets import get_data_home

    try:
        folder = Path(get_data_home()) / "openml"
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    except OSError:  # a temporary file went while we looked, or the home cannot be written
        return 0
