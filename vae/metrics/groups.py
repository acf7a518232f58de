"""What a group of codes has in common, and what tells it apart from all others."""

from __future__ import annotations

__all__ = ["Group", "describe_group"]

from dataclasses import dataclass

import numpy as np

MEMBERS = 8
# A dimension that varies less than this share of its largest code varies by rounding only.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Group:
    """Some of the codes of a table, as a lasso picks them.

    Attributes:
        count: Codes in it.
        share: Of all codes, 0 to 1.
        labels: How many of each label, most frequent first; empty where labels are unknown.
        mean: Mean code (D,) float32: what to decode to see what they have in common.
        std: Standard deviation of each dimension in the group (D,).
        spread: Its total variance over that of all codes: 0 for codes all alike, about 1 for a
            random group, more for one that lies far apart.
        typical: Rows of the members nearest to the mean, nearest first: Mahalanobis distance with
            the group's ``std``, dimensions without spread left out.
        unusual: Rows of those farthest from it, farthest first; none that is typical too.
        difference: Of each dimension (D,), how many standard deviations the group's mean lies
            above that of all other codes: Cohen's d with the root mean of both variances. 0 where
            there are no others; infinite where neither has any spread and they differ.
    """

    count: int
    share: float
    labels: dict[int, int]
    mean: np.ndarray
    std: np.ndarray
    spread: float
    typical: np.ndarray
    unusual: np.ndarray
    difference: np.ndarray

    @property
    def telling_dims(self) -> np.ndarray:
        """Dimensions (D,), those that tell the group apart best first."""
        return np.argsort(-np.abs(self.difference), kind="stable")


def describe_group(
    codes: np.ndarray,
    rows: np.ndarray,
    label: np.ndarray | None = None,
    *,
    members: int = MEMBERS,
) -> Group:
    """Describe a group of codes.

    Args:
        codes: All codes (N, D).
        rows: Which are in the group: a mask (N,), or their numbers.
        label: Class of each code (N,), None when unknown.
        members: How many typical and unusual ones to name at most; of a small group half each.

    Raises:
        ValueError: if the group is empty.

    Example:
        >>> codes = np.array([[0.0, 0], [0, 2], [0, 1], [9, 1]])
        >>> group = describe_group(codes, np.array([0, 1, 2]), members=1)
        >>> group.mean.tolist(), group.typical.tolist(), group.telling_dims.tolist()
        ([0.0, 1.0], [2], [0, 1])
    """
    chosen = np.zeros(len(codes), bool)
    chosen[rows] = True
    rows = np.flatnonzero(chosen)
    if not len(rows):
        raise ValueError("rows choose no code; choose at least one")
    every = codes.astype(np.float64)
    inside, others = every[chosen], every[~chosen]
    std = _std(inside)
    distance = np.abs((inside - inside.mean(0)) / np.where(std > 0, std, np.inf))
    order = rows[(distance**2).sum(1).argsort(kind="stable")]
    count = len(rows)
    total = every.var(0).sum()
    return Group(
        count=count,
        share=count / len(codes),
        labels={} if label is None else _count_labels(label[chosen]),
        mean=inside.mean(0).astype(np.float32),
        std=std,
        spread=float((std**2).sum() / total) if total > 0 else 0.0,
        typical=order[: min(members, (count + 1) // 2)],
        unusual=order[::-1][: min(members, count // 2)],
        difference=_difference(inside, others),
    )


def _std(codes: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each dimension (D,), exactly 0 where it is rounding."""
    std = codes.std(0)
    return np.where(std > ROUNDING * np.abs(codes).max(0), std, 0.0)


def _count_labels(label: np.ndarray) -> dict[int, int]:
    names, counts = np.unique(label, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {int(names[i]): int(counts[i]) for i in order}


def _difference(inside: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Standardised mean difference (Cohen 1988, eq. 2.3.2: groups of different variance)."""
    if not len(others):
        return np.zeros(inside.shape[1])
    difference = inside.mean(0) - others.mean(0)
    largest = np.maximum(np.abs(inside).max(0), np.abs(others).max(0))
    difference[np.abs(difference) <= ROUNDING * largest] = 0
    scale = np.sqrt((_std(inside) ** 2 + _std(others) ** 2) / 2)
    without = np.where(difference == 0, 0.0, np.copysign(np.inf, difference))
    return np.where(scale > 0, difference / np.where(scale > 0, scale, 1), without)
