import numpy as np
import pytest
from scipy.stats import norm

from vae.evidence import Reference, weigh
from vae.paths import linear

FAR = np.full((1, 1), 99.0)


def standard(n=4000):
    """Codes whose aggregate posterior is a standard normal, up to sampling."""
    mean = np.random.default_rng(0).standard_normal((n, 1)) * np.sqrt(0.9)
    return mean, np.full_like(mean, np.log(0.1))


def test_the_density_is_compared_with_that_at_held_out_codes():
    reference = Reference.of(*standard())
    z = np.array([[0.5], [1.0], [2.0], [6.0]])
    seen = weigh(z, reference, ends=FAR)
    np.testing.assert_allclose(seen.log_density[:3], norm.logpdf(z[:3, 0]), atol=0.15)
    # A code lies where there are less data than at z when it lies further out.
    expected = 2 * norm.sf(z[:, 0] / np.sqrt(0.9))
    np.testing.assert_allclose(seen.denser_than, expected, atol=0.05)


def test_near_is_what_half_of_the_codes_have_ten_others_in():
    mean, log_var = standard()
    reference = Reference.of(mean, log_var)
    near = (np.abs(mean - mean.T) <= reference.radius).sum(1) - 1
    assert np.median(near) == pytest.approx(10, abs=1)
    seen = weigh(mean[:5], reference, ends=FAR)
    np.testing.assert_array_equal(seen.nearby, near[:5] + 1)


def test_a_code_of_its_own_does_not_speak_for_itself():
    crowd = 5 + np.random.default_rng(0).standard_normal((40, 2)) / 10
    mean = np.concatenate([[[0.0, 0]], crowd])
    reference = Reference.of(mean, np.full((41, 2), np.log(0.01)))
    lonely = weigh(mean[:1], reference, ends=mean[:1])
    assert lonely.nearby == 0
    assert lonely.log_density < -1000
    assert weigh(mean[:1], reference, ends=crowd[:1]).nearby == 1


def test_a_hole_has_nobody_near():
    mean = np.array([[-3.0, 0]] * 50 + [[3.0, 0]] * 50)
    mean += np.random.default_rng(0).standard_normal((100, 2)) / 10
    reference = Reference.of(mean, np.full((100, 2), np.log(0.04)))
    codes = linear(np.array([-3.0, 0]), np.array([3.0, 0]), 10)
    seen = weigh(codes, reference, ends=codes[[0, -1]])
    assert (seen.nearby[[0, -1]] >= 5).all()
    assert (seen.nearby[2:9] == 0).all()
    assert seen.denser_than[5] == 0
    assert seen.log_density[5] < seen.log_density[0] - 50


def test_two_codes_are_enough():
    reference = Reference.of(np.array([[0.0, 0, 0], [1, 0, 0]]), None)
    assert reference.radius == pytest.approx(1)
    assert np.isfinite(weigh(np.zeros((2, 3)), reference, ends=np.ones((1, 3))).log_density).all()
