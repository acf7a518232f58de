"""Faces through scikit-learn's fetchers: Olivetti, and Labeled Faces in the Wild."""

from __future__ import annotations

__all__ = ["load_faces"]

import os
import warnings
from pathlib import Path

import numpy as np

from vae.data.archives import Archive
from vae.data.errors import DataError
from vae.data.fitting import fit_all
from vae.data.image_set import DATA_DIR, ImageSet, split_rows
from vae.data.npz import NpzFile
from vae.data.tables import read_labels

OLIVETTI_SHAPE = (400, 64, 64)
LFW_SHAPE = (3, 64, 64)
HELD_OUT = 0.1


def load_faces(name: str, split: str) -> ImageSet:
    """Load one split of "faces" (Olivetti, grey) or "faces-lfw" (Labeled Faces in the Wild).

    A tenth of the people is held out, so that a model is measured on people it has not seen.

    Raises:
        DataError: if the faces are neither on this machine nor to be downloaded.
    """
    pixels, people, notes = _olivetti() if name == "faces" else _lfw()
    labels, label_names = read_labels(people, name)
    chosen = split_rows(len(label_names), split, max(1, round(HELD_OUT * len(label_names))))
    rows = np.flatnonzero(np.isin(labels, chosen))
    return ImageSet(
        name=name,
        split=split,
        pixels=pixels,
        index=np.arange(len(pixels)),
        labels=labels,
        label_names=label_names,
        preprocessing=(*notes, "A tenth of the people is held out by a fixed permutation."),
    ).subset(rows)


def _olivetti() -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Return pixels (400, 1, 64, 64) uint8, the person on each, and what was done."""
    folder = os.environ.get(DATA_DIR)
    path = Path(folder, "olivetti_faces.npz") if folder else None
    if path is not None and path.is_file():
        with Archive(path) as archive:
            npz = NpzFile(archive)
            if not {"images", "labels"} <= set(npz.keys):
                raise DataError(f"{npz.name} lacks images or labels; download it again")
            pixels, people = npz.read("images"), npz.read("labels")
    else:
        from sklearn.datasets import fetch_olivetti_faces

        bunch = _fetched("faces", fetch_olivetti_faces)
        pixels, people = np.rint(bunch.images * 255).astype(np.uint8), bunch.target
    if pixels.shape != OLIVETTI_SHAPE or pixels.dtype != np.uint8 or len(people) != len(pixels):
        raise DataError(
            f"the Olivetti faces have {pixels.dtype} images {pixels.shape}; they are "
            f"uint8 {OLIVETTI_SHAPE}"
        )
    return pixels[:, None], people, ()


def _lfw() -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Return pixels (N, 3, 64, 64) uint8, the person on each, and what was done."""
    from sklearn.datasets import fetch_lfw_people

    bunch = _fetched("faces-lfw", lambda: fetch_lfw_people(color=True, resize=1.0))
    images = np.rint(bunch.images * (255 if bunch.images.max() <= 1 else 1)).astype(np.uint8)
    pixels, notes = fit_all(images, LFW_SHAPE)
    return pixels, bunch.target_names[bunch.target], tuple(notes)


def _fetched(name: str, fetch: object) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a cache left half-written
            return fetch()
    except Exception as error:  # the network, the cache and the parser each raise their own
        raise DataError(
            f"{name} are not on this machine and cannot be downloaded; connect to the internet "
            "once, or choose digits or sprites"
        ) from error
