import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.live_page import LivePage
from tests.browser.waiting import eventually
from vae.checkpoints import load_codes, load_model, read_card
from vae.latent import decode, to_uint8
from vae.metrics.meaning import guess_meanings, image_statistics

pytest_plugins = ["tests.browser.serving"]

ROOT = Path(__file__).parents[2]
SCRIPT = "import runpy\n\nrunpy.run_path({app!r})\n"


@pytest.fixture
def live(server, open_page):
    return lambda query="", **settings: LivePage(open_page(server.address + query, **settings))


def test_it_opens_on_a_picture_that_moves_with_no_click(live):
    page = live(reduced_motion="no-preference")
    expect(page.canvas).not_to_have_attribute("data-frame", "0")
    page.ready()
    assert page.frame > 5
    assert page.pixels[..., :3].std() > 5
    assert page.page.locator(".what").inner_text().startswith("Test image")
    assert any(abs(value) > 0.01 for value in page.values().values())


def test_the_opening_gives_way_to_the_visitor(live):
    page = live(reduced_motion="no-preference")
    expect(page.root).to_have_attribute("data-gliding", "")
    page.slider(0).press("ArrowRight")
    expect(page.root).not_to_have_attribute("data-gliding", "", timeout=400)
    page.settle()
    assert page.page.locator(".what").inner_text() == "Your own point"


def test_nothing_glides_where_motion_is_unwanted(live):
    page = live(reduced_motion="reduce").ready()
    assert page.frame <= 3
    assert page.page.locator(".what").inner_text().startswith("Test image")


@pytest.mark.parametrize("name", ["alpha", "colour"])
def test_the_picture_follows_a_drag_and_is_what_torch_decodes(live, small_shelf, name):
    page = live(f"/?model={name}").ready()
    assert page.canvas.get_attribute("data-engine") == "server"
    page.assert_follows_a_drag(read_card(small_shelf / name))
    assert re.fullmatch(r"on the server · \d+ ms", page.page.locator(".speed").inner_text())


def test_it_works_below_a_base_path(start, open_page, small_shelf):
    server = start(options=["--server.baseUrlPath", "latent/app"], base="/latent/app")
    page = LivePage(open_page(server.address)).ready()
    assert page.canvas.get_attribute("data-engine") == "server"
    page.assert_follows_a_drag(read_card(small_shelf / "alpha"))


def test_it_works_as_a_plain_script_without_routes(start, open_page, small_shelf, tmp_path):
    script = tmp_path / "host.py"
    script.write_text(SCRIPT.format(app=str(ROOT / "app.py")))
    server = start(script=script)
    page = LivePage(open_page(server.address)).ready()
    assert page.canvas.get_attribute("data-engine") == "rerun"
    page.assert_follows_a_drag(read_card(small_shelf / "alpha"))
    undo = page.page.get_by_role("button", name="Undo")
    while page.value(0) != 0:  # a drag that pauses on a busy machine is more than one step
        assert undo.is_enabled()
        page.press("Undo")


def test_it_finds_the_server_again(start, chromium, small_shelf):
    server = start()
    page = chromium.new_page()
    page.goto(server.address)
    live = LivePage(page).ready()
    values = live.values()
    server.stop()
    expect(live.canvas).to_have_attribute("data-engine", "rerun", timeout=10_000)
    start(port=server.port)
    expect(live.canvas).to_have_attribute("data-engine", "server", timeout=30_000)
    assert live.values() == values
    live.assert_follows_a_drag(read_card(small_shelf / "alpha"))
    page.close()


def test_keys_move_a_slider(live):
    page = live().ready()
    page.press("Reset")
    slider = page.slider(0)
    low, high = (float(slider.get_attribute(name)) for name in ("min", "max"))
    slider.press("ArrowRight")
    assert page.value(0) == pytest.approx((high - low) / 200, rel=1e-3)
    slider.press("PageUp")
    assert page.value(0) == pytest.approx(21 * (high - low) / 200, rel=1e-3)
    slider.press("Home")
    assert page.value(0) == pytest.approx(low, abs=1e-4)
    slider.press("End")
    assert page.value(0) == pytest.approx(high, abs=1e-4)
    slider.dblclick()
    assert page.value(0) == 0


def test_moves_can_be_undone(live):
    page = live().ready()
    undo = page.page.get_by_role("button", name="Undo", exact=True)
    expect(undo).to_be_disabled()
    opening = page.values()
    page.press("Randomise")
    drawn = page.values()
    assert drawn != opening
    page.press("A held-out image")
    page.press("Undo")
    assert page.values() == drawn
    page.slider(0).press("Control+z")
    page.settle()
    assert page.values() == opening
    expect(undo).to_be_disabled()


def test_an_autoencoder_offers_no_draw_from_a_prior(live):
    page = live("/?model=colour").ready()
    expect(page.page.get_by_role("button", name="Randomise")).to_be_hidden()
    page.press("A held-out image")
    assert "image" in page.page.locator(".what").inner_text()


def test_collapsed_and_further_dimensions_are_folded(live):
    page = live("/?model=many").ready()
    assert len(page.values()) == 12
    page.page.get_by_text("27 more dimensions").click()
    expect(page.page.locator("input[data-dim]")).to_have_count(39)
    page.page.get_by_text("1 collapsed dimension").click()
    expect(page.page.locator("input[data-dim]")).to_have_count(40)


def test_a_click_on_a_bar_points_out_its_slider(live):
    page = live("/?model=many").ready()
    for row in (1, 20):
        bar = page.page.locator(".js-plotly-plot .bars .point").nth(row)
        bar.scroll_into_view_if_needed()
        page.page.wait_for_timeout(300)
        box = bar.bounding_box()
        place = (box["x"] + 3, box["y"] + box["height"] / 2)
        page.page.mouse.move(*place)
        page.page.wait_for_timeout(300)  # Plotly takes a click on what it knows to be hovered
        page.page.mouse.click(*place)
        name = page.page.evaluate(
            "row => document.querySelector('.js-plotly-plot').data[0].y[row]", row
        )
        page.page.wait_for_function(
            "name => document.activeElement?.shadowRoot?.activeElement?.id === name", arg=name
        )
        page.page.wait_for_timeout(800)
        assert page.slider(int(name[1:])).bounding_box()["y"] > 0


def test_the_traversals_follow_when_the_pointer_rests(live):
    page = live().ready()
    page.press("Reset")
    mark = page.page.locator(".marks span").first
    expect(mark).to_have_attribute("style", re.compile(r"left: 50%"))
    page.drag(0, 0.5, 0.8)
    expect(mark).not_to_have_attribute("style", re.compile(r"left: 50%"))


def test_the_traversals_can_be_saved(live):
    page = live().ready()
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name="Download PNG").click()
    assert download.value.suggested_filename == "alpha-traversals.png"
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_a_finger_moves_a_slider_and_the_plane(live):
    page = live("?model=alpha", has_touch=True, viewport={"width": 420, "height": 900}).ready()
    page.press("Reset")
    client = page.page.context.new_cdp_session(page.page)
    for target, dims in ((page.slider(1), [1]), (page.page.locator(".plane canvas"), [0, 1])):
        target.scroll_into_view_if_needed()
        before = [page.value(dim) for dim in dims]
        seen = touch(page, client, target.bounding_box())
        assert len(seen) >= 4
        assert all(page.value(dim) != value for dim, value in zip(dims, before, strict=True))


def touch(page, client, box):
    """Draw a finger over a box; return the different pictures seen meanwhile."""
    seen = set()
    for k in range(12):
        place = {
            "x": box["x"] + (0.5 + k / 30) * box["width"],
            "y": box["y"] + (0.5 + k / 60) * box["height"],
        }
        kind = "touchMove" if k else "touchStart"
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
        page.page.wait_for_timeout(80)
        seen.add(page.digest)
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.settle()
    return seen


def test_the_page_is_guarded(server, chromium):
    page = chromium.new_page()
    headers = page.goto(server.address).headers
    assert "script-src 'self' blob:" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    page.close()


def test_no_secret_is_in_an_address(server, chromium):
    context = chromium.new_context()
    page = context.new_page()
    sockets = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto(server.address)
    LivePage(page).ready()
    live = [url for url in sockets if "api/live" in url]
    assert len(live) == 1
    assert live[0] == server.address.replace("http", "ws") + "/api/live"
    context.close()


def test_behind_each_slider_is_what_one_would_see_along_it(live, small_shelf):
    page = live("?model=alpha").ready()
    page.press("Reset")
    card = read_card(small_shelf / "alpha")
    frames = 9
    for dim in (0, 1):
        row = page.page.locator(".row").filter(has=page.slider(dim))
        low, high = (float(page.slider(dim).get_attribute(end)) for end in ("min", "max"))
        z = np.zeros((frames, card.model.latent_dim), np.float32)
        z[:, dim] = low + (np.arange(frames) + 0.5) / frames * (high - low)
        expected = np.hstack(list(to_uint8(decode(load_model(card), z))[..., 0].astype(int)))

        def check(row=row, expected=expected):
            width, height, values = row.locator("canvas.strip").evaluate(
                "c => [c.width, c.height, "
                "Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)]"
            )
            assert (width, height) == (frames * 8, 8)
            strip = np.array(values).reshape(height, width, 4)[..., 0]
            assert np.abs(expected - strip).max() <= 1

        # The strips are drawn anew when the point has rested, one after the other.
        eventually(page.page, check)


def test_a_link_restores_the_point_and_the_address_follows_it(live):
    first = live("?model=alpha&z=0.5,-1,0").ready()
    assert first.values() == {0: 0.5, 1: -1.0}
    assert first.page.locator(".what").inner_text() == "Your own point"
    steps = first.page.evaluate("history.length")
    first.drag(0)
    link = first.page.url
    assert re.search(r"z=-?[\d.]+,-1,0$", link)
    assert first.page.evaluate("history.length") == steps
    second = live(link[link.index("?") :]).ready()
    np.testing.assert_allclose(second.value(0), first.value(0), atol=1e-4)
    assert np.abs(second.pixels.astype(int) - first.pixels).max() <= 1


def test_another_model_does_not_inherit_the_point_in_the_address(live):
    page = live("?model=alpha&z=0.5,-1,0").ready()
    page.page.locator("label.tile", has_text="colour").click()
    expect(page.canvas).to_have_attribute("width", "10")
    page.ready()
    assert page.value(1) != -1
    assert "0.5,-1,0" not in page.page.url


@pytest.mark.parametrize("z", ["1,2", "1,2,3,4", "1,2,nan", "1,2,1e9", "a,b,c", "", "1," * 5000])
def test_a_point_that_cannot_be_is_the_origin(live, z):
    page = live(f"?model=alpha&z={z}")
    expect(page.canvas).not_to_have_attribute("data-frame", "0")
    page.ready()
    assert page.page.locator(".what").inner_text().startswith("Test image")


def test_redo_goes_where_undo_came_from(live):
    page = live().ready()
    redo = page.page.get_by_role("button", name="Redo")
    page.press("Reset")
    page.slider(0).press("End")
    page.settle()
    there = page.value(0)
    expect(redo).to_be_disabled()
    page.press("Undo")
    assert page.value(0) == 0
    page.press("Redo")
    assert page.value(0) == there
    expect(redo).to_be_disabled()
    page.slider(0).press("Control+z")
    page.settle()
    page.slider(0).press("Control+y")
    page.settle()
    assert page.value(0) == there


def test_a_dimension_says_what_it_follows_where_the_pictures_tell(live, small_shelf):
    card = read_card(small_shelf / "colour")
    codes = load_codes(card)
    images = decode(load_model(card), codes.mean[codes.held_out])
    expected = guess_meanings(codes.mean[codes.held_out], image_statistics(images))
    assert expected, "its pictures follow a dimension even untrained"
    page = live("?model=colour").ready()
    for dim in (0, 1):
        row = page.page.locator(".row").filter(has=page.slider(dim))
        if dim in expected:
            sign = "+" if expected[dim].correlation > 0 else "\N{MINUS SIGN}"
            text = f"{expected[dim].name} {sign}{abs(expected[dim].correlation):.2f}"
            expect(row.locator(".meaning")).to_have_text(text)
        else:
            expect(row.locator(".meaning")).to_have_count(0)
