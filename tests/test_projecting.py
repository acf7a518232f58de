import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from vae import projecting
from vae.map_cache import MapCache
from vae.projecting import MAX_WAITING, ProjectionQueue
from vae.projections import ProjectionError, Settings, project

ROOT = Path(__file__).parents[1]
SHORT = Settings(early=20, late=40)
LONG = Settings(early=20, late=10_000)
PATIENCE = 120  # seconds on a busy machine; nothing here takes so long

APP = """
import sys, time
from pathlib import Path
import numpy as np
from vae import projecting
from vae.map_cache import MapCache
from vae.projections import Settings

projecting.PROGRAM = projecting.PROGRAM.replace("main()", sys.argv[2] + "main()")
queue = projecting.ProjectionQueue(cache=MapCache(Path(sys.argv[1])))
codes = np.random.default_rng(0).standard_normal((300, 5))
work = queue.start(codes, Settings(late=10_000))
while work.points is None:
    time.sleep(0.01)
print(work.pid, flush=True)
time.sleep(600)
"""
SILENCE = """
import time
from vae import projector

def project(codes, settings, *, on_progress, threads):
    on_progress(0.5, codes[:, :2])
    time.sleep(600)

projector.project = project
"""


def codes_of(n=300, seed=0):
    return np.random.default_rng(seed).standard_normal((n, 5)).astype(np.float32)


@pytest.fixture
def queue(tmp_path):
    made = ProjectionQueue(cache=MapCache(tmp_path / "maps"))
    yield made
    made.close()


@pytest.fixture
def no_process(monkeypatch):
    """From here on, a process that is started fails the test."""
    monkeypatch.setattr(projecting, "PROGRAM", "raise SystemExit('a process was started')")


def until(condition, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_gone(pid):
    return not os.path.exists(f"/proc/{pid}")


def begin(queue, settings=LONG, **codes):
    """Start a work, wait until it has told something, and return it with its process's number."""
    work = queue.start(codes_of(**codes), settings)
    until(lambda: work.points is not None or work.is_done)
    assert work.state == "running", work.error
    return work, work.pid


def test_it_is_the_map_that_is_made_here_and_its_progress_is_seen(queue):
    codes = codes_of(3000)
    work = queue.start(codes, SHORT)
    assert work.state in ("starting", "waiting") and work.place == 0
    shares, seen = [], []
    while not work.wait(0.002):
        shares.append(work.share)
        if work.points is not None:
            seen.append(work.points)
            assert work.seconds_left is None or work.seconds_left >= 0
    assert (work.state, work.error) == ("done", "")
    assert shares == sorted(shares) and len(set(shares)) >= 3
    assert all(points.shape == (3000, 2) and np.isfinite(points).all() for points in seen)
    assert all(points.dtype == np.float32 for points in seen)
    np.testing.assert_array_equal(work.result.points, project(codes, SHORT).points)
    np.testing.assert_array_equal(work.result.codes, codes)
    assert work.result.settings == SHORT
    assert work.share == 1 and work.pid is None


def test_its_process_is_niced_and_has_loaded_no_torch(queue):
    _, pid = begin(queue)
    assert os.getpriority(os.PRIO_PROCESS, pid) >= min(19, os.nice(0) + 10)
    assert "torch" not in Path(f"/proc/{pid}/maps").read_text()
    assert "openTSNE" in Path(f"/proc/{pid}/maps").read_text()
    threads = f"OMP_NUM_THREADS={queue.threads}\0"
    assert threads in Path(f"/proc/{pid}/environ").read_text()
    assert 1 <= queue.threads <= max(1, len(os.sched_getaffinity(0)) - 1)


def test_cancelling_ends_the_process(queue):
    work, pid = begin(queue, n=3000)  # minutes of work
    work.cancel()
    assert (work.state, work.result, work.error) == ("cancelled", None, "")
    until(lambda: is_gone(pid), 10)
    work.cancel()
    assert work.state == "cancelled"


def test_a_work_can_be_cancelled_while_its_process_starts(queue):
    with queue._lock:  # which it takes to start the process
        work = queue.start(codes_of(3000), LONG)
        work.cancel()
    until(lambda: not queue._running, 10)
    assert work.state == "cancelled" and work.pid is None
    assert queue.start(codes_of(), SHORT).wait(PATIENCE)


def test_a_killed_process_is_a_plain_sentence(queue):
    work, pid = begin(queue)
    os.kill(pid, signal.SIGKILL)
    assert work.wait(PATIENCE)
    assert (work.state, work.result) == ("failed", None)
    assert "ended from outside, most likely because memory ran short" in work.error
    assert is_gone(pid)
    after = queue.start(codes_of(), SHORT)
    assert after.wait(PATIENCE) and after.state == "done"


@pytest.mark.parametrize(
    ("happens", "error"),
    [
        ("raise SystemExit(3)", "crashed; try again, or take another method"),
        (
            "from vae import projector\ndef project(*_, **__): raise MemoryError\n"
            "projector.project = project",
            "takes more memory than there is",
        ),
        (
            "from vae import projector, projections\ndef project(*_, **__):\n"
            "    raise projections.ProjectionError('no such method here')\n"
            "projector.project = project",
            "^no such method here$",
        ),
        (
            "import numpy\nfrom vae import projector, projections\n"
            "projector.project = lambda codes, settings, **_: projections.Projection(\n"
            "    settings, codes, numpy.full((len(codes), 2), numpy.nan))",
            "tsne found no map of these codes",
        ),
    ],
    ids=["crash", "memory", "refused", "nowhere"],
)
def test_whatever_goes_wrong_in_the_process_is_a_plain_sentence(queue, monkeypatch, happens, error):
    program = projecting.PROGRAM.replace("from vae.projector", f"{happens}\nfrom vae.projector")
    monkeypatch.setattr(projecting, "PROGRAM", program)
    work = queue.start(codes_of(), SHORT)
    assert work.wait(PATIENCE)
    assert work.state == "failed"
    assert re.search(error, work.error)


def test_it_says_when_no_process_can_be_started(queue, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    work = queue.start(codes_of(), SHORT)
    assert work.wait(PATIENCE)
    assert "no process for this map can be started (No such file or directory)" in work.error


@pytest.mark.parametrize("silence", ["", SILENCE], ids=["telling", "silent"])
def test_the_process_ends_when_the_app_is_killed(tmp_path, silence):
    """Also in the middle of long work, when nothing tells it that nobody listens."""
    with subprocess.Popen(
        [sys.executable, "-c", APP, str(tmp_path), silence],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as app:
        pid = int(app.stdout.readline())
        assert not is_gone(pid)
        app.kill()
        app.wait()
        until(lambda: is_gone(pid) or " Z " in Path(f"/proc/{pid}/stat").read_text())


def test_the_same_map_again_is_there_at_once_in_every_session(queue, tmp_path, no_process):
    made = project(codes_of(), SHORT)
    MapCache(tmp_path / "maps").keep(SHORT, made)
    for one in (queue, ProjectionQueue(cache=MapCache(tmp_path / "maps"))):
        work = one.start(codes_of(), SHORT)
        assert work.is_done and work.state == "done"
        np.testing.assert_array_equal(work.result.points, made.points)


def test_a_map_is_kept_and_made_anew_where_it_was_damaged(queue, tmp_path):
    assert queue.start(codes_of(), SHORT).wait(PATIENCE)
    (path,) = (tmp_path / "maps").iterdir()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    again = queue.start(codes_of(), SHORT)
    assert not again.is_done
    assert again.wait(PATIENCE) and again.state == "done"
    assert path.read_bytes() == content


def test_others_wait_in_line_and_say_their_place(queue):
    first, pid = begin(queue)
    second, third, fourth = (queue.start(codes_of(seed=n), SHORT) for n in (1, 2, 3))
    assert [work.place for work in (first, second, third, fourth)] == [0, 1, 2, 3]
    assert {work.state for work in (second, third, fourth)} == {"waiting"}
    third.cancel()
    assert third.is_done and fourth.place == 2
    first.cancel()
    assert fourth.wait(PATIENCE) and second.is_done
    assert (second.state, fourth.state) == ("done", "done")
    assert is_gone(pid)


def test_who_waited_for_the_same_map_starts_no_process(queue, monkeypatch):
    first = queue.start(codes_of(3000), SHORT)
    second = queue.start(codes_of(3000), SHORT)
    until(lambda: first.state == "running")
    assert second.place == 1
    monkeypatch.setattr(projecting, "PROGRAM", "raise SystemExit('a process was started')")
    assert second.wait(PATIENCE) and second.state == "done"
    np.testing.assert_array_equal(second.result.points, first.result.points)


def test_two_at_once_where_that_is_asked_for(tmp_path):
    queue = ProjectionQueue(2, cache=MapCache(tmp_path))
    pids = {begin(queue, n=n)[1] for n in (200, 300)}
    assert len(pids) == 2
    assert queue.start(codes_of(50), SHORT).place == 1
    queue.close()
    until(lambda: all(map(is_gone, pids)))


def test_the_line_is_not_endless(queue, no_process):
    queue.at_once = 0
    for seed in range(MAX_WAITING):
        queue.start(codes_of(10, seed), SHORT)
    with pytest.raises(ProjectionError, match="maps are waiting to be made already"):
        queue.start(codes_of(10, 99), SHORT)


@pytest.mark.parametrize("settings", [Settings("pca"), Settings("raw", dims=(1, 3))])
def test_what_is_quick_needs_no_process(queue, no_process, settings):
    work = queue.start(codes_of(), settings)
    assert (work.state, work.share) == ("done", 1)
    np.testing.assert_array_equal(work.result.points, project(codes_of(), settings).points)
    np.testing.assert_array_equal(work.result.axes, project(codes_of(), settings).axes)


def test_codes_all_alike_have_a_map_too(queue):
    for _ in range(2):  # the second time from the cache
        work = queue.start(np.ones((20, 3)), SHORT)
        assert work.wait(PATIENCE) and work.state == "done", work.error
        assert work.result.settings.method == "pca"
        assert (work.result.points == 0).all()


@pytest.mark.parametrize("settings", [SHORT, Settings("pca")])
@pytest.mark.parametrize(
    ("codes", "error"),
    [
        (np.full((50, 3), np.nan), "codes hold NaN or infinity; give finite numbers"),
        (np.zeros((0, 3)), r"codes have shape \(0, 3\)"),
        (np.float32(1), r"codes have shape \(\)"),
    ],
)
def test_codes_that_are_no_codes_are_named_at_once(queue, no_process, codes, settings, error):
    with pytest.raises(ProjectionError, match=error):
        queue.start(codes, settings)


def test_whoever_asked_may_change_their_codes(queue):
    codes = codes_of()
    work = queue.start(codes, SHORT)
    codes[:] = 0
    assert work.wait(PATIENCE)
    np.testing.assert_array_equal(work.result.points, project(codes_of(), SHORT).points)
