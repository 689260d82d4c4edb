"""An entry's life: any sequence of requests, removals and restores."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnc import times
from dnc.aws import wire
from dnc.entries import entry as entries
from dnc.entries import reasons
from dnc.entries.entry import (
    BOTH_CHANNELS,
    DETAILS,
    EXPIRED,
    EXPIRING_SOURCES,
    LISTED,
    REMOVED,
    Actor,
    Change,
    Entry,
    Request,
    Source,
    Write,
)
from dnc.entries.status import status_of

START = datetime(2026, 11, 1, tzinfo=UTC)
NUMBER = "+14155550100"


def write(minutes=0, request_id="r"):
    return Write(START + timedelta(minutes=minutes), Actor("key:k", "u-1"), request_id)


def removed_by(entry, minutes, **removal):
    return reasons.remove(entry, {**ORDER, **removal}, write(minutes), may_order=True)


ORDER = {"reason": "legal_order", "evidence": {"reference": "o-1"}}
EXPIRY = st.integers(1_900_000_000, 2_000_000_000)


@st.composite
def requests(draw):
    source = draw(st.sampled_from(Source))
    details = draw(st.dictionaries(st.sampled_from(DETAILS), st.text(min_size=1, max_size=5), max_size=4))
    return Request(
        NUMBER,
        source,
        times.text(START + timedelta(days=draw(st.integers(-1000, 0)))),
        details,
        expires_at=draw(st.none() | EXPIRY) if source in EXPIRING_SOURCES else None,
        key=draw(st.none() | st.sampled_from("abc")),
        content=draw(st.sampled_from("xy")),
        channels=draw(st.sampled_from([BOTH_CHANNELS, frozenset({"text"}), frozenset({"voice"})])),
    )


@given(st.lists(requests(), min_size=1, max_size=30))
def test_details_of_requests_are_never_mixed_and_none_is_lost(sequence):
    current, merged, keyed_contents = None, [], set()
    for i, request in enumerate(sequence):
        outcome = entries.request_listing("acme", current, request, write(i, f"r-{i}"))
        repeated = request.key is not None and (request.key, request.content) in keyed_contents
        assert outcome.changed == (not repeated)
        assert outcome.created == (i == 0)
        if repeated:
            assert outcome.entry is current
            continue
        reused = request.key is not None and request.key in {key for key, _ in keyed_contents}
        assert bool(outcome.warnings) == reused
        merged.append(request)
        keyed_contents.add((request.key, request.content))
        current = outcome.entry
    assert current.version == current.requests == len(merged)
    assert current.requested_at == min(r.requested_at for r in merged)
    assert current.last_requested_at == max(r.requested_at for r in merged)
    assert current.sources == {r.source for r in merged}
    assert current.channels == frozenset().union(*(r.channels for r in merged))
    assert (current.source, current.details) == (merged[0].source, merged[0].details)
    assert current.last_request == (merged[-1].full(write().actor) if len(merged) > 1 else None)
    campaigns = list(dict.fromkeys(r.details["campaign_id"] for r in merged if "campaign_id" in r.details))
    assert list(current.campaign_ids) == campaigns[-20:]
    expiries = [r.expires_at for r in merged]
    assert current.expires_at == (None if None in expiries else max(expiries))
    assert current.listed_at == times.text(START)


@given(st.lists(requests(), min_size=1, max_size=5))
def test_an_entry_survives_storage_unchanged(sequence):
    current = None
    for i, request in enumerate(sequence):
        current = entries.request_listing("acme", current, request, write(i)).entry
    for entry in (current, removed_by(current, 99, note="x")):
        assert Entry.of(wire.from_wire(wire.to_wire(entry.item()))) == entry


@given(requests())
def test_a_restore_brings_back_the_request_as_it_was(request):
    listed = entries.request_listing("acme", None, request, write()).entry
    removed = removed_by(listed, 1)
    assert (removed.status, removed.expires_at, removed.version) == (REMOVED, None, 2)
    restored = entries.restore(removed, write(2))
    changed = ("version", "changed_at", "changed_by", "change", "request_id")
    same = {name: value for name, value in listed.item().items() if name not in changed}
    assert {name: value for name, value in restored.item().items() if name not in changed} == same
    assert (restored.version, restored.change) == (3, Change.RESTORED)


def test_a_restore_after_the_expiry_has_passed_does_not_bring_it_back():
    soon = times.epoch(START + timedelta(minutes=5))
    request = Request(NUMBER, Source.SUPPRESSION, times.text(START), expires_at=soon)
    removed = removed_by(entries.request_listing("acme", None, request, write()).entry, 1)
    assert entries.restore(removed, write(4)).expires_at == soon
    assert entries.restore(removed, write(5)).expires_at is None


@given(requests(), requests())
def test_a_number_listed_again_starts_over_but_its_versions_continue(first, second):
    listed = entries.request_listing("acme", None, first, write()).entry
    removed = removed_by(listed, 1)
    outcome = entries.request_listing("acme", removed, second, write(2))
    assert outcome.created
    assert (outcome.entry.version, outcome.entry.change, outcome.entry.requests) == (3, Change.RELISTED, 1)
    assert outcome.entry.sources == {second.source}
    assert (outcome.entry.removal, outcome.entry.last_request) == (None, None)


def keyed(**fields):
    return Request(NUMBER, Source.WEB, times.text(START), key="form", content="c", **fields)


def test_after_a_removal_only_a_request_dated_before_it_is_a_repeat():
    removed = removed_by(entries.request_listing("acme", None, keyed(), write()).entry, 10)
    repeat = entries.request_listing("acme", removed, keyed(stated_at=times.text(START)), write(20))
    assert (repeat.entry, repeat.changed, len(repeat.warnings)) == (removed, False, 1)
    for stated in (None, times.text(START + timedelta(minutes=11))):
        again = entries.request_listing("acme", removed, keyed(stated_at=stated), write(20))
        assert (again.created, again.entry.status) == (True, LISTED)


def test_skip_removed_counts_unless_a_later_request_is_stated():
    removed = removed_by(entries.request_listing("acme", None, keyed(), write()).entry, 10)
    later = times.text(START + timedelta(minutes=11))
    for stated, skipped in ((None, True), (times.text(START), True), (later, False)):
        request = Request(NUMBER, Source.IMPORT, times.text(START), stated_at=stated, skip_removed=True)
        outcome = entries.request_listing("acme", removed, request, write(20))
        assert (outcome.entry is removed, bool(outcome.warnings)) == (skipped, skipped)


def test_the_last_20_keys_are_remembered_as_two_digests_of_16_bytes():
    current = None
    for i in range(30):
        request = Request(NUMBER, Source.MANUAL, times.text(START), key=f"k-{i}", content="c")
        current = entries.request_listing("acme", current, request, write(i)).entry
    assert current.request_keys == tuple(entries.request_key(f"k-{i}", "c") for i in range(10, 30))
    assert {len(bytes.fromhex(key)) for key in current.request_keys} == {32}


REMOVAL = {"reason": "test_number", "removed_at": times.text(START), "removed_by": {"principal": "key:k"}}
values = st.sampled_from(["removed", "listed", "", "now", 0, 1, 1.5, True, None, b"x", {"x"}, ["x"], {"a": 1}])
odd_rows = st.fixed_dictionaries(
    {"account_id": st.just("acme"), "number": st.just(NUMBER)},
    optional={
        name: values | st.sampled_from([REMOVAL, {**REMOVAL, "reason": ""}, {"registry"}, 10**9])
        for name in sorted(
            {"status", "version", "removal", "expires_at", "sources", *Entry.__slots__} - {"account_id", "number"}
        )
    },
)


@given(odd_rows)
def test_a_row_that_the_service_cannot_have_written_is_listed(row):
    entry = Entry.of(row)
    status = status_of(row, START)
    assert entry.status_at(START) == status
    if status == REMOVED:
        assert (row["status"], row["removal"], row["version"] in {1, 10**9}) == (REMOVED, REMOVAL, True)
    if status == EXPIRED:
        assert row["status"] == LISTED
        assert row["sources"] == {"registry"}
        assert type(row["expires_at"]) is int
    assert entry.item()


@pytest.mark.parametrize(
    ("expires_at", "sources", "status"),
    [
        (1, {"registry"}, EXPIRED),
        (Decimal(1), {"registry", "suppression"}, EXPIRED),
        (Decimal("1.5"), {"registry"}, LISTED),
        (True, {"registry"}, LISTED),
        ("1", {"registry"}, LISTED),
        (1, {"registry", "web"}, LISTED),
        (1, set(), LISTED),
        (1, "registry", LISTED),
        (times.epoch(START), {"registry"}, EXPIRED),
        (times.epoch(START) + 1, {"registry"}, LISTED),
    ],
)
def test_an_expiry_counts_only_if_it_is_whole_and_every_source_may_expire(expires_at, sources, status):
    assert status_of({"status": LISTED, "expires_at": expires_at, "sources": sources}, START) == status


def test_a_row_that_cannot_be_understood_is_listed():
    entry = Entry.of({"account_id": "acme", "number": NUMBER, "status": "??"})
    assert entry.status_at(START) == LISTED
    assert entry.version == 0


def test_missing_evidence_names_what_the_record_of_a_request_lacks():
    request = Request(NUMBER, Source.SMS, times.text(START), {"seller": "Acme"})
    entry = entries.request_listing("acme", None, request, write()).entry
    assert entry.missing_evidence == ["consumer_name", "telemarketer", "goods_or_services"]


def test_an_expiry_takes_effect_at_its_exact_second():
    ends = START + timedelta(hours=1)
    request = Request(NUMBER, Source.REGISTRY, times.text(START), expires_at=times.epoch(ends))
    entry = entries.request_listing("acme", None, request, write()).entry
    for moment, status in ((ends - timedelta(milliseconds=1), LISTED), (ends, EXPIRED)):
        assert entry.status_at(moment) == status_of(entry.item(), moment) == status
    relisted = entries.request_listing("acme", entry, request, Write(ends, Actor("key:k"), "r-2"))
    assert (relisted.created, relisted.entry.change) == (True, Change.RELISTED)


@pytest.mark.parametrize("version", [None, 0, -1, "1", 1.5, True])
def test_a_removed_row_without_the_version_that_a_removal_has_is_listed(version):
    entry = entries.request_listing("acme", None, Request(NUMBER, Source.WEB, times.text(START)), write()).entry
    row = removed_by(entry, 1).item()
    assert status_of(row, START) == REMOVED
    altered = {name: value for name, value in row.items() if name != "version"}
    altered |= {} if version is None else {"version": version}
    assert status_of(altered, START) == LISTED


def test_a_restore_brings_back_no_expiry_that_does_not_count():
    soon = times.epoch(START + timedelta(days=1))
    request = Request(NUMBER, Source.REGISTRY, times.text(START), expires_at=soon)
    removed = removed_by(entries.request_listing("acme", None, request, write()).entry, 1)
    assert entries.restore(removed, write(2)).expires_at == soon
    asked_for = replace(removed, sources=removed.sources | {"sms"})
    assert entries.restore(asked_for, write(2)).expires_at is None
