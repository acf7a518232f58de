import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.websockets import WebSocketDisconnect

from tests.ui.clients import TestClient
from ui.live.protocol import (
    pack_hello,
    pack_picture,
    pack_request,
    pack_welcome,
    unpack_answer,
)
from ui.live.route import live_route
from ui.live.tokens import SIGNER
from ui.live.worker import WORKER, BusyError
from vae.checkpoints import read_card

pytest_plugins = ["tests.ui.fixtures"]

OURS = {"origin": "http://testserver"}


@pytest.fixture
def client():
    return TestClient(Starlette(routes=[live_route(WORKER)]))


@pytest.fixture
def card(two_models):
    return read_card(two_models / "alpha")


def connect(client, headers=OURS):
    return client.websocket_connect("/api/live", headers=headers)


def closing_code(socket):
    with pytest.raises(WebSocketDisconnect) as caught:
        socket.receive_bytes()
    return caught.value.code


def test_pixels_come_for_codes(client, card):
    z = np.array([[0, 1, 2], [1, 0, -1]], dtype=np.float32)
    with connect(client) as socket:
        socket.send_bytes(pack_hello(SIGNER.sign([card.id])))
        assert socket.receive_bytes() == pack_welcome()
        for sequence in (1, 2):
            socket.send_bytes(pack_request(sequence, card.id, z))
            answer = unpack_answer(socket.receive_bytes())
            assert answer.sequence == sequence
            np.testing.assert_array_equal(answer.pixels, WORKER.decode(card.id, z).result())


def test_a_new_hello_changes_what_may_be_seen(client, two_models, card):
    other = read_card(two_models / "beta")
    with connect(client) as socket:
        for allowed in ([card.id], [other.id]):
            socket.send_bytes(pack_hello(SIGNER.sign(allowed)))
            socket.receive_bytes()
        socket.send_bytes(pack_request(1, card.id, np.zeros((1, 3), np.float32)))
        assert closing_code(socket) == 1008


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null", "http://testserver.evil"])
def test_another_origin_is_refused(client, card, origin):
    headers = {} if origin is None else {"origin": origin}
    with pytest.raises(WebSocketDisconnect), connect(client, headers):
        pass


def test_an_origin_of_this_machine_is_accepted(client, card):
    with connect(client, {"origin": "http://localhost:3000"}) as socket:
        socket.send_bytes(pack_hello(SIGNER.sign([card.id])))
        assert socket.receive_bytes() == pack_welcome()


def test_a_request_before_the_hello_is_refused(client, card):
    with connect(client) as socket:
        socket.send_bytes(pack_request(1, card.id, np.zeros((1, 3), np.float32)))
        assert closing_code(socket) == 1008


@pytest.mark.parametrize("token", ["", "nonsense", SIGNER.sign(["x"], lifetime=-1)])
def test_a_bad_token_closes_with_its_own_code(client, token):
    with connect(client) as socket:
        socket.send_bytes(pack_hello(token))
        assert closing_code(socket) == 4401


@pytest.mark.parametrize(
    "dims", [pytest.param(2, id="too few dimensions"), pytest.param(4, id="too many")]
)
def test_codes_that_do_not_fit_close_the_socket(client, card, dims):
    with connect(client) as socket:
        socket.send_bytes(pack_hello(SIGNER.sign([card.id])))
        socket.receive_bytes()
        socket.send_bytes(pack_request(1, card.id, np.zeros((1, dims), np.float32)))
        assert closing_code(socket) == 1008


def test_a_picture_is_answered_by_its_codes(client, card):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 1), dtype=np.uint8)
    with connect(client) as socket:
        socket.send_bytes(pack_hello(SIGNER.sign([card.id])))
        socket.receive_bytes()
        socket.send_bytes(pack_picture(8, card.id, pixels))
        answer = unpack_answer(socket.receive_bytes())
        assert answer.sequence == 8
        np.testing.assert_array_equal(answer.codes, WORKER.encode(card.id, pixels).result())


def test_a_picture_of_another_size_closes_the_socket(client, card):
    with connect(client) as socket:
        socket.send_bytes(pack_hello(SIGNER.sign([card.id])))
        socket.receive_bytes()
        socket.send_bytes(pack_picture(8, card.id, np.zeros((8, 9, 1), np.uint8)))
        assert closing_code(socket) == 1008


@pytest.mark.parametrize("frame", [b"", b"\x01\x01", b"\xff" * 60])
def test_nonsense_closes_the_socket(client, card, frame):
    with connect(client) as socket:
        socket.send_bytes(frame)
        assert closing_code(socket) == 1008


def test_a_text_frame_closes_the_socket(client):
    with connect(client) as socket:
        socket.send_text("hello")
        assert closing_code(socket) == 1008


def test_a_busy_server_says_so(client, card, monkeypatch):
    def refuse(*_):
        raise BusyError("too many")

    monkeypatch.setattr(WORKER, "decode", refuse)
    with connect(client) as socket:
        socket.send_bytes(pack_hello(SIGNER.sign([card.id])))
        socket.receive_bytes()
        socket.send_bytes(pack_request(4, card.id, np.zeros((1, 3), np.float32)))
        answer = unpack_answer(socket.receive_bytes())
        assert (answer.sequence, answer.pixels) == (4, None)


def test_the_route_is_below_the_base_path(monkeypatch):
    monkeypatch.setattr("ui.live.mounting.config.get_option", lambda _: "/latent/app/")
    assert live_route(WORKER).path == "/latent/app/api/live"
