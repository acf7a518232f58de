"""From one picture to another through a model's latent space."""

from __future__ import annotations

__all__ = ["PATH_NAMES", "Way", "compare_ways", "geodesic", "interpolate"]

import copy
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from vae.evidence import Reference
from vae.geodesics import Decode, Geodesic, LogDensity, find_geodesic, image_length
from vae.models import Autoencoder
from vae.paths import PATHS, closed_loop, linear, spherical

Path = Callable[[np.ndarray, np.ndarray, int], np.ndarray]

PATH_NAMES = (*PATHS, "geodesic")
# Of 0.1, 0.3 and 1: between the shelf's codes it keeps half of what a bend saves and keeps out of
# the emptiest places.
NEAR_DATA = 0.3
# From so many values in a picture on, a decoding takes long enough to look more coarsely.
LARGE_PICTURE = 2048
FINE = {"nodes": 64, "samples": 512, "evaluations": 40}
COARSE = {"nodes": 32, "samples": 128, "evaluations": 20}


@dataclass(frozen=True)
class Way:
    """A path between codes, or round several.

    Attributes:
        codes: Its codes (S + 1, D) float32; both ends are exact.
        latent_length: Its length in latent space.
        image_length: Its length in image space, as ``vae.geodesics`` says.
    """

    codes: np.ndarray
    latent_length: float
    image_length: float


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

    def way(start: np.ndarray, end: np.ndarray, count: int) -> np.ndarray:
        if path == "geodesic":
            return geodesic(model, start, end).path(count)
        return PATHS[path](start, end, count)

    return _joined(way, _checked(corners), steps)


def compare_ways(
    model: Autoencoder,
    corners: np.ndarray,
    *,
    steps: int,
    reference: Reference | None = None,
) -> dict[str, Way]:
    """Return the paths of every kind through the same corners, with their lengths.

    Args:
        model: Whose latent space it is.
        corners: Codes (N, D), as ``interpolate`` takes them.
        steps: Steps from each corner to the next.
        reference: Held-out codes that the geodesic stays near; without them it goes anywhere.

    Raises:
        ValueError: if there are fewer than two corners.
    """
    corners = _checked(corners)
    decode, effort = _decoder(model)
    legs = list(itertools.pairwise(corners))
    legs += [] if len(corners) == 2 else [(corners[-1], corners[0])]
    near = {} if reference is None else _near(reference, _joined(linear, corners, COARSE["nodes"]))
    bends = [find_geodesic(decode, *leg, **near, **effort) for leg in legs]
    found = iter(bends)
    samples = effort["samples"]
    codes = {
        "linear": _joined(linear, corners, steps),
        "spherical": _joined(spherical, corners, steps),
        "geodesic": _joined(lambda *leg: next(found).path(leg[-1]), corners, steps),
    }
    image_lengths = {
        "linear": sum(bend.straight_length for bend in bends),
        "spherical": sum(image_length(decode, spherical(*leg, samples)) for leg in legs),
        "geodesic": sum(bend.length for bend in bends),
    }
    return {
        name: Way(codes[name], _length(codes[name]), image_lengths[name]) for name in PATH_NAMES
    }


def geodesic(
    model: Autoencoder,
    start: np.ndarray,
    end: np.ndarray,
    *,
    log_density: LogDensity | None = None,
    weight: float = 0.0,
) -> Geodesic:
    """Find a short way in the image space of a model's decoder; arguments as ``find_geodesic``."""
    decode, effort = _decoder(model)
    return find_geodesic(decode, start, end, log_density=log_density, weight=weight, **effort)


def _near(reference: Reference, straight: np.ndarray) -> dict[str, Any]:
    """Return what keeps a geodesic near the data, as ``find_geodesic`` takes it.

    The density counts up to what is usual: nobody is drawn to where the data are densest. What
    the straight way (S + 1, D) lacks of it is worth a share of its energy, whatever the model.
    """
    lack = np.maximum(0, reference.usual - reference.posterior.log_density(straight)).mean()

    def log_density(z: Tensor) -> Tensor:
        return reference.posterior.log_density_of(z).clamp(max=reference.usual)

    return {"log_density": log_density, "weight": NEAR_DATA / max(1.0, float(lack))}


def _decoder(model: Autoencoder) -> tuple[Decode, dict[str, int]]:
    """Return a model's decoder, without gradients of its weights, and how finely to look."""
    frozen = copy.deepcopy(model).eval().requires_grad_(False)

    def decode(z: Tensor) -> Tensor:
        return frozen.decode(z).mean

    is_large = math.prod(model.config.image_shape) >= LARGE_PICTURE
    return decode, COARSE if is_large else FINE


def _checked(corners: np.ndarray) -> np.ndarray:
    if corners.ndim != 2 or len(corners) < 2:
        raise ValueError(f"corners has shape {corners.shape}; give codes (N, D), N >= 2")
    return corners.astype(np.float32)


def _joined(way: Path, corners: np.ndarray, steps: int) -> np.ndarray:
    """Return a way between two corners, or round more of them."""
    if len(corners) == 2:
        return way(*corners, steps)
    return closed_loop(corners, steps, way)


def _length(codes: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(codes.astype(np.float64), axis=0), axis=1).sum())
