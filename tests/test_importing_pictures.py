import io

import numpy as np
import pytest
from PIL import Image

from vae.data import DataError, read_image
from vae.importing import pictures
from vae.importing.pictures import read_stranger
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
