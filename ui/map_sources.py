"""Whose codes a map shows: of held-out images, or of those that the model learned from."""

from __future__ import annotations

__all__ = ["HELD_OUT", "TRAIN", "codes_of", "source_names"]

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from ui import cache
from ui.live.map_values import Progress
from vae.checkpoints import Card
from vae.data import SOURCES, has_originals
from vae.encoded_sources import encode_source
from vae.encoding import LatentTable

HELD_OUT, TRAIN = "held-out", "train"
MAX_KEPT = 4


class _Encoding:
    """The training images of a model, being encoded."""

    def __init__(self, card: Card, thread: ThreadPoolExecutor) -> None:
        self.done, self.total = 0, 0
        self.table: Future[LatentTable] = thread.submit(self._encode, card)

    def _encode(self, card: Card) -> LatentTable:
        table = encode_source(card, card.data["name"], split=TRAIN, on_progress=self._tell).table
        return table.subset(np.random.default_rng(0).permutation(len(table)))

    def _tell(self, done: int, total: int) -> bool:
        self.done, self.total = done, total
        return True


class _Encodings:
    """Encodes for everybody, one model after the other."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="encoding")
        self._kept: dict[str, _Encoding] = {}
        self._lock = threading.Lock()

    def look(self, card: Card) -> _Encoding:
        with self._lock:
            known = self._kept.pop(card.id, None)
            if known is None or (known.table.done() and known.table.exception() is not None):
                known = _Encoding(card, self._thread)
            self._kept[card.id] = known
            finished = [name for name, one in self._kept.items() if one.table.done()]
            for oldest in finished[: max(0, len(self._kept) - MAX_KEPT)]:
                del self._kept[oldest]
            return known


_ENCODINGS = _Encodings()


def source_names(card: Card) -> tuple[tuple[str, str], ...]:
    """Return whose codes can be shown, names and titles; training images where they are here."""
    name = str(card.data.get("name", ""))
    sources = ((HELD_OUT, "held-out images"),)
    if name in SOURCES and has_originals(name) and card.data.get("sizes", {}).get(TRAIN):
        return (*sources, (TRAIN, "training images"))
    return sources


def codes_of(card: Card, source: object) -> LatentTable | Progress:
    """Return the codes of a source in random order, or how far they are.

    Raises:
        ValueError: if it is another source, or its images cannot be had.
    """
    if source in (None, HELD_OUT):
        return cache.held_out(card.id, card)
    names = [name for name, _ in source_names(card)]
    if source not in names:
        raise ValueError(f"source is {source!r}; choose one of {', '.join(names)}")
    encoding = _ENCODINGS.look(card)
    if encoding.table.done():
        return encoding.table.result()
    if not encoding.total:
        return Progress(None, "Reading the images")
    words = f"Encoding: {encoding.done:,} of {encoding.total:,} images"
    return Progress(encoding.done / encoding.total, words)
