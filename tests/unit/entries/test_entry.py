"""An entry over its life: any sequence of requests, removals and restores."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dnc import times
from dnc.aws import wire
from dnc.entries import entry as entries
from dnc.entries.entry import DETAILS, EXPIRED, LISTED, REMOVED, Actor, Change, Entry, Request, Source, Write, status_of

START = datetime(2026, 11, 1, tzinfo=UTC)
NUMBER = "+14155550100"


def write(minutes=0, request_id="r"):
    return Write(START + timedelta(minutes=minutes), Actor("key:k", "u-1"), request_id)


requests = st.builds(
    Request,
    number=st.just(NUMBER),
    source=st.sampled_from(Source),
    requested_at=st.integers(-1000, 0).map(lambda days: times.text(START + timedelta(days=days))),
    details=st.dictionaries(st.sampled_from(DETAILS), st.text(min_size=1, max_size=5), max_size=4),
    expires_at=st.one_of(st.none(), st.integers(1_900_000_000, 2_000_000_000)),
    key=st.one_of(st.none(), st.sampled_from("abc")),
)


@given(st.lists(requests, min_size=1, max_size=30))
def test_a_listed_number_loses_nothing_of_any_request(given_requests):
    current, counted, keys = None, [], []
    for i, request in enumerate(given_requests):
        outcome = entries.request_listing("acme", current, request, write(i, f"r-{i}"))
        repeated = request.key is not None and request.key in keys
        assert outcome.changed == (not repeated)
        assert outcome.created == (i == 0)
        if repeated:
            assert outcome.entry is current
            continue
        counted.append(request)
        keys += [request.key] if request.key else []
        current = outcome.entry
    assert current.version == len(counted)
    assert current.requested_at == min(r.requested_at for r in counted)
    assert current.last_requested_at == max(r.requested_at for r in counted)
    assert current.sources == {r.source for r in counted}
    assert current.source == counted[0].source
    for name in DETAILS:
        told = [r.details[name] for r in counted if name in r.details]
        assert current.details.get(name) == (told[0] if told else None)
    expiries = [r.expires_at for r in counted]
    assert current.expires_at == (None if None in expiries else max(expiries))
    assert current.listed_at == times.text(START)


@given(st.lists(requests, min_size=1, max_size=5))
def test_an_entry_is_stored_and_read_as_it_was(given_requests):
    current = None
    for i, request in enumerate(given_requests):
        current = entries.request_listing("acme", current, request, write(i)).entry
    for entry in (current, entries.remove(current, {"reason": "test_number", "note": "x"}, write(99))):
        assert Entry.of(wire.from_wire(wire.to_wire(entry.item()))) == entry


@given(requests)
def test_a_restore_brings_back_the_request_as_it_was(request):
    listed = entries.request_listing("acme", None, request, write()).entry
    removed = entries.remove(listed, {"reason": "test_number"}, write(1))
    assert (removed.status, removed.expires_at, removed.version) == (REMOVED, None, 2)
    restored = entries.restore(removed, write(2))
    changed = ("version", "changed_at", "changed_by", "change", "request_id")
    same = {name: value for name, value in listed.item().items() if name not in changed}
    assert {name: value for name, value in restored.item().items() if name not in changed} == same
    assert (restored.version, restored.change) == (3, Change.RESTORED)


def test_a_restore_after_the_expiry_has_passed_does_not_bring_it_back():
    soon = times.epoch(START + timedelta(minutes=5))
    request = Request(NUMBER, Source.IMPORT, times.text(START), expires_at=soon)
    removed = entries.remove(entries.request_listing("acme", None, request, write()).entry, {"reason": "x"}, write(1))
    assert entries.restore(removed, write(4)).expires_at == soon
    assert entries.restore(removed, write(5)).expires_at is None


@given(requests, requests)
def test_listing_again_after_a_removal_begins_anew_but_goes_on_counting(first, second):
    listed = entries.request_listing("acme", None, first, write()).entry
    removed = entries.remove(listed, {"reason": "test_number"}, write(1))
    outcome = entries.request_listing("acme", removed, second, write(2))
    assert outcome.created
    assert (outcome.entry.version, outcome.entry.change) == (3, Change.RELISTED)
    assert outcome.entry.sources == {second.source}
    assert outcome.entry.removal is None


def test_the_last_20_keys_are_remembered():
    current = None
    for i in range(30):
        request = Request(NUMBER, Source.MANUAL, times.text(START), key=f"k-{i}")
        current = entries.request_listing("acme", current, request, write(i)).entry
    assert current.request_keys == tuple(f"k-{i}" for i in range(10, 30))


@given(st.one_of(st.none(), st.text(), st.just(REMOVED), st.just(LISTED), st.integers()), st.integers(-10, 10))
def test_only_a_plain_removal_or_a_past_expiry_is_not_listed(status, seconds):
    ends = times.epoch(START) + seconds
    wanted = REMOVED if status == REMOVED else EXPIRED if seconds <= 0 else LISTED
    assert status_of(status, ends, START) == wanted
    assert status_of(status, None, START) == (REMOVED if status == REMOVED else LISTED)


def test_a_row_that_cannot_be_understood_is_listed():
    entry = Entry.of({"account_id": "acme", "number": NUMBER, "status": "??"})
    assert entry.status_at(START) == LISTED
    assert entry.version == 0


def test_missing_evidence_is_what_the_record_of_a_request_should_hold():
    request = Request(NUMBER, Source.SMS, times.text(START), {"seller": "Acme"})
    entry = entries.request_listing("acme", None, request, write()).entry
    assert entry.missing_evidence == ["consumer_name", "telemarketer", "goods_or_services"]
