"""Medians of how long things take."""

from __future__ import annotations

__all__ = ["Laps", "in_fresh_process", "median_seconds"]

import itertools
import multiprocessing
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import ParamSpec, TypeVar

import torch

from vae.memory import peak_memory

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

WARM_UPS = 3


def in_fresh_process(
    function: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
) -> tuple[Result, int | None]:
    """Call a module's function in a new process, with as many threads as here.

    Returns:
        What it returned, and the peak memory of that process in bytes, None where unknown.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_call, torch.get_num_threads(), function, arguments, named).result()


def _call(threads: int, function: Callable, arguments: tuple, named: dict) -> tuple:
    torch.set_num_threads(threads)
    return function(*arguments, **named), peak_memory()


def median_seconds(call: Callable[[], object], seconds: float) -> float:
    """Return the median time of a call, from at least five calls and as many as fit the time."""
    for _ in range(WARM_UPS):
        call()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


class Laps:
    """Times the steps of a loop, after three of warm-up, until ``seconds`` have passed."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.ends: list[float] = []

    def lap(self) -> bool:
        """Note the end of a step; return whether that was enough."""
        self.ends.append(time.perf_counter())
        timed = self.ends[WARM_UPS:]
        return len(timed) > 1 and timed[-1] - timed[0] >= self.seconds

    @property
    def median(self) -> float:
        """The median seconds of a step."""
        timed = self.ends[WARM_UPS:]
        return statistics.median(after - before for before, after in itertools.pairwise(timed))
