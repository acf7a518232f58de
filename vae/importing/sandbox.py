"""A disposable process for every file that comes from outside.

A decoder that crashes, hangs or eats memory takes down this process and nothing else. It is forked
from a server that has the readers loaded already, which takes some 20 ms; it works in an empty
folder, with little memory, time and disk. What comes back is read as numbers and JSON, never
unpickled: the process may have been taken over.
"""

from __future__ import annotations

__all__ = ["Answer", "Limits", "SandboxError", "run_apart", "work"]

import atexit
import contextlib
import importlib
import json
import math
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vae.data import DataError

Answer = tuple[dict[str, Any], list[np.ndarray]]

MAX_ANSWER = 1 << 30
DTYPES = ("uint8", "int64", "float32", "float64")
TOO_LONG = "reading the file takes too long; give a smaller one"
TOO_MUCH = "reading the file takes too much memory; give a smaller one"
CRASHED = "the file makes its reader crash; it is damaged or made to do harm"


class SandboxError(DataError):
    """The file could not be read in time, in memory, or at all; the message says which."""


@dataclass(frozen=True)
class Limits:
    """What a process may use.

    Attributes:
        seconds: Until it is killed, and of processor time.
        memory: Bytes of address space.
        files: Files it may have open.
    """

    seconds: float = 20.0
    memory: int = 3 << 30
    files: int = 64


DEFAULT_LIMITS = Limits()


def run_apart(
    read: Callable[[bytes], Answer], content: bytes, limits: Limits = DEFAULT_LIMITS
) -> Answer:
    """Let a process of its own read a file.

    Args:
        read: A function of a module, from the file's bytes to plain values and arrays.
        content: The file.
        limits: What it may use.

    Returns:
        What ``read`` returned: values that JSON can hold, and arrays.

    Raises:
        DataError: as ``read`` raised it.
        SandboxError: if it took too long or too much memory, or crashed.
    """
    here, there = socket.socketpair()
    with here:
        with there:
            request = {"module": read.__module__, "name": read.__qualname__, **asdict(limits)}
            process = _FORKING.fork(request, there)
        end = time.monotonic() + limits.seconds  # the server's own start is not the file's fault
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it died early
                _send(here, content, end)
            return _unpack(here, end)
        except TimeoutError as error:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            raise SandboxError(TOO_LONG) from error
        except (EOFError, ConnectionResetError) as error:
            raise SandboxError(CRASHED) from error


class _Forking:
    """The server that forks, started when it is first needed and again if it has gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._server: subprocess.Popen | None = None

    def fork(self, request: dict, own: socket.socket) -> int:
        """Return the number of a new process that talks to the socket."""
        with self._lock:
            if self._control is None:
                self._start()
            try:
                return self._ask(request, own)
            except (OSError, ValueError):  # it was killed: once more with another
                self._end()
                self._start()
                return self._ask(request, own)

    def close(self) -> None:
        """End the server; the next request starts another."""
        with self._lock:
            if self._control is not None:
                self._end()

    def _start(self) -> None:
        self._control, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with there:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "vae.importing.forking"],
                stdin=there,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )

    def _end(self) -> None:
        self._control.close()
        self._control = None
        self._server.wait()  # it ends when its socket closes

    def _ask(self, request: dict, own: socket.socket) -> int:
        socket.send_fds(self._control, [json.dumps(request).encode()], [own.fileno()])
        return int(self._control.recv(10))


_FORKING = _Forking()
atexit.register(_FORKING.close)


def work(own: socket.socket, request: dict) -> None:
    """Read one file and answer; this runs in the process."""
    content = _receive(own, None)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        read = getattr(importlib.import_module(request["module"]), request["name"])
        _confine(Limits(request["seconds"], request["memory"], request["files"]))
        try:
            values, arrays = read(content)
            status = {"ok": True, "values": values}
        except DataError as error:
            status, arrays = {"ok": False, "refused": str(error)}, []
        except MemoryError:
            status, arrays = {"ok": False, "reason": TOO_MUCH}, []
        except Exception:  # readers raise many kinds; none of them is a visitor's business
            status, arrays = {"ok": False, "reason": CRASHED}, []
        _pack(own, status, arrays)


def _confine(limits: Limits) -> None:
    signal.alarm(math.ceil(limits.seconds) + 1)  # should nobody be left to kill it
    for kind, value in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, math.ceil(limits.seconds) + 1),  # the clock comes first
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, limits.files),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def _send(to: socket.socket, content: bytes, end: float | None) -> None:
    to.settimeout(_left(end))
    to.sendall(struct.pack("<Q", len(content)) + content)


def _receive(origin: socket.socket, end: float | None) -> bytes:
    """Read one message, by its own word at most MAX_ANSWER long."""
    (size,) = struct.unpack("<Q", _read(origin, 8, end))
    if size > MAX_ANSWER:
        raise SandboxError(CRASHED)
    return _read(origin, size, end)


def _read(origin: socket.socket, size: int, end: float | None) -> bytes:
    content = bytearray()
    while len(content) < size:
        origin.settimeout(_left(end))
        part = origin.recv(min(size - len(content), 1 << 20))
        if not part:
            raise EOFError
        content += part
    return bytes(content)


def _left(end: float | None) -> float | None:
    """Seconds until the end; never 0, which would mean something else to a socket."""
    return None if end is None else max(1e-3, end - time.monotonic())


def _pack(own: socket.socket, status: dict, arrays: list[np.ndarray]) -> None:
    """Send JSON with each array's type and shape, then the arrays' bytes."""
    about = [{"dtype": array.dtype.name, "shape": array.shape} for array in arrays]
    _send(own, json.dumps(status | {"arrays": about}).encode(), None)
    for array in arrays:
        _send(own, np.ascontiguousarray(array).tobytes(), None)


def _unpack(here: socket.socket, end: float) -> Answer:
    """Read an answer, trusting nothing in it."""
    try:
        status = json.loads(_receive(here, end))
        if not status["ok"]:
            if "refused" in status:
                raise DataError(str(status["refused"]))
            raise SandboxError(str(status["reason"]))
        arrays = []
        for about in status["arrays"]:
            if about["dtype"] not in DTYPES:
                raise SandboxError(CRASHED)
            numbers = np.frombuffer(_receive(here, end), about["dtype"])
            arrays.append(numbers.reshape([int(side) for side in about["shape"]]).copy())
        return dict(status["values"]), arrays
    except (EOFError, ConnectionResetError, TimeoutError, DataError):
        raise
    except Exception as error:  # it may have been taken over and answer anything
        raise SandboxError(CRASHED) from error
