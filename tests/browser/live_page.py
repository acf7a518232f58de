"""What the tests do with the live picture, in words."""

import base64
import hashlib

import numpy as np
from playwright.sync_api import expect

from tests.browser.waiting import eventually
from vae.checkpoints import load_codes, load_model
from vae.latent import decode, to_uint8

SIGMAS, MARGIN = 3, 1.06
LIVE_KINDS = (0, 1, 5)  # hello, request, picture


def code_at(card, across, down, dims=(0, 1)):
    """The code (1, D) at a place of the latent plane: a square with all codes, to one scale.

    It holds three sigma of the prior too, where there is one, and the origin.
    """
    mean = load_codes(card).mean[:, list(dims)]
    reach = SIGMAS if card.model.kind == "vae" else 0
    low = np.minimum(mean.min(0), -reach)
    high = np.maximum(mean.max(0), reach)
    half, centre = MARGIN * (high - low).max() / 2, (high + low) / 2
    z = np.zeros((1, card.model.latent_dim), np.float32)
    z[0, list(dims)] = centre + half * np.array([2 * across - 1, 1 - 2 * down])
    return z


def is_live_frame(event):
    """Whether a socket's frame, as DevTools tell it, went to the live socket.

    Those are binary and start with a version and a kind; Streamlit's own talk protobuf.
    """
    if event["response"]["opcode"] != 2:
        return False
    frame = base64.b64decode(event["response"]["payloadData"])
    return len(frame) >= 16 and frame[0] == 1 and frame[1] in LIVE_KINDS


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
        return _pixels(self.canvas)

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

    def z(self, latent_dim):
        """The code (1, D) that the sliders show, folded ones too."""
        self.page.locator("details.fold").evaluate_all("folds => folds.map((f) => (f.open = true))")
        expect(self.slider(latent_dim - 1)).to_be_attached()
        z = np.zeros((1, latent_dim), dtype=np.float32)
        for dim, value in self.values().items():
            z[0, dim] = value
        return z

    def distance(self, card, z=None):
        """Largest difference in grey levels to what torch decodes of ``z``, or of the sliders."""
        z = self.z(card.model.latent_dim) if z is None else z
        expected = to_uint8(decode(load_model(card), z))[0].astype(int)
        return np.abs(self.pixels[..., :3].astype(int) - expected).max()

    def assert_follows_a_drag(self, card, dim=0):
        """The picture changes while the mouse is down, and ends at what torch decodes."""
        self.press("Reset")
        before = self.frame
        seen = self.drag(dim)
        assert seen[-1][0] > before
        assert len({digest for _, digest in seen}) >= 4

        def check():
            assert self.distance(card) <= 1

        eventually(self.page, check)

    def pixels_of(self, name):
        """A canvas of the page by its data-live, (H, W, 3) uint8."""
        return _pixels(self.page.locator(f"canvas[data-live={name}]"))[..., :3]

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


def _pixels(canvas):
    height, width, values = canvas.evaluate(
        "c => [c.height, c.width, Array.from("
        "c.getContext('2d').getImageData(0, 0, c.width, c.height).data)]"
    )
    return np.array(values, dtype=np.uint8).reshape(height, width, 4)
