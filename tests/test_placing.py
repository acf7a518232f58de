"""What a map of a shipped model promises: its ellipses, and where codes land on it again."""

from pathlib import Path

import numpy as np
import pytest

from vae.checkpoints import load_codes
from vae.projections import PLACING_NEIGHBOURS, Settings, project
from vae.shelf import find_checkpoint

SHELF = Path(__file__).parents[1] / "checkpoints"
SAMPLES = 100_000
# Of 100,000 samples a variance is off by sqrt(2 / N), 0.45 %: 2 % are more than four of those.
WITHIN = 0.02


@pytest.fixture(scope="module")
def table():
    return load_codes(find_checkpoint(SHELF / "mnist-10d"))


@pytest.mark.parametrize("settings", [Settings("pca"), Settings("raw", dims=(3, 8))])
def test_ellipses_of_a_real_model_are_those_of_samples_of_its_posteriors(table, settings):
    made = project(table.mean, settings)
    generator = np.random.default_rng(0)
    rows = generator.choice(len(table), 20, replace=False)
    expected = made.covariance(table.log_var[rows].astype(np.float64))
    for row, covariance in zip(rows, expected, strict=True):
        noise = generator.standard_normal((SAMPLES, table.mean.shape[1]))
        sampled = made.transform(table.mean[row] + np.exp(table.log_var[row] / 2) * noise)
        # In units of the ellipse itself, so that its short axis counts as much as its long one.
        units = np.linalg.inv(np.linalg.cholesky(covariance))
        np.testing.assert_allclose(units @ np.cov(sampled.T) @ units.T, np.eye(2), atol=WITHIN)
        np.testing.assert_allclose(units @ (sampled.mean(0) - made.points[row]), 0, atol=WITHIN)


@pytest.mark.parametrize("settings", [Settings("pca"), Settings("raw", dims=(3, 8))])
def test_a_code_lands_on_a_linear_map_exactly_where_it_was(table, settings):
    made = project(table.mean, settings)
    np.testing.assert_allclose(made.transform(table.mean), made.points, rtol=0, atol=1e-6)


def test_a_code_lands_on_tsne_within_the_spread_of_its_neighbours(table):
    """Encoded again on another machine it is not quite the same, which may not move it far."""
    codes = table.mean[:1500]
    made = project(codes)
    some = slice(0, 300)
    np.testing.assert_array_equal(made.transform(codes[some]), made.points[some])
    noise = np.random.default_rng(0).standard_normal(codes[some].shape)
    again = made.transform(codes[some] + 1e-4 * noise)
    moved = np.linalg.norm(again - made.points[some], axis=1)
    distances = np.linalg.norm(codes[some, None] - codes, axis=2)
    nearest = distances.argsort(1)[:, 1 : PLACING_NEIGHBOURS + 1]
    spread = np.linalg.norm(made.points[nearest] - made.points[some, None], axis=2)
    assert (moved <= spread.max(1)).all()
    # Most land where half of their neighbours are as far or farther; a random place never does.
    assert (moved <= np.median(spread, axis=1)).mean() > 0.8
    random = np.random.default_rng(1).permutation(moved.size)
    astray = np.linalg.norm(again[random] - made.points[some], axis=1)
    assert (astray <= np.median(spread, axis=1)).mean() < 0.1
