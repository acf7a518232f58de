"""Take the picture of the app for README.md: ``python docs/take_picture.py ADDRESS``.

The app must be running at the address. Debian's Chromium takes the picture.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

WIDTH, HEIGHT = 1180, 820


def take(address: str, path: Path) -> None:
    """Wait until the opening's glide is over and the picture stands still, then save it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(address)
        page.wait_for_selector('canvas[data-live="picture"][data-frame]')
        page.wait_for_timeout(6000)
        page.screenshot(path=path)
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1], Path(__file__).with_name("explore.png"))
