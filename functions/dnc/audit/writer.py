"""Appends events to chains. Only the handler of the streams and the replay of held records use it."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from dnc import times
from dnc.audit import chain
from dnc.audit.chain import Head
from dnc.audit.changes import RecordedChange
from dnc.audit.keys import HEAD_KEY, row_key
from dnc.aws import errors as aws_errors
from dnc.aws import queries, wire
from dnc.aws.attempts import attempts
from dnc.problems import Unavailable

EVENTS_PER_TRANSACTION = 20
LARGEST_IMAGES = 64 * 1024
"""The most bytes of both images, as JSON, that an event stores itself: a transaction of 20 events may have 4 MB."""
_DEEPEST = 24
"""The most levels of an image that an event stores itself: DynamoDB allows 32, of which an event needs some."""
_PATIENCE = 10.0
_NOT_HELD = " AND attribute_not_exists(held)"
_SUMMARY = ("status", "source", "version", "change")


class ChainHeld(Exception):
    """The chain accepts no events until the ones held back are appended."""


class AuditWriter:
    """Records the changes of any account's numbers."""

    def __init__(
        self,
        client: Any,
        table: str,
        store_image: Callable[[str, bytes], None],
        clock: Callable[[], datetime] = times.now,
    ) -> None:
        """Bind to the audit table. `store_image`: stores bytes under a key of the bulk bucket."""
        self._store_image = store_image
        self._client = client
        self._table = table
        self._clock = clock

    def heads(self, subjects: Sequence[str]) -> dict[str, Head]:
        """Read the heads of chains. A chain that has not begun is left out."""
        keys = [row_key(subject, HEAD_KEY) for subject in subjects]
        return {item["subject"]["S"]: Head.of(item) for item in queries.batch(self._client, self._table, keys)}

    def record(self, changes: Sequence[RecordedChange], head: Head | None, *, replaying: bool = False) -> None:
        """Append the changes of one number, in order, to its chain. `head`: as it was read, or None.

        Changes that are already recorded are skipped, so a replay writes nothing. Raises ChainHeld, unless held changes
        are being replayed, and Unavailable if the changes could not be recorded in time.
        """
        waiting = [self._without_large_images(change) for change in changes]
        for _ in attempts(_PATIENCE):
            if head is not None and head.held and not replaying:
                raise ChainHeld
            while waiting:
                part = waiting[:EVENTS_PER_TRANSACTION]
                rows, end = self._chained(part, head)
                if not queries.transact_if(self._client, self._writes(rows, head, end, replaying=replaying)):
                    break
                waiting, head = waiting[len(part) :], end
            if not waiting:
                return
            waiting, head = self._missing(waiting)
        raise Unavailable("The audit of a number could not be written in time.")

    def hold(self, subject: str) -> None:
        """Close a chain to new events until `release`, when the events held back have been appended. Idempotent."""
        self._set_held(subject, "SET held = :held", {":held": {"BOOL": True}})

    def release(self, subject: str) -> None:
        """Open a chain to new events again. Idempotent."""
        self._set_held(subject, "REMOVE held", {})

    def _set_held(self, subject: str, expression: str, values: dict[str, Any]) -> None:
        request: dict[str, Any] = {"UpdateExpression": expression}
        if values:
            request["ExpressionAttributeValues"] = values
        with aws_errors.storage():
            self._client.update_item(TableName=self._table, Key=row_key(subject, HEAD_KEY), **request)

    def _without_large_images(self, change: RecordedChange) -> RecordedChange:
        """Move images that are too large for an event to the bulk bucket. The event has their digest, size and key."""
        whole = {"before": change.before, "after": change.after}
        body = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        if len(body) <= LARGEST_IMAGES and not _is_deeper(whole, _DEEPEST):
            return change
        name = f"{change.sequence}-{hashlib.sha256(change.number.encode()).hexdigest()[:8]}"
        key = f"accounts/{change.account_id}/audit/{name}.json"
        self._store_image(key, body)
        images = {"key": key, "sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}
        return replace(change, before=_summary(change.before), after=_summary(change.after), images=images)

    def _chained(self, changes: Sequence[RecordedChange], head: Head | None) -> tuple[list[dict[str, Any]], Head]:
        end = head or Head()
        rows = []
        for change in changes:
            rows.append(chain.event(change, end, self._clock()))
            end = chain.head_after(rows[-1], end)
        return rows, end

    def _writes(
        self, rows: list[dict[str, Any]], head: Head | None, end: Head, *, replaying: bool
    ) -> list[dict[str, Any]]:
        writes: list[dict[str, Any]] = [
            {
                "Put": {
                    "TableName": self._table,
                    "Item": wire.to_wire(row),
                    "ConditionExpression": "attribute_not_exists(subject)",
                }
            }
            for row in rows
        ]
        head_put: dict[str, Any] = {
            "TableName": self._table,
            "Item": {
                **row_key(rows[0]["subject"], HEAD_KEY),
                "length": {"N": str(end.length)},
                "digest": {"S": end.digest},
                "sequence": {"S": end.sequence},
            },
            "ConditionExpression": f"attribute_not_exists(digest){_NOT_HELD}",
        }
        if head is not None and head.length:
            head_put |= {
                "ConditionExpression": f"digest = :digest{_NOT_HELD}",
                "ExpressionAttributeValues": {":digest": {"S": head.digest}},
            }
        if replaying:
            head_put["ConditionExpression"] = head_put["ConditionExpression"].removesuffix(_NOT_HELD)
            if head is not None and head.held:
                head_put["Item"]["held"] = {"BOOL": True}
        return [*writes, {"Put": head_put}]

    def _missing(self, changes: Sequence[RecordedChange]) -> tuple[list[RecordedChange], Head | None]:
        """Return the changes that are not recorded yet, and the current head."""
        subject = changes[0].subject
        keys = [row_key(subject, change.sequence) for change in changes]
        events = queries.batch(self._client, self._table, keys, ProjectionExpression="event_key")
        stored = {event["event_key"]["S"] for event in events}
        return [change for change in changes if change.sequence not in stored], self.heads([subject]).get(subject)


def _summary(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the short attributes of a row that readers of events need."""
    if row is None:
        return None
    return {
        name: row[name]
        for name in _SUMMARY
        if isinstance(row.get(name), int) or (isinstance(row.get(name), str) and len(row[name]) <= 200)
    }


def _is_deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(levels == 0 or _is_deeper(one, levels - 1) for one in inner)
