"""Points and lines of latent space, and the pictures they decode to.

NumPy in, NumPy out: codes are (N, D) float32, images (N, C, H, W) float32 in [0, 1].
"""

from __future__ import annotations

__all__ = [
    "MAX_COORDINATE",
    "BatchDecoder",
    "decode",
    "encode",
    "sample_prior",
    "to_uint8",
    "traverse",
]

import copy

import numpy as np
import torch

from vae.distributions import DiagonalGaussian
from vae.models import Autoencoder
from vae.precision import fast_precision

# What somebody may type or link to; decoders of such codes still give finite pictures.
MAX_COORDINATE = 1e6
# From here on bfloat16 is faster than float32 on machines that have it.
MIN_BATCH = 32
# Pictures at once: from here on more gain nothing and only take memory.
CHUNK = 400


class BatchDecoder:
    """Decodes many codes as fast as this machine can, one by one as exactly as ``decode``.

    Batches go through a bfloat16 copy of the decoder in channels_last layout where the machine
    has such instructions; pictures differ from float32 by at most about 0.004 in [0, 1], one grey
    level. Elsewhere, and for a few codes, the model itself is used.

    Args:
        model: A model; later changes of its weights are not seen.
    """

    def __init__(self, model: Autoencoder) -> None:
        self.model = model
        self._fast: Autoencoder | None = None
        if fast_precision() == "bfloat16" and not torch.cuda.is_available():
            copied = copy.deepcopy(model).eval().requires_grad_(False)
            self._fast = copied.bfloat16().to(memory_format=torch.channels_last)

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Return images (N, C, H, W) in [0, 1] of codes (N, D); errors as ``decode``."""
        if self._fast is None or len(z) < MIN_BATCH:
            return decode(self.model, z)
        z = _checked_codes(z, self.model.config.latent_dim)
        images = torch.empty((len(z), *self.model.config.image_shape))
        with torch.inference_mode():
            codes = torch.from_numpy(z).bfloat16()
            for start in range(0, len(z), CHUNK):
                logits = self._fast.decoder(codes[start : start + CHUNK]).float()
                torch.sigmoid(logits, out=images[start : start + CHUNK])
        return images.numpy()


def decode(model: Autoencoder, z: np.ndarray) -> np.ndarray:
    """Return the likelihood's mean of each code: images (N, C, H, W) in [0, 1].

    Raises:
        ValueError: if ``z`` is not (N, D) for this model, or not finite.
    """
    z = _checked_codes(z, model.config.latent_dim)
    with torch.inference_mode():
        return model.decode(torch.from_numpy(z)).mean.numpy()


def _checked_codes(z: np.ndarray, latent_dim: int) -> np.ndarray:
    z = np.asarray(z, dtype=np.float32)
    if z.ndim != 2 or z.shape[1] != latent_dim:
        raise ValueError(f"z has shape {z.shape}; this model takes (N, {latent_dim})")
    if not np.isfinite(z).all():
        raise ValueError("z holds NaN or infinity; give finite numbers")
    return z


def encode(model: Autoencoder, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Return posterior mean and log variance (N, D) of images; an autoencoder has no variance.

    Args:
        model: A model.
        images: (N, C, H, W), uint8 in 0..255 or float in [0, 1].

    Raises:
        ValueError: if the images do not have the model's shape, or lie outside [0, 1].
    """
    expected = model.config.image_shape
    if images.ndim != 4 or images.shape[1:] != expected:
        raise ValueError(f"images have shape {images.shape}; this model takes (N, {expected})")
    if images.dtype == np.uint8:
        x = torch.tensor(images).float().div_(255)  # a copy: the array may be read-only
    else:
        x = torch.from_numpy(np.ascontiguousarray(images, dtype=np.float32))
        if len(x) and not (x.min() >= 0 and x.max() <= 1):  # NaN fails both comparisons
            raise ValueError("images hold values outside [0, 1]; scale them first")
    with torch.inference_mode():
        posterior = model.encode(x)
    if isinstance(posterior, DiagonalGaussian):
        return posterior.mean.numpy(), posterior.log_var.numpy()
    return posterior.mean.numpy(), None


def traverse(z: np.ndarray, dim: int, values: np.ndarray) -> np.ndarray:
    """Return copies of the code ``z`` (D,) in which coordinate ``dim`` takes each value: (S, D).

    Example:
        >>> traverse(np.array([1.0, 2.0]), 0, np.array([-1.0, 0.0]))
        array([[-1.,  2.],
               [ 0.,  2.]], dtype=float32)
    """
    if z.ndim != 1 or not 0 <= dim < len(z):
        raise ValueError(f"dim is {dim} for a code of shape {z.shape}; give 0 to {len(z) - 1}")
    path = np.repeat(z[None].astype(np.float32), len(values), axis=0)
    path[:, dim] = values
    return path


def sample_prior(n: int, latent_dim: int, *, seed: int) -> np.ndarray:
    """Draw ``n`` codes from the prior N(0, I): (n, latent_dim) float32."""
    return np.random.default_rng(seed).standard_normal((n, latent_dim), dtype=np.float32)


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Turn images (N, C, H, W) in [0, 1] into pixels (N, H, W, C) uint8, rounded."""
    return np.rint(images * 255).astype(np.uint8).transpose(0, 2, 3, 1)
