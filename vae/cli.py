"""The command line: a thin layer over the library. Bad input gives one line and exit code 2."""

from __future__ import annotations

__all__ = ["main"]

import argparse
import dataclasses
import os
import sys
from pathlib import Path
from typing import NoReturn

import vae.data
from vae import commands
from vae.checkpoints import VISIBILITIES, CheckpointError
from vae.data import DataError
from vae.export.animation import DEFAULT_FPS
from vae.interpolation import PATH_NAMES
from vae.models import ModelConfig
from vae.objectives import ObjectiveConfig
from vae.projections import METHODS
from vae.runs import RunError
from vae.training import TrainingConfig, TrainingError

MISTAKES = (CheckpointError, DataError, RunError, TrainingError, ValueError, OSError)


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
    except BrokenPipeError:  # whoever read the output has gone; nothing more can be said there
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except MISTAKES as error:
        message = " ".join(_explain(error).split())
        print(f"error: {message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; what was saved is kept", file=sys.stderr)
        return 130
    return 0


def _explain(error: Exception) -> str:
    """Say what is wrong; of an error of the operating system, the file and the reason."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename2 or error.filename}: {error.strerror.lower()}"
    return str(error)


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
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")

    listing = subparsers.add_parser("list", help="the checkpoints on the shelf")
    listing.add_argument("--json", action="store_true", help="as a JSON list")
    listing.set_defaults(run=commands.run_list)

    _add_train(subparsers.add_parser("train", help="train a model, save it as a checkpoint"))

    measuring = _add_checkpoint(subparsers.add_parser("evaluate", help="measure on images"))
    measuring.add_argument("--data", help="a data source's name, or a folder, zip or npz of images")
    measuring.add_argument("--limit", type=int, help="only the first N images")
    measuring.add_argument("--seed", type=int, default=0, help="seed of the posterior samples")
    measuring.add_argument("--json", action="store_true", help="as a JSON object")
    measuring.set_defaults(run=commands.run_evaluate)

    encoding = _add_checkpoint(subparsers.add_parser("encode", help="images to codes"))
    encoding.add_argument("images", nargs="+", metavar="IMAGE", help="image files, or one data set")
    encoding.add_argument("--out", type=Path, required=True, help="codes.npz to write")
    encoding.set_defaults(run=commands.run_encode)

    decoding = _add_checkpoint(subparsers.add_parser("decode", help="a code to its picture"))
    decoding.add_argument("--z", required=True, help='the code, such as "-0.5,1"')
    decoding.add_argument("--out", type=Path, required=True, help="PNG to write")
    decoding.add_argument("--scale", type=int, default=1, help="screen pixels a pixel")
    decoding.set_defaults(run=commands.run_decode)

    walking = _add_checkpoint(subparsers.add_parser("traverse", help="a grid, one row a dimension"))
    walking.add_argument("--z", help="the code to start from; the origin if not given")
    walking.add_argument("--steps", type=int, default=11, help="pictures a row")
    walking.add_argument("--out", type=Path, required=True, help="PNG to write")
    walking.add_argument("--scale", type=int, default=1, help="screen pixels a pixel")
    walking.set_defaults(run=commands.run_traverse)

    morphing = _add_checkpoint(subparsers.add_parser("interpolate", help="from picture to picture"))
    morphing.add_argument(
        "images", nargs="+", metavar="IMAGE", help="two image files, or more for a closed way"
    )
    morphing.add_argument("--path", default="linear", help=f"{', '.join(PATH_NAMES)}")
    morphing.add_argument("--steps", type=int, default=32, help="from each picture to the next")
    morphing.add_argument("--fps", type=float, default=DEFAULT_FPS, help="pictures a second")
    morphing.add_argument("--scale", type=int, default=1, help="screen pixels a pixel")
    morphing.add_argument(
        "--out", type=Path, required=True, help="a .png strip, or a .gif, .webp or .mp4"
    )
    morphing.set_defaults(run=commands.run_interpolate)

    mapping = _add_checkpoint(subparsers.add_parser("project", help="codes to a map"))
    mapping.add_argument(
        "--data", help="a source, folder, zip or npz; the shipped codes if not given"
    )
    mapping.add_argument("--method", default="tsne", help=f"{', '.join(METHODS)}")
    mapping.add_argument("--thorough", action="store_true", help="a truer t-SNE that takes longer")
    mapping.add_argument("--seed", type=int, default=0, help="seed of t-SNE and UMAP")
    mapping.add_argument("--out", type=Path, required=True, help="a .csv, .parquet or .npz")
    mapping.set_defaults(run=commands.run_project)

    racing = subparsers.add_parser("bench", help="how fast this is here, beside the naive way")
    racing.add_argument("--quick", action="store_true", help="short, without the times to an ELBO")
    racing.add_argument("--json", action="store_true", help="as a JSON object")
    racing.set_defaults(run=commands.run_bench)
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
    parser.set_defaults(run=commands.run_train)


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
