"""How long the app takes from nothing to its first picture, in a real browser."""

from __future__ import annotations

__all__ = ["StartUpError", "start_up"]

import importlib.util
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

APP = Path(__file__).parents[2] / "app.py"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Enough for a slow machine; a start that takes longer is not a start.
PATIENCE = 60.0
PICTURE = "canvas[data-live=picture][data-frame]:not([data-frame='0'])"


class StartUpError(RuntimeError):
    """The start cannot be measured here; the message says what is missing."""


def start_up(repeats: int = 3) -> dict[str, float]:
    """Measure fresh starts of the app, each with a fresh browser.

    Returns:
        Medians in seconds. ``serving``: from the command to the first answer. ``cold``: from
        opening the address on that new server to the first picture. ``next_visitor``: the same for
        one who comes after, whose browser knows nothing either. ``warm``: for that one's reload.

    Raises:
        StartUpError: if the app, Playwright or Chromium is not here, or nothing appears.
    """
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    for missing, what in (
        (not APP.exists(), "app.py, which is in the project's folder"),
        (importlib.util.find_spec("playwright") is None, "Playwright: see requirements-dev.txt"),
        (browser is None, "Chromium: apt-get install chromium"),
    ):
        if missing:
            raise StartUpError(f"the start of the app is not measured; it needs {what}")
    runs = [_one_start(browser) for _ in range(repeats)]
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def _one_start(browser: str) -> dict[str, float]:
    from playwright.sync_api import Error, sync_playwright  # for developers only

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser, args=["--no-sandbox", "--disable-gpu"]
        )
        started = time.perf_counter()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", str(APP), "--server.headless", "true"]
        command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
        server = subprocess.Popen(
            command,
            cwd=APP.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{address}/_stcore/health", server)
            serving = time.perf_counter() - started
            first, second = (chromium.new_context().new_page() for _ in range(2))
            return {
                "serving": serving,
                "cold": _seconds_to_picture(first, lambda: first.goto(address)),
                "next_visitor": _seconds_to_picture(second, lambda: second.goto(address)),
                "warm": _seconds_to_picture(second, second.reload),
            }
        except Error as error:
            raise StartUpError(f"no picture appeared: {str(error).splitlines()[0]}") from error
        finally:
            chromium.close()  # first: the server does not end while a page is connected
            server.terminate()
            server.wait(PATIENCE)


def _wait_for(address: str, server: subprocess.Popen) -> None:
    end = time.perf_counter() + PATIENCE
    while time.perf_counter() < end:
        try:
            urllib.request.urlopen(address, timeout=1).close()
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.01)
        else:
            return
    raise StartUpError("the app does not start: try `streamlit run app.py` and see what it says")


def _seconds_to_picture(page: Page, open_it: Callable[[], object]) -> float:
    started = time.perf_counter()
    open_it()
    page.locator(PICTURE).wait_for(timeout=1000 * PATIENCE)
    return time.perf_counter() - started
