"""One picture from a file or an upload, and the same picture made to fit a model.

A picture is hostile until proved otherwise: its bytes, its format and its declared size are
checked before anything is decoded, and whatever goes wrong is a ``DataError``.
"""

from __future__ import annotations

__all__ = [
    "crop_size",
    "decode_image",
    "fit_image",
    "grey",
    "read_bytes",
    "read_image",
    "resize",
]

import io
import os
import stat
import warnings
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from vae.data.errors import DataError, safe_label
from vae.data.image_set import check_image_shape

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MAX_BYTES = 32 * 2**20
MAX_PIXELS = 2**24
MIN_READ_SIDE = 4
MAX_ASPECT = 16
ALLOWED = "give a PNG, JPEG, WebP, GIF or BMP picture"

WHITE_NOTE = "Transparent parts were put on white."
FRAME_NOTE = "Of an animation, the first frame was taken."
DEPTH_NOTE = "16-bit grey levels were scaled to 8 bits (value / 257, rounded)."
UPRIGHT_NOTE = "Pictures were turned upright as the camera's orientation mark says."

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_image(source: str | Path | bytes) -> np.ndarray:
    """Read one picture, upright, its transparent parts on white, its first frame.

    Args:
        source: A file, or the bytes of one: PNG, JPEG, WebP, GIF or BMP, up to 32 MiB and
            16.7 megapixels (4096 x 4096), sides of 4 pixels or more, at most 16 times as long
            as wide.

    Returns:
        Array (H, W, 1) uint8 of a picture stored as grey, else (H, W, 3).

    Raises:
        DataError: if it is no such picture, or damaged.
    """
    if isinstance(source, bytes):
        return decode_image(source)[0]
    path = Path(source)
    try:
        return decode_image(read_bytes(path))[0]
    except DataError as error:
        raise DataError(f"{safe_label(path.name)}: {error}") from error


def fit_image(image: np.ndarray, image_shape: tuple[int, int, int]) -> np.ndarray:
    """Make a picture fit a model.

    The largest centred part of the right aspect is cut out and resized, by Lanczos when it
    shrinks (sharp, no aliasing) and bilinearly when it grows (no ringing). Colours become grey
    by ITU-R 601 luma, 0.299 R + 0.587 G + 0.114 B; grey is repeated in three channels.

    Args:
        image: Picture (H, W, 1) or (H, W, 3), uint8.
        image_shape: The model's (C, H, W).

    Returns:
        Array (C, H, W) uint8.

    Example:
        >>> picture = np.full((10, 20, 3), (255, 0, 0), np.uint8)
        >>> fit_image(picture, (1, 8, 8))[0, 0, 0]
        np.uint8(76)
    """
    channels, height, width = check_image_shape(image_shape)
    shape = getattr(image, "shape", ())
    if len(shape) != 3 or shape[2] not in (1, 3) or 0 in shape or image.dtype != np.uint8:
        raise DataError(f"image has shape {shape}; give uint8 (H, W, 1) or (H, W, 3)")
    fitted = resize(image, (height, width))
    if channels < fitted.shape[2]:
        fitted = grey(fitted)
    return np.repeat(fitted, channels // fitted.shape[2], axis=2).transpose(2, 0, 1).copy()


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the centre of an (H, W, C) picture at ``size`` (height, width); C stays."""
    tall, wide = crop_size(image.shape[:2], size)
    top, left = (image.shape[0] - tall) // 2, (image.shape[1] - wide) // 2
    image = image[top : top + tall, left : left + wide]
    if (tall, wide) == size:
        return image
    shrinks = tall * wide > size[0] * size[1]
    method = Image.Resampling.LANCZOS if shrinks else Image.Resampling.BILINEAR
    return _pixels(_picture(image).resize(size[::-1], method))


def crop_size(original: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Return the largest (height, width) within ``original`` that has the aspect of ``size``."""
    (rows, columns), (height, width) = original, size
    tall = min(rows, max(1, round(columns * height / width)))
    return tall, min(columns, max(1, round(rows * width / height)))


def grey(image: np.ndarray) -> np.ndarray:
    """Return the ITU-R 601 luma (H, W, 1) of an (H, W, 3) picture."""
    return _pixels(_picture(image).convert("L"))


def read_bytes(path: Path) -> bytes:
    """Return the content of a regular file of at most 32 MiB."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"this is not a file; {ALLOWED}")
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        reason = os.strerror(getattr(error, "errno", None) or 2).lower()
        raise DataError(f"the file could not be read ({reason}); {ALLOWED}") from error


def decode_image(data: bytes) -> tuple[np.ndarray, frozenset[str]]:
    """Decode one picture; also return the sentences that say what was done to it."""
    if not data:
        raise DataError(f"the file is empty; {ALLOWED}")
    if len(data) > MAX_BYTES:
        raise DataError(f"the file is larger than {MAX_BYTES // 2**20} MiB; give a smaller picture")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        image = _open(data)
        try:
            image.load()
            return _convert(image)
        except DataError:
            raise
        except Exception as error:  # Pillow's decoders raise many kinds
            raise DataError("the picture is damaged or incomplete; save it again") from error


def _open(data: bytes) -> Image.Image:
    """Read the header alone, and refuse what is too large to decode."""
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        width, height = image.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(_too_large("more than 80")) from error
    except Exception as error:  # as above
        raise DataError(f"this is not a picture that can be read; {ALLOWED}") from error
    if width * height > MAX_PIXELS:
        raise DataError(_too_large(f"{width * height / 1e6:.1f}"))
    short, long = sorted((width, height))
    if short < MIN_READ_SIDE or long > MAX_ASPECT * short:
        raise DataError(
            f"the picture is {width} x {height} pixels; give sides of {MIN_READ_SIDE} or more, "
            f"at most {MAX_ASPECT} times as long as wide"
        )
    return image


def _too_large(megapixels: str) -> str:
    allowed = f"{MAX_PIXELS / 1e6:.1f} (4096 x 4096)"
    return f"the picture is too large: {megapixels} megapixels; give at most {allowed}"


def _convert(image: Image.Image) -> tuple[np.ndarray, frozenset[str]]:
    """Turn a decoded image of any mode upright and into grey or RGB on white."""
    stored, notes = image, set()
    if image.mode == "I" or image.mode.startswith("I;16"):
        image = _eight_bits(image)
        notes.add(DEPTH_NOTE)
    stored_grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        image, alpha = _on_white(image, stored_grey)
        notes |= {WHITE_NOTE} if alpha else set()
    elif image.mode == "F":
        raise DataError("the picture holds floating-point numbers; save it with 8 bits")
    else:
        image = image.convert("L" if stored_grey else "RGB")
    turn = _turn(stored)
    if turn is not None:
        image = image.transpose(turn)
        notes.add(UPRIGHT_NOTE)
    if _is_animated(stored):
        notes.add(FRAME_NOTE)
    return _pixels(image), frozenset(notes)


def _turn(image: Image.Image) -> Image.Transpose | None:
    """Return what brings the image upright; None where no mark says so or it is unreadable."""
    try:
        return _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation))
    except Exception:  # a damaged mark does not make a damaged picture
        return None


def _is_animated(image: Image.Image) -> bool:
    """Say whether more frames follow; asking must neither count them nor fail the picture."""
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # the second frame is damaged, the first is not
        return False


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits; Pillow's own conversion would clip at 255."""
    levels = np.asarray(image).astype(np.int64)
    if levels.min() < 0 or levels.max() > 65535:
        raise DataError("the picture's grey levels exceed 16 bits; save it with 8 bits")
    scaled = _picture(((levels + 128) // 257).astype(np.uint8)[..., None])
    if isinstance(image.info.get("transparency"), int):
        opaque = levels != image.info["transparency"]
        scaled.putalpha(Image.fromarray(opaque.astype(np.uint8) * 255))
    return scaled


def _on_white(image: Image.Image, stored_grey: bool) -> tuple[Image.Image, bool]:
    """Put a picture on white; also say whether any part of it was transparent."""
    image = image.convert("LA" if stored_grey else "RGBA")
    alpha = image.getchannel("A")
    picture = image.convert("L" if stored_grey else "RGB")
    canvas = Image.new(picture.mode, picture.size, "white")
    canvas.paste(picture, mask=alpha)
    return canvas, alpha.getextrema()[0] < 255


def _picture(image: np.ndarray) -> Image.Image:
    """Pillow's view of an (H, W, 1) or (H, W, 3) array."""
    return Image.fromarray(np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image))


def _pixels(picture: Image.Image) -> np.ndarray:
    """The (H, W, 1) or (H, W, 3) array of a grey or RGB picture."""
    image = np.array(picture)
    return image[..., None] if image.ndim == 2 else image
