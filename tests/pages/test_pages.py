import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.seen import components
from tests.ui.shelves import add_checkpoint
from vae.checkpoints import read_card

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "pages").glob("*.py"))
HOSTILE = (
    "<img src=x onerror=alert(1)> [x](javascript:1) ![b](http://127.0.0.1:9/b.png) :red[y] $z$"
)


@pytest.fixture
def empty_shelf(tmp_path, monkeypatch):
    """A shelf with nothing on it."""
    monkeypatch.setenv("LATENT_CHECKPOINTS_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def shelf(empty_shelf):
    """A shelf with a VAE, an autoencoder in colour and a model of many dimensions."""
    add_checkpoint(empty_shelf, "alpha", title="Alpha")
    add_checkpoint(empty_shelf, "colour", kind="autoencoder", image_shape=(3, 12, 10), seed=1)
    add_checkpoint(empty_shelf, "many", latent_dim=40, seed=2)
    return empty_shelf


def start(path=ROOT / "app.py", **query):
    app = AppTest.from_file(str(path), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def texts(app):
    elements = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.text, *app.info]
    return "\n".join(str(element.value) for element in elements)


def every_page(function):
    return pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)(function)


@every_page
def test_a_page_is_drawn_and_drawn_again(page, shelf):
    app = start(page)
    for _ in range(2):
        assert not app.exception
        assert len(app.title) == 1
        app.run()


@every_page
def test_a_page_is_drawn_for_every_model(page, shelf):
    for name in ("alpha", "colour", "many"):
        app = start(page, model=name)
        assert not app.exception
        assert components(app)["latent_shelf"]["chosen"] == name


@every_page
def test_every_button_can_be_pressed_twice(page, shelf):
    def visit():
        app = start()
        return app.switch_page(f"pages/{page.name}").run()

    for place in range(len(visit().button)):
        app = visit()
        for _ in range(2):
            if place < len(app.button):
                app.button[place].click().run()
                assert not app.exception


@every_page
def test_an_empty_shelf_is_explained(page, empty_shelf):
    app = start(page)
    assert not app.exception
    assert "There is no model to explore yet" in texts(app)
    assert "latent_explorer" not in components(app)


@every_page
def test_a_missing_shelf_is_an_empty_one(page, tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_CHECKPOINTS_DIR", str(tmp_path / "nowhere"))
    app = start(page)
    assert not app.exception
    assert "There is no model to explore yet" in texts(app)


@every_page
def test_broken_folders_do_not_stop_the_others(page, shelf):
    (shelf / "foreign").mkdir()
    (shelf / "damaged").mkdir()
    (shelf / "damaged" / "config.json").write_text("{")
    card = read_card(shelf / "alpha")
    (card.path / "codes.npz").write_bytes(b"no archive")
    app = start(page)
    assert not app.exception
    names = [model["name"] for model in components(app)["latent_shelf"]["models"]]
    assert names == ["colour", "many"]


def test_broken_folders_are_listed_with_the_reason(shelf):
    (shelf / "foreign").mkdir()
    (shelf / "alpha" / "codes.npz").write_bytes(b"no archive")
    seen = texts(start(ROOT / "pages" / "models.py"))
    assert "foreign" in seen
    assert "not a Latent Explorer checkpoint" in seen
    assert "codes.npz is damaged" in seen


def test_only_broken_folders_point_to_the_models_page(empty_shelf):
    (empty_shelf / "foreign").mkdir()
    assert "the page **Models** says why" in texts(start(ROOT / "pages" / "explore.py"))


@every_page
def test_what_people_named_is_never_markdown(page, empty_shelf):
    add_checkpoint(empty_shelf, "alpha", title=HOSTILE)
    (empty_shelf / HOSTILE.replace("/", "")).mkdir()
    app = start(page)
    assert not app.exception
    for kind in ("markdown", "caption", "subheader", "title", "info", "warning", "error"):
        assert "onerror" not in "".join(str(element.value) for element in app.get(kind))


class TestChoice:
    def test_without_a_name_the_first_model_is_shown(self, shelf):
        assert components(start())["latent_shelf"]["chosen"] == "alpha"

    def test_the_best_known_model_comes_first(self, shelf):
        add_checkpoint(shelf, "mnist-2d", latent_dim=2, seed=5)
        assert components(start())["latent_shelf"]["chosen"] == "mnist-2d"

    def test_the_address_chooses(self, shelf):
        app = start(model="colour")
        assert components(app)["latent_explorer"]["model"]["name"] == "colour"
        assert not app.info

    @pytest.mark.parametrize("name", ["nobody", "../../etc/passwd", "", HOSTILE])
    def test_an_unknown_name_falls_back_with_a_notice(self, shelf, name):
        app = start(model=name)
        assert not app.exception
        assert "not on this shelf" in app.info[0].value
        assert app.query_params["model"] == "alpha"
        assert not app.run().info

    def test_a_switch_of_pages_keeps_the_choice(self, shelf):
        app = start(model="many")
        app.switch_page("pages/models.py")
        del app.query_params["model"]  # as the browser does
        app.run()
        assert components(app)["latent_shelf"]["chosen"] == "many"

    def test_a_deleted_model_falls_back(self, shelf):
        app = start(model="many")
        (shelf / "many" / "config.json").unlink()
        app.run()
        assert not app.exception
        assert components(app)["latent_shelf"]["chosen"] == "alpha"

    def test_a_card_leads_to_its_model(self, shelf):
        app = start()
        app.switch_page("pages/models.py").run()
        app.button(key="explore-many").click().run()
        assert not app.exception
        assert components(app)["latent_explorer"]["model"]["name"] == "many"


class TestExplorer:
    def test_the_first_picture_comes_with_the_page(self, shelf):
        data = components(start(model="colour"))["latent_explorer"]
        assert data["first"] is not None
        assert data["z"] == [0, 0, 0]
        assert data["opening"] == 0

    def test_sliders_are_sorted_and_the_collapsed_one_is_marked(self, shelf):
        data = components(start())["latent_explorer"]
        assert data["unit"] == "nats"
        information = [slider["information"] for slider in data["sliders"]]
        assert information == sorted(information, reverse=True)
        collapsed = [slider for slider in data["sliders"] if not slider["active"]]
        assert [slider["dim"] for slider in collapsed] == [2]
        assert (collapsed[0]["low"], collapsed[0]["high"]) == (-3, 3)

    def test_an_autoencoder_has_no_prior_and_no_kl(self, shelf):
        app = start(model="colour")
        data = components(app)["latent_explorer"]
        assert data["unit"] == "variance"
        assert data["model"]["prior"] is False
        assert "An autoencoder has no KL" in texts(app)

    def test_a_point_is_kept_for_each_model(self, shelf):
        app = start()
        card = read_card(shelf / "alpha")
        app.session_state["points"] = {card.id: [0.5, -1.0, 2.0]}
        app.run()
        data = components(app)["latent_explorer"]
        assert data["z"] == [0.5, -1.0, 2.0]
        assert data["opening"] is None
        app.query_params["model"] = "many"
        assert components(app.run())["latent_explorer"]["opening"] == 0
        app.query_params["model"] = "alpha"
        assert components(app.run())["latent_explorer"]["z"] == [0.5, -1.0, 2.0]

    def test_a_page_without_a_socket_is_answered_by_a_rerun(self, shelf):
        card = read_card(shelf / "alpha")
        ask = {"sequence": 12, "model": card.id, "count": 1, "z": [0.1, 0.2, 0.3]}
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        app.session_state["live"] = {"ask": ask}
        data = components(app.run())["latent_explorer"]
        assert not app.exception
        assert data["replySequence"] == 12

    @pytest.mark.parametrize(
        "change",
        [
            {"model": "another"},
            {"sequence": "12"},
            {"count": 0},
            {"count": 2},
            {"count": 10**9},
            {"count": None},
            {"z": [1.0, 2.0]},
            {"z": [1.0, 2.0, float("nan")]},
            {"z": [1.0, 2.0, "3"]},
            {"z": None},
        ],
    )
    def test_nonsense_is_not_answered(self, shelf, change):
        card = read_card(shelf / "alpha")
        ask = {"sequence": 12, "model": card.id, "count": 1, "z": [0.1, 0.2, 0.3]}
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        app.session_state["live"] = {"ask": ask | change}
        data = components(app.run())["latent_explorer"]
        assert not app.exception
        assert "replySequence" not in data

    def test_the_traversals_follow_the_point(self, shelf):
        app = start()
        card = read_card(shelf / "alpha")
        before = components(app)["latent_grid"]
        assert before["names"] == ["z0", "z1"]
        assert before["values"][0] == "−3"
        app.session_state["points"] = {card.id: [3.0, -3.0, 0.0]}
        after = components(app.run())["latent_grid"]
        assert after["current"] == [1, 0]
        assert (after["pixels"] != before["pixels"]).any()

    def test_the_chart_states_what_it_is_made_of(self, shelf):
        app = start()
        assert "n\u00a0=\u00a040 test images" in texts(app)
        figure = json.loads(app.get("plotly_chart")[0].proto.spec)
        assert figure["data"][0]["y"] == ["z0", "z1", "z2"]


class TestCards:
    def test_a_grey_pixel_bce_is_not_called_a_bound(self, shelf):
        app = start(ROOT / "pages" / "models.py")
        labels = [metric.label for metric in app.metric]
        assert labels == ["BCE", "KL", "MSE", "BCE", "KL"]
        assert "Nats per image, grey-pixel BCE, n\u00a0=\u00a040 test images, seed 0" in texts(app)

    def test_missing_figures_leave_a_card_without(self, shelf):
        add_checkpoint(shelf, "bare", seed=3, metrics=b"[]")
        app = start(ROOT / "pages" / "models.py")
        assert not app.exception
        assert len(app.metric) == 5
