"""How far a map keeps neighbours together, and what neighbours say about labels."""

from __future__ import annotations

__all__ = ["LabelAccuracy", "MapQuality", "compare_labels", "label_accuracy", "map_quality"]

from dataclasses import dataclass

import numpy as np

NEIGHBOURS = 15
VOTERS = 5
SAMPLE = 2000
# Labels of more points than these are judged on a sample.
MAX_JUDGED = 10_000
# Trees find neighbours in so few dimensions sooner than trying all.
TREE_DIMS = 4
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


@dataclass(frozen=True)
class LabelAccuracy:
    """How often a code's nearest neighbours, itself left out, agree on its label, 0 to 1.

    Attributes:
        on_map: Neighbours on the map.
        in_space: Neighbours among the codes, in all their dimensions.
        shuffled: Neighbours on the map, labels shuffled: what this measure gives where there is
            nothing to know.
        chance: One neighbour drawn at random from all: the sum of the squared shares of the
            classes. Several that vote reach more where classes differ in size, as ``shuffled``
            shows.
        neighbours: How many have a vote.
        judged: Codes these figures are means over; neighbours are sought among all.
    """

    on_map: float
    in_space: float
    shuffled: float
    chance: float
    neighbours: int
    judged: int


def compare_labels(
    codes: np.ndarray,
    points: np.ndarray,
    labels: np.ndarray,
    *,
    neighbours: int = VOTERS,
    sample: int = MAX_JUDGED,
    seed: int = 0,
) -> LabelAccuracy:
    """Say what neighbours know about labels, on a map and in the space that it shows.

    Args:
        codes: The codes (N, D).
        points: Where they lie on the map (N, 2).
        labels: Class of each (N,).
        neighbours: How many have a vote, below N.
        sample: Codes to judge, drawn at random where there are more.
        seed: Seed of the draw and of the shuffling.

    Raises:
        ValueError: if the shapes differ in N, or there are too few codes.
    """
    generator = np.random.default_rng(seed)
    rows = generator.permutation(len(labels))[:sample]
    shuffled = generator.permutation(labels)
    on_map = _neighbours_of(points, rows, neighbours, len(labels))
    in_space = _neighbours_of(codes, rows, neighbours, len(labels))
    shares = np.unique(labels, return_counts=True)[1] / len(labels)
    return LabelAccuracy(
        on_map=_agreement(labels, rows, on_map),
        in_space=_agreement(labels, rows, in_space),
        shuffled=_agreement(shuffled, rows, on_map),
        chance=float((shares**2).sum()),
        neighbours=neighbours,
        judged=len(rows),
    )


def label_accuracy(points: np.ndarray, labels: np.ndarray, *, neighbours: int = VOTERS) -> float:
    """Return how often a point's nearest neighbours, itself left out, agree on its label.

    Of more than 10,000 points a fixed sample is judged.

    Args:
        points: Codes or places on a map (N, D).
        labels: Class of each (N,).
        neighbours: How many have a vote, below N.

    Raises:
        ValueError: if the shapes differ in N, or there are too few points.
    """
    rows = np.random.default_rng(0).permutation(len(labels))[:MAX_JUDGED]
    return _agreement(labels, rows, _neighbours_of(points, rows, neighbours, len(labels)))


def _neighbours_of(points: np.ndarray, rows: np.ndarray, count: int, labels: int) -> np.ndarray:
    """Return the points nearest to each of ``rows`` (M, count), itself left out."""
    # Importing it takes a second, and an app that imports this must start at once.
    from sklearn.neighbors import NearestNeighbors

    if len(points) != labels or not 0 < count < len(points):
        raise ValueError(
            f"{len(points)} points, {labels} labels and {count} neighbours; give as many labels as "
            "points, and fewer neighbours"
        )
    how = "kd_tree" if points.shape[1] <= TREE_DIMS else "brute"
    nearest = NearestNeighbors(n_neighbors=count + 1, algorithm=how).fit(points)
    found = nearest.kneighbors(points[rows], return_distance=False)
    left_out = found == rows[:, None]
    left_out[~left_out.any(1), -1] = True  # so many lie at the same place that it is not named
    return found[~left_out].reshape(len(rows), count)


def _agreement(labels: np.ndarray, rows: np.ndarray, voters: np.ndarray) -> float:
    """Return how often most of the voters (M, K), or the first class of a tie, have the label."""
    classes, codes = np.unique(labels, return_inverse=True)
    votes = np.zeros((len(rows), len(classes)), np.int32)
    np.add.at(votes, (np.arange(len(rows))[:, None], codes[voters]), 1)
    return float((votes.argmax(1) == codes[rows]).mean())


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
