"""The training loop: the whole data set as one tensor, seeded, resumable at any step.

On a CPU the same seed, thread count and precision give the same weights bit for bit, whether the
run was interrupted or not: everything random is drawn from the run's own generators.
"""

from __future__ import annotations

__all__ = ["Progress", "Trainer", "TrainingConfig", "TrainingError"]

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import get_args

import torch
from torch import Tensor

from vae.augmentation import augment
from vae.data import ImageSet
from vae.dropout import EncoderDropout
from vae.models import Autoencoder, ModelConfig, build_model
from vae.objectives import ObjectiveConfig, ObjectiveTerms, compute_objective
from vae.precision import Precision, fast_precision

MIN_IMAGES = 32
# The learning rate rises over this share of the run, then falls along a cosine to zero.
WARM_UP_SHARE = 0.05
# Held-out images the curves are drawn from after every epoch.
CURVE_IMAGES = 1000


class TrainingError(RuntimeError):
    """Training cannot start or go on; the message says why and what to do."""


@dataclass(frozen=True)
class TrainingConfig:
    """How to train.

    Args:
        epochs: Passes over the training images.
        batch_size: Images a step.
        learning_rate: Peak learning rate of Adam.
        weight_decay: Decoupled weight decay (AdamW).
        seed: Seed of weights, order of images and posterior samples.
        precision: "float32", "bfloat16" (autocast), or "auto" for what this machine runs faster.
        augment: Show a random variant of each image every time (see ``vae.augmentation``).
        dropout: Share of the encoder's features hidden at each step, 0 to 0.9: what the
            convolutions found, or a perceptron's pixels. Encoders overfit first (Cremer et al.
            2018, arXiv 1801.03558, section 5.3).

    Raises:
        ValueError: if a value is outside its range; the message names it.
    """

    epochs: int = 20
    batch_size: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    seed: int = 0
    precision: Precision = "auto"
    augment: bool = False
    dropout: float = 0.0

    def __post_init__(self) -> None:
        """Check every value once, at the edge; "auto" becomes what it stands for here."""
        limits = {
            "epochs": (int, 1, 100_000),
            "batch_size": (int, 1, 65_536),
            "learning_rate": (int | float, 1e-7, 1.0),
            "weight_decay": (int | float, 0.0, 10.0),
            "seed": (int, 0, 2**31 - 1),
            "dropout": (int | float, 0.0, 0.9),
        }
        for name, (kind, low, high) in limits.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
                noun = "an integer" if kind is int else "a number"
                raise ValueError(f"{name} is {value!r}; give {noun} from {low:g} to {high:g}")
        if self.precision not in get_args(Precision):
            choices = ", ".join(get_args(Precision))
            raise ValueError(f"precision is {self.precision!r}; choose one of {choices}")
        if self.precision == "auto":
            object.__setattr__(self, "precision", fast_precision())


@dataclass(frozen=True)
class Progress:
    """Where a run stands after a step; terms in nats per image of the latest batch."""

    step: int
    steps: int
    epoch: int
    epochs: int
    reconstruction_nll: float
    kl: float
    seconds_left: float


class Trainer:
    """One run: model, optimiser, random state and position.

    Args:
        images: Training images; all are kept in memory as one uint8 tensor.
        held_out: Images the curves are measured on, never trained on.
        model: Configuration of the network.
        objective: What to minimise.
        training: How to train.

    Raises:
        TrainingError: if there are fewer than 32 images, or the loss is no longer finite.
        ValueError: if the images have another shape than the model's.
    """

    def __init__(
        self,
        images: ImageSet,
        held_out: ImageSet,
        model: ModelConfig,
        objective: ObjectiveConfig,
        training: TrainingConfig,
    ) -> None:
        if len(images) < MIN_IMAGES:
            raise TrainingError(
                f"{images.name} has {len(images)} images to train on; give at least {MIN_IMAGES}"
            )
        if images.image_shape != model.image_shape:
            raise ValueError(
                f"images of {images.name} have shape {images.image_shape}; "
                f"image_shape is {model.image_shape}"
            )
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.objective, self.training = objective, training
        self.model = build_model(model, seed=training.seed).to(self.device)
        if model.family == "conv":
            self.model.to(memory_format=torch.channels_last)
        self.pixels = torch.from_numpy(images.pixels).to(self.device)
        self.curve_images = held_out.tensor(slice(CURVE_IMAGES)).to(self.device)
        self.batch_size = min(training.batch_size, len(images))
        self.steps_per_epoch = len(images) // self.batch_size
        self.steps = training.epochs * self.steps_per_epoch
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(),
            training.learning_rate,
            weight_decay=training.weight_decay,
            fused=True,
        )
        self.noise = torch.Generator(self.device).manual_seed(training.seed)
        self._dropout = EncoderDropout(self.model, training.dropout, self.noise)
        self.step = 0
        self.seconds = 0.0
        self.history: list[dict[str, float]] = []
        self.epoch_sums = torch.zeros(3, dtype=torch.float64)

    def run(
        self,
        on_step: Callable[[Progress], None] = lambda progress: None,
        on_save: Callable[[], None] = lambda: None,
    ) -> Autoencoder:
        """Train to the end from wherever the run stands.

        Args:
            on_step: Called after every step.
            on_save: Called between steps, when ``tensors`` and ``position`` are consistent.

        Returns:
            The trained model, in evaluation mode on the CPU.
        """
        started, first = time.perf_counter(), self.step
        for batch in self._batches():
            before = time.perf_counter()
            terms = self._train_step(batch)
            self._record(terms)
            self.seconds += time.perf_counter() - before
            pace = (time.perf_counter() - started) / (self.step - first)
            on_step(
                Progress(
                    step=self.step,
                    steps=self.steps,
                    epoch=(self.step - 1) // self.steps_per_epoch + 1,
                    epochs=self.training.epochs,
                    reconstruction_nll=terms.reconstruction_nll.item(),
                    kl=terms.kl.item(),
                    seconds_left=pace * (self.steps - self.step),
                )
            )
            on_save()
        return self.model.to("cpu", memory_format=torch.contiguous_format).eval()

    def _batches(self) -> Iterator[Tensor]:
        """Yield row numbers of each batch still to come; an epoch's order follows from its seed."""
        while self.step < self.steps:
            epoch, done = divmod(self.step, self.steps_per_epoch)
            order_seed = self.training.seed * 1_000_003 + epoch
            order = torch.randperm(
                len(self.pixels), generator=torch.Generator().manual_seed(order_seed)
            ).to(self.device)
            for k in range(done, self.steps_per_epoch):
                yield order[k * self.batch_size : (k + 1) * self.batch_size]

    def _train_step(self, rows: Tensor) -> ObjectiveTerms:
        x = self.pixels[rows].float().div_(255)
        if self.training.augment:
            x = augment(x, self.noise)
        if self.model.config.family == "conv":
            x = x.contiguous(memory_format=torch.channels_last)
        for group in self.optimizer.param_groups:
            group["lr"] = self.training.learning_rate * _schedule(self.step, self.steps)
        with self._autocast(), self._dropout:
            terms = compute_objective(
                self.model,
                x,
                self.objective,
                data_size=len(self.pixels),
                beta=self.objective.beta_at(self.step / self.steps),
                kl_weight=self.objective.kl_weight(self.step / self.steps_per_epoch),
                generator=self.noise,
            )
        self.optimizer.zero_grad()
        terms.total.backward()
        self.optimizer.step()
        self.step += 1
        return terms

    def _autocast(self) -> torch.autocast:
        bfloat16 = self.training.precision == "bfloat16"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=bfloat16)

    def _record(self, terms: ObjectiveTerms) -> None:
        """Add a step to the running averages; close the epoch where it ends."""
        parts = torch.stack([terms.reconstruction_nll, terms.kl, terms.total]).detach()
        if not parts.isfinite().all():
            raise TrainingError(
                f"the loss is no longer a number at step {self.step}; "
                "try a smaller learning rate, or float32"
            )
        self.epoch_sums += parts.cpu()
        if self.step % self.steps_per_epoch == 0:
            nll, kl, total = (self.epoch_sums / self.steps_per_epoch).tolist()
            held_out = self._measure_held_out()
            self.history.append(
                {
                    "epoch": self.step // self.steps_per_epoch,
                    "seconds": round(self.seconds, 3),
                    "reconstruction_nll": nll,
                    "kl": kl,
                    "total": total,
                    "test_reconstruction_nll": held_out.reconstruction_nll.item(),
                    "test_kl": held_out.kl.item(),
                }
            )
            self.epoch_sums.zero_()

    @torch.no_grad()
    def _measure_held_out(self) -> ObjectiveTerms:
        """Return the ELBO's parts on held-out images, from the same noise every time."""
        generator = torch.Generator(self.device).manual_seed(self.training.seed)
        return compute_objective(
            self.model,
            self.curve_images,
            ObjectiveConfig(),
            data_size=len(self.pixels),
            generator=generator,
        )

    def tensors(self) -> dict[str, Tensor]:
        """Return every tensor a resumed run needs."""
        weights = {f"model/{name}": value for name, value in self.model.state_dict().items()}
        moments = {
            f"optimizer/{number}/{name}": torch.as_tensor(value)
            for number, state in self.optimizer.state_dict()["state"].items()
            for name, value in state.items()
        }
        random = {"noise": self.noise.get_state(), "epoch_sums": self.epoch_sums}
        return {
            name: value.detach().cpu().contiguous()
            for name, value in (weights | moments | random).items()
        }

    def position(self) -> dict:
        """Return the plain values a resumed run needs; they go into JSON."""
        return {"step": self.step, "seconds": self.seconds, "history": self.history}

    def restore(self, tensors: dict[str, Tensor], position: dict) -> None:
        """Continue from what ``tensors`` and ``position`` returned in an earlier process."""
        self.model.load_state_dict(
            {
                name.removeprefix("model/"): value
                for name, value in tensors.items()
                if name.startswith("model/")
            }
        )
        parameters = list(self.model.parameters())
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimizer/"):
                _, number, field = name.split("/")
                if value.ndim:  # fused Adam pairs moments with weights in memory, not by index
                    value = torch.empty_like(parameters[int(number)]).copy_(value)
                moments.setdefault(int(number), {})[field] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.noise.set_state(tensors["noise"])
        self.epoch_sums = tensors["epoch_sums"].clone()
        self.step, self.seconds = position["step"], position["seconds"]
        self.history = list(position["history"])


def _schedule(step: int, steps: int) -> float:
    """Share of the peak learning rate at a step: a linear rise, then a cosine down to zero."""
    rise = max(1, round(WARM_UP_SHARE * steps))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))
