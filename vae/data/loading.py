"""One way in: images from a source by name, a folder, a zip or an npz file."""

from __future__ import annotations

__all__ = ["load", "no_source"]

import os
from dataclasses import replace
from pathlib import Path

from vae.data.archives import Archive
from vae.data.errors import DataError, safe_label
from vae.data.fitting import fit_all
from vae.data.image_set import SPLITS, WHOLE, ImageSet, check_image_shape, check_split
from vae.data.named import SOURCES, load_named
from vae.data.npz import NpzFile
from vae.data.pictures import load_folder, load_zip
from vae.data.tables import holds_arrays, load_npz


def load(
    source: str | Path,
    split: str = "train",
    *,
    image_shape: tuple[int, int, int] | None = None,
) -> ImageSet:
    """Load one split of a data set.

    Args:
        source: A name of ``SOURCES``, or where images lie:

            - a folder of pictures, with those in its sub-folders; a sub-folder's name is the
              label when all pictures lie in sub-folders, and sub-folders ``train`` and ``test``
              are the splits;
            - a zip of such a folder;
            - an npz file with images under ``images``, ``imgs``, ``x``, ``X`` or ``pixels``,
              (N, H, W), (N, H, W, C) or (N, C, H, W), of values 0 to 1 or 0 to 255; perhaps
              labels under ``labels``, ``label`` or ``y``, and factors under ``latents_...``; or
              with ``x_train`` and ``x_test``, ``y_train`` and ``y_test``.

            A ``Path`` is never taken for a name.
        split: "train" or "test"; where the source has no splits, a tenth is held out by a fixed
            permutation. "all" for a whole folder, zip or npz in its own order.
        image_shape: The (C, H, W) the images are made to fit. Without it they keep a size that
            they all share, sides 8 to 128, and become 64x64 otherwise.

    Raises:
        DataError: if there is no such source, or no images can be had from it.

    Example:
        >>> digits = load("digits")
        >>> digits
        ImageSet('digits', 'train', 1437 images of (1, 8, 8))
        >>> load("digits", "test", image_shape=(1, 16, 16)).preprocessing[-1]
        'Resized to 16x16 pixels from 8x8 (Lanczos to shrink, bilinear to enlarge).'
    """
    check_split(split)
    if image_shape is not None:
        image_shape = check_image_shape(image_shape)
    if isinstance(source, str) and source in SOURCES:
        if split == WHOLE:
            raise DataError(f"{source} has the splits {' and '.join(SPLITS)}; choose one")
        return _fitted(load_named(source, split), image_shape)
    path = Path(source)
    if source and os.path.isdir(path):
        return load_folder(path, split, image_shape)
    if not os.path.isfile(path):
        raise no_source(source)
    with Archive(path) as archive:
        if holds_arrays(archive):
            return load_npz(NpzFile(archive), split, image_shape)
        return load_zip(archive, split, image_shape)


def no_source(source: str | Path) -> DataError:
    """Return the error that says there is nothing of this name."""
    return DataError(
        f"there is no data source, folder or file {safe_label(source)!r}; choose one of "
        f"{', '.join(SOURCES)}, or give a folder, a zip or an npz file of images"
    )


def _fitted(images: ImageSet, image_shape: tuple[int, int, int] | None) -> ImageSet:
    """Bring a named source to another shape, if one is asked for."""
    if image_shape is None or image_shape == images.image_shape:
        return images
    pixels, notes = fit_all(images.pixels.transpose(0, 2, 3, 1), image_shape)
    return replace(images, pixels=pixels, preprocessing=(*images.preprocessing, *notes))
