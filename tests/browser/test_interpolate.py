"""From one's own pictures to each other, in a real browser."""

import io
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from sklearn.datasets import load_sample_images

from tests.browser.morph_page import MorphPage, frames_of, picture_of
from tests.browser.waiting import eventually
from tests.encoded import encoded
from vae.checkpoints import load_codes, load_model, read_card
from vae.data import fit_image, load, read_image
from vae.latent import encode
from vae.paths import bilinear

pytest_plugins = ["tests.browser.serving"]

ROOT = Path(__file__).parents[2]
SCRIPT = "import runpy; runpy.run_path({app!r}, run_name='__main__')"


@pytest.fixture(scope="module")
def shipped_server(start):
    """The shelf that comes with the app, its pages decoding by themselves where they can."""
    checkpoints = str(ROOT / "checkpoints")
    return start(environment={"LATENT_BROWSER_ENGINE": "on", "LATENT_CHECKPOINTS_DIR": checkpoints})


@pytest.fixture
def open_morph(server, open_page):
    def open_one(query="?model=alpha", **settings):
        page = MorphPage(open_page(f"{server.address}/interpolate{query}", **settings)).ready()
        page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        return page

    return open_one


@pytest.fixture
def model(small_shelf):
    return load_model(read_card(small_shelf / "alpha"))


@pytest.fixture
def strangers(shared, tmp_path, monkeypatch):
    """Two photographs, two emoji and two digits, as files."""
    monkeypatch.setenv("LATENT_DATA_DIR", str(shared / "data"))
    files = {"photo": [], "emoji": [], "digit": []}
    for k, image in enumerate(load_sample_images().images):
        files["photo"].append(tmp_path / f"photo{k}.jpg")
        files["photo"][-1].write_bytes(encoded(image, "JPEG"))
    with zipfile.ZipFile(shared / "data" / "noto_emoji_72.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".png")]
        for k in (300, 1200):
            files["emoji"].append(tmp_path / f"emoji{k}.png")
            files["emoji"][-1].write_bytes(archive.read(names[k]))
    for k, image in enumerate(load("mnist", "test").pixels[:2]):
        files["digit"].append(tmp_path / f"digit{k}.png")
        files["digit"][-1].write_bytes(encoded(image[0], "PNG"))
    return files


@pytest.mark.parametrize(
    ("name", "kinds"), [("emoji-32d", ("photo", "emoji")), ("mnist-10d", ("digit",))]
)
def test_strangers_pictures_are_morphed_and_taken_along(
    name, kinds, strangers, shipped_server, open_page, tmp_path
):
    card = read_card(ROOT / "checkpoints" / name)
    torch_model = load_model(card)
    files = [file for kind in kinds for file in strangers[kind]]
    page = MorphPage(open_page(f"{shipped_server.address}/interpolate?model={name}")).ready()
    page.upload(*files)
    expect(page.cards).to_have_count(len(files), timeout=30_000)
    page.ready()

    codes = page.codes()
    seen = np.stack([fit_image(read_image(file), card.model.image_shape) for file in files])
    mean, _ = encode(torch_model, seen)
    # Of a large photograph a smaller copy is kept, and ONNX holds the encoder in half precision.
    np.testing.assert_allclose(codes, mean, atol=0.03)
    for k in range(len(files)):
        expect(page.cards.nth(k)).to_contain_text("Error")

    pictures = set()
    for share in np.linspace(0, 1, 9):
        page.scrub(float(share))
        page.page.wait_for_timeout(120)
        pictures.add(page.pixels.tobytes())
    assert len(pictures) >= 8 - (len(files) > 2)  # a loop ends where it began
    ends = [codes[0], codes[0] if len(files) > 2 else codes[1]]
    assert page.shows(torch_model, ends[1])

    first, last = (picture_of(torch_model, z) for z in ends)
    _, strip = page.download("Strip of pictures")
    height, width = first.shape[:2]
    scale = 128 // width
    strip = np.array(Image.open(io.BytesIO(strip)).convert("RGB"))[::scale, ::scale]
    np.testing.assert_array_equal(strip[:, :width], first)
    np.testing.assert_array_equal(strip[:, -width:], last)

    about, content = page.download("Animation without loss")
    assert about == f"{name}-linear.webp"
    large = frames_of(content)
    frames = large[:, :: large.shape[1] // height, :: large.shape[2] // width]
    np.testing.assert_array_equal(frames[0], first)
    np.testing.assert_array_equal(frames[-1], last)
    assert len(np.unique(frames.reshape(len(frames), -1), axis=0)) > 0.9 * len(frames)

    _, content = page.download("Animation (GIF)")
    large = frames_of(content)
    frames = large[:, :: large.shape[1] // height, :: large.shape[2] // width].astype(int)
    for frame, end in ((frames[0], first), (frames[-1], last)):
        assert np.abs(frame - end).mean() < (4 if name == "emoji-32d" else 1e-9)

    assert_the_command_line_does_the_same(name, files, torch_model, mean, tmp_path)


def assert_the_command_line_does_the_same(name, files, torch_model, mean, folder):
    ends = [mean[0], mean[0] if len(files) > 2 else mean[1]]
    for suffix in ("png", "webp", "gif"):
        out = folder / f"walk.{suffix}"
        command = [sys.executable, "-m", "vae", "interpolate", name, *map(str, files)]
        command += ["--steps", "6", "--out", str(out)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        width = torch_model.config.image_shape[2]
        if suffix == "png":
            strip = np.array(Image.open(out).convert("RGB"))
            np.testing.assert_array_equal(strip[:, :width], picture_of(torch_model, ends[0]))
            np.testing.assert_array_equal(strip[:, -width:], picture_of(torch_model, ends[1]))
            continue
        frames = frames_of(out.read_bytes())
        scale = frames.shape[2] // width
        for frame, z in ((frames[0], ends[0]), (frames[-1], ends[1])):
            off = np.abs(frame[::scale, ::scale].astype(int) - picture_of(torch_model, z))
            assert off.mean() < (4 if suffix == "gif" else 1e-9)


def test_the_way_is_played_scrubbed_and_chosen(open_morph, model):
    page = open_morph()
    corners = page.codes()
    assert page.shows(model, corners[0])
    expect(page.what).to_have_text("Linear, at A")
    expect(page.evidence).to_contain_text("of their codes near (10 usual)")
    page.scrub(0.5)
    assert page.shows(model, corners.mean(0))
    expect(page.what).to_have_text("Linear, 50 % of the way from A to B")
    page.scrub(1)
    assert page.shows(model, corners[1])
    page.press("Play")
    before = page.frame
    expect(page.page.get_by_role("button", name="Pause")).to_be_visible()

    def moves():
        assert page.frame > before + 5

    eventually(page.page, moves)
    page.press("Pause")
    page.page.wait_for_timeout(100)
    rested = page.frame
    page.page.wait_for_timeout(300)
    assert page.frame == rested
    for name in ("Spherical", "Geodesic", "Cross-fade"):
        page.press(name)
        expect(page.what).to_contain_text(name)
    strip = page.page.locator(".way[data-way=spherical] .waystrip")
    page.over(strip, 0.99, 0.5)
    expect(page.what).to_have_text("Spherical, at B")
    page.over(page.page.locator("h1"), 0.5, 0.5)
    expect(page.what).to_contain_text("Cross-fade")
    page.over(strip, 0.01, 0.5, press=True)
    page.over(page.page.locator("h1"), 0.5, 0.5)
    expect(page.what).to_have_text("Spherical, at A")


def test_playing_goes_back_and_forth_or_begins_anew_at_the_chosen_speed(open_morph):
    page = open_morph()
    time, back = page.page.locator("input.time"), page.page.get_by_label("back and forth")
    places = {}
    for turns in (True, False):
        back.set_checked(turns)
        page.scrub(0.97)
        page.press("Play")
        page.page.wait_for_timeout(500)
        page.press("Pause")
        places[turns] = float(time.input_value())
    assert 0.5 < places[True] < 0.97
    assert 0 < places[False] < 0.5
    for speed, milliseconds in (("0.5", 100), ("2", 25)):
        page.page.get_by_label("speed").select_option(speed)
        _, content = page.download("Animation (GIF)")
        image = Image.open(io.BytesIO(content))
        assert image.info["duration"] == pytest.approx(milliseconds, abs=5)  # GIF counts in 10 ms


def test_three_corners_are_a_triangle_and_four_a_square(open_morph, model):
    page = open_morph()
    pad = page.page.locator("canvas.blendpad")
    expect(pad).to_be_hidden()
    for count in (3, 4):
        page.press("Add a picture")
        page.press("Prior sample")
        page.ready()
        expect(page.cards).to_have_count(count)
        corners = page.codes()
        expect(pad).to_be_visible()
        page.over(pad, 0.5, 0.02)
        page.over(pad, 0.01, 0.99)
        if count == 3:
            expect(page.what).to_have_text("Blend: 0 % A, 100 % B, 0 % C")
            assert page.shows(model, corners[1])
        else:
            expect(page.what).to_have_text("Blend: 0 % A, 0 % B, 100 % C, 0 % D")
            assert page.shows(model, corners[2])
            page.over(pad, 0.5, 0.5)
            middle = bilinear(corners, np.array([0.5]), np.array([0.5]))
            assert page.shows(model, middle)
        page.over(page.page.locator("h1"), 0.5, 0.5)
        expect(page.what).to_contain_text("Linear")
    pad.press("ArrowRight")
    expect(page.what).to_have_text("Blend: 23 % A, 27 % B, 23 % C, 27 % D")
    page.press("Keep it as D")
    page.ready()
    np.testing.assert_allclose(page.codes()[3], [0.23, 0.27, 0.23, 0.27] @ corners, atol=1e-5)
    page.page.get_by_role("button", name="Remove D").click()
    page.page.get_by_role("button", name="Remove C").click()
    expect(pad).to_be_hidden()


def test_corners_come_from_everywhere_and_change_places(open_morph, model, small_shelf):
    page = open_morph()
    before = page.codes()
    page.page.get_by_role("button", name="Swap A and B").click()
    page.ready()
    np.testing.assert_array_equal(page.codes(), before[::-1])
    page.press("Bookmark")  # of what was A, and stays chosen
    page.choose("A")
    page.page.get_by_role("button", name="Bookmark 1", exact=True).click()
    page.ready()
    np.testing.assert_allclose(page.codes(), before[[0, 0]], atol=1e-4)
    page.choose("B")
    page.press("Gallery")
    page.page.locator(".panel[data-panel=gallery] .thumb").nth(3).click()
    page.ready()
    held_out = load_codes(read_card(small_shelf / "alpha")).mean
    assert np.abs(held_out - page.codes()[1]).max(1).min() < 1e-6
    page.press("Draw")
    page.stroke(page.page.get_by_label("Draw here"))
    page.ready()
    expect(page.cards.nth(1)).to_contain_text("your drawing")


def test_a_better_code_is_found_for_a_picture(open_morph, tmp_path):
    page = open_morph()
    picture = tmp_path / "x.png"
    picture.write_bytes(encoded(np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)))
    page.upload(picture)
    page.ready()
    page.choose("B")
    page.upload(picture)
    page.ready()
    for name in "AB":  # the second waits for the first
        page.page.get_by_role("button", name=f"Make {name} more like its picture").click()
    for card in page.cards.all():
        expect(card).to_contain_text("was", timeout=30_000)
        text = card.locator(".trust").inner_text()
        after, before = re.fullmatch(r"Error ([.\d]+) \(was ([.\d]+)\).*", text).groups()
        assert float(after) < float(before)
    expect(page.page.locator(".comparison .error")).to_contain_text(f"Squared error {after}")


def test_the_chosen_picture_stays_chosen_and_the_pad_is_blank_for_another(open_morph, tmp_path):
    page = open_morph()
    files = []
    for level in (0, 90, 160, 255):
        files.append(tmp_path / f"{level}.png")
        files[-1].write_bytes(encoded(np.full((8, 8), level, np.uint8)))
    page.upload(*files)
    expect(page.cards).to_have_count(4)
    page.ready()
    chosen = page.page.locator(".corner[data-chosen]")
    page.choose("C")
    page.page.get_by_role("button", name="Remove A").click()
    expect(chosen.locator("b")).to_have_text("B")
    page.page.get_by_role("button", name="Swap B and C").click()
    expect(chosen.locator("b")).to_have_text("C")
    page.press("Draw")
    pad = page.page.get_by_label("Draw here")
    blank = pad.evaluate("c => c.toDataURL()")
    page.stroke(pad)
    expect(page.cards.nth(2)).to_contain_text("your drawing")
    assert pad.evaluate("c => c.toDataURL()") != blank
    page.choose("A")
    assert pad.evaluate("c => c.toDataURL()") == blank


def test_of_a_zip_with_many_pictures_six_are_taken_and_it_says_so(open_morph, tmp_path):
    page = open_morph()
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for k in range(8):
            archive.writestr(f"{k}.png", encoded(np.full((8, 8), 30 * k, np.uint8)))
    page.upload(tmp_path / "many.zip")
    expect(page.cards).to_have_count(6, timeout=20_000)
    expect(page.page.locator(".input .notes")).to_have_text("8 pictures; the first 6 are taken.")
    page.ready()
    expect(page.page.get_by_role("button", name="Add a picture")).to_be_hidden()
    page.press("Start over")
    expect(page.cards).to_have_count(2)


def test_sums_and_directions_of_codes(open_morph, model):
    page = open_morph()
    page.page.locator("details.arithmetic summary").click()
    total = page.page.get_by_role("button", name="A \u2212 B + C")
    expect(total).to_be_disabled()
    page.press("Add a picture")
    page.press("Prior sample")
    page.ready()
    a, b, c = page.codes()
    total.click()
    assert page.shows(model, a - b + c)
    page.press("Keep it as C")
    page.ready()
    np.testing.assert_allclose(page.codes()[2], a - b + c, atol=1e-6)
    page.page.locator("select.present").select_option("2")
    page.press("Find the direction")
    expect(page.page.locator(".concept")).to_contain_text("AUC")
    strength = page.page.locator("input.strength")
    before = page.pixels
    strength.evaluate("input => { input.value = 2; input.dispatchEvent(new Event('input')); }")
    expect(page.what).to_contain_text("+2.00")
    page.page.wait_for_timeout(300)
    assert (page.pixels != before).any()
    page.press("Keep it as C")
    page.ready()
    assert page.shows(model, page.codes()[2])
    assert float(strength.input_value()) == 0
    page.page.locator("select.present").select_option("hand")
    picks = page.page.locator(".picks .thumb")
    picks.nth(0).click()
    picks.nth(1).click()
    picks.nth(1).click()
    page.press("Find the direction")
    expect(page.page.locator(".concept")).to_contain_text("nothing can judge it")


def test_a_link_restores_corners_way_and_steps(open_morph, open_page, model):
    page = open_morph()
    page.press("Add a picture")
    page.press("Prior sample")
    page.ready()
    corners = page.codes()
    page.press("Geodesic")
    page.page.get_by_label("steps").fill("5")
    page.page.get_by_label("steps").blur()
    page.ready()
    page.press("Copy link")
    address = page.page.evaluate("navigator.clipboard.readText()")
    other = MorphPage(open_page(address)).ready()
    np.testing.assert_allclose(other.codes(), corners, atol=1e-4)
    expect(other.what).to_have_text("Geodesic, at A")
    assert other.page.get_by_label("steps").input_value() == "5"


def test_python_makes_the_same_way(open_morph, small_shelf, tmp_path):
    page = open_morph()
    corners = page.codes()
    page.press("Copy as Python")
    program = page.page.evaluate("navigator.clipboard.readText()")
    environment = os.environ | {
        "LATENT_CHECKPOINTS_DIR": str(small_shelf),
        "PYTHONPATH": str(ROOT),
    }
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True)
    frames = frames_of((tmp_path / "alpha.webp").read_bytes())
    torch_model = load_model(read_card(small_shelf / "alpha"))
    for frame, z in ((frames[0], corners[0]), (frames[-1], corners[1])):
        np.testing.assert_array_equal(frame, picture_of(torch_model, z))
    name, content = page.download("Codes of this way")
    assert name == "alpha-linear.csv"
    head, *rows = content.decode().splitlines()
    assert head == "z0,z1,z2,log_density,nearby"
    first, last = ([float(value) for value in rows[k].split(",")[:3]] for k in (0, -1))
    np.testing.assert_allclose([first, last], corners, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.png", b"MZ" * 99, "This is not a picture that can be read"),
        ("a.zip", b"PK\3\4" + b"x" * 99, "incomplete"),
        ("a.png", encoded(np.zeros((3, 400), np.uint8)), "4"),
    ],
)
def test_a_file_that_is_no_picture_gets_a_plain_sentence(
    open_morph, tmp_path, name, content, sentence
):
    page = open_morph()
    before = page.codes()
    (tmp_path / name).write_bytes(content)
    page.upload(tmp_path / name)
    expect(page.page.locator(".input .notes")).to_contain_text(sentence, timeout=20_000)
    np.testing.assert_array_equal(page.codes(), before)


def test_corners_survive_a_switch_of_pages_and_each_model_keeps_its_own(open_morph, tmp_path):
    page = open_morph()
    picture = tmp_path / "x.png"
    picture.write_bytes(encoded(np.full((8, 8), 90, np.uint8)))
    page.upload(picture)
    page.ready()
    corners = page.codes()
    page.page.get_by_role("link", name="Models").click()
    expect(page.page.get_by_role("heading", name="Models")).to_be_visible()
    expect(page.list).to_have_count(0)
    page.page.get_by_role("link", name="Interpolate").click()
    page.round = None
    page.ready()
    np.testing.assert_allclose(page.codes(), corners, atol=1e-6)
    expect(page.cards.first).to_contain_text("your picture")
    expect(page.cards.first).to_contain_text("Error")
    page.page.locator(".tile", has_text="many").click()
    expect(page.cards.first).to_contain_text("test image")
    page.ready()
    assert page.codes().shape == (2, 40)


def test_it_works_without_routes(start, open_page, small_shelf, tmp_path):
    script = tmp_path / "host.py"
    script.write_text(SCRIPT.format(app=str(ROOT / "app.py")))
    address = start(script=script).address
    page = MorphPage(open_page(f"{address}/interpolate?model=alpha")).ready()
    assert page.canvas.get_attribute("data-engine") == "rerun"
    corners = page.codes()
    page.scrub(1)
    assert page.shows(load_model(read_card(small_shelf / "alpha")), corners[1])
