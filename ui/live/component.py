"""The components, registered once, each behind a function with plain arguments."""

from __future__ import annotations

__all__ = ["Opening", "PlaneCodes", "Slider", "explorer", "model_picker", "traversal_grid"]

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from ui.live.bundle import bundle

HERE = Path(__file__).parent


def _register(name: str, page: str, script: str) -> Callable:
    """Register a component made of one HTML file, one entry module and the common style."""
    return st.components.v2.component(
        f"latent_{name}",
        html=(HERE / page).read_text(encoding="utf-8"),
        css=(HERE / "live.css").read_text(encoding="utf-8"),
        js=bundle(HERE / "js" / script),
    )


_EXPLORER = _register("explorer", "live.html", "main.js")
_GRID = _register("grid", "grid.html", "grid.js")
_SHELF = _register("shelf", "shelf.html", "shelf.js")


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


def explorer(
    *,
    key: str,
    model: dict,
    sliders: Sequence[Slider],
    unit: str,
    opening: Opening,
    examples: np.ndarray,
    labels: Sequence[str],
    plane: PlaneCodes,
    engines: dict,
    parameter: str,
    snippet: str,
    revision: int,
    focus: tuple[int, int] | None,
    reply: tuple[int, np.ndarray] | None,
    on_point: Callable[[], None],
) -> None:
    """Draw the live picture with its sliders.

    The state under ``key`` holds "point" ({"model", "z"}), set when the pointer rests, and "ask"
    ({"sequence", "model", "count", "z"}), set where no socket can be had.

    Args:
        key: Session key of the component.
        model: "id", "name", "height", "width", "channels" and "prior" (can it be sampled).
        sliders: One for each dimension, in the order they are shown.
        unit: Unit of their information.
        opening: What is shown before anybody moves.
        examples: Held-out codes (N, D).
        labels: What each of them is.
        plane: Codes to show on the latent plane.
        engines: Where pictures can be decoded, as paths below the app's address, "" where there
            is none: "socket" (the live socket), "engine" (the browser engine's files) and "graph"
            (the model's ONNX graphs); and the "token" that socket and graphs want to see.
        parameter: Name of the address's query parameter that keeps the code.
        snippet: Python that draws a code, "{z}" in place of its numbers.
        revision: Raise it to move the picture to the opening's code from Python.
        focus: A slider to point out, and how many times that has been asked for.
        reply: Sequence number and pixels that answer the last "ask".
        on_point: Called when the pointer rests at a new code.
    """
    data = {
        "model": model,
        "sliders": [asdict(slider) for slider in sliders],
        "unit": unit,
        "z": opening.z.tolist(),
        "what": opening.what,
        "first": opening.pixels.ravel(),
        "opening": opening.glide_to,
        "examples": examples.ravel(),
        "labels": list(labels),
        "plane": {"names": list(plane.names), "colours": list(plane.colours)},
        "plane_mean": plane.mean.ravel(),
        "engines": engines,
        "parameter": parameter,
        "snippet": snippet,
        "revision": revision,
        "focus": None if focus is None else {"dim": focus[0], "count": focus[1]},
    }
    if plane.log_var is not None:
        data["plane_logVar"] = plane.log_var.ravel()
    if plane.label is not None:
        data["plane_label"] = plane.label
    if reply is not None:
        data |= {"replySequence": reply[0], "reply": reply[1].ravel()}
    _EXPLORER(key=key, data=data, on_point_change=on_point, on_ask_change=_do_nothing)


def traversal_grid(
    *,
    key: str,
    pixels: np.ndarray,
    names: Sequence[str],
    values: Sequence[str],
    current: Sequence[float],
    file: str,
) -> None:
    """Draw traversals (rows, columns, H, W, C) uint8 as one picture.

    Args:
        key: Session key of the component.
        pixels: The pictures.
        names: Label of each row.
        values: Label of each column.
        current: Where z lies on each row, 0 at the first column and 1 at the last.
        file: Name under which the picture is downloaded.
    """
    _, _, height, width, channels = pixels.shape
    data = {
        "pixels": pixels.ravel(),
        "height": height,
        "width": width,
        "channels": channels,
        "names": list(names),
        "values": list(values),
        "current": list(current),
        "file": file,
    }
    _GRID(key=key, data=data)


def model_picker(
    *, key: str, models: Sequence[dict], chosen: str, parameter: str, on_choice: Callable[[], None]
) -> None:
    """Draw a tile for each model; the state under ``key`` holds the "name" that was chosen.

    The picker also writes the chosen name into an address that has none, without a step in the
    browser's history, which ``st.query_params`` would add.

    Args:
        key: Session key of the component.
        models: "name", "title", "line" (a few facts) and "picture" (a data: address) of each.
        chosen: Name of the marked one.
        parameter: Name of the address's query parameter.
        on_choice: Called when another is chosen.
    """
    data = {"models": list(models), "chosen": chosen, "parameter": parameter}
    _SHELF(key=key, data=data, on_name_change=on_choice)


def _do_nothing() -> None:
    """Streamlit wants a callback for every state that Python may read."""
