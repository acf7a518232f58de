import colorsys
import math

import numpy as np
import pytest

from vae.data import load
from vae.data.sprites import FACTORS, HALF, MARGIN, SHAPES, SIDE, draw_sprites


@pytest.fixture(scope="module")
def sprites():
    return load("sprites", "test")


@pytest.fixture(scope="module")
def cover(sprites):
    """How much of each pixel the shape covers, (N, H, W) in [0, 1]."""
    return sprites.pixels.max(1) / 255


def moments(cover):
    ticks = np.arange(SIDE) + 0.5
    area = cover.sum((1, 2))
    x = (cover * ticks).sum((1, 2)) / area
    y = (cover * ticks[:, None]).sum((1, 2)) / area
    return area, x, y


def test_the_centre_of_mass_follows_x_and_y(sprites, cover):
    _, x, y = moments(cover)
    span = SIDE - 2 * MARGIN
    assert np.abs(x - (MARGIN + span * sprites.factors["x"])).max() < 0.1
    assert np.abs(y - (MARGIN + span * sprites.factors["y"])).max() < 0.1


def test_the_area_grows_with_the_square_of_the_scale_whatever_the_shape(sprites, cover):
    area, _, _ = moments(cover)
    expected = 4 * (HALF * sprites.factors["scale"]) ** 2
    for kind in range(len(SHAPES)):
        rows = sprites.labels == kind
        assert np.abs(area[rows] / expected[rows] - 1).max() < 0.03


def test_the_hue_is_that_of_the_factor(sprites):
    colours = sprites.pixels.max((2, 3)) / 255
    hues = np.array([colorsys.rgb_to_hsv(*colour)[0] for colour in colours])
    error = np.abs(hues - sprites.factors["hue"])
    assert np.minimum(error, 1 - error).max() < 0.01


def test_the_long_axis_of_the_ellipse_turns_with_the_orientation(sprites, cover):
    rows = sprites.labels == SHAPES.index("ellipse")
    cover = cover[rows]
    area, x, y = moments(cover)
    ticks = np.arange(SIDE) + 0.5
    right = ticks[None, None] - x[:, None, None]
    up = y[:, None, None] - ticks[None, :, None]
    across, along, both = (
        (cover * product).sum((1, 2)) / area for product in (right**2, up**2, right * up)
    )
    axis = np.arctan2(2 * both, across - along) / 2
    # Upright at 0 and turned counter-clockwise, the long axis is a right angle further on.
    error = axis - sprites.factors["orientation"][rows] - math.pi / 2
    assert np.abs(np.sin(error)).max() < 0.05


def test_a_square_at_rest_has_exact_edges():
    scale = 8 / HALF
    factors = {"shape": [0], "scale": [scale], "orientation": [0], "hue": [0]}
    pixels = draw_sprites(factors | {"x": [0.5], "y": [0.5]})
    assert (pixels[0, 0, 24:40, 24:40] == 255).all() and pixels[0, 0].sum() == 255 * 16 * 16
    assert (pixels[0, 1:] == 0).all()


def test_a_heart_points_down():
    factors = {name: [0.5] for name in FACTORS} | {"orientation": [0], "shape": [2], "scale": [1]}
    rows = (draw_sprites(factors)[0].max(0) > 0).sum(1)
    widest, lowest = rows.argmax(), np.flatnonzero(rows)[-1]
    assert widest < SIDE / 2 < lowest and rows[lowest] <= 2


def test_shapes_never_touch_the_edge(cover):
    edges = np.concatenate([cover[:, [0, -1]].ravel(), cover[:, :, [0, -1]].ravel()])
    assert edges.max() == 0


def test_factors_lie_in_their_ranges(sprites):
    assert set(sprites.factors) == {"shape", *FACTORS}
    for name, (low, high) in FACTORS.items():
        values = sprites.factors[name]
        assert low <= values.min() and values.max() <= high
        assert abs(values.mean() - (low + high) / 2) < 0.05 * (high - low)
    assert np.array_equal(sprites.factors["shape"], sprites.labels)
    assert np.ptp(np.bincount(sprites.labels)) <= 1 and sprites.label_names == SHAPES


def test_training_sprites_are_the_same_every_time_and_not_those_of_the_test(sprites):
    train = load("sprites", "train")
    assert len(train) == 10_000 and len(sprites) == 2_000
    assert np.array_equal(train.pixels[:300], draw_sprites(train.subset(slice(300)).factors))
    assert not set(train.index) & set(sprites.index)
    images = {image.tobytes() for image in train.pixels}
    assert not any(image.tobytes() in images for image in sprites.pixels)


def test_sprites_golden_values(sprites):
    values = [round(float(sprites.factors[name][0]), 4) for name in FACTORS]
    assert values == [0.718, 1.0813, 0.7576, 0.8836, 0.655]
    assert abs(int(sprites.pixels[0].sum()) - 68_228) < 20
