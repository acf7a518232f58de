import resource
import sys

import pytest
import torch

from vae.bench.timing import in_fresh_process
from vae.memory import KEPT_BYTES, SERVER_BYTES, keep_freed_memory, peak_memory

LINUX = sys.platform == "linux"


def faults_of_a_step(sizes, at_most):
    """Page faults of allocating tensors of so many MiB, once the process has done it before."""
    if at_most:
        keep_freed_memory(at_most)

    def step():
        tensors = [torch.ones(size << 18) for size in sizes]
        del tensors

    for _ in range(3):
        step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    step()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(not LINUX, reason="the system's allocator is glibc's on Linux only")
def test_freed_memory_is_kept_for_the_next_step():
    kept, _ = in_fresh_process(faults_of_a_step, (1, 3, 12, 40, 3), KEPT_BYTES)
    given_back, _ = in_fresh_process(faults_of_a_step, (1, 3, 12, 40, 3), None)
    assert kept < 100 < 1000 < given_back


@pytest.mark.skipif(not LINUX, reason="the system's allocator is glibc's on Linux only")
def test_a_server_keeps_what_a_batch_of_pictures_takes_and_no_more():
    kept, _ = in_fresh_process(faults_of_a_step, (6, 8, 8, 8), SERVER_BYTES)
    given_back, _ = in_fresh_process(faults_of_a_step, (20, 40), SERVER_BYTES)
    assert kept < 100 < 1000 < given_back


@pytest.mark.skipif(not LINUX, reason="only Linux tells the peak")
def test_the_peak_stays_when_memory_is_freed():
    before = peak_memory()
    block = torch.ones(64 << 20, dtype=torch.uint8)
    held = peak_memory()
    del block
    assert held >= before
    assert peak_memory() > held - (1 << 20)  # the kernel counts in batches
