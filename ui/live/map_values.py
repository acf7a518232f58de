"""What the map's component is given: plain values, arrays where there are many numbers."""

from __future__ import annotations

__all__ = ["Choices", "GroupView", "Layer", "MapView", "Progress"]

from dataclasses import dataclass

import numpy as np

from vae.encoding import LatentTable
from vae.maps import MapFigures
from vae.projections import Projection


@dataclass(frozen=True)
class Progress:
    """How far something is that takes a while.

    Attributes:
        share: The share that is done, 0 to 1; None while that is not known.
        words: The same in words.
    """

    share: float | None
    words: str


@dataclass(frozen=True)
class MapView:
    """A map of many codes.

    Attributes:
        key: What its columns are asked for by.
        source: Whose codes they are, one of ``Choices.sources``.
        method: How it was made, one of ``Choices.methods``.
        dims: The dimensions that two raw axes show.
        projection: Where the codes lie.
        table: The codes, in its order.
        columns: Names of what can be asked for.
        about: What it is, in sentences.
        figures: How true it is, where that is known already.
        progress: How far it is, None once it is done.
    """

    key: str
    source: str
    method: str
    dims: tuple[int, int]
    projection: Projection
    table: LatentTable
    columns: tuple[str, ...]
    about: str
    figures: MapFigures | None = None
    progress: Progress | None = None


@dataclass(frozen=True)
class Choices:
    """What can be chosen on the map page.

    Attributes:
        sources: Name and title of whose codes can be shown.
        methods: Name and title of each kind of map.
        shades: Name and title of what points can be coloured by.
        shade: The one to begin with.
        order: Latent dimensions, most informative first.
    """

    sources: tuple[tuple[str, str], ...]
    methods: tuple[tuple[str, str], ...]
    shades: tuple[tuple[str, str], ...]
    shade: str
    order: tuple[int, ...]


@dataclass(frozen=True)
class GroupView:
    """What some codes of a map have in common.

    Attributes:
        title: How many they are.
        words: What they have in common, in sentences.
        count: How many they are.
        labels: How many have each label, most first: name, count and the label's number.
        mean: Their mean code (D,).
        typical, unusual: Rows of a few that lie near to the mean, and far from it.
    """

    title: str
    words: str
    count: int
    labels: tuple[tuple[str, int, int], ...]
    mean: np.ndarray
    typical: tuple[int, ...]
    unusual: tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """Something that is shown behind a map's points.

    Attributes:
        kind: "density" or "holes".
        values: A grid (side, side) float32 from the top left; holes lie between 0 and 1.
        box: Left and lower end of the square it covers, and its width.
        words: What it says, in sentences.
    """

    kind: str
    values: np.ndarray
    box: tuple[float, float, float]
    words: str
