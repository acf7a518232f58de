import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from vae.evidence import Reference, weigh
from vae.geodesics import image_length
from vae.interpolation import PATH_NAMES, compare_ways, geodesic, interpolate
from vae.models import ModelConfig, build_model
from vae.paths import linear


@pytest.fixture(scope="module")
def model():
    return build_model(ModelConfig((1, 8, 8), 3, family="mlp", width=16), seed=1)


def codes(n, seed=0):
    return np.random.default_rng(seed).standard_normal((n, 3)).astype(np.float32)


@pytest.mark.parametrize("path", PATH_NAMES)
def test_two_corners_are_the_ends(model, path):
    corners = codes(2)
    way = interpolate(model, corners, path=path, steps=6)
    assert way.shape == (7, 3)
    np.testing.assert_array_equal(way[[0, -1]], corners)


@pytest.mark.parametrize("path", PATH_NAMES)
@pytest.mark.parametrize("n", [3, 4])
def test_more_corners_are_passed_one_after_the_other_and_the_way_closes(model, path, n):
    corners = codes(n)
    way = interpolate(model, corners, path=path, steps=5)
    assert way.shape == (5 * n + 1, 3)
    np.testing.assert_array_equal(way[::5], [*corners, corners[0]])


def test_the_model_is_as_it_was_before(model):
    before = [parameter.requires_grad for parameter in model.parameters()]
    start, end = codes(2)
    found = geodesic(model, start, end)
    assert [parameter.requires_grad for parameter in model.parameters()] == before
    length = image_length(lambda z: model.decode(z).mean, found.path(512))
    assert length == pytest.approx(found.length, rel=1e-3)


def test_mistakes_are_named(model):
    with pytest.raises(ValueError, match="path is 'crooked'; choose one of linear, spherical"):
        interpolate(model, codes(2), path="crooked")
    with pytest.raises(ValueError, match=r"corners has shape \(1, 3\)"):
        interpolate(model, codes(1))


def test_ways_of_every_kind_have_the_same_ends_and_known_lengths(model):
    corners = codes(2)
    ways = compare_ways(model, corners, steps=12)
    assert tuple(ways) == PATH_NAMES

    def decode(z):
        return model.decode(z).mean

    for name, way in ways.items():
        assert way.codes.shape == (13, 3)
        np.testing.assert_array_equal(way.codes[[0, -1]], corners)
        np.testing.assert_allclose(way.codes, interpolate(model, corners, path=name, steps=12))
        fine = interpolate(model, corners, path=name, steps=512)
        assert way.image_length == pytest.approx(image_length(decode, fine), rel=1e-3)
    distance = np.linalg.norm(corners[1] - corners[0])
    assert ways["linear"].latent_length == pytest.approx(distance, rel=1e-5)
    assert ways["geodesic"].image_length <= ways["linear"].image_length


def test_round_several_corners_lengths_add_up(model):
    corners = codes(3)
    ways = compare_ways(model, corners, steps=4)
    legs = [compare_ways(model, corners[[k, (k + 1) % 3]], steps=4) for k in range(3)]
    for name, way in ways.items():
        assert way.codes.shape == (13, 3)
        np.testing.assert_array_equal(way.codes[::4], [*corners, corners[0]])
        for length in ("latent_length", "image_length"):
            total = sum(getattr(leg[name], length) for leg in legs)
            assert getattr(way, length) == pytest.approx(total, rel=1e-6)


def test_near_the_data_a_geodesic_leaves_a_hole_alone():
    """A decoder that is flat in a hole lures the way through it; the data keep it out."""

    class Dark(torch.nn.Module):
        """Codes of radius below 1 are all the same picture: a way through them costs nothing."""

        config = ModelConfig((1, 8, 8), 2)

        def decode(self, z):
            far = (z.norm(dim=1, keepdim=True) - 1).clamp(min=0)
            return SimpleNamespace(mean=(z * far).repeat(1, 32).reshape(-1, 1, 8, 8))

    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 400)
    ring = 1.3 * np.stack([np.cos(angle), np.sin(angle)], 1).astype(np.float32)
    reference = Reference.of(ring, np.full_like(ring, np.log(0.04)))
    corners = 1.3 * np.array([[1, 0], [np.cos(2.6), np.sin(2.6)]], np.float32)
    lowest = {}
    for name, others in (("free", None), ("near", reference)):
        codes = compare_ways(Dark(), corners, steps=60, reference=others)["geodesic"].codes
        # At constant speed no code lies where nothing moves: look between them too.
        between = np.concatenate([linear(*leg, 20) for leg in itertools.pairwise(codes)])
        lowest[name] = weigh(between, reference, ends=corners).log_density.min()
    assert lowest["near"] > lowest["free"] + 3
