"""The one error of this package, and how it prints names that other people chose."""

from __future__ import annotations

__all__ = ["DataError", "safe_label"]


class DataError(ValueError):
    """Data that cannot be used: one plain line with what was given, what is allowed, what to do."""


def safe_label(text: object, limit: int = 60) -> str:
    """Return a file's or a class's name fit for one line of plain text.

    Whatever does not print (control characters, text direction marks, broken encodings) becomes
    a question mark, and a long name is cut. It is still plain text: never markdown, never HTML.

    Example:
        >>> safe_label("holiday" + chr(0) + chr(0x202E) + "gnp.exe")
        'holiday??gnp.exe'
    """
    label = "".join(letter if letter.isprintable() else "?" for letter in str(text)).strip()
    return label if len(label) <= limit else label[: limit - 3] + "..."
