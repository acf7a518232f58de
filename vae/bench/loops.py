"""Two training loops over the same network: the naive one and ours."""

from __future__ import annotations

__all__ = ["our_run", "our_speed", "plain_run", "plain_speed"]

import contextlib
import time
from collections.abc import Iterator
from itertools import count

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

import vae.data
from vae.bench.timing import Laps
from vae.data import ImageSet
from vae.memory import keep_freed_memory
from vae.metrics.likelihood import evaluate
from vae.models import ModelConfig, build_model
from vae.objectives import ObjectiveConfig, compute_objective
from vae.training import Progress, Trainer, TrainingConfig

PLAIN_BATCH, PLAIN_EPOCHS, PLAIN_RATE = 128, 5, 1e-3
IMAGE_SHAPE = (1, 28, 28)


def plain_speed(network: dict, source: str, seconds: float) -> float:
    """Return the images a second that the naive loop trains on."""
    loop, laps = _PlainLoop(_load(source, "train"), _config(network), seed=0), Laps(seconds)
    steps = (None for _ in count() for _ in loop.epoch())
    while not laps.lap():
        next(steps)
    return PLAIN_BATCH / laps.median


def our_speed(network: dict, source: str, seconds: float, batch: int) -> float:
    """Return the images a second that our loop trains on."""
    keep_freed_memory()
    images, laps = _load(source, "train"), Laps(seconds)
    settings = TrainingConfig(epochs=1000, batch_size=batch)
    trainer = Trainer(images, images, _config(network), ObjectiveConfig(), settings)

    def on_step(_: Progress) -> None:
        if laps.lap():
            raise _EnoughError

    with contextlib.suppress(_EnoughError):
        trainer.run(on_step)
    return batch / laps.median


def plain_run(network: dict, source: str, seed: int) -> tuple[float, float]:
    """Train five epochs the naive way; return the seconds and the held-out ELBO."""
    loop, started = _PlainLoop(_load(source, "train"), _config(network), seed), time.perf_counter()
    for _ in range(PLAIN_EPOCHS):
        for _ in loop.epoch():
            pass
    seconds = time.perf_counter() - started
    return seconds, evaluate(loop.model.eval(), _load(source, "test"), samples=1).elbo


def our_run(
    network: dict, source: str, seed: int, epochs: int, batch: int, rate: float, warm_up: float
) -> tuple[float, float]:
    """Train a whole schedule of ours; return the seconds and the held-out ELBO."""
    keep_freed_memory()
    settings = TrainingConfig(epochs=epochs, batch_size=batch, learning_rate=rate, seed=seed)
    held_out = _load(source, "test")
    trainer = Trainer(
        _load(source, "train"),
        held_out.subset(slice(1)),  # the curve of the held-out images costs next to nothing
        _config(network),
        ObjectiveConfig(warm_up=warm_up),
        settings,
    )
    started = time.perf_counter()
    model = trainer.run()
    return time.perf_counter() - started, evaluate(model, held_out, samples=1).elbo


def _load(source: str, split: str) -> ImageSet:
    """Images of 28x28 pixels; a small set is repeated, so that an epoch has some steps."""
    images = vae.data.load(source, split, image_shape=IMAGE_SHAPE)
    if split == "train" and len(images) < 6000:
        return images.subset(np.arange(6000) % len(images))
    return images


def _config(network: dict) -> ModelConfig:
    return ModelConfig(image_shape=IMAGE_SHAPE, **network)


class _EnoughError(Exception):
    """The loop has been timed for long enough."""


class _OneByOne(Dataset):
    """A data set as the example has it: every image becomes a float tensor when asked for."""

    def __init__(self, images: ImageSet) -> None:
        self.pixels = images.pixels

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, row: int) -> Tensor:
        return torch.from_numpy(self.pixels[row]).float().div(255)


class _PlainLoop:
    """The example's loop over the same network and objective."""

    def __init__(self, images: ImageSet, config: ModelConfig, seed: int) -> None:
        torch.manual_seed(seed)
        self.model = build_model(config, seed=seed)
        self.loader = DataLoader(_OneByOne(images), PLAIN_BATCH, shuffle=True)
        self.optimizer = torch.optim.Adam(self.model.parameters(), PLAIN_RATE)
        self.size = len(images)

    def epoch(self) -> Iterator[None]:
        for x in self.loader:
            self.optimizer.zero_grad()
            terms = compute_objective(self.model, x, ObjectiveConfig(), data_size=self.size)
            terms.total.backward()
            terms.total.item()
            self.optimizer.step()
            yield
