import numpy as np
import pytest

from vae.encoding import LatentTable
from vae.metrics.factors import factor_correlations


def table(mean, **factors):
    n = len(mean)
    return LatentTable(
        mean=np.asarray(mean, np.float32),
        log_var=None,
        index=np.arange(n),
        split=np.array(["test"] * n),
        reconstruction_error=np.zeros(n),
        factors={name: np.asarray(values, np.float32) for name, values in factors.items()},
    )


def test_each_factor_finds_its_own_dimension():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 5000))
    mean = np.stack(
        [random.normal(size=5000), -3 * y + 1, 0.5 * x + 0.5 * random.normal(size=5000)]
    )
    found = {c.factor: c for c in factor_correlations(table(mean.T, x=x, y=y))}
    assert found["y"].dim == 1 and found["y"].correlation == pytest.approx(-1)
    # correlation of x with (x + noise) / 2 is 1 / sqrt(2)
    assert found["x"].dim == 2 and found["x"].correlation == pytest.approx(0.707, abs=0.02)
    assert found["x"].correlation == pytest.approx(np.corrcoef(mean[2], x)[0, 1], abs=1e-5)


def test_an_angle_correlates_with_neither_of_its_coordinates():
    angle = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    (found,) = factor_correlations(table(np.stack([np.cos(angle)], 1), angle=angle))
    assert abs(found.correlation) < 0.01


def test_what_does_not_vary_correlates_with_nothing():
    mean = np.stack([np.ones(9), np.arange(9)], 1)
    found = factor_correlations(table(mean, still=np.ones(9), x=np.arange(9)))
    assert [(c.factor, c.dim) for c in found] == [("x", 1)]
