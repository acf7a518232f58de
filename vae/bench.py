"""How fast the library is on this machine, beside the naive way in the same run.

The naive training loop is that of the PyTorch examples' VAE: a DataLoader that makes a tensor of
one image at a time, float32, Adam with a constant learning rate. The naive decoding is the eager
float32 model. All throughputs are medians, in images a second.
"""

from __future__ import annotations

__all__ = ["run_bench"]

import statistics
import time
from collections.abc import Callable, Iterator
from itertools import cycle

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

import vae.data
from vae.data import DataError, ImageSet
from vae.latent import BatchDecoder
from vae.metrics.likelihood import evaluate
from vae.models import Autoencoder, ModelConfig, build_model
from vae.objectives import ObjectiveConfig, compute_objective
from vae.precision import fast_precision
from vae.training import Trainer, TrainingConfig

NAIVE_BATCH, NAIVE_EPOCHS, NAIVE_RATE = 128, 5, 1e-3
BATCHES = (1, 64, 400)
# The perceptron is that of the PyTorch example, 784-400-20; the other is our convolutional net.
NETWORKS = {
    "mlp": {"family": "mlp", "latent_dim": 20, "width": 400, "depth": 1},
    "conv": {"family": "conv", "latent_dim": 10, "channels": 32, "width": 256, "depth": 1},
}
# What our loop is given to reach the naive loop's ELBO with: fewer epochs, a rate that falls.
OURS = {
    "mlp": TrainingConfig(epochs=3, batch_size=128, learning_rate=7e-3),
    "conv": TrainingConfig(epochs=2, batch_size=128, learning_rate=3e-3),
}


def run_bench(*, seconds: float = 3.0, seeds: int = 3, report: Callable[[str], None]) -> dict:
    """Measure training, encoding and decoding, and the machine's own limit.

    Args:
        seconds: How long each throughput is measured.
        seeds: Runs behind each time to the same ELBO; 0 leaves these out.
        report: Called with a line of text as each result is known.

    Returns:
        Plain values for JSON.
    """
    images, held_out = _images()
    limit = matmul_limit(seconds / 3)
    result: dict = {
        "machine": {
            "threads": torch.get_num_threads(),
            "precision": fast_precision(),
            "data": images.name,
            "matmul_gflops": limit,
        }
    }
    report(f"{torch.get_num_threads()} threads; matmul {_pairs(limit)} GFLOP/s; {images.name}")
    for name, network in NETWORKS.items():
        config = ModelConfig(image_shape=images.image_shape, **network)
        training = _training_speed(images, config, seconds, limit)
        report(f"{name} training, images/s: {_pairs(training)}")
        result[name] = {"training": training}
        if seeds:
            race = [_race(images, held_out, config, OURS[name], seed) for seed in range(seeds)]
            result[name]["same_elbo"] = {
                key: statistics.median(run[key] for run in race) for key in race[0]
            }
            report(f"{name} to the same held-out ELBO: {_pairs(result[name]['same_elbo'])}")
        for what, speed in (("decoding", _decoding_speed), ("encoding", _encoding_speed)):
            result[name][what] = speed(build_model(config).eval(), seconds / 3)
            for batch, row in result[name][what].items():
                report(f"{name} {what}, batch {batch}, images/s: {_pairs(row)}")
    return result


def matmul_limit(seconds: float) -> dict[str, float]:
    """Return what this machine's matrix products reach, GFLOP/s by precision."""
    size = 1024
    limit = {}
    for dtype in (torch.float32, torch.bfloat16):
        a = torch.randn(size, size).to(dtype)
        pace = _median_seconds(lambda a=a: a @ a, seconds)
        limit[str(dtype).removeprefix("torch.")] = 2 * size**3 / pace / 1e9
    return limit


def _images() -> tuple[ImageSet, ImageSet]:
    """MNIST where it is at hand, else the 8x8 digits enlarged and repeated to a tenth of that."""
    try:
        return vae.data.load("mnist", "train"), vae.data.load("mnist", "test")
    except DataError:
        train, test = (
            vae.data.load("digits", split, image_shape=(1, 28, 28)) for split in ("train", "test")
        )
        rows = np.arange(6000) % len(train)
        return train.subset(rows), test


class _OneByOne(Dataset):
    """A data set as the example has it: every image becomes a float tensor when asked for."""

    def __init__(self, images: ImageSet) -> None:
        self.pixels = images.pixels

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, row: int) -> Tensor:
        return torch.from_numpy(self.pixels[row]).float().div(255)


class _NaiveLoop:
    """The example's loop over the same network and objective."""

    def __init__(self, images: ImageSet, config: ModelConfig, seed: int) -> None:
        torch.manual_seed(seed)
        self.model = build_model(config, seed=seed)
        self.loader = DataLoader(_OneByOne(images), NAIVE_BATCH, shuffle=True)
        self.optimizer = torch.optim.Adam(self.model.parameters(), NAIVE_RATE)
        self.size = len(images)

    def epoch(self) -> Iterator[int]:
        for x in self.loader:
            self.optimizer.zero_grad()
            terms = compute_objective(self.model, x, ObjectiveConfig(), data_size=self.size)
            terms.total.backward()
            terms.total.item()
            self.optimizer.step()
            yield len(x)


def _training_speed(
    images: ImageSet, config: ModelConfig, seconds: float, limit: dict[str, float]
) -> dict[str, float]:
    naive = _NaiveLoop(images, config, seed=0)
    plain = _throughput(lambda: (n for _ in cycle([0]) for n in naive.epoch()), seconds)
    ours = {
        batch: _throughput(lambda batch=batch: _our_steps(images, config, batch), seconds)
        for batch in (NAIVE_BATCH, 4 * NAIVE_BATCH)
    }
    flops = 6 * _multiplications(build_model(config))  # forward and twice that backward
    best = max(ours.values())
    return {
        f"plain_{NAIVE_BATCH}": plain,
        f"ours_{NAIVE_BATCH}": ours[NAIVE_BATCH],
        f"ours_{4 * NAIVE_BATCH}": ours[4 * NAIVE_BATCH],
        f"ratio_{NAIVE_BATCH}": ours[NAIVE_BATCH] / plain,
        f"ratio_{4 * NAIVE_BATCH}": ours[4 * NAIVE_BATCH] / plain,
        "share_of_matmul_limit": best * flops / 1e9 / limit[fast_precision()],
    }


def _our_steps(images: ImageSet, config: ModelConfig, batch: int) -> Iterator[int]:
    trainer = Trainer(
        images, images, config, ObjectiveConfig(), TrainingConfig(epochs=1000, batch_size=batch)
    )
    for rows in trainer._batches():
        trainer._train_step(rows)
        yield len(rows)


def _race(
    images: ImageSet, held_out: ImageSet, config: ModelConfig, ours: TrainingConfig, seed: int
) -> dict[str, float]:
    """Train the naive way for five epochs, then ours until it is as good; times without measuring.

    Our run is measured at the end of each epoch of its schedule; if it is not as good by then,
    the time is that of the whole schedule and ``reached`` is 0.
    """
    naive, started = _NaiveLoop(images, config, seed), time.perf_counter()
    for _ in range(NAIVE_EPOCHS):
        for _ in naive.epoch():
            pass
    plain_seconds = time.perf_counter() - started
    target = evaluate(naive.model.eval(), held_out, samples=1).elbo
    settings = TrainingConfig(
        epochs=ours.epochs, batch_size=ours.batch_size, learning_rate=ours.learning_rate, seed=seed
    )
    trainer = Trainer(images, held_out.subset(slice(1)), config, ObjectiveConfig(), settings)
    model, started = trainer.run(), trainer.seconds
    elbo = evaluate(model, held_out, samples=1).elbo
    return {
        "plain_seconds": plain_seconds,
        "our_seconds": started,
        "share_of_time": started / plain_seconds,
        "plain_elbo": target,
        "our_elbo": elbo,
        "reached": float(elbo >= target),
    }


def _decoding_speed(model: Autoencoder, seconds: float) -> dict[int, dict[str, float]]:
    decoder, rows = BatchDecoder(model), {}
    for batch in BATCHES:
        z = np.random.default_rng(0).standard_normal((batch, model.config.latent_dim), np.float32)
        codes = torch.from_numpy(z)
        with torch.inference_mode():
            eager = _median_seconds(lambda codes=codes: model.decode(codes).mean, seconds)
        fast = _median_seconds(lambda z=z: decoder.decode(z), seconds)
        rows[batch] = {"float32": batch / eager, "ours": batch / fast, "ratio": eager / fast}
    return rows


def _encoding_speed(model: Autoencoder, seconds: float) -> dict[int, dict[str, float]]:
    rows = {}
    for batch in BATCHES:
        x = torch.rand(batch, *model.config.image_shape)
        with torch.inference_mode():
            eager = _median_seconds(lambda x=x: model.encode(x).mean, seconds)
        rows[batch] = {"float32": batch / eager}
    return rows


def _throughput(steps: Callable[[], Iterator[int]], seconds: float) -> float:
    """Images a second: the median over windows of a tenth of the time, after a warm-up."""
    rates, running = [], steps()
    for _ in range(3):
        next(running)
    end = time.perf_counter() + seconds
    while (started := time.perf_counter()) < end:
        done = 0
        while time.perf_counter() - started < seconds / 10:
            done += next(running)
        rates.append(done / (time.perf_counter() - started))
    return statistics.median(rates)


def _median_seconds(call: Callable[[], object], seconds: float) -> float:
    for _ in range(3):
        call()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _multiplications(model: Autoencoder) -> int:
    """Multiply-adds of encoding and decoding one image, counted while one passes."""
    total = 0

    def count(module: torch.nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        nonlocal total
        places = inputs[0] if isinstance(module, torch.nn.ConvTranspose2d) else output
        pixels = places[0, 0].numel() if places.ndim == 4 else 1
        total += module.weight.numel() * pixels

    layers = (torch.nn.Linear, torch.nn.Conv2d, torch.nn.ConvTranspose2d)
    hooks = [m.register_forward_hook(count) for m in model.modules() if isinstance(m, layers)]
    with torch.no_grad():
        model.decode(model.encode(torch.zeros(1, *model.config.image_shape)).mode)
    for hook in hooks:
        hook.remove()
    return total


def _pairs(values: dict[str, float]) -> str:
    return ", ".join(
        f"{name} {value:,.3g}" if value < 100 else f"{name} {value:,.0f}"
        for name, value in values.items()
    )
