"""Writers of one chain with stale heads: the second one notices, and no event is lost, forked or repeated."""

import pytest

from dnc import times
from dnc.audit import chain
from dnc.audit.changes import EventType, RecordedChange
from dnc.audit.reader import AuditLog
from dnc.audit.writer import AuditWriter, ChainHeld
from dnc.problems import Unavailable
from tests.support.unreading import Unreading

NUMBER = "+14155550100"
SUBJECT = f"acme#{NUMBER}"


def change(sequence):
    after = {"status": "listed", "version": sequence}
    kind = EventType.LISTED if sequence == 1 else EventType.REQUESTED_AGAIN
    actor = {"principal": "key:k", "acting_user": None}
    return RecordedChange("acme", NUMBER, str(sequence).zfill(40), kind, "t", actor, None, None, after, f"r-{sequence}")


def events(dynamodb):
    rows, head = AuditLog(dynamodb, "audit", "acme").history(NUMBER)
    assert chain.verify(rows, head)["intact"]
    return [int(row["event_key"]) for row in rows]


@pytest.fixture
def writer(dynamodb):
    return AuditWriter(dynamodb, "audit", pytest.fail, times.now)


def head_of(writer):
    return writer.heads([SUBJECT]).get(SUBJECT)


def test_two_writers_that_both_begin_a_chain_create_only_one(writer, dynamodb):
    writer.record([change(1)], None)
    writer.record([change(2)], None)
    assert events(dynamodb) == [1, 2]


def test_two_writers_that_continue_from_one_head_do_not_fork_the_chain(writer, dynamodb):
    writer.record([change(1)], None)
    stale = head_of(writer)
    writer.record([change(2)], stale)
    writer.record([change(3)], stale)
    assert events(dynamodb) == [1, 2, 3]


def test_an_event_that_exists_is_never_written_again(writer, dynamodb):
    writer.record([change(1)], None)
    for head in (None, head_of(writer)):
        writer.record([change(1), change(2)], head)
    assert events(dynamodb) == [1, 2]


def test_a_held_chain_accepts_no_event_whatever_the_writer_has_read(writer, dynamodb):
    writer.record([change(1)], None)
    before = head_of(writer)
    writer.hold(SUBJECT)
    for head in (before, head_of(writer)):
        with pytest.raises(ChainHeld):
            writer.record([change(2)], head)
    assert events(dynamodb) == [1]


def test_a_chain_that_has_not_begun_can_be_held(writer, dynamodb):
    writer.hold(SUBJECT)
    for head in (None, head_of(writer)):
        with pytest.raises(ChainHeld):
            writer.record([change(1)], head)
    assert events_without_a_head(dynamodb) == []


def events_without_a_head(dynamodb):
    return AuditLog(dynamodb, "audit", "acme").history(NUMBER)[0]


def test_a_chain_stays_held_while_its_events_are_replayed(writer, dynamodb):
    writer.record([change(1)], None)
    writer.hold(SUBJECT)
    writer.record([change(2)], head_of(writer), replaying=True)
    assert head_of(writer).held
    with pytest.raises(ChainHeld):
        writer.record([change(3)], head_of(writer))
    writer.release(SUBJECT)
    writer.record([change(3)], head_of(writer))
    assert events(dynamodb) == [1, 2, 3]


def test_a_head_that_was_not_read_at_first_is_read_again(dynamodb, writer):
    writer.record([change(1)], None)
    reading = AuditWriter(Unreading(dynamodb, 2), "audit", pytest.fail)
    assert head_of(reading) == head_of(writer)


def test_a_head_that_cannot_be_read_is_not_treated_as_absent(dynamodb, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr("dnc.aws.queries.attempts", lambda _: range(3))
    with pytest.raises(Unavailable):
        head_of(AuditWriter(Unreading(dynamodb, 10**6), "audit", pytest.fail))
