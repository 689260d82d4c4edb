"""The audit: what one stream record tells, and the hash chain that makes a number's history provable.

Every event of a number carries the digest of the one before it; the head row of the number says how long the chain
is and where it ends. So an event that was changed, removed, forged or cut off the end is seen.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from dnc import times
from dnc.aws import wire
from dnc.entries.entry import LISTED, REMOVED, Change, Entry, status_of

SHARDS = 8
HEAD_KEY = "~head"
NO_DIGEST = "0" * 64
_TTL = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
_SHOWN = (
    "event_id",
    "type",
    "number",
    "index",
    "sequence",
    "occurred_at",
    "recorded_at",
    "actor",
    "reason",
    "evidence",
    "before",
    "after",
    "request_id",
    "previous_digest",
    "digest",
)
_AFTER: dict[tuple[str | None, str], frozenset[str]] = {
    (None, LISTED): frozenset({Change.LISTED}),
    (LISTED, LISTED): frozenset({Change.REQUESTED_AGAIN}),
    (LISTED, REMOVED): frozenset({Change.REMOVED}),
    (REMOVED, LISTED): frozenset({Change.RESTORED, Change.RELISTED}),
    ("expired", LISTED): frozenset({Change.RELISTED}),
}


class EventType(StrEnum):
    """What an event tells: the change that was made, or what happened outside of the service."""

    LISTED = "listed"
    REQUESTED_AGAIN = "requested_again"
    REMOVED = "removed"
    RESTORED = "restored"
    RELISTED = "relisted"
    EXPIRED = "expired"
    DELETED_OUT_OF_BAND = "deleted_out_of_band"
    ALTERED_OUT_OF_BAND = "altered_out_of_band"


OUT_OF_BAND = frozenset({EventType.DELETED_OUT_OF_BAND, EventType.ALTERED_OUT_OF_BAND})


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a number's chain: how many events, and the digest of the last."""

    length: int = 0
    digest: str = NO_DIGEST


@dataclass(frozen=True, slots=True)
class Told:
    """What one stream record tells of one number, before it has its place in the chain."""

    account_id: str
    number: str
    sequence: str
    type: EventType
    occurred_at: str
    actor: dict[str, Any]
    reason: str | None
    evidence: dict[str, Any] | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None

    @property
    def subject(self) -> str:
        """Give the partition of this number's chain."""
        return subject(self.account_id, self.number)


def subject(account_id: str, number: str) -> str:
    """Give the partition key of a number's chain."""
    return f"{account_id}#{number}"


def shard(number: str) -> int:
    """Give the part of a day's timeline that holds a number's events: one account's import must not heat one part."""
    return hashlib.sha256(number.encode()).digest()[0] % SHARDS


def day_shard(account_id: str, day: str, part: int) -> str:
    """Give the timeline partition of a day (`2026-11-23`, of `recorded_at`) and part."""
    return f"{account_id}#{day}#{part}"


def tell(record: Mapping[str, Any]) -> Told | None:
    """Read one record of the numbers table's stream; None for a write that changed nothing."""
    change = record["dynamodb"]
    before, after = _image(change.get("OldImage")), _image(change.get("NewImage"))
    if before == after:
        return None
    kind = _type(record, before, after)
    row = after or before or {}
    removal = (after or {}).get("removal") or {} if kind is EventType.REMOVED else {}
    by_service = kind not in OUT_OF_BAND and kind is not EventType.EXPIRED
    written = datetime.fromtimestamp(float(change["ApproximateCreationDateTime"]), UTC)
    return Told(
        account_id=row["account_id"],
        number=row["number"],
        sequence=str(change["SequenceNumber"]).zfill(40),
        type=kind,
        occurred_at=row["changed_at"] if by_service else times.text(written),
        actor=row["changed_by"] if by_service else _outsider(record, kind),
        reason=removal.get("reason"),
        evidence=removal.get("evidence") or None,
        before=before,
        after=after,
        request_id=row.get("request_id") if by_service else None,
    )


def event(told: Told, head: Head, recorded_at: datetime) -> dict[str, Any]:
    """Give the row of an event, chained to the head."""
    recorded = times.text(recorded_at)
    row: dict[str, Any] = {
        "subject": told.subject,
        "event_key": told.sequence,
        "event_id": f"{told.account_id}-{told.sequence}-{hashlib.sha256(told.number.encode()).hexdigest()[:8]}",
        "account_id": told.account_id,
        "number": told.number,
        "sequence": told.sequence,
        "type": str(told.type),
        "index": head.length + 1,
        "occurred_at": told.occurred_at,
        "recorded_at": recorded,
        "actor": told.actor,
        "reason": told.reason,
        "evidence": told.evidence,
        "before": told.before,
        "after": told.after,
        "request_id": told.request_id,
        "account_day_shard": day_shard(told.account_id, recorded[:10], shard(told.number)),
        "recorded_key": f"{recorded}#{told.sequence}#{told.number}",
        "previous_digest": head.digest,
    }
    return row | {"digest": digest(row)}


def head_after(row: Mapping[str, Any]) -> Head:
    """Give the head of the chain that ends with this event."""
    return Head(int(row["index"]), str(row["digest"]))


def digest(row: Mapping[str, Any]) -> str:
    """Give the SHA-256, in hex, of the canonical JSON of an event, the digest before it included.

    Canonical: every attribute but the digest, sorted by name, no white space, UTF-8, sets as sorted lists.
    """
    plain = wire.plain({name: value for name, value in row.items() if name != "digest"})
    written = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()


def chain(rows: Sequence[Mapping[str, Any]], head: Head | None) -> dict[str, Any]:
    """Judge a whole chain, in its order: `length`, `head_digest`, `intact`, and `broken_at`.

    `broken_at` is the index of the first event that does not fit, counted from 1: one that was changed or forged, the
    place of one that is missing, or one past the end when the head does not agree.
    """
    previous = Head()
    broken_at = None
    for row in rows:
        fits = row.get("index") == previous.length + 1 and row.get("previous_digest") == previous.digest
        if not fits or row.get("digest") != digest(row) or (head is not None and previous.length >= head.length):
            broken_at = previous.length + 1
            break
        previous = head_after(row)
    if broken_at is None and previous != (head or Head()):
        length = (head or Head()).length
        broken_at = min(previous.length, length) + 1 if previous.length != length else max(length, 1)
    return {
        "length": head.length if head else len(rows),
        "head_digest": head.digest if head else (str(rows[-1].get("digest")) if rows else None),
        "intact": broken_at is None,
        "broken_at": broken_at,
    }


def in_order(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Sort a number's events as they were recorded: by index, then by key for what was forged."""
    return sorted((dict(r) for r in rows), key=lambda r: (_index(r), str(r.get("event_key"))))


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give an event as the API shows it."""
    event_shown: dict[str, Any] = wire.plain({name: row.get(name) for name in _SHOWN})
    return event_shown


def _index(row: Mapping[str, Any]) -> int:
    try:
        return int(row.get("index", 0))
    except (TypeError, ValueError):
        return 0


def _image(image: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not image:
        return None
    plain: dict[str, Any] = wire.plain(wire.from_wire(dict(image)))
    return plain


def _type(record: Mapping[str, Any], before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> EventType:
    if after is None:
        identity = record.get("userIdentity") or {}
        by_ttl = {name.lower(): value for name, value in identity.items()} == {
            name.lower(): value for name, value in _TTL.items()
        }
        return EventType.EXPIRED if by_ttl else EventType.DELETED_OUT_OF_BAND
    if not all(isinstance(after.get(name), kind) for name, kind in _WRITTEN_BY_US.items()):
        return EventType.ALTERED_OUT_OF_BAND
    version = after["version"]
    moved_on = (
        version == (before or {}).get("version", 0) + 1 if isinstance((before or {}).get("version", 0), int) else False
    )
    allowed = _AFTER.get((_status_before(before, after), after["status"]), frozenset())
    if not moved_on or after["change"] not in allowed or (before or {}).get("request_id") == after["request_id"]:
        return EventType.ALTERED_OUT_OF_BAND
    return EventType(after["change"])


_WRITTEN_BY_US: dict[str, type] = {
    "version": int,
    "status": str,
    "change": str,
    "changed_at": str,
    "changed_by": dict,
    "request_id": str,
}


def _status_before(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str | None:
    if before is None:
        return None
    expires_at = before.get("expires_at")
    when = times.parse(after["changed_at"])
    return status_of(before.get("status"), expires_at if isinstance(expires_at, int) else None, when)


def _outsider(record: Mapping[str, Any], kind: EventType) -> dict[str, Any]:
    identity = record.get("userIdentity") or {}
    principal = identity.get("principalId") or identity.get("PrincipalId")
    if kind is EventType.EXPIRED:
        return {"principal": f"aws:{principal}", "acting_user": None}
    return {"principal": f"aws:{principal}" if principal else "outside:unknown", "acting_user": None}


def entry_of(image: Mapping[str, Any]) -> Entry:
    """Read the entry out of an event's `before` or `after`."""
    return Entry.of(image)
