"""Appends events to the chains of numbers. Only the stream's handler uses it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from dnc import times
from dnc.audit import chain
from dnc.audit.chain import Head
from dnc.audit.changes import RecordedChange
from dnc.audit.keys import HEAD_KEY, row_key
from dnc.aws import queries, wire
from dnc.aws.attempts import attempts
from dnc.problems import Unavailable

EVENTS_A_TRANSACTION = 20
_PATIENCE = 5.0


class AuditWriter:
    """Records what happened to the numbers of any account."""

    def __init__(self, client: Any, table: str, clock: Callable[[], datetime] = times.now) -> None:
        """Bind to the audit table."""
        self._client = client
        self._table = table
        self._clock = clock

    def heads(self, subjects: Sequence[str]) -> dict[str, Head]:
        """Read the heads of chains. A chain that has not begun is left out."""
        keys = [row_key(subject, HEAD_KEY) for subject in subjects]
        return {item["subject"]["S"]: Head.of(item) for item in queries.batch(self._client, self._table, keys)}

    def record(self, changes: Sequence[RecordedChange], head: Head | None) -> None:
        """Append the changes of one number, in their order, to its chain. `head`: as it was read, or None.

        A change that is already recorded is left as it is, so a replay writes nothing. Raises Unavailable if the
        changes could not be recorded in time; the stream then delivers them again.
        """
        waiting = list(changes)
        for _ in attempts(_PATIENCE):
            while waiting:
                part = waiting[:EVENTS_A_TRANSACTION]
                rows, end = self._chained(part, head)
                if not queries.transact_if(self._client, self._writes(rows, head, end)):
                    break
                waiting, head = waiting[len(part) :], end
            if not waiting:
                return
            waiting, head = self._missing(waiting)
        raise Unavailable("The audit of a number could not be written in time.")

    def _chained(self, changes: Sequence[RecordedChange], head: Head | None) -> tuple[list[dict[str, Any]], Head]:
        end = head or Head()
        rows = []
        for change in changes:
            rows.append(chain.event(change, end, self._clock()))
            end = chain.head_after(rows[-1])
        return rows, end

    def _writes(self, rows: list[dict[str, Any]], head: Head | None, end: Head) -> list[dict[str, Any]]:
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
            },
            "ConditionExpression": "attribute_not_exists(subject)",
        }
        if head is not None:
            head_put |= {
                "ConditionExpression": "digest = :digest",
                "ExpressionAttributeValues": {":digest": {"S": head.digest}},
            }
        return [*writes, {"Put": head_put}]

    def _missing(self, changes: Sequence[RecordedChange]) -> tuple[list[RecordedChange], Head | None]:
        """Return the changes that are not recorded yet, and the head as it is now."""
        subject = changes[0].subject
        keys = [row_key(subject, change.sequence) for change in changes]
        events = queries.batch(self._client, self._table, keys, ProjectionExpression="event_key")
        stored = {event["event_key"]["S"] for event in events}
        return [change for change in changes if change.sequence not in stored], self.heads([subject]).get(subject)
