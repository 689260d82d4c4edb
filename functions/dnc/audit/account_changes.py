"""Reads the records of the accounts table's stream: changes of accounts and of their keys.

The stream is filtered to profiles and keys. A key's event never contains the key's hash.
"""

from collections.abc import Mapping
from typing import Any

from dnc import times
from dnc.accounts.profiles import PROFILE
from dnc.audit.changes import EventType, RecordedChange, image, key_of, moment_of, outsider, sequence_of
from dnc.audit.keys import ACCOUNT

KEY = "key#"


def read_account_record(record: Mapping[str, Any]) -> RecordedChange | None:
    """Read one record of the accounts table's stream. Return None if it is not about a profile or a key."""
    account_id, name = key_of(record, "record")
    if account_id == "#accounts" or not (name == PROFILE or name.startswith(KEY)):
        return None
    change = record["dynamodb"]
    if change.get("OldImage") == change.get("NewImage"):
        return None
    before, after = _shown(change.get("OldImage"), name), _shown(change.get("NewImage"), name)
    kind = _key_type(before, after) if name.startswith(KEY) else _profile_type(before, after)
    row = after or before or {}
    by_service = kind in _ACTORS
    actor = row.get(_ACTORS[kind]) if by_service else outsider(record)
    return RecordedChange(
        account_id=account_id,
        number=ACCOUNT,
        sequence=sequence_of(record),
        type=kind,
        occurred_at=row[_MOMENTS[kind]] if by_service else times.text(moment_of(record)),
        actor=actor
        if isinstance(actor, dict)
        else {"principal": actor, "acting_user": None}
        if actor
        else outsider(record),
        reason=None,
        before=before,
        after=after,
        request_id=None,
    )


_ACTORS = {
    EventType.ACCOUNT_CREATED: "changed_by",
    EventType.ACCOUNT_CHANGED: "changed_by",
    EventType.ACCOUNT_SUSPENDED: "changed_by",
    EventType.ACCOUNT_RESUMED: "changed_by",
    EventType.KEY_MADE: "created_by",
    EventType.KEY_REVOKED: "revoked_by",
}
_MOMENTS = {
    **dict.fromkeys(_ACTORS, "changed_at"),
    EventType.KEY_MADE: "created_at",
    EventType.KEY_REVOKED: "revoked_at",
}


def _shown(typed: Mapping[str, Any] | None, name: str) -> dict[str, Any] | None:
    """Return a row as its event shows it. A key has its id, but not the hash of its secret."""
    row = image(typed or None)
    if row is None:
        return None
    row = {key: value for key, value in row.items() if key not in {"account_id", "record", "hashed"}}
    return {"key_id": name.removeprefix(KEY), **row} if name.startswith(KEY) else row


def _profile_type(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> EventType:
    if after is None:
        return EventType.DELETED_OUT_OF_BAND
    if not _is_time(after.get("changed_at")) or after.get("changed_at") == (before or {}).get("changed_at"):
        return EventType.ALTERED_OUT_OF_BAND
    if before is None:
        return EventType.ACCOUNT_CREATED
    was, is_now = before.get("suspended"), after.get("suspended")
    if was != is_now:
        return EventType.ACCOUNT_SUSPENDED if is_now else EventType.ACCOUNT_RESUMED
    return EventType.ACCOUNT_CHANGED


def _key_type(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> EventType:
    if after is None:
        return EventType.DELETED_OUT_OF_BAND
    if before is None:
        is_new = _is_time(after.get("created_at")) and after.get("revoked_at") is None
        return EventType.KEY_MADE if is_new else EventType.ALTERED_OUT_OF_BAND
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    was_revoked = before.get("revoked_at") is None and _is_time(after.get("revoked_at"))
    if was_revoked and changed <= {"revoked_at", "revoked_by"}:
        return EventType.KEY_REVOKED
    return EventType.ALTERED_OUT_OF_BAND


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(times.parse(value))
    except ValueError:
        return False
