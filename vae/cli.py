"""The command line: a thin layer over the library. Bad input gives one line and exit code 2."""

from __future__ import annotations

__all__ = ["main"]

import argparse
import contextlib
import dataclasses
import functools
import json
import shlex
import sys
from pathlib import Path
from typing import NoReturn

import numpy as np
from tqdm import tqdm

import vae.data
from vae.bench import run_bench
from vae.checkpoints import VISIBILITIES, Card, CheckpointError, load_codes, load_model
from vae.data import DataError, ImageSet, fit_image, read_image
from vae.export.pictures import png_bytes, tile
from vae.latent import decode, encode, to_uint8, traverse
from vae.metrics.likelihood import evaluate
from vae.models import ModelConfig
from vae.objectives import ObjectiveConfig
from vae.recipe import Recipe, make_checkpoint
from vae.runs import RunError
from vae.shelf import find_checkpoint, read_shelf
from vae.storage import replace_file
from vae.training import Progress, TrainingConfig, TrainingError

MISTAKES = (CheckpointError, DataError, RunError, TrainingError, ValueError, OSError)
DATASET_SUFFIXES = (".zip", ".npz")
MAX_COORDINATE = 1e6


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(_join_codes(given))
    try:
        options.run(options, given)
    except BrokenPipeError:
        raise
    except MISTAKES as error:
        message = " ".join(str(error).split())
        print(f"error: {message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; what was saved is kept", file=sys.stderr)
        return 130
    return 0


def _join_codes(arguments: list[str]) -> list[str]:
    """Write ``--z -1,0.5`` as ``--z=-1,0.5``: argparse takes a leading minus for an option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] == "--z":
            joined[-1] = f"--z={argument}"
        else:
            joined.append(argument)
    return joined


def _parser() -> _Parser:
    parser = _Parser(prog="python -m vae", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    listing = commands.add_parser("list", help="the checkpoints on the shelf")
    listing.add_argument("--json", action="store_true", help="as a JSON list")
    listing.set_defaults(run=_list)

    _add_train(commands.add_parser("train", help="train a model, save it as a checkpoint"))

    measuring = _add_checkpoint(commands.add_parser("evaluate", help="measure on images"))
    measuring.add_argument("--data", help="a data source's name, or a folder, zip or npz of images")
    measuring.add_argument("--limit", type=int, help="only the first N images")
    measuring.add_argument("--seed", type=int, default=0, help="seed of the posterior samples")
    measuring.add_argument("--json", action="store_true", help="as a JSON object")
    measuring.set_defaults(run=_evaluate)

    encoding = _add_checkpoint(commands.add_parser("encode", help="images to codes"))
    encoding.add_argument("images", nargs="+", metavar="IMAGE", help="image files, or one data set")
    encoding.add_argument("--out", type=Path, required=True, help="codes.npz to write")
    encoding.set_defaults(run=_encode)

    decoding = _add_checkpoint(commands.add_parser("decode", help="a code to its picture"))
    decoding.add_argument("--z", required=True, help='the code, such as "-0.5,1"')
    decoding.add_argument("--out", type=Path, required=True, help="PNG to write")
    decoding.add_argument("--scale", type=int, default=1, help="screen pixels a pixel")
    decoding.set_defaults(run=_decode)

    walking = _add_checkpoint(commands.add_parser("traverse", help="a grid, one row a dimension"))
    walking.add_argument("--z", help="the code to start from; the origin if not given")
    walking.add_argument("--steps", type=int, default=11, help="pictures a row")
    walking.add_argument("--out", type=Path, required=True, help="PNG to write")
    walking.add_argument("--scale", type=int, default=1, help="screen pixels a pixel")
    walking.set_defaults(run=_traverse)

    racing = commands.add_parser("bench", help="how fast this is here, beside the naive way")
    racing.add_argument("--quick", action="store_true", help="short, without the times to an ELBO")
    racing.add_argument("--json", action="store_true", help="as a JSON object")
    racing.set_defaults(run=_bench)
    return parser


def _add_checkpoint(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("checkpoint", help="a checkpoint's folder, or its name on the shelf")
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    sources = ", ".join(vae.data.SOURCES)
    parser.add_argument("--data", required=True, help=f"{sources}; or a folder, zip or npz")
    parser.add_argument("--out", type=Path, required=True, help="the checkpoint folder to make")
    parser.add_argument("--title", default="", help="what people read on the shelf")
    parser.add_argument("--size", type=int, nargs=2, metavar=("H", "W"), help="resize images")
    for owner in (ModelConfig, ObjectiveConfig, TrainingConfig):
        for field in dataclasses.fields(owner):
            if field.name != "image_shape":
                _add_field(parser, field)
    parser.set_defaults(latent_dim=10)
    parser.add_argument(
        "--visibility", choices=VISIBILITIES, default="private", help="who may see it on a host"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last save")
    parser.set_defaults(run=_train)


def _add_field(parser: argparse.ArgumentParser, field: dataclasses.Field) -> None:
    """Offer a configuration's field as an option of the same name and default."""
    flag = "objective" if field.name == "name" else field.name
    if field.type == "bool":
        parser.add_argument(f"--{flag}", action="store_true")
        return
    kinds = {"int": int, "float": float, "float | None": float}
    parser.add_argument(
        f"--{flag.replace('_', '-')}",
        type=kinds.get(str(field.type), str),
        default=None if field.default is dataclasses.MISSING else field.default,
        help=f"default {field.default}" if field.default is not dataclasses.MISSING else None,
    )


def _list(options: argparse.Namespace, given: list[str]) -> None:
    entries = read_shelf()
    if options.json:
        rows = [
            {
                "name": entry.name,
                "path": str(entry.path),
                "latent_dim": entry.card.model.latent_dim if entry.card else None,
                "image_shape": entry.card.model.image_shape if entry.card else None,
                "data": entry.card.data.get("name") if entry.card else None,
                "ok": entry.ok,
                "reason": entry.reason,
            }
            for entry in entries
        ]
        print(json.dumps(rows, indent=2))
        return
    for entry in entries:
        print(f"{entry.name:24} {_summary(entry.card) if entry.card else entry.reason}")
    if not entries:
        print("the shelf is empty; make a checkpoint with: python -m vae train --help")


def _summary(card: Card) -> str:
    channels, height, width = card.model.image_shape
    return (
        f"{card.model.kind}, {card.model.latent_dim} latent dimensions, "
        f"{width}x{height}x{channels}, {card.data.get('name')}"
    )


def _train(options: argparse.Namespace, given: list[str]) -> None:
    # Settings are checked before the data are read: a bad one should not wait for a download.
    values = vars(options) | {"name": options.objective}
    objective, training = (
        cls(**{field.name: values[field.name] for field in dataclasses.fields(cls)})
        for cls in (ObjectiveConfig, TrainingConfig)
    )
    model = {field.name: values.get(field.name) for field in dataclasses.fields(ModelConfig)}
    ModelConfig(**model | {"image_shape": (1, 32, 32)})
    shape = vae.data.load(options.data, "train").image_shape
    if options.size:
        shape = (shape[0], *options.size)
    recipe = Recipe(
        data=options.data,
        model=ModelConfig(**model | {"image_shape": shape}),
        objective=objective,
        training=training,
        title=options.title,
        command=shlex.join(["python", "-m", "vae", *(a for a in given if a != "--resume")]),
    )
    with _ProgressBar() as bar:
        card = make_checkpoint(
            recipe,
            options.out,
            resume=options.resume,
            on_step=bar.show,
            visibility=options.visibility,
        )
    print(f"saved {card.path}: {_summary(card)}")


class _ProgressBar(contextlib.ExitStack):
    """A bar with the time left that appears with the first step: an error before stands alone."""

    bar: tqdm | None = None

    def show(self, progress: Progress) -> None:
        if self.bar is None:
            bar = tqdm(
                total=progress.steps,
                initial=progress.step - 1,  # a resumed run starts where it stands
                unit="step",
                smoothing=0.05,
                mininterval=0.5,
            )
            self.bar = self.enter_context(bar)
        self.bar.set_description(f"epoch {progress.epoch}/{progress.epochs}", refresh=False)
        terms = f"-log p(x|z) {progress.reconstruction_nll:.1f}, KL {progress.kl:.2f} nats"
        self.bar.set_postfix_str(terms, refresh=False)
        self.bar.update()


def _evaluate(options: argparse.Namespace, given: list[str]) -> None:
    card = find_checkpoint(options.checkpoint)
    source = options.data or card.data["name"]
    split = "test" if source in vae.data.SOURCES else "all"
    images = vae.data.load(source, split, image_shape=card.model.image_shape)
    if options.limit is not None:
        if options.limit < 1:
            raise ValueError(f"limit is {options.limit}; give an integer >= 1")
        images = images.subset(slice(options.limit))
    result = dataclasses.asdict(evaluate(load_model(card), images, seed=options.seed))
    if options.json:
        print(json.dumps(result, indent=2))
        return
    for name, value in result.items():
        print(f"{name:28} {value}")


def _encode(options: argparse.Namespace, given: list[str]) -> None:
    card = find_checkpoint(options.checkpoint)
    pixels, names = _read_images(options.images, card.model.image_shape)
    mean, log_var = encode(load_model(card), pixels)
    columns = {"mean": mean, "names": np.array(names)}
    if log_var is not None:
        columns["log_var"] = log_var
    with options.out.open("wb") as file:
        np.savez(file, **columns)
    print(f"saved {options.out}: {len(mean)} codes of {mean.shape[1]} dimensions")


def _bench(options: argparse.Namespace, given: list[str]) -> None:
    report = functools.partial(print, file=sys.stderr if options.json else sys.stdout, flush=True)
    settings = {"seconds": 0.3, "seeds": 0} if options.quick else {"seconds": 3.0, "seeds": 3}
    result = run_bench(report=report, **settings)
    if options.json:
        print(json.dumps(result, indent=2))


def _read_images(
    sources: list[str], image_shape: tuple[int, int, int]
) -> tuple[np.ndarray, list[str]]:
    first = Path(sources[0])
    if len(sources) == 1 and (first.is_dir() or first.suffix.lower() in DATASET_SUFFIXES):
        images: ImageSet = vae.data.load(first, "all", image_shape=image_shape)
        return images.pixels, [str(row) for row in images.index]
    pixels = [fit_image(read_image(Path(source)), image_shape) for source in sources]
    return np.stack(pixels), [Path(source).name for source in sources]


def _decode(options: argparse.Namespace, given: list[str]) -> None:
    card = find_checkpoint(options.checkpoint)
    z = _parse_code(options.z, card.model.latent_dim)
    pixels = to_uint8(decode(load_model(card), z[None]))[0]
    _write_png(options, pixels)


def _traverse(options: argparse.Namespace, given: list[str]) -> None:
    if not 2 <= options.steps <= 100:
        raise ValueError(f"steps is {options.steps}; give an integer from 2 to 100")
    card = find_checkpoint(options.checkpoint)
    table, latent_dim = load_codes(card), card.model.latent_dim
    start = np.zeros(latent_dim, np.float32)
    if options.z is not None:
        start = _parse_code(options.z, latent_dim)
    rows = [dim for dim in table.order if table.active[dim]] or list(table.order[:1])
    ranges = table.range_per_dim()
    z = [traverse(start, dim, np.linspace(*ranges[dim], options.steps)) for dim in rows]
    pictures = to_uint8(decode(load_model(card), np.concatenate(z)))
    _write_png(options, tile(pictures, options.steps))


def _parse_code(text: str, latent_dim: int) -> np.ndarray:
    try:
        z = np.array([float(part) for part in text.split(",")])
    except ValueError as error:
        raise ValueError(f"z is {text[:60]!r}; give numbers with commas between") from error
    if len(z) != latent_dim:
        raise ValueError(f"z has {len(z)} numbers; this model takes {latent_dim}")
    if not (np.abs(z) <= MAX_COORDINATE).all():  # NaN fails the comparison too
        raise ValueError(f"z holds {text[:60]}; give numbers between -1e6 and 1e6")
    return z.astype(np.float32)


def _write_png(options: argparse.Namespace, pixels: np.ndarray) -> None:
    if not 1 <= options.scale <= 64:
        raise ValueError(f"scale is {options.scale}; give an integer from 1 to 64")
    replace_file(options.out, png_bytes(pixels, scale=options.scale))
    height, width = pixels.shape[0] * options.scale, pixels.shape[1] * options.scale
    print(f"saved {options.out}: {width}x{height} pixels")
