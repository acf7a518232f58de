import dataclasses
import hashlib
import io
import json
import shutil

import numpy as np
import pytest

from vae.checkpoints import CheckpointError, load_codes, read_card
from vae.encoding import LatentTable
from vae.maps import load_map, map_bytes, measure_map, pack_map, unpack_map
from vae.metrics.neighbours import label_accuracy, map_quality
from vae.projections import QUICK, ProjectionError, Settings, project


def clusters(n=120, dims=3, seed=0):
    generator = np.random.default_rng(seed)
    label = np.arange(n) % 3
    centres = 6 * generator.standard_normal((3, dims))
    return (centres[label] + generator.standard_normal((n, dims))).astype(np.float32), label


def table_of(codes, label=None):
    n = len(codes)
    return LatentTable(
        mean=codes,
        log_var=None,
        index=np.arange(n),
        split=np.where(np.arange(n) % 4, "test", "train"),
        reconstruction_error=np.zeros(n, np.float32),
        label=label,
        label_names=("a", "b", "c") if label is not None else (),
    )


@pytest.fixture(scope="module")
def made():
    return project(clusters()[0], Settings(late=20))


@pytest.fixture
def copy(shelf, tmp_path):
    """A checkpoint of one's own to damage."""
    return shutil.copytree(shelf / "bars-3d", tmp_path / "copy")


def replace_map(folder, content):
    """Put another map in, with the right hash: a file made so, not one damaged on the way."""
    config = json.loads((folder / "config.json").read_text())
    if content is None:
        (folder / "map.npz").unlink()
        del config["sha256"]["map.npz"]
    else:
        (folder / "map.npz").write_bytes(content)
        config["sha256"]["map.npz"] = hashlib.sha256(content).hexdigest()
    (folder / "config.json").write_text(json.dumps(config))
    return read_card(folder)


def rewrite(content, points=None, **about):
    """Return a packed map with other points, or other words about it."""
    with np.load(io.BytesIO(content)) as arrays:
        words = json.loads(arrays["about"].tobytes()) | about
        points = arrays["points"] if points is None else points
    buffer = io.BytesIO()
    np.savez(buffer, about=np.frombuffer(json.dumps(words).encode(), np.uint8), points=points)
    return buffer.getvalue()


@pytest.mark.parametrize("settings", [Settings(late=20), Settings("pca"), Settings("raw")])
def test_a_packed_map_is_the_same_map_without_its_codes(settings):
    codes, _ = clusters()
    map_ = project(codes, settings)
    content = pack_map(map_, {"seed": 3})
    with np.load(io.BytesIO(content)) as arrays:
        assert sorted(arrays.files) == ["about", "points"]
    read, figures = unpack_map(content, codes)
    assert (read.settings, figures) == (settings, {"seed": 3})
    np.testing.assert_array_equal(read.points, map_.points)
    others = clusters(5, seed=3)[0]
    np.testing.assert_array_equal(read.transform(others), map_.transform(others))
    log_var = np.zeros((2, 3))
    np.testing.assert_array_equal(read.covariance(log_var), map_.covariance(log_var))


def test_a_map_is_refused_with_other_codes(made):
    codes, _ = clusters()
    for others in (codes + 1, codes[:-1], codes[:, :2]):
        with pytest.raises(ProjectionError, match=r"\(120, 2\) was made of other codes"):
            unpack_map(pack_map(made), others)


def test_a_damaged_map_is_refused(made):
    content = pack_map(made)
    settings = dataclasses.asdict(made.settings)
    nowhere = np.full((120, 2), np.nan, np.float32)
    for damaged in (
        b"",
        b"no zip",
        content[:-30],
        rewrite(content, nowhere),
        rewrite(content, np.zeros((120, 2))),
        rewrite(content, format=2),
        rewrite(content, figures=[]),
        rewrite(content, settings=settings | {"perplexity": 0}),
        rewrite(content, settings={"method": "tsne"}),
    ):
        with pytest.raises(ProjectionError, match="no map, or it is damaged; make it again"):
            unpack_map(damaged, made.codes)
    assert unpack_map(rewrite(content), made.codes)


def test_a_recipe_ships_the_quick_map_of_the_held_out_codes(shelf):
    card = read_card(shelf / "bars-3d")
    table = load_codes(card)
    held_out = table.subset(table.held_out)
    projection, figures = load_map(card)
    assert projection.settings == QUICK
    np.testing.assert_array_equal(projection.codes, held_out.mean)
    np.testing.assert_array_equal(projection.points, project(held_out.mean).points)
    assert figures == load_map(card, table)[1] == measure_map(projection, held_out.label)
    assert figures.n == len(held_out) < len(table)


def test_the_figures_are_those_of_the_metrics():
    codes, label = clusters()
    table = table_of(codes, label)
    shown = table.subset(table.held_out)
    projection, values = unpack_map(map_bytes(table), shown.mean)
    figures = measure_map(projection, shown.label)
    assert dataclasses.asdict(figures) == values
    assert figures.quality == map_quality(shown.mean, projection.points)
    assert figures.labels.on_map == label_accuracy(projection.points, shown.label) > 0.9
    assert figures.labels.in_space == label_accuracy(shown.mean, shown.label) > 0.9
    assert figures.labels.shuffled < 0.6
    assert (figures.n, figures.seed, figures.labels.judged) == (90, 0, 90)


def test_the_same_codes_give_the_same_file():
    table = table_of(*clusters())
    assert map_bytes(table) == map_bytes(table)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 20])
def test_few_codes_have_figures_as_far_as_they_go(n):
    codes, label = clusters(n)
    figures = measure_map(project(codes), label)
    assert (figures.quality is None) == (n < 3)
    assert (figures.labels is None) == (n < 2)
    assert measure_map(project(codes)).labels is None
    assert measure_map(project(codes), np.zeros(n, int)).labels is None


def test_a_checkpoint_without_a_map_is_a_checkpoint(copy):
    card = replace_map(copy, None)
    assert load_map(card) is None
    assert len(load_codes(card))


def test_a_damaged_map_is_the_checkpoint_s_error(copy):
    (copy / "map.npz").write_bytes(b"half")
    with pytest.raises(CheckpointError, match=r"map.npz is damaged"):
        read_card(copy)
    with pytest.raises(CheckpointError, match=r"map.npz: this is no map, or it is damaged"):
        load_map(replace_map(copy, b"half"))


def test_a_map_of_another_checkpoint_s_codes_is_refused(copy, made):
    with pytest.raises(CheckpointError, match=r"map.npz: the map .* was made of other codes"):
        load_map(replace_map(copy, pack_map(made)))


def test_a_map_without_figures_is_refused(copy):
    projection, _ = load_map(read_card(copy))
    for figures in ({}, {"quality": {}, "labels": None, "n": 1, "seed": 0}):
        with pytest.raises(CheckpointError, match=r"map.npz holds no figures"):
            load_map(replace_map(copy, pack_map(projection, figures)))
