"""The socket /api/live: codes in, pixels out, and the reverse; Streamlit's script takes no part.

A connection sends its token first, then requests one after another; each is answered before
the next is read, so a page that asks faster than the server decodes only slows itself.
"""

from __future__ import annotations

__all__ = ["address", "live_route"]

import asyncio
from urllib.parse import urlsplit

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit.web.server.server_util import is_url_from_allowed_origins
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from ui.live.mounting import mounted
from ui.live.protocol import (
    FrameError,
    Hello,
    Picture,
    Request,
    pack_busy,
    pack_codes,
    pack_pixels,
    pack_welcome,
    unpack_message,
)
from ui.live.tokens import SIGNER, TokenError
from ui.live.worker import BusyError, Worker

PATH = "api/live"
MAX_SOCKETS = 256
HELLO_SECONDS = 5
POLICY, TRY_LATER, EXPIRED = 1008, 1013, 4401


_served: list[WebSocketRoute] = []


def address() -> str:
    """Return the socket's path below the app's own address, "" where this host has no routes."""
    return PATH if _served else ""


def live_route(worker: Worker) -> WebSocketRoute:
    """Return the route, under ``server.baseUrlPath`` as Streamlit's own routes are."""
    route = WebSocketRoute(mounted(PATH), _Live(worker).serve)
    _served.append(route)
    return route


class _Live:
    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._open = 0

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection until it closes or talks nonsense."""
        if not await _is_from_our_page(socket):
            await socket.close(POLICY)
            return
        await socket.accept()
        if self._open >= MAX_SOCKETS:
            await socket.close(TRY_LATER)
            return
        self._open += 1
        try:
            await self._talk(socket)
        except TokenError:
            await socket.close(EXPIRED)
        except (FrameError, TimeoutError):
            await socket.close(POLICY)
        except WebSocketDisconnect:
            pass  # the page left while an answer was on its way
        finally:
            self._open -= 1

    async def _talk(self, socket: WebSocket) -> None:
        async with asyncio.timeout(HELLO_SECONDS):
            frame = await _receive(socket)
        allowed: frozenset[str] | None = None
        while frame is not None:
            message = unpack_message(frame)
            if isinstance(message, Hello):
                allowed = SIGNER.verify(message.token)
                await socket.send_bytes(pack_welcome())
            elif allowed is None or message.checkpoint not in allowed:
                raise FrameError("a request for a checkpoint the token does not name")
            else:
                await socket.send_bytes(await self._answer(message))
            frame = await _receive(socket)

    async def _answer(self, message: Request | Picture) -> bytes:
        try:
            if isinstance(message, Picture):
                future = self._worker.encode(message.checkpoint, message.pixels)
                return pack_codes(message.sequence, await asyncio.wrap_future(future))
            future = self._worker.decode(message.checkpoint, message.z)
            return pack_pixels(message.sequence, await asyncio.wrap_future(future))
        except BusyError:
            return pack_busy(message.sequence)
        except ValueError as error:  # what does not fit the model, a checkpoint gone bad
            raise FrameError(str(error)) from error


async def _receive(socket: WebSocket) -> bytes | None:
    """Return the next binary frame, None when the page has gone."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        return None
    if message.get("bytes") is None:
        raise FrameError("a text frame")
    return message["bytes"]


async def _is_from_our_page(socket: WebSocket) -> bool:
    """Whether Host and Origin are ours, or ones that Streamlit's configuration allows.

    Browsers always send an Origin. Streamlit's own check may look up the machine's address, so
    it runs on a thread.
    """
    origin, host = socket.headers.get("origin"), socket.headers.get("host")
    if origin is None or not is_host_allowed(host):
        return False
    if urlsplit(origin).netloc == host:
        return True
    return await asyncio.to_thread(is_url_from_allowed_origins, origin)
