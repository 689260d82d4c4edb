"""The audit table: recording events into their chains, and reading a number's history or an account's timeline."""

import heapq
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from dnc import times
from dnc.audit import chain as audit
from dnc.audit.chain import HEAD_KEY, Head, Told
from dnc.aws import errors as aws_errors
from dnc.aws import wire
from dnc.problems import Unavailable

EVENTS_A_TRANSACTION = 20
_ATTEMPTS = 12
_TIMELINE_SECONDS = 15.0


class AuditWriter:
    """Records what happened to the numbers of any account; used by the stream handler alone."""

    def __init__(self, client: Any, table: str, clock: Callable[[], datetime] = times.now) -> None:
        """Bind to the audit table."""
        self._client = client
        self._table = table
        self._clock = clock

    def heads(self, subjects: Sequence[str]) -> dict[str, Head]:
        """Read the heads of up to 100 chains; a chain that has none yet is not in the answer."""
        asked: dict[str, Any] = {self._table: {"Keys": [_key(s, HEAD_KEY) for s in subjects], "ConsistentRead": True}}
        found: dict[str, Head] = {}
        for attempt in range(_ATTEMPTS):
            with aws_errors.storage():
                answer = self._client.batch_get_item(RequestItems=asked)
            for item in answer["Responses"].get(self._table, []):
                found[item["subject"]["S"]] = _head(item)
            asked = answer.get("UnprocessedKeys") or {}
            if not asked:
                return found
            _pause(attempt)
        raise Unavailable("The audit could not be read in time.")

    def record(self, told: Sequence[Told], head: Head | None) -> None:
        """Chain the events of one number, in their order, to its head as it was read (None: there was none).

        An event that is there already is left as it is, so a replay writes nothing. Raises Unavailable when the
        events could not be recorded in time: then the stream delivers them again.
        """
        waiting = list(told)
        for attempt in range(_ATTEMPTS):
            part = waiting[:EVENTS_A_TRANSACTION]
            if not part:
                return
            rows, end = self._chained(part, head)
            try:
                with aws_errors.storage():
                    self._client.transact_write_items(TransactItems=self._writes(rows, head, end))
            except aws_errors.refused() as failed:
                if aws_errors.error_code(failed) != "TransactionCanceledException":
                    raise
                _pause(attempt)
                waiting, head = self._missing(waiting)
            else:
                waiting, head = waiting[len(part) :], end
        if waiting:
            raise Unavailable("The audit of a number could not be written in time.")

    def _chained(self, part: Sequence[Told], head: Head | None) -> tuple[list[dict[str, Any]], Head]:
        end = head or Head()
        rows = []
        for one in part:
            rows.append(audit.event(one, end, self._clock()))
            end = audit.head_after(rows[-1])
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
        at_head: dict[str, Any] = {
            "TableName": self._table,
            "Item": {
                **_key(rows[0]["subject"], HEAD_KEY),
                "length": {"N": str(end.length)},
                "digest": {"S": end.digest},
            },
            "ConditionExpression": "attribute_not_exists(subject)",
        }
        if head is not None:
            at_head |= {
                "ConditionExpression": "digest = :digest",
                "ExpressionAttributeValues": {":digest": {"S": head.digest}},
            }
        return [*writes, {"Put": at_head}]

    def _missing(self, told: Sequence[Told]) -> tuple[list[Told], Head | None]:
        """Give the events that are not recorded yet, and the head as it is now."""
        subject = told[0].subject
        there: set[str] = set()
        for i in range(0, len(told), 99):
            keys = [_key(subject, one.sequence) for one in told[i : i + 99]]
            asked: dict[str, Any] = {
                self._table: {"Keys": keys, "ConsistentRead": True, "ProjectionExpression": "event_key"}
            }
            while asked:
                with aws_errors.storage():
                    answer = self._client.batch_get_item(RequestItems=asked)
                there |= {item["event_key"]["S"] for item in answer["Responses"].get(self._table, [])}
                asked = answer.get("UnprocessedKeys") or {}
        return [one for one in told if one.sequence not in there], self.heads([subject]).get(subject)


class AuditLog:
    """The audit of one account, for reading."""

    def __init__(self, client: Any, table: str, account_id: str) -> None:
        """Bind to the audit table and an account."""
        self._client = client
        self._table = table
        self._account_id = account_id

    def history(self, number: str) -> tuple[list[dict[str, Any]], Head | None]:
        """Read all events of a number (E.164), in the order of the chain, and the chain's head."""
        query = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "subject = :subject",
            "ExpressionAttributeValues": {":subject": {"S": audit.subject(self._account_id, number)}},
        }
        rows, head = [], None
        for item in self._all(query):
            if item["event_key"]["S"] == HEAD_KEY:
                head = _head(item)
            else:
                rows.append(wire.from_wire(item))
        return audit.in_order(rows), head

    def timeline(
        self,
        since: datetime,
        until: datetime,
        size: int,
        before: str | None,
        wanted: Callable[[dict[str, Any]], bool],
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Read the account's events recorded in [since, until), newest first, and where the next page begins.

        `before`: the place to go on from. A page may be short and still have a next one.
        """
        first, last = times.text(since), times.text(until)
        upper = min(before, last) if before else last
        deadline = time.monotonic() + _TIMELINE_SECONDS
        found: list[dict[str, Any]] = []
        day = datetime.fromisoformat(upper[:10]).replace(tzinfo=UTC)
        with ThreadPoolExecutor(audit.SHARDS) as pool:
            while times.text(day)[:10] >= first[:10]:
                for row in self._day(pool, times.text(day)[:10], first, upper, size):
                    if len(found) == size:
                        return found, found[-1]["recorded_key"]
                    if wanted(row):
                        found.append(row)
                if time.monotonic() > deadline:
                    return found, times.text(day)
                day -= timedelta(days=1)
        return found, None

    def _day(self, pool: ThreadPoolExecutor, day: str, first: str, upper: str, size: int) -> Iterator[dict[str, Any]]:
        """Merge the shards of one day, newest first. Their first pages are read side by side."""
        queries = [
            {
                "TableName": self._table,
                "IndexName": "timeline",
                "KeyConditionExpression": "account_day_shard = :part AND recorded_key BETWEEN :first AND :upper",
                "ExpressionAttributeValues": {
                    ":part": {"S": audit.day_shard(self._account_id, day, part)},
                    ":first": {"S": first},
                    ":upper": {"S": upper},
                },
                "ScanIndexForward": False,
                "Limit": size + 1,
            }
            for part in range(audit.SHARDS)
        ]
        pages = pool.map(self._page, queries)
        merged = heapq.merge(
            *(self._rest(query, page) for query, page in zip(queries, pages, strict=True)),
            key=lambda row: str(row["recorded_key"]),
            reverse=True,
        )
        return (row for row in merged if row["recorded_key"] < upper)

    def _page(self, query: dict[str, Any]) -> dict[str, Any]:
        with aws_errors.storage():
            answer: dict[str, Any] = self._client.query(**query)
        return answer

    def _rest(self, query: dict[str, Any], page: dict[str, Any]) -> Iterator[dict[str, Any]]:
        while True:
            yield from (wire.from_wire(item) for item in page["Items"])
            start = page.get("LastEvaluatedKey")
            if not start:
                return
            page = self._page(query | {"ExclusiveStartKey": start})

    def _all(self, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
        page = self._page(query)
        while True:
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            page = self._page(query | {"ExclusiveStartKey": page["LastEvaluatedKey"]})


def _key(subject: str, event_key: str) -> dict[str, Any]:
    return {"subject": {"S": subject}, "event_key": {"S": event_key}}


def _head(item: dict[str, Any]) -> Head:
    """Read a head row; one that was tampered with reads as a head that no chain has."""
    try:
        return Head(int(item["length"]["N"]), item["digest"]["S"])
    except (KeyError, ValueError):
        return Head(-1, "")


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0, min(0.02 * 2**attempt, 1.0)))  # noqa: S311
