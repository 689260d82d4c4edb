"""What one record of the numbers table's stream says: which change it was, by whom, and the row before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from dnc import times
from dnc.audit import keys
from dnc.aws import wire
from dnc.entries.entry import LISTED, REMOVED, Change, status_of

_TTL = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
_AFTER: dict[tuple[str | None, str], frozenset[str]] = {
    (None, LISTED): frozenset({Change.LISTED}),
    (LISTED, LISTED): frozenset({Change.REQUESTED_AGAIN}),
    (LISTED, REMOVED): frozenset({Change.REMOVED}),
    (REMOVED, LISTED): frozenset({Change.RESTORED, Change.RELISTED}),
    ("expired", LISTED): frozenset({Change.RELISTED}),
}
_WRITTEN_BY_US: dict[str, type] = {
    "version": int,
    "status": str,
    "change": str,
    "changed_at": str,
    "changed_by": dict,
    "request_id": str,
}


class EventType(StrEnum):
    """The kinds of events: the service's own changes, and what happened outside of it."""

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
class RecordedChange:
    """A change of one number as the stream recorded it, before it has its place in the chain."""

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
        """Return the partition key of this number's chain."""
        return keys.subject(self.account_id, self.number)


def read_stream_record(record: Mapping[str, Any]) -> RecordedChange | None:
    """Read one record of the numbers table's stream. Return None for a write that changed nothing."""
    change = record["dynamodb"]
    before, after = _image(change.get("OldImage")), _image(change.get("NewImage"))
    if before == after:
        return None
    kind = _type(record, before, after)
    row = after or before or {}
    removal = (after or {}).get("removal") or {} if kind is EventType.REMOVED else {}
    by_service = kind not in OUT_OF_BAND and kind is not EventType.EXPIRED
    written = datetime.fromtimestamp(float(change["ApproximateCreationDateTime"]), UTC)
    return RecordedChange(
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


def _image(image: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not image:
        return None
    row: dict[str, Any] = wire.plain(wire.from_wire(dict(image)))
    return row


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
