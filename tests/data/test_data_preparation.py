import numpy as np
import pytest

from vae.data import DataError, Preparation, fit_image, prepare_image

SHAPE = (1, 8, 8)


def ramp(low=0, high=255):
    return np.linspace(low, high, 64).round().astype(np.uint8).reshape(8, 8, 1)


def test_nothing_asked_for_is_what_fit_image_does():
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    np.testing.assert_array_equal(
        prepare_image(image, (3, 16, 16), Preparation()), fit_image(image, (3, 16, 16))
    )


@pytest.mark.parametrize("turns", range(4))
def test_quarter_turns_go_counter_clockwise(turns):
    image = np.zeros((8, 8, 1), np.uint8)
    image[0, 7] = 255  # top right
    corners = {0: (0, 7), 1: (0, 0), 2: (7, 0), 3: (7, 7)}
    turned = prepare_image(image, SHAPE, Preparation(turns=turns))
    assert turned[0][corners[turns]] == 255


@pytest.mark.parametrize(("rows", "columns"), [(8, 32), (32, 8)])
def test_the_whole_picture_gets_margins_of_its_borders_colour(rows, columns):
    image = np.full((rows, columns, 1), 40, np.uint8)
    image[rows // 2 - 2 : rows // 2 + 2, columns // 2 - 2 : columns // 2 + 2] = 200
    image[0, 0] = 255  # a speck does not choose the colour
    whole = prepare_image(image, SHAPE, Preparation(whole=True))[0]
    margins = whole if rows < columns else whole.T
    assert np.abs(margins[[0, 1, 6, 7]].astype(int) - 40).max() <= 3  # Lanczos rings a little
    assert whole.max() > 80
    assert prepare_image(image, SHAPE, Preparation())[0].min() < 250


def test_contrast_is_stretched_to_the_full_range():
    stretched = prepare_image(ramp(100, 140), SHAPE, Preparation(contrast=True))
    assert (stretched.min(), stretched.max()) == (0, 255)
    assert (np.diff(stretched.ravel().astype(int)) >= 0).all()


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_of_one_colour_stays_as_it_is(level):
    image = np.full((8, 8, 1), level, np.uint8)
    assert (prepare_image(image, SHAPE, Preparation(contrast=True)) == level).all()


def test_inverting_twice_changes_nothing():
    inverted = prepare_image(ramp(), SHAPE, Preparation(invert=True))
    np.testing.assert_array_equal(255 - inverted[0], ramp()[..., 0])


@pytest.mark.parametrize("turns", [-1, 4, 1.5, True, "1"])
def test_other_turns_are_refused(turns):
    with pytest.raises(DataError, match="turns is"):
        Preparation(turns=turns)
