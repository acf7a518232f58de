"""What each sub-command of ``python -m vae`` does, given its parsed options."""

from __future__ import annotations

__all__ = [
    "run_bench",
    "run_decode",
    "run_encode",
    "run_evaluate",
    "run_interpolate",
    "run_list",
    "run_project",
    "run_train",
    "run_traverse",
]

import argparse
import dataclasses
import functools
import json
import shlex
import sys
import time
from pathlib import Path

import numpy as np

import vae.data
from vae.bench import run_bench as measure_speed
from vae.checkpoints import Card, load_codes, load_model
from vae.data import ImageSet, fit_image, read_image
from vae.encoded_sources import encode_source
from vae.export.animation import FORMATS, animation_bytes
from vae.export.pictures import png_bytes, tile
from vae.export.tables import TABLE_FORMATS, map_table
from vae.interpolation import interpolate
from vae.latent import MAX_COORDINATE, decode, encode, to_uint8, traverse
from vae.memory import keep_freed_memory
from vae.metrics.likelihood import evaluate
from vae.metrics.neighbours import NEIGHBOURS, map_quality
from vae.models import ModelConfig
from vae.objectives import ObjectiveConfig
from vae.progress_bars import CountingBar, TrainingBar
from vae.projections import QUICK, THOROUGH, project
from vae.recipe import Recipe, make_checkpoint
from vae.shelf import find_checkpoint, read_shelf
from vae.storage import replace_file, replacing
from vae.training import TrainingConfig

DATASET_SUFFIXES = (".zip", ".npz")


def run_list(options: argparse.Namespace, given: list[str]) -> None:
    """Print the checkpoints on the shelf."""
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


def run_train(options: argparse.Namespace, given: list[str]) -> None:
    """Train a model and save it as a checkpoint."""
    # Settings are checked before the data are read: a bad one should not wait for a download.
    values = vars(options) | {"name": options.objective}
    objective, training = (
        cls(**{field.name: values[field.name] for field in dataclasses.fields(cls)})
        for cls in (ObjectiveConfig, TrainingConfig)
    )
    model = {field.name: values.get(field.name) for field in dataclasses.fields(ModelConfig)}
    ModelConfig(**model | {"image_shape": (1, 32, 32)})
    images = vae.data.load(options.data, "train")
    shape = images.image_shape
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
    keep_freed_memory()
    with TrainingBar() as bar:
        card = make_checkpoint(
            recipe,
            options.out,
            resume=options.resume,
            on_step=bar.show,
            visibility=options.visibility,
            train=images if images.image_shape == shape else None,
        )
    print(f"saved {card.path}: {_summary(card)}")


def run_evaluate(options: argparse.Namespace, given: list[str]) -> None:
    """Print how well a model explains images."""
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


def run_encode(options: argparse.Namespace, given: list[str]) -> None:
    """Write the codes of images."""
    card = find_checkpoint(options.checkpoint)
    notes: tuple[str, ...] = ()
    if _is_data_set(options.images):
        with CountingBar() as bar:
            encoded = encode_source(card, Path(options.images[0]), local=True, on_progress=bar.show)
        notes, columns = encoded.notes, encoded.table.columns()
        columns["names"] = encoded.table.index.astype(str)
    else:
        pixels, names = _read_images(options.images, card.model.image_shape)
        mean, log_var = encode(load_model(card), pixels)
        columns = {"mean": mean, "names": np.array(names)}
        if log_var is not None:
            columns["log_var"] = log_var
    with replacing(options.out) as file:
        np.savez(file, **columns)
    n, dims = columns["mean"].shape
    print("\n".join([f"saved {options.out}: {n} codes of {dims} dimensions", *notes]))


def run_bench(options: argparse.Namespace, given: list[str]) -> None:
    """Print how fast the library is here."""
    report = functools.partial(print, file=sys.stderr if options.json else sys.stdout, flush=True)
    settings = {"seconds": 0.3, "seeds": 0, "starts": 1} if options.quick else {}
    result = measure_speed(report=report, **settings)
    if options.json:
        print(json.dumps(result, indent=2))


def _is_data_set(sources: list[str]) -> bool:
    first = Path(sources[0])
    return len(sources) == 1 and (first.is_dir() or first.suffix.lower() in DATASET_SUFFIXES)


def _read_images(
    sources: list[str], image_shape: tuple[int, int, int]
) -> tuple[np.ndarray, list[str]]:
    if _is_data_set(sources):
        images: ImageSet = vae.data.load(Path(sources[0]), "all", image_shape=image_shape)
        return images.pixels, [str(row) for row in images.index]
    pixels = [fit_image(read_image(Path(source)), image_shape) for source in sources]
    return np.stack(pixels), [Path(source).name for source in sources]


def run_decode(options: argparse.Namespace, given: list[str]) -> None:
    """Write the picture of a code."""
    card = find_checkpoint(options.checkpoint)
    z = _parse_code(options.z, card.model.latent_dim)
    pixels = to_uint8(decode(load_model(card), z[None]))[0]
    _write_png(options, pixels)


def run_traverse(options: argparse.Namespace, given: list[str]) -> None:
    """Write a grid of pictures: one row a dimension."""
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


def run_interpolate(options: argparse.Namespace, given: list[str]) -> None:
    """Write the way from one picture to another, or round several."""
    suffix = options.out.suffix.lower().removeprefix(".")
    if suffix not in ("png", *FORMATS):
        endings = ", ".join(f".{kind}" for kind in ("png", *FORMATS))
        raise ValueError(f"out is {options.out.name}; give a name ending in {endings}")
    if not 1 <= options.steps <= 1000:
        raise ValueError(f"steps is {options.steps}; give an integer from 1 to 1000")
    if len(options.images) < 2:
        raise ValueError(f"there is {len(options.images)} image; give two or more")
    card = find_checkpoint(options.checkpoint)
    model = load_model(card)
    pixels, _ = _read_images(options.images, card.model.image_shape)
    corners, _ = encode(model, pixels)
    codes = interpolate(model, corners, path=options.path, steps=options.steps)
    frames = to_uint8(decode(model, codes))
    if suffix == "png":
        _write_png(options, tile(frames, len(frames)))
        return
    replace_file(options.out, animation_bytes(frames, suffix, fps=options.fps, scale=options.scale))
    print(f"saved {options.out}: {len(frames)} pictures, {options.fps:g} a second")


def run_project(options: argparse.Namespace, given: list[str]) -> None:
    """Write a map of a model's codes, and say how true it is."""
    kind = options.out.suffix.lower().removeprefix(".")
    if kind not in TABLE_FORMATS:
        endings = ", ".join(f".{suffix}" for suffix in TABLE_FORMATS)
        raise ValueError(f"out is {options.out.name}; give a name ending in {endings}")
    card = find_checkpoint(options.checkpoint)
    base = THOROUGH if options.thorough else QUICK
    settings = dataclasses.replace(base, method=options.method, seed=options.seed)
    with CountingBar() as bar:
        encoded = encode_source(card, options.data, local=True, on_progress=bar.show)
    table = encoded.table
    started = time.perf_counter()
    projection = project(table.mean, settings)
    seconds = time.perf_counter() - started
    replace_file(options.out, map_table(table, projection, kind, checkpoint=card.id))
    print(f"saved {options.out}: {len(table)} codes, {options.method}, {seconds:.1f} s")
    for note in encoded.notes:
        print(note)
    if len(table) > 2 * NEIGHBOURS:
        for name, value in dataclasses.asdict(map_quality(table.mean, projection.points)).items():
            print(f"{name:18} {value:.4g}")
    if projection.share is not None:
        print(f"{'share of variance':18} {projection.share.sum():.4g}")


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
