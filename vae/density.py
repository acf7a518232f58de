"""How much data lies about a point of latent space: the aggregate posterior as a density.

The mean over the held-out images of q(z|x) (Hoffman and Johnson 2016, "ELBO surgery"; Tomczak and
Welling 2018, arXiv 1705.07120). Where it is low, the decoder was never asked to draw anything.
"""

from __future__ import annotations

__all__ = ["AggregatePosterior"]

import math

import numpy as np
import torch
from scipy.stats import chi2
from torch import Tensor

# Of more codes than this a fixed sample is taken: the density hardly changes, the time does.
MAX_CODES = 4000
# What counts as lying within a posterior.
REGION = 0.95
CHUNK_VALUES = 1 << 24


class AggregatePosterior:
    """A mixture of Gaussians with equal weights, one for each code.

    Args:
        mean: Posterior means (N, D).
        log_var: Posterior log variances (N, D); None for an autoencoder, whose codes get Gaussians
            as wide as Scott's rule says (Scott 1992), N^(-1/(D+4)) standard deviations of each
            dimension.

    Raises:
        ValueError: if the shapes are not those.

    Example:
        >>> one = AggregatePosterior(np.zeros((1, 2)), np.zeros((1, 2)))
        >>> round(float(one.log_density(np.zeros((1, 2)))[0]), 4)
        -1.8379
    """

    def __init__(self, mean: np.ndarray, log_var: np.ndarray | None) -> None:
        if mean.ndim != 2 or not len(mean):
            raise ValueError(f"mean has shape {mean.shape}; give codes (N, D), N >= 1")
        if log_var is None:
            n, dims = mean.shape
            width = mean.std(0, dtype=np.float64) * n ** (-1 / (dims + 4))
            log_var = np.broadcast_to(2 * np.log(np.maximum(width, 1e-6)), mean.shape)
        if log_var.shape != mean.shape:
            raise ValueError(f"log_var has shape {log_var.shape}; give that of mean, {mean.shape}")
        rows = np.random.default_rng(0).permutation(len(mean))[:MAX_CODES]
        self.mean = torch.from_numpy(mean[rows].astype(np.float32))
        self.log_var = torch.from_numpy(log_var[rows].astype(np.float32))

    def log_density(self, z: np.ndarray) -> np.ndarray:
        """Return the log density of codes (M, D) in nats: (M,)."""
        with torch.no_grad():
            return self.log_density_of(torch.from_numpy(z.astype(np.float32))).numpy()

    def log_density_of(self, z: Tensor) -> Tensor:
        """Return the same for a tensor, differentiable."""
        dims = self.mean.shape[1]
        constant = 0.5 * dims * math.log(2 * math.pi) + math.log(len(self.mean))
        parts = [
            torch.logsumexp(-0.5 * (self._distances(some) + self.log_var.sum(1)), dim=1)
            for some in z.split(self._rows_at_once)
        ]
        return torch.cat(parts) - constant

    def nearby(self, z: np.ndarray) -> np.ndarray:
        """Return of how many codes each of (M, D) lies within the posterior: counts (M,).

        Within means: in the ellipsoid that holds 95 % of it.
        """
        limit = chi2.ppf(REGION, self.mean.shape[1])
        with torch.no_grad():
            points = torch.from_numpy(z.astype(np.float32)).split(self._rows_at_once)
            counts = [(self._distances(some) <= limit).sum(1) for some in points]
        return torch.cat(counts).numpy()

    @property
    def _rows_at_once(self) -> int:
        return max(1, CHUNK_VALUES // self.mean.numel())

    def _distances(self, z: Tensor) -> Tensor:
        """Squared distances (M, N) of codes to the means, in standard deviations."""
        return ((z[:, None] - self.mean).square() * torch.exp(-self.log_var)).sum(2)
