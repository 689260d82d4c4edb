"""A removal that waits for a second person, over any history of its entry."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dnc import times
from dnc.entries import entry as entries
from dnc.entries import pending, reasons
from dnc.entries.entry import LISTED, REMOVED, Actor, Change, Entry, Request, Source, Write
from dnc.problems import Conflict, RemovalRefused

START = datetime(2026, 11, 1, tzinfo=UTC)
NUMBER = "+14155550100"
ASKER, OTHER = Actor("key:a", "ann"), Actor("key:b", "bob")
REMOVAL = {"reason": "consent_given", "note": "signed at the fair"}
REMOVAL |= {"evidence": {"reference": "crm-1", "purpose": "offers", "obtained_at": times.text(START + timedelta(1))}}


def write(at, actor=ASKER):
    return Write(at, actor, f"r-{at.timestamp()}")


def listed(source=Source.SMS, at=START, **more):
    request = Request(NUMBER, source, times.text(at), **more)
    return entries.request_listing("acme", None, request, write(at)).entry


def requested(at=START + timedelta(days=2), entry=None):
    return pending.request(entry or listed(), REMOVAL, write(at), may_order=False)


def test_a_removal_that_waits_leaves_the_number_listed():
    entry = requested()
    at = START + timedelta(days=2)
    assert (entry.status_at(at), entry.version, entry.change) == (LISTED, 2, Change.REMOVAL_REQUESTED)
    assert entry.pending_removal == REMOVAL | {
        "asked_at": times.text(at),
        "asked_by": ASKER.item(),
        "lapses_at": times.text(at + timedelta(days=7)),
    }


def test_a_repeated_request_changes_nothing():
    entry, at = requested(), START + timedelta(days=3)
    assert pending.request(entry, REMOVAL, write(at), may_order=False) is entry
    for removal, by in ((REMOVAL | {"note": "other"}, write(at)), (REMOVAL, write(at, OTHER))):
        assert not pending.is_requested(entry, removal, by)
        with pytest.raises(Conflict, match="already waiting"):
            pending.request(entry, removal, by, may_order=False)
    late = write(START + timedelta(days=9))
    assert pending.request(entry, REMOVAL, late, may_order=False).version == 3


def test_an_approved_removal_has_the_reason_the_evidence_and_both_actors():
    at = START + timedelta(days=3)
    removed = pending.approve(requested(), write(at, OTHER), may_order=False)
    assert (removed.status, removed.version, removed.change) == (REMOVED, 3, Change.REMOVED)
    assert removed.pending_removal is None
    assert removed.removal == REMOVAL | {
        "asked_at": times.text(START + timedelta(days=2)),
        "asked_by": ASKER.item(),
        "removed_at": times.text(at),
        "removed_by": OTHER.item(),
    }


@given(st.integers(-100, 100))
def test_a_removal_lapses_exactly_seven_days_after_its_request(milliseconds):
    entry = requested()
    at = START + timedelta(days=9) + timedelta(milliseconds=milliseconds)
    assert (entry.pending_at(at) is not None) == (milliseconds < 0)
    for decide in (
        lambda: pending.approve(entry, write(at, OTHER), may_order=True),
        lambda: pending.close(entry, Change.REMOVAL_REJECTED, write(at, OTHER)),
    ):
        if milliseconds < 0:
            assert decide().pending_removal is None
        else:
            with pytest.raises(Conflict, match="lapsed"):
                decide()


class Histories(RuleBasedStateMachine):
    """Random histories of an entry, compared with a model that knows which removal waits, and since when."""

    def __init__(self):
        super().__init__()
        self.entry, self.now = listed(), START + timedelta(days=2)
        self.asked_at = None
        self.is_removed = False

    @property
    def waits(self):
        return self.asked_at is not None and self.now < self.asked_at + timedelta(days=7)

    def write(self):
        self.now += timedelta(seconds=1)
        return write(self.now)

    def fresh(self):
        return REMOVAL | {"evidence": REMOVAL["evidence"] | {"obtained_at": times.text(self.now)}}

    def becomes(self, entry, *, asked_at=None, is_removed=False):
        assert entry.version == self.entry.version + 1
        self.entry, self.asked_at, self.is_removed = entry, asked_at, is_removed

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours):
        self.now += timedelta(hours=hours)

    @precondition(lambda self: not self.is_removed)
    @rule()
    def a_removal_is_requested(self):
        by = self.write()
        if self.waits:
            with pytest.raises(Conflict, match="already waiting"):
                pending.request(self.entry, self.fresh(), by, may_order=False)
        else:
            self.becomes(pending.request(self.entry, self.fresh(), by, may_order=False), asked_at=by.at)

    @precondition(lambda self: not self.is_removed)
    @rule(decide=st.sampled_from(["approve", Change.REMOVAL_REJECTED, Change.REMOVAL_WITHDRAWN]))
    def a_removal_is_decided(self, decide):
        by = self.write()

        def decided():
            if decide == "approve":
                return pending.approve(self.entry, by, may_order=False)
            return pending.close(self.entry, decide, by)

        if self.waits:
            self.becomes(decided(), is_removed=decide == "approve")
        else:
            with pytest.raises(Conflict):
                decided()

    @precondition(lambda self: not self.is_removed)
    @rule()
    def the_same_removal_is_requested_again(self):
        request = Request(NUMBER, Source.WEB, times.text(self.now - timedelta(minutes=30)))
        self.becomes(entries.request_listing("acme", self.entry, request, self.write()).entry)

    @precondition(lambda self: not self.is_removed)
    @rule()
    def a_removal_needs_no_second_person(self):
        by = self.write()
        self.becomes(reasons.remove(self.entry, self.fresh(), by, may_order=False), is_removed=True)

    @precondition(lambda self: self.is_removed)
    @rule()
    def the_removal_is_reversed(self):
        self.becomes(entries.restore(self.entry, self.write()))

    @precondition(lambda self: self.asked_at is not None and not self.waits)
    @rule()
    def it_lapses(self):
        self.becomes(pending.lapse(self.entry, self.write()))

    @invariant()
    def the_entry_is_as_the_model_says(self):
        assert (self.entry.status == REMOVED) == self.is_removed
        assert (self.entry.pending_at(self.now) is not None) == self.waits
        assert (self.entry.pending_removal is not None) == (self.entry.change == Change.REMOVAL_REQUESTED)


TestHistories = Histories.TestCase


@pytest.mark.parametrize("name", ["reason", "asked_at", "asked_by", "lapses_at"])
@pytest.mark.parametrize("value", [None, "", 1, {}, {"principal": 1}])
def test_a_stored_removal_that_the_service_cannot_have_written_never_waits(name, value):
    row = requested().item()
    assert Entry.of(row).pending_removal
    row["pending_removal"] |= {name: value}
    assert Entry.of(row).pending_removal is None


def test_an_approval_judges_the_removal_again():
    legal = replace(requested(), sources=frozenset({"legal"}))
    with pytest.raises(RemovalRefused):
        pending.approve(legal, write(START + timedelta(days=3), OTHER), may_order=False)
    assert pending.approve(legal, write(START + timedelta(days=3), OTHER), may_order=True).status == REMOVED


def test_a_request_judges_the_removal_first():
    with pytest.raises(RemovalRefused):
        pending.request(listed(), {"reason": "consent_given"}, write(START), may_order=True)


DAY = timedelta(hours=24)


@pytest.mark.parametrize(
    ("code", "policy", "principal", "person", "after", "waits"),
    [
        ("consent_given", ["consent_given"], "key:a", "ann", DAY, True),
        ("consent_given", [], "key:a", "ann", DAY, False),
        ("consent_given", ["marked_by_mistake"], "key:a", "ann", DAY, False),
        ("marked_by_mistake", ["marked_by_mistake"], "key:a", "ann", DAY - timedelta(milliseconds=1), False),
        ("marked_by_mistake", ["marked_by_mistake"], "key:b", "ann", timedelta(minutes=1), False),
        ("marked_by_mistake", ["marked_by_mistake"], "key:a", "ann", DAY, True),
        ("marked_by_mistake", ["marked_by_mistake"], "key:a", "bob", timedelta(minutes=1), True),
        ("marked_by_mistake", ["marked_by_mistake"], "key:a", None, timedelta(minutes=1), True),
        ("marked_by_mistake", ["marked_by_mistake"], "user:ann", None, timedelta(minutes=1), True),
        ("test_number", ["test_number"], "key:a", "ann", timedelta(minutes=1), True),
    ],
)
def test_which_removals_wait(code, policy, principal, person, after, waits):
    entry = listed(Source.MANUAL)
    assert pending.needs_approval(entry, code, policy, principal, person, START + after) == waits


def test_a_person_who_signed_in_corrects_their_own_mistake_whatever_name_was_sent():
    entry = replace(listed(Source.MANUAL), listed_by={"principal": "user:ann", "acting_user": "somebody"})
    policy, at = ["marked_by_mistake"], START + timedelta(hours=1)
    assert not pending.needs_approval(entry, "marked_by_mistake", policy, "user:ann", "ann", at)
    assert pending.needs_approval(entry, "marked_by_mistake", policy, "user:bob", "bob", at)
