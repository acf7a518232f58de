"""Sources by name: digits, sprites, MNIST, Fashion-MNIST, emoji and faces."""

from __future__ import annotations

__all__ = ["SOURCES", "load_named"]

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from vae.data.archives import Archive
from vae.data.emoji import load_emoji
from vae.data.errors import DataError, safe_label
from vae.data.faces import load_faces
from vae.data.image_set import DATA_DIR, ImageSet, split_rows
from vae.data.npz import NpzFile
from vae.data.sprites import load_sprites

DIGITS_TEST = 360
MNIST_SIZES = {"train": 60_000, "test": 10_000}
DIGITS = tuple("0123456789")
GARMENTS = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


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
    if name == "mnist":
        return _mnist_like(name, split, openml="mnist_784", names=DIGITS)
    return _mnist_like(name, split, openml="Fashion-MNIST", names=GARMENTS)


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


def _mnist_like(name: str, split: str, *, openml: str, names: tuple[str, ...]) -> ImageSet:
    """Load from the folder in LATENT_DATA_DIR, else from OpenML or scikit-learn's cache of it."""
    folder = os.environ.get(DATA_DIR)
    path = Path(folder, f"{name.replace('-', '_')}_{split}.npz") if folder else None
    if path is not None and path.is_file():
        with Archive(path) as archive:
            npz = NpzFile(archive)
            missing = {"images", "labels"} - set(npz.keys)
            if missing:
                raise DataError(
                    f"{npz.name} lacks {' and '.join(sorted(missing))}; download it again"
                )
            pixels, labels = npz.read("images"), npz.read("labels")
        where = safe_label(path.name)
    else:
        pixels, labels = _fetch(name, split, openml)
        where = f"{openml} from OpenML"
    n = MNIST_SIZES[split]
    if pixels.shape != (n, 28, 28) or pixels.dtype != np.uint8 or labels.shape != (n,):
        raise DataError(
            f"{where} has {pixels.dtype} images {pixels.shape} and labels {labels.shape}; {name} "
            f"is uint8 {(n, 28, 28)} and {(n,)}"
        )
    start = MNIST_SIZES["train"] if split == "test" else 0
    return ImageSet(
        name=name,
        split=split,
        pixels=pixels[:, None],
        index=np.arange(start, start + n),
        labels=labels.astype(np.int64),
        label_names=names,
    )


def _fetch(name: str, split: str, openml: str) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels (n, 28, 28) uint8 and labels (n,): the first 60,000 train, the rest test."""
    from sklearn.datasets import fetch_openml

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a cache left half-written
            bunch = fetch_openml(openml, version=1, as_frame=False, parser="auto")
        pixels = np.asarray(bunch.data).reshape(-1, 28, 28).astype(np.uint8)
        labels = np.asarray(bunch.target).astype(np.int64)
    except Exception as error:  # the network, the cache and the parser each raise their own
        raise DataError(
            f"{name} is not on this machine and cannot be downloaded from openml.org; connect to "
            f"the internet once, or set {DATA_DIR} to a folder with "
            f"{name.replace('-', '_')}_{split}.npz, or choose digits or sprites"
        ) from error
    cut = MNIST_SIZES["train"]
    rows = slice(cut) if split == "train" else slice(cut, None)
    return pixels[rows], labels[rows]
