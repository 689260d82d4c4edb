"""Adds up the results of an import's pieces, and writes the report in the order of the file.

The report is CSV: file (of a zip), line, value, outcome, why, column. The value is the written text as a JSON string,
in quotation marks, so that nothing is lost and no spreadsheet reads it as a formula.
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
from dnc.bulk.imports.pieces import PLAN
from dnc.bulk.uploads.cells import escaped

ROWS, NUMBERS = "rows", "numbers"
_ALARMING_SHARE = 0.5
CONTENT_TYPE = "text/csv; charset=utf-8"


class PieceMissing(Exception):
    """A piece has no result, although its step succeeded."""


@dataclass(slots=True)
class ImportTotals:
    """The counts of an import, and of each file. `remarked`: how many numbers have remarks. `why`: remarks by text.

    `areas`: the areas of a registry's numbers.
    """

    counts: Counter[str] = field(default_factory=Counter)
    by_file: dict[int, Counter[str]] = field(default_factory=dict)
    remarked: int = 0
    why: Counter[str] = field(default_factory=Counter)
    areas: set[str] = field(default_factory=set)

    def add(self, file: int, counts: dict[str, int]) -> None:
        """Add counts of a file."""
        self.counts.update(counts)
        self.by_file.setdefault(file, Counter()).update(counts)


def attention(totals: ImportTotals, region: str | None, notes: Sequence[str]) -> str | None:
    """Return what is probably wrong with a whole file and what to do, or None. `notes`: sentences on its columns."""
    numbers, sentences = totals.counts[NUMBERS], list(notes)
    if numbers and totals.remarked > _ALARMING_SHARE * numbers:
        [(why, count)] = totals.why.most_common(1)
        sentences.append(
            f"{totals.remarked:,} of {numbers:,} numbers have remarks, most often ({count:,} times): {why}. "
            f"Its numbers may not be of the region {region or 'that they were read in'}, or may be in another column. "
            "If so, undo this import, and import the file again with the right region or columns."
        )
    return " ".join(sentences) or None


def planned(files: JobFiles) -> list[dict[str, int]]:
    """Return the pieces of a job in the order of the file, or none if the plan has been deleted."""
    plan = files.read(PLAN)
    return sorted(json.loads(plan), key=lambda piece: piece["piece"]) if plan else []


def add_up(files: JobFiles, pieces: Sequence[dict[str, int]], folder: str = "") -> ImportTotals:
    """Add up the results of pieces. Raises PieceMissing."""
    total = ImportTotals()
    new = []
    for piece in pieces:
        stored = files.read(folder + result_name(piece["piece"]))
        if stored is None:
            raise PieceMissing(f"piece {piece['piece']} left no result")
        result = json.loads(stored)
        counts = result["counts"]
        total.add(piece["file"], {ROWS: piece["rows"], NUMBERS: sum(counts.values()), **counts})
        total.remarked += int(result.get("remarks", 0))
        total.why.update(result.get("why") or {})
        total.areas.update(result.get("areas") or ())
        if result["new"]:
            new.append(piece)
    for file, twice in _counted_twice(files, new, folder).items():
        total.add(file, {RowOutcome.LISTED: -twice, RowOutcome.ALREADY_LISTED: twice})
    return total


def write(
    files: JobFiles,
    pieces: Sequence[dict[str, int]],
    names: Sequence[str],
    folder: str = "",
    columns: Sequence[Sequence[str]] = (),
) -> list[str]:
    """Write the report, and one for each file of a zip. Return their names, the whole report first."""
    whole = _Report(files, f"{folder}report.csv", with_file=len(names) > 1)
    written = [whole.name]
    for file, name in enumerate(names):
        own = _Report(files, f"{folder}report-{file:04}.csv", with_file=True) if len(names) > 1 else None
        for remark in _in_order(files, [p for p in pieces if p["file"] == file], folder):
            column = remark[4] if len(remark) > 4 and remark[4] else "".join(columns[file][:1] if columns else ())
            whole.write(name, remark, column)
            if own:
                own.write(name, remark, column)
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
        self._row(["file", "line", "value", "outcome", "why", "column"])

    def write(self, file: str, remark: Sequence[Any], column: str) -> None:
        line, value, listed, why = remark[:4]
        quoted = json.dumps(value, ensure_ascii=False)
        name = json.dumps(file, ensure_ascii=False)
        self._row([name, line, quoted, "listed" if listed else "refused", why, escaped(column)])

    def close(self) -> None:
        self._out.close()

    def _row(self, cells: list[Any]) -> None:
        line = io.StringIO()
        csv.writer(line).writerow(cells if self._with_file else cells[1:])
        self._out.write(line.getvalue().encode("utf-8", "replace"))


def _in_order(files: JobFiles, pieces: list[dict[str, int]], folder: str) -> Iterator[list[Any]]:
    """Yield the remarks of a file's pieces by line. Rows were dealt out within one group of pieces."""
    for _, group in groupby(pieces, key=lambda piece: piece["group"]):
        parts = [_remarks(files, folder + remarks_name(piece["piece"])) for piece in group]
        yield from heapq.merge(*parts, key=lambda remark: remark[0])


def _remarks(files: JobFiles, name: str) -> Iterator[list[Any]]:
    for line in files.lines(name):
        if line:
            yield json.loads(line)


def _counted_twice(files: JobFiles, pieces: list[dict[str, int]], folder: str) -> Counter[int]:
    """Count, by file, the numbers that a dry run would list and that an earlier piece has as well."""
    twice: Counter[int] = Counter()
    last = -1
    streams = [_numbers(files, folder, position, piece) for position, piece in enumerate(pieces)]
    for number, _, file in heapq.merge(*streams):
        if number == last:
            twice[file] += 1
        last = number
    return twice


def _numbers(files: JobFiles, folder: str, position: int, piece: dict[str, int]) -> Iterator[tuple[int, int, int]]:
    numbers: array[int] = array("Q")
    numbers.frombytes(files.read(folder + new_name(piece["piece"])) or b"")
    return ((number, position, piece["file"]) for number in numbers)
