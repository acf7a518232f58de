import numpy as np
import pytest
from encoded import BLUE, COLOURS, FORMATS, GREEN, RED, encoded
from PIL import Image

from vae.data import read_image
from vae.data.images import decode_image


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_is_read(kind):
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}
    image = read_image(encoded(COLOURS, kind, **options.get(kind, {})))
    assert image.shape == (8, 8, 3) and image.dtype == np.uint8
    assert np.abs(image.astype(int) - COLOURS).max() <= (3 if kind == "JPEG" else 0)


def test_a_file_is_read_as_its_bytes_are(tmp_path):
    (tmp_path / "picture.txt").write_bytes(encoded(COLOURS))
    assert np.array_equal(read_image(tmp_path / "picture.txt"), COLOURS)


def filled(mode, value):
    return Image.new(mode, (8, 8), value)


def palette_with_transparency():
    image = filled("P", 1)
    image.putpalette([0, 0, 0, *GREEN, *BLUE])
    image.putpixel((0, 0), 2)
    return image


@pytest.mark.parametrize(
    ("data", "channels", "value"),
    [
        (encoded(filled("1", 1)), 1, [255]),
        (encoded(filled("L", 77)), 1, [77]),
        (encoded(filled("LA", (0, 255))), 1, [0]),
        (encoded(filled("LA", (100, 0))), 1, [255]),
        (encoded(filled("LA", (0, 128))), 1, [127]),
        (encoded(filled("L", 77), transparency=77), 1, [255]),
        (encoded(filled("1", 0), transparency=0), 1, [255]),
        (encoded(filled("I;16", 5), transparency=5), 1, [255]),
        (encoded(filled("I;16", 5), transparency=6), 1, [0]),
        (encoded(filled("I;16", 65535)), 1, [255]),
        (encoded(filled("RGB", RED)), 3, RED),
        (encoded(filled("RGB", RED), transparency=RED), 3, (255, 255, 255)),
        (encoded(filled("RGBA", (*RED, 255))), 3, RED),
        (encoded(filled("RGBA", (*BLUE, 0))), 3, (255, 255, 255)),
        (encoded(filled("RGBA", (0, 0, 0, 51))), 3, (204, 204, 204)),
        (encoded(palette_with_transparency()), 3, GREEN),
        (encoded(palette_with_transparency(), transparency=1), 3, (255, 255, 255)),
        (encoded(palette_with_transparency(), "GIF", transparency=1), 3, (255, 255, 255)),
        (encoded(filled("RGBA", (*RED, 0)), "WEBP", lossless=True), 3, (255, 255, 255)),
        (encoded(filled("CMYK", (0, 255, 255, 0)), "JPEG", quality=100), 3, RED),
        (encoded(filled("YCbCr", (76, 85, 255)), "JPEG", quality=100), 3, RED),
        (encoded(filled("L", 77), "JPEG", quality=100), 1, [77]),
        (encoded(filled("L", 77), "BMP"), 1, [77]),
    ],
)
def test_i10_every_mode_becomes_grey_or_rgb_on_white(data, channels, value):
    image = read_image(data)
    assert image.shape == (8, 8, channels)
    assert np.abs(image[4, 4].astype(int) - value).max() <= 1


def test_i10_transparency_is_told_only_where_there_is_some():
    note = "Transparent parts were put on white."
    assert note in decode_image(encoded(filled("RGBA", (*RED, 254))))[1]
    assert note not in decode_image(encoded(filled("RGBA", (*RED, 255))))[1]


def test_i11_a_16_bit_ramp_keeps_all_256_levels():
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    image, notes = decode_image(encoded(ramp))
    assert np.array_equal(image[..., 0], np.rint(ramp / 257))
    assert any("16-bit" in note for note in notes)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("mark", range(1, 9))
def test_i12_every_orientation_comes_out_upright(mark, kind):
    upright = Image.fromarray(COLOURS[:, :6].copy())
    stored = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[mark]
    exif = Image.Exif()
    exif[0x0112] = mark
    turned = upright if stored is None else upright.transpose(stored)
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100, "subsampling": 0}
    image = read_image(encoded(turned, kind, exif=exif, **options))
    assert image.shape == (8, 6, 3)
    assert np.abs(image.astype(int) - np.asarray(upright)).max() < 8


def test_i12_an_unreadable_mark_leaves_the_picture_as_it_is():
    data = encoded(COLOURS, exif=b"Exif\0\0II*\0\xff\xff\xff\xff broken")
    assert np.array_equal(read_image(data), COLOURS)
