"""What lies behind a map's points: how dense the data are, and where the prior has none."""

from __future__ import annotations

__all__ = ["LAYERS", "holes_in_words", "make_layer"]

import numpy as np

from ui.live.map_values import Layer
from vae.encoding import LatentTable
from vae.metrics.holes import measure_holes
from vae.metrics.map_density import HOLE, MapDensity, Square, map_density
from vae.projections import Projection

LAYERS = ("density", "holes")
MARGIN = 1.15
# Above this, gaps between so few codes are all one would measure.
MOST_GAPS = 0.95
PRIOR_REACH = 3.2


def make_layer(projection: Projection, table: LatentTable, kind: str) -> Layer:
    """Return a layer of a map.

    Raises:
        ValueError: if it is another, or the map has no holes that could be measured.
    """
    if kind not in LAYERS:
        raise ValueError(f"layer is {kind!r}; choose one of {', '.join(LAYERS)}")
    has_prior = projection.axes is not None and table.log_var is not None
    if kind == "holes" and not has_prior:
        why = (
            "t-SNE and UMAP bend space" if table.log_var is not None else "this model has no prior"
        )
        raise ValueError(
            f"holes are places where the prior has no data about it, and {why}; "
            "choose PCA or two dimensions of a VAE"
        )
    square = _square(projection.points, has_prior)
    density = map_density(projection, table.log_var, square)
    values = density.data if kind == "density" else _depth(density)
    words = _density_words(density) if kind == "density" else ""
    return Layer(kind, np.ascontiguousarray(values[::-1], np.float32), square, words)


def _square(points: np.ndarray, has_prior: bool) -> Square:
    """Return the square that holds all points, and the prior where there is one."""
    reach = PRIOR_REACH if has_prior else 0.0
    low, high = points.min(0), points.max(0)
    if has_prior:
        low, high = np.minimum(low, -reach), np.maximum(high, reach)
    width = MARGIN * float((high - low).max() or 1.0)
    left, bottom = (low + high) / 2 - width / 2
    return float(left), float(bottom), width


def _depth(density: MapDensity) -> np.ndarray:
    """Return how much prior lies in each hole, 0 outside of holes, 1 where there is most of it."""
    return np.where(density.holes, density.prior / density.prior.max(), 0)


def _density_words(density: MapDensity) -> str:
    if density.kernel is None:
        return f"Behind: density of the aggregate posterior of {density.n:,} codes."
    return f"Behind: how dense the {density.n:,} points lie (a kernel {density.kernel:.2g} wide)."


def holes_in_words(projection: Projection, table: LatentTable) -> str:
    """Say how much of the prior lies in holes, on the map and in all dimensions."""
    on_map = measure_holes(table.mean, table.log_var, projection)
    in_full = measure_holes(table.mean, table.log_var)
    dims = table.mean.shape[1]
    words = (
        f"Holes: {on_map.share:.1%} of the prior lies where the codes' density is below "
        f"{HOLE:.0%} of its own ({on_map.control:.1%} for codes spread like the prior)"
    )
    if dims <= 2:
        return f"{words}. Pictures drawn there resemble no data."
    if in_full.control > MOST_GAPS:
        return f"{words} on this map; {len(table):,} codes are too few to say so of all {dims}."
    return (
        f"{words} on this map; in all {dims} dimensions it is {in_full.share:.1%} "
        f"({in_full.control:.1%}). Pictures drawn there resemble no data."
    )
