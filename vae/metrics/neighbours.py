"""How far a map keeps neighbours together, and what neighbours say about labels."""

from __future__ import annotations

__all__ = ["MapQuality", "label_accuracy", "map_quality"]

from dataclasses import dataclass

import numpy as np

NEIGHBOURS = 15
SAMPLE = 2000
CHUNK = 256


@dataclass(frozen=True)
class MapQuality:
    """How true a map is to the space that it shows; 1 is best in all three.

    Attributes:
        trustworthiness: Whether neighbours on the map are neighbours in the space (Venna and Kaski
            2001): 1 less the ranks by which those that are not miss it.
        continuity: The same the other way round: whether neighbours in the space stay together.
        preservation: Share of the nearest neighbours in the space that are nearest on the map.
        neighbours: How many count as near.
        judged: Points these figures are means over.
    """

    trustworthiness: float
    continuity: float
    preservation: float
    neighbours: int
    judged: int


def map_quality(
    codes: np.ndarray,
    points: np.ndarray,
    *,
    neighbours: int = NEIGHBOURS,
    sample: int = SAMPLE,
    seed: int = 0,
) -> MapQuality:
    """Judge a map.

    Args:
        codes: The codes (N, D).
        points: Where they lie on the map (N, 2).
        neighbours: How many count as near, below N / 2.
        sample: Points to judge, drawn at random; their neighbours are sought among all.
        seed: Seed of the draw.

    Raises:
        ValueError: if the shapes differ in N, or there are too few points.
    """
    n = len(codes)
    if len(points) != n or not 0 < neighbours < n / 2:
        raise ValueError(
            f"{n} codes, {len(points)} points and {neighbours} neighbours; give as many points as "
            "codes, and fewer neighbours than half of them"
        )
    rows = np.random.default_rng(seed).permutation(n)[:sample]
    missed = {"trustworthiness": 0, "continuity": 0}
    kept = 0
    for first in range(0, len(rows), CHUNK):
        some = rows[first : first + CHUNK]
        in_space, on_map = _ranks(codes, some), _ranks(points, some)
        near_space, near_map = (
            (ranks >= 1) & (ranks <= neighbours) for ranks in (in_space, on_map)
        )
        missed["trustworthiness"] += int((in_space[near_map & ~near_space] - neighbours).sum())
        missed["continuity"] += int((on_map[near_space & ~near_map] - neighbours).sum())
        kept += int((near_space & near_map).sum())
    worst = len(rows) * neighbours * (2 * n - 3 * neighbours - 1) / 2
    return MapQuality(
        trustworthiness=1 - missed["trustworthiness"] / worst,
        continuity=1 - missed["continuity"] / worst,
        preservation=kept / (len(rows) * neighbours),
        neighbours=neighbours,
        judged=len(rows),
    )


def label_accuracy(points: np.ndarray, labels: np.ndarray, *, neighbours: int = 5) -> float:
    """Return how often a point's nearest neighbours, itself left out, agree on its label.

    Args:
        points: Codes or places on a map (N, D).
        labels: Class of each (N,).
        neighbours: How many have a vote.
    """
    from sklearn.neighbors import KNeighborsClassifier

    # The nearest one of each is the point itself: it is asked for on top, and not heard.
    nearest = KNeighborsClassifier(neighbours).fit(points, labels)
    rows = nearest.kneighbors(return_distance=False)
    votes = np.asarray(labels)[rows]
    classes = np.unique(labels)
    counts = (votes[:, :, None] == classes).sum(1)
    return float((classes[counts.argmax(1)] == labels).mean())


def _ranks(points: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return how many-th nearest each point is to each of ``rows`` (M, N); itself is the 0th."""
    points = np.asarray(points, dtype=np.float64)
    squares = (points**2).sum(1)
    far = squares + squares[rows, None] - 2 * points[rows] @ points.T
    far[np.arange(len(rows)), rows] = -np.inf
    order = far.argsort(1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(len(points))[None], 1)
    return ranks
