"""The frames between the page and the server: binary, little-endian, one answer a request.

========  =====  =====  ==========  =====  ======  =====  ====  ==================================
frame     u8     u8     u16         u32    u16     u16    u16   then
========  =====  =====  ==========  =====  ======  =====  ====  ==================================
hello     1      0      0           0      0       0      0     the token, UTF-8
request   1      1      dims        seq    count   0      0     checkpoint id (32), count * dims f32
welcome   1      2      0           0      0       0      0
pixels    1      3      channels    seq    count   height width count * H * W * channels u8
busy      1      4      0           seq    0       0      0
picture   1      5      channels    seq    1       height width checkpoint id (32), pixels u8
codes     1      6      dims        seq    rows    0      0     rows * dims f32: mean, log variance
========  =====  =====  ==========  =====  ======  =====  ====  ==================================

A request is answered by pixels, a picture by codes: two rows, one of an autoencoder, whose
posterior has no variance. Every header has 16 bytes (two spare at its end), so that codes and
pixels start aligned. The page's half is ``js/frames.js``; a test keeps the two in step.
"""

from __future__ import annotations

__all__ = [
    "MAX_CODES",
    "Answer",
    "FrameError",
    "Hello",
    "Picture",
    "Request",
    "pack_busy",
    "pack_codes",
    "pack_hello",
    "pack_picture",
    "pack_pixels",
    "pack_request",
    "pack_welcome",
    "unpack_answer",
    "unpack_message",
]

import math
import struct
from dataclasses import dataclass

import numpy as np

VERSION = 1
HELLO, REQUEST, WELCOME, PIXELS, BUSY, PICTURE, CODES = range(7)
HEADER = struct.Struct("<BBHIHHHxx")
ID_BYTES = 32
MAX_CODES = 1024
MAX_TOKEN_BYTES = 1 << 16
MAX_PICTURE_BYTES = 1 << 20


class FrameError(ValueError):
    """A frame is not one of the table above; whoever sent it is not our page."""


@dataclass(frozen=True)
class Hello:
    """The first frame of a socket, and any later one that renews what it may see."""

    token: str


@dataclass(frozen=True)
class Request:
    """Codes to decode: ``z`` (N, D) finite float32 for the checkpoint with this id."""

    sequence: int
    checkpoint: str
    z: np.ndarray


@dataclass(frozen=True)
class Picture:
    """A picture to encode: ``pixels`` (H, W, C) uint8 for the checkpoint with this id."""

    sequence: int
    checkpoint: str
    pixels: np.ndarray


@dataclass(frozen=True)
class Answer:
    """What came for the request of that number, nothing when the server was busy.

    Attributes:
        sequence: The request's number.
        pixels: Pictures (N, H, W, C) uint8, if codes were asked about.
        codes: Posterior mean and log variance (2, D) float32, or the mean alone (1, D), if a
            picture was.
    """

    sequence: int
    pixels: np.ndarray | None = None
    codes: np.ndarray | None = None


def pack_hello(token: str) -> bytes:
    """Return the frame that introduces the page."""
    return HEADER.pack(VERSION, HELLO, 0, 0, 0, 0, 0) + token.encode()


def pack_request(sequence: int, checkpoint: str, z: np.ndarray) -> bytes:
    """Return the frame that asks for the pictures of codes ``z`` (N, D)."""
    header = HEADER.pack(VERSION, REQUEST, z.shape[1], sequence, len(z), 0, 0)
    return header + bytes.fromhex(checkpoint) + z.astype("<f4").tobytes()


def pack_picture(sequence: int, checkpoint: str, pixels: np.ndarray) -> bytes:
    """Return the frame that asks for the posterior of a picture (H, W, C) uint8."""
    height, width, channels = pixels.shape
    header = HEADER.pack(VERSION, PICTURE, channels, sequence, 1, height, width)
    return header + bytes.fromhex(checkpoint) + pixels.tobytes()


def pack_welcome() -> bytes:
    """Return the frame that says: the token is good."""
    return HEADER.pack(VERSION, WELCOME, 0, 0, 0, 0, 0)


def pack_pixels(sequence: int, pixels: np.ndarray) -> bytes:
    """Return the frame that carries pictures (N, H, W, C) uint8."""
    count, height, width, channels = pixels.shape
    header = HEADER.pack(VERSION, PIXELS, channels, sequence, count, height, width)
    return header + np.ascontiguousarray(pixels).tobytes()


def pack_codes(sequence: int, codes: np.ndarray) -> bytes:
    """Return the frame that carries a posterior (rows, D)."""
    header = HEADER.pack(VERSION, CODES, codes.shape[1], sequence, len(codes), 0, 0)
    return header + codes.astype("<f4").tobytes()


def pack_busy(sequence: int) -> bytes:
    """Return the frame that says: too much to do, ask again."""
    return HEADER.pack(VERSION, BUSY, 0, sequence, 0, 0, 0)


def unpack_message(frame: bytes) -> Hello | Request | Picture:
    """Read what a page sent, checking every length and value.

    Raises:
        FrameError: if it is not a hello, a request or a picture of this version.
    """
    kind, dims, sequence, count, height, width = _unpack_header(frame)
    body = frame[HEADER.size :]
    if kind == HELLO:
        return Hello(_unpack_token(body))
    if kind == PICTURE:
        return _unpack_picture(sequence, (height, width, dims), body)
    if kind != REQUEST:
        raise FrameError(f"kind is {kind}; a page sends {HELLO}, {REQUEST} or {PICTURE}")
    if not 1 <= count <= MAX_CODES or not dims:
        raise FrameError(f"{count} codes of {dims} dimensions; give 1 to {MAX_CODES} codes")
    if len(body) != ID_BYTES + 4 * count * dims:
        raise FrameError(f"{len(body)} bytes follow the header of {count} codes of {dims}")
    z = np.frombuffer(body, dtype="<f4", offset=ID_BYTES).reshape(count, dims)
    if not np.isfinite(z).all():
        raise FrameError("a code holds NaN or infinity")
    return Request(sequence, body[:ID_BYTES].hex(), z)


def unpack_answer(frame: bytes) -> Answer:
    """Read an answer, as the page does.

    Raises:
        FrameError: if it is not an answer of this version.
    """
    kind, channels, sequence, count, height, width = _unpack_header(frame)
    if kind == BUSY:
        return Answer(sequence)
    if kind == CODES and len(frame) == HEADER.size + 4 * count * channels:
        codes = np.frombuffer(frame, dtype="<f4", offset=HEADER.size)
        return Answer(sequence, codes=codes.reshape(count, channels))
    if kind != PIXELS or len(frame) != HEADER.size + count * height * width * channels:
        raise FrameError(f"kind {kind} with {len(frame)} bytes is no answer")
    pixels = np.frombuffer(frame, dtype=np.uint8, offset=HEADER.size)
    return Answer(sequence, pixels.reshape(count, height, width, channels))


def _unpack_header(frame: bytes) -> tuple[int, int, int, int, int, int]:
    if len(frame) < HEADER.size:
        raise FrameError(f"{len(frame)} bytes; a header has {HEADER.size}")
    version, *fields = HEADER.unpack_from(frame)
    if version != VERSION:
        raise FrameError(f"version is {version}; this server speaks {VERSION}")
    return tuple(fields)


def _unpack_picture(sequence: int, shape: tuple[int, int, int], body: bytes) -> Picture:
    size = math.prod(shape)
    if not 1 <= size <= MAX_PICTURE_BYTES or len(body) != ID_BYTES + size:
        raise FrameError(f"{len(body)} bytes follow the header of a picture {shape}")
    pixels = np.frombuffer(body, dtype=np.uint8, offset=ID_BYTES).reshape(shape)
    return Picture(sequence, body[:ID_BYTES].hex(), pixels)


def _unpack_token(body: bytes) -> str:
    if len(body) > MAX_TOKEN_BYTES:
        raise FrameError(f"the token has {len(body)} bytes; at most {MAX_TOKEN_BYTES}")
    try:
        return body.decode("ascii")
    except UnicodeDecodeError as error:
        raise FrameError("the token is not ASCII") from error
