"""The sources of an export's rows: an account's entries in the order of number, its audit in the order recorded.

Rows are in DynamoDB's typed form, each with the cursor after which a later run continues, so no row is lost or exported
twice when a run is stopped. A row without an item is only progress.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from dnc.audit.timeline import Timeline, recorded_key
from dnc.aws import queries

type ExportRow = tuple[dict[str, Any] | None, str]
type RowReader = Callable[[str | None], Iterator[ExportRow]]


def entries(client: Any, table: str, account_id: str, since: str | None = None, until: str | None = None) -> RowReader:
    """Return the reader of an account's entries, strongly consistent, in the order of number.

    Each number is read once, however many are added and removed meanwhile, because its place never moves.
    `since`, `until` (RFC 3339 UTC): only entries last changed in [since, until). An entry without the time of its
    change is never left out. The cursor is a number, E.164.
    """

    def read(after: str | None) -> Iterator[ExportRow]:
        query: dict[str, Any] = {
            "TableName": table,
            "KeyConditionExpression": "account_id = :account",
            "ExpressionAttributeValues": {":account": {"S": account_id}},
            "ConsistentRead": True,
        }
        if after:
            query["ExclusiveStartKey"] = {"account_id": {"S": account_id}, "number": {"S": after}}
        for item in queries.rows(client, query):
            changed_at = item.get("changed_at", {}).get("S")
            in_window = not changed_at or ((not since or changed_at >= since) and (not until or changed_at < until))
            yield item if in_window else None, item["number"]["S"]

    return read


def events(client: Any, table: str, account_id: str, since: str, until: str) -> RowReader:
    """Return the reader of an account's audit events recorded in [since, until) (RFC 3339 UTC), in the order recorded.

    `until` must be some minutes ago, because an index of DynamoDB may lag. The cursor is an event's place in the
    timeline, or a day.
    """
    timeline = Timeline(client, table, account_id)

    def read(after: str | None) -> Iterator[ExportRow]:
        start = max(after or "", since)
        for day, items in timeline.oldest_first(start, until):
            for item in items:
                key = recorded_key(item)
                if key != after:
                    yield item, key
            yield None, max(start, _next_day(day))

    return read


def _next_day(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
