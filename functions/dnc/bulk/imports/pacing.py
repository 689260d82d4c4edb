"""A worker's write rate: its share of a partition's capacity, or less if DynamoDB throttles or the audit lags."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from dnc.audit.keys import HEAD_KEY, row_key, subject
from dnc.aws import errors as aws_errors

MIN_RATE = 1.0
PROBE_SECONDS = 5.0
_STOP_AT = 5
_RECOVERY = 1.1


class NotYetDone(Exception):
    """This invocation is about to time out. Run the piece again; finished work is recognized."""


class Pace:
    """Limits the writes per second. Throttling halves the limit, which then recovers gradually."""

    def __init__(
        self,
        rate: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        shared: Callable[[float], None] = lambda _writes: None,
    ) -> None:
        """`rate`: the most writes per second. `shared`: waits so that all workers of the account keep to their rate."""
        self._shared = shared
        self._most = self.rate = max(rate, MIN_RATE)
        self._clock, self._sleep = clock, sleep
        self._next = clock()
        self._changed = clock()

    def wait(self, writes: int) -> None:
        """Wait until this many writes may be made."""
        now = self._clock()
        if self.rate < self._most and now - self._changed > 1:
            self.rate = min(self._most, self.rate * _RECOVERY)
            self._changed = now
        if self._next > now:
            self._sleep(self._next - now)
        self._next = max(self._next, now) + writes / self.rate
        if writes:
            self._shared(writes)

    def slow_down(self) -> None:
        """Halve the rate, and pause briefly."""
        self.rate = max(MIN_RATE, self.rate / 2)
        self._changed = self._clock()
        self._next = self._changed + min(5.0, 10 / self.rate)


class AuditLag:
    """Measures how far the audit lags, by looking for the events of numbers that this worker listed a while ago.

    This is the lag of the account's own changes, to the second. The stream's metric is by the minute, for all accounts.
    """

    def __init__(
        self,
        client: Any,
        table: str,
        account_id: str,
        slow_at: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`slow_at`: the lag, in seconds, from which to write more slowly. At five times this lag, writing stops."""
        self._client, self._table, self._account_id, self._slow_at = client, table, account_id, slow_at
        self._clock, self._sleep = clock, sleep
        self._probes: deque[tuple[str, float]] = deque()
        self._measured = self._probed = clock()

    def listed(self, number: str) -> None:
        """Remember, every few seconds, a number (E.164) that was just listed for the first time."""
        now = self._clock()
        if now - self._probed >= PROBE_SECONDS / 2 or not self._probes:
            self._probes.append((number, now))
            self._probed = now

    def keep_up(self, pace: Pace, still_time: Callable[[], bool]) -> None:
        """Slow down or wait while the audit lags. Raises NotYetDone when time is short."""
        if self._clock() - self._measured < PROBE_SECONDS:
            return
        while (lag := self._lag()) >= self._slow_at:
            pace.slow_down()
            if lag < _STOP_AT * self._slow_at:
                return
            if not still_time():
                raise NotYetDone
            self._sleep(PROBE_SECONDS)

    def _lag(self) -> float:
        self._measured = self._clock()
        while self._probes and self._is_recorded(self._probes[0][0]):
            self._probes.popleft()
        return self._clock() - self._probes[0][1] if self._probes else 0.0

    def _is_recorded(self, number: str) -> bool:
        key = row_key(subject(self._account_id, number), HEAD_KEY)
        with aws_errors.storage():
            return "Item" in self._client.get_item(TableName=self._table, Key=key)
