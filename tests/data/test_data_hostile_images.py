import os
import struct
import subprocess
import zlib

import numpy as np
import pytest
from encoded import BLUE, COLOURS, FORMATS, GREEN, RED, encoded
from PIL import GifImagePlugin, Image, PngImagePlugin, WebPImagePlugin

from vae.data import DataError, fit_image, read_image
from vae.data.images import decode_image


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, data=b"", *, depth=8, colour=2, extra=b"", last=b""):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(data))
    return b"\x89PNG\r\n\x1a\n" + header + extra + body + last + chunk(b"IEND", b"")


def noise(height=16, width=24, channels=3):
    return np.random.RandomState(0).randint(0, 256, (height, width, channels)).astype(np.uint8)


@pytest.mark.parametrize("size", [(30_000, 30_000), (13_000, 13_000), (5000, 5000), (4097, 4096)])
def test_i1_i2_a_picture_of_too_many_pixels_is_refused_by_its_header(size):
    with pytest.raises(DataError, match="too large"):
        read_image(png(*size, b"\0" * 100))


def test_i2_a_real_picture_over_16_megapixels_is_refused_and_one_below_is_read():
    with pytest.raises(DataError, match=r"25.0 megapixels; give at most 16.8 \(4096 x 4096\)"):
        read_image(encoded(Image.new("1", (5000, 5000))))
    assert read_image(encoded(Image.new("1", (4096, 4096)))).shape == (4096, 4096, 1)


@pytest.mark.parametrize("size", [(2**31 - 1, 2**31 - 1), (0, 8), (8, 0)])
def test_i3_impossible_sizes_are_refused(size):
    with pytest.raises(DataError):
        read_image(png(*size))


@pytest.mark.parametrize("kind", FORMATS)
def test_i4_every_prefix_of_a_picture_is_refused_or_is_the_picture(kind):
    data = encoded(noise(9, 9), kind)
    whole = read_image(data)
    refused = 0
    for length in range(len(data)):
        try:
            image = read_image(data[:length])
        except DataError as error:
            assert "damaged" in str(error) or "not a picture" in str(error) or not length
            refused += 1
        else:  # all that is missing is the end mark
            assert np.array_equal(image, whole) and length > len(data) - 24
    assert refused >= len(data) - 24


@pytest.mark.parametrize("where", ["extra", "last"])
def test_i5_a_text_chunk_that_inflates_is_refused(where):
    bomb = chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(64 * 2**20)))
    rows = (b"\0" + b"\x40" * 24) * 8
    assert read_image(png(8, 8, rows)).shape == (8, 8, 3)
    with pytest.raises(DataError):
        read_image(png(8, 8, rows, **{where: bomb}))


def many_frames_gif(frames):
    gif = encoded(Image.new("P", (8, 8), 0), "GIF")
    start = gif.index(b",")
    return gif[:start] + gif[start:-1] * frames + b";"


def many_frames_webp(frames):
    body = encoded(Image.new("RGB", (8, 8), RED), "WEBP", lossless=True)[12:]
    size = struct.pack("<I", 7)[:3] * 2
    frame = bytes(6) + size + bytes(4) + body
    chunks = b"VP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + size
    chunks += b"ANIM" + struct.pack("<I", 6) + bytes(6)
    chunks += (b"ANMF" + struct.pack("<I", len(frame)) + frame) * frames
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def stay_at_the_first(image, frame):
    assert frame == 0, "went on to another frame"


@pytest.mark.parametrize("make", [many_frames_gif, many_frames_webp])
def test_i6_of_100_000_frames_only_the_first_is_decoded(make, monkeypatch):
    data = make(100_000)
    for opened in (GifImagePlugin.GifImageFile, WebPImagePlugin.WebPImageFile):
        monkeypatch.setattr(opened, "seek", stay_at_the_first)
    image, notes = decode_image(data)
    assert image.shape == (8, 8, 3) and "Of an animation, the first frame was taken." in notes


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_i6_the_first_frame_of_an_animation_is_taken(kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN, BLUE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert (read_image(data) == RED).all()


def test_i7_postscript_is_refused_and_ghostscript_never_started(monkeypatch, tmp_path):
    def started(*arguments, **options):
        raise AssertionError("a program was started")

    monkeypatch.setattr(subprocess, "Popen", started)
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\nshowpage\n"
    (tmp_path / "picture.png").write_bytes(eps)
    with pytest.raises(DataError, match=r"picture.png: this is not a picture that can be read"):
        read_image(tmp_path / "picture.png")


def other_formats():
    image = Image.new("RGB", (16, 16), RED)
    fits = b"SIMPLE  =                    T".ljust(80) + b"NAXIS   =                    2".ljust(80)
    return {
        "TIFF": encoded(image, "TIFF"),
        "ICO": encoded(image, "ICO", sizes=[(16, 16)]),
        "DDS": encoded(image, "DDS"),
        "PSD": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 16, 16, 8, 3),
        "FITS": fits.ljust(2880),
        "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "PPM": encoded(image, "PPM"),
        "pickle": b"\x80\4\x95",
        "NaN TIFF": encoded(np.full((16, 16), np.nan, np.float32), "TIFF"),
    }


@pytest.mark.parametrize("kind", list(other_formats()))
def test_i8_i9_other_formats_are_refused_whatever_their_name(kind, tmp_path):
    (tmp_path / "picture.jpg").write_bytes(other_formats()[kind])
    with pytest.raises(DataError, match="give a PNG, JPEG, WebP, GIF or BMP") as caught:
        read_image(tmp_path / "picture.jpg")
    assert "script" not in str(caught.value)


def filled(mode, value):
    return Image.new(mode, (8, 8), value)


@pytest.mark.parametrize("size", [(1, 60_000), (60_000, 1), (1, 1), (3, 3), (8, 200)])
def test_i13_slivers_and_specks_are_refused(size):
    with pytest.raises(DataError, match="give sides of 4 or more, at most 16 times as long"):
        read_image(encoded(Image.new("L", size)))


def test_i14_what_is_written_in_a_picture_goes_nowhere():
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "<script>alert(1)</script>")
    for data in (
        encoded(COLOURS, "JPEG", exif=exif, comment=b"<script>"),
        encoded(COLOURS, "PNG", exif=exif, pnginfo=info),
    ):
        image, notes = decode_image(data)
        assert type(image) is np.ndarray and not notes


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (bytes(1000), "not a picture"),
        (bytes(33 * 2**20), "larger than 32 MiB"),
        (encoded(COLOURS) + bytes(32 * 2**20), "larger than 32 MiB"),
    ],
    ids=["nothing", "zeros", "many zeros", "a padded picture"],
)
def test_i15_nothing_zeros_and_too_many_bytes_are_refused(data, message):
    with pytest.raises(DataError, match=message):
        read_image(data)


def test_i15_of_a_file_that_is_too_large_no_more_than_the_limit_is_read(tmp_path):
    with open(tmp_path / "large.png", "wb") as file:
        file.truncate(2**40)
    with pytest.raises(DataError, match="larger than 32 MiB"):
        read_image(tmp_path / "large.png")


@pytest.mark.parametrize(
    "name", ["a" * 250, "gnp\u202eexe.png", "new\nline.png", "<img src=x>.png"]
)
def test_i15_a_hostile_file_name_is_shown_on_one_line(name, tmp_path):
    (tmp_path / name).write_bytes(b"nothing")
    with pytest.raises(DataError) as caught:
        read_image(tmp_path / name)
    text = str(caught.value)
    assert text.isprintable() and len(text) < 200 and str(tmp_path) not in text


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path / "pipe.png", tmp_path, tmp_path / "none.png", "a\0b", "/dev/zero"):
        with pytest.raises(DataError):
            read_image(path)


@pytest.mark.parametrize("value", [0, 255])
def test_i16_a_picture_of_one_level_stays_so(value):
    image = read_image(encoded(filled("RGB", (value,) * 3)))
    assert (image == value).all()
    assert (fit_image(image, (1, 28, 28)) == value).all()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_with_changed_bytes_is_read_or_refused(kind):
    random = np.random.RandomState(1)
    data = np.frombuffer(encoded(noise(), kind), np.uint8)
    for _ in range(200):
        changed = data.copy()
        where = random.randint(0, len(data), random.randint(1, 6))
        changed[where] = random.randint(0, 256, len(where))
        try:
            image = read_image(changed.tobytes())
        except DataError:
            continue
        assert image.dtype == np.uint8 and image.shape[2] in (1, 3)
