"""Reads the records of the numbers table's stream: what changed, by whom, and the row before and after.

Reading never fails. A change counts as the service's own only if the service could have written exactly this row over
the one before it. Any other change was made by hand and is `altered_out_of_band`, shown as far as possible.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from dnc import times
from dnc.audit import keys
from dnc.aws import wire
from dnc.entries.entry import EXPIRED, LISTED, LONGEST_NOTE, LONGEST_TEXT, REMOVED, Change, Entry, Source
from dnc.entries.status import expiry_of
from dnc.entries.wire import row_of

SERVICE = "service:audit"
"""The principal of the rows that the audit function puts back."""
_TTL_PRINCIPAL = "dynamodb.amazonaws.com"
_TTL_SKEW_SECONDS = 60
_LONGEST_INTEGER = 10**38
"""DynamoDB stores 38 digits. A longer whole number is shown as text."""
_AFTER: dict[tuple[str | None, str], frozenset[str]] = {
    (None, LISTED): frozenset({Change.LISTED, Change.REINSTATED}),
    (LISTED, LISTED): frozenset(
        {
            Change.REQUESTED_AGAIN,
            Change.REMOVAL_REQUESTED,
            Change.REMOVAL_REJECTED,
            Change.REMOVAL_WITHDRAWN,
            Change.REMOVAL_LAPSED,
        }
    ),
    (LISTED, REMOVED): frozenset({Change.REMOVED}),
    (REMOVED, LISTED): frozenset({Change.RESTORED, Change.RELISTED}),
    (EXPIRED, LISTED): frozenset({Change.RELISTED}),
}


class EventType(StrEnum):
    """The kinds of events: changes by the service, and changes made outside of it."""

    LISTED = "listed"
    REQUESTED_AGAIN = "requested_again"
    REMOVED = "removed"
    RESTORED = "restored"
    RELISTED = "relisted"
    EXPIRED = "expired"
    DELETED_OUT_OF_BAND = "deleted_out_of_band"
    REINSTATED = "reinstated"
    REMOVAL_REQUESTED = "removal_requested"
    REMOVAL_REJECTED = "removal_rejected"
    REMOVAL_WITHDRAWN = "removal_withdrawn"
    REMOVAL_LAPSED = "removal_lapsed"
    ALTERED_OUT_OF_BAND = "altered_out_of_band"
    ACCOUNT_CREATED = "account_created"
    ACCOUNT_CHANGED = "account_changed"
    ACCOUNT_SUSPENDED = "account_suspended"
    ACCOUNT_RESUMED = "account_resumed"
    KEY_MADE = "key_made"
    KEY_REVOKED = "key_revoked"
    ERASED = "erased"


OUT_OF_BAND = frozenset({EventType.DELETED_OUT_OF_BAND, EventType.ALTERED_OUT_OF_BAND})
_CLOSED = frozenset({EventType.REMOVAL_REJECTED, EventType.REMOVAL_WITHDRAWN, EventType.REMOVAL_LAPSED})
ENTRY_CHANGES = frozenset(EventType(change) for change in Change)
"""The service's own changes of entries. Their rows state when, by whom and by which request they were written."""


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """A change as the stream recorded it, before it is appended to a chain.

    `number`: E.164, or ACCOUNT for a change of the account itself. `images`: where both images are stored if they are
    too large for an event; `before` and `after` are then summaries.
    """

    account_id: str
    number: str
    sequence: str
    type: EventType
    occurred_at: str
    actor: dict[str, Any]
    reason: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None
    images: dict[str, Any] | None = None

    @property
    def subject(self) -> str:
        """Return the partition key of this chain."""
        return keys.subject(self.account_id, self.number)


def read_stream_record(record: Mapping[str, Any]) -> RecordedChange | None:
    """Read one record of the numbers table's stream. Return None for a write that changed nothing."""
    change = record["dynamodb"]
    old, new = change.get("OldImage") or None, change.get("NewImage") or None
    if _canonical(old) == _canonical(new):
        return None
    before, after = image(old), image(new)
    kind = _type(record, before, after, old, new)
    account_id, number = key_of(record)
    by_service = kind in ENTRY_CHANGES
    row = after or before or {}
    return RecordedChange(
        account_id=account_id,
        number=number,
        sequence=sequence_of(record),
        type=kind,
        occurred_at=row["changed_at"] if by_service else times.text(moment_of(record)),
        actor=row["changed_by"] if by_service else outsider(record),
        reason=_reason_of(kind, before, after),
        before=before,
        after=after,
        request_id=row["request_id"] if by_service else None,
    )


def _reason_of(kind: EventType, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str | None:
    """Return the reason of the removal that a change carries out, requests or closes, or None for any other change."""
    row, name = {
        EventType.REMOVED: (after, "removal"),
        EventType.REMOVAL_REQUESTED: (after, "pending_removal"),
        **dict.fromkeys(_CLOSED, (before, "pending_removal")),
    }.get(kind, (None, ""))
    removal = (row or {}).get(name)
    reason = removal.get("reason") if isinstance(removal, Mapping) else None
    return reason if isinstance(reason, str) else None


def key_of(record: Mapping[str, Any], name: str = "number") -> tuple[str, str]:
    """Return the key of a record's row: its account and its number (or another sort key)."""
    change = record["dynamodb"]
    key = change.get("Keys") or change.get("NewImage") or change.get("OldImage") or {}
    return str(key["account_id"]["S"]), str(key[name]["S"])


def sequence_of(record: Mapping[str, Any]) -> str:
    """Return a record's sequence number as 40 digits, so that text sorts as the numbers do."""
    return str(record["dynamodb"]["SequenceNumber"]).zfill(40)


def moment_of(record: Mapping[str, Any]) -> datetime:
    """Return when a record's change was made, to the second, UTC."""
    return datetime.fromtimestamp(float(record["dynamodb"]["ApproximateCreationDateTime"]), UTC)


def outsider(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the actor of a change that the service did not make. Streams name an actor only for AWS's own changes."""
    identity = record.get("userIdentity") or {}
    principal = identity.get("principalId") or identity.get("PrincipalId")
    return {"principal": f"aws:{principal}" if principal else "outside:unknown", "acting_user": None}


def image(typed: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return an image in a form for JSON: sets as sorted lists, whole numbers as int, binary values marked as such."""
    return None if typed is None else {name: _value(value) for name, value in typed.items()}


def _value(typed: Any) -> Any:
    try:
        [(kind, inner)] = typed.items()
        if kind == "M":
            return {name: _value(value) for name, value in inner.items()}
        if kind == "L":
            return [_value(value) for value in inner]
        value = wire.plain_from_wire(typed)
    except Exception:  # noqa: BLE001 - whatever a hand has stored must not keep the change from being recorded
        return {"unreadable": str(typed)[:1000]}
    if kind in {"B", "BS"}:
        return {"binary": value}
    return str(value) if isinstance(value, int) and abs(value) >= _LONGEST_INTEGER else value


def _canonical(typed: Any) -> Any:
    """Return typed values with their sets sorted, because a stream has the members in any order."""
    if isinstance(typed, Mapping):
        return {
            name: sorted(inner, key=str)
            if name in {"SS", "NS", "BS"} and isinstance(inner, list)
            else _canonical(inner)
            for name, inner in typed.items()
        }
    return [_canonical(inner) for inner in typed] if isinstance(typed, list) else typed


def _type(
    record: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any] | None,
) -> EventType:
    if after is None or new is None:
        return EventType.EXPIRED if _expired(record, before or {}) else EventType.DELETED_OUT_OF_BAND
    try:
        return EventType(after["change"]) if _is_ours(old, new) else EventType.ALTERED_OUT_OF_BAND
    except Exception:  # noqa: BLE001 - a row that cannot be judged is one that the service did not write
        return EventType.ALTERED_OUT_OF_BAND


def _expired(record: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    identity = {str(name).lower(): value for name, value in (record.get("userIdentity") or {}).items()}
    expires_at = expiry_of(before)
    return (
        identity == {"type": "Service", "principalid": _TTL_PRINCIPAL}
        and before.get("status") == LISTED
        and expires_at is not None
        and expires_at <= moment_of(record).timestamp() + _TTL_SKEW_SECONDS
    )


def _is_plausible(entry: Entry) -> bool:
    longest = {"note": LONGEST_NOTE}
    return (
        entry.sources | {entry.source} <= set(Source)
        and (entry.pending_removal is not None) == (entry.change == Change.REMOVAL_REQUESTED)
        and all(len(text) <= longest.get(name, LONGEST_TEXT) for name, text in entry.details.items())
    )


def _is_ours(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> bool:
    """Return whether the service could have written this row over the one before it."""
    entry = Entry.of(wire.from_wire(new))
    if _canonical(row_of(entry)) != _canonical(new) or not _is_plausible(entry):
        return False
    written = times.parse(entry.changed_at)
    if entry.change == Change.REINSTATED:
        return old is None and entry.version > 0 and entry.changed_by["principal"] == SERVICE
    before = None if old is None else Entry.of(wire.from_wire(old))
    was = None if before is None else before.status_at(written)
    return (
        entry.change in _AFTER.get((was, entry.status), frozenset())
        and entry.version == (before.version if before else 0) + 1
        and isinstance(entry.changed_by["principal"], str)
        and bool(entry.request_id)
        and (before is None or before.request_id != entry.request_id)
    )
