"""Random variants of training images, so that a small set shows a model more of the world."""

from __future__ import annotations

__all__ = ["augment"]

import torch
import torch.nn.functional as F
from torch import Tensor

# A picture is shown from slightly reduced to enlarged, its centre moved by up to this share.
MIN_ZOOM, MAX_ZOOM = 0.9, 1.8
MAX_SHIFT = 0.25
MAX_GAMMA = 1.6
SHARE_CHANGED = 0.5


def augment(x: Tensor, generator: torch.Generator) -> Tensor:
    """Return one random variant of each image.

    Half of the images are mirrored; half are enlarged and shifted, edges repeated; of half, the
    colours change: channels trade places, each gets a gamma, some are inverted.

    Args:
        x: Images of shape (N, C, H, W) in [0, 1].
        generator: Source of the randomness, on the device of ``x``.

    Returns:
        Images of the same shape, in [0, 1].
    """
    return _recolour(_move(x, generator), generator)


def _uniform(
    low: float, high: float, shape: tuple[int, ...], like: Tensor, g: torch.Generator
) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=g, device=like.device)


def _move(x: Tensor, generator: torch.Generator) -> Tensor:
    n = len(x)
    moved = _uniform(0, 1, (n,), x, generator) < SHARE_CHANGED
    zoom = torch.where(moved, _uniform(MIN_ZOOM, MAX_ZOOM, (n,), x, generator), 1.0)
    mirror = torch.where(_uniform(0, 1, (n,), x, generator) < 0.5, -1.0, 1.0)
    shift = _uniform(-MAX_SHIFT, MAX_SHIFT, (n, 2), x, generator) * moved[:, None]
    # The affine map goes from the new picture's coordinates, -1 to 1, to the old one's.
    transform = torch.zeros(n, 2, 3, device=x.device)
    transform[:, 0, 0], transform[:, 1, 1] = mirror / zoom, 1 / zoom
    transform[:, :, 2] = shift
    grid = F.affine_grid(transform, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False).clamp(0, 1)


def _recolour(x: Tensor, generator: torch.Generator) -> Tensor:
    n, channels = x.shape[:2]
    order = _uniform(0, 1, (n, channels), x, generator).argsort(1)
    colours = x.gather(1, order[:, :, None, None].expand_as(x))
    gamma = MAX_GAMMA ** _uniform(-1, 1, (n, channels, 1, 1), x, generator)
    colours = colours.clamp(min=1e-4).pow(gamma)
    inverted = _uniform(0, 1, (n, channels, 1, 1), x, generator) < 0.25
    colours = torch.where(inverted, 1 - colours, colours)
    changed = _uniform(0, 1, (n, 1, 1, 1), x, generator) < SHARE_CHANGED
    return torch.where(changed, colours, x)
