"""The deadline of a request, and which entries were late, compared with calendars that were written by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnc import times
from dnc.entries import deadlines
from dnc.entries import entry as entries
from dnc.entries.entry import Actor, Request, Source, Write

# Published by the Office of Personnel Management: https://www.opm.gov/policy-data-oversight/pay-leave/federal-holidays/
HOLIDAYS = {
    2026: "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25",
    2027: "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31",
    2028: "01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25",
}
OBSERVED = {date.fromisoformat(f"{year}-{day}") for year, days in HOLIDAYS.items() for day in days.split()}
DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 10))


def at(day, time="12:00:00.000"):
    return f"{day}T{time}Z"


def test_the_days_on_which_federal_holidays_are_observed():
    first, last = date(2026, 1, 1), date(2028, 12, 31)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    closed = {day for day in days if day.weekday() < 5 and not deadlines.is_business_day(day)}
    assert closed == OBSERVED


@pytest.mark.parametrize(
    ("requested", "region", "last_day"),
    [
        ("2026-11-02", "US", "2026-11-17"),  # Veterans Day lies between
        ("2026-11-23", "US", "2026-12-08"),  # Thanksgiving lies between
        ("2026-11-28", "US", "2026-12-11"),  # a Saturday
        ("2026-12-24", "US", "2027-01-11"),  # two holidays
        ("2027-12-20", "US", "2028-01-05"),  # the next New Year's Day is observed on December 31
        ("2026-06-01", "PR", "2026-06-15"),
        ("2026-06-01", "CA", "2026-06-15"),
        ("2026-06-01", "GU", "2026-06-15"),
        ("2025-04-11", "US", "2025-04-25"),
        ("2025-04-10", "US", "2025-05-10"),  # before ten business days were the rule
        ("2026-06-01", "GB", None),
        ("2026-06-01", "JM", None),
        ("2026-06-01", None, None),
        ("", "US", None),
        ("soon", "US", None),
        ("9999-12-31", "CA", None),
    ],
)
def test_the_last_day_on_which_a_request_is_honored_in_time(requested, region, last_day):
    expected = at(last_day, "23:59:59.999") if last_day else None
    for time in ("00:00:00.000", "23:59:59.999"):
        written = at(requested, time) if requested else ""
        assert deadlines.honor_by("sms", written, region) == expected


@pytest.mark.parametrize("source", ["registry", "suppression"])
def test_a_listing_that_no_person_requested_has_no_deadline(source):
    assert deadlines.honor_by(source, at("2026-11-02"), "US") is None


@given(DAYS)
def test_there_are_ten_business_days_and_the_tenth_is_the_last(requested):
    last = date.fromisoformat(deadlines.honor_by("web", at(requested), "US")[:10])
    between = [requested + timedelta(days=n) for n in range(1, (last - requested).days + 1)]
    open_days = [day for day in between if day.weekday() < 5 and day not in OBSERVED]
    assert (len(open_days), open_days[-1]) == (10, last)
    assert last - requested >= deadlines.SHORTEST_TERM


def write(moment):
    return Write(moment, Actor("key:k"), f"r-{moment.timestamp()}")


NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OLD = times.text(NOW - timedelta(days=60))


def request(requested_at=OLD, source=Source.SMS, elsewhere="", **details):
    return Request("+14155550100", source, requested_at, details, listed_elsewhere_at=elsewhere)


def late(*requests):
    current = None
    for i, one in enumerate(requests):
        current = entries.request_listing("acme", current, one, write(NOW + timedelta(minutes=i))).entry
    deadline = deadlines.honor_by(current.source, current.requested_at, "US")
    return deadlines.is_late(deadline, deadlines.blocked_since(current))


IN_TIME, TOO_LATE = times.text(NOW - timedelta(days=59)), times.text(NOW - timedelta(days=30))


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ([request(times.text(NOW))], False),
        ([request()], True),
        ([request(import_id="i")], None),
        ([request(import_id="i", elsewhere=IN_TIME)], False),
        ([request(import_id="i", elsewhere=TOO_LATE)], True),
        ([request(times.text(NOW), import_id="i")], None),
        # An older request that comes in later is late if a person makes it, and unknown if a file brings it.
        ([request(times.text(NOW)), request()], True),
        ([request(times.text(NOW)), request(import_id="i")], None),
        ([request(times.text(NOW)), request(import_id="i", elsewhere=IN_TIME)], False),
        ([request(times.text(NOW)), request(source=Source.REGISTRY)], None),
        ([request(times.text(NOW)), request(times.text(NOW), import_id="i")], False),
        ([request(import_id="i"), request()], None),
        ([request(import_id="i"), request(import_id="j", elsewhere=IN_TIME)], False),
        ([request(import_id="i", elsewhere=TOO_LATE), request(import_id="j", elsewhere=IN_TIME)], False),
        ([request(source=Source.REGISTRY), request()], False),
    ],
)
def test_which_entries_were_late(requests, expected):
    assert late(*requests) is expected


@given(st.permutations([request(import_id="i"), request(import_id="i", elsewhere=IN_TIME), request(import_id="i")]))
def test_the_order_of_rows_does_not_matter(rows):
    assert late(*rows) is False
