"""What the map page's script answers, and refuses."""

import io
import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.seen import components
from ui import state
from ui.map_work import Maps
from vae.checkpoints import load_codes, load_model, read_card
from vae.data import load
from vae.latent import encode
from vae.map_cache import MapCache
from vae.metrics.groups import describe_group
from vae.projecting import ProjectionQueue
from vae.projections import QUICK, Settings, project

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app(card, tmp_path, monkeypatch):
    monkeypatch.setattr("ui.atlas.MAPS", Maps(ProjectionQueue(cache=MapCache(tmp_path / "maps"))))
    return AppTest.from_file(str(ROOT / "pages" / "map.py"), default_timeout=60)


def run(app, **asked):
    app.session_state[state.MAP] = asked
    app.run()
    assert not app.exception
    return components(app)["latent_map"]


def question(card, sequence=1, **more):
    return {"sequence": sequence, "model": card.id, **more}


def columns_of(data):
    """The map's columns as they came without routes: points, codes and index."""
    count = data["map"]["count"]
    return (
        data["map_points"].reshape(count, 2),
        data["map_codes"].reshape(count, -1),
        data["map_index"],
    )


def test_a_map_comes_with_its_codes_in_one_order(app, card):
    data = run(app, map=question(card, method="pca", dims=[0, 1]))
    points, codes, index = columns_of(data)
    table = load_codes(card)
    np.testing.assert_allclose(codes, table.mean[index], atol=1e-6)
    expected = project(table.mean, Settings(method="pca")).transform(codes)
    np.testing.assert_allclose(points, expected, atol=1e-4)
    np.testing.assert_array_equal(data["map_label"], table.label[index])
    assert data["map"]["about"].startswith("Posterior means of 40 held-out images.")


def test_two_dimensions_are_shown_as_they_are(app, card):
    data = run(app, map=question(card, method="raw", dims=[2, 0]))
    points, codes, _ = columns_of(data)
    np.testing.assert_array_equal(points, codes[:, [2, 0]])
    assert data["map"]["names"] == ["z2", "z0"]
    assert (data["map"]["method"], data["map"]["dims"]) == ("raw", [2, 0])


def test_tsne_is_made_beside_the_page_and_arrives(app, card):
    deadline, seen = time.monotonic() + 60, []
    while time.monotonic() < deadline:
        data = run(app, map=question(card, len(seen) + 1, method="tsne", dims=[0, 1]))
        seen.append(data["map"]["progress"])
        if seen[-1] is None:
            break
        time.sleep(0.1)
    assert seen[0]["words"].startswith("Making the map")
    points, codes, _ = columns_of(data)
    assert data["map"]["names"] == ["t-SNE 1", "t-SNE 2"]
    assert data["map"]["linear"] is None
    assert points.shape == project(codes, QUICK).points.shape


def test_a_map_is_given_up_and_another_one_shown(app, card):
    run(app, map=question(card, method="thorough", dims=[0, 1]))
    data = run(app, map=question(card, 2, method="thorough", dims=[0, 1], cancels=True))
    assert data["map"]["error"] == "Given up; here is the map you had."
    assert data["map"]["method"] != "thorough"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"method": "guess"}, "Method is 'guess'; choose one of tsne"),
        ({"method": "raw", "dims": [0, 0]}, "Choose two different dimensions."),
        ({"method": "raw", "dims": [0, 3]}, "Choose two different dimensions."),
        ({"method": "raw", "dims": [0, 1, 2]}, "Choose two different dimensions."),
        ({"method": "raw", "dims": "01"}, "Choose two different dimensions."),
    ],
)
def test_maps_that_are_none_get_a_plain_sentence(app, card, change, error):
    data = run(app, map=question(card, **{"method": "pca", "dims": [0, 1]} | change))
    assert data["map"]["error"].startswith(error)
    assert data["map"]["count"] == 40  # a map is there all the same


@pytest.mark.parametrize("name", ["kl", "error", "density", "z1"])
def test_a_shade_comes_when_it_is_asked_for(app, card, name):
    chosen = question(card, method="pca", dims=[0, 1])
    data = run(app, map=chosen, column=question(card, name=name))
    _, codes, index = columns_of(data)
    values = data[f"map_{name}"]
    table = load_codes(card)
    mean, log_var = table.mean[index].astype(float), table.log_var[index].astype(float)
    expected = {
        "kl": 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(1),
        "error": table.reconstruction_error[index],
        "z1": codes[:, 1],
    }
    assert values.shape == (40,)
    if name in expected:
        np.testing.assert_allclose(values, expected[name], rtol=1e-4)
    else:
        assert np.isfinite(values).all()
        assert np.ptp(values) > 0


def test_a_lasso_says_what_its_images_have_in_common_and_is_kept(app, card):
    chosen = question(card, method="pca", dims=[0, 1])
    rows = [3, 1, 4, 15, 9, 2]
    data = run(app, map=chosen, group=question(card, rows=rows))
    _, codes, index = columns_of(data)
    label = load_codes(card).label[index]
    expected = describe_group(codes, np.array(rows), label, members=6)
    group = data["group"]
    assert (group["title"], group["count"]) == ("6 of 40 images", 6)
    np.testing.assert_allclose(group["mean"], expected.mean, atol=1e-6)
    assert group["typical"] == expected.typical.tolist()
    assert group["unusual"] == expected.unusual.tolist()
    assert {name: count for name, count, _ in group["labels"]} == {
        str(k): count for k, count in expected.labels.items()
    }
    kept, others = app.session_state[state.GROUPS][card.id]
    np.testing.assert_allclose(np.sort(kept, axis=0), np.sort(codes[rows], axis=0))
    assert len(others) == 34


@pytest.mark.parametrize("rows", [None, [], [40], [-1], [0.5], [True], "0", list(range(41))])
def test_a_group_that_is_none_gets_a_plain_sentence(app, card, rows):
    data = run(app, group=question(card, rows=rows))
    assert data["group"]["error"] in (
        "Choose at least one image.",
        "There is no such image on the map.",
    )


def test_a_code_of_ones_own_is_weighed(app, card):
    usual = load_codes(card).mean.mean(0).tolist()
    assert "held-out codes" in run(app, weigh=question(card, z=usual))["weigh"]["words"]
    far = run(app, weigh=question(card, 2, z=[50.0, 50.0, 50.0]))["weigh"]["words"]
    assert far == "It lies outside of all data: 0 held-out codes are near; 10 is usual."
    nan = run(app, weigh=question(card, 3, z=[0.0, float("nan"), 0.0]))["weigh"]
    assert nan["error"] == "The picture has no finite code."


def test_density_and_holes_lie_behind_the_points(app, card):
    chosen = question(card, method="raw", dims=[0, 1])
    for sequence, kind in enumerate(("density", "holes"), 1):
        data = run(app, map=chosen, layer=question(card, sequence, layer=kind))
        layer = data["layer"]
        side = int(np.sqrt(len(data["layerValues"])))
        values = data["layerValues"].reshape(side, side)
        x, y, width = layer["box"]
        points, _, _ = columns_of(data)
        assert (points > [x, y]).all()
        assert (points < [x + width, y + width]).all()
        if kind == "holes":
            assert (values >= 0).all()
            assert (values <= 1).all()
        else:  # it lies where the points do: the first row is the highest
            middle = np.average(side - 0.5 - np.arange(side), weights=values.sum(1)) / side
            assert middle == pytest.approx((points[:, 1].mean() - y) / width, abs=0.02)


def test_holes_need_a_prior_and_a_map_that_bends_nothing(app, card):
    run(app)  # t-SNE is the first map, PCA stands in while it is made
    deadline = time.monotonic() + 60
    sequence = 1
    while run(app, map=question(card, sequence, method="tsne"))["map"]["progress"]:
        assert time.monotonic() < deadline
        sequence += 1
        time.sleep(0.1)
    ask = question(card, method="tsne")
    data = run(app, map=ask, layer=question(card, layer="holes"))
    assert data["layer"]["error"].startswith("Holes are places where the prior has no data about")
    other = run(app, map=ask, layer=question(card, 2, layer="gold"))
    assert other["layer"]["error"] == "Layer is 'gold'; choose one of density, holes."


def test_how_true_a_map_is_comes_when_it_is_known(app, card):
    chosen = question(card, method="pca", dims=[0, 1])
    deadline, sequence, words = time.monotonic() + 60, 0, ""
    while not words and time.monotonic() < deadline:
        sequence += 1
        words = run(app, map=chosen, judge=question(card, sequence))["judge"]["words"]
        time.sleep(0.1)
    assert words.startswith("Trustworthiness 1.000")  # the third dimension is nothing
    assert "where labels are shuffled" in words


@pytest.mark.parametrize("kind", ["csv", "npz", "parquet"])
def test_places_and_codes_are_taken_along(app, card, kind):
    chosen = question(card, method="pca", dims=[0, 1])
    data = run(app, map=chosen, file=question(card, kind=kind))
    assert data["file"]["name"] == f"alpha-pca.{kind}"
    points, _, index = columns_of(data)
    content = data["fileBytes"].tobytes()
    if kind == "npz":
        with np.load(io.BytesIO(content)) as arrays:
            np.testing.assert_array_equal(arrays["index"], index)
            np.testing.assert_array_equal(np.stack([arrays["x"], arrays["y"]], 1), points)
    elif kind == "csv":
        assert content.count(b"\n") == 42  # what made it, the names, a row a code
    else:
        assert content.startswith(b"PAR1")
    assert run(app, map=chosen, file=question(card, 2, kind="exe"))["file"]["error"].startswith(
        "Kind is 'exe'; choose one of csv"
    )


def test_an_image_that_is_not_here_is_none(app, card):
    data = run(app, original=question(card, row=0))
    assert data["original"]["row"] == 0
    assert "originalPixels" not in data
    wrong = run(app, original=question(card, 2, row=40))
    assert wrong["original"]["error"] == "There is no such image on the map."


def test_training_images_are_encoded_beside_the_page(app, tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_CHECKPOINTS_DIR", str(ROOT / "checkpoints"))
    monkeypatch.setenv("LATENT_CACHE_DIR", str(tmp_path))
    digits = read_card(ROOT / "checkpoints" / "digits-2d")
    app.query_params["model"] = "digits-2d"
    deadline, sequence = time.monotonic() + 90, 0
    while True:
        sequence += 1
        ask = question(digits, sequence, source="train", method="raw", dims=[0, 1])
        data = run(app, map=ask)
        if data["map"]["progress"] is None:
            break
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert sequence > 1  # the page did not wait for it
    _, codes, index = columns_of(data)
    images = load("digits", "train", image_shape=digits.model.image_shape)
    row = int(np.flatnonzero(images.index == index[0])[0])
    mean, _ = encode(load_model(digits), images.pixels[row : row + 1])
    np.testing.assert_allclose(codes[0], mean[0], atol=1e-4)
    assert sorted(index) == sorted(images.index)
    original = run(app, map=ask, original=question(digits, row=0))
    shown = original["originalPixels"].reshape(images.pixels.shape[2:])
    np.testing.assert_array_equal(shown, images.pixels[row, 0])


def test_training_images_that_are_not_here_are_not_offered(app, card):
    data = run(app, map=question(card, source="train", method="pca"))
    assert data["map"]["error"] == "Source is 'train'; choose one of held-out."
    assert [one["name"] for one in data["choices"]["sources"]] == ["held-out"]
