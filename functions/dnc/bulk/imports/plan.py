"""The plan of an import: its file, read once, as pieces of plain rows in S3. Nothing is listed yet.

The rows of a piece are not neighbors in the file, nor are the pieces that are written side by side: a sorted file
would else heat one partition of DynamoDB. The same file gives the same pieces, so planning again does no harm.
"""

import io
import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from dnc.bulk.files import JobFiles
from dnc.bulk.uploads.cells import unescaped
from dnc.bulk.uploads.columns import CHANGE_FILE, Columns, columns_of, says_deleted
from dnc.bulk.uploads.parse import Row, Rows, text_of
from dnc.bulk.uploads.source import FileRefused, Limits, open_files

PLAN = "plan.json"
ROWS_A_PIECE = 5_000
PIECES_A_GROUP = 8
BYTES_A_GROUP = 32 * 1024**2
MOST_ROWS = 50_000_000
LONGEST_VALUE = 300
_SPREAD = 2_654_435_761


def piece_name(number: int) -> str:
    """Give the name of a piece's file."""
    return f"pieces/{number:06}.jsonl"


@dataclass(slots=True)
class ImportPlan:
    """What was read: the names of the files, and the pieces with their file and rows, in the order of the file."""

    files: list[str] = field(default_factory=list)
    pieces: list[dict[str, int]] = field(default_factory=list)
    rows: int = 0

    def shuffled(self, seed: str) -> list[dict[str, int]]:
        """Give the pieces in an order in which no two that run side by side are neighbors, the same for one seed."""
        mixed = list(self.pieces)
        random.Random(seed).shuffle(mixed)  # noqa: S311
        return mixed


def make(
    files: JobFiles,
    stream: io.RawIOBase,
    size: int,
    filename: str,
    *,
    registry: bool,
    still_time: Callable[[], bool] = lambda: True,
    rows_a_piece: int = ROWS_A_PIECE,
    limits: Limits | None = None,
) -> ImportPlan:
    """Read a file and write its pieces and its plan. Raises FileRefused, and then there is no plan."""
    plan = ImportPlan()
    for name, opened in open_files(stream, size, filename, limits or Limits()):
        plan.files.append(name)
        writer = _PieceDealer(files, plan, len(plan.files) - 1, rows_a_piece)
        rows = Rows(text_of(opened))
        for line, written, fields, problem in _meant(rows, registry):
            writer.add(line, written, fields, problem)
            if not writer.count % 10_000 and not still_time():
                raise FileRefused("The file takes too long to read. Upload it in parts.")
            if plan.rows + writer.count > MOST_ROWS:
                raise FileRefused(f"The file has more than {MOST_ROWS:,} rows. Upload it in parts.")
        writer.flush()
        plan.rows += writer.count
    if not plan.rows:
        raise FileRefused("The file has no rows of numbers, only a header or blank lines.")
    files.put(PLAN, json.dumps(plan.shuffled(files.prefix)).encode())
    return plan


def _meant(rows: Rows, registry: bool) -> Iterable[tuple[int, str, dict[str, str], str | None]]:
    """Give of each row its line, the number as it was written, its fields, and why it cannot be read."""
    columns = None
    held: list[Row] = []
    for row in rows:
        if columns is None:
            held.append(row)
            if len(held) < 100:
                continue
            columns = _columns(held)
            yield from _told(held, columns, registry)
            held = []
        else:
            yield _tell(row, columns, registry)
    if columns is None and held:
        columns = _columns(held)
        yield from _told(held, columns, registry)


def _columns(held: list[Row]) -> Columns:
    readable = [row.cells for row in held if row.problem is None]
    return columns_of(readable) if readable else Columns(0)


def _told(held: list[Row], columns: Columns, registry: bool) -> Iterable[tuple[int, str, dict[str, str], str | None]]:
    header = next((i for i, row in enumerate(held) if row.problem is None), None) if columns.header else None
    return (_tell(row, columns, registry) for i, row in enumerate(held) if i != header)


def _tell(row: Row, columns: Columns, registry: bool) -> tuple[int, str, dict[str, str], str | None]:
    if row.problem is not None:
        return row.line, row.cells[0][:LONGEST_VALUE], {}, row.problem
    if registry and says_deleted(row.cells, columns):
        raise FileRefused(CHANGE_FILE)
    cells = row.cells
    fields = {name: cells[i].strip() for i, name in columns.fields.items() if i < len(cells) and cells[i].strip()}
    if columns.exported:
        fields = {name: unescaped(value) for name, value in fields.items()}
    return row.line, columns.written(cells), fields, None


class _PieceDealer:
    """Deals rows to the pieces of a group and writes a group when it is full."""

    def __init__(self, files: JobFiles, plan: ImportPlan, file: int, rows_a_piece: int) -> None:
        self._files = files
        self._plan = plan
        self._file = file
        self._rows_a_piece = rows_a_piece
        self._most = rows_a_piece * PIECES_A_GROUP
        self._group: list[list[str]] = [[] for _ in range(PIECES_A_GROUP)]
        self._rows = self._size = 0
        self.count = 0

    def add(self, line: int, written: str, fields: dict[str, str], problem: str | None) -> None:
        row: list[Any] = [line, written]
        if fields or problem:
            row.append(fields)
        if problem:
            row.append(problem)
        told = json.dumps(row)
        self._group[((line * _SPREAD & 0xFFFFFFFF) * PIECES_A_GROUP) >> 32].append(told)
        self._size += len(told)
        self._rows += 1
        self.count += 1
        if self._rows >= self._most or self._size > BYTES_A_GROUP:
            self.flush()

    def flush(self) -> None:
        """Write the group as so many pieces as its rows need: a small file is one piece."""
        wanted = -(-self._rows // self._rows_a_piece)
        group = self._plan.pieces[-1]["group"] + 1 if self._plan.pieces else 1
        for first in range(wanted):
            rows = [row for dealt in self._group[first::wanted] for row in dealt]
            if rows:
                number = len(self._plan.pieces) + 1
                self._files.put(piece_name(number), "\n".join(rows).encode())
                told = {"piece": number, "file": self._file, "group": group, "rows": len(rows)}
                self._plan.pieces.append(told)
        self._group = [[] for _ in range(PIECES_A_GROUP)]
        self._rows = self._size = 0
