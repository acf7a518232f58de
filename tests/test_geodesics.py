from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.integrate import solve_bvp

from vae.checkpoints import load_codes, load_model, read_card
from vae.geodesics import find_geodesic, image_length
from vae.interpolation import geodesic
from vae.models import ModelConfig, build_model
from vae.paths import linear

SHELF = Path(__file__).parents[1] / "checkpoints"


def flat(z):
    """A decoder that stretches: geodesics are straight."""
    return z * torch.tensor([1.0, 3.0])


def sphere(z):
    """The unit sphere by latitude and longitude: geodesics are great circles."""
    latitude, longitude = z.T
    return torch.stack(
        [latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()], 1
    )


def paraboloid(z):
    return torch.cat([z, z.square().sum(1, keepdim=True)], 1)


def ends(*codes):
    return [np.array(code, np.float32) for code in codes]


def test_the_geodesic_of_a_flat_space_is_the_straight_line():
    start, end = ends([0, 1], [2, -1])
    found = find_geodesic(flat, start, end)
    assert found.length == pytest.approx(np.hypot(2, 6), rel=1e-5)
    assert found.saved == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(found.path(8), np.linspace(start, end, 9), atol=1e-5)


@pytest.mark.parametrize(
    ("start", "end"), [([0.7, -1.2], [0.7, 1.2]), ([-0.3, -1], [0.9, 0.8]), ([1.0, 0], [1.1, 2.5])]
)
def test_on_a_sphere_it_is_the_great_circle(start, end):
    start, end = ends(start, end)
    found = find_geodesic(sphere, start, end)
    a, b = (sphere(torch.from_numpy(code)[None])[0].double().numpy() for code in (start, end))
    angle = np.arccos(a @ b)
    assert found.length == pytest.approx(angle, rel=0.01)
    assert found.straight_length > found.length
    points = sphere(torch.from_numpy(found.path(64))).double().numpy()
    across = np.cross(a, b) / np.linalg.norm(np.cross(a, b))
    assert np.abs(points @ across).max() < 0.01 * angle
    speeds = np.linalg.norm(np.diff(points, axis=0), axis=1)
    np.testing.assert_allclose(speeds, speeds.mean(), rtol=0.01)


def test_on_a_paraboloid_it_is_the_curve_that_the_equations_give():
    start, end = ends([-1.0, 0.4], [0.9, 0.8])

    def equations(_, state):
        x, y, dx, dy = state
        pull = -4 * (dx**2 + dy**2) / (1 + 4 * (x**2 + y**2))
        return np.stack([dx, dy, pull * x, pull * y])

    def boundary(first, last):
        return np.concatenate([first[:2] - start, last[:2] - end])

    t = np.linspace(0, 1, 200)
    line = start[:, None] + t * (end - start)[:, None]
    guess = np.concatenate([line, np.repeat((end - start)[:, None], 200, axis=1)])
    truth = solve_bvp(equations, boundary, t, guess, tol=1e-8, max_nodes=20_000)
    assert truth.success
    exact = truth.sol(np.linspace(0, 1, 513))[:2].T.astype(np.float32)
    length = image_length(paraboloid, exact)
    found = find_geodesic(paraboloid, start, end)
    assert found.length == pytest.approx(length, rel=0.001)
    assert found.straight_length > 1.01 * length
    # Geodesics run at constant speed, and so does the path: point by point they must agree.
    assert np.abs(found.path(512) - exact).max() < 0.01 * length


@pytest.mark.parametrize("steps", [1, 7, 32])
def test_both_ends_are_hit_exactly(steps):
    start, end = ends([0.7, -1.2], [0.1, 1.3])
    path = find_geodesic(sphere, start, end).path(steps)
    assert path.shape == (steps + 1, 2) and path.dtype == np.float32
    np.testing.assert_array_equal(path[[0, -1]], [start, end])


def test_equal_ends_stay_where_they_are():
    start, _ = ends([0.7, -1.2], [0, 0])
    found = find_geodesic(sphere, start, start)
    assert (found.length, found.saved) == (0, 0)
    np.testing.assert_array_equal(found.path(5), np.repeat(start[None], 6, axis=0))


@pytest.mark.parametrize("seed", range(5))
def test_it_is_never_longer_than_the_straight_line(seed):
    config = ModelConfig((1, 8, 8), 3, family="mlp", width=16)
    model = build_model(config, seed=seed).eval().requires_grad_(False)
    with torch.no_grad():
        for parameter in model.decoder.parameters():
            parameter.mul_(5)  # sharp turns, where a gradient may mislead

    def decode(z):
        return model.decode(z).mean

    start, end = np.random.default_rng(seed).standard_normal((2, 3)).astype(np.float32) * 2
    found = find_geodesic(decode, start, end)
    straight = image_length(decode, np.linspace(start, end, 513))
    assert image_length(decode, found.path(512)) <= 1.001 * straight


@pytest.mark.parametrize("weight", [0.05, 0.2])
def test_a_density_pulls_the_way_towards_the_data_as_far_as_the_equations_say(weight):
    start, end = ends([-1, 0], [1, 0])

    def log_density(z):  # the data lie on a ridge at height 1
        return -4 * (z[:, 1] - 1).square()

    def decode(z):
        return z

    found = find_geodesic(decode, start, end, log_density=log_density, weight=weight)
    # Least of |z'|^2 / 4 + 4 w (y - 1)^2, with y = 0 at both ends: a chain hanging upwards.
    k = 4 * np.sqrt(weight)
    assert found.path(2)[1, 1] == pytest.approx(1 - 1 / np.cosh(k / 2), rel=0.01)
    assert found.length > found.straight_length
    alone = find_geodesic(decode, start, end).path(16)
    assert np.abs(alone[:, 1]).max() < 1e-3


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="the ends have shapes"):
        find_geodesic(flat, np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match=r"weight is 0.1 without a log_density"):
        find_geodesic(flat, *ends([0, 0], [1, 1]), weight=0.1)


def test_between_codes_of_mnist_2d_it_saves_and_never_costs(say):
    card = read_card(SHELF / "mnist-2d")
    model, mean = load_model(card), load_codes(card).mean
    generator = np.random.default_rng(0)
    saved, energies = [], []
    for _ in range(50):
        start, end = mean[generator.integers(0, len(mean), 2)]
        found = geodesic(model, start, end)
        length, straight = (
            image_length(lambda z: model.decode(z).mean, path)
            for path in (found.path(512), linear(start, end, 512))
        )
        assert length <= 1.001 * straight
        saved.append(1 - length / straight)
        energies.append(found.energy / found.straight_energy)
    assert np.median(saved) > 0.01
    say(
        f"geodesics of mnist-2d, 50 pairs: length saved {np.median(saved):.1%} at the median "
        f"({min(saved):.1%} to {max(saved):.1%}), {np.median(energies):.2f} of the energy"
    )
