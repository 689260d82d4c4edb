"""An exported list can be read back as it was stored."""

import gzip
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnc import times
from dnc.aws import wire
from dnc.bulk.exports import format as export_format
from dnc.bulk.exports.format import ExportFormat, ExportKind
from dnc.entries.entry import BOTH_CHANNELS, DETAILS, LISTED, REMOVED, Actor, Entry, Source
from infra.tools import exported_rows

NOW = times.parse("2026-11-24T01:00:00Z")
text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)
moments = st.datetimes(times.parse("2020-01-01T00:00:00Z").replace(tzinfo=None)).map(
    lambda at: times.text(at.replace(tzinfo=NOW.tzinfo))
)
sources = st.frozensets(st.sampled_from([str(source) for source in Source]), min_size=1, max_size=3)
entries = st.builds(
    Entry,
    account_id=st.just("acme"),
    number=st.just("+14155550100"),
    status=st.just(LISTED),
    source=st.sampled_from([str(source) for source in Source]),
    sources=sources,
    requested_at=moments,
    last_requested_at=moments,
    listed_at=moments,
    listed_by=text.map(lambda user: Actor("key:k", user).item()),
    version=st.integers(1, 10**6),
    changed_at=moments,
    changed_by=text.map(lambda user: Actor("key:k", user).item()),
    change=st.just("listed"),
    request_id=text,
    details=st.dictionaries(st.sampled_from(DETAILS), text, max_size=4),
    request_keys=st.lists(text, max_size=3).map(tuple),
    campaign_ids=st.lists(text, max_size=3).map(tuple),
    requests=st.integers(1, 9),
    expires_at=st.none() | st.integers(1_600_000_000, 2_000_000_000),
    last_request=st.none() | st.dictionaries(text, text, max_size=3),
    channels=st.sampled_from([BOTH_CHANNELS, frozenset({"voice"}), frozenset({"text"})]),
    reading_of=st.none() | st.just("+14155550101"),
)


REMOVAL = {
    "reason": "other",
    "note": "x",
    "removed_at": "2026-11-01T00:00:00.000Z",
    "removed_by": {"principal": "key:k"},
}
removed = entries.map(lambda entry: replace(entry, status=REMOVED, expires_at=None, removal=REMOVAL))


def exported(items, form):
    write = export_format.writer(ExportKind.NUMBERS, form, NOW)
    return gzip.compress((export_format.header(ExportKind.NUMBERS, form) + "".join(map(write, items))).encode())


@pytest.mark.parametrize("form", ExportFormat)
@given(entry=entries | removed)
def test_an_exported_entry_is_read_back_as_it_was_stored(form, entry):
    item = wire.to_wire(entry.item())
    [restored] = exported_rows.rows(exported([item], form), form, "acme")
    assert wire.from_wire(restored) == wire.from_wire(item)


def test_an_entry_that_has_expired_is_restored_with_its_expiry():
    registry = {"source": "registry", "sources": {"registry"}, "expires_at": 1_700_000_000, "status": "listed"}
    item = wire.to_wire({"account_id": "acme", "number": "+14155550100", "version": 1, **registry})
    [restored] = exported_rows.rows(exported([item], ExportFormat.CSV), ExportFormat.CSV, "acme")
    assert (restored["status"], restored["expires_at"]) == ({"S": "listed"}, {"N": "1700000000"})


def test_a_row_that_was_changed_by_hand_is_restored_as_far_as_it_can_be():
    row = {"account_id": "acme", "number": "+14155550100", "removal": "by hand", "made_by_hand": True, "version": 2}
    [restored] = exported_rows.rows(exported([wire.to_wire(row)], ExportFormat.CSV), ExportFormat.CSV, "acme")
    assert wire.plain(wire.from_wire(restored)) == {**row, "status": "listed", "listed_account": "acme"}


@given(entry=entries)
def test_an_entry_of_an_event_is_stored_as_it_was(entry):
    item = wire.to_wire(entry.item())
    assert wire.from_wire(exported_rows.stored(wire.plain(entry.item()), "acme")) == wire.from_wire(item)
