import gzip

import onnxruntime
import pytest
from starlette.applications import Starlette
from streamlit import config

from tests.ui.clients import TestClient
from tests.ui.shelves import add_checkpoint
from ui.live.engine import FILES, VERSION, Engine
from ui.live.files import engine_address, file_routes, graph_address
from ui.live.tokens import SIGNER
from vae.checkpoints import read_card

pytest_plugins = ["tests.ui.fixtures"]


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """An engine whose files are there; their content does not matter to the server."""
    monkeypatch.delenv("LATENT_BROWSER_ENGINE", raising=False)
    home = Engine(tmp_path / "cache")
    home.folder.mkdir(parents=True)
    for name in FILES:
        (home.folder / f"{name}.gz").write_bytes(gzip.compress(name.encode() * 100))
    (home.folder / "secret.gz").write_bytes(b"nobody's business")
    return home


@pytest.fixture
def client(engine):
    return TestClient(Starlette(routes=file_routes(engine)))


@pytest.fixture
def card(two_models):
    return add_checkpoint(two_models, "gamma", seed=2, graphs=True)


def bearer(*checkpoints, **settings):
    return {"authorization": f"Bearer {SIGNER.sign(checkpoints, **settings)}"}


@pytest.mark.parametrize(
    ("name", "kind"), [(FILES[0], "text/javascript"), (FILES[1], "application/wasm")]
)
def test_a_file_comes_compressed_and_is_kept_for_good(client, name, kind):
    answer = client.get(f"/{engine_address()}/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.content == name.encode() * 100
    assert VERSION in engine_address()  # another version has another address


@pytest.mark.parametrize("name", ["secret", "../secret", "%2e%2e/secret", "package.json"])
def test_nothing_else_is_given(client, name):
    assert client.get(f"/{engine_address()}/{name}").status_code == 404


def test_the_state_is_never_kept(client, engine):
    answer = client.get(f"/{engine_address()}")
    assert answer.json() == {"state": "ready"}
    assert answer.headers["cache-control"] == "no-store"
    (engine.folder / f"{FILES[0]}.gz").unlink()
    assert client.get(f"/{engine_address()}").json() == {"state": "missing"}
    assert client.get(f"/{engine_address()}/{FILES[1]}").status_code == 404


def test_a_graph_comes_to_who_may_see_the_model(client, card):
    answer = client.get(f"/{graph_address(card.id)}/decoder.onnx", headers=bearer(card.id))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    session = onnxruntime.InferenceSession(answer.content)
    assert [entry.name for entry in session.get_inputs()] == ["z"]


def test_a_graph_is_refused_to_everybody_else(client, card, two_models):
    other = read_card(two_models / "alpha")
    address = f"/{graph_address(card.id)}/decoder.onnx"
    forged = {"authorization": bearer(card.id)["authorization"][:-2] + "AA"}
    for headers in (
        {},
        forged,
        bearer(card.id, lifetime=-1),
        {"authorization": "Bearer é".encode()},
    ):
        assert client.get(address, headers=headers).status_code == 401
    assert client.get(address, headers=bearer(other.id)).status_code == 404


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "..%2fconfig.json"])
def test_only_graphs_are_given(client, card, name):
    answer = client.get(f"/{graph_address(card.id)}/{name}", headers=bearer(card.id))
    assert answer.status_code == 404


def test_a_graph_that_has_gone_is_not_found(client, card):
    address, headers = f"/{graph_address(card.id)}/encoder.onnx", bearer(card.id)
    assert client.get(address, headers=headers).status_code == 200
    (card.path / "encoder.onnx").unlink()
    assert client.get(address, headers=headers).status_code == 404


def test_addresses_follow_the_base_path(engine):
    config.set_option("server.baseUrlPath", "latent/app")
    try:
        paths = [route.path for route in file_routes(engine)]
    finally:
        config.set_option("server.baseUrlPath", "")
    assert all(path.startswith("/latent/app/api/") for path in paths)
