import math

import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from vae.distributions import BernoulliPixels, DiagonalGaussian, GaussianPixels, PointMass


def random_gaussian(generator, n=7, d=5):
    draw = lambda: torch.randn(n, d, generator=generator, dtype=torch.float64)  # noqa: E731
    return DiagonalGaussian(draw(), draw())


@pytest.mark.parametrize("n", [1, 7])
def test_kl_to_the_prior_equals_torch_distributions(generator, n):
    q = random_gaussian(generator, n)
    truth = kl_divergence(Normal(q.mean, q.std), Normal(0.0, 1.0))
    torch.testing.assert_close(q.kl_per_dim(), truth, rtol=1e-12, atol=1e-12)


def test_kl_to_another_gaussian_equals_torch_distributions(generator):
    q, p = random_gaussian(generator), random_gaussian(generator)
    truth = kl_divergence(Normal(q.mean, q.std), Normal(p.mean, p.std))
    torch.testing.assert_close(q.kl_per_dim(p), truth, rtol=1e-12, atol=1e-12)


def test_kl_has_its_closed_form_and_is_zero_at_the_prior():
    zeros = torch.zeros(1, 3)
    assert DiagonalGaussian(zeros, zeros).kl_per_dim().abs().max() == 0
    # KL(N(2, e^2) || N(0, 1)) = (4 + e^2 - 1 - 2) / 2
    q = DiagonalGaussian(torch.tensor([2.0]), torch.tensor([2.0]))
    assert q.kl_per_dim().item() == pytest.approx((4 + math.e**2 - 3) / 2)


def test_log_prob_equals_torch_distributions(generator):
    q = random_gaussian(generator)
    z = torch.randn(7, 5, generator=generator, dtype=torch.float64)
    truth = Independent(Normal(q.mean, q.std), 1).log_prob(z)
    torch.testing.assert_close(q.log_prob(z), truth, rtol=1e-12, atol=1e-12)


def test_samples_have_the_mean_and_standard_deviation(generator):
    q = DiagonalGaussian(
        torch.tensor([1.0, -2.0]).expand(100_000, 2), torch.tensor([0.0, -2.0]).expand(100_000, 2)
    )
    z = q.sample(generator)
    torch.testing.assert_close(z.mean(0), torch.tensor([1.0, -2.0]), atol=0.02, rtol=0)
    torch.testing.assert_close(z.std(0), torch.tensor([1.0, math.exp(-1)]), atol=0.02, rtol=0)


def test_sampling_is_reparameterised_seeded_and_leaves_the_global_state(generator):
    mean = torch.zeros(4, requires_grad=True)
    log_var = torch.zeros(4, requires_grad=True)
    q = DiagonalGaussian(mean, log_var)
    before = torch.random.get_rng_state()
    z = q.sample(generator)
    assert torch.equal(torch.random.get_rng_state(), before)
    z.sum().backward()
    assert torch.equal(mean.grad, torch.ones(4))
    # dz / d log_var = epsilon * std / 2, and here z = epsilon
    torch.testing.assert_close(log_var.grad, z.detach() / 2)
    assert torch.equal(q.sample(torch.Generator().manual_seed(0)), z)


def test_a_point_mass_samples_itself():
    q = PointMass(torch.tensor([[1.0, 2.0]]))
    assert q.sample() is q.mean and q.mode is q.mean


def test_bernoulli_pixels_equal_torch_distributions_on_binary_images(generator):
    logits = torch.randn(3, 1, 4, 4, generator=generator, dtype=torch.float64)
    x = (torch.rand(3, 1, 4, 4, generator=generator) > 0.5).double()
    truth = Independent(Bernoulli(logits=logits), 3).log_prob(x)
    torch.testing.assert_close(BernoulliPixels(logits).log_prob(x), truth)
    torch.testing.assert_close(BernoulliPixels(logits).mean, Bernoulli(logits=logits).mean)


def test_gaussian_pixels_equal_torch_distributions(generator):
    mean, x = torch.rand(2, 3, 3, 4, 4, generator=generator, dtype=torch.float64)
    truth = Independent(Normal(mean, 0.3), 3).log_prob(x)
    scale = torch.tensor(math.log(0.3), dtype=torch.float64)
    torch.testing.assert_close(GaussianPixels(mean, scale).log_prob(x), truth)
