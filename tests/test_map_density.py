from pathlib import Path

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from vae.checkpoints import load_codes
from vae.metrics.map_density import kernel_width, map_density
from vae.projections import Projection, Settings, project
from vae.shelf import find_checkpoint

SHELF = Path(__file__).parents[1] / "checkpoints"
SQUARE = (-4.0, -4.0, 8.0)
SIDE = 32
CELL = 8 / SIDE


def linear(points, *, dims=2, axes=None, centre=None):
    """A linear map of codes that lie at these points."""
    axes = np.eye(2, dims) if axes is None else axes
    centre = np.zeros(dims) if centre is None else centre
    codes = points @ axes + centre
    return Projection(Settings("pca"), codes, points.astype(np.float32), axes, centre)


def turned(degrees):
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def cell_means(mean, covariance, square=SQUARE, side=SIDE):
    """What scipy's distribution function says of each cell."""
    lines = [square[axis] + square[2] / side * np.arange(side + 1) for axis in (0, 1)]
    corners = np.stack(np.meshgrid(*lines), axis=-1)
    below = multivariate_normal(mean, covariance).cdf(corners)
    return np.diff(np.diff(below, axis=0), axis=1) / (square[2] / side) ** 2


@pytest.mark.parametrize("degrees", [0, 30, 45])
@pytest.mark.parametrize(
    "std", [(0.06, 0.06), (0.1, 0.04), (0.3, 0.3), (0.2, 0.05), (0.9, 0.25), (2.0, 1.5), (1.2, 0.4)]
)
def test_a_posterior_is_the_gaussian_that_scipy_says(std, degrees):
    mean, std = np.array([[0.31, -0.77]]), np.array(std)
    made = linear(mean, axes=turned(degrees))
    found = map_density(made, np.log(std**2)[None], SQUARE, side=SIDE)
    (covariance,) = made.covariance(np.log(std**2)[None])
    expected = cell_means(mean[0], covariance)
    # Of the highest density it has; a narrow one's cells do not reach that.
    peak = 1 / (2 * np.pi * std.prod())
    assert np.abs(found.data - expected).max() < 1.5e-3 * peak
    assert np.abs(found.data - expected).sum() * CELL**2 < 6e-3


@pytest.mark.parametrize("std", [1e-4, 0.02, 0.1, 0.7])
def test_a_density_makes_one_however_narrow(std):
    points = np.random.default_rng(0).uniform(-1, 1, (300, 2))
    log_var = np.full((300, 2), 2 * np.log(std))
    found = map_density(linear(points), log_var, (-8.0, -8.0, 16.0), side=64)
    assert found.data.sum() * 0.25**2 == pytest.approx(1, abs=1e-4)
    assert found.prior.sum() * 0.25**2 == pytest.approx(1, abs=1e-4)
    assert found.n == 300
    assert found.kernel is None


def test_a_square_shows_its_part_only_and_rows_go_up():
    found = map_density(
        linear(np.array([[0.0, 0.5]])), np.full((1, 2), -4.0), (0.0, -2.0, 4.0), side=16
    )
    assert found.data.sum() * 0.25**2 == pytest.approx(0.5, abs=1e-3)
    row, column = np.unravel_index(found.data.argmax(), found.data.shape)
    assert (row, column) in {(9, 0), (10, 0)}


@pytest.mark.parametrize("side", [16, 128])
def test_looking_closely_shows_the_same_density(side):
    """Far inside a wide Gaussian lines are much wider than cells, and splines fill in."""
    made = linear(np.array([[0.1, 0.2]]), axes=turned(20))
    log_var = np.log(np.array([[0.8, 0.5]]) ** 2)
    square = (0.5, 0.3, 0.1)
    found = map_density(made, log_var, square, side=side)
    centres = [square[axis] + 0.1 / side * (np.arange(side) + 0.5) for axis in (0, 1)]
    places = np.stack(np.meshgrid(*centres), axis=-1)
    expected = multivariate_normal([0.1, 0.2], made.covariance(log_var)[0]).pdf(places)
    np.testing.assert_allclose(found.data, expected, rtol=2e-3)


def test_the_prior_is_where_the_map_has_it():
    axes, centre = np.eye(2, 3), np.array([1.0, -0.5, 2.0])
    made = linear(np.zeros((4, 2)), dims=3, axes=axes, centre=centre)
    found = map_density(made, np.zeros((4, 3)), SQUARE, side=SIDE)
    np.testing.assert_allclose(found.prior, cell_means([-1, 0.5], np.eye(2)), atol=2e-5)
    stretched = linear(np.zeros((4, 2)), dims=3, axes=np.array([[1, 1, 0], [0, 0.5, 0]]))
    found = map_density(stretched, np.zeros((4, 3)), SQUARE, side=SIDE)
    expected = cell_means([0, 0], [[2, 0.5], [0.5, 0.25]])
    np.testing.assert_allclose(found.prior, expected, atol=5e-4)


def test_the_aggregate_is_that_of_samples_of_its_posteriors():
    """A real model, of thousands of posteriors thin and wide: 400,000 samples counted in cells."""
    table = load_codes(find_checkpoint(SHELF / "mnist-10d"))
    made = project(table.mean, Settings("pca"))
    found = map_density(made, table.log_var, SQUARE, side=SIDE)
    generator = np.random.default_rng(0)
    counts = np.zeros((SIDE, SIDE))
    for _ in range(40):
        noise = generator.standard_normal(table.mean.shape)
        x, y = made.transform(table.mean + np.exp(table.log_var / 2) * noise).T
        counts += np.histogram2d(y, x, SIDE, [[-4, 4], [-4, 4]])[0]
    expected = found.data * CELL**2 * 40 * len(table)
    # Counts vary as Poisson's do: chi-squared, divided by its degrees of freedom, is about 1.
    many = expected > 100
    deviation = (counts - expected)[many] / np.sqrt(expected[many])
    assert many.sum() > 300
    assert (deviation**2).mean() < 1.15


def test_holes_are_where_the_prior_is_and_the_data_are_not():
    points = np.random.default_rng(0).standard_normal((3000, 2)) * np.sqrt(1 - 0.09)
    points[:, 0] = np.abs(points[:, 0])  # the left half is empty
    found = map_density(linear(points), np.full((3000, 2), np.log(0.09)), SQUARE, side=64)
    centres = -4 + 8 / 64 * (np.arange(64) + 0.5)
    middle = np.abs(centres) < 2
    assert found.holes[np.ix_(middle, centres < -1)].all()
    assert not found.holes[np.ix_(middle, (centres > 0.2) & (centres < 2))].any()


@pytest.mark.parametrize("method", ["tsne", "pca"])
def test_without_posteriors_or_axes_a_kernel_stands_for_each_point(method):
    points = np.random.default_rng(0).standard_normal((400, 2)) * [1, 0.5]
    axes, centre = (np.eye(2), np.zeros(2)) if method == "pca" else (None, None)
    made = Projection(Settings(method), points, points.astype(np.float32), axes, centre)
    log_var = None if method == "pca" else np.zeros((400, 2))  # t-SNE has no use for them
    found = map_density(made, log_var, SQUARE, side=64)
    assert (found.prior, found.holes) == (None, None)
    assert found.kernel == pytest.approx(kernel_width(points))
    lines = -4 + 8 / 64 * (np.arange(64) + 0.5)
    places = np.stack(np.meshgrid(lines, lines), axis=-1).reshape(-1, 2)
    kernel = multivariate_normal([0, 0], found.kernel**2 * np.eye(2))
    expected = np.mean([kernel.pdf(places - point) for point in points], axis=0).reshape(64, 64)
    assert np.abs(found.data - expected).max() < 0.02 * expected.max()


def test_a_kernel_is_as_wide_as_points_are_apart_not_as_clusters_are():
    points = np.random.default_rng(0).uniform(size=(10_000, 2))
    # A circle about a point holds 100 others where 10000 pi r^2 = 100.
    assert kernel_width(points) == pytest.approx(np.sqrt(0.01 / np.pi) / 2, rel=0.05)
    assert kernel_width(7 * points) == pytest.approx(7 * kernel_width(points))
    apart = points + 10 * (np.arange(10_000) % 2)[:, None]
    assert kernel_width(apart) == pytest.approx(np.sqrt(2) * kernel_width(points), rel=0.05)


@pytest.mark.parametrize("points", [np.zeros((1, 2)), np.zeros((50, 2))])
def test_few_and_equal_points_have_a_density(points):
    made = Projection(Settings("tsne"), points, points.astype(np.float32))
    found = map_density(made, None, (-1.0, -1.0, 2.0), side=16)
    assert found.data.sum() / 64 == pytest.approx(1, abs=1e-4)


def test_a_map_of_one_dimension_is_a_line():
    codes = np.random.default_rng(0).standard_normal((100, 1))
    found = map_density(project(codes, Settings("pca")), np.zeros((100, 1)), SQUARE, side=SIDE)
    assert found.data.sum() * CELL**2 == pytest.approx(1, abs=0.05)
    assert (found.data.sum(1) > 0).sum() <= 4


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r"log_var has shape \(3, 2\); give that of the map's"):
        map_density(linear(np.zeros((4, 2))), np.zeros((3, 2)), SQUARE)
