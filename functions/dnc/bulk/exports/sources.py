"""Where an export's rows come from: an account's entries by number, or its audit events in the order recorded.

Rows are in DynamoDB's typed form. Each comes with the cursor from which a later run continues, so that no row is lost
or exported twice if a run is stopped. A row without an item only advances the cursor.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from dnc.audit.timeline import Timeline, recorded_key
from dnc.bulk import shared_pace
from dnc.bulk.shared_pace import ReadPace

type ExportRow = tuple[dict[str, Any] | None, str]
type RowReader = Callable[[str | None], Iterator[ExportRow]]


def entries(
    client: Any, table: str, account_id: str, pace: ReadPace, since: str | None = None, until: str | None = None
) -> RowReader:
    """Return a reader of an account's entries, ordered by number, at the account's pace.

    Reads are strongly consistent: the export has all numbers that were listed before it began, so a restore can start
    from it. Each number is read once, whatever is added and removed meanwhile, because its position never changes.

    `since`, `until` (RFC 3339 UTC): only entries last changed in [since, until). An entry without the time of its
    last change is always included. The cursor is a number, E.164.
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
        for item in (item for page, _ in shared_pace.pages(client, query, pace) for item in page["Items"]):
            changed_at = item.get("changed_at", {}).get("S")
            in_window = not changed_at or ((not since or changed_at >= since) and (not until or changed_at < until))
            yield item if in_window else None, item["number"]["S"]

    return read


def events(client: Any, table: str, account_id: str, since: str, until: str) -> RowReader:
    """Return a reader of an account's audit events recorded in [since, until) (RFC 3339 UTC), in the order recorded.

    `until` must be some minutes ago, because a DynamoDB index may lag. The cursor is an event's key in the timeline, or
    a day.
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
