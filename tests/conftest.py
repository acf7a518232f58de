"""Fixtures: the folder of real data, and a shelf of checkpoints trained on images of bars."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import bars, tiny_recipe

from vae.recipe import make_checkpoint

SAID = "said"
SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and strangers' checkpoints beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("needs ../shared beside the checkout (real data and strangers' checkpoints)")
    return SHARED


@pytest.fixture
def say(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say a measured number at the end of the run, whichever process measured it."""
    return lambda text: record_property(SAID, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            if name == SAID:
                terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def bars_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bars as an npz of images."""
    path = tmp_path_factory.mktemp("data") / "bars.npz"
    images = bars(256)
    np.savez(path, images=images.pixels[:, 0], labels=images.labels)
    return path


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory, bars_file: Path) -> Path:
    """A shelf with a VAE and an autoencoder, both trained."""
    folder = tmp_path_factory.mktemp("shelf")
    make_checkpoint(tiny_recipe(bars_file), folder / "bars-3d")
    make_checkpoint(tiny_recipe(bars_file, kind="autoencoder"), folder / "bars-3d-autoencoder")
    return folder


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
