"""Writes one piece of an import to the list, or only counts it. Safe to repeat, even while another run is going.

The rows are streamed. The result is written to S3 under the piece's number, and is the same each time.
"""

import json
import random
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from dnc import times
from dnc.bulk.files import JobFiles
from dnc.bulk.imports.merge import Merged, RowOutcome, merge
from dnc.bulk.imports.pacing import AuditLag, NotYetDone, Pace
from dnc.bulk.imports.pieces import piece_name
from dnc.bulk.imports.request import (
    ImportOptions,
    Remark,
    RowRequest,
    read,
    remark_on_expired,
    says_not_listed,
    windows,
)
from dnc.entries.batch_store import BulkEntries, EntryWrite
from dnc.entries.entry import Actor, Entry, Source, Write
from dnc.phone.prefixes import area_of
from dnc.problems import Unavailable

NUMBERS_PER_WINDOW = 100
PATIENCE = 120.0
_EXPECT_NEW_BELOW = 0.1
"""If so few numbers of a window had an entry, those of the next window are written without being read first."""
_MAX_REASONS = 20


def result_name(piece: int) -> str:
    """Return the name of a piece's result."""
    return f"results/{piece:06}.json"


def remarks_name(piece: int) -> str:
    """Return the name of a piece's part of the report."""
    return f"remarks/{piece:06}.jsonl"


def new_name(piece: int) -> str:
    """Return the name of the file of the numbers that a dry run of a piece would list."""
    return f"new/{piece:06}.bin"


@dataclass(slots=True)
class PieceResult:
    """The result of a piece. `rows`: rows read. `counts`: its numbers by outcome. `new`: what a dry run would list.

    `areas`: the areas of a registry's numbers (`dnc.phone.prefixes.area_of`).
    """

    rows: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    remarks: list[Remark] = field(default_factory=list)
    new: set[str] = field(default_factory=set)
    areas: set[str] = field(default_factory=set)


class PieceImport:
    """Writes the rows of one piece."""

    def __init__(
        self,
        entries: BulkEntries,
        account_id: str,
        options: ImportOptions,
        actor: Actor,
        pace: Pace,
        lag: AuditLag | None,
        still_time: Callable[[], bool],
    ) -> None:
        """`still_time`: whether there is time for another window."""
        self._entries = entries
        self._account_id = account_id
        self._options = options
        self._actor = actor
        self._pace = pace
        self._lag = lag
        self._still_time = still_time
        self._expect_new = False
        self._result = PieceResult()

    def write(self, rows: Iterator[bytes], file: int) -> PieceResult:
        """Write the rows of a piece and return the result. Raises NotYetDone and Unavailable."""
        for window in windows(self._requests(rows, file), NUMBERS_PER_WINDOW):
            self._write_window(window)
        return self._result

    def _requests(self, rows: Iterator[bytes], file: int) -> Iterator[RowRequest]:
        """Yield the requests in rows, and count the rows and numbers that yield none."""
        result = self._result
        for line in rows:
            row = json.loads(line)
            result.rows += 1
            if says_not_listed(row):
                result.counts[RowOutcome.SKIPPED_REMOVED] += 1
                remark = remark_on_expired(row)
                result.remarks += [remark] if remark else []
                continue
            reading = read(row, file, self._options)
            if reading.remarks:
                result.remarks.extend(reading.remarks)
            if reading.invalid:
                result.counts[RowOutcome.INVALID] += reading.invalid
            yield from reading.requests

    def _write_window(self, window: dict[str, list[RowRequest]]) -> None:
        if not self._still_time():
            raise NotYetDone
        if self._options.dry_run:
            self._count(window)
            return
        if self._options.source is Source.REGISTRY:
            self._result.areas.update(map(area_of, window))
        if self._lag:
            self._lag.keep_up(self._pace, self._still_time)
        size = len(window)
        known = {} if self._expect_new else self._entries.read(window)
        found = self._write_until_done(window, known) + len(known)
        self._expect_new = found < _EXPECT_NEW_BELOW * size

    def _write_until_done(self, window: dict[str, list[RowRequest]], known: Mapping[str, Entry]) -> int:
        """Write a window until all of it is stored, and return how many entries existed unexpectedly."""
        deadline = time.monotonic() + PATIENCE
        stored_entries = dict(known)
        found = 0
        while True:
            conflicts, throttled = self._attempt(window, stored_entries)
            if not window:
                return found
            if throttled:
                self._pace.slow_down()
                time.sleep(random.uniform(0, 0.05))  # noqa: S311
            for number in conflicts:
                stored_entries.pop(number, None)
            read_again = self._entries.read(conflicts)
            found += len(read_again)
            stored_entries |= read_again
            if time.monotonic() > deadline:
                raise Unavailable("Storage does not accept the writes of this import.")
            if not self._still_time():
                raise NotYetDone

    def _attempt(self, window: dict[str, list[RowRequest]], known: Mapping[str, Entry]) -> tuple[set[str], set[str]]:
        """Try once to write the rest of a window, and drop what was written. Return conflicts and throttled numbers."""
        write = self._now()
        merged = {n: merge(self._account_id, known.get(n), rows, self._options, write) for n, rows in window.items()}
        writes = [EntryWrite(m.entry, known.get(n)) for n, m in merged.items() if m.entry is not None]
        self._pace.wait(len(writes))
        not_stored = self._entries.store(writes)
        for number, result in merged.items():
            if number in not_stored.conflicts or number in not_stored.throttled:
                continue
            self._result.counts.update(result.outcomes)
            del window[number]
            if self._lag and result.entry is not None and result.entry.version == 1:
                self._lag.listed(number)
        return not_stored.conflicts, not_stored.throttled

    def _count(self, window: dict[str, list[RowRequest]]) -> None:
        """Count what an import would do, as if the numbers already counted were listed."""
        known = self._entries.read(window)
        write = self._now()
        for number, rows in window.items():
            merged: Merged = merge(self._account_id, known.get(number), rows, self._options, write)
            outcomes = list(merged.outcomes)
            if RowOutcome.LISTED in outcomes:
                if number in self._result.new:
                    outcomes = [RowOutcome.ALREADY_LISTED] * len(outcomes)
                self._result.new.add(number)
            self._result.counts.update(outcomes)

    def _now(self) -> Write:
        return Write(times.now(), self._actor, "")


def run(
    files: JobFiles, piece: Mapping[str, int], work: Callable[[Iterator[bytes], int], PieceResult], folder: str = ""
) -> None:
    """Run `work` on a planned piece, and write its result to S3 in a folder. Raises MiscountedPiece."""
    number, rows = piece["piece"], piece["rows"]
    result = work(files.lines(piece_name(number)), piece["file"])
    if result.rows != rows:
        raise MiscountedPiece(f"piece {number} has {rows} rows, and {result.rows} were read")
    remarks = sorted(result.remarks, key=lambda remark: remark.line)
    files.put(folder + remarks_name(number), "\n".join(json.dumps(remark) for remark in remarks).encode())
    why = Counter(remark.why for remark in result.remarks)
    summary = {
        "counts": dict(result.counts),
        "new": len(result.new),
        "remarks": len({(remark.line, remark.written) for remark in result.remarks}),
        "why": dict(why.most_common(_MAX_REASONS)),
    }
    if result.areas:
        summary["areas"] = sorted(result.areas)
    if result.new:
        files.put(folder + new_name(number), array("Q", sorted(int(one) for one in result.new)).tobytes())
    files.put(folder + result_name(number), json.dumps(summary).encode())


class MiscountedPiece(Exception):
    """A piece was not read as planned, which is a bug in this service. The import does not end as done."""
