"""Join the components' ES modules into one inline script.

Inline JavaScript of a component runs from a blob: address, where relative imports cannot work,
and serving files would need routes that some hosts do not give. So the modules are joined when
a component is registered. The price is a small dialect, checked here:

- an import is one line, ``import { a, b } from "./file.js";``, with no renaming;
- only the entry has a default export, others export by a prefix, ``export function a``;
- no two modules declare the same name at the top level.
"""

from __future__ import annotations

__all__ = ["BundleError", "bundle"]

import re
from pathlib import Path

IMPORT = re.compile(r'^import \{[^}\n]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?!default\b)", re.MULTILINE)
DECLARATION = re.compile(r"^(?:async )?(?:function\*?|class|const|let|var) +(\w+)", re.MULTILINE)


class BundleError(ValueError):
    """A module leaves the dialect."""


def bundle(entry: Path) -> str:
    """Return the entry module and all it imports, each once, as one script.

    Raises:
        BundleError: if a module uses what this joining does not understand.
    """
    sources: dict[Path, str] = {}
    _collect(entry.resolve(), sources)
    parts, owners = [], {}
    for path, source in sources.items():
        body = EXPORT.sub("", IMPORT.sub("", source))
        if re.search(r"^\s*import\b", body, re.MULTILINE):
            raise BundleError(f"{path.name}: an import is not one line in the agreed form")
        if "export default" in body and path != entry.resolve():
            raise BundleError(f"{path.name}: only the entry has a default export")
        for name in DECLARATION.findall(body):
            if name in owners:
                raise BundleError(f"{name} is declared in {owners[name]} and in {path.name}")
            owners[name] = path.name
        parts.append(f"// {path.name}\n{body}")
    return "\n".join(parts)


def _collect(path: Path, sources: dict[Path, str]) -> None:
    """Add a module after those it imports."""
    if path in sources:
        return
    source = path.read_text(encoding="utf-8")
    for name in IMPORT.findall(source):
        _collect(path.parent / name, sources)
    sources[path] = source
