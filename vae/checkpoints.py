"""The checkpoint folder: written whole, verified before anything is built from it.

A checkpoint is a folder with ``config.json`` (which rebuilds the model and holds the sha256 of
every other file), ``model.safetensors`` (weights in half precision), ``encoder.onnx``,
``decoder.onnx``, ``codes.npz``, ``map.npz``, ``history.csv``, ``metrics.json`` and ``README.md``. A
published checkpoint never changes: it is replaced by deleting it and saving another.
"""

from __future__ import annotations

__all__ = [
    "Card",
    "CheckpointError",
    "load_codes",
    "load_history",
    "load_metrics",
    "load_model",
    "read_card",
    "read_verified",
    "round_to_half",
    "save_checkpoint",
]

import csv
import hashlib
import io
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch

from vae.encoding import LatentTable
from vae.models import Autoencoder, ModelConfig
from vae.storage import publish_folder

FORMAT = 1
CONFIG, WEIGHTS = "config.json", "model.safetensors"
CODES, HISTORY, METRICS = "codes.npz", "history.csv", "metrics.json"
# Optional: checkpoints from before it, and strangers' ones, have none. ``vae.maps`` reads it.
MAP = "map.npz"
MAX_CONFIG_BYTES = 1 << 20
MAX_FILE_BYTES = 1 << 29
VISIBILITIES = ("private", "shared")


class CheckpointError(ValueError):
    """A folder is not a checkpoint this version can use; the message says why."""


@dataclass(frozen=True)
class Card:
    """A verified config.json.

    Attributes:
        name: The folder's name, by which the shelf knows the checkpoint.
        title: What people read.
        model: Configuration that rebuilds the network.
        objective: What it was trained to minimise.
        data: "name", "sizes" (images a split), "preprocessing" (sentences), "label_names".
        seed: Seed of the training run.
        training: How it was trained: settings, "command", "seconds", "device".
        sha256: Hash of every file but config.json.
        owner: Who made it; empty on a machine used alone.
        visibility: "private" or "shared".
        path: The folder.
    """

    name: str
    title: str
    model: ModelConfig
    objective: dict
    data: dict
    seed: int
    training: dict
    sha256: dict[str, str]
    owner: str
    visibility: str
    path: Path

    @property
    def id(self) -> str:
        """The sha256 of the weights: the key under which anything computed is cached."""
        return self.sha256[WEIGHTS]


def round_to_half(model: Autoencoder) -> None:
    """Round the weights to half precision, in which they are stored, keeping float32 arithmetic."""
    with torch.no_grad():
        for value in model.state_dict().values():
            value.copy_(value.half().float())


def save_checkpoint(
    folder: Path,
    model: Autoencoder,
    *,
    title: str,
    objective: dict,
    data: dict,
    seed: int,
    training: dict,
    files: dict[str, bytes],
    owner: str = "",
    visibility: str = "private",
) -> Card:
    """Publish a checkpoint: the folder appears whole, or not at all.

    Args:
        folder: Where it goes; must not exist.
        model: The model, its weights already rounded by ``round_to_half``.
        title: What people read; the rest of what ``Card`` holds follows.
        objective: What it was trained to minimise.
        data: Name, sizes, preprocessing and label names of the data.
        seed: Seed of the training run.
        training: How it was trained.
        files: The other files' contents by name.
        owner: Who made it.
        visibility: "private" or "shared".

    Raises:
        FileExistsError: if something is at ``folder`` already.
        CheckpointError: if what was written cannot be read back.
    """
    weights = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    files = files | {WEIGHTS: safetensors.torch.save(weights)}
    config = {
        "format": FORMAT,
        "name": folder.name,
        "title": title,
        "architecture": asdict(model.config),
        "likelihood": model.config.likelihood,
        "latent_dim": model.config.latent_dim,
        "image": {"shape": model.config.image_shape, "range": [0, 1]},
        "objective": objective,
        "data": data,
        "seed": seed,
        "training": training,
        "owner": owner,
        "visibility": visibility,
        "sha256": {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)},
    }
    with publish_folder(folder) as temporary:
        for name, content in files.items():
            (temporary / name).write_bytes(content)
        (temporary / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        load_model(read_card(temporary))
    return read_card(folder)


def read_card(folder: Path | str) -> Card:
    """Read and verify a checkpoint's card: its fields, and the hash of every file it names.

    Raises:
        CheckpointError: if the folder is missing, foreign, incomplete or damaged.
    """
    folder = Path(folder)
    config = _read_config(folder)
    try:
        card = Card(
            name=folder.name,
            title=str(config["title"]),
            model=ModelConfig.from_dict(config["architecture"]),
            objective=dict(config["objective"]),
            data=dict(config["data"]),
            seed=config["seed"],
            training=dict(config["training"]),
            sha256=dict(config["sha256"]),
            owner=str(config["owner"]),
            visibility=config["visibility"],
            path=folder,
        )
    except KeyError as error:
        raise CheckpointError(f"{CONFIG} has no {error}") from error
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{CONFIG}: {error}") from error
    if card.visibility not in VISIBILITIES:
        raise CheckpointError(f"visibility is {card.visibility!r}; it must be private or shared")
    if WEIGHTS not in card.sha256:
        raise CheckpointError(f"{CONFIG} names no {WEIGHTS}")
    for name, digest in card.sha256.items():
        _verify(folder / _plain_name(name), digest)
    return card


def load_model(card: Card) -> Autoencoder:
    """Rebuild the model of a card: float32, evaluation mode, no gradients.

    Raises:
        CheckpointError: if the weights are damaged, not finite, or do not fit the architecture.
    """
    content = read_verified(card, WEIGHTS)
    try:
        weights = safetensors.torch.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(f"{WEIGHTS} is not a safetensors file") from error
    with torch.device("meta"):
        expected = Autoencoder(card.model).state_dict()
    _check_shapes(
        {name: tuple(value.shape) for name, value in weights.items()},
        {name: tuple(value.shape) for name, value in expected.items()},
    )
    if not all(value.is_floating_point() and value.isfinite().all() for value in weights.values()):
        raise CheckpointError(f"{WEIGHTS} holds values that are not finite numbers")
    model = Autoencoder(card.model)
    model.load_state_dict({name: value.float() for name, value in weights.items()})
    return model.eval().requires_grad_(False)


def load_codes(card: Card) -> LatentTable:
    """Load the held-out codes of a checkpoint.

    Raises:
        CheckpointError: if there are none, or they do not fit the model.
    """
    try:
        with np.load(io.BytesIO(read_verified(card, CODES)), allow_pickle=False) as arrays:
            table = LatentTable.from_columns({name: arrays[name] for name in arrays.files})
    except CheckpointError:
        raise
    except Exception as error:  # NumPy's readers raise some ten kinds on damaged files
        raise CheckpointError(f"{CODES} cannot be read") from error
    if table.mean.shape[1] != card.model.latent_dim:
        raise CheckpointError(
            f"{CODES} has {table.mean.shape[1]} dimensions; the model has {card.model.latent_dim}"
        )
    return table


def load_metrics(card: Card) -> dict:
    """Load metrics.json: {"figures": [{"name", "value", "n", "split", "unit", "seed"}, ...]}."""
    return json.loads(read_verified(card, METRICS))


def load_history(card: Card) -> dict[str, np.ndarray]:
    """Load history.csv as columns, one row an epoch."""
    rows = list(csv.DictReader(io.StringIO(read_verified(card, HISTORY).decode())))
    return {name: np.array([float(row[name]) for row in rows]) for name in (rows or [{}])[0]}


def read_verified(card: Card, name: str) -> bytes:
    """Read a file of a checkpoint and check the very bytes that will be parsed.

    Raises:
        CheckpointError: if the card names no such file, or it is damaged.
    """
    if name not in card.sha256:
        raise CheckpointError(f"this checkpoint has no {name}")
    try:
        content = (card.path / name).read_bytes()
    except OSError as error:
        raise CheckpointError(f"{name} cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != card.sha256[name]:
        raise CheckpointError(f"{name} is damaged: its sha256 is not the one in {CONFIG}")
    return content


def _read_config(folder: Path) -> dict:
    path = folder / CONFIG
    if not folder.is_dir():
        raise CheckpointError(f"there is no checkpoint folder at {folder}")
    if not path.is_file():
        raise CheckpointError(f"no {CONFIG}: this folder is not a Latent Explorer checkpoint")
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise CheckpointError(f"{CONFIG} is larger than 1 MiB")
    try:
        config = json.loads(path.read_bytes())
    except OSError as error:
        raise CheckpointError(f"{CONFIG} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{CONFIG} is not valid JSON") from error
    version = config.get("format") if isinstance(config, dict) else None
    if version != FORMAT:
        raise CheckpointError(f"{CONFIG} has format {version!r}; this version reads {FORMAT}")
    return config


def _plain_name(name: str) -> str:
    if not isinstance(name, str) or Path(name).name != name or name in ("", ".", ".."):
        raise CheckpointError(f"{CONFIG} names a file outside the folder: {str(name)[:60]!r}")
    return name


def _verify(path: Path, digest: str) -> None:
    if not path.is_file():
        raise CheckpointError(f"{path.name} is missing")
    status = path.stat()
    if status.st_size > MAX_FILE_BYTES:
        raise CheckpointError(f"{path.name} is larger than 512 MiB")
    try:
        found = _digest(path, status.st_size, status.st_mtime_ns, status.st_ino)
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be read: {error.strerror}") from error
    if found != digest:
        raise CheckpointError(f"{path.name} is damaged: its sha256 is not the one in {CONFIG}")


@lru_cache(maxsize=4096)
def _digest(path: Path, size: int, mtime_ns: int, inode: int) -> str:
    """Hash a file once as long as its size, time and identity stay."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_shapes(found: dict[str, tuple], expected: dict[str, tuple]) -> None:
    differences = [
        f"{name} is {found.get(name, 'missing')}, expected {expected.get(name, 'nothing')}"
        for name in sorted(found.keys() | expected.keys())
        if found.get(name) != expected.get(name)
    ]
    if differences:
        listed = "; ".join(text[:200] for text in differences[:5])
        raise CheckpointError(f"{WEIGHTS} does not fit the architecture: {listed}")
