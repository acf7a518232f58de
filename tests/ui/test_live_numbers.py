"""The page's own arithmetic, run by node and compared with NumPy."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

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
