"""Starlette's test client, which works with httpx but warns that it would rather have httpx2."""

import warnings

from starlette.exceptions import StarletteDeprecationWarning

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "Using `httpx`", StarletteDeprecationWarning)
    from starlette.testclient import TestClient

__all__ = ["TestClient"]
