"""Puts back a listed row that was deleted manually, so that no one calls the number before the alarm is answered."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dnc import times
from dnc.audit.changes import SERVICE, sequence_of
from dnc.aws import queries, wire
from dnc.entries.entry import LISTED, Actor, Change, Entry
from dnc.entries.store import unchanged


def reinstate(client: Any, table: str, record: Mapping[str, Any]) -> None:
    """Put back the last image of a deleted row if it was listed, unless the number has a row again.

    This happens once: a row that was put back and is deleted again stays deleted. The stream record of the new row
    becomes the event `reinstated`.
    """
    image = record["dynamodb"].get("OldImage") or {}
    if "number" not in image:
        return
    deleted = Entry.of(wire.from_wire(image))
    now = times.now()
    if deleted.status_at(now) != LISTED or deleted.change == Change.REINSTATED:
        return
    entry = replace(
        deleted,
        pending_removal=None,
        version=deleted.version + 1,
        changed_at=times.text(now),
        changed_by=Actor(SERVICE).item(),
        change=Change.REINSTATED,
        request_id=f"reinstate:{sequence_of(record)}",
    )
    queries.write_if(client.put_item, TableName=table, Item=wire.to_wire(entry.item()), **unchanged(None))
