"""The probability distributions of a variational autoencoder.

Everything is in nats. A distribution's last axis (codes) or last three axes (images) form one
event: ``log_prob`` sums over them and keeps the batch. All of it is differentiable.
"""

from __future__ import annotations

__all__ = ["BernoulliPixels", "DiagonalGaussian", "GaussianPixels", "PointMass"]

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class DiagonalGaussian:
    """A Gaussian with diagonal covariance: q(z|x) of N images, or any N codes' uncertainty.

    Args:
        mean: Tensor of shape (..., D).
        log_var: Logarithm of the variance, the same shape.

    Source: Kingma and Welling 2014, arXiv 1312.6114, section 3 and appendix B.

    Example:
        >>> posterior = DiagonalGaussian(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 0.0]]))
        >>> posterior.kl_per_dim()
        tensor([[0.5000, 0.0000]])
    """

    mean: Tensor
    log_var: Tensor

    @property
    def std(self) -> Tensor:
        """Standard deviation, of shape (..., D)."""
        return torch.exp(self.log_var / 2)

    @property
    def mode(self) -> Tensor:
        """The most probable code: the mean."""
        return self.mean

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw z = mean + std * epsilon with epsilon ~ N(0, I): the reparameterization trick.

        The gradient flows through mean and log_var (Kingma and Welling 2014, section 2.4).
        """
        epsilon = torch.randn(
            self.mean.shape, generator=generator, dtype=self.mean.dtype, device=self.mean.device
        )
        return self.mean + self.std * epsilon

    def log_prob_per_dim(self, z: Tensor) -> Tensor:
        """Return the log density of each coordinate of ``z``, broadcast against the mean."""
        return -0.5 * (LOG_2PI + self.log_var + (z - self.mean).square() * torch.exp(-self.log_var))

    def log_prob(self, z: Tensor) -> Tensor:
        """Return log N(z; mean, std^2) summed over the D dimensions, in nats."""
        return self.log_prob_per_dim(z).sum(-1)

    def kl_per_dim(self, other: DiagonalGaussian | None = None) -> Tensor:
        """Return KL(self || other) of every coordinate, in nats, non-negative.

        Without ``other`` the target is the prior N(0, I):
        0.5 * (mean^2 + var - 1 - log var) (Kingma and Welling 2014, appendix B).
        """
        if other is None:
            return 0.5 * (self.mean.square() + self.log_var.exp() - 1 - self.log_var)
        log_ratio = self.log_var - other.log_var
        distance = (self.mean - other.mean).square() * torch.exp(-other.log_var)
        return 0.5 * (log_ratio.exp() + distance - 1 - log_ratio)


@dataclass(frozen=True)
class PointMass:
    """The code of a plain autoencoder: a posterior with no variance, hence no KL and no density."""

    mean: Tensor

    @property
    def mode(self) -> Tensor:
        """The code itself."""
        return self.mean

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Return the code: there is nothing to draw."""
        return self.mean


@dataclass(frozen=True)
class BernoulliPixels:
    """Independent Bernoulli pixels: p(x|z) given by logits of shape (N, C, H, W).

    On pixels that are not 0 or 1 ``log_prob`` is the negative cross-entropy (BCE), which is not
    the logarithm of a density (Loaiza-Ganem and Cunningham 2019, arXiv 1907.06845).
    """

    logits: Tensor

    @property
    def mean(self) -> Tensor:
        """The probability of each pixel being on, in [0, 1]."""
        return torch.sigmoid(self.logits)

    def log_prob(self, x: Tensor) -> Tensor:
        """Return the log likelihood of images ``x`` in [0, 1], summed over pixels: (N,) nats."""
        pixels = F.binary_cross_entropy_with_logits(self.logits, x, reduction="none")
        return -pixels.flatten(1).sum(1)


@dataclass(frozen=True)
class GaussianPixels:
    """Independent Gaussian pixels around ``mean`` (N, C, H, W) with one common standard deviation.

    With a fixed scale, maximising ``log_prob`` is minimising the squared error (MSE).
    """

    mean: Tensor
    log_scale: Tensor

    def log_prob(self, x: Tensor) -> Tensor:
        """Return the log density of images ``x``, summed over pixels: (N,) nats."""
        error = (x - self.mean) * torch.exp(-self.log_scale)
        pixels = -0.5 * (LOG_2PI + error.square()) - self.log_scale
        return pixels.flatten(1).sum(1)
