"""What many visitors cost the server: ``python -m tests.bench.visitors``.

Opens pages whose browsers decode by themselves, moves a slider in each of them 30 times a second,
and prints the server's processor time meanwhile, in per cent of one core: once without a pause,
once with a rest of half a second every two seconds, at which Python hears of the point.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.serving import CHROMIUM, OPTIONS, ROOT, Server

PATIENCE_MS = 120_000
MOVES_A_SECOND = 30
SECONDS = 20
# Move the first slider to and fro; `rest` milliseconds of rest after every two seconds.
DRAG = """
(slider, rest) => {
  const began = performance.now();
  const [low, high] = [Number(slider.min), Number(slider.max)];
  globalThis.dragging = setInterval(() => {
    const t = performance.now() - began;
    if (rest && t % (2000 + rest) > 2000) return;
    slider.value = low + (high - low) * (0.5 + 0.4 * Math.sin(t / 450));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }, 1000 / MOVES);
}
""".replace("MOVES", str(MOVES_A_SECOND))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="mnist-10d")
    parser.add_argument("--visitors", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(
            ROOT / "checkpoints",
            Path(folder) / "log.txt",
            environment={"LATENT_BROWSER_ENGINE": "on"},
        )
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=OPTIONS)
        try:
            address = f"{server.address}?model={options.model}"
            pages = [
                _open(browser.new_context().new_page(), address) for _ in range(options.visitors)
            ]
            for name, rest in (("without a pause", 0), ("resting every 2 s", 500)):
                share, pictures = _measure(server.process.pid, pages, rest)
                print(
                    f"{options.visitors} visitors {name}: {100 * share:.1f} % of one core, "
                    f"{pictures:.1f} pictures a second each"
                )
        finally:
            browser.close()
            server.stop()


def _open(page: Page, address: str) -> Page:
    page.goto(address)
    page.locator("canvas[data-engine=browser]").wait_for(timeout=PATIENCE_MS)
    return page


def _measure(pid: int, pages: list[Page], rest: int) -> tuple[float, float]:
    """Return the server's share of a core, and pictures a second of a page, while all drag."""
    for page in pages:
        page.locator("input[type=range][data-dim]").first.evaluate(DRAG, rest)
    time.sleep(3)
    frames, busy, started = _frames(pages), _seconds_of(pid), time.perf_counter()
    time.sleep(SECONDS)
    busy, passed = _seconds_of(pid) - busy, time.perf_counter() - started
    pictures = (_frames(pages) - frames) / len(pages) / (time.perf_counter() - started)
    for page in pages:
        page.evaluate("clearInterval(dragging)")
    time.sleep(3)
    return busy / passed, pictures


def _frames(pages: list[Page]) -> int:
    canvas = "canvas[data-live=picture]"
    return sum(int(page.locator(canvas).get_attribute("data-frame")) for page in pages)


def _seconds_of(pid: int) -> float:
    """Processor time of a process and its threads so far, from Linux's account of it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
