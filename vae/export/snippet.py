"""Python that reproduces what is on the screen."""

from __future__ import annotations

__all__ = ["decoding_snippet", "interpolation_snippet", "map_snippet"]

from vae.checkpoints import Card
from vae.projections import Settings

TEMPLATE = """\
import numpy as np
from PIL import Image
from vae import decode, find_checkpoint, load_model
from vae.latent import to_uint8

card = find_checkpoint("{name}")
assert card.id == "{id}", "this is another version of the model"
z = np.array([[{{z}}]], dtype=np.float32)
pixels = to_uint8(decode(load_model(card), z))[0]
Image.fromarray(pixels.squeeze()).save("{name}.png")
"""

WAYS = """\
import numpy as np
from vae import decode, find_checkpoint, load_model
from vae.export.animation import animation_bytes
from vae.interpolation import interpolate
from vae.latent import to_uint8

card = find_checkpoint("{name}")
assert card.id == "{id}", "this is another version of the model"
model = load_model(card)
corners = np.array([{{corners}}], dtype=np.float32)
codes = interpolate(model, corners, path="{{path}}", steps={{steps}})
frames = to_uint8(decode(model, codes))
with open("{name}.webp", "wb") as file:
    file.write(animation_bytes(frames, "webp"))
"""

MAP = """\
from vae import encode_source, find_checkpoint
from vae.projections import Settings, project

card = find_checkpoint("{name}")
assert card.id == "{id}", "this is another version of the model"
codes = encode_source(card{source}).table
projection = project(codes.mean, {settings})
print(projection.points[:5])
"""


def decoding_snippet(card: Card) -> str:
    """Return a program that decodes a code of this model to a PNG; "{z}" stands for its numbers."""
    return TEMPLATE.format(name=card.name, id=card.id)


def interpolation_snippet(card: Card) -> str:
    """Return a program that writes a way between codes of this model as an animation.

    "{corners}", "{path}" and "{steps}" stand for the codes as lists, the name of the path and its
    steps.
    """
    return WAYS.format(name=card.name, id=card.id)


def map_snippet(card: Card, settings: Settings, of_training: bool = False) -> str:
    """Return a program that makes a map of this model's held-out codes, or of its training set."""
    source = f', "{card.data["name"]}", split="train"' if of_training else ""
    return MAP.format(name=card.name, id=card.id, settings=settings, source=source)
