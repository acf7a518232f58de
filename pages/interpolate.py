"""From one picture to another through latent space."""

import streamlit as st

from ui import shell
from ui.interpolation import interpolate_corners

card = shell.begin("Interpolate")

st.markdown(
    "Choose two pictures and watch one become the other: each is encoded to a point of latent "
    "space, and every point on the way between is decoded."
)
interpolate_corners(card)
