import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ui.live.protocol import (
    HEADER,
    MAX_CODES,
    FrameError,
    Hello,
    Picture,
    Request,
    pack_busy,
    pack_codes,
    pack_hello,
    pack_picture,
    pack_pixels,
    pack_request,
    pack_welcome,
    unpack_answer,
    unpack_message,
)

CHECKPOINT = "0f" * 32
FRAMES = Path(__file__).parents[2] / "ui" / "live" / "js" / "frames.js"


def request(count=2, dims=3, sequence=7):
    return pack_request(
        sequence, CHECKPOINT, np.arange(count * dims, dtype=np.float32).reshape(count, dims)
    )


@pytest.mark.parametrize(("count", "dims"), [(1, 1), (7, 512), (MAX_CODES, 2)])
def test_a_request_survives_the_trip(count, dims):
    z = np.random.default_rng(0).standard_normal((count, dims)).astype(np.float32)
    message = unpack_message(pack_request(2**32 - 1, CHECKPOINT, z))
    assert isinstance(message, Request)
    assert (message.sequence, message.checkpoint) == (2**32 - 1, CHECKPOINT)
    np.testing.assert_array_equal(message.z, z)


@pytest.mark.parametrize("shape", [(1, 8, 8, 1), (5, 3, 9, 3)])
def test_pixels_survive_the_trip(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    answer = unpack_answer(pack_pixels(3, pixels))
    assert answer.sequence == 3
    np.testing.assert_array_equal(answer.pixels, pixels)


@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 4, 3)])
def test_a_picture_to_encode_survives_the_trip(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    message = unpack_message(pack_picture(5, CHECKPOINT, pixels))
    assert isinstance(message, Picture)
    assert (message.sequence, message.checkpoint) == (5, CHECKPOINT)
    np.testing.assert_array_equal(message.pixels, pixels)


@pytest.mark.parametrize("rows", [1, 2])
def test_codes_survive_the_trip(rows):
    codes = np.random.default_rng(0).standard_normal((rows, 5)).astype(np.float32)
    answer = unpack_answer(pack_codes(6, codes))
    assert (answer.sequence, answer.pixels) == (6, None)
    np.testing.assert_array_equal(answer.codes, codes)


def test_a_hello_survives_the_trip():
    assert unpack_message(pack_hello("abc.def")) == Hello("abc.def")


def test_a_busy_answer_has_no_pixels():
    answer = unpack_answer(pack_busy(9))
    assert (answer.sequence, answer.pixels) == (9, None)


@pytest.mark.parametrize("length", range(0, len(request()), 5))
def test_a_frame_cut_short_is_refused(length):
    with pytest.raises(FrameError):
        unpack_message(request()[:length])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_codes_that_are_not_finite_are_refused(value):
    with pytest.raises(FrameError, match="NaN or infinity"):
        unpack_message(pack_request(1, CHECKPOINT, np.array([[0, value]], dtype=np.float32)))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        request() + b"x",
        pack_welcome(),
        pack_pixels(1, np.zeros((1, 2, 2, 1), np.uint8)),
        b"\x02" + request()[1:],
        HEADER.pack(1, 1, 3, 1, 0, 0, 0) + bytes(32),
        HEADER.pack(1, 1, 0, 1, 1, 0, 0) + bytes(32),
        HEADER.pack(1, 1, 1, 1, MAX_CODES + 1, 0, 0) + bytes(32 + 4 * (MAX_CODES + 1)),
        HEADER.pack(1, 5, 1, 1, 1, 0, 8) + bytes(32),
        HEADER.pack(1, 5, 1, 1, 1, 8, 8) + bytes(32 + 63),
        HEADER.pack(1, 5, 3, 1, 1, 2000, 2000) + bytes(32 + 12_000_000),
        pack_codes(1, np.zeros((2, 3), np.float32)),
        HEADER.pack(1, 0, 0, 0, 0, 0, 0) + b"\xff",
        HEADER.pack(1, 0, 0, 0, 0, 0, 0) + b"x" * 100_000,
    ],
)
def test_nonsense_is_refused(frame):
    with pytest.raises(FrameError):
        unpack_message(frame)


def test_random_bytes_are_refused_or_read_but_never_crash():
    generator = np.random.default_rng(0)
    for _ in range(2000):
        frame = bytearray(request())
        for place in generator.integers(0, len(frame), 3):
            frame[place] = generator.integers(0, 256)
        try:
            unpack_message(bytes(frame))
        except FrameError:
            continue


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_page_and_the_server_agree_about_every_frame(tmp_path):
    module = tmp_path / "frames.mjs"
    module.write_text(FRAMES.read_text(encoding="utf-8"), encoding="utf-8")
    pixels = np.arange(2 * 3 * 4 * 1, dtype=np.uint8).reshape(2, 3, 4, 1)
    script = f"""
        import * as frames from "{module.as_uri()}";
        const hex = (bytes) => Buffer.from(bytes).toString("hex");
        const bytes = (text) => Uint8Array.from(Buffer.from(text, "hex"));
        const read = (text) => frames.unpackAnswer(bytes(text).buffer);
        const pixels = read("{pack_pixels(5, pixels).hex()}");
        pixels.picture.pixels = Array.from(pixels.picture.pixels);
        const codes = read("{pack_codes(6, np.array([[1, -2], [0.5, 3]])).hex()}");
        codes.posterior = Object.values(codes.posterior).map((numbers) => Array.from(numbers));
        const shape = {{ height: 2, width: 3, channels: 1 }};
        console.log(JSON.stringify({{
          hello: hex(frames.packHello("a.b")),
          request: hex(frames.packRequest(9, "{CHECKPOINT}", Float32Array.of(1, -2.5, 0, 3), 2)),
          picture: hex(frames.packPicture(7, "{CHECKPOINT}", bytes("000102030405"), shape)),
          pixels,
          codes,
          alone: frames.posteriorOf(Float32Array.of(1, 2), 2).logVar,
        }}));
    """
    command = ["node", "--input-type=module", "-e", script]
    seen = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    z = np.array([[1, -2.5], [0, 3]], dtype=np.float32)
    asked = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    assert bytes.fromhex(seen["hello"]) == pack_hello("a.b")
    assert bytes.fromhex(seen["request"]) == pack_request(9, CHECKPOINT, z)
    assert bytes.fromhex(seen["picture"]) == pack_picture(7, CHECKPOINT, asked)
    assert seen["pixels"] == {
        "kind": 3,
        "sequence": 5,
        "picture": {
            "pixels": pixels.ravel().tolist(),
            "count": 2,
            "height": 3,
            "width": 4,
            "channels": 1,
        },
    }
    assert seen["codes"] == {"kind": 6, "sequence": 6, "posterior": [[1, -2], [0.5, 3]]}
    assert seen["alone"] is None
