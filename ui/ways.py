"""Answers to the interpolation page: ways between codes, better codes, directions, files."""

from __future__ import annotations

__all__ = ["MAX_CORNERS", "find_direction", "find_ways", "make_file", "refine_code"]

import io
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import torch

from ui import cache, state
from ui.live.values import File, Ways
from vae.checkpoints import Card
from vae.concepts import Concept, find_concept
from vae.evidence import weigh
from vae.export.animation import FORMATS, animation_bytes
from vae.export.pictures import png_bytes, tile
from vae.interpolation import compare_ways
from vae.latent import MAX_COORDINATE, decode, to_uint8
from vae.paths import cross_fade
from vae.refinement import Refinement, refine

MAX_CORNERS = 6
MAX_STEPS = 40
# Codes from each corner to the next, at least: three seconds of animation.
NODES = 60
REFINING_STEPS = 20
STRIP_SIDE, ANIMATION_SIDE = 128, 256
CROSS_FADE = "cross-fade"
PATIENCE_SECONDS = 60.0

Made = TypeVar("Made")

# Torch makes a pool of threads for every thread that asks for one, and two computations at once
# take longer than one after the other: visitors' computations are done on one thread.
_COMPUTING = ThreadPoolExecutor(1, "computing", initializer=lambda: torch.set_num_threads(1))


def find_ways(card: Card, ask: dict) -> Ways:
    """Answer {"corners", "steps", "near"}: the ways through corners (N, D), N 2 to 6.

    Raises:
        ValueError: if it asks for anything else.
    """
    corners = _codes(ask.get("corners"), card.model.latent_dim)
    steps = ask.get("steps")
    if not 2 <= len(corners) <= MAX_CORNERS:
        raise ValueError(f"there are {len(corners)} corners; give 2 to {MAX_CORNERS}")
    if type(steps) is not int or not 1 <= steps <= MAX_STEPS:
        raise ValueError(f"steps is {steps!r}; give an integer from 1 to {MAX_STEPS}")
    nodes = steps * math.ceil(NODES / steps)
    reference = cache.reference(card.id, card)
    near = ask.get("near") is True

    def work() -> Ways:
        ways = compare_ways(
            cache.model(card.id, card),
            corners,
            steps=nodes,
            reference=reference if near else None,
        )
        straight = ways["linear"].image_length
        return Ways(
            corners=corners,
            steps=steps,
            nodes=nodes,
            ways=ways,
            evidence={
                name: weigh(way.codes, reference, ends=corners) for name, way in ways.items()
            },
            saved={
                name: 1 - way.image_length / straight if straight else 0.0
                for name, way in ways.items()
            },
        )

    return _compute(work)


def refine_code(card: Card, ask: dict) -> Refinement:
    """Answer {"pixels", "z"}: a few steps from a code to one that reconstructs a picture better.

    Raises:
        ValueError: if it asks for anything else.
    """
    channels, height, width = card.model.image_shape
    pixels = ask.get("pixels")
    if not isinstance(pixels, list) or len(pixels) != channels * height * width:
        raise ValueError("the picture has another size than the model's")
    if not all(type(value) is int and 0 <= value <= 255 for value in pixels):
        raise ValueError("the picture has values outside 0 to 255")
    (z,) = _codes([ask.get("z")], card.model.latent_dim)
    image = np.array(pixels, np.uint8).reshape(height, width, channels).transpose(2, 0, 1)
    model = cache.model(card.id, card)
    return _compute(lambda: refine(model, image, z, steps=REFINING_STEPS))


def find_direction(card: Card, ask: dict) -> Concept:
    """Answer {"present", "absent"}: a direction between two groups of held-out codes.

    Each is {"label": number} or {"rows": [row of the examples, ...]}; absent may be None, which
    is every code that is not of the present label. Present may be {"map": True}, the group that
    was chosen on the map; all others are absent then.

    Raises:
        ValueError: if it asks for anything else, or a group is empty.
    """
    if isinstance(ask.get("present"), dict) and ask["present"].get("map") is True:
        return find_concept(*_group_of_map(card))
    present = _group(card, ask.get("present"))
    absent = ask.get("absent")
    if absent is None and isinstance(ask.get("present"), dict) and "label" in ask["present"]:
        return find_concept(present, _group(card, {"not": ask["present"]["label"]}))
    return find_concept(present, _group(card, absent))


def make_file(card: Card, ask: dict, ways: Ways | None) -> File:
    """Answer {"kind", "path", "fps", "back"}: a way of those that were found, as a file.

    Args:
        card: The model.
        ask: kind: "png" (a strip of the steps), "gif", "webp", "mp4" or "npz" (the codes of all
            ways and what is known about them); path: the name of a way, or "cross-fade"; fps:
            pictures a second; back: whether an animation also goes back.
        ways: The ways.

    Raises:
        ValueError: if it asks for anything else, or there is no such file to be had.
    """
    kind, path, fps = ask.get("kind"), ask.get("path"), ask.get("fps")
    if ways is None:
        raise ValueError("choose two corners first")
    if kind not in ("png", "npz", *FORMATS):
        raise ValueError(f"kind is {kind!r}; choose png, npz, {', '.join(FORMATS)}")
    if path not in (*ways.ways, CROSS_FADE):
        raise ValueError(f"path is {path!r}; choose one of {', '.join(ways.ways)}, {CROSS_FADE}")
    name = f"{card.name}-{path}.{kind}"
    if kind == "npz":
        return File(f"{card.name}-ways.npz", kind, _codes_file(ways))
    side = max(card.model.image_shape[1:])
    if kind == "png":
        frames = _frames(card, ways, path, ways.steps)
        scale = max(1, STRIP_SIDE // side)
        return File(name, kind, png_bytes(tile(frames, len(frames)), scale=scale))
    if type(fps) not in (int, float):
        raise ValueError(f"fps is {fps!r}; give a number from 1 to 60")
    frames = _frames(card, ways, path, ways.nodes)
    if ask.get("back") is True and len(ways.corners) == 2:
        frames = np.concatenate([frames, frames[-2::-1]])
    scale = max(1, ANIMATION_SIDE // side)
    return File(name, kind, animation_bytes(frames, kind, fps=fps, scale=scale))


def _frames(card: Card, ways: Ways, path: str, count: int) -> np.ndarray:
    """Return pictures (S + 1, H, W, C) uint8, ``count`` from each corner to the next."""
    if path != CROSS_FADE:
        return _exact(card, ways.ways[path].codes[:: ways.nodes // count])
    ends = _exact(card, ways.corners).astype(np.float32)
    legs = [(0, 1)] if len(ends) == 2 else [(k, (k + 1) % len(ends)) for k in range(len(ends))]
    faded = [cross_fade(ends[a], ends[b], count)[:-1] for a, b in legs]
    return np.concatenate([*faded, ends[legs[-1][1], None]]).round().astype(np.uint8)


def _exact(card: Card, codes: np.ndarray) -> np.ndarray:
    """Decode in full precision, which live pictures may do without: (N, H, W, C) uint8."""
    model = cache.model(card.id, card)
    return _compute(lambda: to_uint8(decode(model, codes)))


def _codes_file(ways: Ways) -> bytes:
    arrays = {"corners": ways.corners}
    for name, way in ways.ways.items():
        evidence = ways.evidence[name]
        arrays |= {
            name: way.codes,
            f"{name}_log_density": evidence.log_density,
            f"{name}_nearby": evidence.nearby,
        }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def _group_of_map(card: Card) -> tuple[np.ndarray, np.ndarray]:
    """Return the codes that were chosen on the map, and all others."""
    groups = state.group_of(card.id)
    if groups is None or not len(groups[1]):
        raise ValueError("choose some of the images on the map first")
    return groups


def _group(card: Card, group: object) -> np.ndarray:
    """Return the held-out codes of a group."""
    if isinstance(group, dict) and isinstance(group.get("rows"), list):
        examples = cache.examples(card.id, card)
        rows = group["rows"]
        if not all(type(row) is int and 0 <= row < len(examples.mean) for row in rows):
            raise ValueError("a group names pictures that are not in the gallery")
        if not rows:
            raise ValueError("a group is empty; choose pictures for both")
        return examples.mean[rows]
    codes = cache.table(card.id, card)
    if isinstance(group, dict) and codes.label is not None:
        mean, label = codes.mean[codes.held_out], codes.label[codes.held_out]
        wanted = group.get("label", group.get("not"))
        chosen = label == wanted if "label" in group else label != wanted
        if type(wanted) is int and chosen.any():
            return mean[chosen]
    raise ValueError("there is no such group; choose a label or pictures")


def _codes(values: object, dims: int) -> np.ndarray:
    """Return codes (N, D) float32 of lists of numbers."""
    if not isinstance(values, list) or not all(
        isinstance(z, list)
        and len(z) == dims
        and all(type(value) in (int, float) and abs(value) <= MAX_COORDINATE for value in z)
        for z in values
    ):
        raise ValueError(f"a corner is no code; give {dims} numbers between -1e6 and 1e6")
    return np.array(values, np.float32).reshape(-1, dims)


def _compute(work: Callable[[], Made]) -> Made:
    try:
        return _COMPUTING.submit(work).result(PATIENCE_SECONDS)
    except TimeoutError as error:
        raise ValueError("too much is being computed here just now; try again") from error
