"""Where a whole data set lands in latent space, in two dimensions."""

import streamlit as st

from ui import shell
from ui.mapping import explore_map

card = shell.begin("Map")

st.markdown(
    "Each dot is an image, put where the encoder sees it: what the model takes for alike lies "
    "together. Move over the map, or tap it, to see what a place decodes to."
)
explore_map(card)
