"""A shelf with one small model."""

import pytest

from tests.ui.shelves import add_checkpoint


@pytest.fixture
def card(tmp_path, monkeypatch):
    """The model, on a shelf of its own."""
    monkeypatch.setenv("LATENT_CHECKPOINTS_DIR", str(tmp_path))
    return add_checkpoint(tmp_path, "alpha", title="Alpha")
