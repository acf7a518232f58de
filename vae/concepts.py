"""Directions of latent space that stand for something two groups of images differ in."""

from __future__ import annotations

__all__ = ["Concept", "analogy", "find_concept"]

from dataclasses import dataclass

import numpy as np

# Fewer codes in a group leave none to judge the direction on.
MIN_JUDGED = 4
CONTROLS = 200


@dataclass(frozen=True)
class Concept:
    """A direction from one group of codes to another, and how well it tells them apart.

    Attributes:
        direction: The difference of the groups' means (D,): adding it once turns a typical member
            of the second group into one of the first (Larsen et al. 2016, arXiv 1512.09300).
        effect_size: Cohen's d along the direction, on codes it was not made from; None where a
            group is too small.
        auc: Chance that a code of the first group lies further along the direction than one of
            the second, on the same codes.
        control_auc: What a random direction reaches at best in 95 of 100 tries, on the same codes.
        judged: Codes of each group behind these figures.
    """

    direction: np.ndarray
    effect_size: float | None
    auc: float | None
    control_auc: float | None
    judged: tuple[int, int]


def find_concept(present: np.ndarray, absent: np.ndarray, *, seed: int = 0) -> Concept:
    """Find the direction from codes that lack something to codes that have it.

    Half of each group, drawn at random, makes the direction; the other half judges it. Groups of
    fewer than four are used whole and judged by nothing.

    Args:
        present: Codes (N, D) that have it.
        absent: Codes (M, D) that lack it.
        seed: Seed of the halves and of the random directions.

    Raises:
        ValueError: if a group is empty, or they differ in D.
    """
    groups = (present, absent)
    if any(group.ndim != 2 or not len(group) for group in groups) or (
        present.shape[1] != absent.shape[1]
    ):
        raise ValueError(
            f"the groups have shapes {present.shape} and {absent.shape}; give codes (N, D), N >= 1"
        )
    generator = np.random.default_rng(seed)
    if min(map(len, groups)) < MIN_JUDGED:
        direction = present.mean(0) - absent.mean(0)
        return Concept(direction.astype(np.float32), None, None, None, (0, 0))
    shuffled = [group[generator.permutation(len(group))].astype(np.float64) for group in groups]
    made, judged = zip(*(np.array_split(group, 2) for group in shuffled), strict=True)
    direction = made[0].mean(0) - made[1].mean(0)
    random = generator.standard_normal((CONTROLS, present.shape[1]))
    controls = [_auc(*(group @ way for group in judged)) for way in random]
    along = [group @ direction for group in judged]
    return Concept(
        direction=direction.astype(np.float32),
        effect_size=_cohens_d(*along),
        auc=_auc(*along),
        control_auc=float(np.quantile(np.maximum(controls, 1 - np.array(controls)), 0.95)),
        judged=(len(judged[0]), len(judged[1])),
    )


def analogy(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return a - b + c: what stands to c as a stands to b (D,)."""
    return (a - b + c).astype(np.float32)


def _auc(present: np.ndarray, absent: np.ndarray) -> float:
    # Importing it takes a second, and an app that imports this must start at once.
    from sklearn.metrics import roc_auc_score

    truth = np.repeat([1, 0], [len(present), len(absent)])
    return float(roc_auc_score(truth, np.concatenate([present, absent])))


def _cohens_d(present: np.ndarray, absent: np.ndarray) -> float:
    """Difference of the means in pooled standard deviations."""
    n, m = len(present), len(absent)
    pooled = ((n - 1) * present.var(ddof=1) + (m - 1) * absent.var(ddof=1)) / (n + m - 2)
    difference = present.mean() - absent.mean()
    return float(difference / np.sqrt(pooled)) if pooled > 0 else float(np.inf)
