"""Maps without their codes: as a checkpoint ships one, and as they are kept once made.

``map.npz`` of a checkpoint holds the quick t-SNE of its held-out codes, so that the first map is
there without waiting::

    table = load_codes(card)
    shipped = load_map(card, table)
    if shipped is not None:  # older checkpoints and strangers' ones have none
        projection, figures = shipped  # of the codes table.subset(table.held_out).mean
        figures.quality.trustworthiness, figures.labels.on_map, figures.labels.in_space
"""

from __future__ import annotations

__all__ = [
    "MapFigures",
    "digest_codes",
    "load_map",
    "map_bytes",
    "measure_map",
    "pack_map",
    "unpack_map",
]

import hashlib
import io
import json
from dataclasses import asdict, dataclass

import numpy as np

from vae.checkpoints import MAP, Card, CheckpointError, load_codes, read_verified
from vae.encoding import LatentTable
from vae.metrics.neighbours import (
    NEIGHBOURS,
    VOTERS,
    LabelAccuracy,
    MapQuality,
    compare_labels,
    map_quality,
)
from vae.projections import Projection, ProjectionError, Settings, is_quick, project

FORMAT = 1


@dataclass(frozen=True)
class MapFigures:
    """How true a map is.

    Attributes:
        quality: Whether neighbours stay together; None for fewer than three codes.
        labels: What neighbours say about labels; None without labels, or with one class only.
        n: Codes on the map.
        seed: Seed of the draw of the codes judged, and of the shuffling.
    """

    quality: MapQuality | None
    labels: LabelAccuracy | None
    n: int
    seed: int

    @classmethod
    def from_dict(cls, values: dict) -> MapFigures:
        """Rebuild figures from what ``asdict`` made of them and JSON kept."""
        quality, labels = values["quality"], values["labels"]
        return cls(
            quality=None if quality is None else MapQuality(**quality),
            labels=None if labels is None else LabelAccuracy(**labels),
            n=values["n"],
            seed=values["seed"],
        )


def measure_map(
    projection: Projection, label: np.ndarray | None = None, *, seed: int = 0
) -> MapFigures:
    """Judge a map, by all of its codes' labels (N,) too where they are known."""
    codes, points = projection.codes, projection.points
    n = len(codes)
    near = min(NEIGHBOURS, (n - 1) // 2)
    quality = map_quality(codes, points, neighbours=near, seed=seed) if near else None
    labels = None
    if label is not None and len(np.unique(label)) > 1:
        labels = compare_labels(codes, points, label, neighbours=min(VOTERS, n - 1), seed=seed)
    return MapFigures(quality, labels, n, seed)


def map_bytes(table: LatentTable) -> bytes:
    """Return the map.npz of a checkpoint with these codes: the quick t-SNE of the held-out ones.

    Made twice on one machine it is the same, byte by byte.
    """
    shown = table.subset(table.held_out)
    projection = project(shown.mean)
    return pack_map(projection, asdict(measure_map(projection, shown.label)))


def load_map(card: Card, table: LatentTable | None = None) -> tuple[Projection, MapFigures] | None:
    """Load the map that a checkpoint ships; None where it has none.

    Args:
        card: The checkpoint.
        table: Its codes, where they are at hand: spares reading them again.

    Returns:
        The projection of ``table.subset(table.held_out).mean``, and how true it is.

    Raises:
        CheckpointError: if the map is damaged, or is one of other codes.
    """
    if MAP not in card.sha256:
        return None
    content = read_verified(card, MAP)
    table = load_codes(card) if table is None else table
    try:
        projection, figures = unpack_map(content, table.mean[table.held_out])
        return projection, MapFigures.from_dict(figures)
    except ProjectionError as error:
        raise CheckpointError(f"{MAP}: {error}") from error
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{MAP} holds no figures of the map; make it again") from error


def pack_map(projection: Projection, figures: dict | None = None) -> bytes:
    """Return a map as an npz file: settings, points and figures, but not its codes."""
    about = {
        "format": FORMAT,
        "settings": asdict(projection.settings),
        "codes": digest_codes(projection.codes),
        "figures": figures or {},
    }
    buffer = io.BytesIO()
    text = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez_compressed(buffer, about=text, points=projection.points)
    return buffer.getvalue()


def unpack_map(content: bytes, codes: np.ndarray) -> tuple[Projection, dict]:
    """Return the map of codes (N, D) that ``pack_map`` made, and its figures.

    Raises:
        ProjectionError: if it is damaged or something else, or a map of other codes.
    """
    codes = np.asarray(codes, dtype=np.float32)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            about, points = json.loads(arrays["about"].tobytes()), arrays["points"]
        settings, digest, figures = (about[name] for name in ("settings", "codes", "figures"))
        settings = Settings.from_dict(settings)
        if about["format"] != FORMAT or points.dtype != np.float32 or not isinstance(figures, dict):
            raise ValueError("another format")
        if not np.isfinite(points).all():
            raise ValueError("no places")
    except Exception as error:  # zipfile, NumPy and JSON raise many kinds
        raise ProjectionError("this is no map, or it is damaged; make it again") from error
    if digest != digest_codes(codes) or points.shape != (len(codes), 2):
        raise ProjectionError(
            f"the map of shape {points.shape} was made of other codes than these {codes.shape}; "
            "make it again"
        )
    if is_quick(settings, len(codes)):  # it has a formula, which is not kept
        return project(codes, settings), figures
    return Projection(settings, codes, points), figures


def digest_codes(codes: np.ndarray) -> str:
    """Return the sha256 of codes (N, D) and their shape."""
    codes = np.ascontiguousarray(codes, dtype="<f4")
    return hashlib.sha256(f"{codes.shape}".encode() + codes.tobytes()).hexdigest()
