"""Undoes a piece of an import: removes the entries that it listed and that have not changed since; reports the others.

The numbers are in the piece's own rows, so no search is needed. A repeated run recognizes what it has already removed.
"""

import json
import random
import time
from collections.abc import Callable, Iterator
from enum import StrEnum

from dnc import times
from dnc.bulk.imports.merge import RowOutcome, is_unchanged_listing, outcome_of, took_part
from dnc.bulk.imports.pacing import NotYetDone, Pace
from dnc.bulk.imports.piece import NUMBERS_PER_WINDOW, PATIENCE, PieceResult
from dnc.bulk.imports.request import ImportOptions, Remark, RowRequest, read, windows
from dnc.entries import reasons
from dnc.entries.batch_store import BulkEntries, EntryWrite
from dnc.entries.entry import REMOVED, Actor, Entry, Write
from dnc.problems import RemovalRefused, Unavailable


class Undone(StrEnum):
    """How an undo counts a number of its import."""

    REMOVED = "removed"
    TOUCHED_SINCE = "touched_since"
    LISTED_BEFORE = "listed_before"
    NOT_LISTED_BY_IT = "not_listed_by_it"


class PieceUndo:
    """Undoes the rows of one piece."""

    def __init__(
        self,
        store: BulkEntries,
        options: ImportOptions,
        actor: Actor,
        note: str,
        pace: Pace,
        still_time: Callable[[], bool],
        *,
        may_order: bool = False,
    ) -> None:
        """`actor`: who requested the undo. `note`: for the removals. `may_order`: the actor may act on legal orders."""
        self._may_order = may_order
        self._store = store
        self._options = options
        self._actor = actor
        self._removal = {"reason": "import_error", "note": note}
        self._request_id = f"undo:{options.import_id}"
        self._pace = pace
        self._still_time = still_time
        self._result = PieceResult()

    def undo(self, rows: Iterator[bytes], file: int) -> PieceResult:
        """Undo the rows of a piece and return the result. Raises NotYetDone and Unavailable."""
        for window in windows(self._requests(rows, file), NUMBERS_PER_WINDOW):
            self._undo_window(window)
        return self._result

    def _requests(self, rows: Iterator[bytes], file: int) -> Iterator[RowRequest]:
        for line in rows:
            reading = read(json.loads(line), file, self._options)
            self._result.rows += 1
            if reading.invalid:
                self._result.counts[Undone.NOT_LISTED_BY_IT] += reading.invalid
            yield from reading.requests

    def _undo_window(self, window: dict[str, list[RowRequest]]) -> None:
        deadline = time.monotonic() + PATIENCE
        while window:
            if not self._still_time():
                raise NotYetDone
            if time.monotonic() > deadline:
                raise Unavailable("Storage does not accept the writes of this undo.")
            self._attempt(window)
            if window:
                time.sleep(random.uniform(0, 0.02))  # noqa: S311

    def _attempt(self, window: dict[str, list[RowRequest]]) -> None:
        known = self._store.read(window)
        write = Write(times.now(), self._actor, self._request_id)
        writes, refused = [], {}
        for number, entry in known.items():
            if is_unchanged_listing(entry, self._options.import_id, window[number]):
                try:
                    removed_entry = reasons.remove(entry, self._removal, write, may_order=self._may_order, in_undo=True)
                except RemovalRefused:
                    refused[number] = "has a legal source: it stays listed, because only an admin may undo it"
                else:
                    writes.append(EntryWrite(removed_entry, entry))
        self._pace.wait(len(writes))
        not_stored = self._store.store(writes)
        if not_stored.throttled:
            self._pace.slow_down()
        removed = {w.entry.number for w in writes} - not_stored.conflicts - not_stored.throttled
        for number, rows in list(window.items()):
            if number in not_stored.conflicts or number in not_stored.throttled:
                continue
            for row in rows:
                self._count(row, known.get(number), refused.get(number), removed=number in removed)
            del window[number]

    def _count(self, row: RowRequest, entry: Entry | None, refused: str | None, *, removed: bool) -> None:
        if entry is None:
            self._result.counts[Undone.NOT_LISTED_BY_IT] += 1
            return
        import_id = self._options.import_id
        counted = outcome_of(entry, import_id, row.key)
        if not took_part(entry, import_id) and entry.status != REMOVED and entry.listed_at <= self._options.made_at:
            outcome = Undone.LISTED_BEFORE
        elif counted is None:
            outcome = Undone.NOT_LISTED_BY_IT
        elif counted != RowOutcome.LISTED:
            outcome = Undone.LISTED_BEFORE
        elif removed or (entry.status == REMOVED and entry.request_id == self._request_id):
            outcome = Undone.REMOVED
        else:
            outcome = Undone.TOUCHED_SINCE
            why = "was removed since" if entry.status == REMOVED else "was changed since: it stays listed"
            why = refused or why
            self._result.remarks.append(Remark(row.line, entry.number, listed=entry.status != REMOVED, why=why))
        self._result.counts[outcome] += 1
