"""The frames between the page and the server: binary, little-endian, one answer a request.

========  =====  =====  ==========  =====  ======  =====  ====  ==================================
frame     u8     u8     u16         u32    u16     u16    u16   then
========  =====  =====  ==========  =====  ======  =====  ====  ==================================
hello     1      0      0           0      0       0      0     the token, UTF-8
request   1      1      dims        seq    count   0      0     checkpoint id (32), count * dims f32
welcome   1      2      0           0      0       0      0
pixels    1      3      channels    seq    count   height width count * H * W * channels u8
busy      1      4      0           seq    0       0      0
========  =====  =====  ==========  =====  ======  =====  ====  ==================================

Every header has 16 bytes (two spare at its end), so that codes and pixels start aligned. The
page's half is ``js/frames.js``; a test keeps the two in step.
"""

from __future__ import annotations

__all__ = [
    "MAX_CODES",
    "Answer",
    "FrameError",
    "Hello",
    "Request",
    "pack_busy",
    "pack_hello",
    "pack_pixels",
    "pack_request",
    "pack_welcome",
    "unpack_answer",
    "unpack_message",
]

import struct
from dataclasses import dataclass

import numpy as np

VERSION = 1
HELLO, REQUEST, WELCOME, PIXELS, BUSY = range(5)
HEADER = struct.Struct("<BBHIHHHxx")
ID_BYTES = 32
MAX_CODES = 1024
MAX_TOKEN_BYTES = 1 << 16


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
class Answer:
    """Pixels (N, H, W, C) uint8 for the request of that number, None when the server was busy."""

    sequence: int
    pixels: np.ndarray | None


def pack_hello(token: str) -> bytes:
    """Return the frame that introduces the page."""
    return HEADER.pack(VERSION, HELLO, 0, 0, 0, 0, 0) + token.encode()


def pack_request(sequence: int, checkpoint: str, z: np.ndarray) -> bytes:
    """Return the frame that asks for the pictures of codes ``z`` (N, D)."""
    header = HEADER.pack(VERSION, REQUEST, z.shape[1], sequence, len(z), 0, 0)
    return header + bytes.fromhex(checkpoint) + z.astype("<f4").tobytes()


def pack_welcome() -> bytes:
    """Return the frame that says: the token is good."""
    return HEADER.pack(VERSION, WELCOME, 0, 0, 0, 0, 0)


def pack_pixels(sequence: int, pixels: np.ndarray) -> bytes:
    """Return the frame that carries pictures (N, H, W, C) uint8."""
    count, height, width, channels = pixels.shape
    header = HEADER.pack(VERSION, PIXELS, channels, sequence, count, height, width)
    return header + np.ascontiguousarray(pixels).tobytes()


def pack_busy(sequence: int) -> bytes:
    """Return the frame that says: too much to do, ask again."""
    return HEADER.pack(VERSION, BUSY, 0, sequence, 0, 0, 0)


def unpack_message(frame: bytes) -> Hello | Request:
    """Read what a page sent, checking every length and value.

    Raises:
        FrameError: if it is not a hello or a request of this version.
    """
    kind, dims, sequence, count, _, _ = _unpack_header(frame)
    body = frame[HEADER.size :]
    if kind == HELLO:
        return Hello(_unpack_token(body))
    if kind != REQUEST:
        raise FrameError(f"kind is {kind}; a page sends {HELLO} or {REQUEST}")
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
        return Answer(sequence, None)
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


def _unpack_token(body: bytes) -> str:
    if len(body) > MAX_TOKEN_BYTES:
        raise FrameError(f"the token has {len(body)} bytes; at most {MAX_TOKEN_BYTES}")
    try:
        return body.decode("ascii")
    except UnicodeDecodeError as error:
        raise FrameError("the token is not ASCII") from error
