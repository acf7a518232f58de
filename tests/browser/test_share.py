"""What a visitor takes along: links, Python, pictures, points, bookmarks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.live_page import LivePage

pytest_plugins = ["tests.browser.serving"]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def live(server, open_page):
    def open_one(query):
        live = LivePage(open_page(server.address + query)).ready()
        live.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        return live

    return open_one


def clipboard(live, button):
    live.page.get_by_role("button", name=button).click()
    expect(live.page.get_by_role("button", name="Copied")).to_be_visible()
    return live.page.evaluate("navigator.clipboard.readText()")


def download(live, button):
    live.page.locator("details.downloads").evaluate("details => (details.open = true)")
    with live.page.expect_download() as started:
        live.page.get_by_role("button", name=button).click()
    return started.value


def test_the_copied_python_draws_the_same_picture(live, small_shelf, tmp_path):
    page = live("?model=colour&z=0.5,-1,0.25")
    program = clipboard(page, "Copy as Python")
    environment = os.environ | {"LATENT_CHECKPOINTS_DIR": str(small_shelf), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True)
    drawn = np.asarray(Image.open(tmp_path / "colour.png")).astype(int)
    assert np.abs(page.pixels[..., :3] - drawn).max() <= 1


def test_a_button_pressed_twice_says_its_own_name_again(live):
    page = live("?model=alpha&z=0.5,-1,0.25")
    assert clipboard(page, "Copy link").endswith("z=0.5,-1,0.25")
    page.page.get_by_role("button", name="Copied").click()
    expect(page.page.get_by_role("button", name="Copy link")).to_be_visible()


def test_a_point_can_be_downloaded_as_json_and_csv(live):
    page = live("?model=alpha&z=0.5,-1,0.25")
    point = json.loads(Path(download(page, "Point as JSON").path()).read_text())
    assert (point["model"], point["z"]) == ("alpha", [0.5, -1, 0.25])
    assert len(point["checkpoint"]) == 64
    csv = Path(download(page, "Point as CSV").path()).read_text()
    assert csv == "z0,z1,z2\n0.5,-1,0.25\n"


@pytest.mark.parametrize(("typed", "scale"), [("1", 1), ("7", 7), ("0", 1), ("1000", 64)])
def test_the_picture_can_be_downloaded_at_any_scale(live, typed, scale):
    page = live("?model=alpha&z=0.5,-1,0.25")
    page.page.locator("details.downloads summary").click()
    wide = page.page.get_by_label("each pixel")
    wide.fill(typed)
    file = download(page, "Picture as PNG")
    assert file.suggested_filename == "alpha.png"
    saved = np.asarray(Image.open(file.path()).convert("RGB"))
    expected = page.pixels[..., :3].repeat(scale, axis=0).repeat(scale, axis=1)
    np.testing.assert_array_equal(saved, expected)


def test_a_link_restores_model_point_and_view(live, server, open_page):
    page = live("?model=alpha&z=0.5,-1,0.25")
    page.page.get_by_label("up").select_option("2")
    page.page.get_by_role("checkbox", name="posteriors").check()
    address = clipboard(page, "Copy link")
    assert address.endswith("plane=0,2,ellipses")
    other = LivePage(open_page(address)).ready()
    assert other.value(0) == 0.5
    expect(other.page.get_by_label("up")).to_have_value("2")
    expect(other.page.get_by_role("checkbox", name="posteriors")).to_be_checked()
    other.page.get_by_role("checkbox", name="posteriors").uncheck()
    other.page.get_by_label("up").select_option("1")
    assert "plane=" not in other.page.evaluate("location.href")


@pytest.mark.parametrize("view", ["7,8", "0", "x,y,mosaic", "0,1,nonsense", "%00", "1," * 500])
def test_a_view_that_makes_no_sense_is_ignored(live, view):
    page = live(f"?model=alpha&z=0.5,-1,0.25&plane={view}")
    expect(page.page.get_by_label("across")).to_have_value("0")
    expect(page.page.get_by_label("up")).to_have_value("1")


def test_bookmarks_last_and_bring_a_point_back(live):
    page = live("?model=alpha&z=0.5,-1,0.25")
    bookmarks = page.page.get_by_role("button", name="Bookmark 1")
    expect(bookmarks).to_have_count(0)
    page.press("Bookmark")
    page.press("Bookmark")  # the same point once
    picture = page.pixels[..., :3]
    expect(page.page.locator(".bookmark")).to_have_count(1)
    page.press("Reset")
    page.press("Bookmark")
    page.page.reload()
    page.ready()
    expect(page.page.locator(".bookmark")).to_have_count(2)
    page.page.get_by_role("button", name="Bookmark 1", exact=True).click()
    page.settle()
    assert page.value(0) == 0.5
    np.testing.assert_array_equal(page.pixels[..., :3], picture)
    assert page.page.locator(".what").inner_text() == "Bookmark 1"
    page.page.get_by_role("button", name="Remove bookmark 1").click()
    expect(page.page.locator(".bookmark")).to_have_count(1)
    page.page.locator("label.tile", has_text="colour").click()
    expect(page.page.locator(".bookmark")).to_have_count(0)


def test_nonsense_in_the_browsers_store_does_no_harm(live):
    page = live("?model=alpha&z=0.5,-1,0.25")
    page.press("Bookmark")
    page.page.evaluate(
        """() => {
          const key = Object.keys(localStorage).find((k) => k.startsWith("latent-bookmarks-"));
          localStorage.setItem(key, '[[1, 2], "x", null, [0, 0, 1e999], [0, 0, 1]]');
        }"""
    )
    page.page.reload()
    page.ready()
    expect(page.page.locator(".bookmark")).to_have_count(1)
