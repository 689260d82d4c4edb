"""The timeline index: an account's events by the time they were recorded. Each part of a day is a query."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from dnc import times
from dnc.audit.keys import SHARDS, day_shard
from dnc.aws import queries

PARTS = range(SHARDS)
_DAY = timedelta(days=1)


class Timeline:
    """The timeline of one account. Rows are in DynamoDB's typed form."""

    def __init__(self, client: Any, table: str, account_id: str) -> None:
        """Bind to the audit table and an account."""
        self._client = client
        self._table = table
        self._account_id = account_id

    def pages(
        self, day: str, part: int, first: str, last: str, *, newest_first: bool = False, **limits: Any
    ) -> Iterator[list[dict[str, Any]]]:
        """Read the events of a part of a day with `recorded_key` in [first, last], page by page, oldest first.

        `limits`: the Query's `Limit`, and its `ProjectionExpression` with its names.
        """
        query: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": "timeline",
            "KeyConditionExpression": "account_day_shard = :part AND recorded_key BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":part": {"S": day_shard(self._account_id, day, part)},
                ":first": {"S": first},
                ":last": {"S": last},
            },
            "ScanIndexForward": not newest_first,
            **limits,
        }
        for page in queries.pages(self._client, query):
            yield page["Items"]

    def oldest_first(self, first: str, until: str) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
        """Yield each day (`2026-11-23`) from `first` to `until` with its events in [first, until), oldest first.

        `first`, `until`: RFC 3339 UTC, or a `recorded_key`.
        """
        moment = datetime.fromisoformat(first[:10]).replace(tzinfo=UTC)
        while (day := times.text(moment)[:10]) <= until[:10]:
            parts = [chain.from_iterable(self.pages(day, part, first, until)) for part in PARTS]
            yield day, (row for row in merged(parts) if recorded_key(row) < until)
            moment += _DAY


def merged(parts: Iterable[Iterator[dict[str, Any]]], *, newest_first: bool = False) -> Iterator[dict[str, Any]]:
    """Merge the parts of a day, each of them sorted by the time recorded."""
    return heapq.merge(*parts, key=recorded_key, reverse=newest_first)


def recorded_key(row: Mapping[str, Any]) -> str:
    """Return the position of an event in the timeline."""
    return str(row["recorded_key"]["S"])
