"""Long columns as plain bytes: what a map is made of, by its key, for pages that may see it.

A million points would make component data of many megabytes at every rerun; a route sends each
column once. Columns are made when they are first asked for.
"""

from __future__ import annotations

__all__ = ["TABLES", "Tables", "table_address", "table_route"]

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ui.live import route
from ui.live.mounting import mounted
from ui.live.tokens import SIGNER, TokenError

PATH = "api/table"
MAX_TABLES = 128
FOR_GOOD = "private, max-age=86400, immutable"

Column = Callable[[], np.ndarray]


@dataclass
class _Table:
    checkpoint: str
    columns: Mapping[str, Column]
    made: dict[str, np.ndarray] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Tables:
    """The last few tables that pages were given.

    Args:
        most: How many; the least recently used goes first.
    """

    def __init__(self, most: int = MAX_TABLES) -> None:
        self._most = most
        self._tables: OrderedDict[str, _Table] = OrderedDict()
        self._lock = threading.Lock()

    def offer(self, key: str, checkpoint: str, columns: Mapping[str, Column]) -> None:
        """Keep a table for who may see a checkpoint; one that is known already stays as it is."""
        with self._lock:
            if key not in self._tables:
                self._tables[key] = _Table(checkpoint, columns)
            self._tables.move_to_end(key)
            while len(self._tables) > self._most:
                self._tables.popitem(last=False)

    def owner(self, key: str) -> str | None:
        """Return the checkpoint that a table is of, None where it is not known."""
        table = self._tables.get(key)
        return None if table is None else table.checkpoint

    def column(self, key: str, name: str) -> np.ndarray | None:
        """Return a column, None where there is no such table or column."""
        table = self._tables.get(key)
        if table is None or name not in table.columns:
            return None
        with table.lock:  # two that ask at once have it made once
            if name not in table.made:
                table.made[name] = np.ascontiguousarray(table.columns[name]())
            return table.made[name]


TABLES = Tables()


def table_address(key: str) -> str:
    """Return where a page asks for a table's columns, "" where this host has no routes."""
    return f"{PATH}/{key}" if route.address() else ""


def table_route(tables: Tables) -> Route:
    """Return the route, under ``server.baseUrlPath`` as Streamlit's own routes are."""

    def serve(request: Request) -> Response:
        """Send a column to a page whose token names its checkpoint."""
        key, name = request.path_params["key"], request.path_params["name"]
        try:
            said = request.headers.get("authorization", "").removeprefix("Bearer ")
            allowed = SIGNER.verify(said)
        except TokenError as error:
            raise HTTPException(401) from error
        if tables.owner(key) not in allowed:
            raise HTTPException(404)
        column = tables.column(key, name)
        if column is None:
            raise HTTPException(404)
        return Response(
            memoryview(column).cast("B").tobytes(),
            media_type="application/octet-stream",
            headers={"Cache-Control": FOR_GOOD},
        )

    return Route(mounted(f"{PATH}/{{key}}/{{name}}"), serve)
