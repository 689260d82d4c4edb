"""Plans an import: reads its file once and writes it to S3 as pieces of rows. Nothing is listed yet.

The rows of a piece are not neighbors in the file, and neither are the pieces that are written in parallel. Otherwise a
sorted file would make one DynamoDB partition hot. The same file always gives the same pieces, so planning can be
repeated.
"""

import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dnc.bulk.files import JobFiles
from dnc.bulk.imports.pieces import PLAN, piece_name
from dnc.bulk.uploads.columns import Choice, Columns
from dnc.bulk.uploads.errors import FileRefused
from dnc.bulk.uploads.reader import FileReader, Lead
from dnc.bulk.uploads.source import Limits, open_files

ROWS_PER_PIECE = 5_000
PIECES_PER_GROUP = 8
BYTES_PER_GROUP = 32 * 1024**2
MAX_ROWS = 50_000_000
LONGEST_VALUE = 300
"""The most characters of an unreadable row that the report repeats."""
_SPREAD = 2_654_435_761


@dataclass(slots=True)
class ImportPlan:
    """The result of planning: the files with their phone columns, and the pieces, in order, with their file and rows.

    `notes`: sentences about the files as a whole.
    """

    files: list[str] = field(default_factory=list)
    columns: list[list[str]] = field(default_factory=list)
    pieces: list[dict[str, int]] = field(default_factory=list)
    rows: int = 0
    notes: list[str] = field(default_factory=list)

    def shuffled(self, seed: str) -> list[dict[str, int]]:
        """Return the pieces shuffled, so that neighbors rarely run in parallel. A seed always gives the same order."""
        shuffled = list(self.pieces)
        random.Random(seed).shuffle(shuffled)  # noqa: S311
        return shuffled


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
) -> ImportPlan:
    """Read a file and write its pieces and its plan. Raises FileRefused and ColumnsNeeded, and then writes no plan."""
    plan = ImportPlan()
    for name, opened in open_files(stream, size, filename, limits or Limits()):
        reader = FileReader(opened, choice, still_time)
        plan.files.append(name)
        plan.columns.append([reader.columns.name(position) for position in reader.columns.phones])
        writer = _PieceDealer(files, plan, len(plan.files) - 1, rows_per_piece)
        for lead in reader:
            writer.add(lead[0].line, _planned(lead, reader.columns))
            if plan.rows + writer.count > MAX_ROWS:
                raise FileRefused(f"The file has more than {MAX_ROWS:,} rows. Upload it in parts.")
        writer.flush()
        plan.notes += [note for note in reader.notes() if note not in plan.notes]
        plan.rows += writer.count
    if not plan.rows:
        raise FileRefused("The file has no rows of numbers, only a header or blank lines.")
    files.put(PLAN, json.dumps(plan.shuffled(files.prefix)).encode())
    return plan


def _planned(lead: Lead, columns: Columns) -> list[Any]:
    """Return a row in the form of a piece: its line, its numbers, its fields, and why it cannot be read.

    The numbers are the text of the one phone column, or a list of `[column, text]`.
    """
    row, numbers, fields, problem = lead
    if problem is not None:
        return [row.line, row.text.rstrip("\r\n")[:LONGEST_VALUE], {}, problem]
    written = numbers if isinstance(numbers, str) else [[columns.name(position), text] for position, text in numbers]
    return [row.line, written, fields] if fields else [row.line, written]


class _PieceDealer:
    """Deals rows to the pieces of a group, and writes the group when it is full."""

    def __init__(self, files: JobFiles, plan: ImportPlan, file: int, rows_per_piece: int) -> None:
        self._files = files
        self._plan = plan
        self._file = file
        self._rows_per_piece = rows_per_piece
        self._max_rows = rows_per_piece * PIECES_PER_GROUP
        self._group: list[list[str]] = [[] for _ in range(PIECES_PER_GROUP)]
        self._rows = self._size = 0
        self.count = 0

    def add(self, line: int, row: list[Any]) -> None:
        text = json.dumps(row)
        self._group[((line * _SPREAD & 0xFFFFFFFF) * PIECES_PER_GROUP) >> 32].append(text)
        self._size += len(text)
        self._rows += 1
        self.count += 1
        if self._rows >= self._max_rows or self._size > BYTES_PER_GROUP:
            self.flush()

    def flush(self) -> None:
        """Write the group as only as many pieces as its rows need. A small file is one piece."""
        needed = -(-self._rows // self._rows_per_piece)
        group = self._plan.pieces[-1]["group"] + 1 if self._plan.pieces else 1
        for first in range(needed):
            rows = [row for dealt in self._group[first::needed] for row in dealt]
            if rows:
                number = len(self._plan.pieces) + 1
                self._files.put(piece_name(number), "\n".join(rows).encode())
                self._plan.pieces.append({"piece": number, "file": self._file, "group": group, "rows": len(rows)})
        self._group = [[] for _ in range(PIECES_PER_GROUP)]
        self._rows = self._size = 0
