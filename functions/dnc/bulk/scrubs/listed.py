"""Finds which of many numbers are listed, by looking up each or by reading the whole list into a few bytes per number.

The cost of reading is proportional to the length of the list, and the cost of lookups to the number of leads. Which is
cheaper is not known in advance. So reading has a budget, the cost of the lookups, and stops once it is spent. At worst
this costs twice as much as the cheaper method.
"""

import json
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from dnc.aws import wire
from dnc.bulk import shared_pace
from dnc.bulk.files import JobFiles
from dnc.bulk.shared_pace import ReadPace
from dnc.entries.status import LISTED, NEEDED, blocks
from dnc.entries.store import Numbers

MIN_BUDGET = 250.0
NUMBERS_PER_PART = 1_000_000
NUMBERS_PER_LOOKUP = 1_000
_PATHS = ("number", *NEEDED)
_NAMES = {name: f"#{name}" for path in _PATHS for name in path.split(".")}
_PROJECTION = ", ".join(".".join(_NAMES[name] for name in path.split(".")) for path in _PATHS)


class Method(StrEnum):
    """How to find out which numbers are listed."""

    READING = "reading"
    LOOKUP = "lookup"


class NumberSet:
    """Listed numbers, 8 bytes each: one sorted array for each length, because DynamoDB sorts them as text."""

    def __init__(self) -> None:
        """Create an empty set."""
        self._of_length: dict[int, array[int]] = {}

    def __len__(self) -> int:
        """Return how many numbers are in the set."""
        return sum(len(numbers) for numbers in self._of_length.values())

    def add(self, number: str) -> None:
        """Add a number (E.164) greater than all others of its length. Ignore a key that is not a number."""
        digits = number[1:]
        if digits.isdecimal() and len(digits) < 19:
            self._of_length.setdefault(len(digits), array("Q")).append(int(digits))

    def has(self, number: str) -> bool:
        """Return whether a number (E.164) is in the set."""
        numbers = self._of_length.get(len(number) - 1)
        if numbers is None:
            return False
        wanted = int(number[1:])
        position = bisect_left(numbers, wanted)
        return position < len(numbers) and numbers[position] == wanted

    def packed(self) -> bytes:
        """Return the set as bytes: a line of JSON with the lengths and counts, then the arrays."""
        counts = {length: len(numbers) for length, numbers in self._of_length.items()}
        return json.dumps(counts).encode() + b"\n" + b"".join(n.tobytes() for n in self._of_length.values())

    def extend(self, packed: bytes) -> None:
        """Add numbers in the form that `packed` returns, all greater than the ones in the set."""
        end = packed.index(b"\n")
        at = end + 1
        for length, count in json.loads(packed[:end]).items():
            self._of_length.setdefault(int(length), array("Q")).frombytes(packed[at : at + 8 * count])
            at += 8 * count


@dataclass(frozen=True, slots=True)
class Reading:
    """The progress of reading a list. `after`: the last number read (E.164); `units`: read units so far."""

    after: str = ""
    parts: int = 0
    numbers: int = 0
    units: float = 0.0
    done: bool = False
    by: Method = Method.READING

    @classmethod
    def of(cls, state: dict[str, Any] | None) -> Self:
        """Read the progress from the state machine's state. None: reading has not begun."""
        return cls(**{**state, "by": Method(state["by"])}) if state else cls()


def read_list(
    client: Any,
    table: str,
    account_id: str,
    reading: Reading,
    budget: float | None,
    moment: datetime,
    store: Callable[[int, bytes], None],
    pace: ReadPace,
    out_of_time: Callable[[], bool],
    numbers_per_part: int = NUMBERS_PER_PART,
    channel: str | None = None,
) -> Reading:
    """Continue to read the list at the account's pace, and store what blocks the channel (None: any) in parts.

    It stops at the end of the list, when time is short, or when the budget (read units; None: no limit) is spent. In
    the last case, the result's `by` is `lookup`.
    """
    after, parts, count, units = reading.after, reading.parts, reading.numbers, reading.units
    part = NumberSet()
    done = False
    for page, used in shared_pace.pages(client, _query(table, account_id, after), pace):
        for item in page["Items"]:
            if _blocks(item, channel, moment):
                part.add(item["number"]["S"])
        units += used
        start = page.get("LastEvaluatedKey")
        done = start is None
        after = start["number"]["S"] if start else after
        if not done and budget is not None and units > budget:
            return Reading(units=units, done=True, by=Method.LOOKUP)
        if done or len(part) >= numbers_per_part or out_of_time():
            if len(part):
                parts += 1
                count += len(part)
                store(parts, part.packed())
                part = NumberSet()
            if out_of_time():
                break
    return Reading(after, parts, count, units, done)


def _query(table: str, account_id: str, after: str) -> dict[str, Any]:
    """Return the query of an account's list from the number that follows `after` ("": from the first one)."""
    query: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "account_id = :account",
        "ProjectionExpression": _PROJECTION,
        "ExpressionAttributeNames": {alias: name for name, alias in _NAMES.items()},
        "ExpressionAttributeValues": {":account": {"S": account_id}},
        "ConsistentRead": True,
    }
    if after:
        query["ExclusiveStartKey"] = {"account_id": {"S": account_id}, "number": {"S": after}}
    return query


def part_name(pass_number: int, part: int) -> str:
    """Return the name of a part of the list, as read for one of the passes. `pass_number`: 1 or 2."""
    return f"list/{pass_number}-{part:05}.bin"


def stored(files: JobFiles, pass_number: int, parts: int) -> NumberSet:
    """Return the list as read for a pass. Raises LookupError if a part is missing, so that no lead is clear."""
    found = NumberSet()
    for part in range(1, parts + 1):
        packed = files.read(part_name(pass_number, part))
        if packed is None:
            raise LookupError("a part of the list that was read is missing")
        found.extend(packed)
    return found


def looked_up(
    numbers: Numbers, wanted: Iterable[str], moment: datetime, pace: ReadPace, channel: str | None = None
) -> set[str]:
    """Return which numbers (E.164) are listed for a channel (None: any), strongly consistent.

    Raises Unavailable unless all are read.
    """
    unique = list(dict.fromkeys(wanted))
    listed: set[str] = set()
    for i in range(0, len(unique), NUMBERS_PER_LOOKUP):
        batch = unique[i : i + NUMBERS_PER_LOOKUP]
        pace.wait(len(batch))
        rows = numbers.statuses(batch)
        listed |= {number for number, row in rows.items() if blocks(row, channel, moment)}
    return listed


def _blocks(item: dict[str, Any], channel: str | None, moment: datetime) -> bool:
    # Nearly every row is simply listed, for both channels. Only the others are converted.
    if item.get("status", {}).get("S") == LISTED and "expires_at" not in item and "channels" not in item:
        return True
    return blocks(wire.from_wire(item), channel, moment)


def budget_of(leads: int) -> float:
    """Return the read units that looking up this many leads costs: one each, listed or not."""
    return max(float(leads), MIN_BUDGET)


def as_json(reading: Reading) -> dict[str, Any]:
    """Return the progress as the state machine's state holds it."""
    return {
        "after": reading.after,
        "parts": reading.parts,
        "numbers": reading.numbers,
        "units": round(reading.units, 1),
        "done": reading.done,
        "by": str(reading.by),
    }
