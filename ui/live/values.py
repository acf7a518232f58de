"""What the components are given: plain values, arrays where there are many numbers."""

from __future__ import annotations

__all__ = [
    "Errors",
    "Examples",
    "File",
    "Opening",
    "Originals",
    "Paper",
    "PlaneCodes",
    "Reading",
    "Setting",
    "Slider",
    "Ways",
]

from dataclasses import dataclass

import numpy as np

from ui.questions import Answer
from vae.evidence import Evidence
from vae.interpolation import Way


@dataclass(frozen=True)
class Slider:
    """One latent dimension: the range worth moving in, and how much information it carries.

    ``meaning`` is what the dimension seems to do, with its correlation; "" where nobody knows.
    """

    dim: int
    low: float
    high: float
    information: float
    active: bool
    meaning: str


@dataclass(frozen=True)
class PlaneCodes:
    """Held-out codes for the latent plane.

    Attributes:
        mean: Posterior means (N, D) float32.
        log_var: Posterior log variances (N, D) float32, None for an autoencoder.
        label: Class of each (N,) uint8, None when unknown or too many to tell apart.
        names: Name of each class, for the legend.
        colours: Colour of each class, or one for all.
    """

    mean: np.ndarray
    log_var: np.ndarray | None
    label: np.ndarray | None
    names: tuple[str, ...]
    colours: tuple[str, ...]


@dataclass(frozen=True)
class Examples:
    """A few held-out codes of a model.

    Attributes:
        mean: Posterior means (N, D) float32.
        log_var: Posterior log variances (N, D) float32, None for an autoencoder.
        label: What each one is, such as "test image 412 · label 7".
        index: Position of each image in its source (N,).
        error: Mean squared reconstruction error per pixel of each (N,).
    """

    mean: np.ndarray
    log_var: np.ndarray | None
    label: tuple[str, ...]
    index: np.ndarray
    error: np.ndarray


@dataclass(frozen=True)
class Paper:
    """What a model's pictures are drawn on, for those who draw one themselves.

    Attributes:
        colour: Colour of their borders, a value 0 to 255 a channel.
        ink: How far a value is from the paper's where there is ink, 0 to 255.
        extent: Share of the picture's side that their ink extends over, 0 to 1.
    """

    colour: tuple[int, ...]
    ink: int
    extent: float


@dataclass(frozen=True)
class Errors:
    """How well held-out images are reconstructed, to compare a picture with.

    Attributes:
        quantiles: Mean squared error per pixel, evenly spaced quantiles from 0 to 1.
        count: Images behind them.
        split: The split they are from.
    """

    quantiles: tuple[float, ...]
    count: int
    split: str


@dataclass(frozen=True)
class Originals:
    """The images that the first examples are codes of, where they can be had.

    Attributes:
        state: "here", "absent", "fetching", "failed", or "none" where nobody can fetch them.
        note: A plain sentence about it.
        size: What there is to download, in words.
        pixels: The images (n, H, W, C) uint8, if they are here.
        count: Changes whenever the page is to look again.
    """

    state: str
    note: str
    size: str = ""
    pixels: np.ndarray | None = None
    count: int = 0


@dataclass(frozen=True)
class Reading:
    """What became of the pictures that a visitor sent.

    Attributes:
        pixels: The pictures as the encoder sees them (n, H, W, C) uint8.
        notes: What was done to them, in sentences.
    """

    pixels: np.ndarray
    notes: str = ""


@dataclass(frozen=True)
class Setting:
    """What every live component needs of the model on the page.

    Attributes:
        model: "id", "name", "height", "width", "channels", "dims" and "prior" (can it be sampled).
        engines: Where pictures can be decoded, as paths below the app's address, "" where there
            is none: "socket" (the live socket), "engine" (the browser engine's files) and "graph"
            (the model's ONNX graphs); and the "token" that socket and graphs want to see.
        examples: Held-out codes to visit.
        gallery: How many of them one can choose among by their pictures.
        originals: The images of those.
        errors: Held-out reconstruction errors.
        paper: What the model's pictures are drawn on.
        picture: What became of the last pictures that were sent.
        reply: Sequence number and numbers that answer the last "ask".
    """

    model: dict
    engines: dict
    examples: Examples
    gallery: int
    originals: Originals
    errors: Errors
    paper: Paper
    picture: Answer[Reading] | None
    reply: tuple[int, np.ndarray] | None


@dataclass(frozen=True)
class Opening:
    """What the picture shows before anybody moves.

    Attributes:
        z: The code (D,).
        what: What that code is, in words.
        pixels: Its picture (H, W, C) uint8.
        glide_to: Row of the examples that the opening moves to, None to stay.
    """

    z: np.ndarray
    what: str
    pixels: np.ndarray
    glide_to: int | None


@dataclass(frozen=True)
class Ways:
    """The ways through the same corners.

    Attributes:
        corners: The codes (N, D).
        steps: Pictures from each corner to the next, in a strip.
        nodes: Codes from each corner to the next, a multiple of ``steps``.
        ways: By name.
        evidence: What is known about each way's codes, by name.
        saved: Share of the straight way's length in image space that each saves, by name.
    """

    corners: np.ndarray
    steps: int
    nodes: int
    ways: dict[str, Way]
    evidence: dict[str, Evidence]
    saved: dict[str, float]


@dataclass(frozen=True)
class File:
    """A file to take along."""

    name: str
    kind: str
    content: bytes
