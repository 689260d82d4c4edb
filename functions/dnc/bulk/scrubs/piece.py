"""A piece of a scrub: which of its leads may be called, and the second look at those when all were looked at once.

What a piece came to is one object in S3, written once: of two runs of the same piece the first one counts, whole, so no
row is in both files or in none. A lead is clear only when its number was read to be valid and not listed.
"""

import json
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from dnc.bulk.files import JobFiles
from dnc.bulk.scrubs import plan as scrub_plan
from dnc.bulk.scrubs.plan import encoded
from dnc.phone import reader as phone

CLEAR, LISTED, INVALID = "clear", "listed", "invalid"

type ListedOf = Callable[[Collection[str]], Collection[str]]
"""Gives those of some numbers (E.164) that are listed: all were read, or it raises."""


class IncompletePiece(Exception):
    """A piece does not add up: nothing of the scrub may be called clear."""


@dataclass(slots=True)
class PieceOutcome:
    """What a piece came to. `numbers`, `rows`: of the clear leads, their number (without plus) and row in the piece."""

    counts: Counter[str] = field(default_factory=Counter)
    clear: bytes = b""
    blocked: bytes = b""
    numbers: "array[int]" = field(default_factory=lambda: array("Q"))
    rows: "array[int]" = field(default_factory=lambda: array("I"))

    def packed(self) -> bytes:
        """Give it as one object."""
        parts = (self.clear, self.blocked, self.numbers.tobytes(), self.rows.tobytes())
        head = {"counts": dict(self.counts), "sizes": [len(part) for part in parts]}
        return json.dumps(head).encode() + b"\n" + b"".join(parts)

    @classmethod
    def of(cls, packed: bytes) -> "PieceOutcome":
        """Read what `packed` gave."""
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


def outcome_name(piece: int) -> str:
    """Give the name of what a piece came to."""
    return f"outcomes/{piece:06}.bin"


def late_name(piece: int) -> str:
    """Give the name of the rows of a piece that the second look found listed."""
    return f"late/{piece:06}.json"


def scrub(
    leads: Iterable[tuple[str, str]], region: str | None, listed_of: ListedOf, form: dict[str, Any]
) -> PieceOutcome:
    """Decide over leads: each the number as it was written and the row's text. `region`: of national forms.

    `form`: `separator` and `end` of the file.
    """
    outcome = PieceOutcome()
    given = list(leads)
    numbers, exceptions = phone.classify_many((written for written, _ in given), region)
    lookups = {row: (number,) if number else exceptions[row].lookups for row, number in enumerate(numbers)}
    listed = set(listed_of({number for looked_up in lookups.values() for number in looked_up}))
    clear, blocked = [], []
    said = {status: f"{form['separator']}{status}{form['end']}" for status in (CLEAR, LISTED, INVALID)}
    for row, ((_, text), number) in enumerate(zip(given, numbers, strict=True)):
        if not listed.isdisjoint(lookups[row]):
            blocked.append(text + said[LISTED])
            outcome.counts["blocked"] += 1
        elif number is None and not exceptions[row].valid:
            blocked.append(text + said[INVALID])
            outcome.counts["invalid"] += 1
        else:
            clear.append(text + said[CLEAR])
            outcome.numbers.extend(int(number[1:]) for number in lookups[row])
            outcome.rows.extend([row] * len(lookups[row]))
    outcome.counts["clear"] = len(clear)
    outcome.counts["rows"] = len(given)
    outcome.clear, outcome.blocked = encoded("".join(clear)), encoded("".join(blocked))
    return outcome


def keep(files: JobFiles, piece: int, outcome: PieceOutcome) -> None:
    """Keep what a piece came to, unless another run of it was first."""
    files.put_once(outcome_name(piece), outcome.packed())


def kept(files: JobFiles, piece: int, rows: int) -> PieceOutcome:
    """Give what a piece came to. Raises IncompletePiece when it is not there or does not have its rows."""
    packed = files.read(outcome_name(piece))
    outcome = PieceOutcome.of(packed) if packed is not None else None
    if outcome is None or not rows == outcome.counts["rows"] == _decided(outcome):
        raise IncompletePiece("a piece was not decided whole")
    return outcome


def look_again(files: JobFiles, piece: int, rows: int, listed_of: ListedOf) -> int:
    """Look again at the clear leads of a piece, and keep the rows of those that are listed by now; count them."""
    outcome = kept(files, piece, rows)
    listed = {int(number[1:]) for number in listed_of({f"+{number}" for number in outcome.numbers})}
    late = sorted({row for number, row in zip(outcome.numbers, outcome.rows, strict=True) if number in listed})
    files.put(late_name(piece), json.dumps(late).encode())
    return len(late)


def late_rows(files: JobFiles, piece: int, also: Collection[int], form: dict[str, Any], rows: int) -> tuple[int, bytes]:
    """Give how many rows of a piece are late, and their text. `also`: numbers (without plus) listed even later.

    Raises IncompletePiece when the piece was not looked at again.
    """
    body = files.read(late_name(piece))
    if body is None:
        raise IncompletePiece("a piece was not looked at again")
    late = set(json.loads(body))
    if also:
        outcome = kept(files, piece, rows)
        late |= {row for number, row in zip(outcome.numbers, outcome.rows, strict=True) if number in also}
    if not late:
        return 0, b""
    end = f"{form['separator']}{LISTED}{form['end']}"
    texts = [text + end for row, (_, text) in enumerate(scrub_plan.leads(files, piece)) if row in late]
    return len(texts), encoded("".join(texts))


def _decided(outcome: PieceOutcome) -> int:
    counts = outcome.counts
    return counts["clear"] + counts["blocked"] + counts["invalid"]
