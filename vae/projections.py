"""Pictures of a latent space in two dimensions, onto which new codes can be put.

A ``Projection`` is a value: where the codes came to lie, with all that made it. PCA and two raw
dimensions are linear, so whole posteriors go with the codes, as exact Gaussians; t-SNE keeps
neighbours together and nothing else: distances across its map mean nothing.
"""

from __future__ import annotations

__all__ = [
    "METHODS",
    "QUICK",
    "THOROUGH",
    "Projection",
    "ProjectionError",
    "Settings",
    "checked_codes",
    "is_quick",
    "project",
]

import io
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from vae.storage import replace_file
from vae.tsne import OnProgress, fit_tsne

Method = Literal["pca", "raw", "tsne", "umap"]
METHODS: tuple[Method, ...] = ("pca", "raw", "tsne", "umap")
# New codes of a map without a formula go where the middle of so many neighbours lies.
PLACING_NEIGHBOURS = 25
CHUNK = 512
# So few codes have no neighbourhoods: their map is that of PCA.
FEW = 4
FORMAT = 1


class ProjectionError(ValueError):
    """A projection cannot be made or read; the message says why and what to do."""


@dataclass(frozen=True)
class Settings:
    """How a projection is made.

    Attributes:
        method: "pca" (Pearson 1901), "raw" (two of the dimensions as they are), "tsne" (van der
            Maaten and Hinton 2008, as openTSNE computes it) or "umap" (McInnes et al. 2018,
            arXiv 1802.03426; the package umap-learn is an extra).
        dims: The dimensions that "raw" shows.
        perplexity: About how many neighbours "tsne" minds; fewer codes get less.
        early, late: Iterations of "tsne" with exaggerated attraction, and without.
        neighbours: How many neighbours "umap" minds.
        seed: Seed of "tsne" and "umap".
    """

    method: Method = "tsne"
    dims: tuple[int, int] = (0, 1)
    perplexity: float = 10.0
    early: int = 50
    late: int = 100
    neighbours: int = 15
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the settings once, at the edge."""
        if self.method not in METHODS:
            raise ProjectionError(f"method is {self.method!r}; choose one of {', '.join(METHODS)}")
        if not 1 <= self.perplexity <= 1000:
            raise ProjectionError(f"perplexity is {self.perplexity:g}; give 1 to 1000")
        if not (0 <= self.early <= 10_000 and 1 <= self.late <= 10_000):
            raise ProjectionError(
                f"early and late are {self.early} and {self.late}; give up to 10000 iterations, "
                "late at least 1"
            )
        if not 2 <= self.neighbours <= 1000:
            raise ProjectionError(f"neighbours is {self.neighbours}; give 2 to 1000")

    @classmethod
    def from_dict(cls, values: dict) -> Settings:
        """Rebuild settings from what ``asdict`` made of them and JSON kept.

        Raises:
            ProjectionError: if a value is out of its range.
            TypeError, KeyError: if it is no such dictionary.
        """
        return cls(**values | {"dims": tuple(values["dims"])})


# The first map one sees, and the one for those who can wait.
QUICK = Settings()
THOROUGH = Settings(perplexity=30.0, early=250, late=500)


@dataclass(frozen=True)
class Projection:
    """A map of codes.

    Attributes:
        settings: How it was made.
        codes: The codes (N, D) float32.
        points: Where they lie (N, 2) float32.
        axes: Of a linear projection, its directions as rows (2, D); else None.
        centre: Of a linear projection, the code that lies at 0, 0 (D,); else None.
        share: Of PCA, the share of the codes' variance along each axis (2,); else None.
    """

    settings: Settings
    codes: np.ndarray
    points: np.ndarray
    axes: np.ndarray | None = None
    centre: np.ndarray | None = None
    share: np.ndarray | None = None

    @property
    def names(self) -> tuple[str, str]:
        """What the axes are called."""
        if self.settings.method == "raw":
            return tuple(f"z{dim}" for dim in self.settings.dims)
        name = {"pca": "PC", "tsne": "t-SNE", "umap": "UMAP"}[self.settings.method]
        return (f"{name} 1", f"{name} 2")

    def transform(self, z: np.ndarray) -> np.ndarray:
        """Return where codes (M, D) lie on this map (M, 2) float32; the map stays as it is.

        Exact for a linear one. Else a code goes to the median of its nearest neighbours, where
        openTSNE begins (Policar et al. 2019); a code of the map lies where it lay.
        """
        z = checked_codes(z, self.codes.shape[1])
        if self.axes is not None:
            return ((z - self.centre) @ self.axes.T).astype(np.float32)
        count = min(PLACING_NEIGHBOURS, len(self.codes))
        distances, rows = _nearest_rows(self.codes, z, count)
        placed = np.median(self.points[rows], axis=1)
        same = distances[:, 0] <= 1e-6
        placed[same] = self.points[rows[same, 0]]
        return placed.astype(np.float32)

    def covariance(self, log_var: np.ndarray) -> np.ndarray | None:
        """Return the covariance (M, 2, 2) of posteriors with these log variances (M, D).

        W diag(std^2) W^T, exact for a linear map. None for others, which have no such thing.
        """
        if self.axes is None:
            return None
        return np.einsum("id,md,jd->mij", self.axes, np.exp(log_var), self.axes)

    def inverse(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return codes (M, D) that lie at places (M, 2) of the map, and how far the data are.

        On a linear map the one nearest to the centre, exactly. Else a mean of the codes nearest on
        the map, those that are nearer counting more.

        Returns:
            Codes (M, D) float32, and distances on the map to the nearest code (M,), in shares of
            the map's larger side.
        """
        points = np.asarray(points, dtype=np.float64)
        side = float(np.ptp(self.points, axis=0).max()) or 1.0
        nearest, rows = _nearest_rows(self.points, points, min(4, len(self.points)))
        if self.axes is not None:
            codes = points @ np.linalg.pinv(self.axes).T + self.centre
        else:
            weights = 1 / (nearest + 1e-6 * side) ** 2
            weights /= weights.sum(1, keepdims=True)
            codes = np.einsum("mk,mkd->md", weights, self.codes[rows])
        return codes.astype(np.float32), nearest[:, 0] / side

    def save(self, path: Path) -> None:
        """Write it as an npz file, all or nothing."""
        arrays = {"codes": self.codes, "points": self.points}
        arrays |= {
            name: value
            for name, value in (("axes", self.axes), ("centre", self.centre), ("share", self.share))
            if value is not None
        }
        about = json.dumps({"format": FORMAT, "settings": asdict(self.settings)})
        buffer = io.BytesIO()
        np.savez_compressed(buffer, about=np.frombuffer(about.encode(), np.uint8), **arrays)
        replace_file(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> Projection:
        """Read what ``save`` wrote.

        Raises:
            ProjectionError: if the file is damaged or something else.
        """
        try:
            # Not by its name: NumPy leaves a file open that turns out to be none of its own.
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
                kept = {name: arrays[name] for name in arrays.files}
            about = json.loads(kept.pop("about").tobytes())
            if about["format"] != FORMAT:
                raise ValueError("another format")
            made = cls(settings=Settings.from_dict(about["settings"]), **kept)
            if made.points.shape != (len(made.codes), 2):
                raise ValueError("another shape")
        except Exception as error:  # zipfile, NumPy and JSON raise many kinds
            raise ProjectionError(
                f"{path.name} is no projection, or damaged; make it again"
            ) from error
        return made


def checked_codes(codes: np.ndarray, dims: int | None = None) -> np.ndarray:
    """Return codes (N, D) as float32.

    Raises:
        ProjectionError: if they are none, not of ``dims`` dimensions where that is given, or not
            finite.
    """
    codes = np.asarray(codes, dtype=np.float32)
    if codes.ndim != 2 or not len(codes) or (dims is not None and codes.shape[1] != dims):
        wanted = "D" if dims is None else dims
        raise ProjectionError(f"codes have shape {codes.shape}; give (N, {wanted}), N >= 1")
    if not np.isfinite(codes).all():
        raise ProjectionError("codes hold NaN or infinity; give finite numbers")
    return codes


def is_quick(settings: Settings, n: int) -> bool:
    """Tell whether a map of ``n`` codes is there in milliseconds: no need for another process."""
    return settings.method in ("pca", "raw") or n < FEW


def project(
    codes: np.ndarray,
    settings: Settings = QUICK,
    *,
    on_progress: OnProgress = lambda share, points: True,
    threads: int = 1,
) -> Projection:
    """Make a map of codes.

    Args:
        codes: Codes (N, D), N >= 1.
        settings: How.
        on_progress: Called now and then with the share that is done, 0 to 1, and the points as
            they lie (N, 2); the work ends early, with the map as it is, when it returns False.
        threads: Processors that "tsne" may use, -1 for all; the map is the same with any number,
            and on a busy machine sooner there with one.

    Raises:
        ProjectionError: if the codes are none or not finite, or the method's package is not
            installed.

    Example:
        >>> square = np.array([[0.0, 0], [2, 0], [0, 1], [2, 1]])
        >>> project(square, Settings(method="pca")).share.round(2).tolist()
        [0.8, 0.2]
    """
    codes = checked_codes(codes)
    if settings.method == "raw":
        return _raw(codes, settings)
    is_alike = np.ptp(codes, axis=0).max() == 0
    if settings.method == "pca" or is_alike or len(codes) < FEW:
        return _pca(codes, settings)
    if settings.method == "tsne":
        return Projection(settings, codes, fit_tsne(codes, settings, on_progress, threads))
    return Projection(settings, codes, _umap(codes, settings))


def _raw(codes: np.ndarray, settings: Settings) -> Projection:
    dims = codes.shape[1]
    if not all(0 <= dim < dims for dim in settings.dims) or len(set(settings.dims)) != 2:
        raise ProjectionError(
            f"dims are {settings.dims}; give two different ones from 0 to {dims - 1}"
        )
    axes = np.eye(dims)[list(settings.dims)]
    centre = np.zeros(dims)
    return Projection(settings, codes, (codes @ axes.T).astype(np.float32), axes, centre)


def _pca(codes: np.ndarray, settings: Settings) -> Projection:
    """Project onto the two directions of most variance; what is missing of two is zero."""
    from sklearn.decomposition import PCA

    settings = replace(settings, method="pca")
    axes, share, centre = np.zeros((2, codes.shape[1])), np.zeros(2), codes.mean(0, np.float64)
    if np.ptp(codes, axis=0).max() > 0:
        count = min(2, *codes.shape)
        fitted = PCA(count).fit(codes.astype(np.float64))
        axes[:count] = fitted.components_
        share[:count] = fitted.explained_variance_ratio_
    # The sign of a direction is free: its largest part points up, on every machine.
    largest = np.abs(axes).argmax(1)
    axes *= np.where(axes[[0, 1], largest] < 0, -1.0, 1.0)[:, None]
    points = ((codes - centre) @ axes.T).astype(np.float32)
    return Projection(settings, codes, points, axes, centre, share)


def _umap(codes: np.ndarray, settings: Settings) -> np.ndarray:
    try:
        import umap
    except ImportError as error:
        raise ProjectionError(
            "UMAP needs the package umap-learn; install it, or choose tsne or pca"
        ) from error
    neighbours = min(settings.neighbours, len(codes) - 1)
    made = umap.UMAP(n_neighbors=neighbours, random_state=settings.seed, n_jobs=1)
    return np.asarray(made.fit_transform(codes), np.float32)


def _nearest_rows(
    among: np.ndarray, points: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return Euclidean distances and rows (M, count) of the nearest, nearest first."""
    among, points = (np.asarray(array, dtype=np.float64) for array in (among, points))
    squares = (among**2).sum(1)
    distances = np.empty((len(points), count))
    rows = np.empty((len(points), count), np.int64)
    for first in range(0, len(points), CHUNK):
        some = points[first : first + CHUNK]
        far = squares - 2 * some @ among.T  # but for the square of each point itself
        near = np.argpartition(far, count - 1, axis=1)[:, :count]
        exact = np.linalg.norm(among[near] - some[:, None], axis=2)
        order = exact.argsort(1)
        part = slice(first, first + len(some))
        rows[part] = np.take_along_axis(near, order, 1)
        distances[part] = np.take_along_axis(exact, order, 1)
    return distances, rows
