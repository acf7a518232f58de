"""The checkpoints of this repository are what their figures say, and as good as we promise."""

import time
from pathlib import Path

import numpy as np
import pytest

import vae.data
from vae.checkpoints import load_codes, load_metrics, load_model
from vae.maps import load_map
from vae.metrics.factors import factor_correlations
from vae.metrics.likelihood import BATCH, measure_images
from vae.metrics.neighbours import label_accuracy, map_quality
from vae.projections import QUICK
from vae.shelf import read_shelf

SHELF = Path(__file__).parents[1] / "checkpoints"
NAMES = (
    "digits-2d",
    "emoji-32d",
    "fashion-16d",
    "mnist-10d",
    "mnist-2d",
    "mnist-2d-autoencoder",
    "sprites-10d",
)
WITHOUT_FILES = {"digits", "sprites"}
# Grey-pixel BCE + KL in nats on the whole test set, posterior samples: at most this.
LIMITS = {"mnist-2d": 139, "mnist-10d": 98, "fashion-16d": 234}
MIB = 1 << 20


@pytest.fixture(scope="module")
def cards():
    return {entry.name: entry.card for entry in read_shelf(SHELF)}


def figures(card):
    return {figure["name"]: figure for figure in load_metrics(card)["figures"]}


def test_the_seven_are_there_and_small_enough(cards):
    assert set(cards) == set(NAMES)
    sizes = {name: sum(p.stat().st_size for p in (SHELF / name).iterdir()) for name in NAMES}
    assert max(sizes.values()) <= 12 * MIB
    assert sum(sizes.values()) <= 70 * MIB


@pytest.mark.parametrize("name", NAMES)
def test_the_real_test_files_give_the_same_figures(cards, name, request, monkeypatch):
    """The first images suffice: the table keeps every image's ELBO, its noise is by batch."""
    card = cards[name]
    if card.data["name"] not in WITHOUT_FILES:
        monkeypatch.setenv("LATENT_DATA_DIR", str(request.getfixturevalue("shared") / "data"))
    images = vae.data.load(card.data["name"], "test").subset(slice(BATCH))
    measured, codes = measure_images(load_model(card), images), load_codes(card)
    rows = slice(len(images))
    np.testing.assert_array_equal(codes.index[rows], images.index)
    np.testing.assert_allclose(codes.mean[rows], measured.mean, atol=2e-3)
    np.testing.assert_allclose(
        codes.reconstruction_error[rows].mean(), measured.squared_error.mean(), rtol=5e-3
    )
    if card.model.kind == "vae":
        np.testing.assert_allclose(codes.elbo[rows].mean(), measured.elbo.mean(), rtol=5e-3)


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_codes_belongs_to_the_figures(cards, name):
    card, codes = cards[name], load_codes(cards[name])
    rows = codes.split == "test"
    assert rows.sum() == figures(card)["mse"]["n"]
    assert codes.reconstruction_error[rows].mean() == pytest.approx(
        figures(card)["mse"]["value"], rel=1e-3
    )
    if card.model.kind == "vae":
        assert codes.elbo[rows].mean() == pytest.approx(figures(card)["elbo"]["value"], rel=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_the_first_map_is_there_and_true(cards, name, say):
    table = load_codes(cards[name])
    started = time.perf_counter()
    projection, shown = load_map(cards[name], table)
    say(f"{name}: the map opens in {1000 * (time.perf_counter() - started):.1f} ms")
    assert projection.settings == QUICK
    assert shown.n == len(projection.points) == table.held_out.sum()
    assert shown.quality.trustworthiness > 0.92
    measured = map_quality(projection.codes, projection.points, sample=200)
    assert measured.trustworthiness == pytest.approx(shown.quality.trustworthiness, abs=0.02)
    if table.label is not None:
        known = label_accuracy(projection.points, table.label[table.held_out])
        assert known == pytest.approx(shown.labels.on_map, abs=0.005)
        # What is lost on the map, of what the space knows, is little.
        assert shown.labels.on_map > shown.labels.in_space - 0.03


@pytest.mark.parametrize("name", LIMITS)
def test_the_figures_hold_what_was_promised(cards, name):
    elbo = figures(cards[name])["elbo"]
    assert (elbo["n"], elbo["split"]) == (10_000, "test")
    assert -elbo["value"] <= LIMITS[name]


def test_four_factors_of_the_sprites_have_a_dimension_of_their_own(cards):
    codes = load_codes(cards["sprites-10d"])
    found = {one.factor: one for one in factor_correlations(codes)}
    dims = [found[factor].dim for factor in ("x", "y", "scale", "hue")]
    assert len(set(dims)) == 4
    mean = codes.mean[codes.held_out].astype(np.float64)
    for factor, dim in zip(("x", "y", "scale", "hue"), dims, strict=True):
        assert abs(found[factor].correlation) > 0.97
        # And that dimension follows nothing else.
        for other in {"x", "y", "scale", "hue"} - {factor}:
            values = codes.factors[other][codes.held_out].astype(np.float64)
            assert abs(np.corrcoef(mean[:, dim], values)[0, 1]) < 0.15


def test_twins_differ_only_in_their_kind(cards):
    twin, plain = cards["mnist-2d"], cards["mnist-2d-autoencoder"]
    differing = {
        name for name in vars(twin.model) if getattr(twin.model, name) != getattr(plain.model, name)
    }
    assert differing == {"kind"}
    assert twin.seed == plain.seed
