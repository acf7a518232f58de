import shutil
import subprocess
from pathlib import Path

import pytest

from ui.live.bundle import BundleError, bundle

JS = Path(__file__).parents[2] / "ui" / "live" / "js"


def write(folder, **modules):
    for name, source in modules.items():
        (folder / f"{name}.js").write_text(source, encoding="utf-8")
    return folder / "main.js"


def test_modules_come_once_each_after_what_they_import(tmp_path):
    entry = write(
        tmp_path,
        main='import { a } from "./a.js";\nimport { b } from "./b.js";\nexport default a;\n',
        a='import { b } from "./b.js";\nexport const a = b + 1;\n',
        b="export const b = 1;\n",
    )
    script = bundle(entry)
    assert "import" not in script
    assert script.index("const b = 1") < script.index("const a = b + 1")
    assert script.count("const b") == 1
    assert "export default a" in script
    assert script.count("export") == 1


ENTRIES = ("explorer.js", "grid.js", "map.js", "morph.js", "shelf.js", "twin.js")


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ({"main": 'import a from "./a.js";\n', "a": ""}, "not one line"),
        ({"main": 'import {\n  a,\n} from "./a.js";\n', "a": ""}, "not one line"),
        ({"main": 'import { a } from "./a.js";\n', "a": "export default 1;\n"}, "only the entry"),
        (
            {"main": 'import { a } from "./a.js";\nconst x = 1;\n', "a": "function x() {}\n"},
            "x is declared in a.js and in main.js",
        ),
    ],
)
def test_what_leaves_the_dialect_is_refused(tmp_path, modules, message):
    with pytest.raises(BundleError, match=message):
        bundle(write(tmp_path, **modules))


@pytest.mark.parametrize("entry", ENTRIES)
def test_each_component_is_one_sound_module(entry, tmp_path):
    script = bundle(JS / entry)
    assert script.count("export default function") == 1
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    module = tmp_path / "bundle.mjs"
    module.write_text(script, encoding="utf-8")
    subprocess.run(["node", "--check", str(module)], check=True)


def test_every_module_is_in_a_bundle():
    scripts = "".join(bundle(JS / entry) for entry in ENTRIES)
    for path in JS.glob("*.js"):
        assert f"// {path.name}\n" in scripts
