"""What the tests do with the live picture, in words."""

import hashlib

import numpy as np
from playwright.sync_api import expect


class LivePage:
    """The explore page in a browser."""

    def __init__(self, page):
        self.page = page
        self.canvas = page.locator("canvas[data-live=picture]")
        self.root = page.locator(".live")

    def ready(self):
        """Wait for the first picture and the end of the opening."""
        expect(self.canvas).not_to_have_attribute("data-frame", "0")
        expect(self.canvas).not_to_have_attribute("data-engine", "none")
        expect(self.root).not_to_have_attribute("data-gliding", "")
        self.settle()
        return self

    def settle(self):
        """Wait until no new picture comes for a while."""
        frame = None
        while frame != self.frame:
            frame = self.frame
            self.page.wait_for_timeout(500)

    @property
    def frame(self):
        return int(self.canvas.get_attribute("data-frame"))

    @property
    def pixels(self):
        """The picture (H, W, 4) uint8."""
        height, width, values = self.canvas.evaluate(
            "c => [c.height, c.width, Array.from("
            "c.getContext('2d').getImageData(0, 0, c.width, c.height).data)]"
        )
        return np.array(values, dtype=np.uint8).reshape(height, width, 4)

    @property
    def digest(self):
        return hashlib.sha256(self.pixels.tobytes()).hexdigest()

    def slider(self, dim):
        return self.page.locator(f"input[type=range][data-dim='{dim}']")

    def value(self, dim):
        row = self.page.locator(".row").filter(has=self.slider(dim))
        return float(row.locator("output").get_attribute("data-value"))

    def values(self):
        """The shown coordinates, by dimension."""
        dims = self.page.locator("input[type=range][data-dim]").evaluate_all(
            "inputs => inputs.map((input) => Number(input.dataset.dim))"
        )
        return {dim: self.value(dim) for dim in dims}

    def press(self, name):
        self.page.get_by_role("button", name=name, exact=True).click()
        self.settle()

    def drag(self, dim, start=0.5, end=0.9, steps=12, pictures=4, patience=120):
        """Drag a slider with the mouse; return the pictures seen before the button is released.

        On a busy machine the mouse goes on, to and fro, until it has seen so many pictures or
        has made ``patience`` moves.
        """
        box = self.slider(dim).bounding_box()
        middle = box["y"] + box["height"] / 2
        mouse = self.page.mouse
        mouse.move(box["x"] + start * box["width"], middle)
        mouse.down()
        seen = []
        while len(seen) < steps or (
            len({digest for _, digest in seen}) < pictures and len(seen) < patience
        ):
            turn = len(seen) % (2 * steps)
            place = start + (end - start) * (steps - abs(steps - 1 - turn)) / steps
            mouse.move(box["x"] + place * box["width"], middle)
            self.page.wait_for_timeout(60)
            seen.append((self.frame, self.digest))
        mouse.up()
        self.settle()
        return seen
