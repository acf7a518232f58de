"""How long a geodesic takes: ``python -m tests.bench.geodesics``."""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from vae.checkpoints import load_codes, load_model
from vae.interpolation import geodesic
from vae.shelf import find_checkpoint

STEPS = 32


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=["mnist-2d", "mnist-10d", "emoji-32d"])
    parser.add_argument("--pairs", type=int, default=20)
    options = parser.parse_args()
    for name in options.models:
        card = find_checkpoint(name)
        model, mean = load_model(card), load_codes(card).mean
        generator = np.random.default_rng(0)
        geodesic(model, *mean[:2])  # the first one pays for threads and caches
        seconds, saved = [], []
        for _ in range(options.pairs):
            start, end = mean[generator.integers(0, len(mean), 2)]
            started = time.perf_counter()
            found = geodesic(model, start, end)
            found.path(STEPS)
            seconds.append(time.perf_counter() - started)
            saved.append(found.saved)
        print(
            f"{name:12} {options.pairs} pairs, {STEPS} steps: median "
            f"{statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s; length saved "
            f"{statistics.median(saved):.1%} at the median"
        )


if __name__ == "__main__":
    main()
