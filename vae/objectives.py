"""What a model is trained to minimise, in nats per image, in named parts.

The ELBO is -(reconstruction_nll + kl). With beta != 1, warm-up or free bits the minimised
``total`` is an objective, no longer the negative ELBO; the parts always keep their meaning.
"""

from __future__ import annotations

__all__ = ["ObjectiveConfig", "ObjectiveTerms", "compute_objective", "decompose_kl"]

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from vae.distributions import DiagonalGaussian, PointMass
from vae.models import Autoencoder

# Shares of the run between which the weight goes from ``beta`` to ``final_beta``.
FINAL_BETA_FROM_TO = (1 / 3, 0.9)

ObjectiveName = Literal["elbo", "beta-tc"]


@dataclass(frozen=True)
class ObjectiveConfig:
    """Which objective, and its weights.

    Args:
        name: "elbo" (Higgins et al. 2017 for beta != 1) or "beta-tc" (Chen et al. 2018).
        beta: Weight of the KL ("elbo") or of the total correlation ("beta-tc"), 0 to 1000.
        final_beta: Where that weight ends: it stays at ``beta`` for the first third of the run,
            then goes geometrically to this until nine tenths. Falling, the strongest factors find
            a dimension each before finer ones may use the others, as when the capacity grows in
            Burgess et al. 2018 (arXiv 1804.03599, section 5). None leaves it at ``beta``.
        warm_up: Epochs over which the weight of the whole KL grows linearly from 0 to 1.
        free_bits: Nats of KL per dimension that cost nothing extra (Kingma et al. 2016,
            arXiv 1606.04934, equation 15); "elbo" only.

    Raises:
        ValueError: if a value is outside its range; the message names it.
    """

    name: ObjectiveName = "elbo"
    beta: float = 1.0
    final_beta: float | None = None
    warm_up: float = 0.0
    free_bits: float = 0.0

    def __post_init__(self) -> None:
        """Check every value once, at the edge."""
        if self.name not in ("elbo", "beta-tc"):
            raise ValueError(f"objective is {self.name!r}; choose one of elbo, beta-tc")
        for field, high in (("beta", 1000.0), ("warm_up", 1e6), ("free_bits", 100.0)):
            value = getattr(self, field)
            if not isinstance(value, int | float) or not 0 <= value <= high:
                raise ValueError(f"{field} is {value!r}; give a number from 0 to {high:g}")
        if self.final_beta is not None:
            for field in ("beta", "final_beta"):
                value = getattr(self, field)
                if not isinstance(value, int | float) or not 1e-3 <= value <= 1000:
                    raise ValueError(
                        f"{field} is {value!r}; between two betas give numbers from 0.001 to 1000"
                    )
        if self.name == "beta-tc" and self.free_bits:
            raise ValueError(f"free_bits is {self.free_bits}; with beta-tc it must be 0")

    def beta_at(self, share: float) -> float:
        """Return the weight when this share of the run, 0 to 1, is done."""
        if self.final_beta is None:
            return self.beta
        start, end = FINAL_BETA_FROM_TO
        fallen = min(1.0, max(0.0, (share - start) / (end - start)))
        return self.beta * (self.final_beta / self.beta) ** fallen

    def kl_weight(self, epoch: float) -> float:
        """Return the warm-up weight of the KL, 0 to 1, at a (fractional) epoch."""
        return min(1.0, epoch / self.warm_up) if self.warm_up else 1.0


@dataclass(frozen=True)
class ObjectiveTerms:
    """The parts of the objective for one batch, nats per image, averaged over the batch.

    ``kl_per_dim`` is None for an autoencoder; the last three parts are None but for beta-tc.
    """

    reconstruction_nll: Tensor
    kl_per_dim: Tensor | None
    total: Tensor
    mutual_information: Tensor | None = None
    total_correlation: Tensor | None = None
    dimwise_kl: Tensor | None = None

    @property
    def kl(self) -> Tensor:
        """KL(q(z|x) || p(z)) summed over dimensions; 0 where there is no posterior variance."""
        if self.kl_per_dim is None:
            return torch.zeros_like(self.reconstruction_nll)
        return self.kl_per_dim.sum()


def compute_objective(
    model: Autoencoder,
    x: Tensor,
    config: ObjectiveConfig,
    *,
    data_size: int,
    beta: float | None = None,
    kl_weight: float = 1.0,
    generator: torch.Generator | None = None,
) -> ObjectiveTerms:
    """Return the objective of a batch from one posterior sample an image.

    Args:
        model: The model in training.
        x: Images of shape (N, C, H, W) in [0, 1].
        config: The objective and its weights.
        data_size: Number of training images (beta-tc's estimator needs it).
        beta: The weight of this moment; the configuration's if None.
        kl_weight: Warm-up weight of the KL, 0 to 1.
        generator: Source of epsilon.

    Returns:
        The named parts; ``total`` carries the gradient.
    """
    beta = config.beta if beta is None else beta
    posterior = model.encode(x)
    z = posterior.sample(generator)
    reconstruction_nll = -model.decode(z).log_prob(x).mean()
    if isinstance(posterior, PointMass):
        return ObjectiveTerms(reconstruction_nll, None, reconstruction_nll)
    kl_per_dim = posterior.kl_per_dim().mean(0)
    if config.name == "elbo":
        penalty = beta * kl_per_dim.clamp(min=config.free_bits).sum()
        return ObjectiveTerms(
            reconstruction_nll, kl_per_dim, reconstruction_nll + kl_weight * penalty
        )
    parts = decompose_kl(posterior, z, data_size)
    penalty = parts[0] + beta * parts[1] + parts[2]
    total = reconstruction_nll + kl_weight * penalty
    return ObjectiveTerms(reconstruction_nll, kl_per_dim, total, *parts)


def decompose_kl(
    posterior: DiagonalGaussian, z: Tensor, data_size: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Split the averaged KL by minibatch-weighted sampling.

    log q(z) is estimated as logsumexp_j log q(z|x_j) - log(data_size * M) over the M images of
    the batch, and likewise each marginal q(z_k).

    Args:
        posterior: q(z|x) of the M images of a batch.
        z: One sample of each, of shape (M, D).
        data_size: Number of images in the whole training set.

    Returns:
        Mutual information, total correlation and dimension-wise KL, in nats; their sum is the
        average of log q(z|x) - log p(z) over the samples.

    Source: Chen et al. 2018, arXiv 1802.04942, equations 2 and S5 (appendix C.1).
    """
    batch, log_weight = len(z), math.log(data_size * len(z))
    pairs = DiagonalGaussian(posterior.mean[None], posterior.log_var[None])
    log_q_pairs = pairs.log_prob_per_dim(z[:, None])  # (M samples, M posteriors, D)
    log_q_joint = log_q_pairs.sum(2).logsumexp(1) - log_weight
    log_q_marginals = (log_q_pairs.logsumexp(1) - log_weight).sum(1)
    log_q_given_x = log_q_pairs.sum(2)[range(batch), range(batch)]
    zeros = torch.zeros_like(z)
    log_prior = DiagonalGaussian(zeros, zeros).log_prob(z)
    mutual_information = (log_q_given_x - log_q_joint).mean()
    total_correlation = (log_q_joint - log_q_marginals).mean()
    return mutual_information, total_correlation, (log_q_marginals - log_prior).mean()
