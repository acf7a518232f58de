import numpy as np
import pytest

from vae.geodesics import image_length
from vae.interpolation import PATH_NAMES, geodesic, interpolate
from vae.models import ModelConfig, build_model


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
