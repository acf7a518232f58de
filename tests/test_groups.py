import numpy as np
import pytest

from vae.metrics.groups import describe_group


def codes(n=4000, dims=4, seed=0):
    return np.random.default_rng(seed).standard_normal((n, dims))


def test_a_group_is_counted_and_measured():
    every = codes()
    label = np.arange(4000) % 3
    rows = np.array([5, 1, 2, 0, 11])
    found = describe_group(every, rows, label)
    assert (found.count, found.share) == (5, 5 / 4000)
    assert list(found.labels.items()) == [(2, 3), (0, 1), (1, 1)]
    np.testing.assert_allclose(found.mean, every[rows].mean(0), rtol=1e-5)
    np.testing.assert_allclose(found.std, every[rows].std(0))
    expected = every[rows].var(0).sum() / every.var(0).sum()
    assert found.spread == pytest.approx(expected)


def test_a_mask_is_as_good_as_numbers_and_labels_may_be_unknown():
    every = codes(50)
    mask = every[:, 0] > 0
    one, two = describe_group(every, mask), describe_group(every, np.flatnonzero(mask))
    np.testing.assert_array_equal(one.typical, two.typical)
    assert one.labels == two.labels == {}


def test_a_random_group_is_as_spread_as_all_and_a_tight_one_is_not():
    every = codes()
    assert describe_group(every, np.arange(2000)).spread == pytest.approx(1, abs=0.05)
    near = np.linalg.norm(every, axis=1) < 0.7
    assert describe_group(every, near).spread < 0.1
    split = np.abs(every[:, 0]) > 2
    assert describe_group(every, split).spread > 1.5


def test_typical_is_near_in_standard_deviations_of_the_group():
    # Wide along z0: 3 there is nearer than 1 along z1.
    every = np.array([[-10.0, 0], [10, 0], [0, 2], [0, -2], [3, 0], [0, 1], [99, 99]])
    found = describe_group(every, np.arange(6), members=2)
    centre, std = every[:6].mean(0), every[:6].std(0)
    distance = np.linalg.norm((every[:6] - centre) / std, axis=1)
    np.testing.assert_array_equal(found.typical, distance.argsort()[:2])
    np.testing.assert_array_equal(found.unusual, distance.argsort()[::-1][:2])
    assert found.typical[0] == 4


def test_rows_are_those_of_the_table():
    every = codes(100)
    every[70] = 9
    found = describe_group(every, np.arange(60, 80), members=3)
    assert found.unusual[0] == 70
    assert set(found.typical) | set(found.unusual) <= set(range(60, 80))


@pytest.mark.parametrize(("count", "typical", "unusual"), [(1, 1, 0), (2, 1, 1), (5, 3, 2)])
def test_of_a_small_group_none_is_typical_and_unusual(count, typical, unusual):
    found = describe_group(codes(30), np.arange(count))
    assert (len(found.typical), len(found.unusual)) == (typical, unusual)
    assert not set(found.typical) & set(found.unusual)


def test_a_dimension_without_spread_says_nothing_of_who_is_typical():
    every = codes(40)
    every[:, 1] = 0.1  # whose mean is not quite itself
    found, without = (describe_group(e, np.arange(7)) for e in (every, np.delete(every, 1, 1)))
    np.testing.assert_array_equal(found.typical, without.typical)
    assert found.std[1] == found.difference[1] == 0
    assert np.isfinite(found.difference).all()


def test_the_dimension_that_differs_tells_the_group_apart():
    every = codes(20_000)
    group = np.arange(10_000)
    every[group, 2] = 1.5 + 2 * every[group, 2]
    found = describe_group(every, group)
    # 1.5 apart, variances 4 and 1.
    assert found.difference[2] == pytest.approx(1.5 / np.sqrt(2.5), abs=0.04)
    assert np.abs(np.delete(found.difference, 2)).max() < 0.05
    assert found.telling_dims[0] == 2
    others = describe_group(every, ~np.isin(np.arange(20_000), group))
    np.testing.assert_allclose(others.difference, -found.difference)


def test_two_groups_without_spread_that_differ_are_infinitely_far_apart():
    every = np.repeat([[0.0, 1], [2, 1]], 4, axis=0)
    np.testing.assert_array_equal(describe_group(every, np.arange(4)).difference, [-np.inf, 0])


def test_all_codes_have_no_others_to_differ_from():
    found = describe_group(codes(30), np.arange(30))
    assert (found.share, found.spread) == (1, pytest.approx(1))
    np.testing.assert_array_equal(found.difference, np.zeros(4))


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="rows choose no code"):
        describe_group(codes(5), np.zeros(5, bool))
