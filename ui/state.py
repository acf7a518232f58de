"""Every session key of the app, and the few values kept under them."""

from __future__ import annotations

__all__ = [
    "CORNERS",
    "CORNERS_PARAMETER",
    "EXPLORER",
    "EXPLORER_FRAGMENT",
    "FOCUS",
    "GRID",
    "GROUPS",
    "INFORMATION",
    "MAP",
    "MAPS",
    "MAP_FRAGMENT",
    "MAP_PARAMETER",
    "MODEL",
    "MODEL_PARAMETER",
    "MORPH",
    "MORPH_FRAGMENT",
    "POINTS",
    "POINT_PARAMETER",
    "SHELF",
    "TOKEN",
    "TRAVERSALS",
    "TWIN",
    "VIEW_PARAMETER",
    "VISITOR",
    "WAY_PARAMETER",
    "corners_of",
    "draw_again",
    "group_of",
    "map_of",
    "point_of",
    "remember_corners",
    "remember_group",
    "remember_map",
    "remember_point",
    "visitor",
]

import secrets
from contextlib import suppress

import numpy as np
import streamlit as st
from streamlit.errors import StreamlitAPIException

MODEL_PARAMETER = "model"  # in the address: ?model=NAME
POINT_PARAMETER = "z"  # in the address: &z=0.5,-1
VIEW_PARAMETER = "plane"  # in the address: &plane=0,3,mosaic
CORNERS_PARAMETER = "corners"  # in the address: &corners=0.5,-1;2,0
MAP_PARAMETER = "map"  # in the address: &map=raw,0,3,label
WAY_PARAMETER = "way"  # in the address: &way=geodesic,10
MODEL = "model"  # name of the chosen checkpoint
POINTS = "points"  # checkpoint id -> the latent vector z, so that each model keeps its own
CORNERS = "corners"  # checkpoint id -> the codes to interpolate between
GROUPS = "groups"  # checkpoint id -> (codes last chosen on the map, all others)
MAPS = "maps"  # checkpoint id -> the question that gave the map shown last
VISITOR = "visitor"  # a name for this session, at random
FOCUS = "focus"  # (dim, how many times a slider was pointed out)
TOKEN = "token"  # (checkpoint ids, good until, token) for the live socket

EXPLORER = "live"  # the live component: picture and sliders
EXPLORER_FRAGMENT = "explorer"  # the fragment it is in
TRAVERSALS = "traversals"  # the fragment that follows z when the pointer rests
GRID = "grid"  # the component that draws them
INFORMATION = "information"  # the chart of what each dimension carries
TWIN = "twin"  # the component with two models' planes
MORPH = "morph"  # the component that interpolates
MORPH_FRAGMENT = "interpolation"  # the fragment it is in
MAP = "map-page"  # the component with the map
MAP_FRAGMENT = "map"  # the fragment it is in
SHELF = "shelf"  # the model picker


def point_of(checkpoint: str, latent_dim: int) -> np.ndarray | None:
    """Return where this visitor stands in a model's latent space, None before they moved."""
    z = st.session_state.get(POINTS, {}).get(checkpoint)
    return None if z is None or len(z) != latent_dim else np.array(z, dtype=np.float32)


def remember_point(checkpoint: str, z: list[float]) -> None:
    """Keep where this visitor stands in a model's latent space."""
    st.session_state[POINTS] = {**st.session_state.get(POINTS, {}), checkpoint: z}


def corners_of(checkpoint: str, latent_dim: int) -> np.ndarray | None:
    """Return the codes (N, D) that this visitor interpolated between last, None before any."""
    codes = st.session_state.get(CORNERS, {}).get(checkpoint)
    is_known = codes is not None and all(len(z) == latent_dim for z in codes)
    return np.array(codes, dtype=np.float32) if is_known else None


def remember_corners(checkpoint: str, corners: list[list[float]]) -> None:
    """Keep the codes that this visitor interpolates between."""
    st.session_state[CORNERS] = {**st.session_state.get(CORNERS, {}), checkpoint: corners}


def group_of(checkpoint: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the codes that this visitor chose on the map last, and all others; None before."""
    return st.session_state.get(GROUPS, {}).get(checkpoint)


def remember_group(checkpoint: str, codes: np.ndarray, others: np.ndarray) -> None:
    """Keep the codes (N, D) that this visitor chose on the map, and all others (M, D)."""
    st.session_state[GROUPS] = {**st.session_state.get(GROUPS, {}), checkpoint: (codes, others)}


def map_of(checkpoint: str) -> dict | None:
    """Return what this visitor asked for to get a model's map last, None before any."""
    return st.session_state.get(MAPS, {}).get(checkpoint)


def remember_map(checkpoint: str, question: dict) -> None:
    """Keep what this visitor asked for to get a model's map."""
    st.session_state[MAPS] = {**st.session_state.get(MAPS, {}), checkpoint: question}


def visitor() -> str:
    """Return a name for this session that says nothing about it."""
    return st.session_state.setdefault(VISITOR, secrets.token_hex(8))


def draw_again(fragment: str) -> None:
    """Let one fragment run again, from a callback, in place of the one that the input is in.

    The input may reach us together with a switch of pages; then the fragment is gone already, and
    the other page is drawn.
    """
    with suppress(StreamlitAPIException):
        st.rerun(fragment)
