"""Change events on EventBridge, so that a dialer drops what it has queued already."""

import json
from collections.abc import Sequence
from typing import Any

from dnc.audit.chain import EventType, Told
from dnc.aws import errors as aws_errors
from dnc.entries import entry as entries
from dnc.logs import logger as logs
from dnc.problems import Unavailable

SOURCE = "nocall"
ENTRIES_A_CALL = 10
_NAMES = {
    EventType.LISTED: "NumberListed",
    EventType.RELISTED: "NumberListed",
    EventType.RESTORED: "NumberListed",
    EventType.REMOVED: "NumberRemoved",
    EventType.EXPIRED: "NumberExpired",
    EventType.DELETED_OUT_OF_BAND: "NumberDeletedOutOfBand",
}


def publish(client: Any, bus: str, recorded: Sequence[tuple[str, Told]]) -> set[str]:
    """Publish the change events of recorded changes; give the sequence numbers of those that failed."""
    waiting = [(delivered, told, name) for delivered, told in recorded if (name := _name(told))]
    failed: set[str] = set()
    for i in range(0, len(waiting), ENTRIES_A_CALL):
        part = waiting[i : i + ENTRIES_A_CALL]
        wanted = [
            {"EventBusName": bus, "Source": SOURCE, "DetailType": name, "Detail": json.dumps(_detail(told))}
            for _, told, name in part
        ]
        try:
            with aws_errors.storage():
                answers = client.put_events(Entries=wanted)["Entries"]
        except aws_errors.refused() + (Unavailable,) as refused:  # noqa: RUF005 - mypy reads a sum of tuples as one of classes
            logs.logger.error("change events failed", extra=logs.failure(refused))
            failed.update(delivered for delivered, _, _ in part)
        else:
            failed.update(
                delivered for (delivered, _, _), answer in zip(part, answers, strict=True) if answer.get("ErrorCode")
            )
    return failed


def _name(told: Told) -> str | None:
    """Give the event's name; a change by hand is told as what it made of the number."""
    if told.type is EventType.ALTERED_OUT_OF_BAND:
        return "NumberRemoved" if (told.after or {}).get("status") == entries.REMOVED else "NumberListed"
    return _NAMES.get(told.type)


def _detail(told: Told) -> dict[str, Any]:
    row = told.after or told.before or {}
    detail = {
        "account_id": told.account_id,
        "number": told.number,
        "version": row.get("version"),
        "sequence": told.sequence,
        "occurred_at": told.occurred_at,
    }
    if told.reason:
        return detail | {"reason": told.reason}
    return detail | {"source": row.get("source")}
