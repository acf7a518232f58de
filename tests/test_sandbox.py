import io
import os
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import pytest
from PIL import Image

from tests.readers import (
    crash,
    eat,
    echo,
    fail,
    find_parent,
    flood,
    hang,
    leave,
    lie,
    look_around,
    measure,
    refuse,
    spin,
)
from vae.data import DataError
from vae.importing import sandbox
from vae.importing.pictures import read_stranger
from vae.importing.sandbox import Limits, SandboxError, run_apart

SHORT = Limits(seconds=2)


def test_what_a_reader_returns_comes_back():
    values, (array,) = run_apart(echo, b"abcdef")
    assert values == {"length": 6}
    assert array.tolist() == [[97, 98, 99], [100, 101, 102]]
    array[0, 0] = 1  # it is the caller's own


@pytest.mark.parametrize("size", [0, 1, 40_000_000])
def test_files_of_every_size_arrive(size):
    values, _ = run_apart(measure, b"x" * size)
    assert values["length"] == size


def test_a_refusal_is_the_reader_s_own_sentence():
    with pytest.raises(DataError, match=r"^this is not a picture$"):
        run_apart(refuse, b"")


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (fail, "the file makes its reader crash"),
        (crash, "the file makes its reader crash"),
        (leave, "the file makes its reader crash"),
        (lie, "the file makes its reader crash"),
        (hang, "takes too long"),
        (spin, "takes too long"),
        (eat, "takes too much memory"),
        (flood, "takes too long|reader crash"),
    ],
)
def test_whatever_goes_wrong_is_a_plain_sentence_and_we_live(read, message):
    with pytest.raises(SandboxError, match=message) as caught:
        run_apart(read, b"x", SHORT)
    assert "secret" not in str(caught.value)
    assert run_apart(echo, b"ab")[0] == {"length": 2}


def test_it_works_in_an_empty_folder_where_it_can_write_nothing():
    values, _ = run_apart(look_around, b"")
    assert values["before"] == []
    assert values["wrote"] is False
    assert values["pid"] != os.getpid()


def test_no_process_and_no_file_stays():
    run_apart(echo, b"ab")
    files = len(os.listdir("/proc/self/fd"))
    pids = [run_apart(look_around, b"")[0]["pid"] for _ in range(3)]
    for read in (crash, hang):
        with pytest.raises(SandboxError):
            run_apart(read, b"xy", Limits(seconds=0.5))
    time.sleep(0.5)
    assert len(os.listdir("/proc/self/fd")) == files
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)


def test_a_process_that_nobody_waits_for_ends_by_itself():
    here, there = socket.socketpair()
    request = {"module": hang.__module__, "name": "hang", **asdict(Limits(seconds=1))}
    with here, there:
        process = sandbox._FORKING.fork(request, there)
        sandbox._send(here, b"x", None)
        time.sleep(0.5)
        assert os.path.exists(f"/proc/{process}")
        time.sleep(3)
    assert not os.path.exists(f"/proc/{process}")


def test_it_goes_on_when_the_server_it_forks_from_was_killed():
    parent = run_apart(find_parent, b"")[0]["parent"]
    os.kill(parent, 9)
    time.sleep(0.2)
    assert run_apart(find_parent, b"")[0]["parent"] != parent


def test_many_at_once_do_not_mix_their_answers():
    with ThreadPoolExecutor(8) as pool:
        lengths = pool.map(lambda n: run_apart(measure, b"x" * n)[0]["length"], range(40))
        assert list(lengths) == list(range(40))


def test_the_main_module_is_not_run_again(monkeypatch, tmp_path):
    """Within Streamlit that would be the app."""
    main = tmp_path / "main.py"
    main.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(main), raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    forking = sandbox._Forking()
    monkeypatch.setattr(sandbox, "_FORKING", forking)
    assert run_apart(measure, b"abc")[0] == {"length": 3}
    forking.close()
    assert not (tmp_path / "ran").exists()


def test_it_is_quick_once_it_is_warm(say):
    buffer = io.BytesIO()
    Image.new("L", (64, 64)).save(buffer, "PNG")
    read_stranger(buffer.getvalue())
    times = []
    for _ in range(10):
        started = time.perf_counter()
        read_stranger(buffer.getvalue())
        times.append(time.perf_counter() - started)
    say(f"a picture read apart, warm: {1000 * sorted(times)[5]:.0f} ms, median of 10")
