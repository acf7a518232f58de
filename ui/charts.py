"""Arrays to Plotly figures: pure functions, one palette, one template for light and dark.

Backgrounds are transparent and text colours are left to Streamlit's theme, so a figure is right
on either background. Classes are categories and take the palette in order (Okabe and Ito's
colours, which people of every colour vision can tell apart); a single quantity takes the accent.
"""

from __future__ import annotations

__all__ = ["ACCENT", "FADED", "PALETTE", "TEMPLATE", "information_bars"]

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

ACCENT = "#1B8A8F"
FADED = "#8C9499"
PALETTE = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#8C6BB1",
    "#B5A72A",
    "#6C757D",
    "#A65628",
)
GRID = "rgba(128, 134, 139, 0.22)"
BAR_HEIGHT = 30

TEMPLATE = go.layout.Template(
    layout={
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "colorway": PALETTE,
        "bargap": 0.35,
        "dragmode": False,
        "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
        "showlegend": False,
        "xaxis": {"gridcolor": GRID, "zeroline": False, "automargin": True, "fixedrange": True},
        "yaxis": {"gridcolor": GRID, "zeroline": False, "automargin": True, "fixedrange": True},
    }
)


def information_bars(
    dims: Sequence[int], information: np.ndarray, active: np.ndarray, unit: str
) -> go.Figure:
    """Draw how much information each latent dimension carries, a bar a dimension.

    Args:
        dims: Dimensions in the order they are drawn, from the top.
        information: KL in nats or variance of each of them.
        active: Which of them are active; the others are faded.
        unit: What the information is measured in.
    """
    names = [f"z{dim}" for dim in dims]
    bars = go.Bar(
        x=np.asarray(information, dtype=np.float32),
        y=names,
        orientation="h",
        marker={"color": np.where(active, ACCENT, FADED).tolist(), "cornerradius": 3},
        hovertemplate=f"%{{y}}: %{{x:.2f}} {unit}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0.55}},
    )
    figure = go.Figure(bars, layout={"template": TEMPLATE})
    figure.update_layout(height=BAR_HEIGHT * len(names) + 56, clickmode="event+select")
    figure.update_xaxes(title=unit, rangemode="tozero", nticks=5)
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False, dtick=1)
    return figure
