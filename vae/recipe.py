"""From a recipe to a checkpoint: train, round, measure, encode, export, publish."""

from __future__ import annotations

__all__ = ["Recipe", "make_checkpoint"]

import csv
import io
import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

import vae.data
from vae.checkpoints import CODES, HISTORY, MAP, METRICS, Card, round_to_half, save_checkpoint
from vae.data import ImageSet
from vae.encoding import LatentTable, encode_dataset
from vae.export.onnx import export_decoder, export_encoder
from vae.maps import map_bytes
from vae.metrics.factors import FactorCorrelation, factor_correlations
from vae.metrics.likelihood import Evaluation, evaluate
from vae.models import Autoencoder, ModelConfig
from vae.objectives import ObjectiveConfig
from vae.runs import RunFolder
from vae.storage import check_vacant
from vae.training import Progress, Trainer, TrainingConfig

# Codes that go into a checkpoint; where fewer held-out images exist, training images fill up.
MAX_CODES = 10_000
FEW_HELD_OUT = 1000


@dataclass(frozen=True)
class Recipe:
    """Everything that determines a checkpoint.

    Args:
        data: Name of a data source, or a folder, zip or npz of images.
        model: The network.
        objective: What is minimised.
        training: How it is trained.
        title: What people read on the shelf.
        command: The command line that makes it, for the model card.
    """

    data: str
    model: ModelConfig
    objective: ObjectiveConfig
    training: TrainingConfig
    title: str = ""
    command: str = ""


def make_checkpoint(
    recipe: Recipe,
    out: Path,
    *,
    resume: bool = False,
    on_step: Callable[[Progress], None] = lambda progress: None,
    owner: str = "",
    visibility: str = "private",
    train: ImageSet | None = None,
) -> Card:
    """Train a model and publish it as a checkpoint at ``out``.

    The run's state lives in ``out`` + ".run" and is saved as often as costs at most a twentieth
    of the time; killed, it goes on from there with ``resume``. ``train`` spares reading the
    training images again where they are at hand.

    Raises:
        FileExistsError: if something is at ``out`` already.
        RunError: if an unfinished run is there and ``resume`` is false, or it is another recipe's.
        TrainingError: if there are too few images, or the loss is no longer finite.
    """
    check_vacant(out)
    shape = recipe.model.image_shape
    train = train or vae.data.load(recipe.data, "train", image_shape=shape)
    test = vae.data.load(recipe.data, "test", image_shape=shape)
    trainer = Trainer(train, test, recipe.model, recipe.objective, recipe.training)
    run = RunFolder(out)
    settings = asdict(recipe)
    del settings["command"]  # how it was typed may differ when it is resumed
    if run.begin(settings, resume=resume):
        run.restore(trainer)
    model = trainer.run(on_step, _Saver(run, trainer))
    round_to_half(model)
    evaluation, codes = evaluate(model, test), _codes(model, train, test)
    correlations = factor_correlations(codes)
    card = save_checkpoint(
        out,
        model,
        title=recipe.title or out.name,
        objective=asdict(recipe.objective),
        data={
            "name": recipe.data if recipe.data in vae.data.SOURCES else train.name,
            "sizes": {"train": len(train), "test": len(test)},
            "preprocessing": list(train.preprocessing),
            "label_names": list(train.label_names),
        },
        seed=recipe.training.seed,
        training=asdict(recipe.training)
        | {
            "command": recipe.command,
            "seconds": round(trainer.seconds, 1),
            "device": _describe_device(trainer.device),
            "torch": torch.__version__,
        },
        files={
            CODES: _npz_bytes(codes.columns()),
            MAP: map_bytes(codes),
            HISTORY: _csv_bytes(trainer.history),
            METRICS: _json_bytes(_figures(evaluation, correlations)),
            "encoder.onnx": export_encoder(model),
            "decoder.onnx": export_decoder(model),
            "README.md": _model_card(
                recipe, out.name, train, _figures(evaluation, correlations), trainer
            ).encode(),
        },
        owner=owner,
        visibility=visibility,
    )
    run.remove()
    return card


class _Saver:
    """Saves the run whenever that costs at most a twentieth of the time since the last save."""

    def __init__(self, run: RunFolder, trainer: Trainer) -> None:
        self.run, self.trainer = run, trainer
        self.pause, self.last = 0.2, time.perf_counter()

    def __call__(self) -> None:
        started = time.perf_counter()
        if started - self.last < self.pause:
            return
        self.run.save(self.trainer)
        self.last = time.perf_counter()
        self.pause = max(1.0, 20 * (self.last - started))


def _codes(model: Autoencoder, train: ImageSet, test: ImageSet) -> LatentTable:
    """Encode held-out images; fill up with flagged training images where they are few."""
    table = encode_dataset(model, test.subset(slice(MAX_CODES)))
    if len(test) >= FEW_HELD_OUT:
        return table
    more = encode_dataset(model, train.subset(slice(MAX_CODES - len(table)))).columns()
    columns = table.columns()
    names = columns.pop("label_names", None)
    joined = {name: np.concatenate([values, more[name]]) for name, values in columns.items()}
    if names is not None:
        joined["label_names"] = names
    return LatentTable.from_columns(joined)


def _figures(evaluation: Evaluation, correlations: list[FactorCorrelation]) -> dict:
    units = {
        "reconstruction_nll": "nats per image",
        "reconstruction_nll_at_mean": "nats per image",
        "kl": "nats per image",
        "elbo": "nats per image",
        "kl_per_dim": "nats per image",
        "active_units": "dimensions",
        "mse": "squared intensity per pixel, in [0, 1]",
        "psnr": "dB",
    }
    values = asdict(evaluation)
    common = {name: values[name] for name in ("n", "split", "seed")}
    figures = [
        {"name": name, "value": values[name], "unit": unit} | common for name, unit in units.items()
    ]
    figures += [
        {
            "name": f"correlation of {found.factor}",
            "value": found.correlation,
            "unit": f"Pearson, with z{found.dim}",
            "dim": found.dim,
        }
        | common
        for found in correlations
    ]
    return {
        "likelihood": evaluation.likelihood,
        "samples": evaluation.samples,
        "figures": figures,
    }


def _model_card(recipe: Recipe, name: str, train: ImageSet, metrics: dict, trainer: Trainer) -> str:
    channels, height, width = recipe.model.image_shape
    colour = "RGB" if channels == 3 else "grey"
    rows = "\n".join(
        f"| {figure['name']} | {_rounded(figure['value'])} | {figure['unit']} |"
        for figure in metrics["figures"]
    )
    measured = metrics["figures"][0]
    done = "\n".join(f"- {sentence}" for sentence in train.preprocessing) or "- none"
    command = f"\nMade by\n\n    {recipe.command}\n" if recipe.command else ""
    return f"""# {name}

{recipe.title or name}: {recipe.model.kind} with {recipe.model.latent_dim} latent dimensions for
{width}x{height} {colour} images, trained on {len(train):,} images of {train.name}
for {recipe.training.epochs} epochs ({trainer.seconds:.0f} s on {_describe_device(trainer.device)}).
{command}
## Measured

{measured["n"]:,} images of the {measured["split"]} split, seed {measured["seed"]},
{metrics["samples"]} posterior samples an image, likelihood: {metrics["likelihood"]}. Weights were
rounded to half precision first.

| figure | value | unit |
|---|---|---|
{rows}

## Preprocessing

{done}
"""


def _rounded(value: float | list[float] | None) -> str:
    if value is None:
        return "none"
    values = value if isinstance(value, list) else [value]
    return ", ".join(f"{number:.4g}" for number in values)


def _describe_device(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"


def _npz_bytes(columns: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **columns)
    return buffer.getvalue()


def _csv_bytes(rows: list[dict[str, float]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: f"{value:.7g}" for name, value in row.items()} for row in rows)
    return buffer.getvalue().encode()


def _json_bytes(values: dict) -> bytes:
    return (json.dumps(values, indent=2) + "\n").encode()
