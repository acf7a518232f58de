import base64
import hashlib
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.ui.clients import TestClient
from ui.guard import Guard, content_security_policy


async def hello(_):
    return PlainTextResponse("hello")


async def echo(socket):
    await socket.accept()
    while True:
        try:
            await socket.send_bytes(await socket.receive_bytes())
        except WebSocketDisconnect:
            return


def client():
    routes = [
        Route("/", hello),
        WebSocketRoute("/base/_stcore/stream", echo),
        WebSocketRoute("/api/live", echo),
    ]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Guard)]))


def message(**fields):
    return BackMsg(**fields).SerializeToString()


def rerun():
    content = BackMsg()
    content.rerun_script.query_string = "model=a"
    return content.SerializeToString()


def operation(name):
    content = BackMsg()
    getattr(content.backend_operation_request, name).SetInParent()
    return content.SerializeToString()


@pytest.mark.parametrize("path", ["/", "/missing"])
def test_every_response_has_the_headers(path):
    headers = client().get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=(self)" in headers["permissions-policy"]
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "object-src 'none'" in policy
    assert "unsafe-eval'" not in policy.replace("'wasm-unsafe-eval'", "")
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]


def test_the_policy_names_the_scripts_of_the_installed_page():
    index = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    script = "\n      window.prerenderReady = false\n    "
    assert f"<script>{script}</script>" in index
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = content_security_policy(index)
    assert f"'sha256-{digest}'" in policy
    assert policy.count("sha256-") == 1
    assert "script-src 'self' blob:" in policy


def test_the_policy_has_no_hash_for_scripts_with_an_address():
    policy = content_security_policy('<script type="module" src="./a.js"></script>')
    assert "sha256" not in policy


def test_named_origins_may_embed_the_app(monkeypatch):
    monkeypatch.setenv("LATENT_EMBED_ORIGINS", "https://a.example https://b.example")
    headers = client().get("/").headers
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'self' https://a.example https://b.example;" in policy
    assert "x-frame-options" not in headers


@pytest.mark.parametrize(
    "unwanted",
    [
        message(clear_cache=True),
        message(load_git_info=True),
        message(set_run_on_save=True),
        message(debug_shutdown_runtime=True),
        message(debug_disconnect_websocket=True),
        message(),
        operation("install_skills"),
        # Padded with a field this version does not know, and with a second member of the union.
        b"\xfa\x7f\x04junk" + message(clear_cache=True),
        message(stop_script=True) + message(clear_cache=True),
    ],
)
def test_messages_that_act_on_everybody_do_not_arrive(unwanted):
    with client().websocket_connect("/base/_stcore/stream") as socket:
        socket.send_bytes(unwanted)
        socket.send_text("text")
        socket.send_bytes(rerun())
        assert socket.receive_bytes() == rerun()


@pytest.mark.parametrize(
    "wanted",
    [
        rerun(),
        message(stop_script=True),
        message(app_heartbeat=True),
        operation("deferred_file"),
        operation("dataframe_chunk"),
        b"\xff\xff\xff",  # not a message: Streamlit closes the connection
    ],
)
def test_messages_of_a_page_arrive(wanted):
    with client().websocket_connect("/base/_stcore/stream") as socket:
        socket.send_bytes(wanted)
        assert socket.receive_bytes() == wanted


def test_other_sockets_are_left_alone():
    with client().websocket_connect("/api/live") as socket:
        socket.send_bytes(message(clear_cache=True))
        assert socket.receive_bytes() == message(clear_cache=True)
