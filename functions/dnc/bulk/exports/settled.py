"""Compares a sample of the audit's table with its index, because an export of the audit reads the index.

A DynamoDB index usually catches up within a second, but nothing limits its lag. The window of an export therefore ends
five minutes ago. If a sample shows that this is not enough, the export waits.
"""

import random
from datetime import date, timedelta
from typing import Any

from dnc import times
from dnc.audit.keys import ACCOUNT, HEAD_KEY, subject
from dnc.audit.timeline import PARTS, Timeline, recorded_key
from dnc.aws import errors as aws_errors
from dnc.bulk.shared_pace import ReadPace

SAMPLE_NUMBERS = 20
"""How many changed numbers of the list are compared, and how many numbers of the newest events."""
_POSITIONS = 3
_ROWS_PER_SAMPLE = 1_000
_EVENTS_PER_CHAIN = 5
_DIGITS = 15


class IndexLags(Exception):
    """The index lacks an event that the table has. Run the step again later."""


class Sample:
    """A sample of one account's audit, in a window of time, to be compared with the index."""

    def __init__(
        self,
        client: Any,
        tables: tuple[str, str],
        account_id: str,
        window: tuple[str, str],
        pace: ReadPace,
        rng: random.Random | None = None,
    ) -> None:
        """`tables`: the numbers table and the audit table; `window`: [since, until), RFC 3339 UTC."""
        self._client = client
        self._numbers, self._audit = tables
        self._account_id = account_id
        self._since, self._until = window
        self._pace = pace
        self._rng = rng or random.Random()  # noqa: S311 - a sample, not a secret

    def compare(self) -> int:
        """Return how many events were compared. Raises IndexLags if the index lacks one of them."""
        compared = 0
        for number in dict.fromkeys((ACCOUNT, *self._newest(), *self._changed())):
            for event in self._recorded(number):
                if not self._is_indexed(event):
                    raise IndexLags
                compared += 1
        return compared

    def _newest(self) -> list[str]:
        """Return the numbers of the newest events that the index has in the window. Later ones may be missing."""
        timeline = Timeline(self._client, self._audit, self._account_id)
        day = times.text(times.parse(self._until) - timedelta(milliseconds=1))[:10]
        found: list[dict[str, Any]] = []
        while day >= self._since[:10] and not found:
            for part in PARTS:
                pages = timeline.pages(day, part, self._since, self._until, newest_first=True, Limit=SAMPLE_NUMBERS)
                found += next(pages, [])
            day = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
        found.sort(key=recorded_key, reverse=True)
        return [event["subject"]["S"].partition("#")[2] for event in found[:SAMPLE_NUMBERS]]

    def _changed(self) -> list[str]:
        """Return numbers that were changed in the window, from random positions in the list."""
        ends = [self._end(forward=forward) for forward in (True, False)]
        if None in ends:
            return []
        low, high = (int(f"{(end or '')[1:]:0<{_DIGITS}}") for end in ends)
        found: list[str] = []
        for _ in range(_POSITIONS):
            found += self._changed_after(f"+{self._rng.randint(low, high):0{_DIGITS}}")
        return self._rng.sample(found, min(SAMPLE_NUMBERS, len(found)))

    def _changed_after(self, number: str) -> list[str]:
        page = self._query(
            self._numbers,
            KeyConditionExpression="account_id = :account",
            FilterExpression="changed_at BETWEEN :since AND :until",
            ProjectionExpression="#number",
            ExpressionAttributeNames={"#number": "number"},
            ExpressionAttributeValues={
                ":account": {"S": self._account_id},
                ":since": {"S": self._since},
                ":until": {"S": self._until},
            },
            ExclusiveStartKey={"account_id": {"S": self._account_id}, "number": {"S": number}},
            ConsistentRead=True,
            Limit=_ROWS_PER_SAMPLE,
        )
        return [item["number"]["S"] for item in page]

    def _end(self, *, forward: bool) -> str | None:
        """Return the first or the last number of the list, or None if the list is empty or its end is not a number."""
        page = self._query(
            self._numbers,
            KeyConditionExpression="account_id = :account",
            ProjectionExpression="#number",
            ExpressionAttributeNames={"#number": "number"},
            ExpressionAttributeValues={":account": {"S": self._account_id}},
            ConsistentRead=True,
            ScanIndexForward=forward,
            Limit=1,
        )
        numbers = [item["number"]["S"] for item in page]
        return next((number for number in numbers if number[1:].isdecimal() and len(number) <= _DIGITS + 1), None)

    def _recorded(self, number: str) -> list[dict[str, Any]]:
        """Return the last events of a number that were recorded in the window, strongly consistent."""
        rows = self._query(
            self._audit,
            KeyConditionExpression="subject = :subject AND event_key < :head",
            ExpressionAttributeValues={
                ":subject": {"S": subject(self._account_id, number)},
                ":head": {"S": HEAD_KEY},
            },
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=_EVENTS_PER_CHAIN,
        )
        return [row for row in rows if self._since <= recorded_key(row) < self._until]

    def _is_indexed(self, event: dict[str, Any]) -> bool:
        rows = self._query(
            self._audit,
            IndexName="timeline",
            KeyConditionExpression="account_day_shard = :part AND recorded_key = :key",
            ExpressionAttributeValues={":part": event["account_day_shard"], ":key": event["recorded_key"]},
            Limit=1,
        )
        return bool(rows)

    def _query(self, table: str, **query: Any) -> list[dict[str, Any]]:
        self._pace.wait()
        with aws_errors.storage():
            page = self._client.query(TableName=table, ReturnConsumedCapacity="TOTAL", **query)
        self._pace.used(float((page.get("ConsumedCapacity") or {}).get("CapacityUnits") or 1))
        rows: list[dict[str, Any]] = page["Items"]
        return rows
