import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import gaussian_kde, multivariate_normal

from vae.density import AggregatePosterior


def codes(n=50, dims=3, seed=0):
    generator = np.random.default_rng(seed)
    return generator.standard_normal((n, dims)), generator.standard_normal((n, dims)) - 1


@pytest.mark.parametrize("dims", [1, 3, 20])
def test_it_is_the_mixture_that_scipy_says(dims):
    mean, log_var = codes(dims=dims)
    z = np.random.default_rng(1).standard_normal((7, dims))
    parts = [
        multivariate_normal(m, np.diag(np.exp(v))).logpdf(z)
        for m, v in zip(mean, log_var, strict=True)
    ]
    expected = logsumexp(parts, axis=0) - np.log(len(mean))
    np.testing.assert_allclose(
        AggregatePosterior(mean, log_var).log_density(z), expected, rtol=1e-4, atol=1e-4
    )


def test_of_an_autoencoder_it_is_the_kernel_estimate_of_scott():
    mean = codes()[0] * [1, 2, 0.5]
    whitened = (mean - mean.mean(0)) / mean.std(0)
    z = np.random.default_rng(1).standard_normal((5, 3))
    estimate = AggregatePosterior(whitened, None)
    factor = len(mean) ** (-1 / 7)
    parts = [multivariate_normal(m, factor**2 * np.eye(3)).logpdf(z) for m in whitened]
    expected = logsumexp(parts, axis=0) - np.log(len(mean))
    np.testing.assert_allclose(estimate.log_density(z), expected, rtol=1e-4)
    assert gaussian_kde(whitened.T).factor == pytest.approx(factor)


def test_its_gradient_points_to_the_data():
    mixture = AggregatePosterior(np.zeros((1, 2)), np.zeros((1, 2)))
    z = torch.tensor([[2.0, -1.0]], requires_grad=True)
    mixture.log_density_of(z).sum().backward()
    np.testing.assert_allclose(z.grad[0], [-2, 1], rtol=1e-5)


def test_at_its_own_codes_it_is_that_of_all_others():
    mean, log_var = codes()
    mixture = AggregatePosterior(mean, log_var)
    seen = mixture.log_density_at_own(np.array([3, 0]))
    own = mixture.mean.numpy()
    for value, row in zip(seen, (3, 0), strict=True):
        others = np.arange(len(own)) != row
        rest = AggregatePosterior(own[others], mixture.log_var.numpy()[others])
        assert value == pytest.approx(rest.log_density(own[[row]])[0], rel=1e-4)
        left_out = mixture.without(own[[row]])
        assert value == pytest.approx(left_out.log_density(own[[row]])[0], rel=1e-4)


def test_nothing_is_left_out_that_is_not_there():
    mixture = AggregatePosterior(*codes())
    assert mixture.without(np.full((1, 3), 9.0)) is mixture


def test_many_codes_are_represented_by_some():
    mean, log_var = codes(n=20_000, dims=2)
    whole = AggregatePosterior(mean, log_var)
    assert len(whole.mean) == 4000
    z = np.zeros((1, 2))
    part = AggregatePosterior(mean[:10_000], log_var[:10_000])
    assert whole.log_density(z) == pytest.approx(part.log_density(z), abs=0.1)


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r"mean has shape \(0, 2\)"):
        AggregatePosterior(np.zeros((0, 2)), None)
    with pytest.raises(ValueError, match=r"log_var has shape \(1, 2\)"):
        AggregatePosterior(np.zeros((3, 2)), np.zeros((1, 2)))


@pytest.mark.parametrize("count", [50, 5000])
def test_every_code_is_weighed_without_itself_in_its_own_place(count):
    generator = np.random.default_rng(3)
    mean = generator.standard_normal((count, 2)) * [1.0, 0.5]
    mean[7] = [9.0, 9.0]  # far from all others
    log_var = np.full((count, 2), np.log(0.04))
    density = AggregatePosterior(mean, log_var).log_density_without_own(mean)
    assert density.shape == (count,)
    assert density.argmin() == 7
    squares = ((mean[:, None] - mean) ** 2).sum(2) / 0.04
    np.fill_diagonal(squares, np.inf)
    exact = logsumexp(-squares / 2, axis=1) - np.log(0.04 * 2 * np.pi * (count - 1))
    others = np.arange(count) != 7
    error = density[others] - exact[others]
    # Of 5,000 codes 4,000 make up the mixture.
    assert np.abs(error).max() < 1e-3 if count == 50 else np.quantile(np.abs(error), 0.9) < 0.5
    assert np.corrcoef(density[others], exact[others])[0, 1] > 0.97
