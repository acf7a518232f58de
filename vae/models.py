"""Variational autoencoders and plain autoencoders, rebuilt from a frozen configuration.

Images are float tensors (N, C, H, W) in [0, 1]. ``encode`` returns a posterior, ``decode`` the
likelihood p(x|z), whose mean is the picture that is shown. A ``ModelConfig`` determines the
network completely, so that a checkpoint never depends on a default in this file.
"""

from __future__ import annotations

__all__ = ["Autoencoder", "ModelConfig", "build_model"]

import itertools
import math
from dataclasses import dataclass, fields
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vae.distributions import BernoulliPixels, DiagonalGaussian, GaussianPixels, PointMass

Family = Literal["mlp", "conv"]
Kind = Literal["vae", "autoencoder"]
Likelihood = Literal["bernoulli", "gaussian"]
Activation = Literal["relu", "silu"]

MIN_SIDE, MAX_SIDE = 8, 128
MAX_LATENT_DIM = 512
MAX_WIDTH, MAX_DEPTH, MAX_BLOCKS = 4096, 16, 8
# The posterior's variance stays between 2e-9 and 2e4, so that exp never overflows.
LOG_VAR_RANGE = (-20.0, 10.0)
# How much of its usual size the last convolution of a residual block starts with.
FIRST_SHARE = 0.1
# Fields of ModelConfig that older checkpoints lack, with what those were built with.
ADDED_LATER = {"blocks": 0}
ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "silu": nn.SiLU}


@dataclass(frozen=True)
class ModelConfig:
    """Everything that determines a network.

    Args:
        image_shape: (C, H, W), C 1 (grey) or 3 (RGB), sides 8 to 128.
        latent_dim: Number of latent dimensions D, 1 to 512.
        family: "mlp" (fully connected) or "conv" (strided convolutions).
        kind: "vae", or "autoencoder" for the same network with a posterior of no variance.
        likelihood: "bernoulli" (BCE) or "gaussian" (squared error).
        scale: Standard deviation of the Gaussian likelihood, None when it is learned.
        width: Units of a hidden layer.
        depth: Hidden layers of the perceptron between image (or features) and code.
        channels: Channels of the first convolution; each halving of the image doubles them.
        activation: "relu" or "silu".
        blocks: Residual blocks at each size of the convolutional decoder, 0 to 8.

    Raises:
        ValueError: if a value is outside its range; the message names it.

    Example:
        >>> ModelConfig(image_shape=(1, 28, 28), latent_dim=0)
        Traceback (most recent call last):
        ...
        ValueError: latent_dim is 0; give an integer from 1 to 512
    """

    image_shape: tuple[int, int, int]
    latent_dim: int
    family: Family = "conv"
    kind: Kind = "vae"
    likelihood: Likelihood = "bernoulli"
    scale: float | None = None
    width: int = 256
    depth: int = 1
    channels: int = 32
    activation: Activation = "relu"
    blocks: int = 0

    def __post_init__(self) -> None:
        """Check every value once, at the edge."""
        object.__setattr__(self, "image_shape", _checked_shape(self.image_shape))
        _check_choice("family", self.family, get_args(Family))
        _check_choice("kind", self.kind, get_args(Kind))
        _check_choice("likelihood", self.likelihood, get_args(Likelihood))
        _check_choice("activation", self.activation, get_args(Activation))
        _check_integer("latent_dim", self.latent_dim, 1, MAX_LATENT_DIM)
        _check_integer("width", self.width, 1, MAX_WIDTH)
        _check_integer("depth", self.depth, 0, MAX_DEPTH)
        _check_integer("channels", self.channels, 1, 512)
        _check_integer("blocks", self.blocks, 0, MAX_BLOCKS)
        if self.blocks and self.family != "conv":
            raise ValueError(f"blocks is {self.blocks}; only the family conv has them, give 0")
        if self.scale is not None and not (
            isinstance(self.scale, int | float) and 1e-3 <= self.scale <= 10
        ):
            raise ValueError(f"scale is {self.scale!r}; give a number from 0.001 to 10, or None")

    @classmethod
    def from_dict(cls, values: dict) -> ModelConfig:
        """Build from a parsed config.json; every field must be there and none unknown.

        A field that is younger than the file takes the value that leaves the network as it was.
        """
        names = {field.name for field in fields(cls)}
        if isinstance(values, dict):
            values = ADDED_LATER | values
        if not isinstance(values, dict) or set(values) != names:
            given = sorted(values) if isinstance(values, dict) else values
            raise ValueError(f"architecture has {given}; it must have exactly {sorted(names)}")
        return cls(**values)


class Autoencoder(nn.Module):
    """An encoder and a decoder around D latent dimensions; variational or plain by its config."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        outputs = config.latent_dim * (2 if config.kind == "vae" else 1)
        self.encoder = _ENCODERS[config.family](config, outputs)
        self.decoder = _DECODERS[config.family](config)
        if config.likelihood == "gaussian" and config.scale is None:
            self.log_scale = nn.Parameter(torch.tensor(-1.0))
        else:
            fixed = torch.tensor(math.log(config.scale or 1.0))
            self.register_buffer("log_scale", fixed, persistent=False)

    def encode(self, x: Tensor) -> DiagonalGaussian | PointMass:
        """Return q(z|x) of images (N, C, H, W) in [0, 1]; an autoencoder's is a point mass."""
        parameters = self.encoder(x).to(x.dtype)
        if self.config.kind == "autoencoder":
            return PointMass(parameters)
        mean, log_var = parameters.chunk(2, dim=-1)
        return DiagonalGaussian(mean, log_var.clamp(*LOG_VAR_RANGE))

    def decode(self, z: Tensor) -> BernoulliPixels | GaussianPixels:
        """Return p(x|z) of codes (N, D); its ``mean`` (N, C, H, W) lies in [0, 1]."""
        logits = self.decoder(z).to(z.dtype)
        if self.config.likelihood == "bernoulli":
            return BernoulliPixels(logits)
        return GaussianPixels(torch.sigmoid(logits), self.log_scale)


def build_model(config: ModelConfig, *, seed: int = 0) -> Autoencoder:
    """Build a network with freshly drawn weights; the global random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Autoencoder(config)


def _perceptron(sizes: list[int], config: ModelConfig) -> list[nn.Module]:
    """Fully connected layers between the given sizes, each followed by the activation."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), ACTIVATIONS[config.activation]()]
    return layers


class _MLPEncoder(nn.Sequential):
    def __init__(self, config: ModelConfig, outputs: int) -> None:
        sizes = [math.prod(config.image_shape)] + [config.width] * config.depth
        super().__init__(nn.Flatten(), *_perceptron(sizes, config), nn.Linear(sizes[-1], outputs))


class _MLPDecoder(nn.Sequential):
    def __init__(self, config: ModelConfig) -> None:
        sizes = [config.latent_dim] + [config.width] * config.depth
        pixels = nn.Linear(sizes[-1], math.prod(config.image_shape))
        super().__init__(*_perceptron(sizes, config), pixels, nn.Unflatten(1, config.image_shape))


def _stage_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Image sizes after each halving (rounded up), until the smaller side is 4 to 7 pixels."""
    sizes = [(height, width)]
    while min(sizes[-1]) >= 8:
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    return sizes


def _stage_channels(config: ModelConfig, stages: int) -> list[int]:
    """Channels of the image and after each halving: doubled each time, at most eightfold."""
    return [config.image_shape[0]] + [config.channels * 2 ** min(k, 3) for k in range(stages)]


class _ConvEncoder(nn.Sequential):
    def __init__(self, config: ModelConfig, outputs: int) -> None:
        sizes = _stage_sizes(*config.image_shape[1:])
        channels = _stage_channels(config, len(sizes) - 1)
        layers: list[nn.Module] = []
        for k in range(len(sizes) - 1):
            convolution = nn.Conv2d(channels[k], channels[k + 1], 3, stride=2, padding=1)
            layers += [convolution, ACTIVATIONS[config.activation]()]
        units = [channels[-1] * math.prod(sizes[-1])] + [config.width] * config.depth
        layers += [nn.Flatten(), *_perceptron(units, config), nn.Linear(units[-1], outputs)]
        super().__init__(*layers)


class _ConvDecoder(nn.Sequential):
    def __init__(self, config: ModelConfig) -> None:
        sizes = _stage_sizes(*config.image_shape[1:])
        channels = _stage_channels(config, len(sizes) - 1)
        features = (channels[-1], *sizes[-1])
        units = [config.latent_dim] + [config.width] * config.depth
        layers = _perceptron(units, config)
        layers += [nn.Linear(units[-1], math.prod(features)), nn.Unflatten(1, features)]
        for k in range(len(sizes) - 1, 0, -1):
            layers += [_ResidualBlock(channels[k], config) for _ in range(config.blocks)]
            layers.append(ACTIVATIONS[config.activation]())
            if k > 1:
                # A kernel of 4 doubles a side exactly, one of 3 gives the odd size just below.
                kernel = tuple(4 if side % 2 == 0 else 3 for side in sizes[k - 1])
                layers.append(
                    nn.ConvTranspose2d(channels[k], channels[k - 1], kernel, stride=2, padding=1)
                )
        layers.append(_ToPixels(channels[1], config.image_shape))
        super().__init__(*layers)


class _ResidualBlock(nn.Module):
    """Two convolutions, each behind the activation, added to what came in.

    He et al. 2016, arXiv 1603.05027 (full pre-activation). It starts close to the identity.
    """

    def __init__(self, channels: int, config: ModelConfig) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            ACTIVATIONS[config.activation](),
            nn.Conv2d(channels, channels, 3, padding=1),
            ACTIVATIONS[config.activation](),
            nn.Conv2d(channels, channels, 3, padding=1),
        )
        with torch.no_grad():
            self.branch[-1].weight.mul_(FIRST_SHARE)
            self.branch[-1].bias.zero_()

    def forward(self, features: Tensor) -> Tensor:
        return features + self.branch(features)


class _ToPixels(nn.Module):
    """Features at half size to the image: a convolution makes each 2x2 block of pixels at once.

    Sub-pixel convolution (Shi et al. 2016, arXiv 1609.05158): on a processor twice as fast as a
    transposed convolution with so few output channels, and it sees more of its neighbourhood.
    """

    def __init__(self, channels: int, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.height, self.width = image_shape[1:]
        self.convolution = nn.Conv2d(channels, 4 * image_shape[0], 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        pixels = F.pixel_shuffle(self.convolution(features), 2)
        return pixels[:, :, : self.height, : self.width]  # an odd side has half a block too many


_ENCODERS = {"mlp": _MLPEncoder, "conv": _ConvEncoder}
_DECODERS = {"mlp": _MLPDecoder, "conv": _ConvDecoder}


def _checked_shape(shape: object) -> tuple[int, int, int]:
    allowed = f"(channels, height, width), 1 or 3 channels and sides {MIN_SIDE} to {MAX_SIDE}"
    if not isinstance(shape, list | tuple) or len(shape) != 3:
        raise ValueError(f"image_shape is {shape!r}; give {allowed}")
    if any(isinstance(side, bool) or not isinstance(side, int) for side in shape):
        raise ValueError(f"image_shape is {shape!r}; give integers: {allowed}")
    channels, *sides = shape
    if channels not in (1, 3) or not all(MIN_SIDE <= side <= MAX_SIDE for side in sides):
        raise ValueError(f"image_shape is {tuple(shape)}; give {allowed}")
    return (channels, *sides)


def _check_integer(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r}; give an integer from {low} to {high}")


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; choose one of {', '.join(choices)}")
