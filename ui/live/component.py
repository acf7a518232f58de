"""The components, registered once, each behind a function with plain arguments."""

from __future__ import annotations

__all__ = ["explorer", "model_picker", "traversal_grid", "twin"]

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import streamlit as st

from ui.live.bundle import bundle
from ui.live.values import Errors, Examples, Opening, Originals, Paper, PlaneCodes, Reading, Slider

HERE = Path(__file__).parent


def _register(name: str, *styles: str) -> Callable:
    """Register a component made of the HTML file and entry module of its name, and styles."""
    sheets = [(HERE / "css" / f"{style}.css").read_text(encoding="utf-8") for style in styles]
    return st.components.v2.component(
        f"latent_{name}",
        html=(HERE / f"{name}.html").read_text(encoding="utf-8"),
        css="\n".join(sheets),
        js=bundle(HERE / "js" / f"{name}.js"),
    )


_EXPLORER = _register("explorer", "base", "view", "plane", "sliders", "input")
_GRID = _register("grid", "base", "grid")
_SHELF = _register("shelf", "base", "shelf")
_TWIN = _register("twin", "base", "plane", "twin")


def explorer(
    *,
    key: str,
    model: dict,
    sliders: Sequence[Slider],
    unit: str,
    opening: Opening,
    examples: Examples,
    plane: PlaneCodes,
    errors: Errors,
    paper: Paper,
    gallery: int,
    originals: Originals,
    engines: dict,
    parameters: tuple[str, str],
    snippet: str,
    focus: tuple[int, int] | None,
    picture: Reading | None,
    reply: tuple[int, np.ndarray] | None,
    on_point: Callable[[], None],
    on_question: Callable[[], None],
) -> None:
    """Draw the live picture with all that moves it.

    The state under ``key`` holds "point" ({"model", "z"}), set when the pointer rests; "picture"
    ({"sequence", "model", ...}), a file to read or how to prepare it; "originals" ({"what",
    "model", "count"}), the wish for a data set; and "ask" ({"sequence", "model", "count", "z"} or
    {..., "pixels"}), set where no socket can be had.

    Args:
        key: Session key of the component.
        model: "id", "name", "height", "width", "channels", "dims" and "prior" (can it be sampled).
        sliders: One for each dimension, in the order they are shown.
        unit: Unit of their information.
        opening: What is shown before anybody moves.
        examples: Held-out codes to visit.
        plane: Codes to show on the latent plane.
        errors: Held-out reconstruction errors.
        paper: What the model's pictures are drawn on.
        gallery: How many of the examples one can choose among by their pictures.
        originals: The images of the first examples.
        engines: Where pictures can be decoded, as paths below the app's address, "" where there
            is none: "socket" (the live socket), "engine" (the browser engine's files) and "graph"
            (the model's ONNX graphs); and the "token" that socket and graphs want to see.
        parameters: Names of the address's query parameters that keep the code and the view.
        snippet: Python that draws a code, "{z}" in place of its numbers.
        focus: A slider to point out, and how many times that has been asked for.
        picture: What became of the last picture that was sent.
        reply: Sequence number and numbers that answer the last "ask".
        on_point: Called when the pointer rests at a new code.
        on_question: Called when a page asks for anything.
    """
    data = {
        "model": model,
        "sliders": [asdict(slider) for slider in sliders],
        "unit": unit,
        "z": opening.z.tolist(),
        "what": opening.what,
        "first": opening.pixels.ravel(),
        "opening": opening.glide_to,
        "examples": examples.mean.ravel(),
        "labels": list(examples.label),
        "planes": [_plane(plane, model)],
        "errors": asdict(errors),
        "paper": asdict(paper),
        "gallery": gallery,
        "originals": {
            "state": originals.state,
            "note": originals.note,
            "size": originals.size,
            "count": originals.count,
        },
        "engines": engines,
        "parameter": parameters[0],
        "viewParameter": parameters[1],
        "snippet": snippet,
        "focus": None if focus is None else {"dim": focus[0], "count": focus[1]},
    }
    # Arrays travel as columns, and only at the top level.
    columns = {
        "examplesLogVar": examples.log_var,
        "originalsPixels": originals.pixels,
        **_plane_columns(plane, 0),
    }
    if picture is not None:
        data["picture"] = {
            "sequence": picture.sequence,
            "notes": picture.notes,
            "error": picture.error,
        }
        columns["picturePixels"] = picture.pixels
    if reply is not None:
        data["replySequence"] = reply[0]
        columns["reply"] = reply[1]
    data |= _flat(columns)
    _EXPLORER(
        key=key,
        data=data,
        on_point_change=on_point,
        on_ask_change=on_question,
        on_picture_change=on_question,
        on_originals_change=on_question,
    )


def twin(
    *,
    key: str,
    models: Sequence[dict],
    titles: Sequence[str],
    planes: Sequence[PlaneCodes],
    firsts: Sequence[np.ndarray],
    engines: Sequence[dict],
    replies: Sequence[tuple[int, np.ndarray] | None],
) -> None:
    """Draw the latent planes of two models with two dimensions, under one cursor.

    The state under ``key`` holds "ask0" and "ask1", what each would have ``explorer`` ask.

    Args:
        key: Session key of the component.
        models: As ``explorer`` takes one.
        titles: What people call them.
        planes: Codes to show on each plane.
        firsts: Picture (H, W, C) uint8 of each model's origin.
        engines: Where each model's pictures can be decoded.
        replies: What answers the last question of each.
    """
    halves = [
        {"model": model, "title": title, "engines": routes}
        for model, title, routes in zip(models, titles, engines, strict=True)
    ]
    pairs = zip(planes, models, strict=True)
    data = {"halves": halves, "planes": [_plane(plane, model) for plane, model in pairs]}
    columns = {}
    for k, (plane, first, reply) in enumerate(zip(planes, firsts, replies, strict=True)):
        columns |= {f"first{k}": first, **_plane_columns(plane, k)}
        if reply is not None:
            data[f"replySequence{k}"] = reply[0]
            columns[f"reply{k}"] = reply[1]
    _TWIN(
        key=key, data=data | _flat(columns), on_ask0_change=_do_nothing, on_ask1_change=_do_nothing
    )


def _plane(codes: PlaneCodes, model: dict) -> dict:
    return {"names": list(codes.names), "colours": list(codes.colours), "prior": model["prior"]}


def _plane_columns(codes: PlaneCodes, k: int) -> dict[str, np.ndarray | None]:
    return {
        f"plane_mean{k}": codes.mean,
        f"plane_logVar{k}": codes.log_var,
        f"plane_label{k}": codes.label,
    }


def _flat(columns: dict[str, np.ndarray | None]) -> dict[str, np.ndarray]:
    """Arrays travel as columns of one dimension; what is not there does not travel."""
    return {name: values.ravel() for name, values in columns.items() if values is not None}


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
