"""Data to codes: the aggregate posterior of a data set as a table."""

from __future__ import annotations

__all__ = ["EncodingCancelledError", "LatentTable", "encode_dataset", "encode_stream"]

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace

import numpy as np
import torch

from vae.data import ImageSet, ImageStream, SetStream
from vae.data.streams import Batch
from vae.metrics.likelihood import ACTIVE_VARIANCE, BATCH, check_shape, measure_batch
from vae.models import Autoencoder

# How many images are done, and how many there are; False to stop.
OnProgress = Callable[[int, int], bool]


@dataclass(frozen=True)
class LatentTable:
    """The codes of N images: the aggregate posterior, mean over x of q(z|x).

    Args:
        mean: Posterior means (N, D) float32.
        log_var: Posterior log variances (N, D), None for an autoencoder.
        index: Position of each image in its source (N,).
        split: "test" or "train" for each image (N,).
        reconstruction_error: Mean squared error per pixel of the decoded mean (N,).
        elbo: ELBO of each image in nats (N,), None for an autoencoder.
        label: Class of each image (N,), None when unknown.
        label_names: Name of each class.
        factors: Known generative factors, name to (N,).

    Raises:
        ValueError: if a column has another length, or a code is not finite.
    """

    mean: np.ndarray
    log_var: np.ndarray | None
    index: np.ndarray
    split: np.ndarray
    reconstruction_error: np.ndarray
    elbo: np.ndarray | None = None
    label: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    factors: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the columns once, at the edge."""
        if self.mean.ndim != 2 or not len(self.mean) or not np.isfinite(self.mean).all():
            raise ValueError(f"mean has shape {self.mean.shape}; give finite codes (N, D), N >= 1")
        if self.log_var is not None and self.log_var.shape != self.mean.shape:
            raise ValueError(
                f"log_var has shape {self.log_var.shape}; give that of mean, {self.mean.shape}"
            )
        columns = {
            "index": self.index,
            "split": self.split,
            "reconstruction_error": self.reconstruction_error,
            "elbo": self.elbo,
            "label": self.label,
            **self.factors,
        }
        for name, column in columns.items():
            if column is not None and column.shape != (len(self.mean),):
                raise ValueError(f"{name} has shape {column.shape}; give ({len(self.mean)},)")

    def __len__(self) -> int:
        return len(self.mean)

    def subset(self, rows: np.ndarray) -> LatentTable:
        """Return some of the rows, by a mask or by their numbers."""
        chosen = {
            field.name: getattr(self, field.name)[rows]
            for field in fields(self)
            if isinstance(getattr(self, field.name), np.ndarray)
        }
        factors = {name: values[rows] for name, values in self.factors.items()}
        return replace(self, **chosen, factors=factors)

    @property
    def held_out(self) -> np.ndarray:
        """Mask (N,) of the rows that statistics are taken over: the test images, if any."""
        test = self.split == "test"
        return test if test.any() else np.ones_like(test)

    @property
    def kl_per_dim(self) -> np.ndarray | None:
        """KL(q(z|x) || p(z)) of each dimension (D,), nats, averaged over the held-out rows."""
        if self.log_var is None:
            return None
        rows = self.held_out
        mean, log_var = self.mean[rows].astype(np.float64), self.log_var[rows].astype(np.float64)
        return (0.5 * (mean**2 + np.exp(log_var) - 1 - log_var)).mean(0)

    @property
    def variance_per_dim(self) -> np.ndarray:
        """Variance of the posterior means over the held-out rows, (D,)."""
        return self.mean[self.held_out].var(0, dtype=np.float64)

    @property
    def active(self) -> np.ndarray:
        """Mask (D,) of the active units: variance of the posterior mean above 0.01."""
        return self.variance_per_dim > ACTIVE_VARIANCE

    @property
    def order(self) -> np.ndarray:
        """Dimensions (D,), most informative first: by KL, or by variance for an autoencoder."""
        information = self.variance_per_dim if self.log_var is None else self.kl_per_dim
        return np.argsort(-information, kind="stable")

    def range_per_dim(self, low: float = 0.005, high: float = 0.995) -> np.ndarray:
        """Quantiles (D, 2) of the held-out codes: where a slider is worth moving."""
        return np.quantile(self.mean[self.held_out], (low, high), axis=0).T

    def columns(self) -> dict[str, np.ndarray]:
        """Return the arrays of codes.npz; factors carry the prefix "factor/"."""
        arrays = {
            "mean": self.mean,
            "log_var": self.log_var,
            "index": self.index,
            "split": self.split,
            "reconstruction_error": self.reconstruction_error,
            "elbo": self.elbo,
            "label": self.label,
            "label_names": np.array(self.label_names) if self.label_names else None,
        } | {f"factor/{name}": values for name, values in self.factors.items()}
        return {name: array for name, array in arrays.items() if array is not None}

    @classmethod
    def from_columns(cls, arrays: dict[str, np.ndarray]) -> LatentTable:
        """Rebuild a table from the arrays of codes.npz."""
        factors = {
            name.removeprefix("factor/"): values
            for name, values in arrays.items()
            if name.startswith("factor/")
        }
        plain = {name: values for name, values in arrays.items() if not name.startswith("factor/")}
        names = tuple(str(name) for name in plain.pop("label_names", ()))
        plain.setdefault("log_var", None)
        return cls(**plain, label_names=names, factors=factors)


def encode_dataset(model: Autoencoder, images: ImageSet, *, seed: int = 0) -> LatentTable:
    """Encode every image of a set and measure its reconstruction.

    Args:
        model: A model for images of this shape.
        images: The images; all are encoded, so take a subset first where there are many.
        seed: Seed of the posterior samples behind the ELBO.

    Raises:
        ValueError: if the images have another shape than the model's.
    """
    return encode_stream(model, SetStream(images), seed=seed)


class EncodingCancelledError(Exception):
    """Encoding ended because ``on_progress`` said so; nothing of it is kept."""


def encode_stream(
    model: Autoencoder,
    stream: ImageStream,
    *,
    seed: int = 0,
    on_progress: OnProgress = lambda done, total: True,
) -> LatentTable:
    """Encode images as they are read: only a batch of them is in memory, and all their codes.

    The numbers are those of ``encode_dataset`` for the same images and seed, whatever the batches
    that the stream gives: they are measured by the 500 as those are. (The posterior samples behind
    an image's ELBO depend on its position among the images that can be used.)

    Args:
        model: A model for images of the stream's shape.
        stream: The images; ``open_stream`` opens one.
        seed: Seed of the posterior samples behind the ELBO.
        on_progress: Called after each batch with how many images of the source are done, skipped
            ones among them, and how many there are. Returning False ends it with an error.

    Raises:
        ValueError: if the images have another shape than the model's.
        DataError: if no image can be used, or the source is damaged.
        EncodingCancelledError: if ``on_progress`` returned False.
    """
    check_shape(model, stream.name, stream.image_shape)
    generator = torch.Generator().manual_seed(seed)
    columns = _Columns(stream.total)
    for pixels, batch in _regrouped(stream):
        columns.add(index=batch.index)
        for start in range(0, len(pixels), BATCH):
            measured = measure_batch(model, pixels[start : start + BATCH], generator)
            columns.add(
                mean=measured.mean,
                log_var=measured.log_var,
                reconstruction_error=measured.squared_error,
                elbo=measured.elbo,
            )
        if not on_progress(batch.done, stream.total):
            raise EncodingCancelledError(f"stopped after {batch.done} of {stream.total} images")
    arrays = columns.arrays
    known = stream.known(arrays["index"])
    return LatentTable(
        **{"log_var": None} | arrays,
        split=np.full(len(arrays["index"]), stream.split),
        label=known.labels,
        label_names=known.label_names,
        factors=known.factors,
    )


class _Columns:
    """Columns that are filled bit by bit, with room for ``most`` rows.

    The room is taken at once, and only what is filled costs memory. Small arrays kept from every
    batch would come to lie between the large ones that come and go: the heap would grow with each.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._room: dict[str, np.ndarray] = {}
        self._filled: dict[str, int] = {}

    def add(self, **parts: np.ndarray | None) -> None:
        """Append rows to columns; None is no column."""
        for name, part in parts.items():
            if part is None:
                continue
            if name not in self._room:
                self._room[name] = np.empty((self._most, *part.shape[1:]), part.dtype)
                self._filled[name] = 0
            start = self._filled[name]
            self._filled[name] += len(part)
            self._room[name][start : self._filled[name]] = part

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The columns as far as they are filled."""
        return {name: room[: self._filled[name]] for name, room in self._room.items()}


def _regrouped(stream: ImageStream) -> Iterator[tuple[np.ndarray, Batch]]:
    """Yield each batch of a stream with the pixels to measure now: multiples of 500, then the rest.

    What a batch leaves over waits for the next.
    """
    waiting = np.empty((0, *stream.image_shape), np.uint8)
    for batch in stream.batches():
        waiting = np.concatenate([waiting, batch.pixels])
        whole = len(waiting) if batch.done == stream.total else len(waiting) // BATCH * BATCH
        yield waiting[:whole], batch
        waiting = waiting[whole:]
