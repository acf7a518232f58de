"""The obvious way: ten sliders, a rerun of the script at every release, st.image."""

import sys
from pathlib import Path

import numpy as np
import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))

from vae.checkpoints import load_model, read_card
from vae.latent import decode, to_uint8


@st.cache_resource
def model_of(path: str):
    return load_model(read_card(path))


def main() -> None:
    model = model_of(sys.argv[1])
    dims = model.config.latent_dim
    z = np.zeros((1, dims), np.float32)
    for dim in range(min(10, dims)):
        z[0, dim] = st.slider(f"z{dim}", -3.0, 3.0, 0.0, 0.05)
    st.image(to_uint8(decode(model, z))[0].squeeze(), width=280)


if __name__ == "__main__":  # which is what Streamlit calls the script it runs
    main()
