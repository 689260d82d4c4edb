"""Reads the audit of one account: a number's history, and the account's events by time."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import chain as joined
from typing import Any

from dnc import times
from dnc.audit import chain
from dnc.audit.chain import Head
from dnc.audit.keys import HEAD_KEY, SHARDS, subject
from dnc.audit.timeline import PARTS, Timeline, merged
from dnc.aws import queries, wire

PAGE_SECONDS = 10.0
"""How long reading one page of the timeline may take. A page that is cut short still has a token for the next one."""
_ROWS_PER_QUERY = 1000
"""Rows in one response of a filtered read, most of which do not match."""


class AuditLog:
    """The audit of one account, for reading."""

    def __init__(self, client: Any, table: str, account_id: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Bind to the audit table and an account. `clock`: seconds, for the time limit of a page."""
        self._client = client
        self._table = table
        self._account_id = account_id
        self._timeline = Timeline(client, table, account_id)
        self._clock = clock

    def history(self, number: str) -> tuple[list[dict[str, Any]], Head | None]:
        """Read all events of a number (E.164), in the order of the chain, and the chain's head."""
        query = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "subject = :subject",
            "ExpressionAttributeValues": {":subject": {"S": subject(self._account_id, number)}},
        }
        rows, head = [], None
        for item in queries.rows(self._client, query):
            if item["event_key"]["S"] == HEAD_KEY:
                head = Head.of(item)
            else:
                rows.append(wire.from_wire(item))
        return chain.in_order(rows), head

    def timeline(
        self,
        since: datetime,
        until: datetime,
        size: int,
        before: str | None,
        wanted: Callable[[dict[str, Any]], bool] | None = None,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Read the account's events recorded in [since, until), newest first, and where the next page begins.

        `before`: where to continue; `wanted`: which events to return, or None for all. A page ends after
        `PAGE_SECONDS`, so it may be short, even empty, and still have a next one.
        """
        first, last = times.text(since), times.text(until)
        upper = min(before, last) if before else last
        if upper <= first:
            return [], None
        ends = self._clock() + PAGE_SECONDS
        found: list[dict[str, Any]] = []
        day, oldest = (datetime.fromisoformat(moment[:10]).replace(tzinfo=UTC) for moment in (upper, first))
        limit = size + 1 if wanted is None else max(size + 1, _ROWS_PER_QUERY)
        with ThreadPoolExecutor(SHARDS) as pool:
            while day >= oldest:
                for row in self._day(pool, times.text(day)[:10], first, upper, limit):
                    if len(found) == size:
                        return found, found[-1]["recorded_key"]
                    if wanted is None or wanted(row):
                        found.append(row)
                    if self._clock() > ends:
                        return found, row["recorded_key"]
                if self._clock() > ends and day > oldest:
                    return found, times.text(day)
                day -= timedelta(days=1)
        return found, None

    def _day(self, pool: ThreadPoolExecutor, day: str, first: str, upper: str, limit: int) -> Iterator[dict[str, Any]]:
        """Merge the parts of one day, newest first. Their first pages are read in parallel."""
        parts = [self._timeline.pages(day, part, first, upper, newest_first=True, Limit=limit) for part in PARTS]
        first_pages = list(pool.map(_first_page, parts))
        rows = (joined(page, joined.from_iterable(rest)) for page, rest in zip(first_pages, parts, strict=True))
        for item in merged(rows, newest_first=True):
            row = wire.from_wire(item)
            if row["recorded_key"] < upper:
                yield row


def _first_page(pages: Iterator[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return next(pages, [])
