"""MNIST and Fashion-MNIST: from a folder, from this user's cache, or from OpenML."""

from __future__ import annotations

__all__ = ["MNIST_LIKE", "is_here", "load_mnist"]

import io
import os
import warnings
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from vae.data.archives import Archive
from vae.data.errors import DataError, safe_label
from vae.data.image_set import DATA_DIR, ImageSet
from vae.data.npz import NpzFile
from vae.storage import cache_folder, replace_file

SIZES = {"train": 60_000, "test": 10_000}
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


class _Source(NamedTuple):
    openml: str
    label_names: tuple[str, ...]


MNIST_LIKE = {
    "mnist": _Source("mnist_784", DIGITS),
    "fashion-mnist": _Source("Fashion-MNIST", GARMENTS),
}


def is_here(name: str, split: str) -> bool:
    """Say whether a split can be had without the network."""
    return any(path.is_file() for path in _places(name, split))


def load_mnist(name: str, split: str) -> ImageSet:
    """Load one split; the first time it is fetched from OpenML it is kept for this user.

    Raises:
        DataError: if it can be had from nowhere, or is not what it is called.
    """
    path = next((path for path in _places(name, split) if path.is_file()), None)
    if path is not None:
        pixels, labels = _read(path)
        where = safe_label(path.name)
    else:
        pixels, labels = _fetch(name, split)
        where = f"{MNIST_LIKE[name].openml} from OpenML"
    n = SIZES[split]
    if pixels.shape != (n, 28, 28) or pixels.dtype != np.uint8 or labels.shape != (n,):
        raise DataError(
            f"{where} has {pixels.dtype} images {pixels.shape} and labels {labels.shape}; {name} "
            f"is uint8 {(n, 28, 28)} and {(n,)}"
        )
    start = SIZES["train"] if split == "test" else 0
    return ImageSet(
        name=name,
        split=split,
        pixels=pixels[:, None],
        index=np.arange(start, start + n),
        labels=labels.astype(np.int64),
        label_names=MNIST_LIKE[name].label_names,
    )


def _places(name: str, split: str) -> list[Path]:
    """Return where a split may lie: the folder in LATENT_DATA_DIR, this user's cache."""
    file = _file_name(name, split)
    folder = os.environ.get(DATA_DIR)
    return [*([Path(folder, file)] if folder else []), cache_folder() / "data" / file]


def _file_name(name: str, split: str) -> str:
    return f"{name.replace('-', '_')}_{split}.npz"


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with Archive(path) as archive:
        npz = NpzFile(archive)
        missing = {"images", "labels"} - set(npz.keys)
        if missing:
            raise DataError(f"{npz.name} lacks {' and '.join(sorted(missing))}; download it again")
        return npz.read("images"), npz.read("labels")


def _fetch(name: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels (n, 28, 28) uint8 and labels (n,): the first 60,000 train, the rest test."""
    from sklearn.datasets import fetch_openml

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a cache left half-written
            bunch = fetch_openml(MNIST_LIKE[name].openml, version=1, as_frame=False, parser="auto")
        pixels = np.asarray(bunch.data).reshape(-1, 28, 28).astype(np.uint8)
        labels = np.asarray(bunch.target).astype(np.int64)
    except Exception as error:  # the network, the cache and the parser each raise their own
        raise DataError(
            f"{name} is not on this machine and cannot be downloaded from openml.org; connect to "
            f"the internet once, or set {DATA_DIR} to a folder with {_file_name(name, split)}, "
            "or choose digits or sprites"
        ) from error
    cut = SIZES["train"]
    rows = {"train": slice(cut), "test": slice(cut, None)}
    if len(pixels) == sum(SIZES.values()):
        for part, part_rows in rows.items():
            _keep(name, part, pixels[part_rows], labels[part_rows])
    return pixels[rows[split]], labels[rows[split]]


def _keep(name: str, split: str, pixels: np.ndarray, labels: np.ndarray) -> None:
    """Keep a split for this user: scikit-learn's own cache takes half a minute to read again."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, images=pixels, labels=labels.astype(np.uint8))
    path = cache_folder() / "data" / _file_name(name, split)
    with suppress(OSError):  # a full disk or a read-only home: it is fetched again next time
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, buffer.getvalue())
