"""What this machine could reach at most, and what a network asks of it."""

from __future__ import annotations

__all__ = ["matmul_limit", "multiplications"]

import torch
from torch import Tensor, nn

from vae.bench.timing import median_seconds
from vae.models import Autoencoder


def matmul_limit(seconds: float) -> dict[str, float]:
    """Return what this machine's matrix products reach, GFLOP/s by precision."""
    size = 1024
    limit = {}
    for dtype in (torch.float32, torch.bfloat16):
        a = torch.randn(size, size).to(dtype)
        pace = median_seconds(lambda a=a: a @ a, seconds)
        limit[str(dtype).removeprefix("torch.")] = 2 * size**3 / pace / 1e9
    return limit


def multiplications(model: Autoencoder) -> int:
    """Return the multiply-adds of encoding and decoding one image, counted while one passes."""
    total = 0

    def count(module: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        nonlocal total
        places = inputs[0] if isinstance(module, nn.ConvTranspose2d) else output
        pixels = places[0, 0].numel() if places.ndim == 4 else 1
        total += module.weight.numel() * pixels

    layers = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
    hooks = [m.register_forward_hook(count) for m in model.modules() if isinstance(m, layers)]
    with torch.no_grad():
        model.decode(model.encode(torch.zeros(1, *model.config.image_shape)).mode)
    for hook in hooks:
        hook.remove()
    return total
