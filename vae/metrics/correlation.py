"""Values made comparable: mean 0, standard deviation 1."""

from __future__ import annotations

__all__ = ["standardised"]

import numpy as np


def standardised(values: np.ndarray) -> np.ndarray:
    """Return values (N, ...) with mean 0 and standard deviation 1 along the first axis.

    What does not vary becomes 0, so that it correlates with nothing.

    Example:
        >>> standardised(np.array([[1.0, 5.0], [3.0, 5.0]])).tolist()
        [[-1.0, 0.0], [1.0, 0.0]]
    """
    centred = values - values.mean(0)
    deviation = centred.std(0)
    return np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-9)
