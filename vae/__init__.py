"""Variational autoencoders: models, training, checkpoints and their latent spaces.

Images are (N, C, H, W) in [0, 1], codes (N, D), every figure in nats per image. The library
imports neither streamlit nor plotly; ``python -m vae`` is its command line.
"""

from __future__ import annotations

__all__ = [
    "Autoencoder",
    "Card",
    "CheckpointError",
    "DiagonalGaussian",
    "LatentTable",
    "ModelConfig",
    "ObjectiveConfig",
    "Recipe",
    "TrainingConfig",
    "build_model",
    "decode",
    "encode",
    "encode_dataset",
    "encode_source",
    "evaluate",
    "find_checkpoint",
    "load_codes",
    "load_model",
    "make_checkpoint",
    "read_shelf",
    "traverse",
]

from vae.checkpoints import Card, CheckpointError, load_codes, load_model
from vae.distributions import DiagonalGaussian
from vae.encoded_sources import encode_source
from vae.encoding import LatentTable, encode_dataset
from vae.latent import decode, encode, traverse
from vae.metrics.likelihood import evaluate
from vae.models import Autoencoder, ModelConfig, build_model
from vae.objectives import ObjectiveConfig
from vae.recipe import Recipe, make_checkpoint
from vae.shelf import find_checkpoint, read_shelf
from vae.training import TrainingConfig
