"""Small real things that tests make by hand: images of bars, and a recipe that learns them."""

from pathlib import Path

import numpy as np

from vae.data import ImageSet
from vae.models import ModelConfig
from vae.objectives import ObjectiveConfig
from vae.recipe import Recipe
from vae.training import TrainingConfig


def bars(n: int = 128, *, split: str = "train", seed: int = 0) -> ImageSet:
    """8x8 images of one vertical bar: its position and brightness vary, the label is its half."""
    rng = np.random.default_rng(seed + (split == "test"))
    position = rng.integers(0, 8, n)
    pixels = np.zeros((n, 1, 8, 8), np.uint8)
    pixels[np.arange(n), 0, :, position] = rng.integers(100, 256, n, dtype=np.uint8)[:, None]
    return ImageSet(
        name="bars",
        split=split,
        pixels=pixels,
        index=np.arange(n),
        labels=(position >= 4).astype(np.int64),
        label_names=("left", "right"),
        factors={"position": position.astype(np.float32)},
        preprocessing=(),
    )


def tiny_recipe(data: Path, *, kind: str = "vae", **model: object) -> Recipe:
    """A recipe that trains in a second and still learns the bars."""
    return Recipe(
        data=str(data),
        model=ModelConfig(
            image_shape=(1, 8, 8),
            **{"latent_dim": 3, "family": "mlp", "width": 32, "kind": kind} | model,
        ),
        objective=ObjectiveConfig(),
        training=TrainingConfig(epochs=20, batch_size=32, learning_rate=5e-3, precision="float32"),
    )
