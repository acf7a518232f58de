"""Fixtures that several test modules here load by ``pytest_plugins``."""

from pathlib import Path

import pytest

from tests.ui.shelves import add_checkpoint


@pytest.fixture
def two_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shelf with two models, and the app's own shelf for as long as a test takes."""
    monkeypatch.setenv("LATENT_CHECKPOINTS_DIR", str(tmp_path))
    add_checkpoint(tmp_path, "alpha", title="Alpha")
    add_checkpoint(tmp_path, "beta", latent_dim=5, image_shape=(3, 12, 10), seed=1)
    return tmp_path
