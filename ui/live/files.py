"""What a page loads to decode by itself: the engine's files, and a model's ONNX graphs.

Names carry a version or a hash, so a browser may keep them for good and a reload loads nothing.
"""

from __future__ import annotations

__all__ = ["engine_address", "file_routes", "graph_address"]

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from ui.live.engine import FILES, VERSION, Engine
from ui.live.mounting import mounted
from ui.live.tokens import SIGNER, TokenError
from vae.shelf import read_shelf

ENGINE_PATH, GRAPH_PATH = "api/engine", "api/graph"
GRAPHS = ("encoder.onnx", "decoder.onnx")
TYPES = {
    "mjs": "text/javascript",
    "wasm": "application/wasm",
    "onnx": "application/octet-stream",
}
FOR_GOOD = "max-age=31536000, immutable"


def engine_address() -> str:
    """Return where a page asks for the engine, below the app's own address."""
    return f"{ENGINE_PATH}/{VERSION}"


def graph_address(checkpoint: str) -> str:
    """Return where a page asks for a model's graphs, below the app's own address."""
    return f"{GRAPH_PATH}/{checkpoint}"


def file_routes(engine: Engine) -> list[Route]:
    """Return the routes, under ``server.baseUrlPath`` as Streamlit's own routes are."""
    files = _EngineFiles(engine)
    return [
        Route(mounted(engine_address()), files.state),
        Route(mounted(f"{engine_address()}/{{name}}"), files.file),
        Route(mounted(f"{GRAPH_PATH}/{{checkpoint}}/{{name}}"), _graph),
    ]


class _EngineFiles:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def state(self, request: Request) -> Response:
        """Say whether the files are there; a page asks again while they are being fetched."""
        return JSONResponse({"state": self._engine.state}, headers={"Cache-Control": "no-store"})

    async def file(self, request: Request) -> Response:
        """Send a file as it is stored, compressed, which every browser of today can read."""
        name = request.path_params["name"]
        if name not in FILES or self._engine.state != "ready":
            raise HTTPException(404)
        return FileResponse(
            self._engine.folder / f"{name}.gz",
            media_type=TYPES[name.rpartition(".")[2]],
            headers={"Content-Encoding": "gzip", "Cache-Control": f"public, {FOR_GOOD}"},
        )


def _graph(request: Request) -> Response:
    """Send a graph of a checkpoint that the token names.

    The token travels in a header, as it never may in an address; a page elsewhere cannot send
    that header without asking first, and is not answered.
    """
    checkpoint, name = request.path_params["checkpoint"], request.path_params["name"]
    try:
        allowed = SIGNER.verify(request.headers.get("authorization", "").removeprefix("Bearer "))
    except TokenError as error:
        raise HTTPException(401) from error
    if name in GRAPHS and checkpoint in allowed:
        for entry in read_shelf():
            path = entry.path / name
            if entry.card is not None and entry.card.id == checkpoint and path.is_file():
                return FileResponse(
                    path,
                    media_type=TYPES["onnx"],
                    headers={"Cache-Control": f"private, {FOR_GOOD}"},
                )
    raise HTTPException(404)
