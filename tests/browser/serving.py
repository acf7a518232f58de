"""A real server and a real Chromium; every page must stay free of errors in its console."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.ui.shelves import add_checkpoint
from ui.live.engine import ENGINE

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
# A camera that shows a test picture, and a visitor who lets pages use it.
OPTIONS += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
PATIENCE = 30_000  # ms; a new server's first page takes seconds, on a busy machine many
expect.set_options(timeout=PATIENCE)
# Streamlit looks for itself below a deep link before it looks at the root.
ITS_OWN_SEARCH = re.compile(r"/\w+/_stcore/(health|host-config)$")


class Server:
    """``streamlit run`` on a free port of this machine."""

    def __init__(
        self,
        shelf,
        log,
        script=ROOT / "app.py",
        options=(),
        arguments=(),
        base="",
        port=None,
        environment=(),
    ):
        self.port = port = port or free_port()
        self.address = f"http://127.0.0.1:{port}{base}"
        self.shelf = shelf
        self.log = log
        command = [sys.executable, "-m", "streamlit", "run", str(script)]
        command += ["--server.headless", "true", "--server.address", "127.0.0.1"]
        command += ["--server.port", str(port), "--server.fileWatcherType", "none", *options]
        command += ["--", *arguments] if arguments else []
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ
                | {"LATENT_CHECKPOINTS_DIR": str(shelf), "LATENT_BROWSER_ENGINE": "off"}
                | dict(environment),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._wait()

    def _wait(self):
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=1).close()
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.1)
            else:
                return
        raise AssertionError(f"the server does not answer: {self.log.read_text()}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def small_shelf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shelf")
    add_checkpoint(folder, "alpha", title="Alpha", graphs=True)
    add_checkpoint(
        folder, "colour", kind="autoencoder", image_shape=(3, 12, 10), seed=1, graphs=True
    )
    add_checkpoint(folder, "many", latent_dim=40, seed=2)
    return folder


@pytest.fixture(scope="session")
def start(small_shelf, tmp_path_factory):
    """Start servers, each ended when the session is over."""
    servers = []

    def start_one(**settings):
        log = tmp_path_factory.mktemp("server") / "log.txt"
        servers.append(Server(small_shelf, log, **settings))
        return servers[-1]

    yield start_one
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def server(start):
    return start()


@pytest.fixture(scope="session")
def engine_server(start):
    """A server whose pages decode by themselves."""
    if not ENGINE.is_ready:
        pytest.skip("the browser engine is not on this machine: python -m ui.live.engine")
    return start(environment={"LATENT_BROWSER_ENGINE": "on"})


@pytest.fixture(scope="session")
def chromium():
    if not CHROMIUM.exists():
        pytest.skip(f"Chromium is not installed at {CHROMIUM}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Open pages; anything wrong in a console fails the test at its end."""
    contexts, problems = [], []

    def open_one(address, blocked="", **settings):
        """Open a page; requests whose address matches ``blocked`` fail, and may say so."""

        def note(message):
            is_wanted = blocked and "/api/" in (message.location.get("url") or "")
            if message.type in ("error", "warning") and not is_wanted and not is_expected(message):
                problems.append(f"{message.type}: {message.text} {message.location.get('url')}")

        # Without the opening and other motion, which tests would have to wait for.
        usual = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
        settings = usual | settings
        context = chromium.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        if blocked:
            page.route(re.compile(blocked), lambda route: route.abort())
        page.on("console", note)
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.goto(address)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not problems, "\n".join(problems)


def is_expected(message):
    url = message.location.get("url") or ""
    if "willReadFrequently" in message.text:  # the tests read the picture, the page only paints
        return True
    return "404" in message.text and ITS_OWN_SEARCH.search(url)
