"""Dropout of what enters the encoder's perceptron, drawn from a run's own noise.

Encoders overfit first (Cremer et al. 2018, arXiv 1801.03558, section 5.3). Networks carry no
dropout layers of their own: a checkpoint has nothing to do with how it was trained.
"""

from __future__ import annotations

__all__ = ["EncoderDropout"]

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from vae.models import Autoencoder


class EncoderDropout:
    """While entered, hides a share of the features before the encoder's first linear layer.

    Args:
        model: The model that is being trained.
        share: Share of the features hidden, 0 to 0.9; the others are scaled up to keep the mean.
        generator: Where the choice is drawn from, so that a resumed run goes on alike.
    """

    def __init__(self, model: Autoencoder, share: float, generator: torch.Generator) -> None:
        self._layer = next(part for part in model.encoder.modules() if isinstance(part, nn.Linear))
        self._share = share
        self._generator = generator
        self._handle: RemovableHandle | None = None

    def __enter__(self) -> None:
        if self._share:
            self._handle = self._layer.register_forward_pre_hook(self._hide)

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    def _hide(self, layer: nn.Module, inputs: tuple[Tensor]) -> Tensor:
        (features,) = inputs
        draws = torch.rand(features.shape, generator=self._generator, device=features.device)
        return features * (draws >= self._share) / (1 - self._share)
