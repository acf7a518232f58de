import numpy as np
import pytest

from vae.paths import PATHS, bilinear, closed_loop, cross_fade, linear, spherical


def codes(dims, seed=0):
    return np.random.default_rng(seed).standard_normal((2, dims)).astype(np.float32)


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("dims", [1, 2, 17])
@pytest.mark.parametrize("steps", [1, 2, 33])
def test_every_path_hits_both_ends_exactly(name, dims, steps):
    start, end = codes(dims)
    path = PATHS[name](start, end, steps)
    assert path.shape == (steps + 1, dims) and path.dtype == np.float32
    np.testing.assert_array_equal(path[0], start)
    np.testing.assert_array_equal(path[-1], end)


@pytest.mark.parametrize("name", PATHS)
def test_a_path_there_and_back_is_the_same(name):
    start, end = codes(5)
    there, back = PATHS[name](start, end, 8), PATHS[name](end, start, 8)
    np.testing.assert_allclose(there, back[::-1], atol=1e-5)


def test_a_spherical_path_keeps_even_steps_and_an_even_change_of_norm():
    start, end = codes(9)
    path = spherical(start, 2 * end, 10).astype(np.float64)
    norms = np.linalg.norm(path, axis=1)
    np.testing.assert_allclose(np.diff(norms), np.diff(norms).mean(), atol=1e-5)
    units = path / norms[:, None]
    angles = np.arccos(np.clip((units[1:] * units[:-1]).sum(1), -1, 1))
    np.testing.assert_allclose(angles, angles.mean(), atol=1e-4)
    whole = np.arccos(start @ end / np.linalg.norm(start) / np.linalg.norm(end))
    assert angles.sum() == pytest.approx(whole, abs=1e-3)


def test_a_quarter_circle_is_one():
    path = spherical(np.array([1.0, 0]), np.array([0, 1.0]), 2)
    np.testing.assert_allclose(path[1], np.sqrt([0.5, 0.5]), atol=1e-7)


@pytest.mark.parametrize("angle", [1e-2, 1e-3, 1e-5, 0])
def test_spherical_becomes_linear_as_the_ends_come_together(angle):
    start = np.array([2.0, 0, 0], np.float32)
    end = 2 * np.array([np.cos(angle), np.sin(angle), 0], np.float32)
    gap = np.abs(spherical(start, end, 16) - linear(start, end, 16)).max()
    assert gap <= angle**2 + 1e-6


@pytest.mark.parametrize("dims", [2, 3, 50])
def test_opposite_ends_are_joined_by_half_a_circle(dims):
    start = np.zeros(dims, np.float32)
    start[0] = 3
    path = spherical(start, -start, 12)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 3, rtol=1e-6)
    assert np.isfinite(path).all()
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-4)


@pytest.mark.parametrize(("start", "end"), [([0.0, 0], [1.0, 2]), ([1.0, 2], [0.0, 0])])
def test_the_origin_has_no_direction_and_is_left_straight(start, end):
    start, end = np.array(start, np.float32), np.array(end, np.float32)
    np.testing.assert_array_equal(spherical(start, end, 4), linear(start, end, 4))


def test_a_loop_passes_every_corner_and_closes():
    corners = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    loop = closed_loop(corners, 5, spherical)
    assert loop.shape == (21, 3)
    np.testing.assert_array_equal(loop[::5], [*corners, corners[0]])


def test_the_corners_of_a_square_and_a_triangle_are_theirs():
    corners = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    across, down = np.array([0.0, 1, 0, 1]), np.array([0.0, 0, 1, 1])
    np.testing.assert_array_equal(bilinear(corners, across, down), corners)
    np.testing.assert_array_equal(bilinear(corners[:3], across[:3], down[:3]), corners[:3])
    middle = bilinear(corners[:3], np.array([1 / 3]), np.array([1 / 3]))[0]
    np.testing.assert_allclose(middle, corners[:3].mean(0), atol=1e-6)


def test_a_fade_is_even_in_every_pixel():
    images = np.random.default_rng(0).random((2, 3, 4, 5)).astype(np.float32)
    fade = cross_fade(*images, 4)
    np.testing.assert_array_equal(fade[[0, -1]], images)
    np.testing.assert_allclose(fade[2], images.mean(0), atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros(2), np.zeros(3), 4), "the ends have shapes"),
        ((np.zeros((1, 2)), np.zeros((1, 2)), 4), "the ends have shapes"),
        ((np.zeros(2), np.zeros(2), 0), "steps is 0"),
    ],
)
def test_mistakes_are_named(arguments, message):
    for path in PATHS.values():
        with pytest.raises(ValueError, match=message):
            path(*arguments)
    with pytest.raises(ValueError, match="corners has 5"):
        bilinear(np.zeros((5, 2)), np.zeros(1), np.zeros(1))
