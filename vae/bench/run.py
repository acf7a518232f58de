"""Everything ``python -m vae bench`` measures, in order, and how it reads."""

from __future__ import annotations

__all__ = ["run_bench"]

import statistics
from collections.abc import Callable

import torch

import vae.data
from vae.bench.limits import matmul_limit, multiplications
from vae.bench.loops import (
    IMAGE_SHAPE,
    PLAIN_BATCH,
    our_run,
    our_speed,
    plain_run,
    plain_speed,
)
from vae.bench.pictures import BATCHES, decoding_speed, encoding_speed
from vae.bench.start_up import StartUpError, start_up
from vae.bench.timing import in_fresh_process
from vae.data import DataError
from vae.models import ModelConfig, build_model
from vae.precision import fast_precision

# The perceptron is that of the PyTorch example, 784-400-20; the other is our convolutional net.
NETWORKS = {
    "mlp": {"family": "mlp", "latent_dim": 20, "width": 400, "depth": 1},
    "conv": {"family": "conv", "latent_dim": 10, "channels": 32, "width": 256, "depth": 1},
}
# What our loop is given to reach the naive loop's ELBO with: fewer epochs, smaller batches, a rate
# that falls, a KL that grows (without which so few steps leave dimensions unused).
SCHEDULES = {
    "mlp": {"epochs": 3, "batch": 128, "rate": 7e-3, "warm_up": 0.0},
    "conv": {"epochs": 2, "batch": 32, "rate": 2e-3, "warm_up": 0.3},
}
# How often decoding and encoding are measured, in turns: a shared machine has its moments.
ROUNDS = 3
OUR_BATCHES = (PLAIN_BATCH, 4 * PLAIN_BATCH)


def run_bench(
    *,
    seconds: float = 3.0,
    seeds: int = 3,
    starts: int = 3,
    source: str = "mnist",
    report: Callable[[str], None],
) -> dict:
    """Measure training, decoding, encoding, the start of the app, and the machine's own limit.

    Args:
        seconds: How long each throughput is measured.
        seeds: Runs behind each time to the same ELBO; 0 leaves these out.
        starts: Fresh starts of the app; 0 leaves them out.
        source: Named data; ``digits``, enlarged, stands in where it is not at hand.
        report: Called with a line of text as each result is known.

    Returns:
        Plain values for JSON: images a second, seconds, GFLOP/s, MiB.
    """
    source = _at_hand(source)
    limit, _ = in_fresh_process(matmul_limit, seconds / 3)
    machine = {
        "threads": torch.get_num_threads(),
        "precision": fast_precision(),
        "data": source,
        "matmul_gflops": limit,
    }
    report(f"{machine['threads']} threads, {source}; matrix products {_pairs(limit)} GFLOP/s")
    result: dict = {"machine": machine}
    for name, network in NETWORKS.items():
        result[name] = {"training": _training(network, source, seconds, limit)}
        report(f"{name} training, images/s: {_pairs(result[name]['training'])}")
        if seeds:
            race = [_race(network, source, seed, SCHEDULES[name]) for seed in range(seeds)]
            medians = {key: statistics.median(run[key] for run in race) for key in race[0]}
            result[name]["same_elbo"] = medians
            report(f"{name} to the naive loop's ELBO: {_pairs(medians)}")
        for what, speed in (("decoding", decoding_speed), ("encoding", encoding_speed)):
            result[name][what] = _pictures(speed, network, seconds / 3)
            for batch, row in result[name][what].items():
                report(f"{name} {what}, batch {batch}, images/s: {_pairs(row)}")
    if starts:
        result["start_up"] = _start_up(starts, report)
    return result


def _at_hand(source: str) -> str:
    try:
        vae.data.load(source, "test")
    except DataError:
        return "digits"
    return source


def _training(network: dict, source: str, seconds: float, limit: dict) -> dict[str, float]:
    plain, plain_peak = in_fresh_process(plain_speed, network, source, seconds)
    row = {f"plain_{PLAIN_BATCH}": plain}
    peaks = {f"plain_{PLAIN_BATCH}_peak_mib": _mib(plain_peak)}
    for batch in OUR_BATCHES:
        ours, peak = in_fresh_process(our_speed, network, source, seconds, batch)
        row |= {f"ours_{batch}": ours, f"ratio_{batch}": ours / plain}
        peaks[f"ours_{batch}_peak_mib"] = _mib(peak)
    model = build_model(ModelConfig(image_shape=IMAGE_SHAPE, **network))
    flops = 6 * multiplications(model)  # forward, and twice that backward
    best = max(row[f"ours_{batch}"] for batch in OUR_BATCHES)
    share = best * flops / 1e9 / limit[fast_precision()]
    return row | {"share_of_matmul_limit": share} | peaks


def _race(network: dict, source: str, seed: int, schedule: dict) -> dict[str, float]:
    (plain_seconds, target), _ = in_fresh_process(plain_run, network, source, seed)
    (our_seconds, elbo), _ = in_fresh_process(our_run, network, source, seed, **schedule)
    return {
        "plain_seconds": plain_seconds,
        "our_seconds": our_seconds,
        "share_of_time": our_seconds / plain_seconds,
        "plain_elbo": target,
        "our_elbo": elbo,
        "reached": float(elbo >= target),
    }


def _pictures(speed: Callable, network: dict, seconds: float) -> dict[int, dict[str, float]]:
    config, rows = ModelConfig(image_shape=IMAGE_SHAPE, **network), {}
    for batch in BATCHES:
        rounds = [
            [
                in_fresh_process(speed, config, batch, seconds, ours=ours)[0]
                for ours in (False, True)
            ]
            for _ in range(ROUNDS)
        ]
        naive, ours = map(statistics.median, zip(*rounds, strict=True))
        rows[batch] = {"float32": naive, "ours": ours, "ratio": ours / naive}
    return rows


def _start_up(starts: int, report: Callable[[str], None]) -> dict[str, float] | None:
    try:
        seconds = start_up(starts)
    except StartUpError as error:
        report(str(error))
        return None
    report(f"start of the app to its first picture, seconds: {_pairs(seconds)}")
    return seconds


def _mib(size: int | None) -> float | None:
    return None if size is None else size / 2**20


def _pairs(values: dict[str, float | None]) -> str:
    return ", ".join(f"{name} {_short(value)}" for name, value in values.items())


def _short(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
