"""The rows of an export: entries and audit events, from DynamoDB's typed form to CSV (RFC 4180) or JSON lines.

CSV cells are escaped for spreadsheets (`dnc.bulk.uploads.cells`). JSON lines contain exactly what is stored.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from dnc import times
from dnc.audit import chain
from dnc.aws.wire import plain_from_wire
from dnc.bulk.uploads.cells import SEPARATOR, escaped
from dnc.entries.entry import DETAILS
from dnc.entries.status import CHANNELS, status_of


class ExportKind(StrEnum):
    """What the rows of an export are."""

    NUMBERS = "numbers"
    AUDIT = "audit"


class ExportFormat(StrEnum):
    """The format of an export."""

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
    "campaign_ids",
    "requests",
    "last_request",
    "channels",
    "listed_elsewhere_at",
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
    "request",
    "before",
    "after",
    "request_id",
    "recorded_late",
    "images",
    "format",
    "commitments",
    "previous_digest",
    "digest",
)


def columns(kind: ExportKind) -> tuple[str, ...]:
    """Return the columns of a CSV export, in order."""
    return NUMBER_COLUMNS if kind is ExportKind.NUMBERS else AUDIT_COLUMNS


def header(kind: ExportKind, form: ExportFormat) -> str:
    """Return the first line of every file of an export, or ""."""
    return _line_writer()(columns(kind)) if form is ExportFormat.CSV else ""


def writer(kind: ExportKind, form: ExportFormat, moment: datetime) -> Callable[[Mapping[str, Any]], str]:
    """Return a function that formats a row in DynamoDB's typed form, with its line end.

    `moment`: when the row was read, UTC. An entry whose expiry has passed by then is written as `expired`.
    """
    if form is ExportFormat.JSONL:
        return _event_as_json if kind is ExportKind.AUDIT else lambda item: _json(_entry(item, moment)) + "\n"
    line = _line_writer()
    if kind is ExportKind.AUDIT:
        return lambda item: line(map(_safe, _event_cells(item)))
    return lambda item: line(map(_safe, _entry_cells(item, moment)))


_LAST_EPOCH = 253_402_300_799
"""The end of the year 9999, the latest time that RFC 3339 can express."""


def _entry(item: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
    row = {name: plain_from_wire(value) for name, value in item.items() if name != "account_id"}
    row["status"] = status_of(row, moment)
    expires_at = row.get("expires_at")
    if isinstance(expires_at, int) and 0 <= expires_at <= _LAST_EPOCH:
        row["expires_at"] = times.from_epoch(expires_at)
    return row


def _entry_cells(item: Mapping[str, Any], moment: datetime) -> Iterator[Any]:
    row = _entry(item, moment)
    row.setdefault("channels", list(CHANNELS))
    for name in ("sources", "channels"):
        if isinstance(row.get(name), list):
            row[name] = SEPARATOR.join(str(one) for one in row[name])
    row["other"] = {name: row[name] for name in row.keys() - _NUMBER_COLUMNS} or None
    return map(row.get, NUMBER_COLUMNS)


def _event_cells(item: Mapping[str, Any]) -> Iterator[Any]:
    row = chain.as_json({name: plain_from_wire(value) for name, value in item.items()})
    actor = row.get("actor")
    row |= actor if isinstance(actor, dict) else {}
    return map(row.get, AUDIT_COLUMNS)


def _event_as_json(item: Mapping[str, Any]) -> str:
    """Return the whole row as it is stored, so that the line is enough to compute its digest and commitments."""
    return _json({name: plain_from_wire(value) for name, value in item.items()}) + "\n"


def _safe(value: Any) -> str:
    if value is None:
        return ""
    return escaped(value if isinstance(value, str) else _json(value))


_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def _line_writer() -> Callable[[Iterable[str]], str]:
    """Return a function that formats cells as a CSV line. It reuses one writer, which is cheaper than a new one."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\r\n").writerow

    def line(cells: Iterable[str]) -> str:
        out.seek(0)
        out.truncate()
        write(cells)
        return out.getvalue()

    return line
