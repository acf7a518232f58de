"""Readers of files, good and bad, that the tests send to the sandbox."""

import ctypes
import os
import time

import numpy as np

from vae.data import DataError


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


def flood(content):
    return {}, [np.zeros(1 << 28)]


def lie(content):
    return {}, [np.array([object()], dtype=object)]


def measure(content):
    return {"length": len(content)}, []


def find_parent(content):
    return {"parent": os.getppid()}, []
