"""How far to trust the pictures along a path: how much held-out data lies about its codes."""

from __future__ import annotations

__all__ = ["USUAL_NEIGHBOURS", "Evidence", "Reference", "weigh"]

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vae.density import AggregatePosterior

# A usual code has so many others near: that is what near means.
USUAL_NEIGHBOURS = 10
# As many of the codes show what is usual.
SAMPLE = 1000


@dataclass(frozen=True)
class Reference:
    """The codes of held-out images, and what is usual among them.

    Attributes:
        posterior: Their aggregate posterior.
        own: Its log density at codes of its own, without their own share of it, in nats; sorted.
        radius: What counts as near, in latent space: half of the codes have ten others as near.
    """

    posterior: AggregatePosterior
    own: np.ndarray
    radius: float

    @classmethod
    def of(cls, mean: np.ndarray, log_var: np.ndarray | None) -> Reference:
        """Make one from codes (N, D), N >= 2, and their log variances."""
        posterior = AggregatePosterior(mean, log_var)
        count = len(posterior.mean)
        rows = np.arange(min(SAMPLE, count))  # they are in random order already
        own = posterior.log_density_at_own(rows)
        distances = torch.cdist(posterior.mean[rows], posterior.mean)
        neighbour = min(USUAL_NEIGHBOURS, count - 1) + 1  # the nearest is the code itself
        radius = distances.kthvalue(neighbour, dim=1).values.median()
        return cls(posterior, np.sort(own), float(radius))

    @property
    def usual(self) -> float:
        """The log density that half of the codes have about them, in nats."""
        return float(np.median(self.own))

    def denser_than(self, log_density: np.ndarray) -> np.ndarray:
        """Return the share of held-out codes that lie where there are less data (M,), 0 to 1."""
        return np.searchsorted(self.own, log_density) / len(self.own)


@dataclass(frozen=True)
class Evidence:
    """What held-out images say about codes (M, D).

    Attributes:
        log_density: Log density of the aggregate posterior in nats (M,).
        denser_than: Share of held-out codes that lie where there are less data (M,), 0 to 1.
        nearby: Held-out codes within the reference's radius of each code (M,).
    """

    log_density: np.ndarray
    denser_than: np.ndarray
    nearby: np.ndarray


def weigh(codes: np.ndarray, reference: Reference, *, ends: np.ndarray) -> Evidence:
    """Say how much held-out data lies about codes.

    Args:
        codes: The codes of a path (M, D).
        reference: The held-out codes.
        ends: Codes (N, D) that the path was made from. Where they are held-out codes themselves
            they are left out, as in what is usual: everything lies close to itself.
    """
    others = reference.posterior.without(ends)
    log_density = others.log_density(codes)
    points: Tensor = torch.from_numpy(codes.astype(np.float32))
    near = torch.cdist(points, others.mean) <= reference.radius
    return Evidence(
        log_density=log_density,
        denser_than=reference.denser_than(log_density),
        nearby=near.sum(1).numpy(),
    )
