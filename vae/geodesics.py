"""Short ways in image space: geodesics of the metric that a decoder pulls back to latent space.

The length of a curve z(t) is how far its picture moves, the sum over t of |f(z(t + dt)) - f(z(t))|
with f the decoder's mean (Arvanitidis et al. 2018, arXiv 1710.11379; Shao et al. 2018, arXiv
1711.08014). Among curves with the same ends the one of least energy is the shortest, at constant
speed. Curves here are the straight line and a few sines on top, so both ends stay where they are
and nothing hides between the nodes; the gradient is a product with the decoder's Jacobian, which
is never formed.
"""

from __future__ import annotations

__all__ = ["Decode", "Geodesic", "LogDensity", "find_geodesic", "image_length"]

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

Decode = Callable[[Tensor], Tensor]
LogDensity = Callable[[Tensor], Tensor]

SINES = 8
NODES = 64
SAMPLES = 512
EVALUATIONS = 40
# A curve that is no shorter than this share of the straight line's length is not worth a bend.
WORTH = 1 - 1e-4


@dataclass(frozen=True)
class Geodesic:
    """A curve between two codes, and what it saves.

    Attributes:
        start, end: The ends (D,) float32.
        coefficients: What is added to the straight line, one row a sine (K, D); 0 where no bend
            was worth its while.
        times: Times (S + 1,) at which the curve has gone equal shares of its length in image
            space.
        length, straight_length: Lengths in image space of the curve and of the straight line,
            the root of summed squared differences of all values in [0, 1].
        energy, straight_energy: Their energies at the straight line's own pace, the mean over time
            of the squared speed.
    """

    start: np.ndarray
    end: np.ndarray
    coefficients: np.ndarray
    times: np.ndarray
    length: float
    straight_length: float
    energy: float
    straight_energy: float

    @property
    def saved(self) -> float:
        """Share of the straight line's length that the curve saves, both at constant speed."""
        return 1 - self.length / self.straight_length if self.straight_length else 0.0

    def path(self, steps: int) -> np.ndarray:
        """Return codes (steps + 1, D) float32 at constant speed in image space."""
        shares = np.linspace(0, 1, len(self.times))
        times = np.interp(np.linspace(0, 1, steps + 1), shares, self.times)
        ends = torch.from_numpy(self.start), torch.from_numpy(self.end)
        curve = _curve(*ends, torch.from_numpy(self.coefficients), torch.from_numpy(times))
        codes = curve.numpy().astype(np.float32)
        codes[0], codes[-1] = self.start, self.end
        return codes


def find_geodesic(
    decode: Decode,
    start: np.ndarray,
    end: np.ndarray,
    *,
    log_density: LogDensity | None = None,
    weight: float = 0.0,
    nodes: int = NODES,
    samples: int = SAMPLES,
    evaluations: int = EVALUATIONS,
) -> Geodesic:
    """Find a short way in image space between two codes, starting from the straight line.

    Args:
        decode: Codes (N, D) to images (N, ...), differentiable.
        start: A code (D,).
        end: Another one.
        log_density: Log density of codes (N, D) to (N,), differentiable; to stay near the data.
        weight: What a nat of density is worth, in shares of the straight line's energy. Without
            it the result is never longer than the straight line.
        nodes: Pieces of the curve while it is improved.
        samples: Pieces by which lengths are measured.
        evaluations: How often the energy may be computed.

    Raises:
        ValueError: if the ends are not two codes of one shape, or a weight is given without a
            density.
    """
    if start.ndim != 1 or start.shape != end.shape:
        raise ValueError(f"the ends have shapes {start.shape} and {end.shape}; give two (D,)")
    if weight and log_density is None:
        raise ValueError(f"weight is {weight:g} without a log_density; give both or neither")
    ends = [torch.from_numpy(np.asarray(code, dtype=np.float32)) for code in (start, end)]
    sines = torch.zeros(SINES, len(start), dtype=torch.float64)
    straight = _measure(decode, ends, sines, samples)
    best, best_sines = straight, sines
    if straight.length > 0:
        found = _relax(decode, ends, log_density, weight, nodes, evaluations)
        measured = _measure(decode, ends, found, samples)
        if weight or measured.length < WORTH * straight.length:
            best, best_sines = measured, found
    return Geodesic(
        start=ends[0].numpy(),
        end=ends[1].numpy(),
        coefficients=best_sines.numpy(),
        times=best.times,
        length=best.length,
        straight_length=straight.length,
        energy=best.energy,
        straight_energy=straight.energy,
    )


def image_length(decode: Decode, path: np.ndarray) -> float:
    """Return the length in image space of the broken line through codes (N, D)."""
    with torch.no_grad():
        images = decode(torch.from_numpy(np.asarray(path, dtype=np.float32))).flatten(1)
    return float(images.diff(dim=0).double().norm(dim=1).sum())


@dataclass(frozen=True)
class _Measured:
    times: np.ndarray
    length: float
    energy: float


def _measure(decode: Decode, ends: list[Tensor], sines: Tensor, samples: int) -> _Measured:
    """Return a curve's length and energy, and when it has gone equal shares of the way."""
    t = torch.linspace(0, 1, samples + 1, dtype=torch.float64)
    with torch.no_grad():
        images = decode(_curve(*ends, sines, t).float()).flatten(1)
    gone = images.diff(dim=0).double().norm(dim=1).numpy()
    length = float(gone.sum())
    times = t.numpy()
    if length > 0:
        shares = np.concatenate([[0.0], np.cumsum(gone) / length])
        times = np.interp(np.linspace(0, 1, samples + 1), shares, times)
    return _Measured(times, length, float(samples * (gone**2).sum()))


def _relax(
    decode: Decode,
    ends: list[Tensor],
    log_density: LogDensity | None,
    weight: float,
    nodes: int,
    evaluations: int,
) -> Tensor:
    """Lower the energy from the straight line on; return the coefficients of the sines."""
    t = torch.linspace(0, 1, nodes + 1, dtype=torch.float64)
    sines = torch.zeros(SINES, len(ends[0]), dtype=torch.float64, requires_grad=True)
    scale = None

    def energy() -> Tensor:
        nonlocal scale
        z = _curve(*ends, sines, t).float()
        speed = decode(z).flatten(1).diff(dim=0)
        total = nodes * speed.square().sum()
        scale = total.detach() if scale is None else scale
        total = total / scale  # of the order of 1, whatever the images
        if weight and log_density is not None:
            total = total - weight * log_density(z[1:-1]).sum() / nodes  # the ends stay
        return total

    optimizer = torch.optim.LBFGS(
        [sines],
        max_iter=evaluations,
        max_eval=evaluations,
        tolerance_grad=1e-6,
        tolerance_change=1e-7,
        history_size=2 * SINES,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        total = energy()
        total.backward()
        return total

    optimizer.step(closure)
    return sines.detach()


def _curve(start: Tensor, end: Tensor, sines: Tensor, t: Tensor) -> Tensor:
    """Return the curve's codes (N, D) at times t (N,): the straight line and sines on top."""
    orders = torch.arange(1, len(sines) + 1, dtype=torch.float64)
    bend = torch.sin(math.pi * t[:, None] * orders) / orders
    return start.double() + t[:, None] * (end.double() - start.double()) + bend @ sines
