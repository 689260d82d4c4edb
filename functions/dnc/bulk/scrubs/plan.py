"""The plan of a scrub: the campaign's file, read once, as pieces of its own rows in S3, in its order.

A piece holds each row's text as it was written and the number in it. Where rows are shorter than the header they are
filled up, so that the column that is added stands in its place.
"""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from dnc.bulk.files import JobFiles
from dnc.bulk.uploads.columns import columns_of
from dnc.bulk.uploads.parse import Row, Rows, encoding_of, text_of
from dnc.bulk.uploads.source import HEAD, FileRefused, Limits, open_files

PLAN = "plan.json"
STATUS_COLUMN = "dnc_status"
ROWS_A_PIECE = 20_000
CHARACTERS_A_PIECE = 8 * 1024**2
MOST_ROWS = 50_000_000
_SAMPLE = 100
_MARK = b"\xef\xbb\xbf"


def piece_name(number: int) -> str:
    """Give the name of a piece's file."""
    return f"pieces/{number:06}.json"


@dataclass(slots=True)
class ScrubPlan:
    """What was read. `header`: the first line of each result, with the added column, or ""; `end`: its line end."""

    pieces: list[dict[str, int]] = field(default_factory=list)
    rows: int = 0
    separator: str = ","
    end: str = "\r\n"
    header: str = ""
    mark: bool = False

    def head(self) -> bytes:
        """Give what every result begins with."""
        return (_MARK if self.mark else b"") + encoded(self.header)

    def told(self) -> dict[str, Any]:
        """Give what the workers need to know of it."""
        return {"separator": self.separator, "end": self.end, "header": self.header, "mark": self.mark}


def encoded(text: str) -> bytes:
    """Give text as it is written to a result: UTF-8, and what was no UTF-8 in the upload byte by byte as it was."""
    return text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the number stands, from 0, how many cells a row has at least, and whether the first row is a header."""

    number: int
    width: int
    header: bool


def make(
    files: JobFiles,
    stream: io.RawIOBase,
    size: int,
    filename: str,
    column: str | None,
    *,
    still_time: Callable[[], bool] = lambda: True,
    rows_a_piece: int = ROWS_A_PIECE,
    limits: Limits | None = None,
) -> ScrubPlan:
    """Read a file and write its pieces. `column`: the name of the number's column or its place from 1, or None.

    Raises FileRefused, and then there is no plan.
    """
    plan = ScrubPlan()
    for i, (_, opened) in enumerate(open_files(stream, size, filename, limits or Limits())):
        if i:
            raise FileRefused("The archive holds more than one file. Scrub one campaign at a time.")
        plan.mark = encoding_of(opened.peek(HEAD)[:HEAD]) != "utf-8"
        _read(files, Rows(text_of(opened)), column, plan, rows_a_piece, still_time)
    if not plan.rows:
        raise FileRefused("The file has no rows of leads, only a header or blank lines.")
    files.put(PLAN, json.dumps(plan.pieces).encode())
    return plan


def _read(
    files: JobFiles, rows: Rows, column: str | None, plan: ScrubPlan, rows_a_piece: int, still_time: Callable[[], bool]
) -> None:
    plan.separator = rows.separator or ","
    reading = iter(rows)
    sample = [row for _, row in zip(range(_SAMPLE), reading, strict=False)]
    readable = [row for row in sample if row.problem is None]
    if not readable:
        raise FileRefused("No line of the file can be read as a row of leads.")
    layout = _layout([row.cells for row in readable], column)
    plan.end = _line_end(readable[0].text)
    if layout.header:
        plan.header = _bare(readable[0].text) + plan.separator + STATUS_COLUMN + plan.end
        sample.remove(readable[0])
    writer = _LeadPieces(files, plan, rows_a_piece)
    for part in (iter(sample), reading):
        for row in part:
            writer.add(*_lead(row, layout, plan.separator))
            if not writer.rows % 10_000 and not still_time():
                raise FileRefused("The file takes too long to read. Scrub it in parts.")
            if writer.rows > MOST_ROWS:
                raise FileRefused(f"The file has more than {MOST_ROWS:,} rows. Scrub it in parts.")
    writer.flush()


def _layout(sample: list[list[str]], column: str | None) -> _Layout:
    if column is None:
        told = columns_of(sample)
        number, header = told.number, told.header
    elif column.isascii() and column.isdecimal() and column not in sample[0]:
        number, header = int(column) - 1, False
        if not 0 <= number < max(len(cells) for cells in sample):
            raise FileRefused(f"There is no column {int(column)}: the rows have fewer. Make another scrub.")
        header = _no_number(sample[0], number) and not all(_no_number(cells, number) for cells in sample[1:])
    else:
        names = [cell.strip().casefold() for cell in sample[0]]
        if names.count(column.strip().casefold()) != 1:
            how = "no" if column.strip().casefold() not in names else "more than one"
            raise FileRefused(
                f"There is {how} column of the name that was given as 'column' in the first line. Make another scrub."
            )
        number, header = names.index(column.strip().casefold()), True
    return _Layout(number, len(sample[0]) if header else 0, header)


def _no_number(cells: list[str], place: int) -> bool:
    return place >= len(cells) or sum(c.isdecimal() for c in cells[place]) < 5


def _lead(row: Row, layout: _Layout, separator: str) -> tuple[str, str]:
    """Give a row's text, without its line end, and the number as it was written; "" when the row cannot be read."""
    text = _bare(row.text)
    missing = layout.width - len(row.cells)
    if missing > 0 and row.problem is None:
        text += separator * missing
    number = row.cells[layout.number] if row.problem is None and layout.number < len(row.cells) else ""
    return text, number


def _bare(text: str) -> str:
    return text.rstrip("\r\n")


def _line_end(text: str) -> str:
    return text[len(_bare(text)) :][:2] or "\r\n"


class _LeadPieces:
    """Writes rows to pieces, in order."""

    def __init__(self, files: JobFiles, plan: ScrubPlan, rows_a_piece: int) -> None:
        self._files = files
        self._plan = plan
        self._most = rows_a_piece
        self._texts: list[str] = []
        self._numbers: list[str] = []
        self._size = 0
        self.rows = 0

    def add(self, text: str, number: str) -> None:
        self._texts.append(text)
        self._numbers.append(number)
        self._size += len(text)
        self.rows += 1
        if len(self._texts) >= self._most or self._size >= CHARACTERS_A_PIECE:
            self.flush()

    def flush(self) -> None:
        if self._texts:
            number = len(self._plan.pieces) + 1
            self._files.put(piece_name(number), json.dumps([self._numbers, self._texts]).encode())
            self._plan.pieces.append({"piece": number, "rows": len(self._texts)})
            self._plan.rows += len(self._texts)
        self._texts, self._numbers, self._size = [], [], 0


def leads(files: JobFiles, piece: int) -> Iterator[tuple[str, str]]:
    """Give the leads of a piece, in order: the number as it was written, and the row's text."""
    body = files.read(piece_name(piece))
    if body is None:
        raise LookupError("a piece of the file is not there")
    numbers, texts = json.loads(body)
    return zip(numbers, texts, strict=True)
