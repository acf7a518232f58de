"""The process that makes one map: reads codes from its socket, tells how far it is, and ends.

``vae.projecting`` starts it. It never imports torch, which would take longer than a small map.
Messages are a line of JSON, with "bytes" of float32 behind it.
"""

from __future__ import annotations

__all__ = ["main"]

import contextlib
import json
import os
import signal
import socket
import threading
from pathlib import Path

import numpy as np

from vae.projections import Projection, ProjectionError, Settings, project

NICENESS = 10
# Should memory run short, Linux shall end this process and not the app.
FIRST_TO_GO = "600"
TOO_MUCH = "this map takes more memory than there is; take fewer codes, or PCA"


def main() -> None:
    """Make the map that is asked for on standard input, which is a socket."""
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the app; we end when it is gone
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO, encoding="ascii")
    with socket.socket(fileno=0) as own, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        request, codes = _receive(own)
        threading.Thread(target=_end_with, args=(own,), daemon=True).start()
        settings = Settings.from_dict(request["settings"])
        _load(settings)
        _send(own, {"kind": "ready"})
        try:
            made = _make(own, codes, settings, request["threads"])
        except (ProjectionError, MemoryError) as error:
            refused = TOO_MUCH if isinstance(error, MemoryError) else str(error)
            _send(own, {"kind": "refused", "message": refused})
        else:
            _send(own, {"kind": "done", "method": made.settings.method}, made.points)


def _make(own: socket.socket, codes: np.ndarray, settings: Settings, threads: int) -> Projection:
    def tell(share: float, points: np.ndarray) -> bool:
        _send(own, {"kind": "progress", "share": share}, points)
        return True

    return project(codes, settings, on_progress=tell, threads=threads)


def _load(settings: Settings) -> None:
    """Import what the method needs, so that the clock of the work starts after it."""
    if settings.method == "tsne":
        import openTSNE  # noqa: F401
        import sklearn.neighbors  # noqa: F401


def _end_with(own: socket.socket) -> None:
    """End as soon as the app closes its socket, or is gone and the system closes it."""
    with contextlib.suppress(OSError):
        own.recv(1)
    os._exit(1)


def _receive(own: socket.socket) -> tuple[dict, np.ndarray]:
    with own.makefile("rb") as stream:
        line = stream.readline()
        request = json.loads(line or "{}")
        shape = tuple(request.get("shape", (0, 0)))
        content = stream.read(4 * shape[0] * shape[1])
    if not line or len(content) < 4 * shape[0] * shape[1]:
        raise ConnectionResetError("the app has gone")
    return request, np.frombuffer(content, np.float32).reshape(shape)


def _send(own: socket.socket, message: dict, points: np.ndarray | None = None) -> None:
    content = b"" if points is None else np.ascontiguousarray(points, np.float32).tobytes()
    own.sendall(json.dumps(message | {"bytes": len(content)}).encode() + b"\n" + content)
