"""Publishes change events on EventBridge. Dialers use them to drop numbers that they have already queued."""

import json
from collections.abc import Sequence
from typing import Any

from dnc.audit.changes import EventType, RecordedChange
from dnc.audit.keys import ACCOUNT
from dnc.aws import errors as aws_errors
from dnc.entries import entry as entries
from dnc.entries.status import channels_of
from dnc.logs import logger as logs
from dnc.problems import Unavailable

SOURCE = "nocall"
ENTRIES_PER_CALL = 10
_NAMES = {
    EventType.LISTED: "NumberListed",
    EventType.RELISTED: "NumberListed",
    EventType.RESTORED: "NumberListed",
    EventType.REMOVED: "NumberRemoved",
    EventType.REMOVAL_REQUESTED: "RemovalRequested",
    EventType.EXPIRED: "NumberExpired",
    EventType.DELETED_OUT_OF_BAND: "NumberDeletedOutOfBand",
}


def publish(client: Any, bus: str, recorded: Sequence[tuple[str, RecordedChange]]) -> set[str]:
    """Publish the change events of recorded changes. Return the sequence numbers of those that failed."""
    waiting = [(delivered, change, name) for delivered, change in recorded if (name := _name(change))]
    failed: set[str] = set()
    for i in range(0, len(waiting), ENTRIES_PER_CALL):
        part = waiting[i : i + ENTRIES_PER_CALL]
        events = [
            {"EventBusName": bus, "Source": SOURCE, "DetailType": name, "Detail": json.dumps(_detail(change))}
            for _, change, name in part
        ]
        try:
            with aws_errors.storage():
                results = client.put_events(Entries=events)["Entries"]
        except aws_errors.refused() + (Unavailable,) as refused:  # noqa: RUF005 - mypy cannot read an unpacked tuple here
            logs.logger.error("change events failed", extra=logs.failure(refused))
            failed.update(delivered for delivered, _, _ in part)
        else:
            failed.update(
                delivered for (delivered, _, _), result in zip(part, results, strict=True) if result.get("ErrorCode")
            )
    return failed


def _name(change: RecordedChange) -> str | None:
    """Return the event's name. A manual change is named after the resulting status of the number."""
    if change.number == ACCOUNT:
        return "PrefixesChanged" if _prefixes(change.before) != _prefixes(change.after) else None
    if change.type is EventType.ALTERED_OUT_OF_BAND:
        return "NumberRemoved" if (change.after or {}).get("status") == entries.REMOVED else "NumberListed"
    if change.type is EventType.REQUESTED_AGAIN and _widened(change):
        return "NumberListed"
    return _NAMES.get(change.type)


def _widened(change: RecordedChange) -> bool:
    """Return whether a further request blocks a channel that was not blocked before."""
    return not channels_of(change.after or {}) <= channels_of(change.before or {})


def _prefixes(row: dict[str, Any] | None) -> list[str]:
    stored = (row or {}).get("blocked_prefixes")
    return [str(prefix) for prefix in stored] if isinstance(stored, list) else []


def _detail(change: RecordedChange) -> dict[str, Any]:
    if change.number == ACCOUNT:
        return _detail_of_prefixes(change)
    row = change.after or change.before or {}
    detail = {
        "account_id": change.account_id,
        "number": change.number,
        "channels": sorted(channels_of(row)),
        "version": row.get("version"),
        "sequence": change.sequence,
        "occurred_at": change.occurred_at,
    }
    if change.reason:
        return detail | {"reason": change.reason}
    return detail | {"source": row.get("source")}


def _detail_of_prefixes(change: RecordedChange) -> dict[str, Any]:
    before, after = _prefixes(change.before), _prefixes(change.after)
    return {
        "account_id": change.account_id,
        "blocked_prefixes": after,
        "added": [prefix for prefix in after if prefix not in before],
        "removed": [prefix for prefix in before if prefix not in after],
        "sequence": change.sequence,
        "occurred_at": change.occurred_at,
    }
