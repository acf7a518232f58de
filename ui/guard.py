"""What every request and message passes first: security headers, and a filter of messages.

Any visitor's browser may send Streamlit messages that act on everybody, such as one that empties
all caches; only those that a page needs get through. Responses carry a content security policy
under which nothing is loaded from elsewhere and no injected script runs.
"""

from __future__ import annotations

__all__ = ["Guard", "content_security_policy"]

import base64
import hashlib
import os
import re
from pathlib import Path

import streamlit
from google.protobuf.message import DecodeError
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

# Origins that may show the app in a frame, separated by spaces, beside its own.
EMBED_ORIGINS = "LATENT_EMBED_ORIGINS"
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)
STREAM = "/_stcore/stream"
ALLOWED_MESSAGES = {
    "rerun_script",
    "stop_script",
    "app_heartbeat",
    "file_urls_request",
    "backend_operation_request",
}
ALLOWED_OPERATIONS = {"deferred_file", "dataframe_chunk"}
FEATURES = "camera=(self), microphone=(), geolocation=(), payment=(), usb=()"


def content_security_policy(index: str, embed_origins: str = "") -> str:
    """Return the policy for a page whose inline scripts are those of ``index``.

    Streamlit imports a component's inline script from a blob: address, and WebAssembly engines
    are compiled in the page; both are allowed, evaluating text as code is not.
    """
    digests = (hashlib.sha256(text.encode()).digest() for text in INLINE_SCRIPT.findall(index))
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    rules = {
        "default-src": "'self'",
        "script-src": f"'self' blob: 'wasm-unsafe-eval' {hashes}".rstrip(),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "frame-ancestors": f"'self' {embed_origins}".rstrip(),
        "object-src": "'none'",
        "base-uri": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


class Guard:
    """ASGI middleware that adds the headers and filters the messages."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        index = Path(streamlit.__file__).parent / "static" / "index.html"
        embed_origins = os.environ.get(EMBED_ORIGINS, "").strip()
        self._headers = {
            "Content-Security-Policy": content_security_policy(
                index.read_text(encoding="utf-8"), embed_origins
            ),
            "Permissions-Policy": FEATURES,
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }
        if not embed_origins:
            self._headers["X-Frame-Options"] = "SAMEORIGIN"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http":
            await self._app(scope, receive, self._with_headers(send))
        elif scope["type"] == "websocket" and scope["path"].endswith(STREAM):
            await self._app(scope, _filtered(receive), send)
        else:
            await self._app(scope, receive, send)

    def _with_headers(self, send: Send) -> Send:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        return send_with_headers


def _filtered(receive: Receive) -> Receive:
    async def receive_allowed() -> Message:
        while True:
            message = await receive()
            if message["type"] != "websocket.receive" or _is_allowed(message.get("bytes")):
                return message

    return receive_allowed


def _is_allowed(frame: bytes | None) -> bool:
    """Whether a frame may reach Streamlit, read with the parser that Streamlit itself uses."""
    if frame is None:  # a text frame: Streamlit sends none, and answers one with a traceback
        return False
    message = BackMsg()
    try:
        message.ParseFromString(frame)
    except DecodeError:
        return True  # Streamlit closes that connection
    kind = message.WhichOneof("type")
    if kind == "backend_operation_request":
        return message.backend_operation_request.WhichOneof("payload") in ALLOWED_OPERATIONS
    return kind in ALLOWED_MESSAGES
