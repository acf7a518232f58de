"""Pictures in a row that move: GIF, WebP without loss, MP4."""

from __future__ import annotations

__all__ = ["DEFAULT_FPS", "FORMATS", "AnimationError", "animation_bytes"]

import io
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

FORMATS = ("gif", "webp", "mp4")
DEFAULT_FPS = 20
MAX_FRAMES = 5000


class AnimationError(ValueError):
    """The animation cannot be made; the message says why and what to do."""


def animation_bytes(
    frames: np.ndarray, kind: str, *, fps: float = DEFAULT_FPS, scale: int = 1
) -> bytes:
    """Encode pictures as an animation that repeats.

    WebP holds every value as it is. A GIF has 256 colours a frame: grey pictures are exact, colours
    within its palette. MP4 (H.264) is made by ffmpeg, from the package imageio-ffmpeg, and is
    lossy.

    Args:
        frames: Pictures (N, H, W, C) uint8, C 1 or 3, N >= 2.
        kind: "gif", "webp" or "mp4".
        fps: Pictures a second, 1 to 60.
        scale: Screen pixels a pixel.

    Raises:
        AnimationError: if the kind is another, a number is outside its range, or ffmpeg is absent.
    """
    if kind not in FORMATS:
        raise AnimationError(f"kind is {kind!r}; choose one of {', '.join(FORMATS)}")
    if not 2 <= len(frames) <= MAX_FRAMES:
        raise AnimationError(f"there are {len(frames)} frames; give 2 to {MAX_FRAMES}")
    if not 1 <= fps <= 60:
        raise AnimationError(f"fps is {fps:g}; give a number from 1 to 60")
    if not 1 <= scale <= 64:
        raise AnimationError(f"scale is {scale}; give an integer from 1 to 64")
    frames = frames.repeat(scale, axis=1).repeat(scale, axis=2)
    if kind == "mp4":
        return _mp4(frames, fps)
    images = [Image.fromarray(f[..., 0] if f.shape[2] == 1 else f) for f in frames]
    options = {"lossless": True, "quality": 60} if kind == "webp" else {"optimize": False}
    buffer = io.BytesIO()
    images[0].save(
        buffer,
        kind.upper(),
        save_all=True,
        append_images=images[1:],
        duration=round(1000 / fps),
        loop=0,
        **options,
    )
    return buffer.getvalue()


def _mp4(frames: np.ndarray, fps: float) -> bytes:
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise AnimationError(
            "MP4 needs the package imageio-ffmpeg; install it, or write GIF or WebP"
        ) from error
    # H.264 halves its colours' resolution and wants even sides.
    pad = [(0, 0), (0, frames.shape[1] % 2), (0, frames.shape[2] % 2), (0, 0)]
    frames = np.pad(frames, pad, mode="edge").repeat(3 // frames.shape[3], axis=3)
    height, width = frames.shape[1:3]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "animation.mp4"
        writer = imageio_ffmpeg.write_frames(
            str(path), (width, height), fps=fps, quality=9, macro_block_size=2
        )
        writer.send(None)
        for frame in frames:
            writer.send(np.ascontiguousarray(frame))
        writer.close()
        return path.read_bytes()
