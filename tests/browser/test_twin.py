"""A VAE and its autoencoder: two latent planes under one cursor."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.live_page import LivePage, code_at
from tests.browser.waiting import eventually
from tests.ui.shelves import add_checkpoint
from vae.checkpoints import load_model, read_card
from vae.latent import decode, to_uint8

pytest_plugins = ["tests.browser.serving"]

APP = Path(__file__).parents[2] / "app.py"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("twins")
    add_checkpoint(folder, "plain", latent_dim=2, kind="autoencoder", graphs=True)
    add_checkpoint(folder, "pulled", latent_dim=2, graphs=True)
    add_checkpoint(folder, "stranger", latent_dim=2, seed=1, graphs=True)
    return folder


@pytest.fixture(scope="module")
def address(start, shelf):
    return start(environment={"LATENT_CHECKPOINTS_DIR": str(shelf)}).address


def open_twin(open_page, address, name):
    live = LivePage(open_page(f"{address}?model={name}")).ready()
    expect(live.page.locator(".twin .half")).to_have_count(0)  # it waits until it is near
    live.page.locator(".twin").scroll_into_view_if_needed()
    plane = live.page.locator("canvas[data-live=twin-plane-0]")
    plane.scroll_into_view_if_needed()
    expect(live.page.locator("canvas[data-live=twin-picture-0]")).not_to_have_attribute(
        "data-frame", "0"
    )
    return live, plane


def assert_decodes(live, k, card, place):
    expected = to_uint8(decode(load_model(card), code_at(card, *place)))[0]

    def check():
        seen = live.pixels_of(f"twin-picture-{k}").astype(int)
        assert np.abs(seen - expected).max() <= 3  # a pointer is 1/250 off

    eventually(live.page, check)


@pytest.mark.parametrize("name", ["pulled", "plain"])
def test_one_cursor_moves_over_both_planes(open_page, address, shelf, name):
    live, _ = open_twin(open_page, address, name)
    assert live.page.locator(".twin figcaption").all_inner_texts() == ["VAE", "Autoencoder"]
    for k, place in ((0, (0.3, 0.25)), (1, (0.7, 0.6))):
        box = live.page.locator(f"canvas[data-live=twin-plane-{k}]").bounding_box()
        live.page.mouse.move(
            box["x"] + place[0] * box["width"], box["y"] + place[1] * box["height"]
        )
        assert_decodes(live, 0, read_card(shelf / "pulled"), place)
        assert_decodes(live, 1, read_card(shelf / "plain"), place)


def test_the_cursor_follows_the_arrow_keys(open_page, address, shelf):
    live, plane = open_twin(open_page, address, "pulled")
    box = plane.bounding_box()
    live.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    plane.press("ArrowRight")
    plane.press("Shift+ArrowUp")
    assert_decodes(live, 1, read_card(shelf / "plain"), (0.52, 0.4))


def test_it_works_without_routes(start, open_page, shelf, tmp_path):
    script = tmp_path / "host.py"
    script.write_text(f"import runpy\n\nrunpy.run_path({str(APP)!r})\n")
    server = start(script=script, environment={"LATENT_CHECKPOINTS_DIR": str(shelf)})
    live, plane = open_twin(open_page, server.address, "pulled")
    box = plane.bounding_box()
    live.page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.6 * box["height"])
    for k, name in enumerate(("pulled", "plain")):
        assert_decodes(live, k, read_card(shelf / name), (0.3, 0.6))


def test_a_model_without_a_twin_stands_alone(open_page, address):
    live = LivePage(open_page(f"{address}?model=stranger")).ready()
    expect(live.page.locator(".twin")).to_have_count(0)
