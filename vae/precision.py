"""Which number format this machine computes fastest in."""

from __future__ import annotations

__all__ = ["Precision", "fast_precision"]

from typing import Literal

import torch

Precision = Literal["auto", "float32", "bfloat16"]


def fast_precision() -> Precision:
    """Return the precision this machine trains fastest in: bfloat16 where it has instructions."""
    if torch.cuda.is_available():
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bfloat16" if native else "float32"
