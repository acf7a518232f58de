import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from vae.metrics.neighbours import label_accuracy, map_quality


def cloud(n=300, dims=5, seed=0):
    return np.random.default_rng(seed).standard_normal((n, dims))


@pytest.mark.parametrize("neighbours", [1, 5, 15])
def test_it_is_what_scikit_learn_says(neighbours):
    codes = cloud()
    points = codes[:, :2] + cloud(300, 2, 1) / 2
    seen = map_quality(codes, points, neighbours=neighbours)
    expected = trustworthiness(codes, points, n_neighbors=neighbours)
    assert seen.trustworthiness == pytest.approx(expected)
    expected = trustworthiness(points, codes, n_neighbors=neighbours)
    assert seen.continuity == pytest.approx(expected)
    assert seen.judged == 300


def test_the_same_points_are_a_perfect_map_and_shuffled_ones_none():
    codes = cloud(400)
    same = map_quality(codes, 3 * codes)
    assert (same.trustworthiness, same.continuity, same.preservation) == (1, 1, 1)
    shuffled = map_quality(codes, np.random.default_rng(1).permutation(codes))
    assert shuffled.trustworthiness == pytest.approx(0.5, abs=0.03)
    assert shuffled.continuity == pytest.approx(0.5, abs=0.03)
    assert shuffled.preservation == pytest.approx(15 / 399, abs=0.015)


def test_a_sample_says_about_what_all_say():
    codes = cloud(2000)
    whole, some = (map_quality(codes, codes[:, :2], sample=count) for count in (2000, 500))
    assert some.judged == 500
    assert some.trustworthiness == pytest.approx(whole.trustworthiness, abs=0.01)
    assert some.preservation == pytest.approx(whole.preservation, abs=0.01)


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="10 codes, 9 points"):
        map_quality(cloud(10), cloud(9, 2), neighbours=2)
    with pytest.raises(ValueError, match="5 neighbours"):
        map_quality(cloud(10), cloud(10, 2), neighbours=5)


def test_labels_of_clear_groups_are_known_and_shuffled_ones_are_chance():
    labels = np.arange(400) % 4
    points = np.stack([labels * 10, labels], 1) + cloud(400, 2)
    assert label_accuracy(points, labels) == 1
    shuffled = np.random.default_rng(0).permutation(labels)
    assert label_accuracy(points, shuffled) == pytest.approx(0.25, abs=0.06)


def test_a_point_has_no_vote_about_itself():
    points = np.array([[0.0], [1], [2], [10], [11], [12]])
    assert label_accuracy(points, np.array([0, 1, 1, 1, 0, 0]), neighbours=1) == pytest.approx(
        2 / 6
    )
