"""The map's points beside Plotly's scattergl, in Chromium: ``python -m tests.bench.scatter``.

The same points in as many pixels, each library with its own fresh page three times: milliseconds
from the page's navigation, and from its request of the points, to the frame after the first draw;
frames a second in a drag of three seconds (animation frames in which the points were drawn anew);
milliseconds of one full redraw; and bytes. Ours has the real modules, the real route and the real
columns. Plotly gets the same columns as typed arrays, a trace a class; its bytes are those of the
JSON that ``st.plotly_chart`` would send, which the page here need not read.

A redraw of ours is a new view, drawn and read back by a pixel; one of Plotly's is a
``Plotly.relayout`` to new ranges, read back by a pixel too. The canvas is 760 x 560 CSS pixels.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import plotly
import plotly.graph_objects as go
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from tests.browser.serving import CHROMIUM, OPTIONS, ROOT, free_port
from ui.charts import PALETTE
from ui.live.bundle import bundle
from ui.live.tables import PATH, Tables, table_route
from ui.live.tokens import SIGNER

WIDTH, HEIGHT = 760, 560
CLASSES, RUNS, REDRAWS = 10, 3, 7
DRAG_SECONDS = 3.0
PATIENCE_MS = 120_000
# What the map draws so many points with (SIZES in scatter.js), as a diameter.
SIZES = {10_000: 4.0, 100_000: 1.8, 1_000_000: 1.0}
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
LIVE = ROOT / "ui" / "live"
GOAL_FRAMES, GOAL_DRAWN_MS = 30, 3000

PAGE = """<!doctype html>
<style>
  body {{ margin: 0 }}
  .sheet {{ position: relative; width: {width}px; height: {height}px }}
  .sheet > canvas {{ position: absolute; inset: 0; width: 100%; height: 100% }}
  .zoom, .progress {{ display: none }}
</style>
<div id="plot"></div>
<template>{markup}</template>
<script>{watch}</script>
<script {script}"""
# Note every frame in which something was drawn, whichever of the ways it was.
WATCH = """
const bench = { isDirty: false, frames: 0 };
const note = (prototype, name) => {
  const work = prototype[name];
  prototype[name] = function (...values) {
    bench.isDirty = true;
    return work.apply(this, values);
  };
};
note(CanvasRenderingContext2D.prototype, "putImageData");
note(WebGLRenderingContext.prototype, "drawArrays");
note(WebGLRenderingContext.prototype, "drawElements");
const look = () => {
  if (bench.isDirty) bench.frames += 1;
  bench.isDirty = false;
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
addEventListener("pointerdown", ({ pointerId }) => (bench.pointer = pointerId), true);
const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
// Waits until what WebGL was told is drawn; gives how many of the pixels have a colour.
const settle = () => {
  let inked = 0;
  for (const canvas of document.querySelectorAll(".gl-canvas")) {
    const gl = canvas.getContext("webgl");
    const pixels = new Uint8Array(4 * canvas.width * canvas.height);
    gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    inked = Math.max(inked, inkOf(pixels));
  }
  return inked;
};
const touch = () => {
  for (const canvas of document.querySelectorAll(".gl-canvas")) {
    const gl = canvas.getContext("webgl");
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  }
};
const inkOf = (pixels) => {
  let inked = 0;
  for (let k = 3; k < pixels.length; k += 4) if (pixels[k]) inked += 1;
  return inked;
};
"""
OURS = """
async ({ map, token }) => {
  const asked = performance.now();
  const { draw, canvas } = await showOurs(map, token);
  while (Number(canvas().dataset.drawn) === 0 || canvas().width !== map.width) await nextFrame();
  await nextFrame();
  bench.first = { navigation: performance.now(), request: performance.now() - asked };
  bench.draw = draw;
  bench.inked = () => {
    const { width, height } = canvas();
    return inkOf(canvas().getContext("2d").getImageData(0, 0, width, height).data);
  };
}
"""
THEIRS = """
async ({ map, token, layout, size, opacity }) => {
  const asked = performance.now();
  const headers = { Authorization: `Bearer ${token}` };
  const get = async (name) =>
    (await fetch(`/${map.address}/${name}`, { headers })).arrayBuffer();
  const [places, label] = await Promise.all([get("points"), get("label")]);
  const [points, classes] = [new Float32Array(places), new Uint8Array(label)];
  const traces = map.names.map((name, k) => {
    const rows = [];
    for (let row = 0; row < classes.length; row++) if (classes[row] === k) rows.push(row);
    return {
      type: "scattergl", mode: "markers", name,
      x: Float32Array.from(rows, (row) => points[2 * row]),
      y: Float32Array.from(rows, (row) => points[2 * row + 1]),
      marker: { size, opacity, color: map.colours[k] },
    };
  });
  const plot = document.getElementById("plot");
  await Plotly.newPlot(plot, traces, layout, { displayModeBar: false });
  touch();
  await nextFrame();
  bench.first = { navigation: performance.now(), request: performance.now() - asked };
  const { range: [low, high] } = plot.layout.xaxis;
  bench.draw = async (share) => {
    const [middle, half] = [(low + high) / 2, (high - low) / 2 / share];
    await Plotly.relayout(plot, { "xaxis.range": [middle - half, middle + half] });
    touch();
  };
  bench.inked = settle;
}
"""
# Milliseconds of one redraw: the median of some.
REDRAW = """
async (times) => {
  const took = [];
  for (let k = 0; k < times; k++) {
    const started = performance.now();
    await bench.draw(1 + 0.02 * (k + 1));
    took.push(performance.now() - started);
    await nextFrame();
  }
  return took.sort((a, b) => a - b)[times >> 1];
}
"""
# A movement in each frame, which is what a page gets from a mouse. After a real press the page
# makes them itself: sent from outside, each would wait for another process.
DRAG = """
async ({ seconds, width, height }) => {
  const started = performance.now();
  bench.frames = 0;
  let passed = 0;
  while (passed < seconds) {
    const clientX = (0.5 + 0.3 * Math.sin(2.2 * passed)) * width;
    const clientY = (0.5 + 0.2 * Math.sin(3.1 * passed)) * height;
    const said = { clientX, clientY, buttons: 1, bubbles: true, pointerId: bench.pointer };
    const below = document.elementFromPoint(clientX, clientY);
    below.dispatchEvent(new PointerEvent("pointermove", { ...said, pointerType: "mouse" }));
    below.dispatchEvent(new MouseEvent("mousemove", said));
    await nextFrame();
    passed = (performance.now() - started) / 1000;
  }
  return bench.frames / passed;
}
"""
BYTES = """
(address) =>
  performance.getEntriesByType("resource")
    .filter(({ name }) => name.includes(address))
    .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)
"""


@dataclass(frozen=True)
class Cloud:
    """Points in random order, and the class of each."""

    points: np.ndarray
    label: np.ndarray

    @classmethod
    def of(cls, count: int) -> Cloud:
        """Make one with a cluster for each class."""
        generator = np.random.default_rng(0)
        centres = generator.uniform(-50, 50, (CLASSES, 2))
        label = generator.integers(0, CLASSES, count).astype(np.uint8)
        points = centres[label] + generator.normal(0, 12, (count, 2))
        return cls(points.astype(np.float32), label)

    @property
    def json_bytes(self) -> int:
        """What ``st.plotly_chart`` would send of these points."""
        figure = go.Figure()
        for k in range(CLASSES):
            x, y = self.points[self.label == k].T
            figure.add_scattergl(x=x, y=y, mode="markers", marker_color=PALETTE[k])
        return len(figure.to_json())


@dataclass(frozen=True)
class Measured:
    """One way with one number of points.

    Attributes:
        drawn_ms: From navigation to the frame after the first draw.
        answered_ms: The same from the request of the points, all scripts loaded.
        frames: Frames a second in a drag.
        redraw_ms: One full redraw.
        payload: Bytes of the points on their way to the page.
    """

    drawn_ms: float
    answered_ms: float
    frames: float
    redraw_ms: float
    payload: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--counts", nargs="+", type=int, default=list(SIZES))
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    clouds = {count: Cloud.of(count) for count in options.counts}
    found = {}
    with sync_playwright() as playwright, _server(clouds) as address:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=OPTIONS)
        for count, cloud in clouds.items():
            found[count] = _compare(browser, address, cloud, options.runs)
            if not options.json:
                _print(count, *found[count], is_first=count == options.counts[0])
        browser.close()
    if options.json:
        rows = {n: {"ours": asdict(a), "plotly": asdict(b)} for n, (a, b) in found.items()}
        print(json.dumps(rows, indent=2))
    else:
        _judge(found)


def _compare(browser: Browser, address: str, cloud: Cloud, runs: int) -> tuple[Measured, Measured]:
    """Measure ours and Plotly's in turns: a busy machine is busy for both."""
    rounds = [
        [_measure(browser, address, cloud, way) for way in ("ours", "plotly")] for _ in range(runs)
    ]
    ours, theirs = (_median(way) for way in zip(*rounds, strict=True))
    return ours, theirs


def _median(runs: tuple[Measured, ...]) -> Measured:
    rows = [asdict(run) for run in runs]
    return Measured(**{name: statistics.median(row[name] for row in rows) for name in rows[0]})


def _measure(browser: Browser, address: str, cloud: Cloud, way: str) -> Measured:
    context = browser.new_context(
        viewport={"width": WIDTH + 40, "height": HEIGHT + 90}, device_scale_factor=1
    )
    with contextlib.closing(context):
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{address}/{way}")
        page.evaluate(OURS if way == "ours" else THEIRS, _told(cloud))
        first, inked = page.evaluate("[bench.first, bench.inked()]")
        assert inked > WIDTH * HEIGHT / 50, f"{way} shows next to nothing: {inked} pixels"
        frames = _drag(page)
        return Measured(
            drawn_ms=first["navigation"],
            answered_ms=first["request"],
            frames=frames,
            redraw_ms=page.evaluate(REDRAW, REDRAWS),
            payload=page.evaluate(BYTES, PATH) if way == "ours" else cloud.json_bytes,
        )


def _told(cloud: Cloud) -> dict:
    """What a page must know before it asks for the points."""
    count = len(cloud.points)
    axis = {"showgrid": False, "zeroline": False, "showticklabels": False}
    return {
        "map": {
            "key": str(count),
            "address": f"{PATH}/{count}",
            "count": count,
            "names": [str(k) for k in range(CLASSES)],
            "colours": list(PALETTE),
            "width": WIDTH,
        },
        "token": SIGNER.sign([str(count)]),
        "size": SIZES.get(count, 1.0),
        "opacity": 225 / 255,
        "layout": {
            "width": WIDTH,
            "height": HEIGHT,
            "margin": dict.fromkeys("lrtb", 0),
            "dragmode": "pan",
            "showlegend": False,
            "xaxis": axis,
            "yaxis": axis,
        },
    }


def _drag(page: Page) -> float:
    """Move the points about with the button down; return frames a second that show it."""
    page.mouse.move(WIDTH / 2, HEIGHT / 2)
    page.mouse.down()
    page.mouse.move(WIDTH / 2 + 20, HEIGHT / 2)
    page.wait_for_timeout(100)
    frames = page.evaluate(DRAG, {"seconds": DRAG_SECONDS, "width": WIDTH, "height": HEIGHT})
    page.mouse.up()
    page.wait_for_timeout(500)
    return frames


@contextlib.contextmanager
def _server(clouds: dict[int, Cloud]) -> Iterator[str]:
    """Serve both pages, and the points by the app's own route, on this machine alone."""
    tables = Tables(len(clouds))
    for count, cloud in clouds.items():
        columns = {"points": lambda c=cloud: c.points, "label": lambda c=cloud: c.label}
        tables.offer(str(count), str(count), columns)
    app = Starlette(routes=[*_pages(), table_route(tables)])
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server does not start"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def _pages() -> list[Route]:
    ours = _page(f'type="module">{_script()}</script>')
    theirs = _page('src="/plotly.min.js"></script>')

    def library(request: Request) -> Response:
        return FileResponse(PLOTLY, media_type="text/javascript")

    return [
        Route("/ours", lambda request: HTMLResponse(ours)),
        Route("/plotly", lambda request: HTMLResponse(theirs)),
        Route("/plotly.min.js", library),
    ]


def _page(script: str) -> str:
    markup = (LIVE / "map.html").read_text(encoding="utf-8")
    return PAGE.format(width=WIDTH, height=HEIGHT, markup=markup, watch=WATCH, script=script)


def _script() -> str:
    """Return the app's modules and ours, joined as the app joins its own."""
    with tempfile.TemporaryDirectory() as folder:
        for path in (*(LIVE / "js").glob("*.js"), Path(__file__).with_suffix(".js")):
            name = "bench-entry.js" if path.stem == "scatter" and path.parent != LIVE / "js" else ""
            shutil.copy(path, Path(folder) / (name or path.name))
        return bundle(Path(folder) / "bench-entry.js")


def _print(count: int, ours: Measured, theirs: Measured, *, is_first: bool) -> None:
    if is_first:
        print(f"{'':26}{'ours':>12}{'Plotly':>12}{'ours is':>16}")
    print(f"{count:,} points")
    rows = (
        ("first draw, from start", "drawn_ms", "ms", "sooner", False),
        ("first draw, from request", "answered_ms", "ms", "sooner", False),
        ("frames a second in a drag", "frames", "", "more", True),
        ("full redraw", "redraw_ms", "ms", "faster", False),
        ("payload", "payload", "kB", "smaller", False),
    )
    for title, name, unit, word, more in rows:
        a, b = getattr(ours, name), getattr(theirs, name)
        share = 1000 if unit == "kB" else 1
        ratio = a / b if more else b / a
        values = "".join(f"{value / share:>9,.1f} {unit:2}" for value in (a, b))
        print(f"  {title:26}{values}{ratio:>7.1f}x {word}", flush=True)


def _judge(found: dict[int, tuple[Measured, Measured]]) -> None:
    """Say whether the map keeps its promises."""
    if 100_000 in found:
        frames = found[100_000][0].frames
        print(f"100,000 points at {GOAL_FRAMES} frames a second or more: {frames >= GOAL_FRAMES}")
    if 1_000_000 in found:
        drawn = found[1_000_000][0].drawn_ms
        print(f"1,000,000 points drawn within {GOAL_DRAWN_MS / 1000:g} s: {drawn <= GOAL_DRAWN_MS}")


if __name__ == "__main__":
    main()
