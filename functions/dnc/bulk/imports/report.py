"""What the pieces of an import came to, added up; and the report of it, in the order of the file.

The report is CSV: file (of a zip), line, value, outcome, why. The value as it was written stands there as a JSON text,
with its quotation marks: nothing of it is lost, and no spreadsheet takes it for a formula.
"""

import csv
import heapq
import io
import json
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from dnc.bulk.files import JobFiles, ResultWriter
from dnc.bulk.imports.merge import RowOutcome
from dnc.bulk.imports.piece import new_name, remarks_name, result_name
from dnc.bulk.imports.plan import PLAN

ROWS = "rows"
CONTENT_TYPE = "text/csv; charset=utf-8"


class PieceMissing(Exception):
    """A piece left no result although it was called done."""


@dataclass(slots=True)
class ImportTotals:
    """The counts of an import: of all, and of each file."""

    counts: Counter[str] = field(default_factory=Counter)
    by_file: dict[int, Counter[str]] = field(default_factory=dict)

    def add(self, file: int, counts: dict[str, int]) -> None:
        """Add counts of a file."""
        self.counts.update(counts)
        self.by_file.setdefault(file, Counter()).update(counts)


def planned(files: JobFiles) -> list[dict[str, int]]:
    """Give the pieces of a job in the order of the file; none when the plan is gone."""
    plan = files.read(PLAN)
    return sorted(json.loads(plan), key=lambda piece: piece["piece"]) if plan else []


def add_up(files: JobFiles, pieces: Sequence[dict[str, int]], under: str = "") -> ImportTotals:
    """Add up what the pieces came to. Raises PieceMissing."""
    total = ImportTotals()
    new = []
    for piece in pieces:
        left = files.read(under + result_name(piece["piece"]))
        if left is None:
            raise PieceMissing(f"piece {piece['piece']} left no result")
        result = json.loads(left)
        total.add(piece["file"], {ROWS: piece["rows"], **result["counts"]})
        if result["new"]:
            new.append(piece)
    for file, twice in _counted_twice(files, new, under).items():
        total.add(file, {RowOutcome.LISTED: -twice, RowOutcome.ALREADY_LISTED: twice})
    return total


def write(files: JobFiles, pieces: Sequence[dict[str, int]], names: Sequence[str], under: str = "") -> list[str]:
    """Write the report of all, and of a zip those of its files; give their names, that of all first."""
    whole = _Report(files, f"{under}report.csv", with_file=len(names) > 1)
    written = [whole.name]
    for file, name in enumerate(names):
        own = _Report(files, f"{under}report-{file:04}.csv", with_file=True) if len(names) > 1 else None
        for remark in _in_order(files, [p for p in pieces if p["file"] == file], under):
            whole.write(name, remark)
            if own:
                own.write(name, remark)
        if own:
            own.close()
            written.append(own.name)
    whole.close()
    return written


class _Report:
    def __init__(self, files: JobFiles, name: str, *, with_file: bool) -> None:
        self.name = name
        self._with_file = with_file
        self._out = ResultWriter(files, name, content_type=CONTENT_TYPE)
        self._row(["file", "line", "value", "outcome", "why"])

    def write(self, file: str, remark: Sequence[Any]) -> None:
        line, value, listed, why = remark
        quoted = json.dumps(value, ensure_ascii=False)
        self._row([json.dumps(file, ensure_ascii=False), line, quoted, "listed" if listed else "refused", why])

    def close(self) -> None:
        self._out.close()

    def _row(self, cells: list[Any]) -> None:
        line = io.StringIO()
        csv.writer(line).writerow(cells if self._with_file else cells[1:])
        self._out.write(line.getvalue().encode("utf-8", "replace"))


def _in_order(files: JobFiles, pieces: list[dict[str, int]], under: str) -> Iterator[list[Any]]:
    """Give the remarks of a file's pieces by line. Rows were dealt within a group of pieces, and in no other."""
    for _, group in groupby(pieces, key=lambda piece: piece["group"]):
        parts = [_remarks(files, under + remarks_name(piece["piece"])) for piece in group]
        yield from heapq.merge(*parts, key=lambda remark: remark[0])


def _remarks(files: JobFiles, name: str) -> Iterator[list[Any]]:
    for line in files.lines(name):
        if line:
            yield json.loads(line)


def _counted_twice(files: JobFiles, pieces: list[dict[str, int]], under: str) -> Counter[int]:
    """Count, by file, the numbers that a dry run would list and that a piece before had as well."""
    twice: Counter[int] = Counter()
    last = -1
    streams = [_numbers(files, under, place, piece) for place, piece in enumerate(pieces)]
    for number, _, file in heapq.merge(*streams):
        if number == last:
            twice[file] += 1
        last = number
    return twice


def _numbers(files: JobFiles, under: str, place: int, piece: dict[str, int]) -> Iterator[tuple[int, int, int]]:
    numbers: array[int] = array("Q")
    numbers.frombytes(files.read(under + new_name(piece["piece"])) or b"")
    return ((number, place, piece["file"]) for number in numbers)
