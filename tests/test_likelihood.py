import numpy as np
import pytest
import torch
from tiny import bars
from torch.distributions import Bernoulli

from vae.data import ImageSet
from vae.metrics.likelihood import evaluate, measure_images
from vae.models import ModelConfig, build_model


def images_of(pixels: np.ndarray) -> ImageSet:
    return ImageSet(
        name="made",
        split="test",
        pixels=pixels,
        index=np.arange(len(pixels)),
        labels=None,
        label_names=(),
        factors={},
        preprocessing=(),
    )


def model(**settings):
    return build_model(ModelConfig((1, 8, 8), 2, family="mlp", width=16, **settings)).eval()


def test_the_expectation_is_that_of_many_samples():
    vae, images = model(), bars(5)
    x = images.tensor()
    posterior = vae.encode(x)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        draws = [-vae.decode(posterior.sample(generator)).log_prob(x) for _ in range(4000)]
        truth = torch.stack(draws).mean(0).numpy()
    found = measure_images(vae, images, samples=4000).nll
    np.testing.assert_allclose(found, truth, rtol=2e-3)


def test_figures_fit_together_and_are_seeded():
    vae, images = model(), bars(700)
    first = evaluate(vae, images)
    assert first == evaluate(vae, images)
    assert first.reconstruction_nll != evaluate(vae, images, seed=1).reconstruction_nll
    assert first.kl == pytest.approx(sum(first.kl_per_dim))
    assert first.elbo == pytest.approx(-(first.reconstruction_nll + first.kl))
    assert first.psnr == pytest.approx(-10 * np.log10(first.mse))
    assert first.n == 700 and first.split == "train"


def test_the_mean_over_images_does_not_depend_on_the_last_small_batch():
    vae = model()
    one = [evaluate(vae, bars(700).subset(slice(k, k + 1))).mse for k in (0, 250, 699)]
    measured = measure_images(vae, bars(700)).squared_error
    np.testing.assert_allclose(one, measured[[0, 250, 699]], rtol=1e-5)
    assert evaluate(vae, bars(700)).mse == pytest.approx(measured.mean(), rel=1e-6)


def test_binary_images_have_a_bernoulli_likelihood_and_grey_ones_do_not():
    vae = model()
    binary = images_of((bars(9).pixels > 127).astype(np.uint8) * 255)
    assert evaluate(vae, binary).likelihood == "bernoulli"
    assert evaluate(vae, bars(9)).likelihood == "grey-pixel BCE"
    assert evaluate(model(likelihood="gaussian"), bars(9)).likelihood == "gaussian"
    x = binary.tensor()
    with torch.no_grad():
        logits = vae.decode(vae.encode(x).mode).logits
    truth = -Bernoulli(logits=logits).log_prob(x).sum((1, 2, 3))
    np.testing.assert_allclose(measure_images(vae, binary).nll_at_mean, truth, rtol=1e-5)


def test_an_autoencoder_lacks_only_what_it_does_not_have():
    found = evaluate(model(kind="autoencoder"), bars(50))
    assert (found.kl, found.elbo, found.kl_per_dim) == (None, None, None)
    assert found.reconstruction_nll == found.reconstruction_nll_at_mean
    assert found.active_units in (0, 1, 2) and found.mse > 0


def test_a_constant_decoder_has_the_error_of_its_grey():
    flat = model()
    with torch.no_grad():
        for parameter in flat.decoder.parameters():
            parameter.zero_()
    black = images_of(np.zeros((3, 1, 8, 8), np.uint8))
    found = evaluate(flat, black)
    assert found.mse == pytest.approx(0.25)
    assert found.reconstruction_nll == pytest.approx(64 * np.log(2), rel=1e-6)
    assert found.active_units == 0 or found.kl >= 0


def test_images_of_another_shape_are_refused():
    other = images_of(np.zeros((1, 1, 9, 8), np.uint8))
    with pytest.raises(ValueError, match=r"shape \(1, 9, 8\); this model takes \(1, 8, 8\)"):
        evaluate(model(), other)
