"""The audit of records from DynamoDB's own stream: chains that cannot fork, and replays that write nothing."""

import concurrent.futures
import itertools
import uuid
from datetime import timedelta

import pytest

from dnc import times
from dnc.audit import chain as audit
from dnc.audit.changes import EventType, RecordedChange, read_stream_record
from dnc.audit.reader import PAGE_SECONDS, AuditLog
from dnc.audit.writer import AuditWriter
from dnc.entries import reasons
from dnc.entries.entry import Actor, Request, Source, Write
from dnc.entries.removal_store import Removals
from tests.support.engines import each_engine
from tests.support.streams import TableStream

NUMBER = "+14155550100"


def write(person="u-1"):
    return Write(times.now(), Actor("key:k", person), uuid.uuid4().hex)


def request(number=NUMBER, **more):
    return Request(number, Source.MANUAL, times.text(times.now()), **more)


def remove(numbers, version):
    removal, by = {"reason": "test_number", "note": "ours"}, write("u-2")
    numbers.remove(NUMBER, removal, version, by, lambda entry: reasons.remove(entry, removal, by, may_order=False))


@pytest.fixture
def numbers(own, names):
    return Removals(own, names["numbers"], "acme", names["accounts"])


@pytest.fixture
def writer(own, names):
    return AuditWriter(own, names["audit"], pytest.fail)


@pytest.fixture
def log(own, names):
    return AuditLog(own, names["audit"], "acme")


def rows_of(client, table):
    return [row for page in client.get_paginator("scan").paginate(TableName=table) for row in page["Items"]]


def test_every_change_in_the_real_stream_is_recorded_in_one_chain(numbers, writer, log, client, names, make_client):
    numbers.add(request(key="call-1"), write())
    numbers.add(request(key="call-1"), write())
    numbers.add(request(), write())
    remove(numbers, 2)
    numbers.restore(NUMBER, 3, write("u-2"))
    remove(numbers, 4)
    numbers.add(request(), write())
    key = {"account_id": {"S": "acme"}, "number": {"S": NUMBER}}
    manual_change = {":gone": {"S": "removed"}}
    client.update_item(
        TableName=names["numbers"],
        Key=key,
        UpdateExpression="SET #s = :gone",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues=manual_change,
    )
    client.delete_item(TableName=names["numbers"], Key=key)
    numbers.add(request(), write())
    records = TableStream(client, make_client("dynamodbstreams"), names["numbers"]).new()
    changes = list(filter(None, map(read_stream_record, records)))
    for change in changes:
        writer.record([change], writer.heads([change.subject]).get(change.subject))
    rows, head = log.history(NUMBER)
    assert [row["type"] for row in rows] == [
        "listed",
        "requested_again",
        "removed",
        "restored",
        "removed",
        "relisted",
        "altered_out_of_band",
        "deleted_out_of_band",
        "listed",
    ]
    assert audit.verify(rows, head) == {
        "length": 9,
        "head_digest": head.digest,
        "intact": True,
        "broken_at": None,
        "complete": True,
        "missing": [],
    }
    assert rows[2]["reason"] == "test_number"
    assert rows[2]["actor"] == {"principal": "key:k", "acting_user": "u-2"}
    before = rows_of(client, names["audit"])
    for _ in range(10):
        writer.record(changes, writer.heads([changes[0].subject])[changes[0].subject])
    assert rows_of(client, names["audit"]) == before


def recorded_changes(count):
    return [
        RecordedChange("acme", NUMBER, str(i).zfill(40), EventType.REQUESTED_AGAIN, "t", {}, None, None, {}, "")
        for i in range(count)
    ]


@each_engine
def test_many_writers_of_one_chain_cannot_fork_it(writer, log):
    events = recorded_changes(60)
    parts = [events[i::6] for i in range(6)] + [events[:30], events[20:]]

    def record(part):
        stale = None  # every writer assumes that the chain is empty
        writer.record(part, stale)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(record, parts))
    rows, head = log.history(NUMBER)
    assert audit.verify(rows, head)["intact"]
    assert [row["index"] for row in rows] == list(range(1, 61))
    assert {row["event_key"] for row in rows} == {one.sequence for one in events}


@each_engine
def test_tampering_with_stored_rows_is_detected(writer, log, client, names):
    events = recorded_changes(5)
    writer.record(events, None)
    key = {"subject": {"S": f"acme#{NUMBER}"}, "event_key": {"S": events[2].sequence}}
    client.update_item(
        TableName=names["audit"],
        Key=key,
        UpdateExpression="SET occurred_at = :t",
        ExpressionAttributeValues={":t": {"S": "u"}},
    )
    assert audit.verify(*log.history(NUMBER))["broken_at"] == 3
    client.delete_item(TableName=names["audit"], Key=key)
    assert audit.verify(*log.history(NUMBER))["broken_at"] == 3


@each_engine
def test_the_timeline_returns_every_event_once_newest_first(own, names, log):
    days = [times.now() - timedelta(days=i) for i in range(4)]
    for i, day in enumerate(days):
        writer = AuditWriter(own, names["audit"], pytest.fail, clock=lambda day=day: day)
        for number in (f"+1415555{100 + n:04}" for n in range(10)):
            one = RecordedChange("acme", number, str(10 - i).zfill(40), EventType.LISTED, "t", {}, None, None, {}, "")
            writer.record([one], writer.heads([one.subject]).get(one.subject))
    for size in (1, 7, 100):
        seen, before = [], None
        while True:
            since, until = days[-1] - timedelta(hours=1), days[0] + timedelta(seconds=1)
            rows, before = log.timeline(since, until, size, before, lambda _: True)
            seen += [row["recorded_key"] for row in rows]
            if before is None:
                break
        assert seen == sorted(seen, reverse=True)
        assert len(seen) == len(set(seen)) == 40


@each_engine
def test_a_page_that_would_begin_before_the_window_is_empty(log):
    until = times.now().replace(hour=12)
    since = until - timedelta(hours=2)
    for before in (since, since - timedelta(hours=1), since - timedelta(days=3)):
        assert log.timeline(since, until, 50, times.text(before)) == ([], None)


@each_engine
def test_a_filter_that_matches_nothing_ends_in_time_with_a_token_and_reads_no_event_twice(own, names):
    at = times.now()
    writer = AuditWriter(own, names["audit"], pytest.fail, clock=lambda: at)
    for number in (f"+1415555{100 + n:04}" for n in range(30)):
        one = RecordedChange("acme", number, "1".zfill(40), EventType.LISTED, "t", {}, None, None, {}, "")
        writer.record([one], None)
    seconds = itertools.count(0, 1)  # each event that is looked at takes a second
    log = AuditLog(own, names["audit"], "acme", clock=lambda: float(next(seconds)))
    seen, before, pages = [], None, 0

    def never(row):
        seen.append(row["recorded_key"])
        return False

    while pages == 0 or before is not None:
        rows, before = log.timeline(at - timedelta(days=2), at + timedelta(seconds=1), 50, before, never)
        assert rows == []
        pages += 1
        assert pages < 20
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) == 30
    assert pages >= 30 / PAGE_SECONDS
