"""Random histories of a number: replaying its events yields every row and every field of every request.

The suite runs 300 histories. `HISTORIES=10000 pytest tests/unit/audit/test_replayed_history.py` runs more.
"""

import json
import os
import random
from datetime import UTC, datetime, timedelta

import pytest

from dnc import times
from dnc.audit import chain
from dnc.audit.chain import Head
from dnc.audit.changes import OUT_OF_BAND, image, read_stream_record
from dnc.aws import wire
from dnc.entries import entry as entries
from dnc.entries import pending, reasons
from dnc.entries.entry import DETAILS, EXPIRING_SOURCES, LISTED, REMOVED, Actor, Change, Request, Source, Write
from dnc.entries.status import CHANNELS
from dnc.entries.wire import entry_of, row_of

HISTORIES = int(os.environ.get("HISTORIES", "300"))
START = datetime(2026, 11, 1, tzinfo=UTC)
NUMBER = "+14155550100"
KEY = {"account_id": {"S": "acme"}, "number": {"S": NUMBER}}
MANUAL_CHANGES = (
    {"status": {"S": "removed"}},
    {"changed_at": {"S": "now"}},
    {"removal": {"S": "gone"}},
    {"note": {"B": "AAEC"}},
    {"version": {"N": "1.5"}},
    {"expires_at": {"N": "1"}},
    {"sources": {"BS": ["AAEC"]}},
    {"changed_by": {"SS": ["key:k"]}},
    {"consumer_name": {"S": "forged"}},
    {"pending_removal": {"M": {"reason": {"S": "forged"}}}},
    {"pending_removal": {"S": "forged"}},
)


class History:
    """One number's row, and the events of everything that happens to it."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.row = None
        self.events, self.head = [], Head()
        self.requests, self.rows = [], []
        self.now = START

    def write(self):
        self.now += timedelta(minutes=self.random.randint(1, 10_000))
        return Write(self.now, Actor("key:k", self.random.choice([None, "u-1"])), f"r-{len(self.rows)}")

    def store(self, row, identity=None):
        change = {"Keys": KEY, "SequenceNumber": str(len(self.rows) + 1)}
        change["ApproximateCreationDateTime"] = self.now.timestamp()
        change |= {"OldImage": self.row} if self.row else {}
        change |= {"NewImage": row} if row else {}
        recorded = read_stream_record(json.loads(json.dumps({"dynamodb": change, "userIdentity": identity})))
        if recorded is None:
            return None
        self.row = row
        self.rows.append(row)
        event = chain.event(recorded, self.head, self.now)
        self.head = chain.head_after(event, self.head)
        # Store the event and read it back.
        self.events.append(wire.from_wire(json.loads(json.dumps(wire.to_wire(event)))))
        return recorded

    @property
    def entry(self):
        return entry_of(self.row) if self.row else None

    def request(self):
        pick = self.random
        source = pick.choice(list(Source))
        details = {name: f"{name}-{pick.randint(0, 3)}" for name in DETAILS if pick.random() < 0.4}
        expires_at = times.epoch(self.now + timedelta(days=pick.randint(1, 30))) if pick.random() < 0.3 else None
        at = times.text(self.now - timedelta(days=pick.randint(0, 100)))
        key, content = pick.choice([None, "a", "b"]), pick.choice("xy")
        expires_at = expires_at if source in EXPIRING_SOURCES else None
        channels = frozenset(pick.sample(CHANNELS, pick.randint(1, 2)))
        request = Request(NUMBER, source, at, details, expires_at, key, content, channels=channels)
        write = self.write()
        outcome = entries.request_listing("acme", self.entry, request, write)
        if outcome.changed:
            change = self.store(row_of(outcome.entry))
            assert change.type not in OUT_OF_BAND
            shown = {**request.full(write.actor), "channels": sorted(request.channels)}
            self.requests.append((len(self.events) - 1, shown))

    def remove(self):
        write = self.write()
        if self.entry and self.entry.version and self.entry.status_at(write.at) == LISTED:
            evidence = {"reference": f"o-{len(self.rows)}", "purpose": "x"}
            removal = {"reason": "legal_order", "note": "ordered", "evidence": evidence}
            self.store(row_of(reasons.remove(self.entry, removal, write, may_order=True)))

    def ask_or_decide(self):
        """Ask for a removal that waits for a second person, or decide about the one that waits."""
        write, entry = self.write(), self.entry
        if not entry or not entry.version or entry.status_at(write.at) != LISTED:
            return
        removal = {"reason": "legal_order", "note": "asked", "evidence": {"reference": f"o-{len(self.rows)}"}}
        change = self.random.choice([Change.REMOVED, Change.REMOVAL_REJECTED, Change.REMOVAL_WITHDRAWN])
        if not entry.pending_removal:
            decided = pending.request(entry, removal, write, may_order=True)
        elif not entry.pending_at(write.at):
            decided = pending.lapse(entry, write)
        elif change == Change.REMOVED:
            decided = pending.approve(entry, write, may_order=True)
        else:
            decided = pending.close(entry, change, write)
        recorded = self.store(row_of(decided))
        assert (recorded.type, recorded.reason) == (decided.change, "legal_order")

    def restore(self):
        write = self.write()
        if self.entry and self.entry.status == REMOVED:
            self.store(row_of(entries.restore(self.entry, write)))

    def alter(self):
        self.write()
        if self.row:
            row = {**self.row, **self.random.choice(MANUAL_CHANGES)}
            change = self.store(row)
            assert change is None or change.type == "altered_out_of_band"

    def delete(self):
        self.write()
        if self.row:
            ttl = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
            self.store(None, self.random.choice([None, ttl]))


def replayed(seed):
    history = History(seed)
    steps = (
        [history.request] * 5
        + [history.ask_or_decide] * 3
        + [history.remove, history.restore, history.alter, history.delete]
    )
    for _ in range(history.random.randint(1, 25)):
        history.random.choice(steps)()
    return history


@pytest.mark.parametrize("block", range(10))
def test_the_events_of_a_history_yield_each_row_and_each_request(block):
    size = HISTORIES // 10
    for seed in range(block * size, (block + 1) * size):
        history = replayed(seed)
        shown = [chain.as_json(event) for event in history.events]
        assert [event["after"] for event in shown] == [image(row) for row in history.rows], seed
        for index, request in history.requests:
            assert shown[index]["request"] == request, seed
        verdict = chain.verify(chain.in_order(history.events), history.head)
        assert (verdict["intact"], verdict["length"]) == (True, len(history.events)), seed
        for before, event in zip([None, *history.rows], shown, strict=False):
            if event["type"] in OUT_OF_BAND:
                assert event["before"] == image(before), seed


def test_a_typical_event_without_a_note_fits_in_1_kb():
    write = Write(START, Actor("key:abcdefghijkl", "u-17"), "3f2b8c1e-9d1f-4a57-8f0e-2c6f5a7d9b10")
    details = {"campaign_id": "spring", "agent_id": "a-17", "call_id": "c-991", "caller_id": "+14155550100"}
    request = Request(NUMBER, Source.DISPOSITION, times.text(START), details, None, "c-991", "x")
    listed = entries.request_listing("acme-solar", None, request, write).entry
    change = {"SequenceNumber": str(10**20), "ApproximateCreationDateTime": START.timestamp()}
    recorded = read_stream_record({"dynamodb": {**change, "NewImage": row_of(listed)}})
    assert recorded.type == "listed"
    row = wire.to_wire(chain.event(recorded, Head(), START))
    assert stored_bytes({"M": row}) <= 1024


def stored_bytes(typed):
    """The size of a value as DynamoDB counts it: names and text in UTF-8, numbers by their digits, 3 for a map."""
    [(kind, value)] = typed.items()
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + stored_bytes(inner) for name, inner in value.items())
    if kind == "L":
        return 3 + sum(1 + stored_bytes(inner) for inner in value)
    if kind == "SS":
        return sum(len(one.encode()) for one in value)
    if kind == "N":
        return (len(value) + 1) // 2 + 1
    return 1 if kind in {"BOOL", "NULL"} else len(value.encode())
