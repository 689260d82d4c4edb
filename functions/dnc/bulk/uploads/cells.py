"""The cells of this service's CSV files: escaped when an export writes them, unescaped when an import reads them.

A spreadsheet runs a cell that begins with a formula character, and some programs first split a cell at another
separator or at a line break. Such a character is prefixed with an apostrophe. So is an apostrophe in the same place, so
that nothing is lost. Plain numbers, including E.164, stay unchanged.
"""

import re

SEPARATOR = ";"
"""The separator between the sources of an entry, which are one cell in CSV."""
_FORMULA = "=+\\-@＝＋－＠"  # noqa: RUF001 - spreadsheets accept the full-width ones as well
_AT_START = re.compile(rf"[{_FORMULA}\t\r\n']")
_INSIDE = re.compile(rf"(?<=[;\t|\r\n])(?='*[{_FORMULA}])")
_ESCAPED_INSIDE = re.compile(rf"(?<=[;\t|\r\n])'(?='*[{_FORMULA}])")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


def escaped(cell: str) -> str:
    """Return a cell in which no spreadsheet finds a formula."""
    # Most cells begin with a letter or a digit and have no separator, so they need only these tests.
    may_split = ";" in cell or "|" in cell or "\t" in cell or "\n" in cell or "\r" in cell
    inside = _INSIDE.sub("'", cell) if may_split else cell
    if cell[:1].isalnum() or not _AT_START.match(cell) or _PLAIN_NUMBER.fullmatch(cell):
        return inside
    return f"'{inside}"


def unescaped(cell: str) -> str:
    """Return the text that `escaped` was called with."""
    if "'" not in cell:
        return cell
    inside = cell[1:] if len(cell) > 1 and cell[0] == "'" and _AT_START.match(cell, 1) else cell
    return _ESCAPED_INSIDE.sub("", inside)
