import gzip
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from ui.live import engine
from ui.live.engine import FILES, PACKAGE, VERSION, Engine, EngineError

# Stands in for npm: it makes the files that the real one would bring, or complains as it does.
NPM = f"""#!{sys.executable}
import json, pathlib, sys
assert sys.argv[1:3] == ["ci", "--ignore-scripts"], sys.argv
lock = json.loads(pathlib.Path("package-lock.json").read_text())
assert lock["packages"]["node_modules/{PACKAGE}"]["integrity"].startswith("sha512-")
folder = pathlib.Path("node_modules/{PACKAGE}/dist")
folder.mkdir(parents=True)
for name in {FILES!r}:
    (folder / name).write_text("content of " + name)
(folder / "something-large.wasm").write_text("not wanted")
"""


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Put a script in npm's place."""
    monkeypatch.delenv("LATENT_BROWSER_ENGINE", raising=False)

    def install(script=NPM):
        path = tmp_path / "npm"
        path.write_text(script)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(engine, "_npm", lambda: [str(path)])

    install()
    return install


def test_only_the_files_a_page_needs_are_kept_compressed(npm, tmp_path):
    home = Engine(tmp_path / "cache")
    assert home.state == "missing"
    folder = home.fetch()
    assert home.state == "ready"
    assert folder.name == f"onnxruntime-web-{VERSION}"
    assert {path.name for path in folder.iterdir()} == {f"{name}.gz" for name in FILES}
    content = (folder / f"{FILES[0]}.gz").read_bytes()
    assert gzip.decompress(content).decode() == f"content of {FILES[0]}"
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [folder.name]


def test_files_that_are_there_are_not_fetched_again(npm, tmp_path):
    home = Engine(tmp_path / "cache")
    home.fetch()
    npm("#!/bin/sh\nexit 1\n")
    assert home.fetch() == home.folder
    assert Engine(tmp_path / "cache").state == "ready"


def test_two_at_once_are_fine(npm, tmp_path):
    engines = [Engine(tmp_path / "cache") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(Engine.fetch, engines))
    assert len(folders) == 1
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [folders.pop().name]


def test_a_thread_fetches_and_says_how_far_it_is(npm, tmp_path):
    home = Engine(tmp_path / "cache")
    home.start_fetching()
    home.start_fetching()
    assert home.state in ("fetching", "ready")
    home._thread.join(30)
    assert home.state == "ready"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (
            "#!/bin/sh\necho 'npm error code ENOTFOUND' >&2\nexit 1\n",
            r"^npm could not fetch it \(code ENOTFOUND\)$",
        ),
        ("#!/bin/sh\nexit 1\n", "^npm could not fetch it$"),
        ("#!/no/such/shell\n", "^npm cannot be started: No such file or directory$"),
    ],
)
def test_a_failure_is_one_line_and_leaves_nothing_behind(npm, tmp_path, script, reason):
    npm(script)
    home = Engine(tmp_path / "cache")
    with pytest.raises(EngineError, match=reason):
        home.fetch()
    assert list((tmp_path / "cache").iterdir()) == []
    home.start_fetching()
    home._thread.join(30)
    assert home.state.startswith("failed: npm")


def test_a_file_where_the_cache_should_be_is_named(npm, tmp_path):
    (tmp_path / "cache").write_text("")
    with pytest.raises(EngineError, match=r"cache: (File exists|Not a directory)"):
        Engine(tmp_path / "cache").fetch()


def test_it_can_be_switched_off(npm, tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_BROWSER_ENGINE", "off")
    home = Engine(tmp_path / "cache")
    home.start_fetching()
    assert home.state == "off"
    assert home._thread is None
    assert not (tmp_path / "cache").exists()


def test_the_cache_is_the_users_own_unless_said_otherwise(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_CACHE_DIR", str(tmp_path))
    assert Engine().folder == tmp_path / f"onnxruntime-web-{VERSION}"
    monkeypatch.delenv("LATENT_CACHE_DIR")
    assert "latent" in Engine().folder.parts


def test_npm_of_the_wheel_takes_over_where_the_machine_has_none(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = subprocess.run([*engine._npm(), "--version"], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.strip()[0].isdigit()
