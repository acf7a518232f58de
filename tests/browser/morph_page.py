"""What the tests do with the interpolation page, in words."""

import io
import re
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from vae.latent import decode, to_uint8


class MorphPage:
    """The interpolation page in a browser."""

    def __init__(self, page):
        self.page = page
        self.canvas = page.locator("canvas[data-live=picture]")
        self.list = page.locator(".waylist")
        self.cards = page.locator(".corner")
        self.evidence = page.locator(".evidence")
        self.what = page.locator(".what")
        self.round = None

    def ready(self):
        """Wait for the ways through the corners and all pictures along them."""
        expect(self.canvas).not_to_have_attribute("data-engine", "none")
        expect(self.list).not_to_have_attribute("data-waiting", "")
        expect(self.list).to_have_attribute("data-drawn", re.compile(r"\d"))
        if self.round is not None:
            expect(self.list).not_to_have_attribute("data-drawn", self.round)
        self.round = self.list.get_attribute("data-drawn")
        self.page.wait_for_timeout(100)
        return self

    def upload(self, *paths):
        button = self.page.get_by_role("button", name="Upload", exact=True)
        if button.get_attribute("aria-expanded") == "false":
            button.click()
        self.page.locator(".panel[data-panel=upload] input[type=file]").set_input_files(paths)

    def choose(self, letter):
        self.page.get_by_role("button", name=f"Picture {letter}:").click()

    def press(self, name):
        self.page.get_by_role("button", name=name, exact=True).click()

    @property
    def pixels(self):
        """The main picture (H, W, 3) uint8."""
        height, width, values = self.canvas.evaluate(
            "c => [c.height, c.width, Array.from("
            "c.getContext('2d').getImageData(0, 0, c.width, c.height).data)]"
        )
        return np.array(values, np.uint8).reshape(height, width, 4)[..., :3]

    @property
    def frame(self):
        return int(self.canvas.get_attribute("data-frame"))

    def shows(self, model, z):
        """Wait until the main picture is what a code decodes to, by a grey level."""
        expected = picture_of(model, z).astype(int)
        for _ in range(50):
            if np.abs(self.pixels.astype(int) - expected).max() <= 1:
                return True
            self.page.wait_for_timeout(100)
        return False

    def scrub(self, share):
        self.page.locator("input.time").evaluate(
            "(input, t) => { input.value = t; input.dispatchEvent(new Event('input')); }", share
        )

    def over(self, locator, x, y, *, press=False):
        """Move the mouse to a place of an element, 0 to 1; press it there."""
        locator.scroll_into_view_if_needed()
        box = locator.bounding_box()
        self.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if press:
            self.page.mouse.down()
            self.page.mouse.up()

    def stroke(self, pad):
        """Draw a line on the pad with the mouse."""
        self.over(pad, 0.2, 0.2)
        self.page.mouse.down()
        box = pad.bounding_box()
        self.page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.6 * box["height"], steps=5)
        self.page.mouse.up()

    def download(self, name):
        """Press a button of the downloads; return the file's name and content."""
        self.page.locator("details.downloads").evaluate("details => (details.open = true)")
        with self.page.expect_download() as started:
            self.page.get_by_role("button", name=name).click()
        return started.value.suggested_filename, Path(started.value.path()).read_bytes()

    def codes(self):
        """The codes of the corners (N, D) float32, exactly, from the file of codes."""
        _, content = self.download("Codes of all ways")
        with np.load(io.BytesIO(content)) as arrays:
            return arrays["corners"]


def picture_of(model, z):
    """What torch decodes of a code: (H, W, 3) uint8."""
    (pixels,) = to_uint8(decode(model, np.asarray(z, np.float32).reshape(1, -1)))
    return np.broadcast_to(pixels, (*pixels.shape[:2], 3))


def frames_of(content):
    """All pictures of an animation (N, H, W, 3) uint8."""
    image = Image.open(io.BytesIO(content))
    frames = []
    for k in range(image.n_frames):
        image.seek(k)
        frames.append(np.array(image.convert("RGB")))
    return np.stack(frames)
