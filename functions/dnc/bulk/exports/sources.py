"""Where an export's rows come from: an account's entries in the order of number, its audit in the order recorded.

Both give rows in DynamoDB's typed form, each with the cursor after which a later run goes on, so that no row is lost or
given twice when a run is stopped. A row without an item is progress alone.
"""

import heapq
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from dnc import times
from dnc.audit import chain as audit
from dnc.aws import errors as aws_errors

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
        for page in _pages(client, query):
            for item in page["Items"]:
                changed_at = item.get("changed_at", {}).get("S")
                wanted = not changed_at or ((not since or changed_at >= since) and (not until or changed_at < until))
                yield item if wanted else None, item["number"]["S"]

    return read


def events(client: Any, table: str, account_id: str, since: str, until: str) -> Read:
    """Give the reader of an account's audit events recorded in [since, until) (RFC 3339 UTC), in the order recorded.

    `until` must be some minutes ago, since an index of DynamoDB may be a little behind. The cursor is the place of an
    event in the timeline, or a day.
    """

    def read(after: str | None) -> Iterator[Row]:
        start = max(after or "", since)
        day = datetime.fromisoformat(start[:10]).replace(tzinfo=UTC)
        while (name := times.text(day)[:10]) <= until[:10]:
            shards = [_shard(client, table, audit.day_shard(account_id, name, i), start, until) for i in _SHARDS]
            for item in heapq.merge(*shards, key=_recorded_key):
                key = _recorded_key(item)
                if key != after and key < until:
                    yield item, key
            day += timedelta(days=1)
            yield None, max(start, times.text(day)[:10])

    return read


_SHARDS = range(audit.SHARDS)


def _recorded_key(item: dict[str, Any]) -> str:
    return str(item["recorded_key"]["S"])


def _shard(client: Any, table: str, day_shard: str, first: str, last: str) -> Iterator[dict[str, Any]]:
    query = {
        "TableName": table,
        "IndexName": "timeline",
        "KeyConditionExpression": "account_day_shard = :part AND recorded_key BETWEEN :first AND :last",
        "ExpressionAttributeValues": {":part": {"S": day_shard}, ":first": {"S": first}, ":last": {"S": last}},
    }
    for page in _pages(client, query):
        yield from page["Items"]


def _pages(client: Any, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
    start = None
    while True:
        with aws_errors.storage():
            page = client.query(**query, **({"ExclusiveStartKey": start} if start else {}))
        yield page
        start = page.get("LastEvaluatedKey")
        if not start:
            return
        query.pop("ExclusiveStartKey", None)
