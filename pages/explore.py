"""One point of latent space: move it, and see what it decodes to."""

import streamlit as st

from ui import controls, panels, shell

card = shell.begin("Explore")

st.markdown(
    "A small network draws every picture here from a handful of numbers. "
    "Each slider is one of those numbers: move it, and the picture follows."
)
controls.explore_point(card)

left, right = st.columns([3, 2], gap="large")
with left:
    panels.traversals(card)
with right:
    panels.information(card)

controls.compare_twin(card)
