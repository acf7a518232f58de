"""A disposable process for every file that comes from outside.

A decoder that crashes, hangs or eats memory takes down this process and nothing else. It is forked
from a server that has the readers loaded already, which takes some 20 ms; it works in an empty
folder, with little memory, time and disk. What comes back is read as numbers and JSON, never
unpickled: the process may have been taken over.
"""

from __future__ import annotations

__all__ = ["Limits", "SandboxError", "run_apart", "warm_up"]

import contextlib
import json
import multiprocessing
import os
import resource
import signal
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from vae.data import DataError

Answer = tuple[dict[str, Any], list[np.ndarray]]

PRELOADED = ["vae.importing.sandbox", "vae.data"]
MAX_ANSWER = 1 << 30
DTYPES = ("uint8", "int64", "float32", "float64")


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
    context = _context()
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, read, limits), daemon=True)
    process.start()
    there.close()
    try:
        with contextlib.suppress(BrokenPipeError):  # it died early: its exit code says how
            here.send_bytes(content)
        if not here.poll(limits.seconds):
            raise SandboxError(
                f"reading the file took longer than {limits.seconds:g} seconds; give a smaller one"
            )
        return _unpack(here)
    except (EOFError, ConnectionResetError) as error:
        process.join(1)
        raise SandboxError(_reason(process.exitcode)) from error
    finally:
        process.kill()
        process.join()
        here.close()


def warm_up() -> None:
    """Start the server that processes are forked from; the first one would wait for it."""
    run_apart(_nothing, b"")


def _context() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _nothing(content: bytes) -> Answer:
    return {}, []


def _reason(code: int | None) -> str:
    if code == -signal.SIGXCPU:
        return "reading the file took too much time; give a smaller one"
    if code == -signal.SIGKILL:
        return "reading the file took too much memory; give a smaller one"
    return "the file makes its reader crash; it is damaged or made to do harm"


def _work(connection: Connection, read: Callable[[bytes], Answer], limits: Limits) -> None:
    """Read one file and answer; this runs in the process."""
    content = connection.recv_bytes()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        _confine(limits)
        try:
            values, arrays = read(content)
            status = {"ok": True, "values": values}
        except DataError as error:
            status, arrays = {"ok": False, "refused": str(error)}, []
        except MemoryError:
            status, arrays = {"ok": False, "reason": _reason(-signal.SIGKILL)}, []
        except Exception:  # readers raise many kinds; none of them is a visitor's business
            status, arrays = {"ok": False, "reason": _reason(None)}, []
        _pack(connection, status, arrays)


def _confine(limits: Limits) -> None:
    seconds = int(np.ceil(limits.seconds))
    for kind, value in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, limits.files),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def _pack(connection: Connection, status: dict, arrays: list[np.ndarray]) -> None:
    """Send JSON with each array's type and shape, then the arrays' bytes."""
    about = [{"dtype": array.dtype.name, "shape": array.shape} for array in arrays]
    header = json.dumps(status | {"arrays": about}).encode()
    connection.send_bytes(struct.pack("<I", len(header)) + header)
    for array in arrays:
        connection.send_bytes(np.ascontiguousarray(array).tobytes())


def _unpack(connection: Connection) -> Answer:
    """Read an answer, trusting nothing in it."""
    try:
        frame = connection.recv_bytes(MAX_ANSWER)
        (size,) = struct.unpack_from("<I", frame)
        status = json.loads(frame[4 : 4 + size])
        if not status["ok"]:
            if "refused" in status:
                raise DataError(str(status["refused"]))
            raise SandboxError(str(status["reason"]))
        arrays = []
        for about in status["arrays"]:
            if about["dtype"] not in DTYPES:
                raise SandboxError(_reason(None))
            numbers = np.frombuffer(connection.recv_bytes(MAX_ANSWER), about["dtype"])
            arrays.append(numbers.reshape([int(side) for side in about["shape"]]).copy())
        return dict(status["values"]), arrays
    except (EOFError, ConnectionResetError, DataError):
        raise
    except Exception as error:  # it may have been taken over and answer anything
        raise SandboxError(_reason(None)) from error
