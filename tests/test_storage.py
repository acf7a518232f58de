import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from vae.checkpoints import load_model, read_card
from vae.runs import RunFolder
from vae.shelf import read_shelf
from vae.storage import ORPHAN_SECONDS, publish_folder, replace_file

WRITER = Path(__file__).with_name("writer.py")


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    with publish_folder(tmp_path / "a") as temporary:
        (temporary / "one").write_text("1")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a" / "one").read_text() == "1"
    with pytest.raises(RuntimeError), publish_folder(tmp_path / "b") as temporary:
        (temporary / "one").write_text("1")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_nothing_published_is_overwritten(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    (tmp_path / "empty").mkdir()
    for name in ("file", "full"):
        with pytest.raises(FileExistsError), publish_folder(tmp_path / name):
            pass
    with publish_folder(tmp_path / "empty") as temporary:
        (temporary / "one").write_text("1")
    assert (tmp_path / "empty" / "one").exists()


def test_of_two_writers_of_one_name_the_slower_is_told(tmp_path):
    with pytest.raises(FileExistsError), publish_folder(tmp_path / "a") as slower:
        (slower / "who").write_text("slower")
        with publish_folder(tmp_path / "a") as faster:
            (faster / "who").write_text("faster")
    assert (tmp_path / "a" / "who").read_text() == "faster"


def test_orphans_are_swept_once_they_are_old(tmp_path):
    old, young = tmp_path / ".x.tmp-1", tmp_path / ".y.tmp-2"
    old.mkdir(), young.mkdir()
    past = time.time() - ORPHAN_SECONDS - 10
    os.utime(old, (past, past))
    with publish_folder(tmp_path / "a"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [".y.tmp-2", "a"]


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path):
    path, contents = tmp_path / "pointer", [b"a" * 10_000, b"b" * 20_000]
    replace_file(path, contents[0])
    done = threading.Event()

    def write():
        for k in range(200):
            replace_file(path, contents[k % 2])
        done.set()

    threading.Thread(target=write).start()
    while not done.is_set():
        assert path.read_bytes() in contents
    assert [p.name for p in tmp_path.iterdir()] == ["pointer"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked writers: needs a POSIX system")
def test_200_saves_killed_at_random_leave_nothing_torn_mixed_or_lost(tmp_path):
    """A writer saves checkpoints and run states until it is killed, 200 times.

    It acknowledges each one in a pipe. What it acknowledged must load and be the one it said;
    whatever else is on the shelf must load too; the run must go on from a state it wrote.
    """
    shelf, seed = tmp_path / "shelf", random.Random(0)
    server = subprocess.Popen(
        [sys.executable, str(WRITER), str(shelf)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        saved, states, patience = {}, [], 1.0
        for kill in range(200):
            if len(saved) < kill / 2:
                patience *= 1.05  # a busy machine: it is to be killed in a save, not before
            server.stdin.write(f"{kill} {patience * seed.uniform(0.001, 0.08)}\n")
            server.stdin.flush()
            for line in iter(server.stdout.readline, "killed\n"):
                assert line, "the writer's parent died"
                what, name, identity = line.split()
                if what == "checkpoint":
                    saved[name] = identity
                else:
                    states.append(int(identity))
            found = read_state(shelf)
            assert states == [] or found in (states[-1], states[-1] + 1), (kill, found)
            if found is not None:
                states.append(found)
    finally:
        server.kill()
        server.communicate()
    entries = read_shelf(shelf)
    assert all(entry.ok for entry in entries), [entry.reason for entry in entries if not entry.ok]
    assert saved.items() <= {entry.name: entry.card.id for entry in entries}.items()
    assert len(saved) > 100 and len(states) > 100, "too slow to have been killed in a save"
    for entry in entries:
        model = load_model(read_card(entry.path))
        marker = int(entry.name.split("-")[1]) / 1024
        assert all((p == marker).all() for p in model.parameters()), "mixed weights"


def read_state(shelf: Path) -> int | None:
    """The marker in the newest saved state of the run, which must be of one piece."""

    class Reader:
        def restore(self, tensors, position):
            markers = {float(value.unique()) for value in tensors.values()}
            assert markers == {float(position["step"])}
            self.step = position["step"]

    reader = Reader()
    return reader.step if RunFolder(shelf / "growing").restore(reader) else None


def test_the_writer_is_killed_in_the_middle_of_saves(tmp_path):
    """The test above can fail: without the rename, kills leave torn folders."""
    torn = 0
    context = multiprocessing.get_context("spawn")
    for k in range(20):
        process = context.Process(target=write_in_place, args=(tmp_path / str(k),))
        process.start()
        while not (tmp_path / str(k) / "0").exists():
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        process.close()
        torn += len(list((tmp_path / str(k)).iterdir())) < 400
        if torn:
            return
    raise AssertionError("no save in place was torn")


def write_in_place(folder: Path) -> None:
    folder.mkdir()
    for k in range(400):
        (folder / str(k)).write_bytes(b"x" * 4096)
