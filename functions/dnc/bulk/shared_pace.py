"""The rate that all bulk jobs of an account share, so that its partition serves the account's checks and adds first.

A row of the accounts table holds the time until which units are reserved. A worker moves that time ahead by what it is
about to use, and waits until its own share begins. So any number of workers, in any number of processes, keep to one
rate, and a worker that crashes wastes a fraction of a second at most.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from dnc import times
from dnc.aws import deadline, queries
from dnc.aws.attempts import attempts
from dnc.problems import Unavailable

SHARE_SECONDS = 0.25
"""A share is what the rate allows in this time. It is short, so that workers take turns."""
_PATIENCE = 20.0
_ROWS_PER_UNIT = 8
"""Rows in a read unit of 4 KB, for a response that does not say how many units it used."""


class SharedPace:
    """The pace of one worker. All workers of an account together use at most `rate` units per second."""

    RECORD = ""
    """The sort key of the row that they share."""

    def __init__(
        self,
        client: Any,
        table: str,
        account_id: str,
        rate: float,
        now: Callable[[], datetime] = times.now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Bind to the accounts table and an account. `rate`: units per second."""
        self._client = client
        self._table = table
        self._key = {"account_id": {"S": account_id}, "record": {"S": self.RECORD}}
        self._rate = rate
        self._now = now
        self._sleep = sleep
        self._left = 0.0

    def wait(self, units: float = 0.0) -> None:
        """Wait until units may be used. `units`: how many, if that is known; otherwise report them to `used` later.

        Raises Unavailable if the wait would outlast the invocation.
        """
        self._left -= units
        if self._left >= 0 if units else self._left > 0:
            return
        needed = max(self._rate * SHARE_SECONDS, -self._left)
        self._sleep_until(self._reserve(needed / self._rate))
        self._left += needed

    def used(self, units: float) -> None:
        """Record how many units were used. Use beyond the share delays the next one."""
        self._left -= units

    def _sleep_until(self, moment: float) -> None:
        seconds = moment - self._now().timestamp()
        if seconds > deadline.left():
            raise Unavailable("The bulk jobs of this account have reached their rate limit. This job will be retried.")
        if seconds > 0:
            self._sleep(seconds)

    def _reserve(self, seconds: float) -> float:
        """Reserve the next free `seconds`, and return when they begin, in epoch seconds."""
        for _ in attempts(_PATIENCE):
            now = self._now().timestamp()
            # Line up behind the reservations of other workers, if there are any.
            behind_others = queries.write_if(
                self._move_free_at,
                sets="SET free_at = free_at + :seconds",
                condition="free_at > :now",
                values={":seconds": _number(seconds), ":now": _number(now)},
            )
            if behind_others.written:
                return self._free_at - seconds
            first = queries.write_if(
                self._move_free_at,
                sets="SET free_at = :then",
                condition="attribute_not_exists(free_at) OR free_at <= :now",
                values={":then": _number(now + seconds), ":now": _number(now)},
            )
            if first.written:
                return now
        raise Unavailable("Too many bulk jobs of this account run at once. This job will be retried.")

    def _move_free_at(self, sets: str, condition: str, values: dict[str, Any]) -> None:
        response = self._client.update_item(
            TableName=self._table,
            Key=self._key,
            UpdateExpression=sets,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            ReturnValues="UPDATED_NEW",
        )
        self._free_at = float(response["Attributes"]["free_at"]["N"])


class ReadPace(SharedPace):
    """The read units of an account's list that its bulk jobs may use."""

    RECORD = "read_pace"


class WritePace(SharedPace):
    """The rows that an account's imports and their undos may write."""

    RECORD = "write_pace"


def pages(client: Any, query: Mapping[str, Any], pace: ReadPace) -> Iterator[tuple[dict[str, Any], float]]:
    """Read every page of a query at the account's pace. Yield each with the read units that it used."""
    reading = queries.pages(client, {**query, "ReturnConsumedCapacity": "TOTAL"})
    more = True
    while more:
        pace.wait()
        page = next(reading)
        units = float(
            (page.get("ConsumedCapacity") or {}).get("CapacityUnits") or page["ScannedCount"] / _ROWS_PER_UNIT
        )
        pace.used(units)
        more = bool(page.get("LastEvaluatedKey"))
        yield page, units


def _number(value: float) -> dict[str, str]:
    return {"N": f"{value:.6f}"}
