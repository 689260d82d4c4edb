"""Counting an account's list from its audit: exact at any time, however often it is read."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from dnc.audit.changes import RecordedChange
from dnc.audit.stats import Stats
from dnc.audit.writer import AuditWriter

BORN = datetime(2026, 11, 16, 9, tzinfo=UTC)
DAYS = 6


class Clock:
    """The time, as the test moves it."""

    def __init__(self):
        self.now = BORN

    def __call__(self):
        return self.now


def story(seed, count=160):
    """Return a random story of 12 numbers as (time, event) pairs."""
    chosen = random.Random(seed)
    rows, events, clock = {}, [], BORN
    for n in range(count):
        clock += timedelta(minutes=chosen.randint(1, DAYS * 24 * 60 * 2 // count))
        number = f"+141555501{chosen.randrange(12):02d}"
        before = rows.get(number)
        kind, reason = "listed", None
        after = {"status": "listed", "source": chosen.choice(["web", "sms", "manual"])}
        if before and before["status"] == "listed":
            kind = chosen.choice(["requested_again", "removed", "expired", "deleted_out_of_band", "relisted"])
            after = {**before} if kind == "requested_again" else after
            if kind == "removed":
                reason = chosen.choice(["marked_by_mistake", "test_number"])
                after = {**before, "status": "removed"}
            elif kind in {"expired", "deleted_out_of_band"}:
                after = None
        elif before:
            kind = chosen.choice(["restored", "relisted", "deleted_out_of_band"])
            after = {**before, "status": "listed"} if kind == "restored" else after
            after = None if kind == "deleted_out_of_band" else after
        rows[number] = after
        event = RecordedChange("acme", number, str(n).zfill(40), kind, "t", {}, reason, before, after, None)
        events.append((clock, event))
    return events


def truth(events, until):
    """Count by hand: by day, what came and what left."""
    days, total = {}, 0
    for when, one in events:
        if when > until:
            break
        came, left = days.setdefault(when.date().isoformat(), (Counter(), Counter()))
        was = bool(one.before) and one.before["status"] == "listed"
        is_now = bool(one.after) and one.after["status"] == "listed"
        if was and one.type == "relisted":
            left["expired"] += 1
            came[one.after["source"]] += 1
        elif is_now and not was:
            came[one.after["source"]] += 1
            total += 1
        elif was and not is_now:
            left[one.reason or one.type] += 1
            total -= 1
    return days, total


def assert_true(events, stats, now):
    first = BORN.date() - timedelta(days=1)
    answer = stats.read(first, now.date(), BORN.date(), now)
    days, total = truth(events, now)
    assert answer["listed_total"] == total
    assert [day["date"] for day in answer["days"]] == [
        (first + timedelta(days=n)).isoformat() for n in range((now.date() - first).days + 1)
    ]
    for day in answer["days"]:
        came, left = days.get(day["date"], ({}, {}))
        assert (day["listed"], day["removed"]) == (dict(came), dict(left)), day["date"]
    return answer


@pytest.mark.parametrize("seed", range(6))
def test_the_counts_are_those_of_the_audit_whenever_it_is_asked(client, names, seed):
    events, clock = story(seed), Clock()
    writer = AuditWriter(client, names["audit"], pytest.fail, clock)
    chosen = random.Random(-seed)
    for when, one in events:
        clock.now = when
        writer.record([one], writer.heads([one.subject]).get(one.subject))
        if chosen.random() < 0.15:
            stats = Stats(client, names["audit"], names["accounts"], "acme")
            answer = assert_true(events, stats, when + timedelta(seconds=1))
            assert answer["as_of"] > answer["days"][-1]["date"]
    writer.record([one for _, one in events], None)  # the stream is replayed
    for later in (1, 7):
        stats = Stats(client, names["audit"], names["accounts"], "acme")
        assert_true(events, stats, events[-1][0] + timedelta(days=later))


def test_an_answer_that_runs_out_of_time_says_how_far_it_came_and_the_next_goes_on(client, names):
    clock = Clock()
    writer = AuditWriter(client, names["audit"], pytest.fail, clock)
    padding = "x" * 60_000  # so that a shard's day takes several pages of 1 MB
    for n in range(160):
        clock.now = BORN + timedelta(seconds=n)
        after = {"status": "listed", "source": "web", "note": padding}
        number = f"+1415555{n:04d}"
        one = RecordedChange("acme", number, str(n).zfill(40), "listed", "t", {}, None, None, after, None)
        writer.record([one], None)
    now = BORN + timedelta(hours=1)
    late = iter([0.0])
    totals = []
    while not totals or totals[-1] < 160:
        late = iter([0.0])  # the first look is in time, every other is too late
        stats = Stats(client, names["audit"], names["accounts"], "acme", lambda late=late: next(late, 1e9))
        answer = stats.read(BORN.date(), now.date(), BORN.date(), now)
        assert answer["listed_total"] > (totals[-1] if totals else 0)
        if answer["listed_total"] < 160:
            assert BORN.isoformat()[:19] <= answer["as_of"] < "2026-11-16T09:03"
        totals.append(answer["listed_total"])
    assert len(totals) > 1
    assert answer["as_of"] == "2026-11-16T10:00:00.000Z"


def test_two_who_count_at_once_count_nothing_twice(client, names):
    events, clock = story(99), Clock()
    writer = AuditWriter(client, names["audit"], pytest.fail, clock)
    for when, one in events:
        clock.now = when
        writer.record([one], writer.heads([one.subject]).get(one.subject))
    now = events[-1][0] + timedelta(hours=2)
    one, other = (Stats(client, names["audit"], names["accounts"], "acme") for _ in range(2))

    class Meanwhile:
        """A client under whose hand another counts first."""

        def __getattr__(self, name):
            return getattr(client, name)

        def put_item(self, **request):
            assert_true(events, other, now)
            return client.put_item(**request)

    one._client = Meanwhile()
    assert_true(events, one, now)
    assert_true(events, other, now + timedelta(days=3))
