import re
import tomllib
from pathlib import Path

import pytest
from streamlit import config

FOLDER = Path(__file__).parents[2] / ".streamlit"
NAMES = ("config.toml", "public.toml")
# WCAG 2 asks 4.5 for text and 3 for what one must find: sliders, marks, focus rings.
TEXT, FINDABLE = 4.5, 3


def read(name):
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


def options(table, prefix=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from options(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_one_that_streamlit_knows(name):
    assert set(options(read(name))) <= set(config._config_options_template)


def test_both_profiles_look_the_same():
    assert read("config.toml")["theme"] == read("public.toml")["theme"]


def test_the_public_profile_shows_nothing_of_the_inside():
    public = read("public.toml")
    assert public["client"]["showErrorDetails"] == "none"
    assert public["server"]["address"] == "127.0.0.1"
    assert public["server"]["fileWatcherType"] == "none"
    assert public["server"]["allowedHosts"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_accent_can_be_read_on_every_surface(scheme):
    theme = read("config.toml")["theme"][scheme]
    surfaces = [theme["backgroundColor"], theme["secondaryBackgroundColor"]]
    surfaces += theme["sidebar"].values()
    for surface in surfaces:
        assert contrast(theme["textColor"], surface) >= TEXT
        assert contrast(theme["primaryColor"], surface) >= FINDABLE
    assert contrast(theme["linkColor"], theme["backgroundColor"]) >= TEXT


def contrast(first, second):
    """WCAG 2 contrast ratio."""

    def luminance(colour):
        values = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_a_page_may_send_the_picture_that_it_has_made_small_enough():
    source = (FOLDER.parent / "ui" / "live" / "js" / "input.js").read_text(encoding="utf-8")
    mebibytes = int(re.search(r"const MAX_SENT = (\d+) \* 2 \*\* 20;", source).group(1))
    as_base64 = mebibytes * 2**20 * 4 / 3
    assert as_base64 < 0.9 * read("public.toml")["server"]["maxWidgetStateSize"] * 1e6
