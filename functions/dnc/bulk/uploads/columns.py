"""Decides what each column of a file contains, from the file's first rows: pure functions.

The phone column is guessed only if exactly one qualifies. If several do, `ColumnsNeeded` is raised with the candidates,
before anything is written, and the client chooses.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dnc.bulk.uploads import dates, headers, numbers
from dnc.bulk.uploads.errors import FileRefused
from dnc.bulk.uploads.headers import Meaning
from dnc.phone.countries import country

HEADER_WITHIN = 20
"""The header is one of the first rows, up to this many. Rows above it are titles."""
EXPORTED = frozenset(["number", "status", "sources", "last_requested_at", "removal", "version", "request_keys"])
"""A header with all of these names is from an export of this service, so the meaning of `status` is known."""
DATES = ("requested_at", "expires_at", "listed_at")
"""The fields that are dates."""
OF_EXPORTS = ("status", "source", "sources", "last_requested_at", "listed_elsewhere_at")
ADDITIONS = frozenset(["a", "add", "added", "addition", "i", "insert", "new", "+"])
DELETIONS = frozenset(["d", "del", "delete", "deleted", "deletion", "r", "remove", "removed", "-"])
CHANGE_FILE = (
    "This looks like a registry's change file, which mixes additions and deletions. It was not read, because a "
    "deletion must not be mistaken for an addition. Get the registry's full list, and import that."
)
NO_PHONES = "No column looks like phone numbers. Name it 'number' in the first line, and upload the file again."
MAX_CANDIDATES, SAMPLES = 50, 3
_LONGEST_SAMPLE = 60
_SHARE = 0.5
_LEAST_FILLED = 0.3
_DIGITS = re.compile(r"\d")
_STARTS_AS_NUMBER = re.compile(r"\W*(?:[Tt]el\w{0,6}|[Pp]h\w{0,4})?[\W_]*\d")
_PLACEHOLDERS = frozenset("na n/a none null unknown private withheld anonymous - -- ? nil empty no keine aucun".split())  # noqa: SIM905 - words


@dataclass(frozen=True, slots=True)
class Choice:
    """What is known about a file before it is read.

    `region`: of national forms. `columns`: the phone columns that the client chose, by name or by position (from 1).
    `registry`: the file is a registry's list. `importing`: False for a campaign's leads.
    """

    region: str | None = None
    columns: tuple[str, ...] = ()
    registry: bool = False
    importing: bool = True


class ColumnsNeeded(Exception):
    """More than one column qualifies. `candidates`: the ones to choose from. `columns`: all columns of the file."""

    def __init__(self, candidates: list[dict[str, Any]], columns: list[str]) -> None:
        """`candidates`: each is `{"column", "samples"}`."""
        super().__init__("more than one column qualifies")
        self.candidates = candidates
        self.columns = columns


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file, by position from 0.

    `phones`: the columns with numbers. `areas`: by phone column, the column with its area code. `countries`: columns
    with the country, tried in this order. `fields`: the entry's fields. `header`: the header's cells. `data_from`: the
    first row of data. `exported`: the file is an export of this service. `month_first`: the date fields with the month
    first. `unread`: columns that look like phone numbers but are not named so. `every_cell`: each cell is a number.
    """

    phones: tuple[int, ...]
    areas: Mapping[int, int] = field(default_factory=dict)
    countries: tuple[int, ...] = ()
    fields: Mapping[int, str] = field(default_factory=dict)
    header: tuple[str, ...] = ()
    data_from: int = 0
    exported: bool = False
    month_first: frozenset[str] = frozenset()
    unread: tuple[int, ...] = ()
    every_cell: bool = False

    def name(self, position: int) -> str:
        """Return the name of a column: its header, or its position counted from 1."""
        named = self.header[position].strip() if position < len(self.header) else ""
        return named or f"column {position + 1}"

    def written(self, cells: Sequence[str], position: int, in_nanp: bool) -> str:
        """Return the number in a phone column as written, with its area code if that is in another column."""
        number = numbers.cleaned(cells[position]) if position < len(cells) else ""
        area_position = self.areas.get(position)
        if area_position is None or area_position >= len(cells) or not number:
            return number
        return _with_area(numbers.cleaned(cells[area_position]), number, "," if not self.header else " ", in_nanp)


def columns_of(sample: Sequence[Sequence[str]], choice: Choice = Choice()) -> Columns:
    """Decide on the columns of a file by its first rows. Raises FileRefused and ColumnsNeeded."""
    header_at = _header_of(sample, choice)
    table = _Table(sample, header_at, choice)
    if choice.importing:
        _refuse_a_change_file(table)
    if choice.columns:
        return table.columns(table.chosen())
    if table.is_export:
        return table.columns((table.names.index("number"),))
    if header_at is None:
        return _without_header(table)
    phones = table.named() or table.guessed()
    return table.columns(phones)


class _Table:
    """The sample of a file, with its header's meanings."""

    def __init__(self, sample: Sequence[Sequence[str]], header_at: int | None, choice: Choice) -> None:
        self.choice = choice
        self.header = tuple(sample[header_at]) if header_at is not None else ()
        self.data_from = 0 if header_at is None else header_at + 1
        self.rows = sample[self.data_from :]
        self.width = max((len(row) for row in (*self.rows, self.header)), default=0)
        self.meanings = [headers.meaning_of(cell) for cell in self.header]
        self.meanings += [Meaning.UNKNOWN] * (self.width - len(self.meanings))
        self.names = [headers.name_of(cell) for cell in self.header]
        self.is_export = set(self.names) >= EXPORTED
        self.countries = self._countries()
        self.areas = tuple(i for i, meaning in enumerate(self.meanings) if meaning is Meaning.AREA)

    def values(self, position: int) -> list[str]:
        """Return the cells of a column that are not blank."""
        return [row[position].strip() for row in self.rows if position < len(row) and row[position].strip()]

    def looks_like_phones(self, position: int, share: float = _SHARE) -> bool:
        """Return whether more than a share of a column's cells may be phone numbers."""
        return self._fitting(position, numbers.is_possible) > share

    def looks_valid(self, position: int) -> bool:
        """Return whether nearly all of a column's cells are phone numbers in use."""
        return self._fitting(position, numbers.is_valid) > 0.8

    def chosen(self) -> tuple[int, ...]:
        """Return the positions of the columns that the client chose. Raises FileRefused."""
        positions = []
        folded = [cell.strip().casefold() for cell in self.header]
        for column in self.choice.columns:
            wanted = column.strip().casefold()
            if folded.count(wanted) > 1:
                raise FileRefused(
                    "A chosen name belongs to more than one column. Choose the column by its position, counted from 1."
                )
            if wanted in folded:
                positions.append(folded.index(wanted))
            else:
                positions.append(self._at_position(wanted.removeprefix("column ").strip()))
        return tuple(dict.fromkeys(positions))

    def named(self) -> tuple[int, ...]:
        """Return the columns whose headers name phones and whose cells do not contradict their headers."""
        phones = [i for i, meaning in enumerate(self.meanings) if meaning is Meaning.PHONE]
        with_digits = [i for i in phones if any(map(numbers.has_digits, self.values(i)))]
        if with_digits:
            phones = [i for i in phones if i in with_digits or not self.values(i)]
        if len(phones) > 1:
            phones = [i for i in phones if not self.values(i) or not all(map(dates.is_date, self.values(i)))]
        maybe = [i for i, meaning in enumerate(self.meanings) if meaning is Meaning.MAYBE_PHONE]
        maybe = [i for i in maybe if self.looks_like_phones(i) or (phones and not self.values(i))]
        return tuple(sorted([*phones, *maybe]))

    def guessed(self) -> tuple[int, ...]:
        """Return the only column that qualifies. Raises FileRefused and ColumnsNeeded."""
        used = {*self.areas, *self.countries}
        found = [i for i in range(self.width) if i not in used and self.looks_like_phones(i)]
        if not found:
            bare = [i for i, meaning in enumerate(self.meanings) if meaning is Meaning.MAYBE_PHONE]
            if len(bare) == 1 and (self.width == 1 or self.areas):
                return (bare[0],)
            if self.width == 1:
                return (0,)
            raise FileRefused(NO_PHONES)
        unsure = {Meaning.OWN_PHONE, Meaning.IDENTIFIER, Meaning.DATE}
        if len(found) > 1 or self.meanings[found[0]] in unsure:
            raise self.needed(found)
        return (found[0],)

    def needed(self, positions: Sequence[int]) -> ColumnsNeeded:
        """Return the error that asks the client to choose among columns."""
        columns = self.columns(())
        return ColumnsNeeded(self.candidates(positions), [columns.name(i) for i in range(self.width)])

    def candidates(self, positions: Sequence[int]) -> list[dict[str, Any]]:
        """Return columns with a few of their values."""
        named = self.columns(())
        return [
            {"column": named.name(i), "samples": [value[:_LONGEST_SAMPLE] for value in self.values(i)[:SAMPLES]]}
            for i in positions[:MAX_CANDIDATES]
        ]

    def columns(self, phones: tuple[int, ...]) -> Columns:
        """Return all columns, given the phone columns."""
        fields: dict[int, str] = {}
        for i, name in enumerate(self.names):
            field_name = headers.FIELDS.get(name)
            if field_name and i not in phones and i not in self.countries and field_name not in fields.values():
                fields[i] = field_name
        if self.is_export:
            fields |= {self.names.index(name): name for name in OF_EXPORTS if name in self.names}
        month_first = frozenset(
            name
            for i, name in fields.items()
            if name in DATES and dates.month_first(self.values(i), self.choice.region)
        )
        return Columns(
            phones,
            self._areas_of(phones),
            () if self.is_export else self.countries,
            fields,
            self.header,
            self.data_from,
            exported=self.is_export,
            month_first=month_first,
            unread=self._unread(phones, fields) if phones else (),
        )

    def _fitting(self, position: int, fits: Any) -> float:
        rows = [row for row in self.rows if position < len(row) and row[position].strip()]
        if not rows:
            return 0.0
        fitting = sum(
            1
            for row in rows
            if self._is_number(row, position) and fits(self._written(row, position), self._region(row))
        )
        return fitting / len(rows)

    def _is_number(self, row: Sequence[str], position: int) -> bool:
        text = self._written(row, position)
        return _could_be_a_number(text) and not dates.is_date(text)

    def _written(self, row: Sequence[str], position: int) -> str:
        area = next((i for i in self.areas if i < len(row)), None)
        number = numbers.cleaned(row[position])
        return _with_area(row[area], number, " ", True) if area is not None and area != position else number

    def _region(self, row: Sequence[str]) -> str | None:
        for position in self.countries:
            if position < len(row) and row[position].strip():
                return country(row[position], self.choice.region)
        return self.choice.region

    def _countries(self) -> tuple[int, ...]:
        codes = [i for i, meaning in enumerate(self.meanings) if meaning is Meaning.CALLING_CODE]
        named = [i for i, meaning in enumerate(self.meanings) if meaning is Meaning.COUNTRY]
        sure = [i for i in named if "region" not in self.names[i] or self._all_countries(i)]
        return (*[i for i in codes if self._all_countries(i)], *sure)

    def _all_countries(self, position: int) -> bool:
        values = self.values(position)
        return bool(values) and all(country(value, self.choice.region) for value in values)

    def _areas_of(self, phones: Sequence[int]) -> dict[int, int]:
        areas = {}
        for area in self.areas:
            following = [i for i in phones if i > area]
            phone = min(following) if following else (phones[-1] if phones else None)
            if phone is not None and phone not in areas:
                areas[phone] = area
        return areas

    def _unread(self, phones: Sequence[int], fields: Mapping[int, str]) -> tuple[int, ...]:
        unlikely = {Meaning.OWN_PHONE, Meaning.DATE, Meaning.AREA, Meaning.COUNTRY, Meaning.CALLING_CODE}
        if self.choice.importing:  # a scrub looks up identifiers as well
            unlikely.add(Meaning.IDENTIFIER)
        others = [
            i for i in range(self.width) if i not in phones and i not in fields and self.meanings[i] not in unlikely
        ]
        return tuple(i for i in others if self.looks_valid(i))

    def _at_position(self, wanted: str) -> int:
        position = int(wanted) - 1 if wanted.isascii() and wanted.isdecimal() else -1
        if not 0 <= position < self.width:
            raise FileRefused("The file has no column with a chosen name or position. Choose from the columns it has.")
        return position


def _without_header(table: _Table) -> Columns:
    rows = table.rows
    if _is_area_file(rows):
        return Columns(phones=(1,), areas={1: 0})
    found = [i for i in range(table.width) if table.looks_like_phones(i) and _fills(rows, i)]
    widths = {len(row) for row in rows}
    if table.width > 1 and (len(rows) == 1 or len(widths) > 1) and _every_cell_is_a_number(table):
        return Columns(tuple(range(table.width)), every_cell=True)
    if len(found) > 1:
        raise table.needed(found)
    if not found and table.width > 1:
        raise FileRefused(NO_PHONES)
    return table.columns((found[0] if found else 0,))


def _every_cell_is_a_number(table: _Table) -> bool:
    cells = [cell for row in table.rows for cell in row if cell.strip()]
    return all(_could_be_a_number(cell) and numbers.is_possible(cell, table.choice.region) for cell in cells)


def _fills(rows: Sequence[Sequence[str]], position: int) -> bool:
    return sum(1 for row in rows if position < len(row) and _is_filled(row[position])) > _LEAST_FILLED * len(rows)


def _is_filled(cell: str) -> bool:
    return bool(cell.strip()) and cell.strip().casefold() not in _PLACEHOLDERS


def _is_area_file(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the rows are area codes and local numbers, as a registry writes them (`415,5552671`)."""
    two = [row for row in rows if len(row) >= 2]
    if not two or len(two) <= 0.9 * len(rows):
        return False
    fitting = sum(1 for row in two if _is_area(row[0]) and re.fullmatch(r"\d{7}", row[1].strip(), re.ASCII))
    return fitting >= _SHARE * len(two)


def _is_area(cell: str) -> bool:
    return bool(re.fullmatch(r"[2-9]\d{2}", cell.strip(), re.ASCII))


def _with_area(area: str, number: str, between: str, in_nanp: bool) -> str:
    """Return a number with its area code in front, unless it already has one."""
    area, digits = area.strip(), "".join(_DIGITS.findall(number))
    if not area or not digits or number.startswith(("+", "00")):
        return number
    if in_nanp:
        return number if len(digits) >= 10 else f"{area}{between}{number}"
    area_digits = "".join(_DIGITS.findall(area)).lstrip("0")
    whole = digits.startswith("0") or (area_digits and digits.startswith(area_digits) and len(digits) > 8)
    return number if whole else f"{area}{between}{number}"


def _header_of(sample: Sequence[Sequence[str]], choice: Choice) -> int | None:
    """Return which row is the header, or None. The rows above it are titles. A row of data is never a header."""
    width = max((len(row) for row in sample), default=0)
    first_data = next((i for i, row in enumerate(sample) if any(map(_has_a_number, row))), len(sample))
    above = sample[: min(first_data, HEADER_WITHIN)]
    chosen = {column.strip().casefold() for column in choice.columns}
    maybe = None
    for i, row in enumerate(above):
        if chosen & {cell.strip().casefold() for cell in row}:
            return i
        cells = [cell for cell in row if cell.strip()]
        if len(cells) < min(2, width) and not _is_only_header(row, sample[first_data : first_data + 1]):
            continue
        meanings = {headers.meaning_of(cell) for cell in cells}
        if Meaning.PHONE in meanings or (Meaning.AREA in meanings and len(cells) > 1):
            return i
        if maybe is None and Meaning.MAYBE_PHONE in meanings:
            maybe = i
    if maybe is not None:
        return maybe
    return _header_by_appearance(sample, above, width)


def _is_only_header(row: Sequence[str], data: Sequence[Sequence[str]]) -> bool:
    """Return whether a row with one filled cell is the header of a phone column rather than a title."""
    position = next((i for i, cell in enumerate(row) if cell.strip()), len(row))
    named = any(headers.meaning_of(cell) is Meaning.PHONE for cell in row)
    return named and all(position < len(cells) and _has_a_number(cells[position]) for cells in data)


def _header_by_appearance(sample: Sequence[Sequence[str]], above: Sequence[Sequence[str]], width: int) -> int | None:
    """Return the row just above the data if it looks like a header rather than data, or None."""
    if width < 2:
        return 0 if above and headers.is_known(above[0][0]) else None
    if not above:
        return None
    at = len(above) - 1 if len(above) < len(sample) else 0
    cells = [cell.strip() for cell in above[at]]
    if sum(1 for cell in cells if cell) < max(2, width - 1):
        return None
    if any(headers.is_known(cell) for cell in cells if cell):
        return at
    below = sample[at + 1] if at + 1 < len(sample) else ()
    positions = [i for i, cell in enumerate(below) if _has_a_number(cell)]
    above_numbers = [cells[i] for i in positions if i < len(cells)]
    names = [cell for cell in above_numbers if cell and cell.casefold() not in _PLACEHOLDERS]
    have_letters = all(any(c.isalpha() for c in cell) for cell in cells if cell)
    return at if len(names) == len(positions) and have_letters else None


def _has_a_number(cell: str) -> bool:
    return _could_be_a_number(numbers.cleaned(cell)) and not dates.is_date(cell)


def _could_be_a_number(cell: str) -> bool:
    digits = sum(c.isdecimal() for c in cell)
    if not _STARTS_AS_NUMBER.match(cell):
        return False
    return digits >= 5 and digits >= 0.4 * len(cell) and sum(c.isalpha() for c in cell) <= 4


def _refuse_a_change_file(table: _Table) -> None:
    """Raise FileRefused for a registry's change file, which is recognized by its whole layout."""
    for i in range(table.width):
        values = {value.lower() for value in table.values(i)}
        if not values or not values <= ADDITIONS | DELETIONS:
            continue
        if i < len(table.names):
            if table.names[i] in headers.CHANGE_NAMES:
                raise FileRefused(CHANGE_FILE)
        elif table.choice.registry or (values & ADDITIONS and values & DELETIONS):
            _refuse_if_only_numbers(table, i)


def _refuse_if_only_numbers(table: _Table, flags: int) -> None:
    """Raise FileRefused if all cells besides the flags are numbers, parts of numbers, or dates."""
    others = [value for i in range(table.width) if i != flags for value in table.values(i)]
    if all(value.isdecimal() or _has_a_number(value) or dates.is_date(value) for value in others):
        raise FileRefused(CHANGE_FILE)
