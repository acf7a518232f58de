"""Latent Explorer: ``streamlit run app.py``.

Streamlit finds the ASGI app below and serves it: the pages, the live socket, the guard. A host
that runs this file as a plain script at every rerun gets the pages alone; the live picture then
goes through reruns.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.scriptrunner import get_script_run_ctx

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:  # started from elsewhere, by uvicorn or by another script
    sys.path.insert(0, str(ROOT))


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Warm up beside the first requests."""
    from ui.warmup import start_warmup

    start_warmup()
    yield


if get_script_run_ctx(suppress_warning=True) is None:
    from ui.guard import Guard
    from ui.live.engine import ENGINE
    from ui.live.files import file_routes
    from ui.live.route import live_route
    from ui.live.tables import TABLES, table_route
    from ui.live.worker import WORKER

    app = st.App(
        ROOT / "ui" / "router.py",
        routes=[live_route(WORKER), *file_routes(ENGINE), table_route(TABLES)],
        middleware=[Middleware(Guard)],
        lifespan=lifespan,
    )
else:
    from ui.router import draw

    draw()
