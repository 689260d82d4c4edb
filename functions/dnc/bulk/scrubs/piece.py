"""Decides which leads of a piece may be called, and looks the clear ones up again in a second pass.

The outcome of a piece is one S3 object that is written once. If a piece is run twice, only the first outcome counts, so
no row is in both files or in neither. A lead is clear only if every reading of each of its numbers was looked up, none
of them is listed, and each number is valid.
"""

import json
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dnc.bulk.files import JobFiles
from dnc.bulk.scrubs import leads as scrub_leads
from dnc.bulk.scrubs.leads import BlockBy, LeadNumbers, encoded
from dnc.bulk.uploads import numbers as cell_numbers
from dnc.bulk.uploads.numbers import CellNumber
from dnc.bulk.uploads.parse import quoted, raw_cells
from dnc.phone import reader as phone
from dnc.phone.countries import country
from dnc.phone.forms import Readings

CLEAR, LISTED, INVALID = "clear", "listed", "invalid"

type ListedOf = Callable[[Collection[str]], Collection[str]]
"""Returns which of these numbers (E.164) are listed. Raises unless all are read."""


def also_by_prefix(listed_of: ListedOf, prefixes: tuple[str, ...]) -> ListedOf:
    """Return `listed_of`, extended by the numbers that begin with one of the account's blocked prefixes."""
    if not prefixes:
        return listed_of
    return lambda wanted: {*listed_of(wanted), *(number for number in wanted if number.startswith(prefixes))}


class IncompletePiece(Exception):
    """A piece is incomplete, so no lead of the scrub may be called clear."""


@dataclass(slots=True)
class PieceOutcome:
    """The outcome of a piece.

    `numbers`, `rows`: the numbers of clear leads that were looked up (without plus), and the row of each in the piece.
    """

    counts: Counter[str] = field(default_factory=Counter)
    clear: bytes = b""
    blocked: bytes = b""
    numbers: "array[int]" = field(default_factory=lambda: array("Q"))
    rows: "array[int]" = field(default_factory=lambda: array("I"))

    def packed(self) -> bytes:
        """Return the outcome as bytes."""
        parts = (self.clear, self.blocked, self.numbers.tobytes(), self.rows.tobytes())
        head = {"counts": dict(self.counts), "sizes": [len(part) for part in parts]}
        return json.dumps(head).encode() + b"\n" + b"".join(parts)

    @classmethod
    def of(cls, packed: bytes) -> "PieceOutcome":
        """Read what `packed` returned."""
        end = packed.index(b"\n")
        head = json.loads(packed[:end])
        parts, at = [], end + 1
        for size in head["sizes"]:
            parts.append(packed[at : at + size])
            at += size
        outcome = cls(Counter(head["counts"]), parts[0], parts[1])
        outcome.numbers.frombytes(parts[2])
        outcome.rows.frombytes(parts[3])
        return outcome


@dataclass(frozen=True, slots=True)
class ScrubOptions:
    """The options of a scrub. `region`: of national forms. `form`: of the file. `by`: block whole rows, or cells."""

    region: str | None
    form: dict[str, Any]
    by: BlockBy = BlockBy.ROW


def outcome_name(piece: int) -> str:
    """Return the name of a piece's outcome."""
    return f"outcomes/{piece:06}.bin"


def late_name(piece: int) -> str:
    """Return the name of the file of the rows that the second pass over a piece found listed."""
    return f"late/{piece:06}.json"


def scrub(leads: Iterable[tuple[LeadNumbers, str]], options: ScrubOptions, listed_of: ListedOf) -> PieceOutcome:
    """Decide which leads are clear. Each lead is its numbers and the text of its row."""
    found = list(leads)
    decision = _Decision(found, options)
    decision.decide(listed_of)
    return decision.outcome


class _LeadNumber(NamedTuple):
    """A number of a lead, as read.

    `position`: of its column, or -1 if the lead is only a text. `lookup_only`: the number blocks the lead if it is
    listed, and has no effect otherwise.
    """

    read: CellNumber
    position: int = -1
    lookup_only: bool = False


_UNREADABLE = _LeadNumber(CellNumber("", (), (), "cannot be read", ()))


class _Decision:
    """The decision about the leads of a piece."""

    def __init__(self, leads: list[tuple[LeadNumbers, str]], options: ScrubOptions) -> None:
        self._leads = leads
        self._options = options
        self.outcome = PieceOutcome()
        # Most leads have one number with one reading. These are read all at once.
        texts = [numbers if isinstance(numbers, str) else "" for numbers, _ in leads]
        self._numbers, exceptions = phone.classify_many(texts, options.region)
        self._read = {row: self._numbers_of(leads[row][0], exceptions[row]) for row in exceptions}
        for row in exceptions:
            self._numbers[row] = None

    def decide(self, listed_of: ListedOf) -> None:
        """Look up all numbers, and decide whether each lead is clear."""
        wanted = {number for number in self._numbers if number}
        for numbers in self._read.values():
            wanted.update(lookup for number in numbers for lookup in number.read.lookups)
        listed = listed_of(wanted)
        form, outcome = self._options.form, self.outcome
        status = {name: f"{form['separator']}{name}{form['end']}" for name in (CLEAR, LISTED, INVALID)}
        clear: list[str] = []
        blocked: list[str] = []
        for row, ((_, text), number) in enumerate(zip(self._leads, self._numbers, strict=True)):
            if number is None:
                self._decide_lead(row, listed, clear, blocked)
            elif number in listed:
                blocked.append(text + status[LISTED])
            else:
                clear.append(text + status[CLEAR])
                outcome.numbers.append(int(number[1:]))
                outcome.rows.append(row)
        outcome.counts.update(rows=len(self._leads), clear=len(clear), blocked=len(blocked) - outcome.counts[INVALID])
        outcome.clear, outcome.blocked = encoded("".join(clear)), encoded("".join(blocked))

    def _decide_lead(self, row: int, listed: Collection[str], clear: list[str], blocked: list[str]) -> None:
        numbers, (_, text) = self._read[row], self._leads[row]
        on_list = [number for number in numbers if _is_listed(number.read, listed)]
        others = [number for number in numbers if not number.lookup_only and not _is_listed(number.read, listed)]
        invalid = [number for number in others if number.read.why]
        usable = [number.read for number in others if not number.read.why]
        if not on_list and not invalid and usable:
            self._clear(row, text, usable, clear)
            return
        status = LISTED if on_list else INVALID
        blocked.append(text + self._status(status, on_list or invalid))
        self.outcome.counts[INVALID] += status == INVALID
        if self._options.by is BlockBy.CELL and usable:
            remaining, emptied = self._without(text, numbers, [*on_list, *invalid], usable)
            self.outcome.counts["cells_emptied"] += emptied
            self.outcome.counts["in_both"] += 1
            self._clear(row, remaining, usable, clear)

    def _clear(self, row: int, text: str, usable: list[CellNumber], clear: list[str]) -> None:
        form = self._options.form
        clear.append(f"{text}{form['separator']}{CLEAR}{form['end']}")
        for lookup in dict.fromkeys(lookup for number in usable for lookup in number.lookups):
            self.outcome.numbers.append(int(lookup[1:]))
            self.outcome.rows.append(row)

    def _numbers_of(self, numbers: LeadNumbers, readings: Readings) -> list[_LeadNumber]:
        """Return the numbers of a lead. `readings`: of the text, if the lead has only a text."""
        if numbers is None:
            return [_UNREADABLE]
        region = self._options.region
        if isinstance(numbers, str):
            if cell_numbers.is_short(numbers):
                return [_LeadNumber(cell_numbers.of_readings(numbers, readings))]
            return [_LeadNumber(read) for read in cell_numbers.numbers_in(numbers, region)]
        written_country, cells = numbers
        if written_country:
            region = country(written_country, region)
            if region is None:
                return [_UNREADABLE]
        return [
            _LeadNumber(read, position, lookup_only)
            for position, text, lookup_only in cells
            for read in cell_numbers.numbers_in(str(text), region)
        ]

    def _status(self, status: str, numbers: list[_LeadNumber]) -> str:
        """Return the added cell of a blocked row: the status, and the columns if the file has several phone columns."""
        form = self._options.form
        columns = form.get("columns") or {}
        positions = [str(number.position) for number in numbers]
        names = dict.fromkeys(columns[position] for position in positions if position in columns)
        text = f"{status}: {', '.join(names)}" if names else status
        return f"{form['separator']}{quoted(text, form['separator'])}{form['end']}"

    def _without(
        self, text: str, numbers: list[_LeadNumber], unusable: list[_LeadNumber], usable: list[CellNumber]
    ) -> tuple[str, int]:
        """Return a row's text in which every cell with an unusable number is emptied, and how many cells those are."""
        separator = self._options.form["separator"]
        raw = raw_cells(text, separator)
        unusable_reads = [number.read for number in unusable]
        unusable_numbers = {lookup for read in unusable_reads for lookup in (*read.lookups, read.written)}
        usable_numbers = {lookup for read in usable for lookup in read.lookups}
        emptied = 0
        for position, cell in enumerate(raw):
            replaced = self._replaced(cell, unusable_numbers, usable_numbers, separator)
            if replaced is not None:
                raw[position] = replaced
                emptied += not replaced
        areas = {int(position): int(area) for position, area in (self._options.form.get("areas") or {}).items()}
        for number in numbers:
            if number.read in unusable_reads:
                for part in (number.position, areas.get(number.position, number.position)):
                    if 0 <= part < len(raw) and raw[part] and not self._holds(raw[part], usable_numbers):
                        raw[part] = ""
                        emptied += 1
        return separator.join(raw), emptied

    def _replaced(self, cell: str, unusable_numbers: set[str], usable_numbers: set[str], separator: str) -> str | None:
        """Return the new text of a cell, or None if it does not change."""
        if sum(c.isdecimal() for c in cell) < cell_numbers.MIN_DIGITS:
            return None
        inside = cell.strip().strip('"')
        parts = cell_numbers.numbers_in(cell_numbers.cleaned(inside), self._options.region)
        bad = [part for part in parts if unusable_numbers & {*part.lookups, part.written}]
        if not bad:
            return None
        good = [part.written for part in parts if part not in bad and usable_numbers & set(part.lookups)]
        return quoted("; ".join(good), separator)

    def _holds(self, cell: str, usable_numbers: set[str]) -> bool:
        parts = cell_numbers.numbers_in(cell_numbers.cleaned(cell.strip().strip('"')), self._options.region)
        return any(usable_numbers & set(part.lookups) for part in parts)


def _is_listed(number: CellNumber, listed: Collection[str]) -> bool:
    """Return whether any reading of a number is listed."""
    return any(lookup in listed for lookup in number.lookups)


def store(files: JobFiles, piece: int, outcome: PieceOutcome) -> None:
    """Store the outcome of a piece unless another run has stored it."""
    files.put_once(outcome_name(piece), outcome.packed())


def stored(files: JobFiles, piece: int, rows: int) -> PieceOutcome:
    """Read the outcome of a piece. Raises IncompletePiece if it is missing or lacks rows."""
    packed = files.read(outcome_name(piece))
    outcome = PieceOutcome.of(packed) if packed is not None else None
    if outcome is None or not rows == outcome.counts["rows"] == _decided(outcome):
        raise IncompletePiece("the outcome of a piece is incomplete")
    return outcome


def second_pass(files: JobFiles, piece: int, rows: int, listed_of: ListedOf) -> int:
    """Look up the clear leads of a piece again, and store the rows that are listed now. Return how many they are."""
    outcome = stored(files, piece, rows)
    listed = {int(number[1:]) for number in listed_of({f"+{number}" for number in outcome.numbers})}
    late = {row for number, row in zip(outcome.numbers, outcome.rows, strict=True) if number in listed}
    files.put(late_name(piece), json.dumps(sorted(late)).encode())
    return len(late)


def late_rows(
    files: JobFiles, piece: int, is_later: Callable[[int], bool] | None, form: dict[str, Any], rows: int
) -> tuple[int, bytes]:
    """Return how many rows of a piece are late, and their text.

    `is_later`: returns whether a number (without plus) was blocked after the second pass; None if none was. Raises
    IncompletePiece if the second pass over the piece is missing.
    """
    body = files.read(late_name(piece))
    if body is None:
        raise IncompletePiece("the second pass over a piece is missing")
    late = set(json.loads(body))
    if is_later:
        outcome = stored(files, piece, rows)
        late |= {row for number, row in zip(outcome.numbers, outcome.rows, strict=True) if is_later(number)}
    if not late:
        return 0, b""
    end = f"{form['separator']}{LISTED}{form['end']}"
    texts = [text + end for row, (_, text) in enumerate(scrub_leads.leads(files, piece)) if row in late]
    return len(texts), encoded("".join(texts))


def _decided(outcome: PieceOutcome) -> int:
    counts = outcome.counts
    return counts["clear"] + counts["blocked"] + counts["invalid"] - counts["in_both"]
