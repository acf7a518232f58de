"""Where our own routes lie: Streamlit leaves them at the root, whatever its base path is."""

from __future__ import annotations

__all__ = ["mounted"]

from streamlit import config


def mounted(path: str) -> str:
    """Return the path of a route below ``server.baseUrlPath``, as Streamlit's own routes are."""
    base = config.get_option("server.baseUrlPath").strip("/")
    return "/" + "/".join(filter(None, (base, path)))
