"""The server whose forks read strangers' files: ``python -m vae.importing.forking``.

It has the readers loaded and does nothing but fork. The standard library's forkserver would import
the main module in every process, which within Streamlit is the app itself: half a second, and the
app's code run where it must not be. Requests and sockets come through the socket on standard
input; when that closes, this server ends.
"""

from __future__ import annotations

__all__ = ["serve"]

import importlib
import json
import os
import signal
import socket
from collections.abc import Callable

MAX_REQUEST = 1 << 16


def serve(control: socket.socket, work: Callable[[socket.socket, dict], None]) -> None:
    """Fork a process for every request until the socket closes; answer with its number.

    Args:
        control: Carries requests, JSON each with the socket that the process shall talk to.
        work: What a process does with its socket and request.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: let none linger
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the app, which then lets us go
    while True:
        request, sockets, _, _ = socket.recv_fds(control, MAX_REQUEST, 1)
        if not request:
            return
        with socket.socket(fileno=sockets[0]) as own:
            process = os.fork()
            if process == 0:
                control.close()
                try:
                    work(own, json.loads(request))
                finally:
                    os._exit(0)
        control.sendall(f"{process:10d}".encode())


def main() -> None:
    """Load the readers, then serve."""
    sandbox = importlib.import_module("vae.importing.sandbox")
    importlib.import_module("vae.importing.pictures")
    with socket.socket(fileno=0) as control:
        serve(control, sandbox.work)


if __name__ == "__main__":
    main()
