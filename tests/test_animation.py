import gc
import io
import sys
import tempfile

import numpy as np
import pytest
from PIL import Image

from vae.export.animation import AnimationError, animation_bytes


def frames(n=4, channels=3, height=9, width=11):
    return np.random.default_rng(0).integers(0, 256, (n, height, width, channels), dtype=np.uint8)


def read(content):
    image = Image.open(io.BytesIO(content))
    pictures = []
    for k in range(image.n_frames):
        image.seek(k)
        pictures.append(np.asarray(image.convert("RGB")).astype(int))
    return image, pictures


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [1, 3])
def test_webp_holds_every_value(channels, scale):
    given = frames(channels=channels)
    image, seen = read(animation_bytes(given, "webp", scale=scale))
    expected = np.broadcast_to(given, (*given.shape[:3], 3)).repeat(scale, 1).repeat(scale, 2)
    np.testing.assert_array_equal(seen, expected)
    assert image.info["loop"] == 0


def test_a_grey_gif_holds_every_value():
    given = frames(channels=1)
    image, seen = read(animation_bytes(given, "gif", fps=10))
    np.testing.assert_array_equal(np.array(seen)[..., :1], given)
    assert (image.info["duration"], image.info["loop"]) == (100, 0)


def test_a_coloured_gif_is_within_its_palette():
    y, x = np.mgrid[:64, :64]
    given = np.stack([[x * 4, y * 4, (x + y) * 2], [y * 4, x * 4, 255 - x]]).transpose(0, 2, 3, 1)
    _, seen = read(animation_bytes(given.astype(np.uint8), "gif"))
    assert np.abs(np.array(seen) - given).mean() < 8


# imageio-ffmpeg leaves a pipe to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_mp4_shows_the_pictures():
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg", reason="imageio-ffmpeg is an extra")
    given = np.repeat(frames(6, 1, 4, 5), 8, axis=1).repeat(8, axis=2)[:, :31]  # an odd side
    content = animation_bytes(given, "mp4", fps=12)
    assert content[4:8] == b"ftyp"
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(content)
        file.flush()
        reader = imageio_ffmpeg.read_frames(file.name)
        about = next(reader)
        seen = [np.frombuffer(frame, np.uint8).reshape(32, 40, 3) for frame in reader]
    assert (about["size"], about["fps"]) == ((40, 32), 12)
    assert len(seen) == 6
    gc.collect()
    for picture, expected in zip(seen, given, strict=True):
        assert np.abs(picture[:31].astype(int) - expected).mean() < 12


def test_without_ffmpeg_it_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(AnimationError, match="imageio-ffmpeg; install it, or write GIF or WebP"):
        animation_bytes(frames(), "mp4")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "avi"}, "kind is 'avi'; choose one of gif, webp, mp4"),
        ({"fps": 0}, "fps is 0"),
        ({"fps": float("nan")}, "fps is nan"),
        ({"scale": 65}, "scale is 65"),
    ],
)
def test_mistakes_are_named(arguments, message):
    with pytest.raises(AnimationError, match=message):
        animation_bytes(frames(), **{"kind": "gif"} | arguments)
    with pytest.raises(AnimationError, match="there are 1 frames"):
        animation_bytes(frames(1), "gif")
