import math

import pytest
import torch
from torch.distributions import MultivariateNormal, Normal

from vae.distributions import DiagonalGaussian, GaussianPixels
from vae.models import ModelConfig, build_model
from vae.objectives import ObjectiveConfig, compute_objective, decompose_kl


@pytest.fixture
def model():
    return build_model(ModelConfig((1, 8, 8), 3, family="mlp", width=16))


@pytest.fixture
def x(generator):
    return torch.rand(16, 1, 8, 8, generator=generator)


def objective(model, x, seed=0, kl_weight=1.0, **settings):
    return compute_objective(
        model,
        x,
        ObjectiveConfig(**settings),
        data_size=1000,
        kl_weight=kl_weight,
        generator=torch.Generator().manual_seed(seed),
    )


def test_elbo_is_exact_for_a_linear_gaussian_decoder():
    """With orthogonal columns W the exact posterior is diagonal, so the bound is tight.

    p(z) = N(0, I), p(x|z) = N(W z, s^2 I), W^T W = diag(c): q(z|x) has variance
    1 / (1 + c / s^2) and mean variance * W^T x / s^2; log p(x) is N(0, W W^T + s^2 I).
    """
    generator = torch.Generator().manual_seed(3)
    pixels, d, s = 16, 4, 0.3
    basis, _ = torch.linalg.qr(torch.randn(pixels, d, generator=generator, dtype=torch.float64))
    norms = torch.tensor([0.5, 1.0, 2.0, 3.0], dtype=torch.float64)
    w = basis * norms
    x = torch.randn(9, pixels, generator=generator, dtype=torch.float64)
    variance = 1 / (1 + norms**2 / s**2)
    q = DiagonalGaussian(variance * (x @ w) / s**2, variance.log().expand(9, d))
    exact = MultivariateNormal(
        torch.zeros(pixels, dtype=torch.float64),
        w @ w.T + s**2 * torch.eye(pixels, dtype=torch.float64),
    ).log_prob(x)
    prior = DiagonalGaussian(torch.zeros_like(q.mean), torch.zeros_like(q.mean))
    log_scale = torch.tensor(math.log(s), dtype=torch.float64)
    for _ in range(20):  # for every sampled z, not on average
        z = q.sample(generator)
        likelihood = GaussianPixels((z @ w.T).reshape(9, 1, 4, 4), log_scale)
        log_joint = likelihood.log_prob(x.reshape(9, 1, 4, 4)) + prior.log_prob(z)
        torch.testing.assert_close(log_joint - q.log_prob(z), exact, rtol=0, atol=1e-8)
    worse = DiagonalGaussian(q.mean + 0.1, q.log_var)
    z = worse.sample(generator)
    likelihood = GaussianPixels((z @ w.T).reshape(9, 1, 4, 4), log_scale)
    log_joint = likelihood.log_prob(x.reshape(9, 1, 4, 4)) + prior.log_prob(z)
    assert (log_joint - worse.log_prob(z)).mean() < exact.mean() - 0.01


def test_total_is_the_negative_elbo_at_beta_one(model, x):
    terms = objective(model, x)
    kl = model.encode(x).kl_per_dim().sum(1).mean()
    z = model.encode(x).sample(torch.Generator().manual_seed(0))
    nll = -model.decode(z).log_prob(x).mean()
    torch.testing.assert_close(terms.total, nll + kl)
    torch.testing.assert_close(terms.kl, kl)
    assert terms.kl_per_dim.shape == (3,)


def test_beta_and_warm_up_weigh_only_the_kl(model, x):
    plain, heavy = objective(model, x), objective(model, x, beta=4.0)
    torch.testing.assert_close(heavy.total - plain.total, 3 * plain.kl)
    torch.testing.assert_close(heavy.reconstruction_nll, plain.reconstruction_nll)
    cold = objective(model, x, kl_weight=0.0)
    torch.testing.assert_close(cold.total, plain.reconstruction_nll)


def test_warm_up_grows_linearly_to_one():
    config = ObjectiveConfig(warm_up=4)
    assert [config.kl_weight(epoch) for epoch in (0, 1, 4, 9)] == [0, 0.25, 1, 1]
    assert ObjectiveConfig().kl_weight(0) == 1


def test_beta_stays_for_a_third_then_goes_geometrically_to_its_end():
    config = ObjectiveConfig(beta=16, final_beta=1)
    assert [config.beta_at(share) for share in (0, 1 / 3)] == [16, 16]
    assert config.beta_at((1 / 3 + 0.9) / 2) == pytest.approx(4)
    assert config.beta_at(0.9) == config.beta_at(1) == pytest.approx(1)
    assert ObjectiveConfig(beta=3).beta_at(1) == 3


@pytest.mark.parametrize("name", ["elbo", "beta-tc"])
def test_the_beta_of_the_moment_takes_the_place_of_the_first(name, model, x):
    terms = compute_objective(
        model,
        x,
        ObjectiveConfig(name=name, beta=9, final_beta=2),
        data_size=1000,
        beta=4.0,
        generator=torch.Generator().manual_seed(0),
    )
    assert torch.equal(terms.total, objective(model, x, name=name, beta=4.0).total)


def test_free_bits_charge_each_dimension_at_least_their_worth(model, x):
    terms = objective(model, x, free_bits=100.0)
    torch.testing.assert_close(terms.total, terms.reconstruction_nll + 300)
    terms.total.backward()
    # Nothing but the reconstruction moves the encoder while every dimension is below the bound.
    gradient = model.encoder[-1].weight.grad.clone()
    model.zero_grad()
    objective(model, x).reconstruction_nll.backward()
    torch.testing.assert_close(gradient, model.encoder[-1].weight.grad)


def test_an_autoencoder_has_no_kl(x):
    plain = build_model(ModelConfig((1, 8, 8), 3, family="mlp", width=16, kind="autoencoder"))
    for name in ("elbo", "beta-tc"):
        terms = objective(plain, x, name=name)
        assert terms.kl_per_dim is None and terms.kl == 0
        assert terms.total is terms.reconstruction_nll


def test_beta_tc_parts_equal_a_plain_loop_over_torch_distributions(generator):
    m, d, data_size = 6, 2, 50
    mean, log_var, z = torch.randn(3, m, d, generator=generator, dtype=torch.float64)
    mi, tc, dimwise = decompose_kl(DiagonalGaussian(mean, log_var), z, data_size)
    log_qz, log_marginals, log_qzx, log_pz = [], [], [], []
    for i in range(m):
        densities = torch.stack(
            [Normal(mean[j], (log_var[j] / 2).exp()).log_prob(z[i]).exp() for j in range(m)]
        )
        log_qz.append((densities.prod(1).sum() / (data_size * m)).log())
        log_marginals.append((densities.sum(0) / (data_size * m)).log().sum())
        log_qzx.append(densities[i].prod().log())
        log_pz.append(Normal(0.0, 1.0).log_prob(z[i]).sum())
    log_qz, log_marginals, log_qzx, log_pz = map(
        torch.stack, (log_qz, log_marginals, log_qzx, log_pz)
    )
    torch.testing.assert_close(mi, (log_qzx - log_qz).mean())
    torch.testing.assert_close(tc, (log_qz - log_marginals).mean())
    torch.testing.assert_close(dimwise, (log_marginals - log_pz).mean())


def test_beta_tc_parts_add_up_to_the_sampled_kl(generator):
    mean, log_var = torch.randn(2, 32, 5, generator=generator, dtype=torch.float64)
    q = DiagonalGaussian(mean, log_var)
    z = q.sample(generator)
    prior = DiagonalGaussian(torch.zeros_like(z), torch.zeros_like(z))
    torch.testing.assert_close(
        sum(decompose_kl(q, z, 1000)), (q.log_prob(z) - prior.log_prob(z)).mean()
    )


def test_beta_tc_weighs_only_the_total_correlation(model, x):
    plain, heavy = objective(model, x, name="beta-tc"), objective(model, x, name="beta-tc", beta=6)
    torch.testing.assert_close(heavy.total - plain.total, 5 * plain.total_correlation)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "elob"}, "choose one of elbo, beta-tc"),
        ({"beta": -1}, "beta is -1; give a number from 0 to 1000"),
        ({"beta": float("nan")}, "beta is nan"),
        ({"beta": 0, "final_beta": 2}, "beta is 0; between two betas give numbers from 0.001"),
        ({"final_beta": "1"}, "final_beta is '1'"),
        ({"warm_up": -1}, "warm_up is -1"),
        ({"free_bits": "1"}, "free_bits is '1'"),
        ({"name": "beta-tc", "free_bits": 1}, "with beta-tc it must be 0"),
    ],
    ids=str,
)
def test_a_bad_objective_is_named_with_what_is_allowed(settings, message):
    with pytest.raises(ValueError, match=message):
        ObjectiveConfig(**settings)
