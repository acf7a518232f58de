"""What the interpolation page's script answers, and refuses."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.pages.seen import components
from ui import ways
from vae.checkpoints import load_codes, load_model
from vae.concepts import find_concept
from vae.interpolation import compare_ways
from vae.latent import decode, to_uint8

ROOT = Path(__file__).parents[2]
CORNERS = [[0.5, -1.0, 0.25], [-0.5, 1.0, 0.0]]
NAMES = ["linear", "spherical", "geodesic"]


@pytest.fixture
def app(card):
    return AppTest.from_file(str(ROOT / "pages" / "interpolate.py"), default_timeout=60)


def run(app, **asked):
    app.session_state["morph"] = asked
    app.run()
    assert not app.exception
    return components(app)["latent_morph"]


def question(card, sequence=1, **more):
    return {"sequence": sequence, "model": card.id, **more}


def ways_question(card, corners=CORNERS, steps=5, **more):
    return question(card, corners=corners, steps=steps, **more)


def test_it_opens_with_two_different_codes(app, card):
    first, last = run(app)["corners"]
    held_out = load_codes(card).mean
    assert first != last
    for corner in (first, last):
        assert np.abs(held_out - corner).max(1).min() < 1e-6


def test_the_ways_are_those_of_the_library(app, card):
    data = run(app, ways=ways_question(card))
    found = data["ways"]
    assert (found["sequence"], found["error"], found["steps"], found["nodes"]) == (1, "", 5, 60)
    expected = compare_ways(load_model(card), np.array(CORNERS, np.float32), steps=60)
    assert [row["name"] for row in found["rows"]] == NAMES
    for k, row in enumerate(found["rows"]):
        way = expected[row["name"]]
        np.testing.assert_allclose(data[f"ways_codes{k}"].reshape(61, 3), way.codes, atol=1e-5)
        assert row["imageLength"] == pytest.approx(way.image_length, rel=1e-4)
        assert row["saved"] == pytest.approx(
            1 - way.image_length / expected["linear"].image_length, abs=1e-4
        )
        for name in ("logDensity", "denserThan", "nearby"):
            assert data[f"ways_{name}{k}"].shape == (61,)


def test_the_corners_are_there_when_one_comes_back(app, card):
    run(app, ways=ways_question(card))
    assert run(app)["corners"] == CORNERS


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"corners": CORNERS[:1]}, "There are 1 corners; give 2 to 6."),
        ({"corners": CORNERS * 4}, "There are 8 corners; give 2 to 6."),
        ({"corners": [[1, 2], [3, 4]]}, "A corner is no code; give 3 numbers"),
        ({"corners": [[1, 2, 1e7], [0, 0, 0]]}, "A corner is no code"),
        ({"corners": [[1, 2, float("nan")], [0, 0, 0]]}, "A corner is no code"),
        ({"corners": [[1, 2, True], [0, 0, 0]]}, "A corner is no code"),
        ({"corners": "x"}, "A corner is no code"),
        ({"steps": 0}, "Steps is 0; give an integer from 1 to 40."),
        ({"steps": 41}, "Steps is 41"),
        ({"steps": 2.5}, "Steps is 2.5"),
    ],
)
def test_corners_that_are_none_get_a_plain_sentence(app, card, change, error):
    data = run(app, ways=ways_question(card) | change)
    assert data["ways"]["error"].startswith(error)
    assert "rows" not in data["ways"]


def test_a_code_is_refined_towards_its_picture(app, card):
    z = np.array([[0.3, -0.2, 0.0]], np.float32)
    pixels = to_uint8(decode(load_model(card), z))[0]
    ask = question(card, pixels=pixels.ravel().tolist(), z=[1.0, 1.0, 0.0])
    first = run(app, refine=ask)["refined"]
    assert first["after"] < first["before"]
    second = run(app, refine=ask | {"sequence": 2, "z": first["z"]})["refined"]
    assert second["before"] == pytest.approx(first["after"], rel=1e-4)
    assert second["after"] <= second["before"]


@pytest.mark.parametrize("pixels", [None, [], [0] * 63, [0.5] * 64, [256] * 64, [True] * 64])
def test_a_picture_that_is_none_is_not_refined(app, card, pixels):
    data = run(app, refine=question(card, pixels=pixels, z=[0.0, 0.0, 0.0]))
    assert data["refined"]["error"].startswith("The picture has")


def test_a_direction_between_picked_pictures_is_that_of_the_library(app, card):
    data = run(app)
    mean = data["examples"].reshape(-1, 3)
    ask = question(card, present={"rows": [0, 1, 2, 3, 4]}, absent={"rows": [5, 6, 7, 8]})
    found = run(app, concept=ask)["concept"]
    expected = find_concept(mean[:5], mean[5:9])
    np.testing.assert_allclose(found["direction"], expected.direction, rtol=1e-5)
    assert found["auc"] == pytest.approx(expected.auc)
    assert found["judged"] == list(expected.judged)


def test_a_direction_from_labels_is_that_of_the_library(app, card):
    codes = load_codes(card)
    mean, label = codes.mean[codes.held_out], codes.label[codes.held_out]
    for absent, others in ((None, label != 1), ({"label": 0}, label == 0)):
        sequence = 1 + (absent is None)
        ask = question(card, sequence, present={"label": 1}, absent=absent)
        found = run(app, concept=ask)["concept"]
        expected = find_concept(mean[label == 1], mean[others])
        np.testing.assert_allclose(found["direction"], expected.direction, rtol=1e-5)
        assert found["effect"] == pytest.approx(expected.effect_size)


@pytest.mark.parametrize(
    "ask",
    [
        {},
        {"present": {"rows": []}, "absent": {"rows": [1]}},
        {"present": {"rows": [1]}, "absent": {"rows": []}},
        {"present": {"rows": [10**6]}, "absent": {"rows": [1]}},
        {"present": {"rows": ["0"]}, "absent": {"rows": [1]}},
        {"present": {"label": 99}, "absent": None},
        {"present": {"label": 0}, "absent": {"label": 99}},
        {"present": {"label": [0]}, "absent": {"label": 1}},
    ],
)
def test_a_group_that_is_none_gets_a_plain_sentence(app, card, ask):
    found = run(app, concept=question(card, **ask))["concept"]
    assert "group" in found["error"]
    assert "direction" not in found


def decoded(card, codes):
    return to_uint8(decode(load_model(card), np.array(codes, np.float32)))


class TestFiles:
    def ask(self, app, card, **more):
        wish = {"kind": "png", "path": "linear", "fps": 20, "back": False} | more
        asked = {"ways": ways_question(card), "file": question(card, sequence=7, **wish)}
        data = run(app, **asked)
        return data["file"], data.get("fileBytes")

    def test_a_strip_holds_the_pictures_of_its_steps(self, app, card):
        about, content = self.ask(app, card)
        assert about["name"] == "alpha-linear.png"
        image = np.array(Image.open(io.BytesIO(content.tobytes())))[::16, ::16]
        ends = decoded(card, CORNERS)[..., 0]
        assert image.shape == (8, 6 * 9 - 1)
        np.testing.assert_array_equal(image[:, :8], ends[0])
        np.testing.assert_array_equal(image[:, -8:], ends[1])

    @pytest.mark.parametrize("path", [*NAMES, "cross-fade"])
    def test_an_animation_begins_and_ends_with_its_ends(self, app, card, path):
        about, content = self.ask(app, card, kind="webp", path=path)
        assert (about["name"], about["kind"]) == (f"alpha-{path}.webp", "webp")
        image = Image.open(io.BytesIO(content.tobytes()))
        ends = decoded(card, CORNERS)[..., 0]
        assert image.n_frames == 61
        for frame, end in ((0, ends[0]), (60, ends[1])):
            image.seek(frame)
            np.testing.assert_array_equal(np.array(image.convert("L"))[::32, ::32], end)

    def test_there_and_back_ends_where_it_began(self, app, card):
        _, content = self.ask(app, card, kind="gif", back=True)
        image = Image.open(io.BytesIO(content.tobytes()))
        assert image.n_frames == 121
        image.seek(120)
        seen = np.array(image.convert("L"))[::32, ::32]
        np.testing.assert_array_equal(seen, decoded(card, CORNERS)[0, ..., 0])

    def test_the_codes_are_those_of_the_ways(self, app, card):
        about, content = self.ask(app, card, kind="npz")
        assert about["name"] == "alpha-ways.npz"
        with np.load(io.BytesIO(content.tobytes())) as arrays:
            np.testing.assert_array_equal(arrays["corners"], np.array(CORNERS, np.float32))
            for name in NAMES:
                assert arrays[name].shape == (61, 3)
                assert arrays[f"{name}_nearby"].shape == (61,)

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ({"kind": "exe"}, "Kind is 'exe'; choose png, npz, gif, webp, mp4."),
            ({"path": "../x"}, "Path is '../x'; choose one of linear"),
            ({"kind": "gif", "fps": None}, "Fps is None"),
            ({"kind": "gif", "fps": 1000}, "Fps is 1000; give a number from 1 to 60."),
        ],
    )
    def test_a_file_that_cannot_be_is_refused(self, app, card, change, error):
        about, content = self.ask(app, card, **change)
        assert about["error"].startswith(error)
        assert content is None

    def test_it_says_when_ffmpeg_is_absent(self, app, card, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
        about, _ = self.ask(app, card, kind="mp4")
        assert about["error"].startswith("MP4 needs the package imageio-ffmpeg")

    def test_without_ways_there_is_no_file(self, app, card):
        wish = {"kind": "png", "path": "linear", "fps": 20}
        data = run(app, file=question(card, **wish))
        assert data["file"]["error"] == "Choose two corners first."

    def test_it_travels_only_while_the_page_waits_for_it(self, app, card):
        self.ask(app, card)
        assert "fileBytes" not in run(app, file=None)


def test_a_question_is_answered_once(app, card, monkeypatch):
    count = []
    original = ways.compare_ways
    monkeypatch.setattr(ways, "compare_ways", lambda *a, **k: count.append(1) or original(*a, **k))
    for _ in range(3):
        run(app, ways=ways_question(card))
    assert len(count) == 1


def test_too_long_a_queue_is_a_plain_sentence(app, card, monkeypatch):
    monkeypatch.setattr(ways, "PATIENCE_SECONDS", 0)
    data = run(app, ways=ways_question(card))
    assert data["ways"]["error"].startswith("Too much is being computed here just now")


def test_a_group_of_the_map_gives_a_direction(app, card):
    asked = question(card, present={"map": True}, absent=None)
    refused = run(app, concept=asked)
    assert refused["concept"]["error"] == "Choose some of the images on the map first."
    assert refused["hasGroup"] is False
    codes = load_codes(card).mean[np.random.default_rng(0).permutation(40)]  # as the map has them
    is_right = codes[:, 0] > 0
    app.session_state["groups"] = {card.id: (codes[is_right], codes[~is_right])}
    data = run(app, concept=asked | {"sequence": 2})
    assert data["hasGroup"] is True
    expected = find_concept(codes[is_right], codes[~is_right])
    np.testing.assert_allclose(data["concept"]["direction"], expected.direction, atol=1e-5)
    assert data["concept"]["direction"][0] > 0.5
