"""The order for an export: its window of time, and the ids of nightly exports. Pure functions, no I/O."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from dnc import times
from dnc.bulk.exports.format import ExportFormat, ExportKind
from dnc.bulk.job import new_id
from dnc.entries.entry import Actor
from dnc.problems import InvalidRequest

SETTLING = timedelta(minutes=5)
"""The window of an audit export ends this long ago, because a DynamoDB index may lag."""
NIGHTLY = Actor("schedule:nightly")
NIGHTLY_FORMATS = {ExportKind.NUMBERS: ExportFormat.CSV, ExportKind.AUDIT: ExportFormat.JSONL}
"""The list in the format that imports can read back, the audit in the format whose digests can be verified."""
_RANDOM_BITS = 80


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """One export, as the input of a run of the state machine. Times: RFC 3339 UTC."""

    account_id: str
    export_id: str
    request: Mapping[str, Any]
    by: Mapping[str, Any]
    at: str
    nightly: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the input of a run."""
        return {
            "account_id": self.account_id,
            "export_id": self.export_id,
            "request": dict(self.request),
            "by": dict(self.by),
            "at": self.at,
            "nightly": self.nightly,
        }

    @classmethod
    def of(cls, order: Mapping[str, Any]) -> Self:
        """Read the input of a run."""
        return cls(
            order["account_id"], order["export_id"], order["request"], order["by"], order["at"], bool(order["nightly"])
        )


def window(
    kind: ExportKind, since: datetime | None, until: datetime | None, account_created_at: str, now: datetime
) -> tuple[str | None, str | None]:
    """Return the window [from, to) of an export that a client orders. Raises InvalidRequest.

    An export of the audit always has both: at the earliest from the account's first day, at the latest to five minutes
    ago.
    """
    if since and until and since >= until:
        raise InvalidRequest.of("from", "must be before to")
    if kind is ExportKind.NUMBERS:
        return (times.text(since) if since else None), (times.text(until) if until else None)
    settled = now - SETTLING
    until = min(until or settled, settled)
    first_day = min(_day_of(account_created_at), until)
    since = max(since, first_day) if since else first_day
    if since > until:
        raise InvalidRequest.of(
            "from", "must be more than five minutes ago, because the audit index needs time to settle"
        )
    return times.text(since), times.text(until)


def nightly_order(account_id: str, kind: ExportKind, scheduled_at: datetime) -> ExportOrder:
    """Return the nightly export of an account. Its id depends only on the night, so a repeat creates no second export.

    The audit's window starts where the previous night's ended, which is known only when the export begins.
    """
    day = scheduled_at.replace(hour=0, minute=0, second=0, microsecond=0)
    until = times.text(scheduled_at - SETTLING) if kind is ExportKind.AUDIT else None
    request = {"kind": str(kind), "format": str(NIGHTLY_FORMATS[kind]), "from": None, "to": until}
    suffix = int.from_bytes(hashlib.sha256(f"nightly {kind}".encode()).digest()[: _RANDOM_BITS // 8])
    return ExportOrder(account_id, new_id(day, suffix), request, NIGHTLY.item(), times.text(scheduled_at), nightly=True)


def audit_start(audit_until: str | None, account_created_at: str, until: str) -> str:
    """Return the start of a night's audit window: where the last window ended, or the account's first day."""
    return min(audit_until or times.text(_day_of(account_created_at)), until)


def _day_of(moment: str) -> datetime:
    return times.parse(moment).replace(hour=0, minute=0, second=0, microsecond=0)
