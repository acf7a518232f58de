"""What README.md says is true: pages, checkpoints and their figures."""

from pathlib import Path

import pytest

from vae.checkpoints import load_metrics
from vae.shelf import read_shelf

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHIPPED = read_shelf(ROOT / "checkpoints")


def rows(heading: str) -> dict[str, list[str]]:
    """The cells of a section's table by their first cell."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_every_page_has_a_row_and_every_row_a_page():
    pages = {path.stem for path in (ROOT / "pages").glob("*.py")}
    assert {name.lower() for name in rows("What you can do")} == pages


def test_every_shipped_checkpoint_is_usable_and_listed():
    assert SHIPPED and all(entry.ok for entry in SHIPPED), [entry.reason for entry in SHIPPED]
    assert set(rows("Models on the shelf")) == {entry.name for entry in SHIPPED}


@pytest.mark.parametrize("entry", SHIPPED, ids=lambda entry: entry.name)
def test_the_table_shows_the_figures_of_metrics_json(entry):
    metrics = load_metrics(entry.card)
    figures = {figure["name"]: figure for figure in metrics["figures"]}
    value = {name: figure["value"] for name, figure in figures.items()}
    number = lambda x, digits: "none" if x is None else f"{x:.{digits}f}"  # noqa: E731
    total = None if value["kl"] is None else -value["elbo"]
    assert rows("Models on the shelf")[entry.name] == [
        f"`{entry.card.data['name']}`",
        str(entry.card.model.latent_dim),
        f"{figures['mse']['n']:,}",
        number(value["reconstruction_nll"], 1),
        number(value["reconstruction_nll_at_mean"], 1),
        number(value["kl"], 1),
        number(total, 1),
        str(value["active_units"]),
        f"{value['psnr']:.1f} dB",
    ]


@pytest.mark.parametrize("entry", SHIPPED, ids=lambda entry: entry.name)
def test_a_shipped_checkpoint_names_its_command_and_no_machine(entry):
    command = entry.card.training["command"]
    assert (
        command.startswith("python -m vae train") and f"--out checkpoints/{entry.name}" in command
    )
    assert command in (entry.path / "README.md").read_text(encoding="utf-8")


def test_folders_named_in_the_tree_exist():
    for name in rows("How it works"):
        assert (ROOT / name).exists(), name
