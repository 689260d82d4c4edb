"""The stored form of a scrub's leads. It is separate so that workers do not load the planner's libraries."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from dnc.bulk.files import JobFiles

PLAN = "plan.json"
STATUS_COLUMN = "dnc_status"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

type LeadNumbers = str | list[Any] | None
"""The numbers of a lead: the text of its only number, None if the row cannot be read, or a list of the row's country as
written and `[position, text, looked_up_only]` for each number."""


def piece_name(number: int) -> str:
    """Return the name of a piece's file."""
    return f"pieces/{number:06}.json"


class BlockBy(StrEnum):
    """What a scrub blocks: whole rows, or the cells of numbers that may not be called."""

    ROW = "row"
    CELL = "cell"


@dataclass(slots=True)
class ScrubPlan:
    """The result of planning. `header`: the first line of a result, with the added column, or "". `end`: the line end.

    `columns`: if there are several phone columns, their names by position. `areas`: the columns of their area codes.
    `notes`: sentences about the file.
    """

    pieces: list[dict[str, int]] = field(default_factory=list)
    rows: int = 0
    separator: str = ","
    end: str = "\r\n"
    header: str = ""
    mark: bool = False
    columns: dict[str, str] = field(default_factory=dict)
    areas: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def head(self) -> bytes:
        """Return the first bytes of every result."""
        return (_BYTE_ORDER_MARK if self.mark else b"") + encoded(self.header)

    def form(self) -> dict[str, Any]:
        """Return what the workers need to know about the file."""
        return {
            "separator": self.separator,
            "end": self.end,
            "header": self.header,
            "mark": self.mark,
            "columns": self.columns,
            "areas": self.areas,
        }


def encoded(text: str) -> bytes:
    """Encode text for a result: UTF-8, with invalid bytes of the upload unchanged."""
    return text.encode("utf-8", "surrogateescape")


def leads(files: JobFiles, piece: int) -> Iterator[tuple[LeadNumbers, str]]:
    """Return the leads of a piece in order, as the numbers and the text of each row."""
    body = files.read(piece_name(piece))
    if body is None:
        raise LookupError("a piece of the file does not exist")
    numbers, texts = json.loads(body)
    return zip(numbers, texts, strict=True)
