"""A better code for one picture than the encoder's guess: gradient steps on the code itself."""

from __future__ import annotations

__all__ = ["Refinement", "refine"]

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from vae.models import Autoencoder

STEPS = 100
RATE = 0.05


@dataclass(frozen=True)
class Refinement:
    """What the steps have found.

    Attributes:
        z: The best code on the way (D,) float32.
        before, after: Mean squared error per pixel of the first and the best code's decoding.
    """

    z: np.ndarray
    before: float
    after: float


def refine(
    model: Autoencoder,
    image: np.ndarray,
    start: np.ndarray,
    *,
    steps: int = STEPS,
    on_step: Callable[[int, float], None] = lambda step, error: None,
) -> Refinement:
    """Move a code so that its decoding comes closer to a picture; never return a worse one.

    Only the reconstruction counts, so the code may end where the prior has little mass: more like
    the picture, less like the data.

    Args:
        model: The model.
        image: The picture (C, H, W), uint8 in 0..255 or float in [0, 1].
        start: The code to start from (D,), such as the posterior mean.
        steps: Gradient steps (Adam).
        on_step: Called after each with its number, from 1, and the error so far.

    Raises:
        ValueError: if the picture or the code is not one of this model.
    """
    config = model.config
    if image.shape != config.image_shape or start.shape != (config.latent_dim,):
        raise ValueError(
            f"image and start have shapes {image.shape} and {start.shape}; this model takes "
            f"{config.image_shape} and ({config.latent_dim},)"
        )
    x = torch.tensor(image, dtype=torch.float32)
    x = x / 255 if image.dtype == np.uint8 else x
    frozen = copy.deepcopy(model).eval().requires_grad_(False)
    z = torch.tensor(start, dtype=torch.float32)[None].requires_grad_()
    optimizer = torch.optim.Adam([z], RATE)
    best, before, after = z.detach().clone(), None, np.inf
    for step in range(steps + 1):
        error = (frozen.decode(z).mean[0] - x).square().mean()
        before = error.item() if before is None else before
        if error.item() < after:
            best, after = z.detach().clone(), error.item()
        if step:
            on_step(step, after)
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    return Refinement(best[0].numpy(), float(before), float(after))
