"""Images from anywhere: sources by name, folders, zips, npz files, one picture.

Nothing here knows a model. Whatever comes from outside is checked before it is decoded, and
what cannot be used is a ``DataError`` with one plain line.
"""

from __future__ import annotations

__all__ = [
    "SOURCES",
    "DataError",
    "ImageSet",
    "ImageStream",
    "Preparation",
    "SetStream",
    "fit_image",
    "has_originals",
    "load",
    "open_stream",
    "prepare_image",
    "read_image",
]

from vae.data.errors import DataError
from vae.data.file_streams import open_stream
from vae.data.image_set import ImageSet
from vae.data.images import fit_image, read_image
from vae.data.loading import load
from vae.data.named import SOURCES, has_originals
from vae.data.preparation import Preparation, prepare_image
from vae.data.streams import ImageStream, SetStream
