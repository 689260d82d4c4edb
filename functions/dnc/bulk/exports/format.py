"""The rows of an export: entries and audit events as CSV (RFC 4180) and as JSON lines, out of DynamoDB's typed form.

A cell of CSV that a spreadsheet would take for a formula is written with an apostrophe before it (`escaped`), and so
is one that begins with an apostrophe, so that nothing is lost: `unescaped` gives what was stored. Plain numbers, and so
E.164, are left as they are. JSON lines hold what is stored and nothing else.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from dnc import times
from dnc.aws.wire import plain_from_wire
from dnc.entries.entry import DETAILS, status_of

SEPARATOR = ";"
"""Between the sources of an entry, which has no form of its own in CSV."""
_FORMULA = re.compile(r"[=+\-@\t\r\n'＝＋－＠]")  # noqa: RUF001 - spreadsheets take the full-width ones too
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


class Kind(StrEnum):
    """What an export holds."""

    NUMBERS = "numbers"
    AUDIT = "audit"


class Format(StrEnum):
    """How an export is written."""

    CSV = "csv"
    JSONL = "jsonl"


NUMBER_COLUMNS = (
    "number",
    "status",
    "source",
    "sources",
    "requested_at",
    "last_requested_at",
    "listed_at",
    "listed_by",
    "expires_at",
    *DETAILS,
    "removal",
    "version",
    "changed_at",
    "changed_by",
    "change",
    "request_id",
    "request_keys",
    "other",
)
_NUMBER_COLUMNS = frozenset(NUMBER_COLUMNS)
AUDIT_COLUMNS = (
    "event_id",
    "type",
    "number",
    "index",
    "sequence",
    "occurred_at",
    "recorded_at",
    "principal",
    "acting_user",
    "reason",
    "evidence",
    "before",
    "after",
    "request_id",
    "previous_digest",
    "digest",
)


def columns(kind: Kind) -> tuple[str, ...]:
    """Give the columns of a CSV export, in order."""
    return NUMBER_COLUMNS if kind is Kind.NUMBERS else AUDIT_COLUMNS


def header(kind: Kind, form: Format) -> str:
    """Give what every file of an export begins with."""
    return _liner()(columns(kind)) if form is Format.CSV else ""


def writer(kind: Kind, form: Format, moment: datetime) -> Callable[[Mapping[str, Any]], str]:
    """Give the function from a row in DynamoDB's typed form to its text, line end included.

    `moment`: when the row was read, UTC; an entry whose expiry has passed by then is written as `expired`.
    """
    if form is Format.JSONL:
        return _event_as_json if kind is Kind.AUDIT else lambda item: _json(_entry(item, moment)) + "\n"
    line = _liner()
    if kind is Kind.AUDIT:
        return lambda item: line(map(_safe, _event_cells(item)))
    return lambda item: line(map(_safe, _entry_cells(item, moment)))


def escaped(cell: str) -> str:
    """Give a cell that no spreadsheet takes for a formula."""
    # Most cells begin with a letter or a digit: they are let through at the first look.
    if cell[:1].isalnum() or not _FORMULA.match(cell) or _PLAIN_NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


def unescaped(cell: str) -> str:
    """Give what `escaped` was given."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and _FORMULA.match(cell, 1) else cell


def _entry(item: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
    row = {name: plain_from_wire(value) for name, value in item.items() if name != "account_id"}
    expires_at = row.get("expires_at")
    known = expires_at if isinstance(expires_at, int) else None
    row["status"] = status_of(row.get("status"), known, moment)
    if known is not None:
        row["expires_at"] = times.from_epoch(known)
    return row


def _entry_cells(item: Mapping[str, Any], moment: datetime) -> Iterator[Any]:
    row = _entry(item, moment)
    if isinstance(row.get("sources"), list):
        row["sources"] = SEPARATOR.join(str(source) for source in row["sources"])
    row["other"] = {name: row[name] for name in row.keys() - _NUMBER_COLUMNS} or None
    return map(row.get, NUMBER_COLUMNS)


def _event_cells(item: Mapping[str, Any]) -> Iterator[Any]:
    row = {name: plain_from_wire(value) for name, value in item.items()}
    actor = row.get("actor")
    row |= actor if isinstance(actor, dict) else {}
    return map(row.get, AUDIT_COLUMNS)


def _event_as_json(item: Mapping[str, Any]) -> str:
    """Give the whole row: with `account_id` and the keys, its digest can be computed from the line alone."""
    return _json({name: plain_from_wire(value) for name, value in item.items()}) + "\n"


def _safe(value: Any) -> str:
    if value is None:
        return ""
    return escaped(value if isinstance(value, str) else _json(value))


_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def _liner() -> Callable[[Iterable[str]], str]:
    """Give the function that writes cells as a line; it keeps its writer, which is most of the work of a new line."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\r\n").writerow

    def line(cells: Iterable[str]) -> str:
        out.seek(0)
        out.truncate()
        write(cells)
        return out.getvalue()

    return line
