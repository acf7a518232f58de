"""How fast the picture follows, in a real browser: ``python -m tests.bench.latency``.

For each model: our page with the browser engine, our page with the server engine, and the naive
Streamlit page. Printed are the median and the 95th percentile in ms from a key press, alone in its
quarter of a second, to the first animation frame in which the canvas holds other pixels (in a drag
one could not tell whose picture a change is); pictures a second in a drag of three seconds, and
the messages that Streamlit's script got meanwhile; how long after the last movement the last
picture comes, and whether it is the one that torch decodes; pictures a second hovering over the
latent plane; seconds and kB of a first and a second load.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests.browser.live_page import LivePage, is_live_frame
from tests.browser.serving import CHROMIUM, OPTIONS, ROOT, Server
from vae.checkpoints import Card, read_card

DRAG_SECONDS, MOVES_A_SECOND, KEYS = 3.0, 60, 40
PATIENCE_MS = 60_000
NAIVE = Path(__file__).parent / "naive_page.py"
# Note when a key is pressed and in which animation frame the picture has changed.
WATCH = """
() => {
  const read = FIND;
  const state = (globalThis.bench = { inputs: [], changes: [], moved: 0 });
  const note = (event) => state.inputs.push(event.timeStamp);
  document.addEventListener("keydown", note, { capture: true });
  const move = (event) => event.buttons && (state.moved = event.timeStamp);
  document.addEventListener("pointermove", move, { capture: true });
  let last = read();
  const look = () => {
    const now = read();
    if (now !== null && now !== last) {
      last = now;
      state.changes.push(performance.now());
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""
# A hash of the canvas, which lives in a shadow tree; the address of the loaded image.
CANVAS = """
(() => {
  const roots = [...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean);
  const all = [document, ...roots].flatMap((r) => [...r.querySelectorAll("canvas")]);
  const canvas = all.find((c) => c.dataset.live === "picture");
  const context = canvas.getContext("2d");
  return () => {
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let hash = 17;
    for (let k = 0; k < data.length; k++) hash = (hash * 31 + data[k]) | 0;
    return hash;
  };
})()
"""
IMAGE = """
(() => () => {
  const image = document.querySelector("[data-testid=stImage] img");
  return image && image.complete ? image.src : null;
})()
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", nargs="+", default=["mnist-10d", "emoji-32d"])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=OPTIONS)
        for name in options.models:
            card = read_card(ROOT / "checkpoints" / name)
            for way in ("browser", "server", "naive"):
                rows.append({"model": name, "way": way} | _measure(browser, card, way))
                if not options.json:
                    print(_line(rows[-1]), flush=True)
        browser.close()
    if options.json:
        print(json.dumps(rows, indent=2))


def _measure(browser: Browser, card: Card, way: str) -> dict:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(_server(card, way))
        address = server.address if way == "naive" else f"{server.address}?model={card.name}"
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        stack.callback(page.context.close)
        first = _load(page, way, lambda: page.goto(address))
        second = _load(page, way, page.reload)
        measured = _use(page, card, way)
    return measured | {"first_load": first, "second_load": second}


@contextlib.contextmanager
def _server(card: Card, way: str) -> Iterator[Server]:
    naive = {"script": NAIVE, "arguments": [str(card.path)]} if way == "naive" else {}
    with tempfile.TemporaryDirectory() as folder:
        server = Server(
            ROOT / "checkpoints",
            Path(folder) / "log.txt",
            environment={"LATENT_BROWSER_ENGINE": "on" if way == "browser" else "off"},
            **naive,
        )
        try:
            yield server
        finally:
            server.stop()


def _load(page: Page, way: str, open_it) -> dict:
    """Seconds until the picture is there, and kB that came over the network meanwhile."""
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    sizes = []
    client.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    started = time.perf_counter()
    open_it()
    if way == "naive":
        page.locator("[data-testid=stImage] img").wait_for(timeout=PATIENCE_MS)
    else:
        page.locator("canvas[data-live=picture]:not([data-frame='0'])").wait_for(
            timeout=PATIENCE_MS
        )
    picture = time.perf_counter() - started
    if way != "naive":
        page.locator(f"canvas[data-engine={way}]").wait_for(timeout=PATIENCE_MS)
    ready = time.perf_counter() - started
    page.wait_for_timeout(4000)
    client.detach()
    return {"picture_s": picture, "engine_s": ready, "kB": sum(sizes) / 1000}


def _use(page: Page, card: Card, way: str) -> dict:
    live = LivePage(page)
    if way != "naive":
        live.press("Reset")
    page.evaluate(WATCH.replace("FIND", (IMAGE if way == "naive" else CANVAS).strip()))
    messages: list[dict] = []
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    client.on("Network.webSocketFrameSent", lambda event: messages.append(event))
    slider = page.get_by_role("slider").first if way == "naive" else live.slider(_first_dim(live))
    box = slider.bounding_box()
    if way == "naive":  # its thumb is what one can take hold of
        box = page.locator("[data-testid=stSlider]").first.bounding_box()
        box["y"] += box["height"] / 2 - 4
    updates, sent, last = _drag(page, box, messages)
    exact = bool(live.distance(card) <= 1) if way != "naive" else None
    hovering = _hover(page) if way != "naive" else None
    delays = _keys(page, slider)
    return {
        "median_ms": statistics.median(delays) if delays else None,
        "p95_ms": float(np.percentile(delays, 95)) if delays else None,
        "updates_a_second": updates,
        "last_picture_ms": last if way != "naive" else None,
        "hover_a_second": hovering,
        "script_messages": sent,
        "exact": exact,
    }


def _first_dim(live: LivePage) -> int:
    return int(live.page.locator("input[type=range][data-dim]").first.get_attribute("data-dim"))


def _drag(page: Page, box: dict, messages: list[dict]) -> tuple[float, int, float]:
    """Move to and fro with the button down.

    Returns:
        Pictures a second, messages to Python, and milliseconds from the last movement to the last
        change of the picture.
    """
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.5 * box["width"], middle)
    page.mouse.down()
    page.evaluate("bench.inputs.length = bench.changes.length = 0")
    messages.clear()
    started, moves = time.perf_counter(), 0
    while (passed := time.perf_counter() - started) < DRAG_SECONDS:
        place = 0.5 + 0.4 * np.sin(2.2 * passed)
        page.mouse.move(box["x"] + place * box["width"], middle)
        moves += 1
        time.sleep(max(0.0, started + moves / MOVES_A_SECOND - time.perf_counter()))
    changes = page.evaluate("bench.changes.length")
    page.wait_for_timeout(200)  # less than a rest
    last = page.evaluate("bench.changes.length ? bench.changes.at(-1) - bench.moved : 0")
    sent = sum(not is_live_frame(event) for event in messages)
    page.mouse.up()
    page.wait_for_timeout(1500)
    return changes / DRAG_SECONDS, sent, last


def _hover(page: Page) -> float:
    """Wander over the latent plane; return pictures a second."""
    plane = page.locator("canvas[data-live=plane]")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.evaluate("bench.changes.length = 0")
    started, moves = time.perf_counter(), 0
    while (passed := time.perf_counter() - started) < DRAG_SECONDS:
        across, down = 0.5 + 0.3 * np.sin(2.2 * passed), 0.5 + 0.3 * np.cos(3.1 * passed)
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
        moves += 1
        time.sleep(max(0.0, started + moves / MOVES_A_SECOND - time.perf_counter()))
    return page.evaluate("bench.changes.length") / DRAG_SECONDS


def _keys(page: Page, slider: Locator) -> list[float]:
    """Milliseconds from each of many key presses to the first frame with other pixels."""
    slider.focus()
    page.evaluate("bench.inputs.length = bench.changes.length = 0")
    for _ in range(KEYS):
        slider.press("ArrowRight")
        page.wait_for_timeout(250)
    inputs, changes = page.evaluate("[bench.inputs, bench.changes]")
    return [
        min(change for change in changes if change >= moment) - moment
        for moment in inputs
        if changes and changes[-1] >= moment
    ]


def _line(row: dict) -> str:
    def number(value: float | None) -> str:
        return "-" if value is None else f"{value:.1f}"

    loads = " / ".join(
        f"{row[key]['picture_s']:.2f} s, {row[key]['kB']:,.0f} kB"
        for key in ("first_load", "second_load")
    )
    return (
        f"{row['model']:12} {row['way']:8} median {number(row['median_ms'])} ms, "
        f"p95 {number(row['p95_ms'])} ms, {row['updates_a_second']:.0f} pictures/s in a drag, "
        f"the last {number(row['last_picture_ms'])} ms after it, "
        f"{number(row['hover_a_second'])} hovering, "
        f"{row['script_messages']} script messages, exact {row['exact']}, loads {loads}"
    )


if __name__ == "__main__":
    main()
