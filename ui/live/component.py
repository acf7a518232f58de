"""The components, registered once, each behind a function with plain arguments."""

from __future__ import annotations

__all__ = ["explorer", "model_picker", "morph", "traversal_grid", "twin"]

from collections.abc import Callable, Sequence
from dataclasses import asdict

import numpy as np

from ui.live.packing import (
    flat,
    pack_plane,
    pack_plane_columns,
    pack_setting,
    pack_ways,
    pack_ways_columns,
)
from ui.live.registering import QUESTIONS, hearing, register
from ui.live.values import File, Opening, PlaneCodes, Setting, Slider, Ways
from ui.questions import Answer
from vae.concepts import Concept
from vae.refinement import Refinement

_EXPLORER = register("explorer", "base", "view", "plane", "sliders", "input")
_GRID = register("grid", "base", "grid")
_SHELF = register("shelf", "base", "shelf")
_TWIN = register("twin", "base", "plane", "twin")
_MORPH = register("morph", "base", "view", "sliders", "input", "morph")


def explorer(
    *,
    key: str,
    setting: Setting,
    sliders: Sequence[Slider],
    unit: str,
    opening: Opening,
    plane: PlaneCodes,
    parameters: tuple[str, str],
    snippet: str,
    focus: tuple[int, int] | None,
    on_point: Callable[[], None],
    on_question: Callable[[], None],
) -> None:
    """Draw the live picture with all that moves it.

    The state under ``key`` holds "point" ({"model", "z"}), set when the pointer rests; and what
    ``pack_setting`` says.

    Args:
        key: Session key of the component.
        setting: The model.
        sliders: One for each dimension, in the order they are shown.
        unit: Unit of their information.
        opening: What is shown before anybody moves.
        plane: Codes to show on the latent plane.
        parameters: Names of the address's query parameters that keep the code and the view.
        snippet: Python that draws a code, "{z}" in place of its numbers.
        focus: A slider to point out, and how many times that has been asked for.
        on_point: Called when the pointer rests at a new code.
        on_question: Called when a page asks for anything.
    """
    data, columns = pack_setting(setting)
    data |= {
        "sliders": [asdict(slider) for slider in sliders],
        "unit": unit,
        "z": opening.z.tolist(),
        "what": opening.what,
        "opening": opening.glide_to,
        "planes": [pack_plane(plane, setting.model)],
        "parameter": parameters[0],
        "viewParameter": parameters[1],
        "snippet": snippet,
        "focus": None if focus is None else {"dim": focus[0], "count": focus[1]},
    }
    columns |= {"first": opening.pixels, **pack_plane_columns(plane, 0)}
    _EXPLORER(
        key=key,
        data=data | flat(columns),
        on_point_change=on_point,
        **hearing(QUESTIONS, on_question),
    )


def morph(
    *,
    key: str,
    setting: Setting,
    corners: np.ndarray,
    usual: np.ndarray,
    labels: Sequence[str],
    has_group: bool,
    parameters: tuple[str, str],
    snippet: str,
    ways: Answer[Ways] | None,
    refined: Answer[Refinement] | None,
    concept: Answer[Concept] | None,
    file: Answer[File] | None,
    on_question: Callable[[], None],
) -> None:
    """Draw corners and the ways between them.

    The state under ``key`` holds "ways", "refine", "concept" and "file", questions as ``ui.ways``
    answers them; and what ``pack_setting`` says.

    Args:
        key: Session key of the component.
        setting: The model.
        corners: The codes to begin with (N, D), N 2 to 6.
        usual: The codes to begin anew with (2, D).
        labels: Names of the classes, for concepts; none where they are not known.
        has_group: Whether some images were chosen on the map, for concepts too.
        parameters: Names of the address's query parameters that keep the corners and the way.
        snippet: Python that makes the ways, "{corners}", "{path}" and "{steps}" to be filled in.
        ways: The ways that were asked for last.
        refined: What became of the code that was to be refined last.
        concept: The direction that was asked for last.
        file: The file that was asked for last, as long as the page waits for it.
        on_question: Called when a page asks for anything.
    """
    data, columns = pack_setting(setting)
    data |= {
        "corners": corners.tolist(),
        "usual": usual.tolist(),
        "classes": list(labels),
        "hasGroup": has_group,
        "parameter": parameters[0],
        "wayParameter": parameters[1],
        "snippet": snippet,
    }
    for name, answer in (
        ("ways", ways),
        ("refined", refined),
        ("concept", concept),
        ("file", file),
    ):
        if answer is not None:
            data[name] = {"sequence": answer.sequence, "error": answer.error}
    if ways is not None and ways.value is not None:
        data["ways"] |= pack_ways(ways.value)
        columns |= pack_ways_columns(ways.value)
    if refined is not None and refined.value is not None:
        found = refined.value
        data["refined"] |= {"z": found.z.tolist(), "before": found.before, "after": found.after}
    if concept is not None and concept.value is not None:
        found = concept.value
        data["concept"] |= {
            "direction": found.direction.tolist(),
            "effect": found.effect_size,
            "auc": found.auc,
            "control": found.control_auc,
            "judged": list(found.judged),
        }
    if file is not None and file.value is not None:
        data["file"] |= {"name": file.value.name, "kind": file.value.kind}
        columns["fileBytes"] = np.frombuffer(file.value.content, np.uint8)
    _MORPH(
        key=key,
        data=data | flat(columns),
        **hearing(("ways", "refine", "concept", "file"), on_question),
        **hearing(QUESTIONS, on_question),
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
    data = {"halves": halves, "planes": [pack_plane(plane, model) for plane, model in pairs]}
    columns = {}
    for k, (plane, first, reply) in enumerate(zip(planes, firsts, replies, strict=True)):
        columns |= {f"first{k}": first, **pack_plane_columns(plane, k)}
        if reply is not None:
            data[f"replySequence{k}"] = reply[0]
            columns[f"reply{k}"] = reply[1]
    _TWIN(
        key=key, data=data | flat(columns), on_ask0_change=_do_nothing, on_ask1_change=_do_nothing
    )


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
