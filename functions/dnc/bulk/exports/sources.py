"""Where an export's rows come from: an account's entries in the order of number, its audit in the order recorded.

Both give rows in DynamoDB's typed form, each with the cursor after which a later run goes on, so that no row is lost or
given twice when a run is stopped. A row without an item is progress alone.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from dnc.audit.timeline import Timeline, recorded_key
from dnc.aws import queries

type Row = tuple[dict[str, Any] | None, str]
type Read = Callable[[str | None], Iterator[Row]]


def entries(client: Any, table: str, account_id: str, since: str | None = None, until: str | None = None) -> Read:
    """Give the reader of an account's entries, strongly consistent, in the order of number.

    Each number is met once, as it is at that moment, however many are added and removed meanwhile: its place never
    moves. `since`, `until` (RFC 3339 UTC): only entries last changed in [since, until); one that does not say when is
    never left out. The cursor is a number, E.164.
    """

    def read(after: str | None) -> Iterator[Row]:
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
            wanted = not changed_at or ((not since or changed_at >= since) and (not until or changed_at < until))
            yield item if wanted else None, item["number"]["S"]

    return read


def events(client: Any, table: str, account_id: str, since: str, until: str) -> Read:
    """Give the reader of an account's audit events recorded in [since, until) (RFC 3339 UTC), in the order recorded.

    `until` must be some minutes ago, since an index of DynamoDB may be a little behind. The cursor is the place of an
    event in the timeline, or a day.
    """
    timeline = Timeline(client, table, account_id)

    def read(after: str | None) -> Iterator[Row]:
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
