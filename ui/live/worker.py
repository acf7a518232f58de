"""One long-lived thread that decodes for everybody.

A fresh thread's first call into torch pays for a new pool of threads, and two threads that
decode at once take longer than one after the other; so all decoding of the app is done here.
Models are loaded on first use and the least recently used one is dropped.

Torch keeps half of the cores at most: a pool as wide as the machine waits for its slowest member,
and beside a training run one decoding then takes six times as long.
"""

from __future__ import annotations

__all__ = ["MAX_ANSWER_BYTES", "WORKER", "BusyError", "Worker", "pictures"]

import math
import os
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future

import numpy as np
import torch

from vae.checkpoints import CheckpointError, load_model
from vae.latent import BatchDecoder, to_uint8
from vae.models import Autoencoder
from vae.shelf import read_shelf

MAX_MODELS = 8
MAX_WAITING = 64
MAX_ANSWER_BYTES = 1 << 25
CHUNK_VALUES = 1 << 18
PATIENCE_SECONDS = 20.0


class BusyError(RuntimeError):
    """More requests are waiting than the worker will hold."""


class Worker:
    """Decodes codes on its own thread.

    Args:
        load: Returns the model of a checkpoint id, or raises.
        waiting: How many requests may wait.
    """

    def __init__(self, load: Callable[[str], Autoencoder], waiting: int = MAX_WAITING) -> None:
        self._load = load
        self._decoders: OrderedDict[str, BatchDecoder] = OrderedDict()
        self._requests: queue.Queue[tuple[Future, str, np.ndarray]] = queue.Queue(waiting)
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, checkpoint: str, z: np.ndarray, *, patience: float = 0) -> Future[np.ndarray]:
        """Ask for the pictures (N, H, W, C) uint8 of codes ``z`` (N, D).

        The future raises what loading the model raises, and ValueError where ``z`` does not fit.

        Raises:
            BusyError: if too many requests are waiting, and still are after ``patience`` seconds.
        """
        self._ensure_running()
        future: Future[np.ndarray] = Future()
        try:
            self._requests.put((future, checkpoint, z), block=patience > 0, timeout=patience)
        except queue.Full as error:
            raise BusyError("too many requests are waiting") from error
        return future

    def _ensure_running(self) -> None:
        with self._start:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="decoder", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        torch.set_num_threads(max(1, min(4, (os.cpu_count() or 1) // 2)))
        while True:
            future, checkpoint, z = self._requests.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._pictures(checkpoint, z))
            except Exception as error:  # whatever it is belongs to who asked, not to this thread
                future.set_exception(error)

    def _pictures(self, checkpoint: str, z: np.ndarray) -> np.ndarray:
        decoder = self._decoders.get(checkpoint)
        if decoder is None:
            decoder = self._decoders[checkpoint] = BatchDecoder(self._load(checkpoint))
            while len(self._decoders) > MAX_MODELS:
                self._decoders.popitem(last=False)
        self._decoders.move_to_end(checkpoint)
        values = math.prod(decoder.model.config.image_shape)
        if len(z) * values > MAX_ANSWER_BYTES:
            raise ValueError(f"{len(z)} pictures at once; at most {MAX_ANSWER_BYTES // values}")
        return to_uint8(decoder.decode(np.array(z, dtype=np.float32)))  # torch wants its own copy


def pictures(worker: Worker, checkpoint: str, z: np.ndarray, values: int) -> np.ndarray:
    """Decode many codes in pieces, so that a request of the live picture never waits for all.

    Args:
        worker: The thread that decodes.
        checkpoint: Id of the model.
        z: Codes (N, D), N >= 1.
        values: Numbers in one picture, C * H * W.
    """
    size = max(1, CHUNK_VALUES // values)
    parts = [
        worker.submit(checkpoint, z[start : start + size], patience=PATIENCE_SECONDS).result()
        for start in range(0, len(z), size)
    ]
    return np.concatenate(parts)


def _load(checkpoint: str) -> Autoencoder:
    """Find a checkpoint on the shelf by its id."""
    for entry in read_shelf():
        if entry.card is not None and entry.card.id == checkpoint:
            return load_model(entry.card)
    raise CheckpointError("the checkpoint is no longer on the shelf")


WORKER = Worker(_load)
