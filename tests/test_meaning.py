import numpy as np
import pytest

from vae.metrics.meaning import Meaning, guess_meanings, image_statistics


def bar(*, left=10, top=8, wide=4, tall=12, slant=0.0, value=1.0, ground=0.0, colour=None):
    """One bar; ``slant`` moves each row to the right, the higher the further."""
    rows, columns = np.mgrid[0:32, 0:32].astype(float)
    shift = -slant * (rows - (top + (tall - 1) / 2))
    inside = (columns >= left + shift) & (columns < left + wide + shift)
    inside &= (rows >= top) & (rows < top + tall)
    picture = np.where(inside, value, ground)
    return np.stack([np.where(inside, c, ground) for c in colour] if colour else [picture])


def statistics(*bars):
    return image_statistics(np.stack(bars))


def test_position_and_size_of_a_bar_are_known():
    found = statistics(bar(left=10, top=8, wide=4, tall=12))
    assert found["position x"][0] == pytest.approx(11.5)
    assert found["position y"][0] == pytest.approx(13.5)
    # A uniform distribution over n pixels has the variance (n * n - 1) / 12.
    assert found["width"][0] == pytest.approx(np.sqrt(15 / 12))
    assert found["height"][0] == pytest.approx(np.sqrt(143 / 12))
    assert found["slant"][0] == pytest.approx(0)
    assert found["brightness"][0] == pytest.approx(48 / 1024)
    assert "warmth" not in found


def test_slant_is_pixels_to_the_right_a_pixel_upwards():
    upright, right, left = statistics(bar(), bar(slant=0.5), bar(slant=-0.5))["slant"]
    assert upright == pytest.approx(0)
    assert right == pytest.approx(0.5, abs=0.05)
    assert left == pytest.approx(-0.5, abs=0.05)


def test_thickness_follows_the_stroke_and_not_its_length_or_brightness():
    found = statistics(
        bar(wide=2, tall=20), bar(wide=4, tall=20), bar(wide=2, tall=14), bar(wide=2, value=0.5)
    )["thickness"]
    assert found[1] > 1.4 * found[0]
    assert found[2] == pytest.approx(found[0], rel=0.1)
    assert found[3] == pytest.approx(found[0], rel=0.15)


def test_the_ground_may_have_any_value():
    dark = statistics(bar())
    light = statistics(bar(value=0.0, ground=1.0))
    for name in ("position x", "position y", "width", "height", "slant", "thickness"):
        assert light[name][0] == pytest.approx(dark[name][0])


def test_warmth_tells_red_from_blue():
    red, blue = statistics(bar(colour=(1, 0, 0)), bar(colour=(0, 0, 1)))["warmth"]
    assert red == pytest.approx(48 / 1024)
    assert blue == pytest.approx(-48 / 1024)


def test_a_picture_of_nothing_is_finite():
    found = image_statistics(np.zeros((2, 3, 16, 20)))
    assert all(np.isfinite(column).all() for column in found.values())
    assert found["position x"][0] == 9.5


def test_each_dimension_gets_the_column_it_follows():
    random = np.random.default_rng(0)
    z = random.standard_normal((400, 3))
    columns = {
        "slant": -2 * z[:, 1] + 0.3 * random.standard_normal(400),
        "width": z[:, 0] + 5 * random.standard_normal(400),  # r of .2: too weak
        "nothing": np.ones(400),
    }
    found = guess_meanings(z, columns)
    assert set(found) == {1}
    assert found[1].name == "slant"
    expected = np.corrcoef(z[:, 1], columns["slant"])[0, 1]
    assert found[1].correlation == pytest.approx(expected, abs=1e-4)


def test_no_columns_or_too_few_images_give_no_guess():
    z = np.array([[0.0], [1.0]])
    assert guess_meanings(z, {"x": np.array([0.0, 1.0])}) == {}
    assert guess_meanings(np.zeros((5, 2)), {"x": np.arange(5.0)}) == {}
    assert guess_meanings(np.arange(5.0)[:, None], {}) == {}
    assert isinstance(guess_meanings(np.arange(5.0)[:, None], {"x": np.arange(5.0)})[0], Meaning)
