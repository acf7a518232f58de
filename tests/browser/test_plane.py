"""The latent plane: hover, press, keys, axes, the pictures behind."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.live_page import LivePage, code_at
from tests.browser.waiting import eventually
from vae.checkpoints import load_model, read_card
from vae.latent import decode, to_uint8

pytest_plugins = ["tests.browser.serving"]

TILES = 15


@pytest.fixture
def card(small_shelf):
    return read_card(small_shelf / "alpha")


@pytest.fixture
def live(server, open_page):
    live = LivePage(open_page(server.address + "?model=alpha")).ready()
    live.press("Reset")
    return live


def plane_of(live):
    return live.page.locator("canvas[data-live=plane]")


def point(live, across, down):
    box = plane_of(live).bounding_box()
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def test_hovering_shows_what_a_place_decodes_to_and_leaves_no_trace(live, card):
    before, values = live.digest, live.values()
    live.page.mouse.move(*point(live, 0.3, 0.25))
    live.settle()
    assert live.distance(card, code_at(card, 0.3, 0.25)) <= 3  # a pointer is 1/400 off
    assert live.page.locator(".what").inner_text().startswith("Here: z0 ")
    assert live.values() == values
    live.page.mouse.move(*point(live, -0.5, 0.5))
    live.settle()
    assert live.digest == before
    assert live.page.locator(".what").inner_text() == "The origin: every z is 0"


def test_a_press_takes_the_point_and_undo_brings_it_back(live, card):
    live.page.mouse.move(*point(live, 0.7, 0.4))
    live.page.mouse.down()
    live.page.mouse.up()
    live.settle()
    z = code_at(card, 0.7, 0.4)
    for dim in (0, 1):
        assert live.value(dim) == pytest.approx(z[0, dim], abs=0.03)
    live.page.mouse.move(*point(live, -0.5, 0.4))
    live.settle()
    assert live.distance(card, z) <= 3  # a pointer is 1/400 off
    live.press("Undo")
    assert live.value(0) == 0


def test_dragging_over_the_plane_moves_the_point_with_the_pointer(live):
    live.page.mouse.move(*point(live, 0.5, 0.5))
    live.page.mouse.down()
    seen = set()
    for k in range(10):
        live.page.mouse.move(*point(live, 0.5 + k / 30, 0.5))
        live.page.wait_for_timeout(60)
        seen.add(live.value(0))
    live.page.mouse.up()
    assert len(seen) >= 5


def test_arrow_keys_move_the_point(live):
    plane_of(live).focus()
    for key in ("ArrowRight", "ArrowUp"):
        live.page.keyboard.press(key)
    assert live.value(0) > 0
    assert live.value(1) > 0


def test_any_two_dimensions_can_be_the_axes(live, card):
    expect(live.page.get_by_label("across")).to_be_visible()
    live.page.get_by_label("up").select_option("2")
    live.page.mouse.move(*point(live, 0.6, 0.2))
    live.settle()
    assert live.distance(card, code_at(card, 0.6, 0.2, dims=(0, 2))) <= 3  # a pointer is 1/400 off


def test_a_dimension_chosen_twice_changes_places(live):
    live.page.get_by_label("up").select_option("0")
    expect(live.page.get_by_label("across")).to_have_value("1")
    expect(live.page.get_by_label("up")).to_have_value("0")


def test_hovering_does_not_stop_a_move_half_way(live):
    live.page.get_by_role("button", name="Randomise").click()
    live.page.mouse.move(*point(live, 0.3, 0.3))
    live.page.wait_for_timeout(60)
    live.page.mouse.move(*point(live, 0.4, 0.3))
    live.settle()
    live.page.mouse.move(*point(live, -0.5, 0.3))
    live.settle()
    assert live.page.locator(".what").inner_text() == "A draw from the prior, seed 1"


def test_undo_says_what_the_point_was_even_while_hovering(live):
    live.press("A held-out image")
    name = live.page.locator(".what").inner_text()
    live.page.mouse.move(*point(live, 0.3, 0.3))
    live.settle()
    plane_of(live).press("Control+z")
    live.settle()
    assert live.page.locator(".what").inner_text() == "The origin: every z is 0"
    plane_of(live).press("Control+y")
    live.settle()
    assert live.page.locator(".what").inner_text() == name


def test_pictures_behind_are_those_of_their_places(live, card):
    live.page.get_by_role("checkbox", name="pictures").check()
    column, row = 4, 9
    z = code_at(card, (column + 0.5) / TILES, (row + 0.5) / TILES)
    expected = to_uint8(decode(load_model(card), z))[0, :, :, 0]
    in_the_middle = """(canvas, [column, row, tiles, side]) => {
      const size = canvas.width / tiles;
      const at = (place, k) => Math.floor((place + (k + 0.5) / side) * size);
      const context = canvas.getContext("2d");
      return [2, 5].map((k) =>
        context.getImageData(at(column, k), at(row, k), 1, 1).data[0]);
    }"""

    def check():
        middle = plane_of(live).evaluate(in_the_middle, [column, row, TILES, 8])
        assert np.abs(np.array(middle) - [expected[2, 2], expected[5, 5]]).max() <= 2

    eventually(live.page, check)


def test_one_dimension_has_no_plane(start, tmp_path, open_page):
    from tests.ui.shelves import add_checkpoint

    add_checkpoint(tmp_path, "line", latent_dim=1)
    server = start(environment={"LATENT_CHECKPOINTS_DIR": str(tmp_path)})
    live = LivePage(open_page(server.address)).ready()
    expect(plane_of(live)).to_be_hidden()
