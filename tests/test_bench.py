import math

import pytest
import torch

from vae.bench import _multiplications, matmul_limit, run_bench
from vae.models import ModelConfig, build_model


def test_multiplications_are_counted_in_both_halves():
    perceptron = ModelConfig((1, 28, 28), 20, family="mlp", width=400, depth=1)
    expected = 784 * 400 + 400 * 40 + 20 * 400 + 400 * 784
    assert _multiplications(build_model(perceptron)) == expected
    # Stride 2 at 8x8: one 3x3 kernel at each of 4x4 places, the same on the way back.
    conv = ModelConfig((1, 8, 8), 2, family="conv", channels=2, width=3, depth=1)
    features = 2 * 16
    convolutions = 9 * 1 * 2 * 16 + 9 * 2 * 4 * 16
    linear = features * 3 + 3 * 4 + 2 * 3 + 3 * features
    assert _multiplications(build_model(conv)) == convolutions + linear


def test_the_limit_is_that_of_a_matrix_product():
    limit = matmul_limit(0.05)
    assert set(limit) == {"float32", "bfloat16"}
    assert all(math.isfinite(value) and value > 0 for value in limit.values())


def test_a_short_bench_compares_with_the_naive_way(monkeypatch):
    monkeypatch.delenv("LATENT_DATA_DIR", raising=False)
    monkeypatch.setattr("vae.bench._images", small_images)
    state = torch.random.get_rng_state()
    lines = []
    result = run_bench(seconds=0.05, seeds=0, report=lines.append)
    torch.random.set_rng_state(state)
    for name in ("mlp", "conv"):
        training = result[name]["training"]
        assert training["ratio_128"] == pytest.approx(
            training["ours_128"] / training["plain_128"], rel=1e-6
        )
        assert set(result[name]["decoding"]) == set(result[name]["encoding"]) == {1, 64, 400}
    assert len(lines) == 1 + 2 * 7


def small_images():
    from vae.data import load

    digits = [load("digits", split, image_shape=(1, 28, 28)) for split in ("train", "test")]
    return tuple(digits)
