"""Decides which leads of a piece may be called, and looks the clear ones up again in a second pass.

The outcome of a piece is one S3 object that is written once. Of two runs of a piece only the first counts, so no row is
in both files or in neither. A lead is clear only if every reading of each of its numbers was looked up, none is listed,
and each number is valid.
"""

import json
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

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
_FEWEST_DIGITS = 7

type ListedOf = Callable[[Collection[str]], Collection[str]]
"""Returns which of these numbers (E.164) are listed. Raises unless all are read."""


def also_by_prefix(listed_of: ListedOf, prefixes: tuple[str, ...]) -> ListedOf:
    """Return `listed_of` with the numbers that begin with one of the account's blocked prefixes."""
    if not prefixes:
        return listed_of
    return lambda wanted: {*listed_of(wanted), *(number for number in wanted if number.startswith(prefixes))}


class IncompletePiece(Exception):
    """A piece is incomplete, so nothing of the scrub may be called clear."""


@dataclass(slots=True)
class PieceOutcome:
    """The outcome of a piece.

    `numbers`, `rows`: each number of a clear lead that was looked up (without plus), and its row in the piece.
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
    """The options of a scrub. `region`: of national forms. `form`: of the file. `by`: whole rows, or cells."""

    region: str | None
    form: dict[str, Any]
    by: BlockBy = BlockBy.ROW


def outcome_name(piece: int) -> str:
    """Return the name of a piece's outcome."""
    return f"outcomes/{piece:06}.bin"


def late_name(piece: int) -> str:
    """Return the name of the rows of a piece that the second pass found listed."""
    return f"late/{piece:06}.json"


def scrub(leads: Iterable[tuple[LeadNumbers, str]], options: ScrubOptions, listed_of: ListedOf) -> PieceOutcome:
    """Decide about leads, each given as its numbers and its row's text."""
    found = list(leads)
    decision = _Decision(found, options)
    decision.decide(listed_of)
    return decision.outcome


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
        """Look up all numbers, and decide about each lead."""
        wanted = {number for number in self._numbers if number}
        for cells in self._read.values():
            wanted.update(number for _, _, one in cells for number in one.lookups)
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
        cells, (_, text) = self._read[row], self._leads[row]
        on_list = [(place, one) for place, _, one in cells if not is_unlisted(one, listed)]
        invalid = [(place, one) for place, only, one in cells if not only and one.why and (place, one) not in on_list]
        usable = [one for place, only, one in cells if not only and not one.why and (place, one) not in on_list]
        if not on_list and not invalid and usable:
            self._clear(row, text, usable, clear)
            return
        status = LISTED if on_list else INVALID
        blocked.append(text + self._status(status, on_list or invalid))
        self.outcome.counts[INVALID] += status == INVALID
        if self._options.by is BlockBy.CELL and usable:
            remaining, emptied = self._without(text, cells, [one for _, one in (*on_list, *invalid)], usable)
            self.outcome.counts["cells_emptied"] += emptied
            self.outcome.counts["in_both"] += 1
            self._clear(row, remaining, usable, clear)

    def _clear(self, row: int, text: str, usable: list[CellNumber], clear: list[str]) -> None:
        form = self._options.form
        clear.append(f"{text}{form['separator']}{CLEAR}{form['end']}")
        for number in dict.fromkeys(lookup for one in usable for lookup in one.lookups):
            self.outcome.numbers.append(int(number[1:]))
            self.outcome.rows.append(row)

    def _numbers_of(self, numbers: LeadNumbers, readings: Readings) -> list[tuple[int, bool, CellNumber]]:
        """Return the numbers of a lead: the place of each, whether it is only looked up, and its readings.

        `readings`: of the text, if the lead is only a text.
        """
        if numbers is None:
            return [(-1, False, _UNREADABLE)]
        region = self._options.region
        if isinstance(numbers, str):
            if cell_numbers.is_short(numbers):
                return [(-1, False, cell_numbers.of_readings(numbers, readings))]
            return [(-1, False, one) for one in cell_numbers.numbers_in(numbers, region)]
        written_country, cells = numbers
        if written_country:
            region = country(written_country, region)
            if region is None:
                return [(-1, False, _UNREADABLE)]
        return [(place, only, one) for place, text, only in cells for one in cell_numbers.numbers_in(str(text), region)]

    def _status(self, status: str, found: list[tuple[int, CellNumber]]) -> str:
        """Return the added cell of a blocked row: the status, and the columns if the file has several phone columns."""
        form = self._options.form
        columns = form.get("columns") or {}
        names = dict.fromkeys(columns[str(place)] for place, _ in found if str(place) in columns)
        text = f"{status}: {', '.join(names)}" if names else status
        return f"{form['separator']}{quoted(text, form['separator'])}{form['end']}"

    def _without(
        self, text: str, cells: list[tuple[int, bool, CellNumber]], unusable: list[CellNumber], usable: list[CellNumber]
    ) -> tuple[str, int]:
        """Return a row's text with every cell emptied that has an unusable number, and how many cells those are."""
        separator = self._options.form["separator"]
        raw = raw_cells(text, separator)
        unusable_numbers = {number for one in unusable for number in one.lookups} | {one.written for one in unusable}
        usable_numbers = {number for one in usable for number in one.lookups}
        emptied = 0
        for place, cell in enumerate(raw):
            replaced = self._replaced(cell, unusable_numbers, usable_numbers, separator)
            if replaced is not None:
                raw[place] = replaced
                emptied += not replaced
        areas = {int(place): int(area) for place, area in (self._options.form.get("areas") or {}).items()}
        for place, _, one in cells:
            if one in unusable:
                for part in (place, areas.get(place, place)):
                    if 0 <= part < len(raw) and raw[part] and not self._holds(raw[part], usable_numbers):
                        raw[part] = ""
                        emptied += 1
        return separator.join(raw), emptied

    def _replaced(self, cell: str, unusable_numbers: set[str], usable_numbers: set[str], separator: str) -> str | None:
        """Return the new text of a cell, or None if it does not change."""
        if sum(c.isdecimal() for c in cell) < _FEWEST_DIGITS:
            return None
        inside = cell.strip().strip('"')
        parts = cell_numbers.numbers_in(cell_numbers.cleaned(inside), self._options.region)
        bad = [one for one in parts if unusable_numbers & {*one.lookups, one.written}]
        if not bad:
            return None
        good = [one.written for one in parts if one not in bad and usable_numbers & set(one.lookups)]
        return quoted("; ".join(good), separator)

    def _holds(self, cell: str, usable_numbers: set[str]) -> bool:
        parts = cell_numbers.numbers_in(cell_numbers.cleaned(cell.strip().strip('"')), self._options.region)
        return any(usable_numbers & set(one.lookups) for one in parts)


_UNREADABLE = CellNumber("", (), (), "cannot be read", ())


def is_unlisted(number: CellNumber, listed: Collection[str]) -> bool:
    """Return whether no reading of a number is listed."""
    return not any(lookup in listed for lookup in number.lookups)


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
    """Look up the clear leads of a piece again, and store the rows of those that are now listed. Return their count."""
    outcome = stored(files, piece, rows)
    listed = {int(number[1:]) for number in listed_of({f"+{number}" for number in outcome.numbers})}
    late = {row for number, row in zip(outcome.numbers, outcome.rows, strict=True) if number in listed}
    files.put(late_name(piece), json.dumps(sorted(late)).encode())
    return len(late)


def late_rows(
    files: JobFiles, piece: int, is_later: Callable[[int], bool] | None, form: dict[str, Any], rows: int
) -> tuple[int, bytes]:
    """Return how many rows of a piece are late, and their text.

    `is_later`: returns whether a number (without plus) was blocked even later; None if none was.

    Raises IncompletePiece if the second pass over the piece is missing.
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
