import math
import os

import pytest
import torch

from vae.bench import run_bench
from vae.bench.limits import matmul_limit, multiplications
from vae.bench.loops import our_run, plain_run
from vae.bench.start_up import StartUpError, start_up
from vae.bench.timing import Laps, in_fresh_process, median_seconds
from vae.models import ModelConfig, build_model


def test_multiplications_are_counted_in_both_halves():
    perceptron = ModelConfig((1, 28, 28), 20, family="mlp", width=400, depth=1)
    expected = 784 * 400 + 400 * 40 + 20 * 400 + 400 * 784
    assert multiplications(build_model(perceptron)) == expected
    # Stride 2 at 8x8: one 3x3 kernel at each of 4x4 places, the same on the way back.
    conv = ModelConfig((1, 8, 8), 2, family="conv", channels=2, width=3, depth=1)
    features = 2 * 16
    convolutions = 9 * 1 * 2 * 16 + 9 * 2 * 4 * 16
    linear = features * 3 + 3 * 4 + 2 * 3 + 3 * features
    assert multiplications(build_model(conv)) == convolutions + linear


def test_the_limit_is_that_of_a_matrix_product():
    limit = matmul_limit(0.05)
    assert set(limit) == {"float32", "bfloat16"}
    assert all(math.isfinite(value) and value > 0 for value in limit.values())


def test_the_median_of_known_times(monkeypatch):
    # Four ends after three of warm-up: steps of 1, 5 and 2 seconds.
    clock = iter([0, 10, 20, 30, 31, 36, 38])
    monkeypatch.setattr("vae.bench.timing.time.perf_counter", lambda: next(clock))
    laps = Laps(seconds=8)
    assert [laps.lap() for _ in range(7)] == [False] * 6 + [True]
    assert laps.median == 2


def test_a_call_is_timed_at_least_five_times():
    calls = []
    assert median_seconds(lambda: calls.append(1), seconds=0) >= 0
    assert len(calls) == 8


def test_a_fresh_process_tells_its_own_peak_memory():
    here = torch.zeros(40 << 20)  # 160 MiB that only this process holds
    small, small_peak = in_fresh_process(os.getpid)
    large, large_peak = in_fresh_process(torch.zeros, 100 << 20, dtype=torch.uint8)
    assert small != os.getpid()
    assert here.numel() and large.numel() == 100 << 20
    assert 90 << 20 < large_peak - small_peak < 300 << 20


def test_both_loops_learn_and_are_measured_on_held_out_images():
    network = {"family": "mlp", "latent_dim": 2, "width": 32, "depth": 1}
    untrained = -0.69 * 784
    for seconds, elbo in (
        plain_run(network, "digits", seed=0),
        our_run(network, "digits", seed=0, epochs=3, batch=128, rate=3e-3, warm_up=0.0),
    ):
        assert seconds > 0
        assert untrained + 150 < elbo < 0


def test_without_chromium_the_start_says_what_is_missing(monkeypatch):
    monkeypatch.setattr("vae.bench.start_up.shutil.which", lambda name: None)
    with pytest.raises(StartUpError, match="needs Chromium: apt-get install chromium"):
        start_up()


def test_a_short_bench_compares_with_the_naive_way(monkeypatch):
    monkeypatch.setattr("vae.bench.run.in_fresh_process", called_here)
    for module in ("loops", "pictures"):
        monkeypatch.setattr(f"vae.bench.{module}.keep_freed_memory", lambda *_: None)
    monkeypatch.setattr("vae.bench.start_up.shutil.which", lambda name: None)
    state, lines = torch.random.get_rng_state(), []
    result = run_bench(seconds=0.03, seeds=0, source="digits", report=lines.append)
    torch.random.set_rng_state(state)
    for name in ("mlp", "conv"):
        training = result[name]["training"]
        assert training["ratio_128"] == pytest.approx(
            training["ours_128"] / training["plain_128"], rel=1e-6
        )
        assert training["plain_128_peak_mib"] == 2
        for what in ("decoding", "encoding"):
            assert set(result[name][what]) == {1, 64, 400}
            assert all(row["ours"] > 0 for row in result[name][what].values())
    assert result["start_up"] is None
    assert "needs Chromium" in lines[-1]


def called_here(function, *arguments, **named):
    """A dozen new processes would only take a dozen times as long to import torch."""
    return function(*arguments, **named), 2 << 20
