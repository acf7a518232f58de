"""What the tests do with the map page, in words."""

import numpy as np
from playwright.sync_api import expect

from tests.browser.live_page import LivePage
from tests.browser.waiting import eventually
from vae.latent import decode, to_uint8

STATE = """(marks, [x, y]) => {
  const box = marks.getBoundingClientRect();
  return [box.left + x * box.width, box.top + y * box.height];
}"""


class MapPage(LivePage):
    """The map page in a browser."""

    def __init__(self, page):
        super().__init__(page)
        self.dots = page.locator("canvas[data-live=map]")
        self.atlas = page.locator("section.atlas")
        self.marks = page.locator("canvas.marks")
        self.about = page.locator(".atlas .about")
        self.what = page.locator(".what")
        self.details = page.locator("section.details")
        self.group = page.locator("section.group")
        self.method = page.locator("select.method")

    def ready(self):
        """Wait for the map, all of it."""
        expect(self.dots).not_to_have_attribute("data-drawn", "0")
        expect(self.atlas).to_have_attribute("aria-busy", "false")
        expect(self.page.locator(".progress")).to_be_hidden(timeout=90_000)
        expect(self.canvas).not_to_have_attribute("data-engine", "none")
        expect(self.canvas).not_to_have_attribute("data-frame", "0")
        return self

    def choose(self, method):
        self.method.select_option(method)
        expect(self.atlas).to_have_attribute("data-method", method)
        self.ready()

    @property
    def shown(self):
        """Points that are drawn."""
        return int(self.dots.get_attribute("data-shown"))

    def at(self, x, y):
        """The place on the page of a share of the map's canvas, from the left and the top."""
        self.marks.scroll_into_view_if_needed()
        return self.marks.evaluate(STATE, [x, y])

    def share_of(self, point):
        """Where a point of the map lies, as shares of the canvas."""
        x, y, scale = map(float, self.dots.get_attribute("data-view").split(","))
        width, height = self.dots.evaluate("canvas => [canvas.width, canvas.height]")
        return (
            0.5 + (float(point[0]) - x) * scale / width,
            0.5 - (float(point[1]) - y) * scale / height,
        )

    def place_of(self, share):
        """The point of the map at shares of the canvas."""
        x, y, scale = map(float, self.dots.get_attribute("data-view").split(","))
        width, height = self.dots.evaluate("canvas => [canvas.width, canvas.height]")
        return np.array(
            [x + (share[0] - 0.5) * width / scale, y + (0.5 - share[1]) * height / scale]
        )

    def hover(self, x, y):
        self.page.mouse.move(*self.at(x, y))

    def press_at(self, x, y):
        self.page.mouse.click(*self.at(x, y))

    def draw(self, *places):
        """Drag through shares of the map's canvas."""
        self.page.mouse.move(*self.at(*places[0]))
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*self.at(*place), steps=4)
        self.page.mouse.up()

    def assert_shows(self, model, z):
        """The live picture becomes what torch decodes of a code (1, D)."""
        expected = to_uint8(decode(model, z))[0].astype(int)

        def check():
            assert np.abs(self.pixels[..., :3].astype(int) - expected).max() <= 2

        eventually(self.page, check)
