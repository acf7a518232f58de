"""Work whose answer a page can do without for a while: done beside it, one thing at a time."""

from __future__ import annotations

__all__ = ["BACKGROUND", "Background"]

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Value = TypeVar("Value")

MAX_KEPT = 128


class Background:
    """Does what is asked for on a thread of its own and keeps what came of it, for everybody."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="background")
        self._kept: OrderedDict[Hashable, Future] = OrderedDict()
        self._lock = threading.Lock()

    def look(self, key: Hashable, work: Callable[[], Value]) -> Value | None:
        """Return what came of a piece of work, None while it is still to be done.

        Args:
            key: What the work is; the same is done once.
            work: Does it; what it raises is raised to everybody who looks.
        """
        with self._lock:
            if key not in self._kept:
                self._kept[key] = self._thread.submit(work)
                while len(self._kept) > MAX_KEPT:
                    self._kept.popitem(last=False)
            future = self._kept[key]
        return future.result() if future.done() else None


BACKGROUND = Background()
