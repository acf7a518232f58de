"""Pictures of the visitor's own: drawn, uploaded, pasted, photographed, chosen."""

import io
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.live_page import LivePage
from tests.browser.waiting import eventually
from vae.checkpoints import load_codes, load_model, read_card
from vae.data import Preparation, load, prepare_image
from vae.latent import decode, encode, to_uint8

pytest_plugins = ["tests.browser.serving"]

ROOT = Path(__file__).parents[2]
STROKE = [(0.3, 0.2), (0.7, 0.25), (0.6, 0.5), (0.4, 0.7), (0.5, 0.85)]


@pytest.fixture(params=["browser", "server"])
def open_live(request, open_page):
    """Pages of a server with one engine or the other."""
    name = "engine_server" if request.param == "browser" else "server"
    address = request.getfixturevalue(name).address

    def open_one(model):
        live = LivePage(open_page(f"{address}?model={model}"))
        expect(live.canvas).to_have_attribute("data-engine", request.param, timeout=20_000)
        return live.ready()

    return open_one


@pytest.fixture
def live(server, open_page):
    return LivePage(open_page(server.address + "?model=alpha")).ready()


def open_panel(live, name):
    live.page.get_by_role("button", name=name, exact=True).click()


def draw(live, moves=8):
    """Draw a stroke; return the values of the sliders seen before the pen is lifted."""
    pad = live.page.get_by_label("Draw here")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in STROKE]
    live.page.mouse.move(*places[0])
    live.page.mouse.down()
    seen = []
    for (x0, y0), (x1, y1) in itertools.pairwise(places):
        for k in range(1, moves + 1):
            live.page.mouse.move(x0 + (x1 - x0) * k / moves, y0 + (y1 - y0) * k / moves)
            live.page.wait_for_timeout(40)
            seen.append(tuple(live.values().values()))
    live.page.mouse.up()
    live.settle()
    return seen


def preview(live):
    """What the encoder sees, (C, H, W) uint8."""
    expect(live.page.locator(".comparison")).to_be_visible()
    pixels = live.pixels_of("input")
    channels = 3 if np.ptp(pixels, axis=2).any() else 1
    return pixels[..., :channels].transpose(2, 0, 1)


def assert_at_the_mean(live, card, picture):
    """The sliders stand at the posterior mean of the picture."""
    mean, _ = encode(load_model(card), picture[None])
    np.testing.assert_allclose(live.z(card.model.latent_dim)[0], mean[0], atol=1e-3)


def png(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return {"name": "mine.png", "mimeType": "image/png", "buffer": buffer.getvalue()}


def photograph(height=40, width=90):
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 2, y * 5, 255 - x], axis=-1).clip(0, 255).astype(np.uint8)


def upload(live, file):
    live.page.locator("input[type=file]").set_input_files(file)
    expect(live.page.locator(".notes")).not_to_have_text("Reading the picture")
    live.settle()


def test_the_sliders_follow_the_pen_and_end_at_what_the_command_line_encodes(
    open_live, small_shelf, tmp_path
):
    live = open_live("alpha")
    open_panel(live, "Draw")
    seen = draw(live)
    assert len(set(seen)) >= 10
    assert live.page.locator(".what").inner_text() == "Your drawing"
    picture = preview(live)
    assert picture.max() > 200 or picture.min() < 55
    Image.fromarray(picture[0]).save(tmp_path / "preview.png")
    command = [sys.executable, "-m", "vae", "encode", str(small_shelf / "alpha")]
    command += [str(tmp_path / "preview.png"), "--out", str(tmp_path / "codes.npz")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    mean = np.load(tmp_path / "codes.npz")["mean"]
    np.testing.assert_allclose(live.z(3), mean, atol=1e-3)


def test_a_coloured_drawing_is_encoded_in_colour(open_live, small_shelf):
    live = open_live("colour")
    open_panel(live, "Draw")
    live.page.get_by_label("ink").fill("#ff0000")
    draw(live, moves=2)
    picture = preview(live)
    assert picture.shape == (3, 12, 10)
    assert_at_the_mean(live, read_card(small_shelf / "colour"), picture)


def test_a_drawing_without_a_socket_goes_through_reruns(start, open_page, small_shelf, tmp_path):
    script = tmp_path / "host.py"
    script.write_text(f"import runpy\n\nrunpy.run_path({str(ROOT / 'app.py')!r})\n")
    server = start(script=script)
    live = LivePage(open_page(server.address + "?model=alpha")).ready()
    assert live.canvas.get_attribute("data-engine") == "rerun"
    open_panel(live, "Draw")
    draw(live, moves=2)
    eventually(
        live.page, lambda: assert_at_the_mean(live, read_card(small_shelf / "alpha"), preview(live))
    )


def test_clearing_the_pad_encodes_an_empty_page(live, small_shelf):
    open_panel(live, "Draw")
    draw(live, moves=2)
    live.page.get_by_role("button", name="Clear").click()
    live.settle()
    picture = preview(live)
    assert np.ptp(picture) == 0
    assert_at_the_mean(live, read_card(small_shelf / "alpha"), picture)


def test_input_reconstruction_and_difference_stand_side_by_side(live, small_shelf):
    card = read_card(small_shelf / "alpha")
    open_panel(live, "Draw")
    draw(live, moves=2)
    picture = preview(live)[0].astype(int)
    mean, _ = encode(load_model(card), picture[None, None].astype(np.uint8))
    expected = to_uint8(decode(load_model(card), mean))[0, ..., 0].astype(int)
    seen = live.pixels_of("reconstruction")[..., 0].astype(int)
    assert np.abs(seen - expected).max() <= 1
    difference = live.pixels_of("difference")[..., 0]
    np.testing.assert_array_equal(difference, np.abs(picture - seen))
    error = float(live.page.locator(".comparison").get_attribute("data-error"))
    assert error == pytest.approx(np.mean(((picture - seen) / 255) ** 2), rel=1e-4)
    # every held-out error of this checkpoint is 0.1
    words = "larger than for 99 %" if error >= 0.1 else "smaller than for 99 %"
    expect(live.page.locator(".error")).to_contain_text(f"{words} of 40 test images")


def test_the_posteriors_spread_is_on_the_tracks(live, small_shelf):
    card = read_card(small_shelf / "alpha")
    open_panel(live, "Draw")
    draw(live, moves=2)
    mean, log_var = encode(load_model(card), preview(live)[None])
    row = live.page.locator(".row").filter(has=live.slider(0))
    expect(row.locator(".band")).to_be_visible()
    reach = 2 * np.exp(log_var[0, 0] / 2)
    title = row.locator(".band").get_attribute("title").replace("−", "-")
    ends = [float(part.split(",")[0]) for part in title.removeprefix("q(z|x): ").split(" to ")]
    np.testing.assert_allclose(ends, [mean[0, 0] - reach, mean[0, 0] + reach], atol=0.011)


def test_an_autoencoder_has_no_spread_and_nothing_to_draw_from(server, open_page):
    live = LivePage(open_page(server.address + "?model=colour")).ready()
    live.press("A held-out image")
    expect(live.page.locator(".band").first).to_be_hidden()
    expect(live.page.get_by_role("button", name="Wiggle")).to_be_hidden()
    expect(live.page.get_by_role("button", name="Randomise")).to_be_hidden()


def test_an_upload_is_shown_as_the_encoder_sees_it(open_live, small_shelf):
    live = open_live("colour")
    card = read_card(small_shelf / "colour")
    open_panel(live, "Upload")
    image = photograph()
    upload(live, png(image))
    expected = prepare_image(image, card.model.image_shape, Preparation())
    np.testing.assert_array_equal(preview(live), expected)
    assert_at_the_mean(live, card, expected)
    assert live.page.locator(".what").inner_text() == "Your picture"


def test_an_upload_can_be_fitted_turned_inverted_and_stretched(live, small_shelf):
    card = read_card(small_shelf / "alpha")
    image = photograph()
    open_panel(live, "Upload")
    upload(live, png(image))
    chosen = {}
    steps = [
        ("whole", lambda page: page.get_by_label("fit").select_option("whole")),
        ("contrast", lambda page: page.get_by_label("more contrast").check()),
        ("invert", lambda page: page.get_by_label("inverted").check()),
        ("turns", lambda page: page.get_by_role("button", name="Turn").click()),
    ]
    for name, act in steps:
        act(live.page)
        chosen[name] = 1 if name == "turns" else True
        expected = prepare_image(image, card.model.image_shape, Preparation(**chosen))

        def check(expected=expected):
            np.testing.assert_array_equal(preview(live), expected)

        eventually(live.page, check)
    eventually(live.page, lambda: assert_at_the_mean(live, card, expected))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty; give a PNG, JPEG, WebP, GIF or BMP picture."),
        (b"<svg onload='alert(1)'></svg>", "This is not a picture that can be read"),
        (png(photograph())["buffer"][:120], "The picture is damaged or incomplete"),
        (png(np.zeros((4, 200), np.uint8))["buffer"], "at most 16 times as long as wide"),
        (b"\0" * (17 * 2**20), "This file (17.0 MiB) could not be opened"),
    ],
    ids=["empty", "svg", "cut short", "a thread", "too large"],
)
def test_a_file_that_is_no_picture_gets_a_plain_sentence(live, content, message):
    open_panel(live, "Upload")
    before = live.values()
    file = {"name": "<img src=x onerror=alert(1)>.png", "mimeType": "image/png", "buffer": content}
    upload(live, file)
    expect(live.page.locator(".notes")).to_contain_text(message)
    assert live.values() == before
    upload(live, png(photograph()))
    expect(live.page.locator(".comparison")).to_be_visible()


def test_a_large_picture_is_made_smaller_before_it_is_sent(live):
    open_panel(live, "Upload")
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1300, 3), dtype=np.uint8)
    noise[:, 650:] //= 2  # the right half is darker
    file = png(noise)
    assert len(file["buffer"]) > 2**22
    upload(live, file)
    picture = preview(live)[0].astype(float)
    assert picture[:, :4].mean() == pytest.approx(2 * picture[:, 4:].mean(), rel=0.1)


def test_an_upload_does_not_come_back_with_its_model(live):
    open_panel(live, "Upload")
    upload(live, png(photograph()))
    live.press("Reset")
    for name, width in (("colour", "10"), ("Alpha", "8")):
        live.page.locator("label.tile", has_text=name).click()
        expect(live.canvas).to_have_attribute("width", width)
        live.settle()
    assert live.value(0) == 0
    expect(live.page.locator(".comparison")).to_be_hidden()


def test_undo_brings_the_picture_s_posterior_back(live):
    row = live.page.locator(".row").filter(has=live.slider(0))
    live.press("A held-out image")
    first = row.locator(".band").get_attribute("title")
    live.press("A held-out image")
    assert row.locator(".band").get_attribute("title") != first
    live.press("Undo")
    assert row.locator(".band").get_attribute("title") == first
    live.press("Reset")
    expect(row.locator(".band")).to_be_hidden()
    expect(live.page.get_by_role("button", name="Wiggle")).to_be_hidden()


def test_another_model_s_pictures_fill_an_open_gallery(live, small_shelf):
    open_panel(live, "Gallery")
    expect(live.page.locator(".items button")).to_have_count(24)
    live.page.locator("label.tile", has_text="colour").click()
    expect(live.page.locator(".items canvas").first).to_have_attribute("width", "10")
    assert live.canvas.get_attribute("data-engine") == "server"


def test_a_drawing_is_encoded_by_the_server_where_the_page_cannot(engine_server, open_page):
    live = LivePage(open_page(engine_server.address + "?model=alpha", blocked="encoder.onnx"))
    expect(live.canvas).to_have_attribute("data-engine", "browser", timeout=20_000)
    live.ready()
    open_panel(live, "Draw")
    assert len(set(draw(live))) >= 4
    assert live.page.locator(".what").inner_text() == "Your drawing"


def test_a_picture_can_be_pasted(live):
    live.page.evaluate(
        """(bytes) => {
          const files = new DataTransfer();
          const blob = new File([Uint8Array.from(bytes)], "x.png", { type: "image/png" });
          files.items.add(blob);
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: files }));
        }""",
        list(png(photograph())["buffer"]),
    )
    expect(live.page.locator(".comparison")).to_be_visible(timeout=10_000)
    expect(live.page.locator(".what")).to_have_text("Your picture")


def test_a_picture_can_be_dropped(live):
    live.page.locator("section.input").evaluate(
        """(section, bytes) => {
          const dataTransfer = new DataTransfer();
          const blob = new File([Uint8Array.from(bytes)], "x.png", { type: "image/png" });
          dataTransfer.items.add(blob);
          section.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
        }""",
        list(png(photograph())["buffer"]),
    )
    expect(live.page.locator(".comparison")).to_be_visible(timeout=10_000)


def test_a_picture_can_be_taken_with_the_camera(live):
    open_panel(live, "Camera")
    shoot = live.page.get_by_role("button", name="Take the picture")
    expect(shoot).to_be_enabled()
    shoot.click()
    expect(live.page.locator(".comparison")).to_be_visible(timeout=10_000)
    open_panel(live, "Camera")
    assert live.page.locator("video").evaluate("video => video.srcObject") is None


def test_codes_of_images_that_are_not_here_are_called_decoded(live, small_shelf):
    open_panel(live, "Gallery")
    expect(live.page.locator(".origin")).to_have_text("Decoded from their codes.")
    items = live.page.locator(".items button")
    expect(items).to_have_count(24)
    items.nth(5).click()
    live.settle()
    codes = load_codes(read_card(small_shelf / "alpha"))
    name = items.nth(5).get_attribute("aria-label")
    row = int(name.split()[2])
    np.testing.assert_allclose(live.z(3)[0], codes.mean[row], atol=1e-3)
    expect(live.page.locator(".comparison")).to_be_hidden()


def test_originals_that_are_here_are_shown_and_compared(start, open_page):
    server = start(environment={"LATENT_CHECKPOINTS_DIR": str(ROOT / "checkpoints")})
    live = LivePage(open_page(server.address + "?model=digits-2d")).ready()
    open_panel(live, "Gallery")
    expect(live.page.locator(".origin")).to_have_text("Originals of digits")
    item = live.page.locator(".items button").nth(2)
    item.click()
    live.settle()
    images = load("digits", "test")
    index = int(item.get_attribute("aria-label").split()[2])
    expected = images.pixels[images.index.tolist().index(index)]
    np.testing.assert_array_equal(preview(live), expected)


def test_draws_are_seeded_and_within_reach_of_the_posterior(live, small_shelf):
    live.press("A held-out image")
    mean = live.z(3)[0]
    live.press("Draw from q(z|x)")
    assert live.page.locator(".what").inner_text() == "A draw from q(z|x), seed 1"
    drawn = live.z(3)[0]
    assert 0 < np.abs(drawn - mean).max() < 6
    live.press("Randomise")
    assert live.page.locator(".what").inner_text() == "A draw from the prior, seed 1"
    first = live.z(3)
    live.page.reload()
    live.ready()
    live.press("Randomise")
    np.testing.assert_array_equal(live.z(3), first)


def test_a_wiggle_moves_about_the_mean_until_it_is_stopped(live):
    live.press("A held-out image")
    mean = live.z(3)[0]
    wiggle = live.page.get_by_role("button", name="Wiggle")
    wiggle.click()
    seen = []
    while len({tuple(z) for z in seen}) < 8 and len(seen) < 200:
        live.page.wait_for_timeout(100)
        seen.append(live.z(3)[0])
    expect(wiggle).to_have_attribute("aria-pressed", "true")
    assert len({tuple(z) for z in seen}) >= 8
    assert np.abs(np.mean(seen, axis=0) - mean).max() < 2
    wiggle.click()
    live.settle()
    resting = live.values()
    live.page.wait_for_timeout(400)
    assert live.values() == resting
    live.press("Undo")
    np.testing.assert_allclose(live.z(3)[0], mean, atol=1e-3)
