"""Images read a batch at a time: however many there are, only a batch of them is in memory.

What a stream gives is what ``load`` gives of the same source, whole and made to fit one shape.
"""

from __future__ import annotations

__all__ = ["BATCH", "Batch", "ImageStream", "Known", "SetStream"]

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from vae.data.image_set import ImageSet

BATCH = 500


class Batch(NamedTuple):
    """Images as they come out of a stream.

    Attributes:
        pixels: Images (n, C, H, W) uint8; n may be 0, where none of those read could be used.
        index: Position of each in its source (n,) int64.
        done: How many images of the source have been read so far, damaged ones among them.
    """

    pixels: np.ndarray
    index: np.ndarray
    done: int


class Known(NamedTuple):
    """What is known of images: as the parts of ``ImageSet`` of the same names."""

    labels: np.ndarray | None
    label_names: tuple[str, ...]
    factors: dict[str, np.ndarray]


class ImageStream(ABC):
    """Images of one shape that are read a batch at a time, in the order of their source.

    Attributes:
        name: The source: its name, or the file's or folder's.
        split: "train", "test", or "all" of a folder or file.
        image_shape: (C, H, W) of every image.
        total: How many there are to read, 1 or more; damaged ones among them are skipped.
    """

    name: str
    split: str
    image_shape: tuple[int, int, int]
    total: int

    @abstractmethod
    def batches(self) -> Iterator[Batch]:
        """Read all images; ``done`` of the last batch is ``total``.

        Raises:
            DataError: if no image can be used, or the source is damaged.
        """

    @abstractmethod
    def known(self, index: np.ndarray) -> Known:
        """Return what is known of the images at positions (n,) of the source, all that were used.

        Raises:
            DataError: if labels or factors do not fit the images.
        """

    @property
    @abstractmethod
    def notes(self) -> tuple[str, ...]:
        """Sentences: what was skipped, and what was done to the images that were read so far."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Return a text that is another when the source has changed.

        Of a source by name, a hash of its images. Of a file of up to 64 MiB, one of its content;
        of a larger one, its place, size and time of change. Of a folder, its place and the names,
        sizes and times of change of its pictures.
        """


class SetStream(ImageStream):
    """A set of images that is in memory already."""

    def __init__(self, images: ImageSet) -> None:
        self.images = images
        self.name, self.split = images.name, images.split
        self.image_shape, self.total = images.image_shape, len(images)

    def batches(self) -> Iterator[Batch]:
        """Cut the images in batches."""
        for start in range(0, self.total, BATCH):
            rows = slice(start, min(start + BATCH, self.total))
            yield Batch(self.images.pixels[rows], self.images.index[rows], rows.stop)

    def known(self, index: np.ndarray) -> Known:
        """Return what the set knows of its images."""
        return Known(self.images.labels, self.images.label_names, self.images.factors)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the images."""
        return self.images.preprocessing

    def fingerprint(self) -> str:
        """Return a hash of the images."""
        digest = hashlib.sha256(np.ascontiguousarray(self.images.pixels))
        digest.update(self.images.index.tobytes())
        return f"{self.name} {self.split} {digest.hexdigest()}"
