"""Removals that wait for a second person, on a real DynamoDB."""

import concurrent.futures
import uuid
from datetime import timedelta

import pytest

from dnc import times
from dnc.entries import pending, reasons
from dnc.entries.entry import Actor, Change, Request, Source, Write
from dnc.entries.removal_store import Removals
from dnc.problems import Conflict, NotListed
from tests.support.engines import each_engine

pytestmark = each_engine

NUMBER, RIGHT = "+14155550100", "+14155550101"
REMOVAL = {"reason": "test_number", "note": "ours"}


def write(person="ann", at=None):
    return Write(at or times.now(), Actor(f"key:{person}", person), uuid.uuid4().hex)


def add(removals, number=NUMBER):
    return removals.add(Request(number, Source.MANUAL, times.text(times.now())), write()).entry


@pytest.fixture
def removals(own, names):
    return Removals(own, names["numbers"], "acme", names["accounts"])


@pytest.fixture
def records(client, names):
    """The records of the accounts table, by key."""

    def read():
        rows = client.scan(TableName=names["accounts"], ConsistentRead=True)["Items"]
        return {(row["account_id"]["S"], row["record"]["S"]): row for row in rows}

    return read


def ask(removals, number=NUMBER, version=1, by=None, removal=REMOVAL):
    by = by or write()
    return removals.remove(
        number, removal, version, by, lambda entry: pending.request(entry, removal, by, may_order=False)
    )


def approve(removals, number=NUMBER, version=2, by=None):
    by = by or write("bob")
    return removals.decide(
        number, Change.REMOVED, version, by, lambda entry: pending.approve(entry, by, may_order=False)
    )


def close(removals, change, version=2, by=None):
    by = by or write("bob")
    return removals.decide(NUMBER, change, version, by, lambda entry: pending.close(entry, change, by))


def waiting(removals, size=50):
    found, after = [], None
    while True:
        page, after = removals.waiting(size, after, times.now())
        found += [entry.number for entry in page]
        if after is None:
            return found


def test_a_removal_that_waits_is_in_the_entry_and_in_a_record_from_one_transaction(removals, records):
    add(removals)
    by = write()
    waiting_entry = ask(removals, by=by)
    assert removals.read(NUMBER) == waiting_entry
    assert set(records()) == {("acme", f"pending#{NUMBER}")}
    assert ask(removals, by=by) == waiting_entry, "a repeat, with the version before"
    assert ask(removals, version=2, by=by) == waiting_entry, "a repeat, with the version that it made"
    assert waiting(removals) == [NUMBER]
    with pytest.raises(Conflict):
        ask(removals, version=2, removal=REMOVAL | {"note": "another"})


def test_an_approval_removes_and_a_repeat_changes_nothing(removals, records):
    add(removals)
    ask(removals)
    by = write("bob")
    removed = approve(removals, by=by)
    assert (removed.status, removed.version) == ("removed", 3)
    assert (removed.removal["asked_by"]["acting_user"], removed.removal["removed_by"]["acting_user"]) == ("ann", "bob")
    assert approve(removals, by=by) == removals.read(NUMBER) == removed
    assert records() == {}
    with pytest.raises(Conflict):
        approve(removals, by=write("cy"))


@pytest.mark.parametrize("change", [Change.REMOVAL_REJECTED, Change.REMOVAL_WITHDRAWN])
def test_a_rejection_keeps_the_number_listed_and_a_repeat_changes_nothing(removals, records, change):
    add(removals)
    ask(removals)
    by = write("bob")
    closed = close(removals, change, by=by)
    assert (closed.status, closed.version, closed.change, closed.pending_removal) == ("listed", 3, change, None)
    assert close(removals, change, by=by) == closed
    assert records() == {}
    with pytest.raises(Conflict):
        approve(removals, version=3)


def test_another_change_drops_the_removal_and_its_record_is_ignored(removals, records):
    add(removals)
    ask(removals)
    add(removals)
    assert removals.read(NUMBER).pending_removal is None
    assert len(records()) == 1
    assert waiting(removals) == []
    for version in (2, 3):
        with pytest.raises(Conflict):
            approve(removals, version=version)
    assert removals.lapse(write()) == 0
    assert records() == {}
    ask(removals, version=3)
    assert waiting(removals) == [NUMBER]
    assert removals.lapse(write()) == 0, "it waits"


def test_a_direct_removal_drops_the_waiting_one(removals, records):
    add(removals)
    ask(removals)
    by = write()
    removed = removals.remove(NUMBER, REMOVAL, 2, by, lambda entry: reasons.remove(entry, REMOVAL, by, may_order=False))
    assert (removed.status, removed.pending_removal) == ("removed", None)
    assert records() == {}


def test_a_removal_lapses_after_seven_days_without_a_decision(removals, records):
    add(removals)
    add(removals, RIGHT)
    begin = times.now() - timedelta(days=7)
    ask(removals, by=write(at=begin))
    ask(removals, RIGHT, by=write(at=begin + timedelta(hours=1)))
    assert waiting(removals) == [RIGHT]
    sweeper = Write(times.now(), Actor("service:sweep"), "sweep")
    assert removals.lapse(sweeper) == 1
    entry = removals.read(NUMBER)
    assert (entry.status, entry.version, entry.change) == ("listed", 3, Change.REMOVAL_LAPSED)
    assert entry.changed_by == {"principal": "service:sweep", "acting_user": None}
    assert set(records()) == {("acme", f"pending#{RIGHT}")}
    assert removals.lapse(sweeper) == 0


def test_the_correct_number_is_listed_when_the_removal_is_requested(removals):
    add(removals)
    removal = {"reason": "entered_wrong_number", "correct_number": RIGHT}
    waiting_entry = ask(removals, removal=removal)
    assert (waiting_entry.status, removals.read(RIGHT).status) == ("listed", "listed")
    removed = approve(removals)
    assert removed.removal["correct_number"] == RIGHT
    assert removals.read(RIGHT).version == 1, "an approval is not a further request"


def test_a_request_during_an_approval_is_never_lost(removals):
    for i in range(20):
        number = f"+1415555{100 + i:04}"
        add(removals, number)
        ask(removals, number)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            approving = pool.submit(approve, removals, number)
            pool.submit(add, removals, number).result()
            failed = approving.exception()
        entry = removals.read(number)
        assert entry.status == "listed"
        assert entry.version == (3 if failed else 4)
        assert failed is None or isinstance(failed, Conflict)


def test_of_20_simultaneous_requests_one_succeeds_and_of_20_decisions_one(removals, records):
    add(removals)

    def outcomes(act):
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            running = [pool.submit(act, i) for i in range(20)]
        return [type(done.exception()) for done in running]

    assert sorted(map(str, outcomes(lambda i: ask(removals, by=write(f"u-{i}"))))) == sorted(
        map(str, [type(None), *[Conflict] * 19])
    )
    decided = outcomes(
        lambda i: (
            approve(removals, by=write(f"b-{i}"))
            if i % 2
            else close(removals, Change.REMOVAL_REJECTED, by=write(f"b-{i}"))
        )
    )
    assert decided.count(type(None)) == 1
    assert set(decided) <= {type(None), Conflict, NotListed}
    assert records() == {}


def test_pages_of_every_size_return_each_waiting_removal_once(removals):
    numbers = [f"+1415555{100 + i:04}" for i in range(23)]
    for number in numbers:
        add(removals, number)
        ask(removals, number)
    add(removals, numbers[3])
    wanted = numbers[:3] + numbers[4:]
    for size in (1, 5, 500):
        assert waiting(removals, size) == wanted
