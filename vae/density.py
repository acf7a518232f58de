"""How much data lies about a point of latent space: the aggregate posterior as a density.

The mean over the held-out images of q(z|x) (Hoffman and Johnson 2016, "ELBO surgery"; Tomczak and
Welling 2018, arXiv 1705.07120). Where it is low, the decoder was never asked to draw anything.
"""

from __future__ import annotations

__all__ = ["AggregatePosterior"]

import copy
import math

import numpy as np
import torch
from torch import Tensor

# Of more codes than this a fixed sample is taken: the density hardly changes, the time does.
MAX_CODES = 4000
# Codes closer than this are the same, up to rounding.
SAME = 1e-3
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
        self.rows = rows
        self.mean = torch.from_numpy(mean[rows].astype(np.float32))
        self.log_var = torch.from_numpy(log_var[rows].astype(np.float32))

    def log_density(self, z: np.ndarray) -> np.ndarray:
        """Return the log density of codes (M, D) in nats: (M,)."""
        with torch.no_grad():
            return self.log_density_of(torch.from_numpy(z.astype(np.float32))).numpy()

    def log_density_of(self, z: Tensor) -> Tensor:
        """Return the same for a tensor, differentiable."""
        parts = [
            torch.logsumexp(-0.5 * (self._distances(some) + self.log_var.sum(1)), dim=1)
            for some in z.split(self._rows_at_once)
        ]
        return torch.cat(parts) - self._constant(len(self.mean))

    def _constant(self, count: int) -> float:
        return 0.5 * self.mean.shape[1] * math.log(2 * math.pi) + math.log(count)

    def log_density_at_own(self, rows: np.ndarray) -> np.ndarray:
        """Return the log density at some of its own codes as if each had not been there.

        Args:
            rows: Which of ``mean`` (M,).

        Returns:
            Log densities (M,) of the mixture of all others.
        """
        parts = []
        with torch.no_grad():
            for some in torch.from_numpy(rows).split(self._rows_at_once):
                exponents = -0.5 * (self._distances(self.mean[some]) + self.log_var.sum(1))
                exponents[torch.arange(len(some)), some] = -math.inf
                parts.append(torch.logsumexp(exponents, dim=1))
        return (torch.cat(parts) - self._constant(len(self.mean) - 1)).numpy()

    def log_density_without_own(self, mean: np.ndarray) -> np.ndarray:
        """Return the log density (N,) at all the codes it was made of, in the order they came in.

        Each as if it had not been there itself; of very many only some make up the mixture.

        Args:
            mean: The means (N, D) that the mixture was made from.
        """
        density = self.log_density(mean)
        density[self.rows] = self.log_density_at_own(np.arange(len(self.rows)))
        return density

    def without(self, codes: np.ndarray) -> AggregatePosterior:
        """Return the mixture without the Gaussians about these means (M, D)."""
        gone = torch.cdist(self.mean, torch.from_numpy(codes.astype(np.float32))) < SAME
        kept = ~gone.any(1)
        if kept.all() or not kept.any():
            return self
        rest = copy.copy(self)
        rest.mean, rest.log_var = self.mean[kept], self.log_var[kept]
        return rest

    @property
    def _rows_at_once(self) -> int:
        return max(1, CHUNK_VALUES // self.mean.numel())

    def _distances(self, z: Tensor) -> Tensor:
        """Squared distances (M, N) of codes to the means, in standard deviations."""
        return ((z[:, None] - self.mean).square() * torch.exp(-self.log_var)).sum(2)
