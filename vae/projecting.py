"""Maps made in processes of their own, one at a time: exploring stays fluid meanwhile.

    queue = ProjectionQueue()            # one for the whole app
    work = queue.start(codes, settings)  # at once: from the cache, or in line
    work.state, work.place, work.share, work.points  # as often as one likes, from any thread
    work.result, work.error              # one of them once work.is_done, unless it was cancelled

A process is niced, leaves a core to others, and never outlives the app. What PCA and raw
dimensions take is less than a process would: they are made on the spot.
"""

from __future__ import annotations

__all__ = ["ProjectionQueue", "ProjectionWork", "State"]

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

import numpy as np

from vae.map_cache import MapCache
from vae.projections import (
    Projection,
    ProjectionError,
    Settings,
    checked_codes,
    is_quick,
    project,
)

State = Literal["waiting", "starting", "running", "done", "failed", "cancelled"]

MAX_WAITING = 16
# More threads gain t-SNE next to nothing.
MAX_THREADS = 4
KILLED = (
    "the process that made this map was ended from outside, most likely because memory ran short; "
    "try again, with fewer codes if it happens again"
)
CRASHED = "the process that made this map crashed; try again, or take another method"
# The package's own __init__ imports torch, which takes seconds and memory that a map does not need.
PROGRAM = """
import sys, types
package = types.ModuleType("vae")
package.__path__ = [sys.argv[1]]
sys.modules["vae"] = package
from vae.projector import main
main()
"""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class ProjectionWork:
    """A map that is being made; everything about it can be read at any time.

    Attributes:
        codes: The codes (N, D) float32.
        settings: How the map is made.
        state: "waiting" in line, "starting" its process, "running", or at its end "done", "failed"
            or "cancelled".
        share: The share that is done, 0 to 1; UMAP does not tell.
        points: Where the codes lie so far (N, 2) float32; None before the first are known.
        result: The map, once it is done.
        error: Why there is none, once it failed: a plain sentence. Else "".
        pid: Number of its process; None while it has none.
    """

    def __init__(self, queue: ProjectionQueue, codes: np.ndarray, settings: Settings) -> None:
        self.codes, self.settings = codes, settings
        self.state: State = "waiting"
        self.share = 0.0
        self.points: np.ndarray | None = None
        self.result: Projection | None = None
        self.error = ""
        self.pid: int | None = None
        self._queue, self._lock, self._ended = queue, threading.Lock(), threading.Event()
        self._process: subprocess.Popen | None = None
        self._began = 0.0

    @property
    def is_done(self) -> bool:
        """Whether nothing more will happen: there is a result or an error, or it was cancelled."""
        return self._ended.is_set()

    @property
    def place(self) -> int:
        """Its place in line: 1 is the next one to begin, 0 once it has begun."""
        return self._queue.place(self)

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds until it is done; None while nothing is known."""
        if self.state != "running" or not self.share:
            return None
        return (time.monotonic() - self._began) * (1 / self.share - 1)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is done, at most so long; return whether it is."""
        return self._ended.wait(seconds)

    def cancel(self) -> None:
        """Give up: it leaves the line, or its process is killed. Nothing happens once done."""
        self._queue.drop(self)

    def _end(self, state: State, result: Projection | None = None, error: str = "") -> None:
        """Set how it ended; only the first call counts."""
        with self._lock:
            if self._ended.is_set():
                return
            self.result, self.error, self.state = result, error, state
            if result is not None:
                self.share, self.points = 1.0, result.points
            self._ended.set()

    def _begin(self) -> None:
        """Note that its process has all it needs."""
        with self._lock:
            if not self._ended.is_set():
                self._began, self.state = time.monotonic(), "running"

    def _hear(self, message: dict, content: bytes) -> Projection | None:
        """Take what the process says; return the map when it is there."""
        if message["kind"] == "ready":
            self._begin()
            return None
        if message["kind"] == "refused":
            raise ProjectionError(message["message"])
        points = np.frombuffer(content, np.float32).reshape(len(self.codes), 2).copy()
        if not np.isfinite(points).all():
            raise ProjectionError(f"{self.settings.method} found no map of these codes; take pca")
        if message["kind"] == "progress":
            self.points, self.share = points, message["share"]
            return None
        made_by = replace(self.settings, method=message["method"])
        if is_quick(made_by, len(points)):  # all codes are alike
            return project(self.codes, made_by)
        return Projection(made_by, self.codes, points)


class ProjectionQueue:
    """The line of maps to make.

    Args:
        at_once: How many are made at a time.
        cache: Where maps are kept.
    """

    def __init__(self, at_once: int = 1, cache: MapCache | None = None) -> None:
        self.at_once = at_once
        self.threads = max(1, min(MAX_THREADS, _cores() - 1) // at_once)
        self._cache = cache or MapCache()
        self._lock = threading.RLock()
        self._waiting: list[ProjectionWork] = []
        self._running: list[ProjectionWork] = []

    def start(self, codes: np.ndarray, settings: Settings) -> ProjectionWork:
        """Ask for a map of codes (N, D); return at once with what will become it.

        Raises:
            ProjectionError: if the codes are none or not finite, or the line is too long.
        """
        codes = checked_codes(codes).copy()  # whoever asks may change theirs
        work = ProjectionWork(self, codes, settings)
        if is_quick(settings, len(codes)):
            work._end("done", project(codes, settings))
        elif (found := self._cache.find(codes, settings)) is not None:
            work._end("done", found)
        else:
            self._join(work)
        return work

    def place(self, work: ProjectionWork) -> int:
        """Return a work's place in line from 1, 0 where it does not wait."""
        with self._lock:
            return self._waiting.index(work) + 1 if work in self._waiting else 0

    def drop(self, work: ProjectionWork) -> None:
        """Take a work out of the line, or kill its process."""
        with self._lock:
            work._end("cancelled")
            if work in self._waiting:
                self._waiting.remove(work)
            elif work._process is not None:
                work._process.kill()

    def close(self) -> None:
        """Give up all work."""
        with self._lock:
            for work in [*self._waiting, *self._running]:
                self.drop(work)

    def _join(self, work: ProjectionWork) -> None:
        with self._lock:
            if len(self._waiting) >= MAX_WAITING:
                raise ProjectionError(
                    f"{MAX_WAITING} maps are waiting to be made already; try again in a minute"
                )
            self._waiting.append(work)
            self._advance()

    def _advance(self) -> None:
        while self._waiting and len(self._running) < self.at_once:
            work = self._waiting.pop(0)
            work.state = "starting"
            self._running.append(work)
            threading.Thread(target=self._make, args=(work,), name="map", daemon=True).start()

    def _make(self, work: ProjectionWork) -> None:
        try:
            # It may have waited for the same map that somebody else asked for.
            made = self._cache.find(work.codes, work.settings)
            if made is None:
                made = self._make_apart(work)
                self._cache.keep(work.settings, made)
            work._end("done", made)
        except ProjectionError as error:
            work._end("failed", error=str(error))
        finally:
            work._end("failed", error=CRASHED)  # where anything else was raised
            with self._lock:
                self._running.remove(work)
                self._advance()

    def _make_apart(self, work: ProjectionWork) -> Projection:
        """Make the map in a process; whatever happens, it is gone afterwards."""
        here, there = socket.socketpair()
        with here:
            with there:
                process = self._start_process(work, there)
            try:
                request = {"settings": asdict(work.settings), "shape": work.codes.shape}
                request |= {"threads": self.threads}
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    here.sendall(json.dumps(request).encode() + b"\n" + work.codes.tobytes())
                    for message, content in _messages(here):
                        if (made := work._hear(message, content)) is not None:
                            return made
                was_killed = process.wait() == -signal.SIGKILL
                raise ProjectionError(KILLED if was_killed else CRASHED)
            finally:
                process.kill()
                process.wait()
                work.pid = work._process = None

    def _start_process(self, work: ProjectionWork, own: socket.socket) -> subprocess.Popen:
        threads = dict.fromkeys(THREADS, str(self.threads))
        # Threads that wait by spinning would take the time of those who explore.
        environment = threads | {"OMP_WAIT_POLICY": "passive"}
        environment |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-c", PROGRAM, str(Path(__file__).parent)]
        with self._lock:
            if work.is_done:  # cancelled meanwhile
                raise ProjectionError("cancelled")
            try:
                process = subprocess.Popen(command, stdin=own, env=os.environ | environment)
            except OSError as error:
                raise ProjectionError(
                    f"no process for this map can be started ({error.strerror}); try again later"
                ) from error
            work._process, work.pid = process, process.pid
        return process


def _messages(here: socket.socket) -> Iterator[tuple[dict, bytes]]:
    """Read messages until the process is gone; half a one is none."""
    with here.makefile("rb") as stream:
        while line := stream.readline():
            message = json.loads(line)
            content = stream.read(message["bytes"])
            if len(content) < message["bytes"]:
                return
            yield message, content


def _cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
