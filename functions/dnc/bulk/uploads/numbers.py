"""Reads the numbers in a cell, one or several, each with all its readings.

Imports and scrubs both use this module, so a cell means the same to both.
"""

import re
from typing import NamedTuple

from dnc.phone import reader as phone
from dnc.phone.forms import Readings

MIN_DIGITS = 7
_SEPARATORS = re.compile(
    r"[;,/|\n\r\t&]+|\s:::\s|\s+(?:or|and|oder|und|ou|et|o|y|e|of|en|eller|og|och)\s+", re.IGNORECASE
)
_LABEL = re.compile(r"^[^\W\d_][^\d:+(]{0,30}:\s*(?=[+(\d])")
_SPACES = re.compile(r"\s+")
_MAX_DIGITS = 15
_TEXT_FORMULA = re.compile(r'="([^"]*)"|=(\+?\d[\d ().-]*)')
_AREA_AND_NUMBER = re.compile(r"\s*(\d{3}),(\d{7})\s*", re.ASCII)
SEVERAL = "one of several numbers in its cell"


class CellNumber(NamedTuple):
    """One number in a cell.

    `listed_as`: the numbers (E.164) that an import lists; the first is the others' `reading_of`. `lookups`: all numbers
    that a check looks up, including older forms. `why`: why it cannot be called, or "". `warnings`: remarks on it.
    """

    written: str
    listed_as: tuple[str, ...]
    lookups: tuple[str, ...]
    why: str
    warnings: tuple[str, ...]


def cleaned(cell: str) -> str:
    """Return a cell without the marks by which spreadsheets keep text as text: `="0123"`, a leading apostrophe."""
    text = cell.strip()
    if text[:1] == "=":
        match = _TEXT_FORMULA.fullmatch(text)
        text = (match[1] or match[2] or "").strip() if match else text
    return text[1:].lstrip() if text[:1] in {"'", "\u2019"} else text


def has_digits(cell: str) -> bool:
    """Return whether a cell has a digit. A phone cell without one counts as empty."""
    return any(c.isdecimal() for c in cell)


def is_short(cell: str) -> bool:
    """Return whether a cell is too short for two numbers, and not a pair of area code and number."""
    return len(cell) <= 2 * MIN_DIGITS and "," not in cell


def parts(cell: str, region: str | None) -> list[str]:
    """Split a cell into its written numbers. A cell that cannot be several numbers stays whole."""
    if is_short(cell) or _AREA_AND_NUMBER.fullmatch(cell):
        return [cell]
    found = phone.split_cell(cell, region)
    if len(found) > 1:
        return found
    loose = _separated(cell)
    return loose if len(loose) > 1 and not phone.classify(cell, region).numbers else [cell]


def _separated(cell: str) -> list[str]:
    """Split a cell that has too many digits for one number at labels, words and spaces."""
    if sum(c.isdecimal() for c in cell) < 2 * MIN_DIGITS:
        return [cell]
    for separators in (_SEPARATORS, _SPACES):
        found = [part for part in (_LABEL.sub("", p.strip()) for p in separators.split(cell)) if part]
        enough = all(sum(c.isdecimal() for c in part) >= MIN_DIGITS for part in found)
        if len(found) > 1 and enough and (separators is _SEPARATORS or _is_too_long(cell)):
            return found
    return [cell]


def numbers_in(cell: str, region: str | None) -> list[CellNumber]:
    """Return the numbers in a cell. `region`: ISO 3166-1 alpha-2 of national forms."""
    found = parts(cell, region)
    if len(found) == 1:
        return [read_one(cell, region)]
    several = [read_one(part, region) for part in found]
    return [number._replace(warnings=(SEVERAL, *number.warnings)) for number in several]


def read_one(written: str, region: str | None) -> CellNumber:
    """Read a text that contains one number."""
    area = _AREA_AND_NUMBER.fullmatch(written)
    readings = phone.classify(f"{area[1]} {area[2]}" if area else written, region)
    if not readings.lookups and (bare := _LABEL.sub("", written.strip())) != written.strip():
        readings = phone.classify(bare, region)
    return of_readings(written, readings)


def of_readings(written: str, readings: Readings) -> CellNumber:
    """Return a number that `phone.classify` has read."""
    return CellNumber(written, readings.numbers, readings.lookups, readings.why, readings.warnings)


def is_possible(cell: str, region: str | None) -> bool:
    """Return whether a cell contains only possible numbers, of a length that their country has."""
    return all(number.listed_as for number in numbers_in(cleaned(cell), region))


def is_valid(cell: str, region: str | None) -> bool:
    """Return whether a cell contains only numbers from ranges that are in use."""
    return all(number.listed_as and not number.why for number in numbers_in(cleaned(cell), region))


def _is_too_long(cell: str) -> bool:
    return sum(c.isdecimal() for c in cell) > _MAX_DIGITS
