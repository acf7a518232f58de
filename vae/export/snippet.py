"""Python that reproduces what is on the screen."""

from __future__ import annotations

__all__ = ["decoding_snippet"]

from vae.checkpoints import Card

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


def decoding_snippet(card: Card) -> str:
    """Return a program that decodes a code of this model to a PNG; "{z}" stands for its numbers."""
    return TEMPLATE.format(name=card.name, id=card.id)
