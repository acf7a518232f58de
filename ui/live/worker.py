"""One long-lived thread that decodes for everybody.

A fresh thread's first call into torch pays for a new pool of threads, and two threads that
decode at once take longer than one after the other; so all decoding of the app is done here.
Models are loaded on first use and the least recently used one is dropped.

Torch keeps half of the cores at most: a pool as wide as the machine waits for its slowest member,
and beside a training run one decoding then takes six times as long.
"""

from __future__ import annotations

__all__ = ["MAX_ANSWER_BYTES", "WORKER", "BusyError", "Worker", "pictures"]

import itertools
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
from vae.latent import BatchDecoder, encode, to_uint8
from vae.memory import SERVER_BYTES, keep_freed_memory
from vae.models import Autoencoder
from vae.shelf import read_shelf

Work = Callable[[BatchDecoder], np.ndarray]

MAX_MODELS = 8
MAX_WAITING = 64
MAX_ANSWER_BYTES = 1 << 25
CHUNK_VALUES = 1 << 18
PATIENCE_SECONDS = 20.0


class BusyError(RuntimeError):
    """More requests are waiting than the worker will hold."""


class Worker:
    """Decodes codes and encodes pictures on its own thread.

    Args:
        load: Returns the model of a checkpoint id, or raises.
        waiting: How many requests may wait.
    """

    def __init__(self, load: Callable[[str], Autoencoder], waiting: int = MAX_WAITING) -> None:
        self._load = load
        self._decoders: OrderedDict[str, BatchDecoder] = OrderedDict()
        self._requests: queue.PriorityQueue[tuple[bool, int, Future, str, Work]] = (
            queue.PriorityQueue(waiting)
        )
        self._numbers = itertools.count()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def decode(self, checkpoint: str, z: np.ndarray, *, patience: float = 0) -> Future[np.ndarray]:
        """Ask for the pictures (N, H, W, C) uint8 of codes ``z`` (N, D).

        Who has no patience goes first: a live picture does not wait for a page's many small
        ones. The future raises what loading the model raises, and ValueError where ``z`` does
        not fit.

        Raises:
            BusyError: if too many requests are waiting, and still are after ``patience`` seconds.
        """
        return self._submit(checkpoint, lambda decoder: _decode(decoder, z), patience)

    def encode(self, checkpoint: str, pixels: np.ndarray) -> Future[np.ndarray]:
        """Ask for the posterior of a picture (H, W, C) uint8: mean and log variance (2, D).

        Of an autoencoder, whose posterior has no variance, the mean alone (1, D). The future
        raises as that of ``decode`` does.

        Raises:
            BusyError: if too many requests are waiting.
        """
        return self._submit(checkpoint, lambda decoder: _encode(decoder.model, pixels), 0)

    def _submit(self, checkpoint: str, work: Work, patience: float) -> Future[np.ndarray]:
        self._ensure_running()
        future: Future[np.ndarray] = Future()
        request = (patience > 0, next(self._numbers), future, checkpoint, work)
        try:
            self._requests.put(request, block=patience > 0, timeout=patience)
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
        keep_freed_memory(SERVER_BYTES)
        while True:
            *_, future, checkpoint, work = self._requests.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work(self._decoder(checkpoint)))
            except Exception as error:  # whatever it is belongs to who asked, not to this thread
                future.set_exception(error)

    def _decoder(self, checkpoint: str) -> BatchDecoder:
        decoder = self._decoders.get(checkpoint)
        if decoder is None:
            decoder = self._decoders[checkpoint] = BatchDecoder(self._load(checkpoint))
            while len(self._decoders) > MAX_MODELS:
                self._decoders.popitem(last=False)
        self._decoders.move_to_end(checkpoint)
        return decoder


def _decode(decoder: BatchDecoder, z: np.ndarray) -> np.ndarray:
    values = math.prod(decoder.model.config.image_shape)
    if len(z) * values > MAX_ANSWER_BYTES:
        raise ValueError(f"{len(z)} pictures at once; at most {MAX_ANSWER_BYTES // values}")
    return to_uint8(decoder.decode(np.array(z, dtype=np.float32)))  # torch wants its own copy


def _encode(model: Autoencoder, pixels: np.ndarray) -> np.ndarray:
    mean, log_var = encode(model, pixels.transpose(2, 0, 1)[None])
    return mean if log_var is None else np.concatenate([mean, log_var])


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
        worker.decode(checkpoint, z[start : start + size], patience=PATIENCE_SECONDS).result()
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
