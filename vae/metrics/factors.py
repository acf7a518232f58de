"""How the known generative factors of a data set lie along the latent dimensions."""

from __future__ import annotations

__all__ = ["FactorCorrelation", "factor_correlations"]

from dataclasses import dataclass

import numpy as np

from vae.encoding import LatentTable
from vae.metrics.correlation import standardised


@dataclass(frozen=True)
class FactorCorrelation:
    """The latent dimension that follows a factor best, and how closely.

    Attributes:
        factor: The factor's name.
        dim: The dimension whose posterior mean correlates most with it.
        correlation: Pearson correlation of the two over the held-out images, -1 to 1.
    """

    factor: str
    dim: int
    correlation: float


def factor_correlations(table: LatentTable) -> list[FactorCorrelation]:
    """Return for each factor its best dimension, over the held-out rows.

    A factor that comes round again, such as an angle, cannot correlate with any one dimension.
    Factors that do not vary are left out; a dimension that does not vary correlates with nothing.

    Example:
        >>> one = np.arange(4, dtype=np.float32)
        >>> table = LatentTable(
        ...     mean=np.stack([one * 0, -2 * one], 1), log_var=None, index=np.arange(4),
        ...     split=np.array(["test"] * 4), reconstruction_error=one, factors={"x": one},
        ... )
        >>> factor_correlations(table)
        [FactorCorrelation(factor='x', dim=1, correlation=-1.0)]
    """
    rows = table.held_out
    codes = standardised(table.mean[rows].astype(np.float64))
    found = []
    for name, values in table.factors.items():
        factor = standardised(values[rows].astype(np.float64))
        if not factor.any():
            continue
        correlations = codes.T @ factor / len(factor)
        dim = int(np.abs(correlations).argmax())
        found.append(FactorCorrelation(name, dim, round(float(correlations[dim]), 6)))
    return found
