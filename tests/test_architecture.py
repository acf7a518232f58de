"""Imports go one way: pages -> ui -> vae -> torch, scikit-learn, numpy."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    path
    for folder in ("vae", "ui", "pages")
    for path in (ROOT / folder).rglob("*.py")
    if "node_modules" not in path.parts
)
# What a layer may not import, by the first part of the module's dotted name.
FORBIDDEN = {
    "vae": {"streamlit", "plotly", "ui", "pages", "app"},
    "ui": {"pages", "app"},
    "pages": {"app", "torch", "sklearn"},
}
# Inside the library, an earlier layer knows nothing of a later one.
LAYERS = ["distributions", "models", "objectives", "training"]


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports from the root"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def in_package(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_import_goes_backwards(path):
    layer = path.relative_to(ROOT).parts[0]
    found = {name for name in imported(path) if name.split(".")[0] in FORBIDDEN[layer]}
    assert not found


@pytest.mark.parametrize("number", range(len(LAYERS)))
def test_the_mathematics_is_layered(number):
    names = imported(ROOT / "vae" / f"{LAYERS[number]}.py")
    for later in LAYERS[number + 1 :]:
        assert not any(in_package(name, f"vae.{later}") for name in names)


def test_data_know_no_model():
    for path in (ROOT / "vae" / "data").glob("*.py"):
        outside = {n for n in imported(path) if in_package(n, "vae")}
        known = ("vae.data", "vae.storage")  # writing files knows no model either
        assert all(any(in_package(name, k) for k in known) for name in outside), path


def test_charts_see_arrays_only():
    names = imported(ROOT / "ui" / "charts.py")
    assert not any(in_package(name, "streamlit") or in_package(name, "vae") for name in names)


def test_only_one_module_caches():
    for path in (ROOT / "ui").rglob("*.py"):
        if path.name != "cache.py":
            assert "st.cache_" not in path.read_text(encoding="utf-8"), path


def test_the_check_can_fail(tmp_path):
    (tmp_path / "bad.py").write_text("from streamlit import cache_data\nimport plotly.express\n")
    assert {name.split(".")[0] for name in imported(tmp_path / "bad.py")} == {"streamlit", "plotly"}


def test_pages_start_without_scikit_learn():
    """Importing it takes a second, which the first visitor would wait for."""
    program = (
        "import sys, ui.controls, ui.interpolation, ui.panels; print('sklearn' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "False"
