import numpy as np
import pytest

from vae.data import DataError, fit_image

RED = (255, 0, 0)


def noise(height=16, width=24, channels=3):
    return np.random.RandomState(0).randint(0, 256, (height, width, channels)).astype(np.uint8)


def test_the_centre_is_cut_out_to_the_aspect_of_the_model():
    wide = np.zeros((32, 96, 3), np.uint8)
    wide[:, 32:64] = RED
    assert (fit_image(wide, (3, 32, 32)) == np.reshape(RED, (3, 1, 1))).all()
    assert (fit_image(wide.transpose(1, 0, 2).copy(), (3, 8, 8))[0] == 255).all()
    assert fit_image(wide, (3, 16, 48)).shape == (3, 16, 48)


def test_a_picture_of_the_right_size_is_not_touched():
    image = noise(16, 24)
    assert np.array_equal(fit_image(image, (3, 16, 24)), image.transpose(2, 0, 1))


def test_colours_become_grey_by_their_luma():
    image = np.full((8, 8, 3), (10, 200, 90), np.uint8)
    expected = round(0.299 * 10 + 0.587 * 200 + 0.114 * 90)
    assert (fit_image(image, (1, 8, 8)) == expected).all()


def test_grey_is_repeated_in_three_channels():
    image = noise(8, 8, 1)
    fitted = fit_image(image, (3, 8, 8))
    assert fitted.shape == (3, 8, 8) and (fitted == image[None, :, :, 0]).all()


def test_shrinking_a_checkerboard_gives_grey_not_aliasing():
    board = (np.indices((96, 96)).sum(0) % 2 * 255).astype(np.uint8)[..., None]
    inner = fit_image(board, (1, 28, 28))[0, 2:-2, 2:-2].astype(int)
    assert np.abs(inner - 128).max() < 12


def test_enlarging_stays_between_the_picture_s_own_levels():
    image = np.full((8, 8, 1), 50, np.uint8)
    image[:, 4:] = 200
    fitted = fit_image(image, (1, 64, 64))
    assert fitted.min() == 50 and fitted.max() == 200


@pytest.mark.parametrize(
    "image",
    [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3)), [[1]]],
)
def test_only_grey_or_rgb_arrays_are_fitted(image):
    with pytest.raises(DataError, match="image has shape"):
        fit_image(image, (1, 8, 8))
