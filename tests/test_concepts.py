import numpy as np
import pytest
from scipy.stats import norm

from vae.concepts import analogy, find_concept


def groups(shift, n=4000, dims=6):
    generator = np.random.default_rng(0)
    present, absent = generator.standard_normal((2, n, dims)).astype(np.float32)
    return present + np.eye(dims, dtype=np.float32)[2] * shift, absent


@pytest.mark.parametrize("shift", [0.5, 1.0, 3.0])
def test_a_known_shift_is_found_with_the_figures_it_must_have(shift):
    concept = find_concept(*groups(shift))
    expected = np.zeros(6)
    expected[2] = shift
    np.testing.assert_allclose(concept.direction, expected, atol=0.1)
    assert concept.effect_size == pytest.approx(shift, abs=0.12)
    assert concept.auc == pytest.approx(norm.cdf(shift / np.sqrt(2)), abs=0.02)
    assert concept.judged == (2000, 2000)
    assert 0.5 <= concept.control_auc <= concept.auc + 0.01


def test_where_there_is_nothing_it_is_no_better_than_chance():
    concept = find_concept(*groups(0.0, n=400))
    assert concept.auc == pytest.approx(0.5, abs=0.06)
    assert abs(concept.effect_size) < 0.25


def test_the_same_seed_gives_the_same_concept():
    first, again, other = (find_concept(*groups(1.0, n=40), seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.direction, again.direction)
    assert (first.auc, first.control_auc) == (again.auc, again.control_auc)
    assert not np.array_equal(first.direction, other.direction)


@pytest.mark.parametrize("n", [1, 3])
def test_a_small_group_gives_a_direction_but_no_figures(n):
    present, absent = groups(2.0, n=40)
    concept = find_concept(present[:n], absent)
    np.testing.assert_allclose(concept.direction, present[:n].mean(0) - absent.mean(0), rtol=1e-5)
    assert (concept.auc, concept.effect_size, concept.judged) == (None, None, (0, 0))


def test_groups_that_do_not_vary_do_no_harm():
    concept = find_concept(np.ones((8, 2)), np.zeros((8, 2)))
    assert concept.auc == 1
    assert concept.effect_size == np.inf


def test_an_analogy_is_arithmetic():
    a, b, c = np.eye(3, dtype=np.float32)
    assert analogy(a, b, c).tolist() == [1, -1, 1]


@pytest.mark.parametrize("shapes", [((0, 2), (4, 2)), ((4, 2), (4, 3)), ((4,), (4,))])
def test_mistakes_are_named(shapes):
    with pytest.raises(ValueError, match="the groups have shapes"):
        find_concept(*(np.zeros(shape) for shape in shapes))
