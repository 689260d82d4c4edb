"""Counts of an account's list from its audit: exact at any time, however often they are read."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from dnc.audit.changes import RecordedChange
from dnc.audit.stats import Stats
from dnc.audit.writer import AuditWriter

CREATED = datetime(2026, 11, 16, 9, tzinfo=UTC)
DAYS = 6


class Clock:
    """A clock that the test sets."""

    def __init__(self):
        self.now = CREATED

    def __call__(self):
        return self.now


def history(seed, count=160):
    """Return a random history of 12 numbers as (time, event) pairs."""
    rng = random.Random(seed)
    rows, events, clock = {}, [], CREATED
    for n in range(count):
        clock += timedelta(minutes=rng.randint(1, DAYS * 24 * 60 * 2 // count))
        number = f"+141555501{rng.randrange(12):02d}"
        before = rows.get(number)
        kind, reason = "listed", None
        after = {"status": "listed", "source": rng.choice(["web", "sms", "manual"])}
        if before and before["status"] == "listed":
            kind = rng.choice(["requested_again", "removed", "expired", "deleted_out_of_band", "relisted"])
            after = {**before} if kind == "requested_again" else after
            if kind == "removed":
                reason = rng.choice(["marked_by_mistake", "test_number"])
                after = {**before, "status": "removed"}
            elif kind in {"expired", "deleted_out_of_band"}:
                after = None
        elif before:
            kind = rng.choice(["restored", "relisted", "deleted_out_of_band"])
            after = {**before, "status": "listed"} if kind == "restored" else after
            after = None if kind == "deleted_out_of_band" else after
        rows[number] = after
        event = RecordedChange("acme", number, str(n).zfill(40), kind, "t", {}, reason, before, after, None)
        events.append((clock, event))
    return events


def expected_counts(events, until):
    """Return, by a simple model, the counts of listed and removed numbers by day, and the total."""
    days, total = {}, 0
    for when, one in events:
        if when > until:
            break
        listed, removed = days.setdefault(when.date().isoformat(), (Counter(), Counter()))
        was = bool(one.before) and one.before["status"] == "listed"
        is_now = bool(one.after) and one.after["status"] == "listed"
        if was and one.type == "relisted":
            removed["expired"] += 1
            listed[one.after["source"]] += 1
        elif is_now and not was:
            listed[one.after["source"]] += 1
            total += 1
        elif was and not is_now:
            removed[one.reason or one.type] += 1
            total -= 1
    return days, total


def assert_exact(events, stats, now):
    first = CREATED.date() - timedelta(days=1)
    response = stats.read(first, now.date(), CREATED.date(), now)
    days, total = expected_counts(events, now)
    assert response["listed_total"] == total
    assert [day["date"] for day in response["days"]] == [
        (first + timedelta(days=n)).isoformat() for n in range((now.date() - first).days + 1)
    ]
    for day in response["days"]:
        listed, removed = days.get(day["date"], ({}, {}))
        assert (day["listed"], day["removed"]) == (dict(listed), dict(removed)), day["date"]
    return response


@pytest.mark.parametrize("seed", range(6))
def test_the_counts_match_the_audit_at_any_time(client, names, seed):
    events, clock = history(seed), Clock()
    writer = AuditWriter(client, names["audit"], pytest.fail, clock)
    rng = random.Random(-seed)
    for when, one in events:
        clock.now = when
        writer.record([one], writer.heads([one.subject]).get(one.subject))
        if rng.random() < 0.15:
            stats = Stats(client, names["audit"], names["accounts"], "acme")
            response = assert_exact(events, stats, when + timedelta(seconds=1))
            assert response["as_of"] > response["days"][-1]["date"]
    writer.record([one for _, one in events], None)  # the stream is replayed
    for later in (1, 7):
        stats = Stats(client, names["audit"], names["accounts"], "acme")
        assert_exact(events, stats, events[-1][0] + timedelta(days=later))


def test_a_count_that_runs_out_of_time_returns_how_far_it_came_and_the_next_continues(client, names):
    clock = Clock()
    writer = AuditWriter(client, names["audit"], pytest.fail, clock)
    padding = "x" * 60_000  # makes a shard's day take several pages of 1 MB
    for n in range(160):
        clock.now = CREATED + timedelta(seconds=n)
        after = {"status": "listed", "source": "web", "note": padding}
        number = f"+1415555{n:04d}"
        one = RecordedChange("acme", number, str(n).zfill(40), "listed", "t", {}, None, None, after, None)
        writer.record([one], None)
    now = CREATED + timedelta(hours=1)
    late = iter([0.0])
    totals = []
    while not totals or totals[-1] < 160:
        late = iter([0.0])  # the first check of the time is early enough, every other is too late
        stats = Stats(client, names["audit"], names["accounts"], "acme", lambda late=late: next(late, 1e9))
        response = stats.read(CREATED.date(), now.date(), CREATED.date(), now)
        assert response["listed_total"] > (totals[-1] if totals else 0)
        if response["listed_total"] < 160:
            assert CREATED.isoformat()[:19] <= response["as_of"] < "2026-11-16T09:03"
        totals.append(response["listed_total"])
    assert len(totals) > 1
    assert response["as_of"] == "2026-11-16T10:00:00.000Z"


def test_concurrent_counts_count_nothing_twice(client, names):
    events, clock = history(99), Clock()
    writer = AuditWriter(client, names["audit"], pytest.fail, clock)
    for when, one in events:
        clock.now = when
        writer.record([one], writer.heads([one.subject]).get(one.subject))
    now = events[-1][0] + timedelta(hours=2)
    one, other = (Stats(client, names["audit"], names["accounts"], "acme") for _ in range(2))

    class Meanwhile:
        """A client that lets the other count first."""

        def __getattr__(self, name):
            return getattr(client, name)

        def put_item(self, **request):
            assert_exact(events, other, now)
            return client.put_item(**request)

    one._client = Meanwhile()
    assert_exact(events, one, now)
    assert_exact(events, other, now + timedelta(days=3))
