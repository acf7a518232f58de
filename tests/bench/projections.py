"""How long maps take and how true they are: ``python -m tests.bench.projections``.

On the held-out codes of a model: ours with the quick and the thorough settings, and scikit-learn's
t-SNE with the settings it comes with, each with trustworthiness and preservation of neighbours
(k = 15), and how well five neighbours know the label, beside the codes themselves and chance. Then
how long the app waits for a map that is shipped, made in a process of its own, and asked for again.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vae.checkpoints import Card, load_codes
from vae.map_cache import MapCache
from vae.maps import load_map
from vae.metrics.neighbours import label_accuracy, map_quality
from vae.projecting import ProjectionQueue
from vae.projections import QUICK, THOROUGH, Settings, project
from vae.shelf import find_checkpoint


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="mnist-10d")
    parser.add_argument("--without", nargs="*", default=[], help="methods to leave out")
    options = parser.parse_args()
    card = find_checkpoint(options.model)
    table = load_codes(card)
    table = table.subset(table.held_out)
    codes, label = table.mean, table.label
    project(codes[:200])  # openTSNE is imported before the clock starts
    methods: dict[str, Callable[[], np.ndarray]] = {
        "pca": lambda: project(codes, Settings("pca")).points,
        "tsne": lambda: project(codes).points,
        "tsne, thorough": lambda: project(codes, THOROUGH).points,
        "tsne of scikit-learn": lambda: _scikit_learn(codes),
    }
    print(f"{options.model}: {len(codes):,} codes of {codes.shape[1]} dimensions")
    for name, make in methods.items():
        if name in options.without:
            continue
        started = time.perf_counter()
        points = make()
        seconds = time.perf_counter() - started
        quality = map_quality(codes, points)
        line = f"{name:22} {seconds:6.1f} s, trustworthiness {quality.trustworthiness:.4f}"
        line += f", continuity {quality.continuity:.4f}, preserved {quality.preservation:.3f}"
        print(line + (f", labels {label_accuracy(points, label):.3f}" if label is not None else ""))
    if label is not None:
        shuffled = np.random.default_rng(0).permutation(label)
        print(f"labels from the codes themselves {label_accuracy(codes, label):.3f}", end=", ")
        print(f"shuffled {label_accuracy(codes, shuffled):.3f}")
    _measure_waits(card, codes)


def _measure_waits(card: Card, codes: np.ndarray) -> None:
    started = time.perf_counter()
    load_map(card)
    print(f"the shipped map and its codes, read {1000 * (time.perf_counter() - started):.0f} ms")
    with tempfile.TemporaryDirectory() as folder:
        queue = ProjectionQueue(cache=MapCache(Path(folder)))
        for name, settings in (("quick", QUICK), ("thorough", THOROUGH)):
            marks = [time.perf_counter()]
            work = queue.start(codes, settings)
            while work.state in ("waiting", "starting"):
                time.sleep(0.002)
            marks.append(time.perf_counter())
            work.wait()
            marks.append(time.perf_counter())
            queue.start(codes, settings)
            marks.append(time.perf_counter())
            start, make, again = np.diff(marks)
            print(
                f"{name}, {queue.threads} threads: its process starts {start:.1f} s, "
                f"makes the map {make:.1f} s; asked for again {1000 * again:.0f} ms"
            )


def _scikit_learn(codes: np.ndarray) -> np.ndarray:
    from sklearn.manifold import TSNE

    return TSNE(random_state=0, n_jobs=-1).fit_transform(codes)


if __name__ == "__main__":
    main()
