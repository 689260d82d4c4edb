"""The only reader of uploaded files, so an import and a scrub of the same bytes see the same rows and numbers.

Every file is read as a stream. Its first rows decide what the columns are. Then each row yields its numbers as written,
its country, and the fields of an entry.
"""

import io
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice

from dnc.bulk.uploads import dates, numbers
from dnc.bulk.uploads.cells import unescaped
from dnc.bulk.uploads.columns import DATES, Choice, Columns, columns_of
from dnc.bulk.uploads.parse import Row, Rows, is_converted, text_of
from dnc.phone.nanp import PLAN_REGIONS

SAMPLE = 200
TOO_MANY_CELLS = "has more cells than the header: its columns are shifted"
PLUS_LOST = (
    "A spreadsheet dropped the plus from the numbers of this export, so they were read as E.164. "
    "Import exports as they were downloaded."
)
ZEROS_LOST = "a number from a spreadsheet, which drops leading zeros: one may have been lost"
REMARK = "remark"
"""The field with a remark on how a row was read."""
COUNTRY = "region"
"""The field with a row's country, as written."""
_NANP = frozenset(PLAN_REGIONS.split())


type Numbers = str | list[tuple[int, str]]
"""The numbers of a row as written: the text of the only phone column, or each with its column's position."""
type Lead = tuple[Row, Numbers, dict[str, str], str | None]
"""A row, its numbers, its fields as written, and why it cannot be read, or None.

It is a plain tuple because files have millions of rows.
"""


class FileReader:
    """The rows of one file. `columns` and `separator` are known before the first row is read."""

    def __init__(
        self, opened: io.BufferedReader, choice: Choice, still_time: Callable[[], bool] = lambda: True
    ) -> None:
        """Decide what the columns are. Raises FileRefused and ColumnsNeeded. `still_time`: as in `Rows`."""
        self.rows = Rows(text_of(opened), still_time)
        self.separator = self.rows.separator
        reading = iter(self.rows)
        self.sample = list(islice(reading, SAMPLE))
        readable = [row.cells for row in self.sample if row.problem is None]
        self.columns = columns_of(readable, choice) if readable else Columns((0,))
        self._rest = reading
        self._in_nanp = choice.region in _NANP
        self._may_lose_zeros = choice.importing and not self._in_nanp and is_converted(opened)
        self._fields = tuple(self.columns.fields.items()) if choice.importing else ()
        self.readable = bool(readable)
        self.plus_lost = False
        self.has_one_phone = len(self.columns.phones) == 1 and not self.columns.every_cell
        self.header_row = self._header_row()

    def __iter__(self) -> Iterator[Lead]:
        """Yield each row of data."""
        rows = chain(self._sampled(), self._rest)
        special = self.columns.areas or self.columns.countries or self.columns.exported or self._may_lose_zeros
        if self.has_one_phone and not special:
            return self._plain(rows, self.columns.phones[0])
        return map(self.read, rows)

    @property
    def first(self) -> Row:
        """Return the first row that can be read, which is the header if there is one."""
        return next(row for row in self.sample if row.problem is None)

    def notes(self) -> list[str]:
        """Return sentences about the whole file. For an export, they are complete only after its rows were read."""
        columns, notes = self.columns, []
        if len(columns.phones) > 1 and not columns.every_cell:
            names = ", ".join(columns.name(position) for position in columns.phones)
            notes.append(f"The numbers of {len(columns.phones)} columns were read: {names}.")
        if columns.unread:
            names = ", ".join(columns.name(position) for position in columns.unread)
            notes.append(f"Other columns look like phone numbers, but are not named so: {names}.")
        if self.plus_lost:
            notes.append(PLUS_LOST)
        return notes

    def read(self, row: Row) -> Lead:
        """Read a row of data."""
        if row.problem is not None:
            return row, "", {}, row.problem
        cells, columns = row.cells, self.columns
        if columns.header and len(cells) > len(columns.header) and any(map(str.strip, cells[len(columns.header) :])):
            return row, "", {}, TOO_MANY_CELLS
        fields = self._read_fields(cells)
        if columns.countries:
            country = next((cells[i].strip() for i in columns.countries if i < len(cells) and cells[i].strip()), "")
            if country:
                fields[COUNTRY] = country
        found = self._numbers(cells)
        if self._may_lose_zeros and _is_bare(found):
            fields[REMARK] = ZEROS_LOST
        return row, found, fields, None

    def _plain(self, rows: Iterable[Row], position: int) -> Iterator[Lead]:
        """Read rows with one phone column and no area codes or countries, as `read` does."""
        width = len(self.columns.header) or sys.maxsize
        has_fields, read_fields = bool(self._fields), self._read_fields
        for row in rows:
            _, cells, _, problem = row
            if problem is not None or len(cells) > width:
                yield self.read(row)
                continue
            text = cells[position] if position < len(cells) else ""
            if text[:1] in _MARKED:
                text = numbers.cleaned(text)
            yield row, text, read_fields(cells) if has_fields else {}, None

    def _read_fields(self, cells: Sequence[str]) -> dict[str, str]:
        count = len(cells)
        fields = {name: text for i, name in self._fields if i < count and (text := cells[i].strip())}
        if self.columns.exported:
            return {name: unescaped(value) for name, value in fields.items()}
        for name in DATES:
            if name in fields:
                fields[name] = dates.normalized(fields[name], month_is_first=name in self.columns.month_first)
        return fields

    def _numbers(self, cells: Sequence[str]) -> Numbers:
        """Return the numbers of a row. A cell without a digit counts as empty, unless the row has no other."""
        columns = self.columns
        positions = range(len(cells)) if columns.every_cell else columns.phones
        found = [(position, columns.written(cells, position, self._in_nanp)) for position in positions]
        if columns.exported:
            self.plus_lost = self.plus_lost or any(text[:1].isdecimal() for _, text in found)
            found = [(position, _as_e164(text)) for position, text in found]
        if self.has_one_phone:
            return found[0][1]
        filled = [number for number in found if numbers.has_digits(number[1])]
        return filled or [next((number for number in found if number[1].strip()), found[0])]

    def _sampled(self) -> list[Row]:
        """Return the sample's rows of data, below the header."""
        readable = 0
        for i, row in enumerate(self.sample):
            if readable == self.columns.data_from:
                return self.sample[i:]
            readable += row.problem is None
        return []

    def _header_row(self) -> Row | None:
        if not self.columns.header:
            return None
        readable = (row for row in self.sample if row.problem is None)
        return next(islice(readable, self.columns.data_from - 1, None), None)


def _is_bare(found: Numbers) -> bool:
    """Return whether a number is only digits without a leading zero, as spreadsheets leave them."""
    texts = [found] if isinstance(found, str) else [text for _, text in found]
    return any(text.isdecimal() and text[0] != "0" for text in texts)


_MARKED = frozenset("='\u2019 ")


def _as_e164(text: str) -> str:
    """Return the E.164 of a number in an export, whose plus a spreadsheet may have dropped."""
    return f"+{text}" if text[:1].isdecimal() else text
