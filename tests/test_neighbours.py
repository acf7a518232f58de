import numpy as np
import pytest
from scipy.stats import binom
from sklearn.manifold import trustworthiness
from sklearn.neighbors import KNeighborsClassifier

from vae.metrics.neighbours import compare_labels, label_accuracy, map_quality


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


def grouped(n=400, sizes=(1, 1, 1, 1)):
    labels = np.repeat(np.arange(len(sizes)), np.array(sizes) * n // sum(sizes))
    return np.stack([labels * 10, labels], 1) + cloud(len(labels), 2), labels


def test_labels_on_the_map_stand_beside_those_in_space_shuffled_and_chance():
    codes, labels = grouped()
    points = cloud(400, 2, seed=5)  # a map that lost everything
    found = compare_labels(codes, points, labels)
    assert found.in_space == label_accuracy(codes, labels) == 1
    assert found.on_map == label_accuracy(points, labels)
    assert found.on_map == pytest.approx(found.chance, abs=0.07)
    good = compare_labels(points, codes, labels)
    assert (good.on_map, good.in_space) == (1, found.on_map)
    assert good.shuffled == pytest.approx(0.25, abs=0.07)
    assert (found.chance, found.neighbours, found.judged) == (0.25, 5, 400)


def test_chance_is_that_of_one_neighbour_and_shuffled_that_of_several():
    """Of classes of 9 to 1, five vote for the first 99 times in 100."""
    codes, labels = grouped(2000, (9, 1))
    one, five = (compare_labels(codes, codes, labels, neighbours=count) for count in (1, 5))
    assert one.chance == five.chance == pytest.approx(0.9**2 + 0.1**2)
    assert one.shuffled == pytest.approx(one.chance, abs=0.03)
    most = binom.sf(2, 5, 0.9)
    assert five.shuffled == pytest.approx(0.9 * most + 0.1 * (1 - most), abs=0.03)


def test_a_sample_of_labels_says_about_what_all_say():
    labels = np.arange(3000) % 3
    codes = cloud(3000, 6) + labels[:, None]
    whole, some = (
        compare_labels(codes, codes[:, :2], labels, sample=count) for count in (3000, 500)
    )
    assert (whole.judged, some.judged) == (3000, 500)
    assert some.on_map == pytest.approx(whole.on_map, abs=0.06)
    assert some.in_space == pytest.approx(whole.in_space, abs=0.06)
    assert 0.5 < whole.on_map < whole.in_space < 0.99
    assert some == compare_labels(codes, codes[:, :2], labels, sample=500)


@pytest.mark.parametrize("dims", [2, 10])
def test_labels_are_what_scikit_learn_predicts_from_all_others(dims):
    codes, labels = cloud(150, dims), np.arange(150) % 4
    votes = [
        KNeighborsClassifier(5)
        .fit(np.delete(codes, i, 0), np.delete(labels, i))
        .predict(codes[[i]])
        for i in range(150)
    ]
    expected = (np.concatenate(votes) == labels).mean()
    assert label_accuracy(codes, labels) == pytest.approx(expected)


def test_points_at_one_place_have_no_vote_about_themselves_either():
    found = label_accuracy(np.zeros((40, 2)), np.arange(40), neighbours=3)
    assert found == 0


def test_label_mistakes_are_named():
    with pytest.raises(ValueError, match="10 points, 9 labels and 5 neighbours"):
        label_accuracy(cloud(10), np.zeros(9, int))
    with pytest.raises(ValueError, match="5 points, 5 labels and 5 neighbours"):
        compare_labels(cloud(5), cloud(5, 2), np.zeros(5, int))
