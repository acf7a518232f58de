import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from vae.data import DataError, read_image
from vae.importing import pictures
from vae.importing.pictures import read_stranger, read_strangers
from vae.importing.sandbox import Limits


def png(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("shape", [(9, 12), (9, 12, 3)])
def test_a_small_picture_is_what_read_image_reads(shape):
    content = png(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    image, notes = read_stranger(content)
    np.testing.assert_array_equal(image, read_image(content))
    assert notes == ""


def test_of_a_large_one_a_small_copy_is_kept():
    content = png(np.full((600, 1500), 77, np.uint8))
    image, _ = read_stranger(content)
    assert image.shape == (205, 512, 1)
    assert set(np.unique(image)) == {77}


def test_what_was_done_is_said():
    _, notes = read_stranger(png(np.zeros((8, 8, 4), np.uint8)))
    assert notes == "Transparent parts were put on white."


def test_what_is_no_picture_is_refused():
    with pytest.raises(DataError, match="this is not a picture that can be read"):
        read_stranger(b"MZ" * 100)


def test_a_picture_that_takes_too_much_memory_is_refused(monkeypatch):
    monkeypatch.setattr(pictures, "LIMITS", Limits(seconds=10, memory=1 << 28))
    content = png(np.zeros((4000, 4000, 3), np.uint8))
    with pytest.raises(DataError):
        read_stranger(content)


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def grey(level, size=(8, 8)):
    return png(np.full(size, level, np.uint8))


def test_one_picture_is_a_list_of_one():
    (image,), notes = read_strangers(grey(40))
    np.testing.assert_array_equal(image, np.full((8, 8, 1), 40))
    assert notes == ""


def test_of_a_zip_the_pictures_come_by_name():
    content = zipped({"b.png": grey(2), "a/c.png": grey(1), "x.txt": b"?", "__MACOSX/a.png": b""})
    images, notes = read_strangers(content)
    assert [image[0, 0, 0] for image in images] == [1, 2]
    assert notes == ""


def test_of_many_the_first_twelve_are_taken_and_it_says_so():
    content = zipped({f"{k:02}.png": grey(k, (8 + k, 9)) for k in range(15)})
    images, notes = read_strangers(content)
    assert [image[0, 0, 0] for image in images] == list(range(12))
    assert notes == "The first 12 of 15 were taken."


def test_what_cannot_be_read_in_a_zip_is_left_out_and_named():
    images, notes = read_strangers(zipped({"a.png": b"no", "b.png": grey(7)}))
    assert len(images) == 1
    assert notes == "1 could not be read: a.png."


def test_an_npz_gives_its_images():
    buffer = io.BytesIO()
    np.savez(buffer, images=np.arange(14, dtype=np.uint8).repeat(64).reshape(14, 8, 8))
    images, notes = read_strangers(buffer.getvalue())
    assert [image[0, 0, 0] for image in images] == list(range(12))
    assert images[0].shape == (8, 8, 1)
    assert "The first 12 of 14 were taken." in notes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zipped({"readme.txt": b"hello"}), "the zip has no PNG"),
        (zipped({"a.png": b"no"}), "none of the 1 pictures can be read; a.png"),
        (zipped({"a.png": grey(1)})[:-30], "incomplete|damaged"),
        (b"PK\3\4" + b"x" * 100, "incomplete|damaged"),
        (zipped({"x.npy": b"no array"}), "no plain array"),
    ],
)
def test_archives_that_hold_no_picture_are_refused(content, message):
    with pytest.raises(DataError, match=message):
        read_strangers(content)


def test_a_bomb_in_a_zip_is_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(200_000_000))
    with pytest.raises(DataError, match="zip bomb"):
        read_strangers(buffer.getvalue())
