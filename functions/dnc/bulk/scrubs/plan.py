"""Plans a scrub: reads the campaign's file once and writes its rows to S3 as pieces, in order.

A piece has the exact text of each row, and the row's numbers. Rows that are shorter than the header are padded, so that
the cell of the added column lines up with its header.
"""

import io
import json
from collections.abc import Callable
from typing import Any

from dnc.bulk.files import JobFiles
from dnc.bulk.scrubs.leads import PLAN, STATUS_COLUMN, LeadNumbers, ScrubPlan, piece_name
from dnc.bulk.uploads.columns import Choice
from dnc.bulk.uploads.errors import FileRefused
from dnc.bulk.uploads.parse import HEAD, encoding_of
from dnc.bulk.uploads.reader import COUNTRY, FileReader, Lead
from dnc.bulk.uploads.source import Limits, open_files

ROWS_PER_PIECE = 20_000
CHARACTERS_PER_PIECE = 8 * 1024**2
MAX_ROWS = 50_000_000


def make(
    files: JobFiles,
    stream: io.RawIOBase,
    size: int,
    filename: str,
    choice: Choice,
    *,
    still_time: Callable[[], bool] = lambda: True,
    rows_per_piece: int = ROWS_PER_PIECE,
    limits: Limits | None = None,
) -> ScrubPlan:
    """Read a file and write its pieces. Raises FileRefused and ColumnsNeeded, and then writes no plan."""
    plan = ScrubPlan()
    for i, (_, opened) in enumerate(open_files(stream, size, filename, limits or Limits())):
        if i:
            raise FileRefused("The archive has more than one file. Scrub one campaign at a time.")
        plan.mark = encoding_of(opened.peek(HEAD)[:HEAD]) != "utf-8"
        _read(files, FileReader(opened, choice, still_time), plan, rows_per_piece)
    if not plan.rows:
        raise FileRefused("The file has no rows of leads, only a header or blank lines.")
    files.put(PLAN, json.dumps(plan.pieces).encode())
    return plan


def _read(files: JobFiles, reader: FileReader, plan: ScrubPlan, rows_per_piece: int) -> None:
    if not reader.readable:
        raise FileRefused("No line of the file can be read as a row of leads.")
    columns = reader.columns
    plan.separator = reader.separator or ","
    plan.end = _line_end(reader.first.text)
    if reader.header_row is not None:
        plan.header = _bare(reader.header_row.text) + plan.separator + STATUS_COLUMN + plan.end
    if len(columns.phones) > 1 or columns.unread or columns.every_cell:
        plan.columns = {str(position): columns.name(position) for position in (*columns.phones, *columns.unread)}
    plan.areas = {str(position): area for position, area in columns.areas.items()}
    plan.notes += reader.notes()
    writer = _LeadPieces(files, plan, rows_per_piece)
    several = bool(plan.columns or columns.countries)
    width = len(columns.header)
    for lead in reader:
        row, numbers, _, problem = lead
        text, missing = row.text.rstrip("\r\n"), width - len(row.cells)
        if missing > 0 and problem is None:
            text += plan.separator * missing
        writer.add(text, _numbers(lead, reader) if several or not isinstance(numbers, str) else numbers)
        if writer.rows > MAX_ROWS:
            raise FileRefused(f"The file has more than {MAX_ROWS:,} rows. Scrub it in parts.")
    writer.flush()


def _numbers(lead: Lead, reader: FileReader) -> LeadNumbers:
    row, numbers, fields, problem = lead
    if problem is not None:
        return None
    found = [(reader.columns.phones[0], numbers)] if isinstance(numbers, str) else numbers
    written: list[list[Any]] = [[position, text, False] for position, text in found]
    cells = row.cells
    written += [[position, cells[position], True] for position in reader.columns.unread if position < len(cells)]
    return [fields.get(COUNTRY, ""), written]


def _bare(text: str) -> str:
    return text.rstrip("\r\n")


def _line_end(text: str) -> str:
    return text[len(_bare(text)) :][:2] or "\r\n"


class _LeadPieces:
    """Writes rows to pieces, in order."""

    def __init__(self, files: JobFiles, plan: ScrubPlan, rows_per_piece: int) -> None:
        self._files = files
        self._plan = plan
        self._rows_per_piece = rows_per_piece
        self._texts: list[str] = []
        self._numbers: list[LeadNumbers] = []
        self._size = 0
        self.rows = 0

    def add(self, text: str, numbers: LeadNumbers) -> None:
        self._texts.append(text)
        self._numbers.append(numbers)
        self._size += len(text)
        self.rows += 1
        if len(self._texts) >= self._rows_per_piece or self._size >= CHARACTERS_PER_PIECE:
            self.flush()

    def flush(self) -> None:
        if self._texts:
            number = len(self._plan.pieces) + 1
            self._files.put(piece_name(number), json.dumps([self._numbers, self._texts]).encode())
            self._plan.pieces.append({"piece": number, "rows": len(self._texts)})
            self._plan.rows += len(self._texts)
        self._texts, self._numbers, self._size = [], [], 0
