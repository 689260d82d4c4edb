"""The hash chain that makes a number's history provable.

Every event of a number carries the digest of the event before it, and the number's head row holds the chain's length
and last digest. An event that was changed, removed, forged or cut off the end therefore shows.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dnc import times
from dnc.audit.changes import RecordedChange
from dnc.audit.keys import day_shard, shard
from dnc.aws import wire

NO_DIGEST = "0" * 64
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


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a number's chain: its length in events, and the digest of the last one."""

    length: int = 0
    digest: str = NO_DIGEST

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> "Head":
        """Read a head row in DynamoDB's typed form. A head that was tampered with is read as one that fits no chain."""
        try:
            return cls(int(item["length"]["N"]), item["digest"]["S"])
        except (KeyError, ValueError):
            return cls(-1, "")


def event(change: RecordedChange, head: Head, recorded_at: datetime) -> dict[str, Any]:
    """Return the row of an event, chained to the head."""
    recorded = times.text(recorded_at)
    row: dict[str, Any] = {
        "subject": change.subject,
        "event_key": change.sequence,
        "event_id": f"{change.account_id}-{change.sequence}-{hashlib.sha256(change.number.encode()).hexdigest()[:8]}",
        "account_id": change.account_id,
        "number": change.number,
        "sequence": change.sequence,
        "type": str(change.type),
        "index": head.length + 1,
        "occurred_at": change.occurred_at,
        "recorded_at": recorded,
        "actor": change.actor,
        "reason": change.reason,
        "evidence": change.evidence,
        "before": change.before,
        "after": change.after,
        "request_id": change.request_id,
        "account_day_shard": day_shard(change.account_id, recorded[:10], shard(change.number)),
        "recorded_key": f"{recorded}#{change.sequence}#{change.number}",
        "previous_digest": head.digest,
    }
    return row | {"digest": digest(row)}


def head_after(row: Mapping[str, Any]) -> Head:
    """Return the head of the chain that ends with this event."""
    return Head(int(row["index"]), str(row["digest"]))


def digest(row: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hex, of an event's canonical JSON, which includes the digest of the event before it.

    Canonical: every attribute except the digest, sorted by name, no white space, UTF-8, sets as sorted lists.
    """
    values = wire.plain({name: value for name, value in row.items() if name != "digest"})
    written = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()


def verify(rows: Sequence[Mapping[str, Any]], head: Head | None) -> dict[str, Any]:
    """Verify a whole chain, in its order. Return `length`, `head_digest`, `intact` and `broken_at`.

    `broken_at` is the index, counted from 1, of the first event that does not fit: one that was changed or forged, the
    place of a missing one, or one past the end if the head disagrees.
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
    """Sort a number's events as they were recorded: by index, then by key (a forged event may share an index)."""
    return sorted((dict(r) for r in rows), key=lambda r: (_index(r), str(r.get("event_key"))))


def as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as the API shows it."""
    shown: dict[str, Any] = wire.plain({name: row.get(name) for name in _SHOWN})
    return shown


def _index(row: Mapping[str, Any]) -> int:
    try:
        return int(row.get("index", 0))
    except (TypeError, ValueError):
        return 0
