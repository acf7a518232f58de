"""The maths behind a view, with the numbers of what is on the screen."""

from __future__ import annotations

__all__ = ["explain_information", "explain_point"]

import math

import numpy as np
import streamlit as st

from ui.cache import Dimensions


def explain_point(z: np.ndarray, *, has_prior: bool) -> None:
    """Explain what a picture is, and where the visitor's z stands."""
    st.markdown("A picture is the mean of the likelihood that the decoder gives to a code:")
    st.latex(r"\hat{x} = \mathbb{E}\,[\,p(x \mid z)\,]")
    if not has_prior:
        st.markdown("An autoencoder learns no distribution over its codes, so no z is unlikely.")
        return
    norm = float(z @ z)
    log_prior = -0.5 * (norm + len(z) * math.log(2 * math.pi))
    st.markdown("The prior says how likely a code is before any image is seen:")
    st.latex(r"\log p(z) = -\tfrac{1}{2}\left(\lVert z \rVert^2 + D \log 2\pi\right)")
    st.markdown(
        f"At your point, ‖z‖² = {norm:.2f} and log p(z) = {_minus(log_prior)} nats. "
        f"Codes drawn from the prior have ‖z‖² = {len(z)} on average."
    )


def explain_information(dims: Dimensions) -> None:
    """Explain what the bars measure."""
    top = int(dims.order[0])
    if dims.unit != "nats":
        st.markdown("The bar is the variance of one coordinate of the codes:")
        st.latex(r"\mathrm{Var}_x\,[\,z_k(x)\,]")
        st.markdown(f"For z{top} it is {dims.information[top]:.2f}.")
        return
    st.markdown("The encoder gives each image a mean and a variance per dimension. The bar is")
    st.latex(
        r"\mathrm{KL}_k = \tfrac{1}{2}\,\mathbb{E}_x"
        r"\left[\mu_k^2 + \sigma_k^2 - 1 - \log \sigma_k^2\right]"
    )
    st.markdown(
        f"For z{top} it is {dims.information[top]:.2f} nats; all {len(dims.order)} together make "
        f"{dims.information.sum():.2f} nats. A dimension near 0 has collapsed: the decoder "
        "ignores it."
    )


def _minus(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
