"""The audit of records from DynamoDB's own stream: chains that cannot fork, and replays that write nothing."""

import concurrent.futures
import itertools
import json
import uuid
from datetime import timedelta

import pytest

from dnc import times
from dnc.accounts.store import Accounts
from dnc.audit import chain as audit
from dnc.audit.changes import EventType, RecordedChange, read_stream_record
from dnc.audit.reader import PAGE_SECONDS, AuditLog
from dnc.audit.writer import AuditWriter
from dnc.entries import reasons
from dnc.entries.entry import Actor, Request, Source, Write
from dnc.entries.removal_store import Removals

NUMBER = "+14155550100"


def write(person="u-1"):
    return Write(times.now(), Actor("key:k", person), uuid.uuid4().hex)


def request(number=NUMBER, **more):
    return Request(number, Source.MANUAL, times.text(times.now()), **more)


def remove(numbers, version):
    removal, by = {"reason": "test_number", "note": "ours"}, write("u-2")
    numbers.remove(NUMBER, removal, version, by, lambda entry: reasons.remove(entry, removal, by, may_order=False))


def stream_records(make_client, client, table):
    """Read the table's whole stream as plain JSON, as Lambda would deliver it."""
    streams = make_client("dynamodbstreams")
    arn = client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    records = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            page = streams.get_records(ShardIterator=iterator)
            records += page["Records"]
            iterator = page.get("NextShardIterator") if page["Records"] else None
    for record in records:
        record["dynamodb"]["ApproximateCreationDateTime"] = record["dynamodb"][
            "ApproximateCreationDateTime"
        ].timestamp()
    return json.loads(json.dumps(records))


@pytest.fixture
def numbers(client, names):
    return Removals(client, names["numbers"], "acme", names["accounts"])


@pytest.fixture
def writer(client, names):
    return AuditWriter(client, names["audit"], pytest.fail)


@pytest.fixture
def log(client, names):
    return AuditLog(client, names["audit"], "acme")


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
    changes = list(filter(None, map(read_stream_record, stream_records(make_client, client, names["numbers"]))))
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


def test_the_timeline_returns_every_event_once_newest_first(client, names, log):
    days = [times.now() - timedelta(days=i) for i in range(4)]
    for i, day in enumerate(days):
        writer = AuditWriter(client, names["audit"], pytest.fail, clock=lambda day=day: day)
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


def test_a_page_that_would_begin_before_the_window_is_empty(log):
    until = times.now().replace(hour=12)
    since = until - timedelta(hours=2)
    for before in (since, since - timedelta(hours=1), since - timedelta(days=3)):
        assert log.timeline(since, until, 50, times.text(before)) == ([], None)


def test_a_filter_that_matches_nothing_ends_in_time_with_a_token_and_reads_no_event_twice(client, names):
    at = times.now()
    writer = AuditWriter(client, names["audit"], pytest.fail, clock=lambda: at)
    for number in (f"+1415555{100 + n:04}" for n in range(30)):
        one = RecordedChange("acme", number, "1".zfill(40), EventType.LISTED, "t", {}, None, None, {}, "")
        writer.record([one], None)
    seconds = itertools.count(0, 1)  # each event that is looked at takes a second
    log = AuditLog(client, names["audit"], "acme", clock=lambda: float(next(seconds)))
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


def test_changes_of_an_account_within_one_millisecond_all_pass_and_none_is_lost(client, names):
    accounts = Accounts(client, names["accounts"])
    at = times.now()
    accounts.put("acme", {"name": "a"}, at)
    changes = [{"name": "b"}, {"default_region": "GB"}, {"suspended": True}] * 3
    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        list(pool.map(lambda change: accounts.put("acme", change, at), changes))
    account = accounts.profile("acme")
    assert (account.name, account.default_region, account.suspended) == ("b", "GB", True)
    assert times.parse(account.changed_at) == times.parse(times.text(at)) + timedelta(milliseconds=9)


def test_concurrent_changes_create_each_account_once(client, names):
    accounts = Accounts(client, names["accounts"])
    at = times.now()
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        made = list(pool.map(lambda i: accounts.put(f"acct-{i % 2}", {"name": f"n{i}"}, at), range(4)))
    assert sum(created for _, created in made) == 2
    assert [p.account_id for p in accounts.page(10, None)[0]] == ["acct-0", "acct-1"]
