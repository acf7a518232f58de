"""How many images a second a model decodes and encodes."""

from __future__ import annotations

__all__ = ["BATCHES", "decoding_speed", "encoding_speed"]

import numpy as np
import torch

from vae.bench.timing import median_seconds
from vae.latent import BatchDecoder, encode
from vae.memory import SERVER_BYTES, keep_freed_memory
from vae.models import ModelConfig, build_model

BATCHES = (1, 64, 400)


def decoding_speed(config: ModelConfig, batch: int, seconds: float, *, ours: bool) -> float:
    """Return the images a second that the float32 model decodes, or our decoder."""
    model = build_model(config).eval()
    z = np.random.default_rng(0).standard_normal((batch, config.latent_dim), np.float32)
    if ours:  # as the app's worker does
        keep_freed_memory(SERVER_BYTES)
        decoder = BatchDecoder(model)
        return batch / median_seconds(lambda: decoder.decode(z), seconds)
    codes = torch.from_numpy(z)
    with torch.inference_mode():
        return batch / median_seconds(lambda: model.decode(codes).mean, seconds)


def encoding_speed(config: ModelConfig, batch: int, seconds: float, *, ours: bool) -> float:
    """Return the images a second that the float32 model encodes, or our encoder.

    Ours takes float32 too, so that no figure on screen depends on the machine; its input are the
    pixels as they are stored.
    """
    model = build_model(config).eval()
    pixels = np.random.default_rng(0).integers(0, 256, (batch, *config.image_shape), np.uint8)
    if ours:
        return batch / median_seconds(lambda: encode(model, pixels), seconds)
    x = torch.from_numpy(pixels).float() / 255
    with torch.inference_mode():
        return batch / median_seconds(lambda: model.encode(x).mean, seconds)
