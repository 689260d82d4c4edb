"""What each column means, what a row requests, how rows merge, and how fast a worker writes."""

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnc import times
from dnc.bulk.files import JobFiles
from dnc.bulk.imports import plan as import_plan
from dnc.bulk.imports.merge import RowOutcome, is_unchanged_listing, merge, outcome_of
from dnc.bulk.imports.pacing import AuditLag, NotYetDone, Pace
from dnc.bulk.imports.pieces import PLAN, piece_name
from dnc.bulk.imports.request import ImportOptions, RowRequest, moment_of, read
from dnc.bulk.jobs import JobKind
from dnc.bulk.uploads.columns import Choice, Columns, columns_of
from dnc.bulk.uploads.errors import FileRefused
from dnc.entries.entry import BOTH_CHANNELS, Actor, Change, Entry, Request, Source, Write
from dnc.entries.wire import entry_of, row_of
from tests.support.memory_s3 import MemoryS3
from tests.unit.bulk.uploads.test_parse import Chunks

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OPTIONS = ImportOptions("i" * 26, Source.IMPORT, times.text(NOW), region="US")
WRITE = Write(NOW + timedelta(seconds=5), Actor("key:k", "u-1"), "")


def columns(*lines):
    return columns_of([line.split(",") for line in lines], Choice("US"))


@pytest.mark.parametrize(
    ("lines", "number", "area", "fields"),
    [
        (["4155550100", "4155550101"], 0, None, {}),
        (["phone_number", "4155550100"], 0, None, {}),
        (["Name,Phone Number,Expires", "J,4155550100,2027-01-01"], 1, None, {0: "consumer_name", 2: "expires_at"}),
        (["415,5550100", "212,5550101"], 1, 0, {}),
        (["area_code,phone", "415,5550100"], 1, 0, {}),
        (["vendor,list,contact", "a,b,4155550100", "c,d,2125550101"], 2, None, {}),
        (["x1,J. Doe,(415) 555-0100", "x2,K. Roe,(415) 555-0101"], 2, None, {}),
        (["lead_id,phone_code,phone_number,campaign_id", "7,1,4155550100,spring"], 2, None, {3: "campaign_id"}),
    ],
)
def test_columns_are_recognized_by_their_header_or_their_content(lines, number, area, fields):
    found = columns(*lines)
    assert (found.phones, dict(found.areas), found.fields) == (
        (number,),
        {number: area} if area is not None else {},
        fields,
    )


@pytest.mark.parametrize(
    "lines", [["name,city", "J. Doe,Austin"], ["Mr,x,Doe", "Mrs,y,Roe"], ["id,score", "1,2", "2,3"]]
)
def test_a_file_without_numbers_is_refused(lines):
    with pytest.raises(FileRefused, match="'number'"):
        columns(*lines)


@pytest.mark.parametrize(
    "lines",
    [
        ["415,5550100,2026-11-01,A", "415,5550101,2026-11-02,D"],
        ["number,change", "4155550100,add", "4155550101,delete"],
        ["number,action", "4155550100,A"],
    ],
)
def test_a_change_file_is_refused(lines):
    with pytest.raises(FileRefused, match="change file"):
        columns(*lines)


def test_a_deletion_far_down_a_registry_file_refuses_it_before_anything_is_listed():
    rows = b"".join(b"415,555%04d,A\n" % (i % 10_000) for i in range(3000)) + b"415,5550001,D\n"
    files = JobFiles(MemoryS3(), "b", "acme", JobKind.IMPORT, "i" * 26)
    with pytest.raises(FileRefused, match="change file"):
        import_plan.make(files, Chunks(rows), len(rows), "x", Choice("US", registry=True))
    assert files.read(PLAN) is None


def planned(data, **more):
    files = JobFiles(MemoryS3(), "b", "acme", JobKind.IMPORT, "i" * 26)
    plan = import_plan.make(files, Chunks(data), len(data), "x.csv", Choice("US"), **more)
    pieces = json.loads(files.read(PLAN))
    rows = {}
    for piece in pieces:
        rows[piece["piece"]] = [json.loads(line) for line in files.lines(piece_name(piece["piece"]))]
        assert len(rows[piece["piece"]]) == piece["rows"]
    return plan, pieces, rows


def test_a_plan_has_each_row_once_and_is_deterministic():
    data = b"number\n" + b"".join(b"415555%04d\n" % i for i in range(5000))
    plan, pieces, rows = planned(data, rows_per_piece=100)
    assert plan.rows == 5000
    assert sorted(row[0] for piece in rows.values() for row in piece) == list(range(2, 5002))
    assert (plan, pieces, rows) == planned(data, rows_per_piece=100)
    assert [p["piece"] for p in pieces] != sorted(p["piece"] for p in pieces)
    sizes = [len(piece) for piece in rows.values()]
    assert max(sizes) < 130
    neighbors = sum(1 for piece in rows.values() for a, b in itertools.pairwise(piece) if b[0] == a[0] + 1)
    assert neighbors < 300, "neighbors in a sorted file would make one partition hot"


@pytest.mark.parametrize("data", [b"number\n", b"\n\n \n", b"phone,name\r\n\r\n"])
def test_a_file_without_rows_is_refused(data):
    with pytest.raises(FileRefused, match="no rows"):
        planned(data)


def test_a_file_with_too_many_rows_is_refused(monkeypatch):
    monkeypatch.setattr(import_plan, "MAX_ROWS", 2)
    rows = [b"415555010%d\n" % i for i in range(3)]
    assert planned(b"".join(rows[:2]))[0].rows == 2
    with pytest.raises(FileRefused, match="more than 2 rows"):
        planned(b"".join(rows))


def test_a_plan_is_refused_with_a_reason_before_its_time_runs_out():
    data = b"".join(b"415555%04d\n" % (i % 10_000) for i in range(30_000))
    with pytest.raises(FileRefused, match="too long"):
        planned(data, still_time=lambda: False)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2027-01-02T03:04:05Z", datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2027-01-02T03:04Z", datetime(2027, 1, 2, 3, 4, tzinfo=UTC)),
        ("2027-01-02T03:04+02:00", datetime(2027, 1, 2, 1, 4, tzinfo=UTC)),
        ("2027-01-02", datetime(2027, 1, 2, tzinfo=UTC)),
    ],
)
def test_moments_are_read(written, moment):
    assert moment_of(written) == moment
    assert moment_of("2027-01-02", end_of_day=True) == datetime(2027, 1, 3, tzinfo=UTC)


SUPPRESSION = replace(OPTIONS, source=Source.SUPPRESSION)


def read_row(fields, options=OPTIONS):
    reading = read([7, "(415) 555-0100", fields], 0, options)
    request = reading.requests[0].request if reading.requests else None
    return request, [remark.why for remark in reading.remarks]


def test_an_unreadable_expiry_or_date_lists_the_number_without_it_and_warns():
    request, why = read_row({"expires_at": "31/12/2027", "requested_at": "last week"}, SUPPRESSION)
    assert (request.expires_at, request.requested_at) == (None, times.text(NOW))
    assert len(why) == 2
    request, why = read_row({"expires_at": "2027-01-02T03:04Z", "requested_at": "2026-01-02T03:04Z"}, SUPPRESSION)
    assert (request.requested_at, why) == ("2026-01-02T03:04:00.000Z", [])
    assert request.expires_at == int(datetime(2027, 1, 2, 3, 4, tzinfo=UTC).timestamp())


def test_rows_without_an_expiry_take_the_one_of_the_import():
    until = replace(OPTIONS, source=Source.SUPPRESSION, expires_at="2027-06-01T00:00:00.000Z")
    assert read_row({}, until)[0].expires_at == times.epoch(datetime(2027, 6, 1, tzinfo=UTC))
    assert read_row({"seller": "Acme"}, until)[0].expires_at == times.epoch(datetime(2027, 6, 1, tzinfo=UTC))
    own = read_row({"expires_at": "2027-01-02T03:04Z"}, until)[0].expires_at
    assert own == times.epoch(datetime(2027, 1, 2, 3, 4, tzinfo=UTC))
    assert read_row({"source": "sms"}, until) == (read_row({"source": "sms"}, OPTIONS)[0], [])


def test_unusable_values_are_reported():
    request, why = read_row({"expires_at": "2026-01-01T00:00Z"}, SUPPRESSION)
    assert (request.expires_at, why) == (None, ["its expiry has passed: listed without one"])
    request, why = read_row({"requested_at": "2027-01-01T00:00Z"})
    assert (request.requested_at, len(why)) == (times.text(NOW), 1)
    request, why = read_row({"expires_at": "2027-01-01T00:00Z"}, replace(OPTIONS, source=Source.SMS))
    assert (request.expires_at, len(why)) == (None, 1)
    request, why = read_row({"seller": "x" * 300})
    assert (len(request.details["seller"]), len(why)) == (200, 1)
    assert read_row({"region": "Narnia"}) == (None, ["its country is not known"])
    request, why = read_row({"region": "UK"})
    assert (request.number, len(why)) == ("+444155550100", 1), "a possible number in an unknown range"
    assert read_row({"note": "y"}, replace(OPTIONS, note="of the job"))[0].details["note"] == "y"
    assert read_row({}, replace(OPTIONS, note="of the job"))[0].details["note"] == "of the job"


@pytest.mark.parametrize(
    ("fields", "channels", "remarks"),
    [
        ({"channels": "voice", "note": "x"}, {"voice"}, 0),
        ({"channels": "SMS", "call_id": "c-1"}, {"text"}, 0),
        ({"channels": "text; voice"}, {"text", "voice"}, 0),
        ({"channels": "both"}, {"text", "voice"}, 0),
        ({"channels": "voice"}, {"text", "voice"}, 1),
        ({"channels": "Facebook", "note": "x"}, {"text", "voice"}, 1),
        ({"note": "x"}, {"text", "voice"}, 0),
    ],
)
def test_a_row_covers_the_channels_that_it_proves(fields, channels, remarks):
    request, why = read_row(fields)
    assert (request.channels, len(why)) == (channels, remarks)


@pytest.mark.parametrize("name", ["channel", "channels", "Channels"])
def test_channels_are_read_from_their_column(name):
    assert columns(f"number,{name},note", "4155550100,voice,x").fields == {1: "channels", 2: "note"}


def row_request(line, expires_at=None, requested_at=NOW, channels=BOTH_CHANNELS, **details):
    request = Request(
        "+14155550100",
        Source.SUPPRESSION,
        times.text(requested_at),
        {"import_id": OPTIONS.import_id, **details},
        times.epoch(expires_at) if expires_at else None,
        channels=channels,
    )
    return RowRequest(line, f"0.{line}", request)


def apply(current, *rows, options=OPTIONS, write=WRITE):
    result = merge("acme", current, rows, options, write)
    return (result.entry or current), [str(c) for c in result.outcomes], result.entry is not None


MAYBE_EXPIRY = st.one_of(st.none(), st.datetimes(datetime(2027, 1, 1), datetime(2030, 1, 1)))
CHANNELS = st.sampled_from([BOTH_CHANNELS, frozenset({"text"}), frozenset({"voice"})])
ROWS = st.lists(
    st.tuples(MAYBE_EXPIRY, st.integers(0, 400), st.sampled_from(["", "a"]), CHANNELS), min_size=1, max_size=5
)


@given(ROWS, st.randoms())
def test_rows_of_one_number_merge_alike_in_any_order_and_a_repeat_changes_nothing(generated, rng):
    rows = [
        row_request(
            i, expires and expires.replace(tzinfo=UTC), NOW - timedelta(days=days), c, **({"seller": s} if s else {})
        )
        for i, (expires, days, s, c) in enumerate(generated)
    ]
    in_order = None
    for i, row in enumerate(rows):
        before = in_order
        in_order, counted, _ = apply(before, row)
        assert counted == ["listed" if i == 0 else "already_listed"]
        assert is_unchanged_listing(in_order, OPTIONS.import_id, rows)
    for row in rows:
        assert apply(in_order, row)[2] is False
    shuffled = list(rows)
    rng.shuffle(shuffled)
    for other in (apply(None, *rows)[0], apply(None, *shuffled)[0]):
        assert (other.version, other.change) == (1, Change.LISTED)
        for name in ("expires_at", "requested_at", "last_requested_at", "sources", "channels"):
            assert getattr(other, name) == getattr(in_order, name)


def test_a_row_for_a_listed_number_merges_as_an_add_does():
    old = Write(NOW - timedelta(days=9), Actor("key:o"), "r-1")
    stored = merge("acme", None, [row_request(1)], replace(OPTIONS, import_id="o" * 26), old).entry
    stored = replace(stored, source="sms", sources=frozenset({"sms"}), request_keys=("k",), expires_at=None)
    entry, counted, changed = apply(stored, row_request(5, NOW + timedelta(days=50)))
    assert (counted, changed, entry.version) == (["already_listed"], True, 2)
    assert (entry.change, entry.expires_at, entry.sources) == ("requested_again", None, {"sms", "suppression"})
    assert not is_unchanged_listing(entry, OPTIONS.import_id, [row_request(5)])
    assert outcome_of(entry, OPTIONS.import_id, "0.5") == RowOutcome.ALREADY_LISTED
    assert outcome_of(entry, OPTIONS.import_id, "0.6") is None


def test_a_wider_channel_is_new_and_a_narrower_one_is_not():
    old = Write(NOW - timedelta(days=9), Actor("key:o"), "r-1")
    text, voice = frozenset({"text"}), frozenset({"voice"})
    listed = merge("acme", None, [row_request(1, channels=text)], replace(OPTIONS, import_id="o" * 26), old).entry
    assert listed.channels == text
    assert apply(listed, row_request(5, channels=text))[1:] == (["already_listed"], False)
    entry, counted, changed = apply(listed, row_request(5, channels=voice))
    assert (entry.channels, entry.change, counted, changed) == (
        BOTH_CHANNELS,
        "requested_again",
        ["already_listed"],
        True,
    )
    assert entry.last_requested_at == listed.last_requested_at, "a row without a date renews nothing"
    for channels in (text, voice, BOTH_CHANNELS):
        assert apply(entry, row_request(6, channels=channels))[2] is False


def test_a_removed_number_is_relisted_or_skipped_but_one_removed_during_the_import_stays_removed():
    listed = apply(None, row_request(1))[0]
    removed_before = replace(listed, status="removed", request_keys=(), version=2)
    assert apply(removed_before, row_request(1), options=replace(OPTIONS, skip_removed=True))[1:] == (
        ["skipped_removed"],
        False,
    )
    entry, counted, _ = apply(removed_before, row_request(1), row_request(2))
    assert (counted, entry.change, entry.version) == (["listed", "already_listed"], "relisted", 3)
    removed_during = replace(listed, status="removed", version=2)
    assert apply(removed_during, row_request(1))[1:] == (["listed"], False)
    assert apply(removed_during, row_request(2))[1:] == (["already_listed"], False)


def test_entries_survive_their_typed_form_unchanged():
    entry = apply(None, row_request(1, NOW + timedelta(days=50), seller="x"))[0]
    assert entry_of(row_of(entry)) == entry
    removed = replace(entry, status="removed", removal={"reason": "x", "removed_by": {"principal": "k", "a": None}})
    assert entry_of(row_of(removed)) == Entry.of(removed.item())
    with pytest.raises(TypeError):
        row_of(replace(entry, expires_at=b"x"))


class Clock:
    def __init__(self):
        self.at = 0.0

    def __call__(self):
        return self.at

    def sleep(self, seconds):
        assert seconds >= 0
        self.at += seconds


def test_a_worker_keeps_its_pace_and_recovers_after_throttling():
    clock = Clock()
    pace = Pace(100, clock, clock.sleep)
    for _ in range(11):
        pace.wait(100)
    assert clock.at == pytest.approx(10)
    pace.slow_down()
    assert pace.rate == 50
    for _ in range(100):
        pace.wait(50)
    assert pace.rate == 100


class Audit:
    """An audit table that lags: it has the event of any number from the time `behind` on."""

    def __init__(self, clock, behind):
        self.clock, self.behind, self.requested = clock, behind, []

    def get_item(self, *, Key, **_):
        self.requested.append(Key["subject"]["S"])
        return {"Item": {}} if self.clock.at >= self.behind else {}


def slowest_rate(behind, slow_at=60.0, seconds=400, still_time=lambda: True):
    clock = Clock()
    pace = Pace(100, clock, clock.sleep)
    lag = AuditLag(Audit(clock, behind), "audit", "acme", slow_at, clock, clock.sleep)
    slowest = pace.rate
    while clock.at < seconds:
        lag.listed("+14155550100")
        lag.keep_up(pace, still_time)
        pace.wait(25)
        slowest = min(slowest, pace.rate)
        clock.sleep(0.01)
    return slowest


def test_a_worker_slows_down_while_the_audit_lags():
    assert slowest_rate(behind=30) == 100
    assert slowest_rate(behind=200) < 30


def test_a_worker_waits_for_an_audit_that_is_far_behind_until_its_time_is_over():
    with pytest.raises(NotYetDone):
        slowest_rate(behind=10_000, seconds=9_000, still_time=lambda: False)
    assert isinstance(columns("4155550100"), Columns)
