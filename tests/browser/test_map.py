"""The map of a data set, in a real browser."""

import io
import re
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.map_page import MapPage
from tests.browser.waiting import eventually
from tests.encoded import encoded
from vae.checkpoints import load_codes, load_model, read_card
from vae.data import load
from vae.latent import encode
from vae.projections import Settings, project

pytest_plugins = ["tests.browser.serving"]

ROOT = Path(__file__).parents[2]
SCRIPT = "import runpy; runpy.run_path({app!r}, run_name='__main__')"


@pytest.fixture(scope="module")
def shipped_server(start):
    """The shelf that comes with the app."""
    checkpoints = str(ROOT / "checkpoints")
    return start(environment={"LATENT_BROWSER_ENGINE": "on", "LATENT_CHECKPOINTS_DIR": checkpoints})


@pytest.fixture
def open_map(server, open_page):
    def open_one(query="?model=alpha&map=raw,0,1,label", **settings):
        page = MapPage(open_page(f"{server.address}/map{query}", **settings)).ready()
        page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        return page

    return open_one


@pytest.fixture
def card(small_shelf):
    return read_card(small_shelf / "alpha")


@pytest.fixture
def model(card):
    return load_model(card)


def a_code(card, number):
    """The code of the image with a number, and where it lies on the map of z0 and z1."""
    codes = load_codes(card)
    row = int(np.flatnonzero(codes.index == number)[0])
    return codes.mean[row], codes.mean[row, :2]


def test_ten_thousand_codes_are_there_soon_after_a_click(shipped_server, open_page, say):
    page = open_page(f"{shipped_server.address}/?model=mnist-10d")
    expect(page.locator("canvas[data-live=picture]")).not_to_have_attribute("data-frame", "0")
    for _ in range(2):  # the second time the session is warm
        page.get_by_role("link", name="Explore").click()
        expect(page.get_by_role("heading", name="Explore")).to_be_visible()
        page.wait_for_timeout(1000)
        clicked = time.perf_counter()
        page.get_by_role("link", name="Map", exact=True).click()
        shown = page.locator("canvas[data-live=map]")
        expect(shown).to_have_attribute("data-shown", "10000")
        seconds = time.perf_counter() - clicked
    say(f"mnist-10d's map of 10,000 codes {seconds:.2f} s after the click")
    expect(page.locator(".atlas .about")).to_contain_text("Trustworthiness 0.9")
    expect(page.locator(".atlas .about")).to_contain_text("where labels are shuffled")


def test_any_place_shows_what_it_decodes_to(open_map, card, model):
    page = open_map()
    share = (0.12, 0.2)  # where no dot is
    page.hover(*share)
    z = np.zeros((1, 3), np.float32)
    z[0, :2] = page.place_of(share)
    page.assert_shows(model, z)
    expect(page.what).to_have_text(re.compile("^A place "))
    _, point = a_code(card, 7)
    page.hover(*page.share_of(point))
    expect(page.what).to_have_text(re.compile(r"^Test image \d+ · a \d$"))


def test_a_linear_map_is_left_and_taken_exactly(open_map, card, model):
    page = open_map("?model=alpha&map=pca,label")
    held_out = load_codes(card).mean
    projection = project(held_out, Settings(method="pca"))
    share = (0.15, 0.15)
    page.hover(*share)
    z, _ = projection.inverse(page.place_of(share)[None])
    page.assert_shows(model, z)


def test_an_image_is_chosen_and_told_about(open_map, card, model):
    page = open_map()
    mean, _ = a_code(card, 7)
    page.page.get_by_role("searchbox").fill("#7")
    page.page.keyboard.press("Enter")
    expect(page.details.get_by_role("heading")).to_have_text(re.compile("^Test image 7 · "))
    page.assert_shows(model, mean[None])
    expect(page.details.locator(".thumb")).to_have_count(8)
    expect(page.details.locator("canvas[data-live=chosen-reconstruction]")).to_be_visible()
    page.details.locator("summary").click()
    expect(page.details.locator(".numbers")).to_contain_text(f"{abs(mean[0]):.2f} ±")
    link = page.details.get_by_role("link", name="Open in Explore").get_attribute("href")
    assert "model=alpha" in link
    np.testing.assert_allclose(
        [float(value) for value in re.search(r"z=([^&]+)", link)[1].split(",")], mean, atol=1e-4
    )
    # Its neighbour is chosen with a press on its picture.
    page.details.locator(".thumb").first.click()
    expect(page.details.get_by_role("heading")).not_to_have_text(re.compile("^Test image 7 · "))
    page.details.get_by_role("button", name="Close").click()
    expect(page.details).to_be_hidden()


def test_the_map_is_dragged_and_zoomed_and_fits_again(open_map):
    page = open_map()
    whole = page.dots.get_attribute("data-view")
    assert page.shown == 40
    page.draw((0.5, 0.5), (0.4, 0.5), (0.3, 0.45))
    eventually(page.page, lambda: check_differs(page, whole))
    page.page.get_by_role("button", name="Show the whole map").click()
    expect(page.dots).to_have_attribute("data-view", whole)
    at = page.place_of((0.3, 0.6))
    page.hover(0.3, 0.6)
    page.page.mouse.wheel(0, -500)
    eventually(page.page, lambda: check_differs(page, whole))
    np.testing.assert_allclose(page.place_of((0.3, 0.6)), at, atol=0.02)  # it stays below the mouse
    eventually(page.page, lambda: check_fewer(page))
    page.marks.press("Home")
    expect(page.dots).to_have_attribute("data-view", whole)


def check_differs(page, view):
    assert page.dots.get_attribute("data-view") != view


def check_fewer(page):
    assert page.shown < 40


def test_the_keyboard_walks_the_map(open_map, model):
    page = open_map()
    page.marks.focus()
    before = page.frame
    for _ in range(5):
        page.marks.press("Shift+ArrowLeft")
    page.marks.press("Enter")
    expect(page.details).to_be_visible()
    assert page.frame > before
    view = page.dots.get_attribute("data-view")
    page.marks.press("+")
    expect(page.dots).not_to_have_attribute("data-view", view)


def test_labels_are_hidden_and_shown_alone(open_map, card):
    page = open_map()
    chip = page.page.locator(".key .chip", has_text="2")
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "false")
    expect(page.dots).to_have_attribute("data-shown", "30")
    chip.click()
    expect(page.dots).to_have_attribute("data-shown", "40")
    chip.click(modifiers=["Shift"])
    expect(page.dots).to_have_attribute("data-shown", "10")


def test_colours_are_those_of_a_quantity(open_map):
    page = open_map()
    for name, title in (("kl", "KL (nats)"), ("z1", "z1"), ("density", "log density")):
        page.page.locator("select.shade").select_option(name)
        expect(page.page.locator(".key")).to_contain_text(title)
    assert "density" in page.page.url


def test_a_lasso_tells_what_a_group_has_in_common(open_map, card):
    page = open_map()
    page.press("Lasso")
    page.draw((0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98))
    expect(page.group.get_by_role("heading")).to_have_text("40 of 40 images")
    expect(page.group.locator(".members figure")).to_have_count(3)
    assert page.group.locator(".bars .bar").count() == 4
    page.press("Box")
    _, point = a_code(card, 7)
    x, y = page.share_of(point)
    page.draw((x - 0.02, y - 0.02), (x + 0.02, y + 0.02))
    expect(page.group.get_by_role("heading")).to_have_text(re.compile(r"^\d of 40 images"))
    page.group.get_by_role("button", name="Clear").click()
    expect(page.group).to_be_hidden()


def test_a_label_that_is_searched_for_becomes_a_group(open_map):
    page = open_map()
    page.page.get_by_role("searchbox").fill("3")
    page.page.keyboard.press("Enter")
    expect(page.group.get_by_role("heading")).to_have_text("10 of 40 images")
    page.page.get_by_role("searchbox").fill("nothing like this")
    page.page.keyboard.press("Enter")
    expect(page.page.locator(".trouble")).to_have_text("Nothing is called nothing like this.")


def test_density_and_holes_are_laid_behind(open_map):
    page = open_map()
    land = page.page.locator("canvas.land")
    ink = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0)"
    assert not land.evaluate(ink)
    page.page.locator("select.behind").select_option("density")
    expect(page.page.locator(".trouble")).to_contain_text("aggregate posterior of 40 codes")
    assert land.evaluate(ink)
    page.page.locator("select.behind").select_option("holes")
    expect(page.page.locator(".trouble")).to_contain_text("of the prior lies where")
    page.page.locator("select.behind").select_option("")
    expect(page.page.locator(".trouble")).to_have_text("")


def test_a_map_is_made_beside_the_page_and_can_be_given_up(open_map):
    page = open_map()
    page.method.select_option("tsne")
    page.ready()
    expect(page.about).to_contain_text("t-SNE keeps neighbours together")
    page.choose("pca")
    expect(page.about).to_contain_text("of the codes' variance")


def test_a_method_whose_package_is_missing_says_so(open_map):
    if find_spec("umap"):
        pytest.skip("umap-learn is installed")
    page = open_map()
    page.method.select_option("umap")
    expect(page.page.locator(".trouble")).to_contain_text("needs the package umap-learn")
    assert page.shown == 40


def test_the_address_keeps_the_map(open_map):
    page = open_map("?model=alpha")
    page.choose("raw")
    page.page.locator("select.up").select_option("2")
    page.page.locator("select.shade").select_option("kl")
    page.press("Copy link")
    link = page.page.evaluate("navigator.clipboard.readText()")
    assert re.search(r"map=raw,\d,2,kl$", link)
    other = open_map(link[link.index("?") :])
    assert other.method.input_value() == "raw"
    assert other.page.locator("select.up").input_value() == "2"
    expect(other.page.locator(".key")).to_contain_text("KL (nats)")


@pytest.mark.parametrize(
    "query", ["map=guess", "map=raw,0,0", "map=raw,99,1", "map=raw", "map=,,,"]
)
def test_an_address_that_means_no_map_gives_the_usual_one(open_map, query):
    page = open_map(f"?model=alpha&{query}")
    assert page.shown == 40


def test_the_map_is_taken_along(open_map, card):
    page = open_map()
    page.page.locator(".downloads summary").click()
    content = {}
    for name in ("PNG", "SVG", "CSV", "NPZ"):
        with page.page.expect_download() as download:
            page.page.get_by_role("button", name=f"({name})").click()
        content[name] = Path(download.value.path()).read_bytes()
    picture = Image.open(io.BytesIO(content["PNG"]))
    assert picture.size == tuple(page.dots.evaluate("c => [c.width, c.height]"))
    assert content["SVG"].count(b"<circle") == 40
    table = np.genfromtxt(io.BytesIO(content["CSV"].split(b"\n", 1)[1]), delimiter=",", names=True)
    codes = load_codes(card)
    rows = [int(np.flatnonzero(codes.index == number)[0]) for number in table["index"]]
    np.testing.assert_allclose(table["x"], codes.mean[rows, 0], atol=1e-5)
    np.testing.assert_allclose(table["y"], codes.mean[rows, 1], atol=1e-5)
    page.press("Copy as Python")
    text = page.page.evaluate("navigator.clipboard.readText()")
    assert "project(codes.mean, Settings(method='raw', dims=(0, 1)" in text


def test_five_digits_of_ones_own_land_among_their_classes(
    shared, shipped_server, open_page, tmp_path, monkeypatch
):
    monkeypatch.setenv("LATENT_DATA_DIR", str(shared / "data"))
    images = load("mnist", "train")
    rows = [int(np.flatnonzero(images.labels == digit)[0]) for digit in (0, 1, 3, 6, 7)]
    files = []
    for row in rows:
        files.append(tmp_path / f"digit{images.labels[row]}.png")
        files[-1].write_bytes(encoded(images.pixels[row, 0], "PNG"))
    page = MapPage(open_page(f"{shipped_server.address}/map?model=mnist-10d")).ready()
    page.press("Upload")
    page.page.locator(".panel[data-panel=upload] input[type=file]").set_input_files(files)
    expect(page.details.get_by_role("heading")).to_have_text("Your picture 5")
    expect(page.details).to_contain_text("have the label 7")
    expect(page.details).to_contain_text("held-out codes")
    card = read_card(ROOT / "checkpoints" / "mnist-10d")
    model, codes = load_model(card), load_codes(card)
    mean, _ = encode(model, images.pixels[rows])
    page.choose("pca")
    projection = project(codes.mean[codes.held_out], Settings(method="pca"))
    for place, star in zip(projection.transform(mean), range(1, 6), strict=True):
        page.press_at(*page.share_of(place))
        expect(page.details.get_by_role("heading")).to_have_text(f"Your picture {star}")
        digit = images.labels[rows[star - 1]]
        expect(page.details).to_contain_text(f"have the label {digit}")


def test_a_drawing_is_a_star_that_follows_the_pen(open_map):
    page = open_map()
    page.press("Draw")
    pad = page.page.locator("canvas.pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.6, steps=8)
    page.page.mouse.up()
    expect(page.details.get_by_role("heading")).to_have_text("Your drawing 1")


def test_it_works_as_a_plain_script_without_routes(start, open_page, small_shelf, tmp_path):
    script = tmp_path / "host.py"
    script.write_text(SCRIPT.format(app=str(ROOT / "app.py")))
    server = start(script=script)
    page = MapPage(open_page(f"{server.address}/map?model=alpha&map=raw,0,1,kl")).ready()
    expect(page.page.locator(".key")).to_contain_text("KL (nats)")
    assert page.shown == 40
    share = (0.12, 0.2)
    page.hover(*share)
    z = np.zeros((1, 3), np.float32)
    z[0, :2] = page.place_of(share)
    page.assert_shows(load_model(read_card(small_shelf / "alpha")), z)


def test_another_model_brings_its_own_map(open_map):
    page = open_map()
    page.page.locator("label.tile", has_text="colour").click()
    expect(page.canvas).to_have_attribute("width", "10")
    page.ready()
    page.choose("pca")
    expect(page.page.locator(".onlyprior")).to_be_hidden()
    expect(page.page.locator("select.behind option[value=holes]")).to_be_disabled()


def test_a_map_that_the_server_has_forgotten_is_asked_for_again(open_map):
    page = open_map(blocked="nothing is")  # what fails may say so in the console
    refused = []

    def refuse_once(route):
        if refused:
            route.continue_()
        else:
            refused.append(route.request.url)
            route.fulfill(status=404)

    page.page.route(re.compile("/api/table/"), refuse_once)
    page.choose("pca")
    assert len(refused) == 1
    expect(page.about).to_contain_text("of the codes' variance")
    assert page.shown == 40


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_has_the_map_below_its_picture(open_map, scheme):
    page = open_map(viewport={"width": 420, "height": 900}, color_scheme=scheme)
    picture, marks = page.canvas.bounding_box(), page.marks.bounding_box()
    assert picture["y"] + picture["height"] < marks["y"] < 700
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 420
