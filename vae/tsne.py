"""t-SNE as openTSNE computes it (van der Maaten and Hinton 2008; Policar et al. 2019).

The same codes and settings give the same map, whatever the number of threads.
"""

from __future__ import annotations

__all__ = ["OnProgress", "TsneSettings", "fit_tsne"]

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    import openTSNE

# A tree finds neighbours faster in up to so many dimensions; above, comparing all pairs does.
TREE_DIMS = 4
# From so many codes on, repulsion is faster by interpolation on a grid (FFT) than by a tree. Cells
# twice as wide as openTSNE's own halve the time and keep as many neighbours.
GRID_FROM = 2000
CELL = 2
TELL_EVERY = 10

OnProgress = Callable[[float, np.ndarray], bool]


class TsneSettings(Protocol):
    """What t-SNE needs to know: see ``vae.projections.Settings``."""

    perplexity: float
    early: int
    late: int
    seed: int


def fit_tsne(
    codes: np.ndarray, settings: TsneSettings, on_progress: OnProgress, threads: int
) -> np.ndarray:
    """Return where codes (N, D) come to lie (N, 2) float32.

    Args:
        codes: Finite codes, N >= 4, not all alike.
        settings: How.
        on_progress: Told every ten iterations the share that is done and the points as they lie;
            where it returns False they stay there.
        threads: Processors it may use; -1 for all.
    """
    import openTSNE
    from openTSNE.callbacks import Callback

    total = settings.early + settings.late
    done = 0

    class Told(Callback):
        """Tells how far it is; openTSNE stops where this returns True."""

        def __call__(self, iteration: int, error: float, embedding: np.ndarray) -> bool:
            share = min(1.0, (done + iteration) / total)
            return not on_progress(share, np.array(embedding, np.float32))

    # Sizes mean nothing to it; but squares of huge codes would not be numbers.
    codes = codes - codes.mean(0, dtype=np.float64)
    codes /= np.abs(codes).max()
    if codes.shape[1] == 1:  # it begins with two principal components
        codes = np.pad(codes, [(0, 0), (0, 1)])
    embedding = openTSNE.TSNEEmbedding(
        openTSNE.initialization.pca(codes, random_state=settings.seed),
        _affinities(codes, settings.perplexity, threads),
        negative_gradient_method="fft" if len(codes) >= GRID_FROM else "bh",
        ints_in_interval=CELL,
        random_state=settings.seed,
        n_jobs=threads,
        callbacks=Told(),
        callbacks_every_iters=TELL_EVERY,
    )
    try:
        stages = [(settings.early, {"exaggeration": 12, "momentum": 0.5})]
        stages += [(settings.late, {"momentum": 0.8})]
        for count, how in stages:
            embedding.optimize(count, inplace=True, propagate_exception=True, **how)
            done += count
    except openTSNE.tsne.OptimizationInterrupt as stopped:
        embedding = stopped.final_embedding
    return np.asarray(embedding, np.float32)


def _affinities(codes: np.ndarray, perplexity: float, threads: int) -> openTSNE.affinity.Affinities:
    """Return how near t-SNE holds each code to its neighbours, which are found exactly.

    openTSNE would seek them with random trees: eight times slower for 10,000 codes, and the trees
    depend on the number of threads, and so would the map.
    """
    import openTSNE
    from sklearn.neighbors import NearestNeighbors

    perplexity = min(perplexity, max(1.0, (len(codes) - 1) / 3))
    count = min(len(codes) - 1, int(3 * perplexity))
    how = "kd_tree" if codes.shape[1] <= TREE_DIMS else "brute"
    nearest = NearestNeighbors(n_neighbors=count, algorithm=how).fit(codes)
    distances, rows = nearest.kneighbors()
    known = openTSNE.nearest_neighbors.PrecomputedNeighbors(rows, distances)
    return openTSNE.affinity.PerplexityBasedNN(
        perplexity=perplexity, knn_index=known, n_jobs=threads
    )
