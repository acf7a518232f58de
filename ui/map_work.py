"""Maps that take a while: made once for everybody who looks, in a process of their own."""

from __future__ import annotations

__all__ = ["MAPS", "Maps"]

import threading
import time
from dataclasses import dataclass, field

import numpy as np

from vae.projecting import ProjectionQueue, ProjectionWork
from vae.projections import Settings

# Who has not looked for so long has gone elsewhere; a page looks twice a second.
WATCHES_SECONDS = 5.0
MAX_KEPT = 32


@dataclass
class _Watched:
    work: ProjectionWork
    seen: dict[str, float] = field(default_factory=dict)


class Maps:
    """The maps that visitors wait for.

    Args:
        queue: Makes them.
    """

    def __init__(self, queue: ProjectionQueue) -> None:
        self._queue = queue
        self._watched: dict[tuple[str, Settings], _Watched] = {}
        self._lock = threading.Lock()

    def look(
        self, checkpoint: str, codes: np.ndarray, settings: Settings, visitor: str
    ) -> ProjectionWork:
        """Return a map that is being made, or begin it.

        Args:
            checkpoint: Id of the model.
            codes: Its codes (N, D).
            settings: How the map is made.
            visitor: Who waits for it.

        Raises:
            ProjectionError: if it cannot be begun.
        """
        key = (checkpoint, settings)
        with self._lock:
            watched = self._watched.get(key)
            if watched is None or watched.work.state == "cancelled":
                watched = _Watched(self._queue.start(codes, settings))
                self._watched[key] = watched
                self._forget_old()
            elif watched.work.error:  # told now; who asks again has it tried again
                del self._watched[key]
            watched.seen[visitor] = time.monotonic()
            return watched.work

    def leave(self, checkpoint: str, settings: Settings, visitor: str) -> None:
        """Wait no longer; the work ends if nobody else waits for it."""
        with self._lock:
            watched = self._watched.get((checkpoint, settings))
            if watched is None:
                return
            watched.seen.pop(visitor, None)
            since = time.monotonic() - WATCHES_SECONDS
            if not any(seen > since for seen in watched.seen.values()):
                watched.work.cancel()

    def _forget_old(self) -> None:
        done = [key for key, watched in self._watched.items() if watched.work.is_done]
        for key in done[: max(0, len(self._watched) - MAX_KEPT)]:
            del self._watched[key]


MAPS = Maps(ProjectionQueue())
