"""Statistics of an account's list, counted from its audit on request, so that adds and imports do no extra work.

Counts are stored by day in the accounts table, with the place up to which each shard was read; the next request
continues from there. Events of the last few minutes are counted again each time, because an index of DynamoDB may lag
a little. Each event is in the audit once, so a replayed stream counts nothing twice.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dnc import times
from dnc.audit.changes import EventType
from dnc.audit.keys import SHARDS
from dnc.audit.timeline import PARTS, Timeline
from dnc.aws import errors as aws_errors
from dnc.aws import queries, wire
from dnc.entries import deadlines
from dnc.entries.entry import LISTED
from dnc.phone import reader as phone

SETTLING = timedelta(minutes=5)
_READ_SECONDS = 15.0
_EVENTS_PER_PAGE = 250
_LISTINGS = frozenset({str(EventType.LISTED), str(EventType.RELISTED)})
_DAY = timedelta(days=1)
_PROJECTION = {
    "ProjectionExpression": (
        "subject, recorded_key, #type, #reason, #changed, #after.#status, #after.#source, #after.requested_at, "
        "#after.listed_at, #after.listed_elsewhere_at, #after.import_id"
    ),
    "ExpressionAttributeNames": {
        "#type": "type",
        "#reason": "reason",
        "#changed": "changed",
        "#after": "after",
        "#status": "status",
        "#source": "source",
    },
}


@dataclass(slots=True)
class Tally:
    """How many numbers were listed, by source, and how many left the list, by reason.

    `late`: how many of the listed ones were listed after the deadline of their request.
    """

    listed: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    late: int = 0

    @property
    def net(self) -> int:
        """Return by how many numbers the list grew."""
        return self.listed.total() - self.removed.total()

    def add(self, other: "Tally") -> None:
        """Add another's counts to these."""
        self.listed.update(other.listed)
        self.removed.update(other.removed)
        self.late += other.late

    def count(self, event: Mapping[str, Any]) -> None:
        """Count one event, in DynamoDB's typed form.

        The type of an event does not decide what is counted, but whether the number was listed before and after it.
        """
        kind = _text(event, "type")
        after = event.get("after", {}).get("M", {})
        is_now = _text(after, "status") == LISTED
        was = "changed" in event and _text({**after, **event["changed"].get("M", {})}, "status") == LISTED
        if was and kind == EventType.RELISTED:  # it had expired, but DynamoDB had not deleted it yet
            self.removed[EventType.EXPIRED] += 1
            was = False
        if is_now and not was:
            self.listed[_text(after, "source")] += 1
            self.late += kind in _LISTINGS and _is_late(event, after)
        elif was and not is_now:
            self.removed[_text(event, "reason") or kind] += 1


@dataclass(slots=True)
class Day:
    """The counts of one day (UTC), settled and unsettled, and how far each shard was read."""

    day: date
    settled: Tally = field(default_factory=Tally)
    unsettled: Tally = field(default_factory=Tally)
    read_to: dict[str, str] = field(default_factory=dict)
    complete: bool = False
    revision: int = 0
    behind: str | None = None

    @property
    def total(self) -> Tally:
        """Return the settled and the unsettled counts together."""
        both = Tally()
        both.add(self.settled)
        both.add(self.unsettled)
        return both


class Stats:
    """The counts of one account."""

    def __init__(
        self,
        client: Any,
        audit_table: str,
        accounts_table: str,
        account_id: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Bind to the tables and an account. `clock`: seconds, for the time limit of a request."""
        self._client = client
        self._timeline = Timeline(client, audit_table, account_id)
        self._accounts_table = accounts_table
        self._account_id = account_id
        self._clock = clock

    def read(self, first: date, last: date, created: date, now: datetime) -> dict[str, Any]:
        """Return `as_of`, `listed_total` and the `days` first..last (UTC).

        `created`: the day the account was created, before which there are no events. If there is more to count than one
        request has time for, `as_of` says how far it got, and the next request continues from there.
        """
        deadline = self._clock() + _READ_SECONDS
        through, total = self._total(created - _DAY)
        needed = {*_days(max(first, created), min(last, now.date())), *_days(through + _DAY, now.date())}
        counted: dict[date, Day] = {}
        behind: str | None = None
        with ThreadPoolExecutor(SHARDS) as pool:
            known = self._known(needed)
            for day in sorted(needed):
                counted[day] = known.get(day) or Day(day)
                if not counted[day].complete:
                    self._count(pool, counted[day], now, deadline)
                behind = counted[day].behind
                if behind:
                    break
        later = [counts for day, counts in counted.items() if day > through]
        self._advance(through, total, later)
        return {
            "as_of": behind or times.text(now),
            "listed_total": total + sum(day.total.net for day in later),
            "days": [_day_as_json(day, counted.get(day)) for day in _days(first, last)],
        }

    def _count(self, pool: ThreadPoolExecutor, day: Day, now: datetime, deadline: float) -> None:
        """Count what was recorded since the last request, and store what is settled."""
        settled = times.text(now - SETTLING)
        ended = settled > times.text(datetime.combine(day.day + _DAY, datetime.min.time(), UTC))
        known = dict(day.read_to)
        for part in pool.map(lambda n: self._shard(day.day, n, known.get(str(n)), settled, deadline), PARTS):
            day.settled.add(part.settled)
            day.unsettled.add(part.unsettled)
            day.read_to |= part.read_to
            if part.behind:
                day.behind = min(day.behind or part.behind, part.behind)
        day.complete = ended and day.behind is None
        if day.complete or day.read_to != known:
            self._store(day)

    def _shard(self, day: date, part: int, after: str | None, settled: str, deadline: float) -> Day:
        """Count one shard's events after a key, oldest first."""
        counted = Day(day)
        # Pages are small because eight shards are read in parallel, and none may hold up the others.
        limits: dict[str, Any] = {"Limit": _EVENTS_PER_PAGE, **_PROJECTION}
        key = ""
        for page in self._timeline.pages(day.isoformat(), part, after or " ", "~", **limits):
            if key and self._clock() > deadline:
                counted.behind = key[: len(settled)]
                return counted
            for event in page:
                key = _text(event, "recorded_key")
                if key == after:
                    continue
                if key < settled:
                    counted.settled.count(event)
                    counted.read_to[str(part)] = key
                else:
                    counted.unsettled.count(event)
        return counted

    def _known(self, days: set[date]) -> dict[date, Day]:
        if not days:
            return {}
        query: dict[str, Any] = {
            "TableName": self._accounts_table,
            "ConsistentRead": True,
            "KeyConditionExpression": "account_id = :account AND #record BETWEEN :first AND :last",
            "ExpressionAttributeNames": {"#record": "record"},
            "ExpressionAttributeValues": {
                ":account": {"S": self._account_id},
                ":first": {"S": _record(min(days))},
                ":last": {"S": _record(max(days))},
            },
        }
        stored = (_day_of(wire.from_wire(item)) for item in queries.rows(self._client, query))
        return {day.day: day for day in stored}

    def _store(self, day: Day) -> None:
        row = {
            "account_id": self._account_id,
            "record": _record(day.day),
            "listed": dict(day.settled.listed),
            "removed": dict(day.settled.removed),
            "late": day.settled.late,
            "read_to": day.read_to,
            "complete": day.complete,
            "revision": day.revision + 1,
        }
        self._put(row, "attribute_not_exists(account_id)" if not day.revision else "revision = :seen", day.revision)

    def _total(self, before_all: date) -> tuple[date, int]:
        """Return the last day that is part of the stored total, and that total."""
        key = {"account_id": {"S": self._account_id}, "record": {"S": "stats"}}
        with aws_errors.storage():
            item = self._client.get_item(TableName=self._accounts_table, Key=key, ConsistentRead=True).get("Item")
        if not item:
            return before_all, 0
        row = wire.from_wire(item)
        return date.fromisoformat(row["through"]), int(row["total"])

    def _advance(self, through: date, total: int, days: Iterable[Day]) -> None:
        reached = through
        for day in days:
            if not day.complete:
                break
            reached, total = day.day, total + day.total.net
        if reached > through:
            row = {"account_id": self._account_id, "record": "stats", "through": reached.isoformat(), "total": total}
            self._put(row, "attribute_not_exists(account_id) OR through = :seen", through.isoformat())

    def _put(self, row: dict[str, Any], condition: str, seen: object) -> None:
        """Store a row, unless another request has stored its own meanwhile. Both have counted correctly."""
        put: dict[str, Any] = {
            "TableName": self._accounts_table,
            "Item": wire.to_wire(row),
            "ConditionExpression": condition,
        }
        if ":seen" in condition:
            put["ExpressionAttributeValues"] = wire.to_wire({":seen": seen})
        queries.write_if(self._client.put_item, **put)


def _text(item: Mapping[str, Any], name: str) -> str:
    return str(item.get(name, {}).get("S", ""))


def _is_late(event: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Return whether an event lists a number after its deadline. Few are late enough to need a closer look."""
    requested_at, listed_at = _text(after, "requested_at"), _text(after, "listed_at")
    try:
        if date.fromisoformat(listed_at[:10]) - date.fromisoformat(requested_at[:10]) < deadlines.SHORTEST_TERM:
            return False
    except ValueError:
        return False
    number = _text(event, "subject").rpartition("#")[2]
    deadline = deadlines.honor_by(_text(after, "source"), requested_at, phone.region_of(number))
    elsewhere = _text(after, "listed_elsewhere_at") if "listed_elsewhere_at" in after else None
    blocked_since = deadlines.first_blocked(listed_at, elsewhere, is_imported="import_id" in after)
    return bool(deadlines.is_late(deadline, blocked_since))


def _days(first: date, last: date) -> list[date]:
    return [first + _DAY * n for n in range((last - first).days + 1)]


def _record(day: date) -> str:
    return f"stats#{day.isoformat()}"


def _day_of(row: Mapping[str, Any]) -> Day:
    listed, removed = (Counter({str(k): int(n) for k, n in row[name].items()}) for name in ("listed", "removed"))
    settled = Tally(listed, removed, int(row.get("late", 0)))
    return Day(
        date.fromisoformat(row["record"].removeprefix("stats#")),
        settled,
        read_to=dict(row["read_to"]),
        complete=bool(row["complete"]),
        revision=int(row["revision"]),
    )


def _day_as_json(day: date, counted: Day | None) -> dict[str, Any]:
    total = counted.total if counted else Tally()
    return {
        "date": day.isoformat(),
        "listed": dict(sorted(total.listed.items())),
        "removed": dict(sorted(total.removed.items())),
        "late": total.late,
    }
