"""Codes of whatever images there are, kept on disk: a source is encoded once by each model."""

from __future__ import annotations

__all__ = ["EncodedSource", "encode_source"]

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from vae.checkpoints import Card, load_codes, load_model
from vae.data import ImageStream, open_stream
from vae.encoding import LatentTable, OnProgress, encode_stream
from vae.storage import cache_folder, keep_newest, replacing

# Raised when the same images and model would give other numbers than before.
FORMAT = 1
MAX_BYTES = 2 << 30
FOLDER = "codes"
NOTES = "notes"


@dataclass(frozen=True)
class EncodedSource:
    """The codes of a source.

    Attributes:
        table: One row for each image that could be used.
        notes: Sentences: what was skipped, and what was done to the images.
    """

    table: LatentTable
    notes: tuple[str, ...] = ()


def encode_source(
    card: Card,
    source: str | Path | None = None,
    *,
    split: str | None = None,
    seed: int = 0,
    local: bool = False,
    on_progress: OnProgress = lambda done, total: True,
) -> EncodedSource:
    """Return a model's codes of a source of images, from disk where they were made before.

    They are kept in the cache folder, under the checkpoint's id (the hash of its weights) and the
    fingerprint of the source (``ImageStream.fingerprint``): a changed file or folder is encoded
    anew. All that is kept takes at most 2 GiB; what was not used for longest goes first.

    Args:
        card: The checkpoint.
        source: As for ``open_stream``; None for the held-out codes that the checkpoint brings.
        split: As for ``open_stream``.
        seed: Seed of the posterior samples behind the ELBO.
        local: As for ``open_stream``: the source is the user's own, given by its path.
        on_progress: As for ``encode_stream``; not called for codes that are there already.

    Raises:
        DataError: if no images can be had from the source.
        EncodingCancelledError: if ``on_progress`` returned False; nothing is kept.
        CheckpointError: if the checkpoint is damaged.
    """
    if source is None:
        codes = load_codes(card)
        return EncodedSource(codes.subset(codes.held_out))
    with open_stream(source, card.model.image_shape, split=split, local=local) as stream:
        path = _place(card, stream, seed)
        kept = _read(path, card.model.latent_dim)
        if kept is not None:
            return kept
        table = encode_stream(load_model(card), stream, seed=seed, on_progress=on_progress)
        made = EncodedSource(table, stream.notes)
        if _place(card, stream, seed) == path:  # it did not change while it was read
            with suppress(OSError):  # a full disk or a read-only home: it is made again next time
                _keep(path, made)
    return made


def _place(card: Card, stream: ImageStream, seed: int) -> Path:
    # The id is of the weights alone; what they mean is in the configuration.
    about = [FORMAT, card.id, asdict(card.model), seed, stream.fingerprint()]
    return cache_folder() / FOLDER / f"{hashlib.sha256(json.dumps(about).encode()).hexdigest()}.npz"


def _read(path: Path, latent_dim: int) -> EncodedSource | None:
    """Read what was kept; None where there is nothing, or nothing whole."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            columns = {name: arrays[name] for name in arrays.files}
        notes = tuple(json.loads(str(columns.pop(NOTES))))
        table = LatentTable.from_columns(columns)
        os.utime(path)
    except Exception:  # NumPy's readers raise some ten kinds on damaged files
        return None
    return EncodedSource(table, notes) if table.mean.shape[1] == latent_dim else None


def _keep(path: Path, made: EncodedSource) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        np.savez(file, **made.table.columns(), **{NOTES: np.array(json.dumps(made.notes))})
    keep_newest(path.parent, MAX_BYTES)
