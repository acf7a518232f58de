"""Pointer speed: the components that run in the page, and the socket that decodes for them."""
