"""The shelf: every checkpoint, and the folders that are none."""

import streamlit as st

from ui import cache, panels, shell

shell.begin("Models", needs_model=False)
shelf = cache.shelf()

if shelf.cards:
    with st.grid(3, min_column_width=260):
        for card in shelf.cards:
            panels.model_card(card)
else:
    shell.explain_empty_shelf()

if shelf.broken:
    st.subheader("Folders that cannot be used", anchor=False)
    panels.broken_list(shelf.broken)
