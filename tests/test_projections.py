import sys

import numpy as np
import pytest
from sklearn.decomposition import PCA

from vae.metrics.neighbours import map_quality
from vae.projections import Projection, ProjectionError, Settings, project

GROUPS = 4


def clusters(n=400, dims=6, seed=0):
    generator = np.random.default_rng(seed)
    label = np.arange(n) % GROUPS
    centres = 6 * generator.standard_normal((GROUPS, dims))
    return (centres[label] + generator.standard_normal((n, dims))).astype(np.float32), label


def test_pca_is_that_of_scikit_learn():
    codes, _ = clusters()
    made = project(codes, Settings("pca"))
    fitted = PCA(2).fit(codes)
    np.testing.assert_allclose(
        np.abs(made.points), np.abs(fitted.transform(codes)), rtol=1e-3, atol=1e-3
    )
    np.testing.assert_allclose(made.share, fitted.explained_variance_ratio_, rtol=1e-5)
    assert made.names == ("PC 1", "PC 2")
    assert (made.axes[[0, 1], np.abs(made.axes).argmax(1)] > 0).all()


@pytest.mark.parametrize("settings", [Settings("pca"), Settings("raw", dims=(4, 1))])
def test_a_posterior_s_ellipse_is_that_of_its_samples(settings):
    codes, _ = clusters()
    made = project(codes, settings)
    log_var = np.array([[0.3, -2, 0.1, -1, 1, -0.5]])
    noise = np.random.default_rng(1).standard_normal((400_000, 6))
    samples = made.transform(codes[0] + np.exp(log_var / 2) * noise)
    (covariance,) = made.covariance(log_var)
    scale = np.sqrt(np.outer(*[np.diag(covariance)] * 2))
    assert np.abs(np.cov(samples.T) - covariance).max() < 0.02 * scale.max()
    np.testing.assert_allclose(samples.mean(0), made.points[0], atol=0.02)


@pytest.mark.parametrize("settings", [Settings("pca"), Settings("raw", dims=(2, 0))])
def test_a_linear_map_places_codes_and_finds_them_again(settings):
    codes, _ = clusters()
    made = project(codes, settings)
    np.testing.assert_allclose(made.transform(codes), made.points, atol=1e-4)
    places = np.array([[1.0, -2], [0, 0]])
    found, distance = made.inverse(places)
    np.testing.assert_allclose(made.transform(found), places, atol=1e-4)
    assert (distance >= 0).all()


def test_raw_dimensions_are_themselves():
    codes, _ = clusters()
    made = project(codes, Settings("raw", dims=(3, 1)))
    np.testing.assert_array_equal(made.points, codes[:, [3, 1]])
    assert made.names == ("z3", "z1")


def test_tsne_keeps_neighbours_and_repeats_itself():
    codes, _ = clusters()
    made = project(codes)
    again = project(codes)
    np.testing.assert_array_equal(made.points, again.points)
    quality = map_quality(codes, made.points)
    assert quality.trustworthiness > 0.95
    shuffled = np.random.default_rng(0).permutation(made.points)
    assert map_quality(codes, shuffled).trustworthiness < 0.6
    assert made.names == ("t-SNE 1", "t-SNE 2")
    assert made.covariance(np.zeros((1, 6))) is None


@pytest.mark.parametrize("n", [400, 2100])  # repulsion by a tree, and on a grid
def test_the_number_of_threads_changes_nothing(n):
    codes, _ = clusters(n)
    settings = Settings(early=10, late=30)
    one, two = (project(codes, settings, threads=threads).points for threads in (1, 2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("size", [1e-20, 1e18, 1e30])
def test_tsne_minds_no_size(size):
    codes, _ = clusters(100)
    made = project(codes * np.float32(size))
    assert map_quality(codes, made.points).trustworthiness > 0.9


def test_new_codes_go_among_their_own_and_old_ones_where_they_lay():
    codes, label = clusters()
    made = project(codes)
    np.testing.assert_array_equal(made.transform(codes[:50]), made.points[:50])
    others, other_label = clusters(n=40, seed=0)
    moved = others + 0.05
    placed = made.transform(moved)
    centres = np.stack([made.points[label == group].mean(0) for group in range(GROUPS)])
    nearest = np.linalg.norm(placed[:, None] - centres, axis=2).argmin(1)
    assert (nearest == other_label).mean() > 0.95


def test_a_place_of_the_map_has_a_code_and_far_from_the_data_it_says_so():
    codes, _ = clusters()
    made = project(codes)
    found, distance = made.inverse(made.points[:20])
    np.testing.assert_allclose(found, codes[:20], atol=1e-2)
    assert (distance < 1e-6).all()
    _, distance = made.inverse(made.points.max(0, keepdims=True) * 3)
    assert distance[0] > 0.5


def test_it_tells_how_far_it_is_and_can_be_stopped():
    codes, _ = clusters()
    seen = []

    def tell(share, points):
        seen.append((share, points.copy()))
        return len(seen) < 3

    made = project(codes, on_progress=tell)
    shares = [share for share, _ in seen]
    assert len(seen) == 3
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] < 1
    assert made.points.shape == (400, 2)
    assert np.isfinite(made.points).all()


@pytest.mark.parametrize("settings", [Settings("pca"), Settings("raw"), Settings("tsne", late=20)])
def test_a_saved_map_is_the_same_map(tmp_path, settings):
    codes, _ = clusters(60)
    made = project(codes, settings)
    made.save(tmp_path / "map.npz")
    read = Projection.load(tmp_path / "map.npz")
    assert read.settings == made.settings
    others = clusters(5, seed=3)[0]
    np.testing.assert_array_equal(read.transform(others), made.transform(others))
    np.testing.assert_array_equal(read.points, made.points)


@pytest.mark.parametrize("content", [b"", b"PK\3\4rest", b"no zip at all"])
def test_a_file_that_is_no_map_is_refused(tmp_path, content):
    (tmp_path / "map.npz").write_bytes(content)
    with pytest.raises(ProjectionError, match=r"map.npz is no projection, or damaged"):
        Projection.load(tmp_path / "map.npz")


@pytest.mark.parametrize("method", ["pca", "tsne"])
@pytest.mark.parametrize(
    "codes",
    [np.zeros((1, 4)), np.ones((3, 4)), np.ones((50, 4)), np.arange(20.0).reshape(20, 1)],
    ids=["one", "three alike", "fifty alike", "one dimension"],
)
def test_few_codes_and_equal_ones_have_a_map_too(method, codes):
    made = project(codes, Settings(method))
    assert made.points.shape == (len(codes), 2)
    assert np.isfinite(made.points).all()
    assert np.isfinite(made.transform(codes)).all()


@pytest.mark.parametrize(
    ("codes", "settings", "message"),
    [
        (np.full((5, 2), np.nan), {}, "NaN or infinity"),
        (np.zeros((0, 2)), {}, r"codes have shape \(0, 2\)"),
        (np.zeros(5), {}, r"codes have shape \(5,\)"),
        (np.zeros((5, 2)), {"method": "magic"}, "method is 'magic'; choose one of pca, raw"),
        (np.zeros((5, 2)), {"perplexity": 0}, "perplexity is 0"),
        (np.zeros((5, 2)), {"late": 0}, "late at least 1"),
        (np.zeros((5, 2)), {"method": "raw", "dims": (0, 2)}, r"dims are \(0, 2\)"),
        (np.zeros((5, 2)), {"method": "raw", "dims": (1, 1)}, "two different ones"),
        (np.zeros((5, 2)), {"method": "umap", "neighbours": 1}, "neighbours is 1"),
    ],
)
def test_mistakes_are_named(codes, settings, message):
    with pytest.raises(ProjectionError, match=message):
        project(codes, Settings(**settings))


def test_it_says_when_umap_is_absent(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ProjectionError, match="UMAP needs the package umap-learn"):
        project(clusters(20)[0], Settings("umap"))
