"""Blocks that only draw."""

from __future__ import annotations

__all__ = ["broken_list", "information", "model_card", "traversals"]

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import streamlit as st

from ui import cache, charts, formulas, state
from ui.controls import start_of
from ui.live.component import traversal_grid
from ui.router import page_path
from ui.shell import describe, title_of
from ui.summaries import Dimensions
from vae.checkpoints import Card
from vae.shelf import ShelfEntry

COLUMNS = 9
MIN_REACH, MAX_REACH_BY_ONE = 3, 5
MAX_ROWS = 24
MAX_GRID_VALUES = 1 << 21
MAX_BARS = 48
MOSAIC_ROWS, MOSAIC_COLUMNS = 2, 6
# What metrics.json calls a BCE whose targets are not 0 or 1.
GREY_PIXELS = "grey-pixel BCE"


@st.fragment(key=state.TRAVERSALS)
def traversals(card: Card) -> None:
    """Draw what each active dimension does around the visitor's z; follows when it rests."""
    dims = cache.dimensions(card.id, card)
    shown = dims.active_order[: _max_rows(card)]
    z = start_of(card)
    with _headed("What each dimension does"):
        formulas.explain_point(z, has_prior=card.model.kind == "vae")
    steps, labels = _steps(card, dims, shown)
    pixels = cache.traversals(card.id, card, tuple(z.tolist()), tuple(shown), steps.tobytes())
    low, high = steps[:, 0], steps[:, -1]
    traversal_grid(
        key=state.GRID,
        pixels=pixels,
        names=[f"z{dim}" for dim in shown],
        values=labels,
        current=((z[shown] - low) / (high - low)).round(4).tolist(),
        file=f"{card.name}-traversals",
    )
    which = "Every active dimension"
    if len(shown) < len(dims.active_order):
        which = f"The {len(shown)} most informative of {len(dims.active_order)} active dimensions"
    span = f"from {labels[0]} to {labels[-1]}"
    if card.model.kind != "vae":
        span = "through the range of the codes"
    st.caption(f"{which}, moved alone {span}; the others stay at your point, marked by the line.")


@st.fragment
def information(card: Card) -> None:
    """Draw how much each dimension carries; a click on a bar points out its slider."""
    dims = cache.dimensions(card.id, card)
    shown = [int(dim) for dim in dims.order[:MAX_BARS]]
    unit = "nats" if dims.unit == "nats" else "variance of the codes"
    with _headed("What it carries"):
        formulas.explain_information(dims)
    figure = charts.information_bars(shown, dims.information[shown], dims.active[shown], unit)
    st.plotly_chart(
        figure,
        key=state.INFORMATION,
        on_select=lambda: _on_bar(shown),
        selection_mode="points",
        config={"displayModeBar": False},
        alt=f"Information of each latent dimension in {unit}, most for z{shown[0]}",
    )
    most = "" if len(shown) == len(dims.order) else f"The {len(shown)} most informative. "
    images = f"n\u00a0=\u00a0{dims.count:,} {dims.split} images"
    if dims.unit == "nats":
        st.caption(f"{most}KL of each dimension in nats, averaged over {images}. Click a bar.")
    else:
        st.caption(
            f"{most}Variance of each dimension over the codes of {images}. An autoencoder has "
            "no KL. Click a bar."
        )


def model_card(card: Card) -> None:
    """Draw one checkpoint of the shelf; the names in it are other people's, hence plain text."""
    with st.container(border=True, height="stretch"):
        scale = max(1, 672 // (MOSAIC_COLUMNS * card.model.image_shape[2]))
        picture = cache.thumbnail(card.id, card, MOSAIC_ROWS, MOSAIC_COLUMNS, scale)
        st.image(picture, width="stretch", alt="Decoded held-out images")
        with st.container(key=f"title-{card.name}"):
            st.text(title_of(card))
        with st.container(key=f"quiet-{card.name}", gap="xsmall"):
            st.text(describe(card))
            st.text(_origin(card))
        _figures(card)
        st.space("stretch")
        if st.button("Explore", key=f"explore-{card.name}", icon=":material/explore:"):
            query = {state.MODEL_PARAMETER: card.name}
            st.switch_page(page_path("explore"), query_params=query)


def broken_list(entries: tuple[ShelfEntry, ...]) -> None:
    """List the folders that cannot be used, each with the reason."""
    for entry in entries:
        with st.container(border=True, gap="xsmall"):
            st.text(entry.name)
            with st.container(key=f"quiet-{entry.name}"):
                st.text(entry.reason)


@contextmanager
def _headed(title: str) -> Iterator[None]:
    """Draw a heading with a popover beside it, which the body fills."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(title, anchor=False)
        with st.popover("Formula", type="tertiary"):
            yield


def _figures(card: Card) -> None:
    """Draw the figures that matter most, with what they were measured on."""
    content = cache.metrics(card.id, card)
    figures, likelihood = content["figures"], content.get("likelihood", "")
    names, unit = {"elbo": "ELBO", "kl": "KL"}, "Nats per image"
    if card.model.kind != "vae":
        names, unit = {"mse": "MSE"}, "Squared error a pixel"
    elif likelihood == GREY_PIXELS:  # no likelihood, hence no bound
        names = {"reconstruction_nll": "BCE", "kl": "KL"}
    shown = {names[name]: figures[name] for name in names if _is_number(figures.get(name))}
    if not shown:
        return
    with st.container(horizontal=True):
        for label, figure in shown.items():
            st.metric(label, _number(figure["value"]), width="content")
        if _is_number(figures.get("active_units")):
            active = f"{figures['active_units']['value']} of {card.model.latent_dim}"
            st.metric("Active", active, width="content")
    first = next(iter(shown.values()))
    origin = f"n\u00a0=\u00a0{first['n']:,} {first['split']} images, seed {first['seed']}"
    with st.container(key=f"quiet-figures-{card.name}"):
        st.text(", ".join(filter(None, (unit, likelihood, origin))))


def _is_number(figure: dict | None) -> bool:
    return figure is not None and isinstance(figure.get("value"), int | float)


def _number(value: float) -> str:
    text = f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3g}"
    return text.replace("-", "−")


def _max_rows(card: Card) -> int:
    values = COLUMNS * int(np.prod(card.model.image_shape))
    return max(1, min(MAX_ROWS, MAX_GRID_VALUES // values))


def _steps(card: Card, dims: Dimensions, shown: list[int]) -> tuple[np.ndarray, list[str]]:
    """Return the values of each row (rows, columns) and the labels of the columns.

    The rows of a VAE share their values, whole numbers that reach as far as the codes do; the
    dimensions of an autoencoder have no common scale.
    """
    if card.model.kind != "vae":
        steps = np.linspace(dims.low[shown], dims.high[shown], COLUMNS, axis=1, dtype=np.float32)
        return steps, ["lowest", *[""] * (COLUMNS - 2), "highest"]
    reach = max(math.ceil(max(-dims.low[shown].min(), dims.high[shown].max())), MIN_REACH)
    step = 1 if reach <= MAX_REACH_BY_ONE else math.ceil(2 * reach / (COLUMNS - 1))
    values = np.arange(-(reach // step), reach // step + 1, dtype=np.float32) * step
    labels = [f"{value:.0f}".replace("-", "−") for value in values]
    return np.tile(values, (len(shown), 1)), labels


def _on_bar(shown: list[int]) -> None:
    rows = st.session_state[state.INFORMATION]["selection"]["point_indices"]
    if rows and 0 <= rows[0] < len(shown):
        _, count = st.session_state.get(state.FOCUS) or (0, 0)
        st.session_state[state.FOCUS] = (shown[rows[0]], count + 1)
    state.draw_again(state.EXPLORER_FRAGMENT)


def _origin(card: Card) -> str:
    size = sum(path.stat().st_size for path in card.path.iterdir() if path.is_file())
    return f"{card.data.get('name', 'unknown data')} · {size / 1e6:.1f} MB"
