"""What the map's page computes, run by node: what lies near, where codes lie, dots in pixels."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from vae.projections import Projection, Settings, project

JS = Path(__file__).parents[2] / "ui" / "live" / "js"

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Import a module as ``m`` and return what a block returns; ``v`` holds the values given."""
    folder = tmp_path_factory.mktemp("js")
    for path in JS.glob("*.js"):
        shutil.copy(path, folder)
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")

    def run_one(module, block, **values):
        script = f"""
            import {{ readFileSync }} from "node:fs";
            import * as m from "{(folder / f"{module}.js").as_uri()}";
            const v = JSON.parse(readFileSync(0, "utf-8"));
            const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
            console.log(JSON.stringify((() => {{ {block} }})(), plain));
        """
        command = ["node", "--input-type=module", "-e", script]
        sent = json.dumps(values, default=np.ndarray.tolist)
        done = subprocess.run(command, input=sent, capture_output=True, check=True, text=True)
        return json.loads(done.stdout)

    return run_one


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


# near.js

NEAREST = """
    const cells = new m.Cells(Float32Array.from(v.points.flat()));
    const counts = v.counted ? (k) => v.counted[k] : undefined;
    return v.reaches.map((r) => v.places.map(([x, y]) => cells.nearest(x, y, r, counts)));
"""
REACHES = (0.02, 0.7, 100)
CLOUDS = {
    "random": drawn(700, 2),
    "uneven": np.concatenate([drawn(300, 2) * 0.01, drawn(50, 2) * 30]),
    "many equal": np.round(drawn(300, 2)),
    "all equal": np.full((9, 2), 0.5, np.float32),
    "a line": drawn(200, 2) * [1, 0],
    "one": drawn(1, 2),
}


@pytest.mark.parametrize("some", [False, True])
@pytest.mark.parametrize("name", CLOUDS)
def test_the_nearest_point_is_found_in_its_cell(run, name, some):
    points = np.float32(CLOUDS[name])
    places = np.concatenate([2 * drawn(60, 2, seed=1), points[:20]]).astype(np.float64)
    counted = np.arange(len(points)) % 3 == 1 if some else np.ones(len(points), bool)
    values = {"counted": counted} if some else {}
    seen = run("near", NEAREST, points=points, places=places, reaches=REACHES, **values)
    distances = np.linalg.norm(places[:, None] - points.astype(np.float64), axis=2)
    distances[:, ~counted] = np.inf
    for reach, rows in zip(REACHES, np.array(seen), strict=True):
        is_found = distances.min(1) <= reach
        np.testing.assert_array_equal(rows >= 0, is_found)
        far = distances[np.arange(len(places)), rows]
        np.testing.assert_allclose(far[is_found], distances.min(1)[is_found], rtol=1e-12)


@pytest.mark.parametrize("count", [1, 5, 80, 200])
def test_the_nearest_codes_are_those_of_numpy_in_their_order(run, count):
    codes, z = drawn(80, 5), drawn(5, seed=1)
    found = run(
        "near", "return m.nearestRows(v.codes.flat(), 5, v.z, v.count);",
        codes=codes, z=z, count=count,
    )  # fmt: skip
    distances = np.linalg.norm(codes.astype(np.float64) - z, axis=1)
    assert [one["row"] for one in found] == distances.argsort()[:count].tolist()
    np.testing.assert_allclose([one["distance"] for one in found], np.sort(distances)[:count])


def test_a_code_can_be_left_out_of_its_own_neighbours(run):
    codes = drawn(30, 4)
    block = "return [-1, 7].map((skip) => m.nearestRows(v.codes.flat(), 4, v.codes[7], 3, skip));"
    own, others = run("near", block, codes=codes)
    assert own[0] == {"row": 7, "distance": 0}
    assert [one["row"] for one in others][:2] == [one["row"] for one in own][1:]


WITHIN = "return v.places.map(([x, y]) => m.isWithin(v.polygon, x, y));"


def winding(polygon, places):
    """How often a polygon goes round each place, by the angles that its sides are seen under."""
    before, after = polygon - places[:, None], np.roll(polygon, -1, 0) - places[:, None]
    cross = before[..., 0] * after[..., 1] - before[..., 1] * after[..., 0]
    return np.arctan2(cross, (before * after).sum(2)).sum(1) / (2 * np.pi)


@pytest.mark.parametrize("corners", [3, 4, 40])
@pytest.mark.parametrize("order", [1, -1])
def test_places_within_a_lasso_are_those_it_goes_round(run, corners, order):
    generator = np.random.default_rng(corners)
    angle = np.sort(generator.uniform(0, 2 * np.pi, corners))[::order]
    radius = generator.uniform(0.3, 1.5, corners)
    polygon = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
    places = generator.uniform(-1.5, 1.5, (400, 2))
    expected = np.abs(winding(polygon, places)) > 0.5
    assert 0 < expected.sum() < 400
    assert run("near", WITHIN, polygon=polygon, places=places) == expected.tolist()


def test_what_a_lasso_goes_round_twice_is_outside(run):
    angle = np.pi / 2 + 4 * np.pi / 5 * np.arange(5)
    star = np.stack([np.cos(angle), np.sin(angle)], 1)
    seen = run("near", WITHIN, polygon=star, places=[[0, 0], [0, 0.7], [0, 1.1], [0.9, -0.5]])
    assert seen == [False, True, False, False]


def test_a_lasso_of_one_place_holds_nothing(run):
    assert run("near", WITHIN, polygon=[[0, 0]], places=[[0, 0], [1, 0]]) == [False, False]


@pytest.mark.parametrize("count", [1, 2, 5, 24, 25])
def test_the_median_is_that_of_numpy(run, count):
    values = 10 * drawn(count)
    assert run("near", "return m.median(v.values);", values=values) == pytest.approx(
        np.median(values.astype(np.float64))
    )


# placing.js


def made(kind, count=300, dims=6):
    """A projection: linear ones as the library fits them, any other with points of our own."""
    codes = drawn(count, dims) * np.linspace(2, 0.5, dims, dtype=np.float32) + 1
    if kind == "raw":
        return project(codes, Settings("raw", dims=(3, 1)))
    if kind == "pca":
        return project(codes, Settings("pca"))
    if kind == "alike":
        return project(np.ones((5, dims), np.float32), Settings("pca"))
    if kind == "skewed":
        axes, centre = drawn(2, dims, seed=2).astype(np.float64), np.ones(dims)
        points = ((codes - centre) @ axes.T).astype(np.float32)
        return Projection(Settings("pca"), codes, points, axes, centre)
    points = 20 * np.tanh(codes[:, :2]) + drawn(count, 2, seed=1)
    return Projection(Settings("tsne"), codes, points)


PLACING = """
    const flat = (rows) => Float32Array.from(rows.flat());
    const { axes, centre, points, codes } = v;
    const linear = axes && { axes, centre };
    const placing = new m.Placing(linear, flat(points), flat(codes), codes[0].length);
"""


def placing(run, projection, block, extra=(), **values):
    """Run a block with the page's ``placing`` of a projection; extra points come without codes."""
    points = np.concatenate([projection.points, np.reshape(extra, (-1, 2))])
    about = {"axes": projection.axes, "centre": projection.centre}
    about = {name: None if value is None else value.tolist() for name, value in about.items()}
    return run(
        "placing", PLACING + block, points=points, codes=projection.codes, **about, **values
    )  # fmt: skip


MAPS = [("pca", 300, 6), ("raw", 300, 6), ("pca", 40, 1), ("alike", 5, 6), ("skewed", 50, 6)]
MAPS += [("tsne", 300, 6), ("tsne", 24, 6), ("tsne", 5, 2)]


@pytest.mark.parametrize("which", MAPS)
def test_a_code_lies_where_the_library_puts_it(run, which):
    projection = made(*which)
    dims = projection.codes.shape[1]
    z = np.concatenate([2 * drawn(40, dims, seed=3), projection.codes[:10]])
    seen = placing(run, projection, "return v.z.map((z) => placing.place(z));", z=z)
    np.testing.assert_allclose(seen, projection.transform(z), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(seen[40:], projection.points[: len(z) - 40], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("which", MAPS)
def test_a_place_has_the_code_and_distance_of_the_library(run, which):
    projection = made(*which)
    places = np.concatenate([15 * drawn(40, 2, seed=4), projection.points[:10]])
    block = "return v.places.map(([x, y]) => placing.codeAt(x, y));"
    seen = placing(run, projection, block, places=places)
    codes, far = projection.inverse(places)
    np.testing.assert_allclose([one["z"] for one in seen], codes, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose([one["far"] for one in seen], far, rtol=1e-6, atol=1e-9)
    assert max(far[:40]) > 0.01


@pytest.mark.parametrize("kind", ["pca", "raw", "skewed"])
def test_the_code_of_a_place_lies_there(run, kind):
    places = 3 * drawn(20, 2, seed=5)
    block = "return v.places.map(([x, y]) => placing.place(placing.codeAt(x, y).z));"
    seen = placing(run, made(kind), block, places=places)
    np.testing.assert_allclose(seen, places, atol=1e-5)


@pytest.mark.parametrize("kind", ["pca", "tsne"])
def test_points_without_codes_place_nothing(run, kind):
    projection = made(kind)
    block = "return v.places.map(([x, y]) => placing.codeAt(x, y));"
    places = drawn(20, 2)
    alone = placing(run, projection, block, places=places)
    assert placing(run, projection, block, extra=places + 0.001, places=places) == alone


@pytest.mark.parametrize("kind", ["pca", "raw", "skewed"])
def test_an_ellipse_is_the_covariance_of_the_library(run, kind):
    projection, log_var = made(kind), drawn(30, 6, seed=6)
    block = "return v.logVar.map((logVar) => placing.ellipse(logVar));"
    seen = placing(run, projection, block, logVar=log_var)
    for ellipse, covariance in zip(seen, projection.covariance(log_var), strict=True):
        squares = np.square(ellipse["radii"])
        np.testing.assert_allclose(squares, np.linalg.eigvalsh(covariance)[::-1], rtol=1e-6)
        c, s = np.cos(ellipse["angle"]), np.sin(ellipse["angle"])
        turn = np.array([[c, -s], [s, c]])
        np.testing.assert_allclose(turn * squares @ turn.T, covariance, atol=1e-6)


def test_a_map_that_is_not_linear_has_no_ellipses_but_clouds(run):
    block = """
        return {
          ellipse: placing.ellipse(v.logVar),
          cloud: placing.cloud(v.z, v.logVar),
          narrow: placing.cloud(v.z, v.logVar.map(() => -80)),
          none: placing.cloud(v.z, null),
        };
    """
    projection = made("tsne")
    seen = placing(run, projection, block, z=projection.codes[3], logVar=np.zeros(6))
    assert seen["ellipse"] is None
    assert seen["none"] == []
    np.testing.assert_allclose(seen["narrow"], np.tile(projection.points[3], (40, 1)), atol=1e-5)
    assert len(np.unique(seen["cloud"], axis=0)) > 30


def test_a_linear_map_without_posteriors_has_no_ellipses(run):
    assert placing(run, made("pca"), "return placing.ellipse(null);") is None


def test_a_cloud_is_as_wide_as_its_posterior(run):
    projection, log_var = made("raw"), np.log(np.array([1, 9, 1, 0.25, 1, 1]))
    seen = placing(run, projection, "return placing.cloud(v.z, v.z2);", z=np.ones(6), z2=log_var)
    # Of 40 draws a deviation is off by 1 / sqrt(80), 11 %: three of those, and six of the mean's.
    np.testing.assert_allclose(np.std(seen, 0), [0.5, 3], rtol=0.34)
    np.testing.assert_allclose(np.mean(seen, 0), [1, 1], atol=6 * 3 / np.sqrt(40))


# dots.js

DRAW = """
    const pixels = Uint32Array.from(v.below ?? new Array(v.width * v.height).fill(0));
    const shown = m.drawDots(
      pixels, v.width, v.height, Float32Array.from(v.points.flat()),
      Uint16Array.from(v.shade ?? v.points.map(() => 0)), Uint32Array.from(v.palette),
      v.view ?? { x: v.width / 2, y: v.height / 2, scale: 1 }, m.stampOf(v.radius),
    );
    return { shown, bytes: new Uint8Array(pixels.buffer) };
"""
TEAL, RED = 0xFF8F8A1B, 0xFF0000FF  # 0xAABBGGRR


def draw(run, points, radius=0.5, size=(12, 9), palette=(TEAL,), **values):
    """Return RGBA (H, W, 4) and how many were drawn; a place is a pixel, up is down's opposite."""
    seen = run(
        "dots", DRAW, points=np.asarray(points).tolist(), radius=radius,
        width=size[0], height=size[1], palette=palette, **values,
    )  # fmt: skip
    return np.array(seen["bytes"], np.uint8).reshape(size[1], size[0], 4), seen["shown"]


def faded(colour, alpha=40):
    return (colour & 0xFFFFFF) | alpha << 24


def rgba(colour):
    return [(colour >> shift) & 255 for shift in (0, 8, 16, 24)]


def covers(radius, size=15):
    """How much of each pixel a dot in the middle covers, the same from every side."""
    across, down = np.mgrid[:size, :size] - size // 2
    return np.clip(radius + 0.5 - np.hypot(across, down), 0, 1)


def test_a_dot_lies_in_its_pixel_and_up_is_up(run):
    pixels, shown = draw(run, [[2.5, 1.5]])
    assert shown == 1
    assert np.argwhere(pixels[..., 3]).tolist() == [[9 - 2, 2]]
    assert pixels[7, 2].tolist() == rgba(TEAL) == [0x1B, 0x8A, 0x8F, 255]


def test_a_view_moves_and_scales(run):
    view = {"x": -3, "y": 5, "scale": 4}
    pixels, _ = draw(run, [[-3 + 0.3, 5 + 0.8]], size=(40, 30), view=view)
    assert np.argwhere(pixels[..., 3]).tolist() == [[15 - 4, 20 + 1]]


def test_a_class_without_colour_is_hidden(run):
    points = [[1.5, 1.5], [4.5, 1.5], [7.5, 1.5]]
    pixels, shown = draw(run, points, shade=[2, 1, 0], palette=(TEAL, 0, RED))
    assert shown == 2
    assert pixels[7, 1].tolist() == rgba(RED)
    assert pixels[7, 4].tolist() == [0, 0, 0, 0]
    assert pixels[7, 7].tolist() == rgba(TEAL)


@pytest.mark.parametrize("radius", [0.5, 0.9, 1.4, 2, 2.6, 5.2])
def test_a_dot_is_a_disc_with_soft_edges(run, radius):
    pixels, _ = draw(run, [[7.5, 7.5]], radius, size=(15, 15))
    np.testing.assert_allclose(pixels[..., 3], 255 * covers(radius), atol=0.51)
    assert np.unique(pixels[pixels[..., 3] > 0][:, :3], axis=0).tolist() == [rgba(TEAL)[:3]]


EACH = """
    return v.places.map(([x, y]) => {
      const pixels = new Uint32Array(v.width * v.height);
      const view = { x: v.width / 2, y: v.height / 2, scale: 1 };
      const point = Float32Array.of(x + 0.5, y + 0.5);
      const stamp = m.stampOf(v.radius);
      const one = [0];
      const shown = m.drawDots(pixels, v.width, v.height, point, one, [v.colour], view, stamp);
      return { shown, painted: [...pixels.keys()].filter((k) => pixels[k]) };
    });
"""


@pytest.mark.parametrize(("radius", "reach"), [(0.5, 0), (0.9, 1), (2.6, 3)])
def test_a_dot_is_drawn_whole_or_not_at_all(run, radius, reach):
    """One that went beyond the border would come out at the other side."""
    width, height = 12, 9
    places = np.stack(np.meshgrid(np.arange(-4, 16), np.arange(-4, 13)), -1).reshape(-1, 2)
    seen = run("dots", EACH, places=places, radius=radius, width=width, height=height, colour=TEAL)
    pixels = np.count_nonzero(covers(radius))
    is_whole = ((places >= reach) & (places < [width - reach, height - reach])).all(1)
    for (x, y), whole, one in zip(places, is_whole, seen, strict=True):
        rows, columns = np.divmod(np.array(one["painted"], int), width)
        assert (np.hypot(columns - x, height - 1 - rows - y) < radius + 0.5).all()
        assert (one["shown"], len(rows)) == ((1, pixels) if whole else (0, 0))


def test_what_is_drawn_is_counted(run):
    points = 6 + 6 * drawn(500, 2)
    shade = np.arange(500) % 3
    within = ((points >= 0) & (points < [12, 9])).all(1) & (shade != 1)
    _, shown = draw(run, points, shade=shade, palette=(TEAL, 0, RED))
    assert 0 < shown == within.sum() < 500


@pytest.mark.parametrize("radius", [0.5, 2.6])
@pytest.mark.parametrize("below", [0, RED, faded(RED), faded(RED, 130)])
@pytest.mark.parametrize("colour", [TEAL, faded(TEAL), faded(TEAL, 225)])
def test_a_pixel_has_the_colour_that_covers_most_of_it(run, colour, below, radius):
    pixels, _ = draw(
        run, [[7.5, 7.5]], radius, (15, 15), palette=(colour,), below=[below] * 225
    )  # fmt: skip
    *over, alpha = rgba(colour)
    covered = np.round(alpha * covers(radius))
    is_over = (covered > 0) & (covered >= below >> 24)
    np.testing.assert_allclose(pixels[..., 3], np.where(is_over, covered, below >> 24), atol=1)
    expected = np.where(is_over[..., None], over, rgba(below)[:3])
    is_seen = pixels[..., 3] > 0
    np.testing.assert_array_equal(pixels[is_seen][:, :3], expected[is_seen])


def test_of_equal_dots_the_last_is_seen(run):
    pixels, _ = draw(run, [[7.5, 7.5], [8.5, 7.5]], 2.6, (15, 15), (TEAL, RED), shade=[0, 1])
    assert pixels[7, 7:9].tolist() == [rgba(RED)] * 2
    assert pixels[7, 5].tolist() == rgba(TEAL)


@pytest.mark.parametrize("radius", [0.5, 0.9, 2.6])
@pytest.mark.parametrize("count", [1, 100])
def test_faded_dots_stay_faded_however_many(run, radius, count):
    pixels, _ = draw(run, [[7.5, 7.5]] * count, radius, (15, 15), palette=(faded(TEAL),))
    assert pixels[..., 3].max() == 40
    np.testing.assert_allclose(pixels[..., 3], 40 * covers(radius), atol=0.51)


@pytest.mark.parametrize("radius", [0.5, 0.9, 2.6])
@pytest.mark.parametrize("alpha", [225, 255])
def test_a_crowd_of_faded_dots_does_not_hide_a_chosen_one(run, radius, alpha):
    shade = [1] + [0] * 300
    pixels, _ = draw(
        run, [[7.5, 7.5]] * 301, radius, (15, 15),
        shade=shade, palette=(faded(TEAL), faded(RED, alpha)),
    )  # fmt: skip
    assert pixels[7, 7].tolist() == [255, 0, 0, alpha]


def test_a_colour_is_packed_as_the_canvas_has_it(run):
    assert run("dots", 'return [m.packed("#1B8A8F"), m.packed("#1B8A8F", 40)];') == [
        TEAL, faded(TEAL),
    ]  # fmt: skip
