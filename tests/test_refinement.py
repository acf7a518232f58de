import numpy as np
import pytest

from vae.latent import decode
from vae.models import ModelConfig, build_model
from vae.refinement import refine


@pytest.fixture(scope="module")
def model():
    return build_model(ModelConfig((1, 8, 8), 3, family="mlp", width=32), seed=0)


def error(model, z, image):
    return np.mean((decode(model, z[None])[0] - image) ** 2)


def test_a_decoded_picture_is_found_again(model):
    truth = np.array([0.8, -1.2, 0.5], np.float32)
    image = decode(model, truth[None])[0]
    found = refine(model, image, np.zeros(3, np.float32), steps=400)
    assert found.after < 1e-3 * found.before
    np.testing.assert_allclose(found.z, truth, atol=0.1)


def test_the_errors_are_those_of_the_codes(model):
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 8), dtype=np.uint8)
    start = np.array([1.0, 0, 0], np.float32)
    found = refine(model, image, start, steps=30)
    assert found.before == pytest.approx(error(model, start, image / 255), rel=1e-5)
    assert found.after == pytest.approx(error(model, found.z, image / 255), rel=1e-5)
    assert found.after < found.before


def test_it_never_gets_worse_and_says_how_far_it_is(model):
    seen = []
    image = decode(model, np.zeros((1, 3), np.float32))[0]
    start = np.zeros(3, np.float32)
    found = refine(model, image, start, steps=5, on_step=lambda *step: seen.append(step))
    np.testing.assert_array_equal(found.z, start)
    assert found.after == found.before
    assert [step for step, _ in seen] == [1, 2, 3, 4, 5]


def test_the_model_is_left_as_it_was(model):
    before = [p.clone() for p in model.parameters()]
    refine(model, np.zeros((1, 8, 8), np.uint8), np.zeros(3, np.float32), steps=3)
    assert all(p.requires_grad for p in model.parameters())
    assert all((a == b).all() for a, b in zip(before, model.parameters(), strict=True))
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize(("image", "start"), [((1, 8, 9), (3,)), ((8, 8), (3,)), ((1, 8, 8), (4,))])
def test_mistakes_are_named(model, image, start):
    with pytest.raises(ValueError, match="this model takes"):
        refine(model, np.zeros(image), np.zeros(start))
