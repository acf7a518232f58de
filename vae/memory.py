"""What a process does with the memory it frees."""

from __future__ import annotations

__all__ = ["SERVER_BYTES", "keep_freed_memory", "peak_memory"]

import ctypes
import platform
from pathlib import Path

# Options of glibc's mallopt, from its malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
# Above every tensor of a training step.
KEPT_BYTES = 1 << 30
# Above every tensor of decoding 400 pictures, and little enough for a server.
SERVER_BYTES = 1 << 25


def keep_freed_memory(at_most: int = KEPT_BYTES) -> None:
    """Let this process keep what it frees for what it needs next, where the C library is glibc.

    A training step frees and asks again for the same tens of MiB. Left alone, glibc gives them
    back to the system each time, and touching them anew costs our convolutional net 10 to 15 % of
    a step, and nearly half of decoding a batch.

    Args:
        at_most: Bytes kept at the end of the heap, and the largest block that is taken from it.
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        for option in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD):
            library.mallopt(option, at_most)


def peak_memory() -> int | None:
    """Return the most memory this process has held so far, in bytes; None where Linux is not.

    Not ``getrusage``: its figure starts at that of the process that started this one.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    for line in status.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None
