import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.live_page import LivePage

pytest_plugins = ["tests.browser.serving"]

PHONE = {
    "viewport": {"width": 420, "height": 860},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}


@pytest.fixture
def visit(server, open_page):
    return lambda path="", **settings: open_page(server.address + path, **settings)


def choose(page, title):
    page.locator(".tile", has_text=title).click()


def chosen(page):
    return page.locator(".tile:has(:checked) .title")


def test_the_choice_of_a_model_is_in_the_address(visit):
    page = visit()
    live = LivePage(page).ready()
    steps = page.evaluate("history.length")
    expect(page).to_have_url(re.compile(r"\?model=alpha$"))
    choose(page, "colour")
    expect(live.canvas).to_have_attribute("width", "10")
    expect(page).to_have_url(re.compile(r"\?model=colour$"))
    live.ready()
    page.reload()
    expect(chosen(page)).to_have_text("colour")
    choose(page, "many")
    expect(page).to_have_url(re.compile("model=many"))
    assert page.evaluate("history.length") == steps + 2
    for title, width in (("colour", 10), ("Alpha", 8)):
        page.go_back()
        expect(chosen(page)).to_have_text(title)
        expect(live.canvas).to_have_attribute("width", str(width))


def test_model_and_point_survive_a_switch_of_pages(visit):
    page = visit("/?model=many")
    live = LivePage(page).ready()
    live.drag(int(live.page.locator("input[data-dim]").first.get_attribute("data-dim")))
    values = live.values()
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", name="Models")).to_be_visible()
    expect(chosen(page)).to_have_text("many")
    expect(page).to_have_url(re.compile(r"/models\?model=many$"))
    page.get_by_role("link", name="Explore").click()
    live.ready()
    expect(chosen(page)).to_have_text("many")
    assert live.values() == pytest.approx(values, abs=1e-4)


@pytest.mark.parametrize("pause", [0, 240, 260])
def test_a_quick_switch_of_pages_after_a_move_arrives(visit, pause):
    page = visit("/?model=many")
    live = LivePage(page).ready()
    box = page.locator("input[data-dim]").first.bounding_box()
    place = box["x"] + box["width"] / 3, box["y"] + box["height"] / 2
    target = page.get_by_role("link", name="Models").bounding_box()
    page.mouse.click(*place)
    page.mouse.move(target["x"] + 20, target["y"] + 10)
    page.wait_for_timeout(pause)
    page.mouse.down()
    page.wait_for_timeout(60)
    page.mouse.up()
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()
    expect(chosen(page)).to_have_text("many")
    page.get_by_role("link", name="Explore").click()
    live.ready()
    assert page.locator(".what").inner_text() == "Your own point"


def test_each_model_keeps_its_point(visit):
    page = visit()
    live = LivePage(page).ready()
    live.drag(0)
    values = live.values()
    choose(page, "colour")
    live.ready()
    choose(page, "Alpha")
    expect(live.canvas).to_have_attribute("width", "8")
    live.ready()
    assert live.values() == pytest.approx(values, abs=1e-4)


def test_a_deep_link_opens_its_page(visit):
    page = visit("/models?model=colour")
    expect(page.get_by_role("heading", name="Models", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Explore")).to_be_visible()
    expect(chosen(page)).to_have_text("colour")


def test_a_card_opens_its_model(visit):
    page = visit("/models")
    page.get_by_role("button", name="Explore").nth(1).click()
    live = LivePage(page).ready()
    expect(page).to_have_url(re.compile("model=colour"))
    assert live.canvas.get_attribute("width") == "10"


def test_an_unknown_model_is_said_plainly(visit):
    page = visit("/?model=nobody")
    LivePage(page).ready()
    expect(page.get_by_text("not on this shelf")).to_be_visible()


def test_a_phone_shows_the_picture_above_the_sliders(visit):
    page = visit(**PHONE)
    live = LivePage(page).ready()
    picture, slider = live.canvas.bounding_box(), live.slider(0).bounding_box()
    assert picture["y"] + picture["height"] <= slider["y"]
    assert slider["height"] >= 40
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    for button in page.locator(".live button:visible").all():
        assert button.bounding_box()["height"] >= 40


def test_the_picture_stays_in_sight_of_the_last_slider(visit):
    page = visit("/?model=many", **PHONE)
    live = LivePage(page).ready()
    page.locator("input[data-dim]").last.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    assert live.canvas.bounding_box()["y"] >= 0


def test_a_desktop_shows_them_beside_each_other(visit):
    page = visit()
    live = LivePage(page).ready()
    picture, slider = live.canvas.bounding_box(), live.slider(0).bounding_box()
    assert picture["x"] + picture["width"] <= slider["x"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 420])
def test_every_page_in_both_schemes(visit, tmp_path, scheme, width):
    """Draws the pages without an error; LATENT_SHOTS names a folder to look at them in."""
    folder = Path(os.environ.get("LATENT_SHOTS", tmp_path))
    for name, path in {"explore": "", "models": "/models"}.items():
        page = visit(path, color_scheme=scheme, viewport={"width": width, "height": 900})
        if name == "explore":
            LivePage(page).ready()
        expect(page.get_by_role("heading", name=name.title(), exact=True)).to_be_visible()
        page.wait_for_timeout(800)
        page.screenshot(path=folder / f"{name}-{scheme}-{width}.png")
        background = page.evaluate(
            "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
        )
        assert (sum(int(value) for value in re.findall(r"\d+", background)[:3]) < 384) == (
            scheme == "dark"
        )
