"""How well a model explains images: the ELBO and its parts, in nats per image."""

from __future__ import annotations

__all__ = [
    "ACTIVE_VARIANCE",
    "BATCH",
    "Evaluation",
    "ImageMeasures",
    "check_shape",
    "evaluate",
    "likelihood_name",
    "measure_batch",
    "measure_images",
]

from dataclasses import dataclass, fields

import numpy as np
import torch

from vae.data import ImageSet
from vae.data.image_set import as_tensor
from vae.distributions import DiagonalGaussian
from vae.models import Autoencoder

# Fixed, because the posterior samples drawn for an image depend on how images are batched.
BATCH = 500
# Burda et al. 2016, arXiv 1509.00519, section 5.2: a unit is active above this variance.
ACTIVE_VARIANCE = 0.01


@dataclass(frozen=True)
class ImageMeasures:
    """Measures of N images, one row each; ``log_var`` and ``kl_per_dim`` None without variance.

    Attributes:
        mean, log_var: Posterior (N, D).
        nll: -log p(x|z) in nats, averaged over posterior samples (N,).
        nll_at_mean: -log p(x|z) in nats at the posterior mean (N,).
        kl_per_dim: KL to the prior in nats (N, D).
        squared_error: Mean squared error per pixel of the decoded mean (N,).
    """

    mean: np.ndarray
    log_var: np.ndarray | None
    nll: np.ndarray
    nll_at_mean: np.ndarray
    kl_per_dim: np.ndarray | None
    squared_error: np.ndarray

    @property
    def elbo(self) -> np.ndarray | None:
        """-(nll + kl) of each image (N,), None for an autoencoder."""
        return None if self.kl_per_dim is None else -(self.nll + self.kl_per_dim.sum(1))


@dataclass(frozen=True)
class Evaluation:
    """A model on n images; nats per image. None is what an autoencoder does not have."""

    n: int
    split: str
    likelihood: str
    reconstruction_nll: float
    reconstruction_nll_at_mean: float
    kl: float | None
    elbo: float | None
    kl_per_dim: list[float] | None
    active_units: int
    mse: float
    psnr: float
    seed: int
    samples: int


def likelihood_name(model: Autoencoder, images: ImageSet) -> str:
    """Name the likelihood; Bernoulli on pixels that are not 0 or 1 is "grey-pixel BCE"."""
    if model.config.likelihood == "bernoulli":
        grey = bool(((images.pixels > 0) & (images.pixels < 255)).any())
        return "grey-pixel BCE" if grey else "bernoulli"
    return model.config.likelihood


def measure_images(
    model: Autoencoder, images: ImageSet, *, seed: int = 0, samples: int = 4
) -> ImageMeasures:
    """Encode and reconstruct every image.

    Args:
        model: A model for images of this shape.
        images: N images.
        seed: Seed of the posterior samples.
        samples: Posterior samples an image for the expectation of the reconstruction term.

    Raises:
        ValueError: if the images have another shape than the model's.
    """
    check_shape(model, images.name, images.image_shape)
    generator = torch.Generator().manual_seed(seed)
    batches = [
        measure_batch(model, images.pixels[k : k + BATCH], generator, samples=samples)
        for k in range(0, len(images), BATCH)
    ]
    columns = {
        field.name: [getattr(batch, field.name) for batch in batches]
        for field in fields(ImageMeasures)
    }
    return ImageMeasures(
        **{
            name: None if parts[0] is None else np.concatenate(parts)
            for name, parts in columns.items()
        }
    )


def check_shape(model: Autoencoder, name: str, image_shape: tuple[int, int, int]) -> None:
    """Raise a ValueError unless the images of ``name`` have the model's shape (C, H, W)."""
    if image_shape != model.config.image_shape:
        raise ValueError(
            f"images of {name} have shape {image_shape}; "
            f"this model takes {model.config.image_shape}"
        )


@torch.inference_mode()
def measure_batch(
    model: Autoencoder, pixels: np.ndarray, generator: torch.Generator, *, samples: int = 4
) -> ImageMeasures:
    """Encode and reconstruct the next batch of images.

    All images of a set in batches of ``BATCH``, the last with what is left, and one generator
    give the numbers of ``measure_images``.

    Args:
        model: A model.
        pixels: Images (n, C, H, W) uint8 of its shape.
        generator: Draws the posterior samples.
        samples: As for ``measure_images``.
    """
    x = as_tensor(pixels)
    posterior = model.encode(x)
    at_mean = model.decode(posterior.mode)
    nll_at_mean = -at_mean.log_prob(x)
    variational = isinstance(posterior, DiagonalGaussian)
    if variational:
        drawn = [model.decode(posterior.sample(generator)).log_prob(x) for _ in range(samples)]
        nll = -torch.stack(drawn).mean(0)
    else:
        nll = nll_at_mean
    measures = {
        "mean": posterior.mean,
        "log_var": posterior.log_var if variational else None,
        "nll": nll,
        "nll_at_mean": nll_at_mean,
        "kl_per_dim": posterior.kl_per_dim() if variational else None,
        "squared_error": (x - at_mean.mean).square().flatten(1).mean(1),
    }
    return ImageMeasures(
        **{name: None if value is None else value.numpy() for name, value in measures.items()}
    )


def evaluate(
    model: Autoencoder, images: ImageSet, *, seed: int = 0, samples: int = 4
) -> Evaluation:
    """Measure a model on a set of images.

    The reconstruction term is an expectation over ``samples`` seeded posterior samples an image;
    ``psnr`` is 10 log10(1 / mse) of the mean squared error over all pixels of all images, for
    pictures in [0, 1], at the posterior mean; ``active_units`` as in Burda et al. 2016.

    Raises:
        ValueError: if the images have another shape than the model's.
    """
    measured = measure_images(model, images, seed=seed, samples=samples)
    mse = float(measured.squared_error.mean(dtype=np.float64))
    nll = float(measured.nll.mean(dtype=np.float64))
    kl_per_dim = None
    if measured.kl_per_dim is not None:
        kl_per_dim = measured.kl_per_dim.mean(0, dtype=np.float64).tolist()
    kl = None if kl_per_dim is None else sum(kl_per_dim)
    return Evaluation(
        n=len(images),
        split=images.split,
        likelihood=likelihood_name(model, images),
        reconstruction_nll=nll,
        reconstruction_nll_at_mean=float(measured.nll_at_mean.mean(dtype=np.float64)),
        kl=kl,
        elbo=None if kl is None else -(nll + kl),
        kl_per_dim=kl_per_dim,
        active_units=int((measured.mean.var(0, dtype=np.float64) > ACTIVE_VARIANCE).sum()),
        mse=mse,
        psnr=float(-10 * np.log10(max(mse, 1e-12))),
        seed=seed,
        samples=samples,
    )
