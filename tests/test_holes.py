from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ive
from scipy.stats import chi2, multivariate_normal, norm

from vae.checkpoints import load_codes
from vae.density import AggregatePosterior
from vae.metrics.holes import measure_holes
from vae.projections import Projection, Settings, project
from vae.shelf import find_checkpoint

SHELF = Path(__file__).parents[1] / "checkpoints"


def filling(n, dims, std, seed=0):
    """Posteriors of this width whose aggregate is the prior, but for their number."""
    mean = np.sqrt(1 - std**2) * np.random.default_rng(seed).standard_normal((n, dims))
    return mean, np.full((n, dims), 2 * np.log(std))


def both_ways(mean, log_var, **how):
    """In latent space, and on a turned and shifted map of both of its dimensions."""
    axes = np.array([[0.6, -0.8], [0.8, 0.6]])
    centre = np.array([0.7, -0.2])
    points = ((mean - centre) @ axes.T).astype(np.float32)
    turned = Projection(Settings("pca"), mean, points, axes, centre)
    return [measure_holes(mean, log_var, on, **how) for on in (None, turned)]


def test_codes_that_fill_the_prior_leave_no_holes():
    for found in both_ways(*filling(5000, 2, 0.3)):
        assert found.share < 0.003
        assert found.control < 0.003
        assert (found.samples, found.codes, found.dims) == (2000, 5000, 2)


def test_collapsed_posteriors_leave_none_at_all():
    found = measure_holes(np.zeros((5, 20)), np.zeros((5, 20)))
    assert (found.share, found.control, found.standard_error) == (0, 0, 0)
    assert found.dims == 20


@pytest.mark.parametrize("dims", [2, 10, 32])
def test_one_narrow_gaussian_leaves_what_is_outside_a_ball(dims):
    std = 0.7
    found = measure_holes(np.zeros((3, dims)), np.full((3, dims), 2 * np.log(std)), samples=20_000)
    # Its density is std^-D exp(-r^2 (1 / std^2 - 1) / 2) of the prior's.
    squared = 2 * (np.log(10) - dims * np.log(std)) / (1 / std**2 - 1)
    share = chi2.sf(squared, dims)
    assert found.share == pytest.approx(share, abs=4 * found.standard_error + 1e-9)
    assert found.standard_error == pytest.approx(np.sqrt(share * (1 - share) / 20_000), rel=0.1)


def test_half_a_plane_of_codes_leaves_the_other_half():
    std = 0.3
    mean, log_var = filling(8000, 2, std)
    mean[:, 0] = np.abs(mean[:, 0])
    # Along it the aggregate is skew-normal, 2 f(z) F(slope z) (Azzalini 1985): F < 1/20 is a hole.
    slope = np.sqrt(1 - std**2) / std
    share = norm.cdf(norm.ppf(0.05) / slope)
    for found in both_ways(mean, log_var):
        assert found.share == pytest.approx(share, abs=4 * found.standard_error)
        assert found.control < 0.01


def test_a_ring_of_codes_leaves_its_inside_and_what_is_beyond():
    radius, std, n = 1.5, 0.1, 1000
    angles = 2 * np.pi * np.arange(n) / n
    mean = radius * np.stack([np.cos(angles), np.sin(angles)], 1)

    def is_hole(r):  # a circle blurred: the density of Rice
        ring = np.exp(-0.5 * ((r - radius) / std) ** 2) / std**2 * ive(0, r * radius / std**2)
        return ring < 0.1 * np.exp(-0.5 * r**2)

    share = quad(lambda r: r * np.exp(-0.5 * r**2) * is_hole(r), 0, 10, limit=1000)[0]
    assert 0.3 < share < 0.8
    for found in both_ways(mean, np.full((n, 2), 2 * np.log(std)), samples=4000):
        assert found.share == pytest.approx(share, abs=4 * found.standard_error)


def test_too_few_posteriors_leave_gaps_and_the_control_says_so():
    found = measure_holes(*filling(200, 2, 0.05))
    assert found.share > 0.3
    assert found.control == pytest.approx(found.share, abs=0.08)


def test_a_map_hides_holes_that_the_space_has():
    """A shell in three dimensions: seen from outside it is a disc."""
    mean, log_var = filling(2000, 3, 0.2)
    mean *= 2 / np.linalg.norm(mean, axis=1, keepdims=True)
    made = project(mean, Settings("raw"))
    assert measure_holes(mean, log_var).share > 0.5
    assert measure_holes(mean, log_var, made).share < 0.15


@pytest.mark.parametrize(
    ("settings", "n"), [(None, 3000), (Settings("pca"), 40), (Settings("raw", dims=(7, 2)), 40)]
)
def test_of_a_real_model_it_is_what_others_say(settings, n):
    """With the density that evidence weighs, and with scipy's on the map, sample by sample."""
    table = load_codes(find_checkpoint(SHELF / "mnist-10d"))
    mean, log_var = table.mean[:n], table.log_var[:n].astype(np.float64)
    made = settings and project(table.mean, settings)
    found = measure_holes(mean, log_var, made, samples=500, seed=3)
    z = np.random.default_rng(3).standard_normal((500, 10))
    if made is None:
        data = AggregatePosterior(mean, log_var).log_density(z)
        prior = norm.logpdf(z).sum(1)
    else:
        places, points = (made.transform(codes) for codes in (z, mean))
        pairs = zip(points, made.covariance(log_var), strict=True)
        data = np.log(np.mean([multivariate_normal(*pair).pdf(places) for pair in pairs], axis=0))
        prior = multivariate_normal(-made.axes @ made.centre).logpdf(places)
    assert found.share == pytest.approx((data < prior - np.log(10)).mean(), abs=1.5 / 500)
    assert 0 < found.share < 1


def test_the_same_seed_gives_the_same_and_others_differ():
    codes = filling(300, 2, 0.1)
    assert measure_holes(*codes) == measure_holes(*codes)
    assert measure_holes(*codes) != measure_holes(*codes, seed=1)


def test_mistakes_are_named():
    codes = np.zeros((5, 2))
    with pytest.raises(ValueError, match=r"shapes \(5, 2\) and \(4, 2\)"):
        measure_holes(codes, np.zeros((4, 2)))
    bent = Projection(Settings("tsne"), codes, codes)
    with pytest.raises(ValueError, match="method 'tsne' without two linear axes"):
        measure_holes(codes, codes, bent)
    line = np.random.default_rng(0).standard_normal((9, 1))
    with pytest.raises(ValueError, match="method 'pca' without two linear axes"):
        measure_holes(line, line, project(line, Settings("pca")))
