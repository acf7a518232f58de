import colorsys

import numpy as np
import pytest

from ui import charts


def bars(**changes):
    arguments = {
        "dims": [4, 0, 2],
        "information": np.array([3.0, 1.5, 0.001]),
        "active": np.array([True, True, False]),
        "unit": "nats",
    }
    return charts.information_bars(**(arguments | changes))


def test_bars_keep_the_order_and_the_values():
    bar = bars().data[0]
    assert list(bar.y) == ["z4", "z0", "z2"]
    np.testing.assert_allclose(bar.x, [3.0, 1.5, 0.001])


def test_collapsed_dimensions_are_faded():
    assert list(bars().data[0].marker.color) == [charts.ACCENT, charts.ACCENT, charts.FADED]


def test_the_axis_names_its_unit():
    assert bars(unit="variance").layout.xaxis.title.text == "variance"
    assert "variance" in bars(unit="variance").data[0].hovertemplate


def test_a_figure_grows_with_its_bars():
    many = bars(dims=range(40), information=np.ones(40), active=np.ones(40, bool))
    assert many.layout.height > bars().layout.height + 600


def test_backgrounds_are_transparent():
    layout = charts.TEMPLATE.layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0, 0, 0, 0)"


@pytest.mark.parametrize("background", ["#FCFBF8", "#12181B"])
@pytest.mark.parametrize("colour", [charts.ACCENT, charts.FADED])
def test_bars_stand_out_on_both_backgrounds(background, colour):
    assert contrast(colour, background) >= 2.8


def test_classes_have_distinct_colours():
    hues = [colorsys.rgb_to_hsv(*rgb(colour)) for colour in charts.PALETTE]
    assert len(set(hues)) == len(charts.PALETTE) == 10


def rgb(colour):
    return [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]


def contrast(first, second):
    """WCAG 2 contrast ratio."""

    def luminance(colour):
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in rgb(colour)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)
