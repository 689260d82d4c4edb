"""The cells of this service's CSV files: escaped when an export writes them, unescaped when an import reads them.

A spreadsheet runs a cell that begins with a formula character. Such a cell is written with an apostrophe before it, and
so is one that begins with an apostrophe, so nothing is lost. Plain numbers, E.164 among them, are left as they are.
"""

import re

SEPARATOR = ";"
"""Between the sources of an entry, which are one cell in CSV."""
_FORMULA = re.compile(r"[=+\-@\t\r\n'＝＋－＠]")  # noqa: RUF001 - spreadsheets take the full-width ones too
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


def escaped(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    # Most cells begin with a letter or a digit and are done after the first test.
    if cell[:1].isalnum() or not _FORMULA.match(cell) or _PLAIN_NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


def unescaped(cell: str) -> str:
    """Return what `escaped` was called with."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and _FORMULA.match(cell, 1) else cell
