"""An export of the audit waits while the index lacks what the table has."""

import random
from datetime import timedelta

import pytest

from benchmarks.harness.full_speed import FullSpeed
from dnc import times
from dnc.audit.changes import EventType, RecordedChange
from dnc.audit.writer import AuditWriter
from dnc.bulk.exports import settled
from dnc.bulk.exports.settled import IndexLags, Sample
from dnc.entries.entry import Actor, Request, Source, Write
from dnc.entries.store import Numbers

AT = times.now() - timedelta(hours=1)
WINDOW = (times.text(AT - timedelta(minutes=30)), times.text(AT + timedelta(minutes=30)))
NUMBERS = [f"+1415555{n:04}" for n in range(100, 140)]


class Lagging:
    """A client whose index lacks the events of some numbers, or those with some sequence numbers."""

    def __init__(self, client, missing):
        self.client, self.missing = client, missing

    def query(self, **request):
        response = self.client.query(**request)
        if "IndexName" in request:
            response["Items"] = [item for item in response["Items"] if not self._lacks(item)]
        return response

    def _lacks(self, item):
        return not self.missing.isdisjoint((item["subject"]["S"].partition("#")[2], item["event_key"]["S"]))


@pytest.fixture
def recorded(own, names):
    """40 numbers, each listed and recorded in the window; one is recorded before it."""
    store = Numbers(own, names["numbers"], "acme")
    for i, number in enumerate(NUMBERS):
        at = AT if i else AT - timedelta(days=1)
        store.add(Request(number, Source.SMS, times.text(at)), Write(at, Actor("key:k"), "r"))
        change = RecordedChange("acme", number, "1".zfill(40), EventType.LISTED, "t", {}, None, None, {}, "")
        AuditWriter(own, names["audit"], pytest.fail, clock=lambda at=at: at).record([change], None)


def sample(client, names, window=WINDOW, seed=1):
    tables = (names["numbers"], names["audit"])
    return Sample(client, tables, "acme", window, FullSpeed(), random.Random(seed)).compare()


def test_an_index_that_has_everything_passes(recorded, own, names):
    assert 20 <= sample(own, names) <= 39


def test_a_missing_event_is_found_if_its_number_is_in_the_sample(recorded, own, names):
    with pytest.raises(IndexLags):
        sample(Lagging(own, set(NUMBERS)), names)
    found = 0
    for seed in range(20):
        try:
            sample(Lagging(own, set(NUMBERS[20:30])), names, seed=seed)
        except IndexLags:
            found += 1
    assert found >= 15, "a quarter of the events are missing, so a sample of 20 nearly always meets one"


def test_the_numbers_of_the_newest_events_are_in_every_sample(recorded, own, names, monkeypatch):
    monkeypatch.setattr(settled, "SAMPLE_NUMBERS", 2)
    monkeypatch.setattr(settled, "_POSITIONS", 0)
    newest, sequences = NUMBERS[20], [str(n).zfill(40) for n in (2, 3)]
    for minute, sequence in enumerate(sequences, 1):
        at = AT + timedelta(minutes=minute)
        change = RecordedChange("acme", newest, sequence, EventType.REQUESTED_AGAIN, "t", {}, None, {}, {}, "")
        writer = AuditWriter(own, names["audit"], pytest.fail, clock=lambda at=at: at)
        writer.record([change], writer.heads([change.subject]).get(change.subject))
    assert sample(own, names) > 0
    with pytest.raises(IndexLags):
        sample(Lagging(own, {sequences[1]}), names)


def test_events_outside_of_the_window_do_not_matter(recorded, own, names):
    assert sample(Lagging(own, {NUMBERS[0]}), names) > 0
    later = (WINDOW[1], times.text(AT + timedelta(minutes=40)))
    assert sample(Lagging(own, set(NUMBERS)), names, window=later) == 0


def test_an_account_without_numbers_or_events_passes(own, names):
    assert sample(own, names) == 0
