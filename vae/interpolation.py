"""From one picture to another through a model's latent space."""

from __future__ import annotations

__all__ = ["PATH_NAMES", "geodesic", "interpolate"]

import copy
import math

import numpy as np
from torch import Tensor

from vae.geodesics import Geodesic, LogDensity, find_geodesic
from vae.models import Autoencoder
from vae.paths import PATHS, closed_loop

PATH_NAMES = (*PATHS, "geodesic")
# From so many values in a picture on, a decoding takes long enough to look more coarsely.
LARGE_PICTURE = 2048
FINE = {"nodes": 64, "samples": 512, "evaluations": 40}
COARSE = {"nodes": 32, "samples": 128, "evaluations": 20}


def interpolate(
    model: Autoencoder, corners: np.ndarray, *, path: str = "linear", steps: int = 32
) -> np.ndarray:
    """Return codes along a path: from the first corner to the last, or round all of them.

    Args:
        model: Whose latent space it is.
        corners: Codes (N, D), N >= 2; with three or more the way closes at the first.
        path: "linear", "spherical" or "geodesic".
        steps: Steps from each corner to the next.

    Returns:
        Codes (steps + 1, D), or (N * steps + 1, D) for a closed way.

    Raises:
        ValueError: if the path is none of these, or there are fewer than two corners.
    """
    if path not in PATH_NAMES:
        raise ValueError(f"path is {path!r}; choose one of {', '.join(PATH_NAMES)}")
    if corners.ndim != 2 or len(corners) < 2:
        raise ValueError(f"corners has shape {corners.shape}; give codes (N, D), N >= 2")

    def way(start: np.ndarray, end: np.ndarray, count: int) -> np.ndarray:
        if path == "geodesic":
            return geodesic(model, start, end).path(count)
        return PATHS[path](start, end, count)

    corners = corners.astype(np.float32)
    if len(corners) == 2:
        return way(*corners, steps)
    return closed_loop(corners, steps, way)


def geodesic(
    model: Autoencoder,
    start: np.ndarray,
    end: np.ndarray,
    *,
    log_density: LogDensity | None = None,
    weight: float = 0.0,
) -> Geodesic:
    """Find a short way in the image space of a model's decoder; arguments as ``find_geodesic``."""
    frozen = copy.deepcopy(model).eval().requires_grad_(False)

    def decode(z: Tensor) -> Tensor:
        return frozen.decode(z).mean

    is_large = math.prod(model.config.image_shape) >= LARGE_PICTURE
    effort = COARSE if is_large else FINE
    return find_geodesic(decode, start, end, log_density=log_density, weight=weight, **effort)
