"""Holes: where the prior draws codes from, but no image was ever encoded.

A model's own samples come from the prior; the decoder learned from the aggregate posterior. Where
the second is far less dense than the first, it draws what it never saw (Rosca et al. 2018, arXiv
1802.06847; Dai and Wipf 2019, arXiv 1903.05789).
"""

from __future__ import annotations

__all__ = ["Holes", "measure_holes"]

import math
from dataclasses import dataclass

import numpy as np

from vae.metrics.map_density import HOLE
from vae.projections import Projection

SAMPLES = 2000
# Few large products: on a busy machine threads that wait for each other cost more than memory.
CHUNK_VALUES = 1 << 22


@dataclass(frozen=True)
class Holes:
    """How much of the prior lies in holes of the aggregate posterior.

    Attributes:
        share: Share of the prior's mass, 0 to 1, where the density of the aggregate posterior of
            these codes is below a tenth of the prior's.
        control: The same for as many posteriors, as wide as these, whose means lie as the prior
            has them. It is what holes the gaps between so few posteriors make; those of the model
            are what ``share`` has above it.
        standard_error: Of ``share``, for being measured on samples; that of ``control`` is alike.
        samples: Samples of the prior it was measured on.
        codes: Posteriors that make up the aggregate.
        dims: Dimensions of the space it was measured in: 2 on a map.
    """

    share: float
    control: float
    standard_error: float
    samples: int
    codes: int
    dims: int


def measure_holes(
    mean: np.ndarray,
    log_var: np.ndarray,
    projection: Projection | None = None,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
) -> Holes:
    """Measure how much of the prior lies in holes, in latent space or on a linear map of it.

    Densities are exact, at samples of the prior; the aggregate is that of all these codes, not of
    all the data there are, so compare shares of equally many only. A map has fewer holes than
    the space: it lays codes on top of each other. A picture of a map has fewer still: its cells
    are wider than gaps between posteriors.

    Args:
        mean: Posterior means (N, D).
        log_var: Posterior log variances (N, D).
        projection: A linear map; None for latent space itself.
        samples: How many to draw from the prior.
        seed: Seed of the samples and of the control.

    Raises:
        ValueError: if the shapes differ, or the map is not linear or has one direction only.

    Example:
        >>> collapsed = np.zeros((5, 3))
        >>> measure_holes(collapsed, collapsed).share
        0.0
    """
    if mean.ndim != 2 or mean.shape != log_var.shape or not len(mean):
        raise ValueError(
            f"mean and log_var have shapes {mean.shape} and {log_var.shape}; give (N, D), N >= 1"
        )
    mean, log_var = (np.asarray(array, dtype=np.float64) for array in (mean, log_var))
    axes, centre = _axes(projection, mean.shape[1])
    generator = np.random.default_rng(seed)
    z = generator.standard_normal((samples, mean.shape[1]))
    # z = m + std * noise is N(0, I) where m has the variance that std leaves.
    left = np.sqrt(np.maximum(1 - np.exp(log_var), 0))
    filling = left * generator.standard_normal(mean.shape)
    share, control = (_share_in_holes(z, means, log_var, axes, centre) for means in (mean, filling))
    error = math.sqrt(share * (1 - share) / samples)
    dims = mean.shape[1] if axes is None else len(axes)
    return Holes(share, control, error, samples, len(mean), dims)


def _axes(projection: Projection | None, dims: int) -> tuple[np.ndarray | None, np.ndarray]:
    if projection is None:
        return None, np.zeros(dims)
    if projection.axes is None or np.linalg.matrix_rank(projection.axes) < 2:
        raise ValueError(
            f"projection is a map of the method {projection.settings.method!r} without two linear "
            "axes; give one by pca or raw of two dimensions or more, or None for latent space"
        )
    return projection.axes, projection.centre


def _share_in_holes(
    z: np.ndarray,
    mean: np.ndarray,
    log_var: np.ndarray,
    axes: np.ndarray | None,
    centre: np.ndarray,
) -> float:
    """Return the share of samples of the prior (M, D) at which the aggregate is too thin."""
    if axes is None:
        prior = -0.5 * (z**2 + math.log(2 * math.pi)).sum(1)
        data = _log_mixture(*_separate(z, mean, log_var))
    else:
        covariance = np.einsum("id,nd,jd->nij", axes, np.exp(log_var), axes)
        points, places = (mean - centre) @ axes.T, (z - centre) @ axes.T
        centred = (-axes @ centre)[None], (axes @ axes.T)[None]
        prior = _log_mixture(*_slanted(places, *centred))
        data = _log_mixture(*_slanted(places, points, covariance))
    return float((data < prior + math.log(HOLE)).mean())


def _separate(
    z: np.ndarray, mean: np.ndarray, log_var: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return factors whose product is the log density of each z under each diagonal Gaussian."""
    precision = np.exp(-log_var)
    constant = -0.5 * (mean**2 * precision + log_var + math.log(2 * math.pi)).sum(1)
    of_z = np.hstack([z**2, z, np.ones((len(z), 1))])
    return of_z, np.hstack([-0.5 * precision, mean * precision, constant[:, None]])


def _slanted(
    z: np.ndarray, mean: np.ndarray, covariance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the same for Gaussians of two dimensions with covariances (N, 2, 2)."""
    precision = np.linalg.inv(covariance)
    pull = np.einsum("nij,nj->ni", precision, mean)
    constant = -0.5 * ((mean * pull).sum(1) + np.log(np.linalg.det(covariance)))
    constant -= math.log(2 * math.pi)
    squares = np.stack([z[:, 0] ** 2, z[:, 0] * z[:, 1], z[:, 1] ** 2, np.ones(len(z))], 1)
    weights = [-0.5 * precision[:, 0, 0], -precision[:, 0, 1], -0.5 * precision[:, 1, 1], constant]
    return np.hstack([squares, z]), np.hstack([np.stack(weights, 1), pull])


def _log_mixture(of_z: np.ndarray, of_gaussians: np.ndarray) -> np.ndarray:
    """Return the log density (M,) of an equal mixture from its factors (M, F) and (N, F)."""
    some = max(1, CHUNK_VALUES // len(of_gaussians))
    parts = []
    for first in range(0, len(of_z), some):
        exponents = of_z[first : first + some] @ of_gaussians.T
        highest = exponents.max(1, keepdims=True)
        exponents -= highest
        # Large numbers have cancelled: from here 32 bits suffice, and take half as long.
        values = exponents.astype(np.float32)
        parts.append(np.log(np.exp(values, out=values).sum(1)) + highest[:, 0])
    return np.concatenate(parts) - math.log(len(of_gaussians))
