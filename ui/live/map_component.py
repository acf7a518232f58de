"""The map's component, behind a function with plain arguments."""

from __future__ import annotations

__all__ = ["map_page"]

from collections.abc import Callable, Mapping

import numpy as np

from ui.live.map_packing import pack_choices, pack_map, pack_map_answer
from ui.live.map_values import Choices, MapView
from ui.live.packing import flat, pack_setting
from ui.live.registering import QUESTIONS, hearing, register
from ui.live.values import File, Setting
from ui.questions import Answer

_MAP = register("map", "base", "view", "sliders", "input", "map")


def map_page(
    *,
    key: str,
    setting: Setting,
    view: MapView,
    asked: Answer | None,
    choices: Choices,
    column: str,
    answers: Mapping[str, Answer | None],
    file: Answer[File] | None,
    parameter: str,
    snippet: str,
    on_question: Callable[[], None],
) -> None:
    """Draw a map of codes, and what any place of it decodes to.

    The state under ``key`` holds "map", "judge", "weigh", "group", "layer", "original" and
    "file", questions as ``ui.atlas`` and ``ui.map_answers`` answer them; "column" ({"model",
    "name"}), where there are no routes; and what ``pack_setting`` says.

    Args:
        key: Session key of the component.
        setting: The model.
        view: The map.
        asked: Number of the last question for a map, and why there is none; ``view`` answers it.
        choices: What can be chosen.
        column: The column that the page asked for last, where there are no routes.
        answers: The newest answers to "judge", "weigh", "group", "layer" and "original".
        file: The file that was asked for last, as long as the page waits for it.
        parameter: Name of the address's query parameter that keeps the view.
        snippet: Python that makes the map.
        on_question: Called when a page asks for anything.
    """
    data, columns = pack_setting(setting)
    data |= {"choices": pack_choices(choices), "parameter": parameter, "snippet": snippet}
    data["map"], of_map = pack_map(view, asked, column)
    columns |= of_map
    for name, one in answers.items():
        if one is not None:
            data[name] = {"sequence": one.sequence, "error": one.error}
            more, of_answer = pack_map_answer(name, one.value)
            data[name] |= more
            columns |= of_answer
    if file is not None:
        data["file"] = {"sequence": file.sequence, "error": file.error}
        if file.value is not None:
            data["file"] |= {"name": file.value.name, "kind": file.value.kind}
            columns["fileBytes"] = np.frombuffer(file.value.content, np.uint8)
    heard = (*QUESTIONS, "map", "judge", "weigh", "group", "layer", "original", "file", "column")
    _MAP(key=key, data=data | flat(columns), **hearing(heard, on_question))
