"""What an export was asked for: the windows of time, and the ids of the nightly ones. Functions of values, no I/O."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from dnc import times
from dnc.bulk.exports.format import Format, Kind
from dnc.bulk.jobs import new_id
from dnc.entries.entry import Actor
from dnc.problems import InvalidRequest

SETTLING = timedelta(minutes=5)
"""An index of DynamoDB may be a little behind: the audit is exported up to so long ago."""
NIGHTLY = Actor("schedule:nightly")
NIGHTLY_FORMATS = {Kind.NUMBERS: Format.CSV, Kind.AUDIT: Format.JSONL}
"""The list in the form that an import reads back, the audit in the form whose digests can be proved."""
_RANDOM_BITS = 80


@dataclass(frozen=True, slots=True)
class Ask:
    """One export as a run of the state machine is told of it. Times: RFC 3339 UTC."""

    account_id: str
    export_id: str
    request: Mapping[str, Any]
    by: Mapping[str, Any]
    at: str
    nightly: bool = False

    def told(self) -> dict[str, Any]:
        """Give it as the input of a run."""
        return {
            "account_id": self.account_id,
            "export_id": self.export_id,
            "request": dict(self.request),
            "by": dict(self.by),
            "at": self.at,
            "nightly": self.nightly,
        }

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Read the input of a run."""
        return cls(
            given["account_id"], given["export_id"], given["request"], given["by"], given["at"], bool(given["nightly"])
        )


def window(
    kind: Kind, since: datetime | None, until: datetime | None, account_made: str, now: datetime
) -> tuple[str | None, str | None]:
    """Give the [from, to) of an export that somebody asks for. Raises InvalidRequest.

    The audit always has both: from the day the account was made, and up to five minutes ago at the latest.
    """
    if since and until and since >= until:
        raise InvalidRequest.of("from", "must be before to")
    if kind is Kind.NUMBERS:
        return (times.text(since) if since else None), (times.text(until) if until else None)
    settled = now - SETTLING
    until = min(until or settled, settled)
    since = since or min(_day_of(account_made), until)
    if since > until:
        raise InvalidRequest.of("from", "must be more than five minutes ago: the audit is exported once it has settled")
    return times.text(since), times.text(until)


def night(account_id: str, kind: Kind, scheduled_at: datetime) -> Ask:
    """Give the nightly export of an account; the same night gives the same id, so that a repeat is no second export.

    From where the audit goes on is known only when the export begins, from the nights before.
    """
    day = scheduled_at.replace(hour=0, minute=0, second=0, microsecond=0)
    until = times.text(scheduled_at - SETTLING) if kind is Kind.AUDIT else None
    request = {"kind": str(kind), "format": str(NIGHTLY_FORMATS[kind]), "from": None, "to": until}
    rest = int.from_bytes(hashlib.sha256(f"nightly {kind}".encode()).digest()[: _RANDOM_BITS // 8])
    return Ask(account_id, new_id(day, rest), request, NIGHTLY.item(), times.text(scheduled_at), nightly=True)


def night_begins(audit_until: str | None, account_made: str, until: str) -> str:
    """Give from where a night exports the audit: where the last one ended, or the day the account was made."""
    return min(audit_until or times.text(_day_of(account_made)), until)


def _day_of(moment: str) -> datetime:
    return times.parse(moment).replace(hour=0, minute=0, second=0, microsecond=0)
