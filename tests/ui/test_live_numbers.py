"""The page's own arithmetic, run by node and compared with NumPy."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from vae.concepts import analogy
from vae.paths import bilinear, cross_fade

JS = Path(__file__).parents[2] / "ui" / "live" / "js"

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


@pytest.fixture
def run(tmp_path):
    """Import a module as ``m`` and return what an expression gives."""

    def run_one(module, expression, **values):
        copied = tmp_path / f"{module}.mjs"
        copied.write_text((JS / f"{module}.js").read_text(encoding="utf-8"), encoding="utf-8")
        script = f'import * as m from "{copied.as_uri()}";\n'
        script += f"const v = {json.dumps(values)};\n"
        script += f"const out = {expression};\n"
        script += "console.log(JSON.stringify(out?.length === undefined ? out : Array.from(out)));"
        command = ["node", "--input-type=module", "-e", script]
        done = subprocess.run(command, capture_output=True, check=True, text=True)
        return json.loads(done.stdout)

    return run_one


def test_normal_numbers_are_standard_and_follow_their_seed(run):
    drawn = np.array(run("random", "m.normals(3, 40000)"))
    assert abs(drawn.mean()) < 0.02
    assert drawn.std() == pytest.approx(1, abs=0.02)
    assert np.mean(np.abs(drawn) < 1) == pytest.approx(0.6827, abs=0.01)
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.02
    assert run("random", "m.normals(3, 5)") == drawn[:5].tolist()
    firsts = np.array([run("random", f"m.normals({seed}, 2)") for seed in range(20)])
    assert len(np.unique(firsts.round(6))) == 40


def test_a_draw_has_the_mean_and_spread_of_its_posterior(run):
    posterior = "{ mean: [2, -1], logVar: [Math.log(0.25), Math.log(4)] }"
    drawn = np.array(
        run("random", f"Array.from({{length: 4000}}, (_, k) => [...m.drawFrom({posterior}, k)])")
    )
    np.testing.assert_allclose(drawn.mean(0), [2, -1], atol=0.1)
    np.testing.assert_allclose(drawn.std(0), [0.5, 2], rtol=0.05)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_pad_is_averaged_over_blocks(run, channels):
    rgba = np.random.default_rng(0).integers(0, 256, (12, 8, 4))
    if channels == 1:
        rgba[..., 1:3] = rgba[..., :1]
    shape = {"height": 3, "width": 2, "channels": channels}
    seen = run("pixels", "m.average(v.rgba, v.shape, 4)", rgba=rgba.ravel().tolist(), shape=shape)
    blocks = rgba[..., :channels].reshape(3, 4, 2, 4, channels).mean((1, 3))
    np.testing.assert_array_equal(np.array(seen).reshape(3, 2, channels), np.floor(blocks + 0.5))


@pytest.mark.parametrize("paper", [0, 255])
def test_ink_is_moved_to_the_middle(run, paper):
    image = np.full((9, 11), paper)
    image[1:3, 6:11] = 200
    shape = {"height": 9, "width": 11, "channels": 1}
    moved = run(
        "pixels", "m.centred(v.image, v.shape, v.paper)",
        image=image.ravel().tolist(), shape=shape, paper=paper,
    )  # fmt: skip
    moved = np.array(moved).reshape(9, 11)
    rows, columns = np.nonzero(moved == 200)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) in {(3, 4, 3, 7), (4, 5, 3, 7)}
    assert np.count_nonzero(moved == 200) == 10


def test_ink_has_bounds(run):
    rgba = np.zeros((9, 11, 4), int)
    rgba[2:5, 3:9] = 255
    rgba[8, 10] = 30  # too faint
    seen = run(
        "pixels", "m.boundsOf(v.rgba, {width: 11, height: 9}, 0, 64)", rgba=rgba.ravel().tolist()
    )
    assert seen == [3, 2, 6, 3]
    assert run("pixels", "m.boundsOf([0, 0, 0, 255], {width: 1, height: 1}, 0, 64)") is None


def test_an_empty_page_stays_empty(run):
    shape = {"height": 2, "width": 2, "channels": 1}
    assert run("pixels", "m.centred([7, 7, 7, 7], v.shape, 7)", shape=shape) == [7] * 4


def test_the_squared_error_is_that_of_numpy(run):
    a, b = np.random.default_rng(0).integers(0, 256, (2, 50))
    seen = run("pixels", "m.squaredError(v.a, v.b)", a=a.tolist(), b=b.tolist())
    assert seen == pytest.approx(np.mean((a / 255 - b / 255) ** 2))


@pytest.mark.parametrize(
    ("value", "share"), [(-1, 0), (0, 0), (5, 0.25), (10, 0.5), (15, 0.75), (20, 1), (99, 1)]
)
def test_the_share_below_a_value(run, value, share):
    assert run("statistics", f"m.shareBelow([0, 10, 20], {value})") == pytest.approx(share)


def test_equal_quantiles_do_no_harm(run):
    assert run("statistics", "m.shareBelow([1, 1, 1, 2], 1)") == 0
    assert 0 < run("statistics", "m.shareBelow([1, 1, 1, 2], 1.5)") < 1


CORNERS = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)


@pytest.mark.parametrize("t", [0, 0.2, 1 / 3, 0.5, 0.99, 1])
def test_a_place_of_a_way_lies_between_its_codes(run, t):
    seen = run("codes", f"m.codeAlong(Float32Array.from(v.z), 3, {t})", z=CORNERS.ravel().tolist())
    place = [np.interp(t, np.linspace(0, 1, 4), column) for column in CORNERS.T]
    np.testing.assert_allclose(seen, place, atol=1e-6)
    if t in (0, 1):
        assert seen == CORNERS[-1 if t else 0].tolist()


@pytest.mark.parametrize("place", [(0, 0), (1, 0), (0.3, 0.8), (1, 1)])
def test_a_place_of_the_square_is_the_bilinear_blend_of_the_library(run, place):
    weights = np.array(run("codes", f"m.weightsAt({list(place)}, 4)"))
    expected = bilinear(CORNERS, *np.array(place)[:, None])[0]
    np.testing.assert_allclose(weights @ CORNERS, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("place", "weights"),
    [
        ((0.5, 0), (1, 0, 0)),
        ((0, 1), (0, 1, 0)),
        ((1, 1), (0, 0, 1)),
        ((0.5, 2 / 3), (1 / 3, 1 / 3, 1 / 3)),
        ((0.25, 0.5), (0.5, 0.5, 0)),
        ((0, 0), (1, 0, 0)),  # beside the triangle: the nearest place of its row
        ((0, 0.5), (0.5, 0.5, 0)),
    ],
)
def test_a_place_of_the_triangle_has_its_barycentric_weights(run, place, weights):
    seen = run("codes", f"m.weightsAt({list(place)}, 3)")
    np.testing.assert_allclose(seen, weights, atol=1e-9)


def test_a_cross_fade_is_that_of_the_library(run):
    first, last = np.random.default_rng(0).integers(0, 256, (2, 12))
    seen = run("codes", "m.faded(v.ends, 5).flat()", ends=[first.tolist(), last.tolist()])
    expected = cross_fade(first.astype(np.float32), last.astype(np.float32), 5)
    np.testing.assert_allclose(np.array(seen).reshape(6, 12), expected, atol=0.51)
    assert seen[:12] == first.tolist()
    assert seen[-12:] == last.tolist()


def test_codes_of_an_address_come_back(run):
    text = run("codes", "[m.formatCodes(v.codes, 4)]", codes=CORNERS.tolist())[0]
    seen = run("codes", "m.parseCodes(v.text, 3, 6).map((c) => Array.from(c)).flat()", text=text)
    np.testing.assert_allclose(np.array(seen).reshape(4, 3), CORNERS, atol=1e-4)


@pytest.mark.parametrize(
    "text",
    ["", "1,2,3", "1,2;3,4", "1,2,x;1,2,3", "1,,3;1,2,3", "1,2,1e7;1,2,3", ";".join(["1,2,3"] * 7)],
)
def test_an_address_without_codes_is_none(run, text):
    assert run("codes", "m.parseCodes(v.text, 3, 6)", text=text) is None


def test_sums_of_codes(run):
    a, b, c = CORNERS[:3].tolist()
    np.testing.assert_allclose(
        run("codes", "m.combined(v.a, v.b, v.c)", a=a, b=b, c=c), analogy(*CORNERS[:3]), atol=1e-6
    )
    np.testing.assert_allclose(
        run("codes", "m.moved(v.a, v.b, -1.5)", a=a, b=b), CORNERS[0] - 1.5 * CORNERS[1], atol=1e-6
    )
