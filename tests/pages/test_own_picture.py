"""What the explorer's script makes of a picture that a page sends."""

import base64
import io
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.pages.seen import components
from tests.readers import crash, eat, hang
from tests.ui.shelves import add_checkpoint
from ui import originals
from ui.cache import encode
from vae.data import DataError
from vae.importing import pictures
from vae.importing.sandbox import Limits

ROOT = Path(__file__).parents[2]
NOTHING = {"turns": 0, "whole": False, "contrast": False, "invert": False}


@pytest.fixture
def app(card):
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)


def run(app, key="live", **asked):
    app.session_state[key] = asked
    app.run()
    assert not app.exception
    return components(app)[{"live": "latent_explorer", "morph": "latent_morph"}[key]]


def picture(mode="L", size=(9, 9), level=40):
    buffer = io.BytesIO()
    Image.new(mode, size, level).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def question(card, sequence=1, **more):
    return {"sequence": sequence, "model": card.id, **NOTHING, **more}


def test_a_picture_comes_back_as_the_encoder_sees_it(app, card):
    data = run(app, picture=question(card, files=[picture()]))
    assert data["picture"] == {"sequence": 1, "notes": "", "error": "", "count": 1}
    np.testing.assert_array_equal(np.asarray(data["picturePixels"]), np.full(64, 40))


def test_what_was_sent_once_can_be_prepared_anew(app, card):
    run(app, picture=question(card, files=[picture()]))
    data = run(app, picture=question(card, sequence=2, of=1, pick=0, invert=True))
    assert data["picture"]["sequence"] == 2
    assert set(np.asarray(data["picturePixels"])) == {215}


def test_several_files_and_zips_come_as_one_list(app, card):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, level in (("b.png", 3), ("a.png", 2)):
            archive.writestr(name, base64.b64decode(picture(level=level)))
    files = [picture(level=1), base64.b64encode(buffer.getvalue()).decode(), "damaged"]
    data = run(app, picture=question(card, files=files))
    assert data["picture"]["count"] == 3
    pixels = np.asarray(data["picturePixels"]).reshape(3, -1)
    assert [set(each) for each in pixels] == [{1}, {2}, {3}]
    assert data["picture"]["notes"].startswith("1 of 3 files could not be read: the file arrived")
    data = run(app, picture=question(card, sequence=2, of=1, pick=2, invert=True))
    assert set(np.asarray(data["picturePixels"])) == {252}


def test_of_many_uploads_the_last_ones_are_kept(app, card):
    for sequence in range(1, 11):
        run(app, picture=question(card, sequence=sequence, files=[picture(level=sequence)]))
    data = run(app, picture=question(card, sequence=11, of=2, pick=0))
    assert data["picture"]["error"] == "Choose a picture first."
    data = run(app, picture=question(card, sequence=12, of=3, pick=0))
    assert set(np.asarray(data["picturePixels"])) == {3}


def test_an_answer_stays_when_the_question_has_gone(app, card):
    run(app, picture=question(card, files=[picture()]))
    data = run(app, picture=None)
    assert data["picture"]["sequence"] == 1
    assert "picturePixels" in data


def test_what_was_done_is_said(app, card):
    clear = picture("RGBA", (300, 200), (0, 0, 0, 0))
    data = run(app, picture=question(card, files=[clear]))
    assert data["picture"]["notes"] == "Transparent parts were put on white."
    assert set(np.asarray(data["picturePixels"])) == {255}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({}, "Choose a picture first."),
        ({"of": 1, "pick": 0}, "Choose a picture first."),
        ({"of": [1], "pick": 0}, "Choose a picture first."),
        ({"files": [""]}, "The file is empty"),
        ({"files": None}, "The file could not be read"),
        ({"files": []}, "The file could not be read"),
        ({"files": [None]}, "The file could not be read"),
        ({"files": ["x" * 10]}, "The file arrived damaged; send it again."),
        ({"files": ["\ud800"]}, "The file arrived damaged; send it again."),
        ({"files": [base64.b64encode(b"MZ" * 99).decode()]}, "This is not a picture"),
        ({"files": [picture()], "turns": 7}, "Turns is 7; give 0, 1, 2 or 3"),
        ({"files": [picture()], "turns": None}, "Turns is None"),
    ],
)
def test_a_bad_question_gets_a_plain_sentence(app, card, change, error):
    data = run(app, picture=question(card, **change))
    assert data["picture"]["error"].startswith(error)
    assert "picturePixels" not in data


@pytest.mark.parametrize(
    ("reader", "error"),
    [
        (crash, "The file makes its reader crash"),
        (eat, "Reading the file takes too much memory"),
        (hang, "Reading the file takes too long"),
    ],
)
@pytest.mark.parametrize("page", ["explore", "interpolate"])
def test_a_reader_that_fails_is_a_plain_sentence_and_the_app_lives(
    card, monkeypatch, page, reader, error
):
    app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=60)
    key = {"explore": "live", "interpolate": "morph"}[page]
    with monkeypatch.context() as patch:
        patch.setattr(pictures, "_read", reader)
        patch.setattr(pictures, "LIMITS", Limits(seconds=2))
        data = run(app, key, picture=question(card, files=[picture()]))
        assert data["picture"]["error"].startswith(error)
    data = run(app, key, picture=question(card, sequence=2, files=[picture()]))
    assert (data["picture"]["error"], data["picture"]["count"]) == ("", 1)


@pytest.mark.parametrize(
    "ask", ["x", [], {"sequence": 1}, {"model": "other", "sequence": 1}, {"sequence": "1"}]
)
def test_nonsense_is_not_answered(app, card, ask):
    data = run(app, picture=ask)
    assert "picture" not in data


def test_a_picture_sent_for_another_model_is_not_shown(app, card, tmp_path):
    other = add_checkpoint(tmp_path, "beta", image_shape=(3, 8, 8))
    run(app, picture=question(card, files=[picture()]))
    app.query_params["model"] = "beta"
    data = run(app, picture=None)
    assert data["model"]["id"] == other.id
    assert "picture" not in data


def test_a_page_without_a_socket_has_its_picture_encoded(app, card):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 1), dtype=np.uint8)
    ask = {"sequence": 3, "model": card.id, "pixels": pixels.ravel().tolist()}
    data = run(app, ask=ask)
    assert data["replySequence"] == 3
    np.testing.assert_array_equal(np.asarray(data["reply"]), encode(card, pixels).ravel())


@pytest.mark.parametrize(
    "pixels",
    [None, [], [0] * 63, [0] * 65, [0.5] * 64, [-1] * 64, [256] * 64, [True] * 64, "0" * 64],
)
def test_pixels_that_are_none_are_not_encoded(app, card, pixels):
    data = run(app, ask={"sequence": 3, "model": card.id, "pixels": pixels})
    assert "replySequence" not in data


def wish(card, count, what):
    return {"what": what, "model": card.id, "count": count}


class TestOriginals:
    @pytest.fixture
    def mnist_card(self, card, tmp_path, monkeypatch):
        monkeypatch.setattr(originals, "SIZES", {"noise": "about 1 MB"})
        monkeypatch.setattr(originals, "has_originals", lambda name: False)
        monkeypatch.setattr(originals, "_FETCHING", originals._Fetching())
        return card

    def test_nobody_can_fetch_what_has_no_source(self, app, card):
        data = run(app)
        assert data["originals"]["state"] == "none"
        assert data["originals"]["note"] == "Decoded from their codes."

    def test_they_are_fetched_when_asked_for(self, app, mnist_card, monkeypatch):
        gate, asked = threading.Event(), []

        def load(name, split):
            asked.append((name, split))
            gate.wait(20)

        monkeypatch.setattr(originals, "load", load)
        assert run(app)["originals"]["state"] == "absent"
        fetching = run(app, originals=wish(mnist_card, 5, "fetch"))["originals"]
        assert (fetching["state"], fetching["count"]) == ("fetching", 5)
        assert fetching["note"] == "0.0 MB of about 1 MB so far"
        run(app, originals=wish(mnist_card, 6, "fetch"))
        gate.set()
        assert asked == [("noise", "test")]

    def test_a_failure_is_said_and_can_be_tried_again(self, app, mnist_card, monkeypatch):
        tries = []

        def load(name, split):
            tries.append(name)
            raise DataError("there is no network")

        monkeypatch.setattr(originals, "load", load)
        run(app, originals=wish(mnist_card, 5, "fetch"))
        for _ in range(100):
            failed = run(app, originals=wish(mnist_card, 6, "look"))["originals"]
            if failed["state"] == "failed":
                break
        assert failed["note"] == "Decoded from their codes: there is no network."
        assert len(tries) == 1
        run(app, originals=wish(mnist_card, 7, "fetch"))
        assert len(tries) == 2
