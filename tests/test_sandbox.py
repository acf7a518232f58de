import ctypes
import os
import time

import numpy as np
import pytest

from vae.data import DataError
from vae.importing.sandbox import Limits, SandboxError, run_apart, warm_up

SHORT = Limits(seconds=2)


def echo(content):
    return {"length": len(content)}, [np.frombuffer(content, np.uint8).reshape(2, -1)]


def refuse(content):
    raise DataError("this is not a picture")


def fail(content):
    raise RuntimeError("/secret/path of the server")


def hang(content):
    time.sleep(60)


def spin(content):
    while True:
        pass


def eat(content):
    return {}, [np.ones(1 << 33, np.uint8)]


def crash(content):
    ctypes.string_at(0)


def leave(content):
    os._exit(0)


def look_around(content):
    before = os.listdir(".")
    try:
        with open("x", "w") as file:
            file.write("y" * 100)
        wrote = True
    except OSError:
        wrote = False
    return {"before": before, "wrote": wrote, "pid": os.getpid()}, []


def lie(content):
    return {}, [np.array([object()], dtype=object)]


def test_what_a_reader_returns_comes_back():
    values, (array,) = run_apart(echo, b"abcdef")
    assert values == {"length": 6}
    assert array.tolist() == [[97, 98, 99], [100, 101, 102]]
    array[0, 0] = 1  # it is the caller's own


@pytest.mark.parametrize("size", [0, 1, 40_000_000])
def test_files_of_every_size_arrive(size):
    values, _ = run_apart(measure, b"x" * size)
    assert values["length"] == size


def measure(content):
    return {"length": len(content)}, []


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
        (hang, "took longer than 2 seconds"),
        (spin, "took longer than 2 seconds|took too much time"),
        (eat, "took too much memory"),
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
    warm_up()
    before = set(os.listdir("/proc/self/fd"))
    for read in (echo, crash, hang):
        try:
            run_apart(read, b"xy", Limits(seconds=0.5))
        except SandboxError:
            continue
    assert len(os.listdir("/proc/self/fd")) <= len(before) + 1


def test_it_is_quick_once_it_is_warm(capsys):
    warm_up()
    times = []
    for _ in range(10):
        started = time.perf_counter()
        run_apart(echo, b"ab")
        times.append(time.perf_counter() - started)
    with capsys.disabled():
        print(f"\nsandbox, warm: {1000 * sorted(times)[5]:.0f} ms at the median of 10")
