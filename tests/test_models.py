import itertools

import pytest
import torch

from vae.distributions import BernoulliPixels, DiagonalGaussian, GaussianPixels, PointMass
from vae.models import ModelConfig, build_model
from vae.objectives import ObjectiveConfig, compute_objective

EVERY_MODEL = [
    {"family": family, "kind": kind, "likelihood": likelihood, "scale": scale}
    for family, kind, (likelihood, scale) in itertools.product(
        ("mlp", "conv"),
        ("vae", "autoencoder"),
        (("bernoulli", None), ("gaussian", None), ("gaussian", 0.1)),
    )
] + [{"family": "conv", "kind": "vae", "likelihood": "bernoulli", "blocks": 2}]
SHAPES = [(1, 8, 8), (3, 8, 128), (1, 28, 20), (3, 21, 37), (1, 128, 128)]


def tiny(shape=(1, 13, 10), latent_dim=3, **settings):
    return build_model(ModelConfig(shape, latent_dim, width=16, channels=4, **settings), seed=1)


@pytest.mark.parametrize("settings", EVERY_MODEL, ids=str)
@pytest.mark.parametrize("n", [1, 7])
def test_shapes_and_ranges_hold_for_every_model(settings, n):
    model = tiny(**settings)
    x = torch.rand(n, 1, 13, 10)
    posterior = model.encode(x)
    variational = settings["kind"] == "vae"
    assert isinstance(posterior, DiagonalGaussian if variational else PointMass)
    assert posterior.mean.shape == (n, 3)
    likelihood = model.decode(posterior.sample())
    assert isinstance(
        likelihood, BernoulliPixels if settings["likelihood"] == "bernoulli" else GaussianPixels
    )
    assert likelihood.mean.shape == x.shape
    assert likelihood.mean.min() >= 0 and likelihood.mean.max() <= 1
    assert likelihood.log_prob(x).shape == (n,)


@pytest.mark.parametrize("settings", EVERY_MODEL, ids=str)
def test_every_parameter_gets_a_gradient(settings, generator):
    model = tiny(**settings)
    terms = compute_objective(
        model, torch.rand(4, 1, 13, 10), ObjectiveConfig(), data_size=4, generator=generator
    )
    terms.total.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("family", ["mlp", "conv"])
@pytest.mark.parametrize("latent_dim", [1, 512])
def test_any_size_and_latent_dim_reconstructs_its_own_shape(shape, family, latent_dim):
    model = tiny(shape, latent_dim, family=family)
    z = model.encode(torch.rand(2, *shape)).mode
    assert z.shape == (2, latent_dim)
    assert model.decode(z).mean.shape == (2, *shape)


def test_the_scale_of_a_gaussian_is_learned_or_fixed():
    learned, fixed = tiny(likelihood="gaussian"), tiny(likelihood="gaussian", scale=0.1)
    assert "log_scale" in dict(learned.named_parameters())
    assert "log_scale" not in dict(fixed.named_parameters())
    assert fixed.decode(torch.zeros(1, 3)).log_scale.exp().item() == pytest.approx(0.1)


def test_a_seed_determines_the_weights_and_leaves_the_global_state():
    before = torch.random.get_rng_state()
    config = ModelConfig((1, 8, 8), 2)
    first, same, other = (build_model(config, seed=s).state_dict() for s in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_vae_and_autoencoder_of_one_config_share_the_network():
    vae, plain = tiny(), tiny(kind="autoencoder")
    shapes = lambda model: [p.shape for p in model.decoder.parameters()]  # noqa: E731
    assert shapes(vae) == shapes(plain)
    assert len(list(vae.encoder.parameters())) == len(list(plain.encoder.parameters()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"latent_dim": 0}, "latent_dim is 0; give an integer from 1 to 512"),
        ({"latent_dim": 513}, "latent_dim is 513"),
        ({"latent_dim": True}, "latent_dim is True"),
        ({"latent_dim": 2.5}, "latent_dim is 2.5"),
        ({"latent_dim": "8"}, "latent_dim is '8'"),
        ({"latent_dim": None}, "latent_dim is None"),
        ({"image_shape": (1, 7, 8)}, "sides 8 to 128"),
        ({"image_shape": (1, 8, 129)}, "sides 8 to 128"),
        ({"image_shape": (2, 8, 8)}, "1 or 3 channels"),
        ({"image_shape": (8, 8)}, "image_shape is"),
        ({"image_shape": (1, 8.0, 8)}, "give integers"),
        ({"family": "transformer"}, "choose one of mlp, conv"),
        ({"kind": "gan"}, "choose one of vae, autoencoder"),
        ({"likelihood": "poisson"}, "choose one of bernoulli, gaussian"),
        ({"activation": "tanh"}, "choose one of relu, silu"),
        ({"scale": 0.0}, "scale is 0.0"),
        ({"scale": float("nan")}, "scale is nan"),
        ({"width": 10**9}, "width is 1000000000"),
        ({"blocks": 9}, "blocks is 9; give an integer from 0 to 8"),
        ({"family": "mlp", "blocks": 1}, "blocks is 1; only the family conv has them"),
    ],
    ids=str,
)
def test_a_bad_value_is_named_with_what_is_allowed(change, message):
    with pytest.raises(ValueError, match=message):
        ModelConfig(**{"image_shape": (1, 8, 8), "latent_dim": 2} | change)


def test_residual_blocks_start_close_to_the_identity():
    decoder = tiny((1, 28, 20), family="conv", blocks=2).decoder
    blocks = [part for part in decoder if hasattr(part, "branch")]
    assert len(blocks) == 2 * 2  # at 7x5 and at 14x10
    features = torch.randn(3, 8, 7, 5, generator=torch.Generator().manual_seed(0))
    change = (blocks[0](features) - features).norm() / features.norm()
    assert 0 < change < 0.1


def test_a_checkpoint_from_before_a_field_keeps_its_network():
    import dataclasses

    config = ModelConfig((1, 8, 8), 2)
    older = {k: v for k, v in dataclasses.asdict(config).items() if k != "blocks"}
    assert ModelConfig.from_dict(older) == config
    assert ModelConfig.from_dict(older).blocks == 0


def test_a_config_is_rebuilt_only_from_exactly_its_fields():
    import dataclasses

    config = ModelConfig((1, 8, 8), 2)
    values = dataclasses.asdict(config)
    assert ModelConfig.from_dict(values) == config
    for broken in (values | {"extra": 1}, {k: v for k, v in values.items() if k != "width"}, []):
        with pytest.raises(ValueError, match="must have exactly"):
            ModelConfig.from_dict(broken)
