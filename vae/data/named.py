"""Sources by name: digits, sprites, MNIST, Fashion-MNIST, emoji and faces."""

from __future__ import annotations

__all__ = ["SOURCES", "has_originals", "load_named"]

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from vae.data.emoji import load_emoji
from vae.data.faces import load_faces
from vae.data.image_set import ImageSet, split_rows
from vae.data.mnist import DIGITS, MNIST_LIKE, is_here, load_mnist
from vae.data.sprites import load_sprites

DIGITS_TEST = 360


def load_named(name: str, split: str) -> ImageSet:
    """Load one split of a source of ``SOURCES`` as it is."""
    if name == "digits":
        return _digits(split)
    if name == "sprites":
        return load_sprites(split)
    if name == "emoji":
        return load_emoji(split)
    if name.startswith("faces"):
        return load_faces(name, split)
    return load_mnist(name, split)


SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "digits": "1,797 handwritten digits of 8x8 pixels that come with scikit-learn",
        "sprites": "12,000 drawn shapes of 64x64 pixels whose factors are known",
        "mnist": "70,000 handwritten digits of 28x28 pixels",
        "fashion-mnist": "70,000 pictures of garments of 28x28 pixels",
        "emoji": "a folder or zip of emoji pictures of your own, made 64x64 pixels",
        "faces": "400 faces of 40 people of 64x64 pixels (Olivetti)",
        "faces-lfw": "13,233 faces in colour, made 64x64 pixels (Labeled Faces in the Wild)",
    }
)


def _digits(split: str) -> ImageSet:
    from sklearn.datasets import load_digits

    digits = load_digits()
    rows = split_rows(len(digits.images), split, DIGITS_TEST)
    return ImageSet(
        name="digits",
        split=split,
        pixels=np.rint(digits.images[rows, None] * (255 / 16)).astype(np.uint8),
        index=rows.astype(np.int64),
        labels=digits.target[rows].astype(np.int64),
        label_names=DIGITS,
        preprocessing=("Grey levels 0 to 16 were scaled to 0 to 255 and rounded.",),
    )


def has_originals(name: str) -> bool:
    """Say whether the test images of a source can be had at once, without the network.

    Of ``digits`` and ``sprites`` always; of those that are downloaded, once that was done.
    """
    return name in ("digits", "sprites") or (name in MNIST_LIKE and is_here(name, "test"))
