"""Measures of a model: how well it explains data, and what its codes hold."""
