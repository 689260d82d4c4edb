"""Dates in the forms that files use."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnc.bulk.imports.request import moment_of
from dnc.bulk.uploads import dates
from dnc.entries.entry import Source
from tests.support.file_jobs import imported


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2027-01-02T03:04:05Z", "2027-01-02T03:04:05Z"),
        ("2027-01-02T03:04Z", "2027-01-02T03:04Z"),
        ("2027-01-02 03:04:05", "2027-01-02T03:04:05Z"),
        ("2027-01-02T03:04", "2027-01-02T03:04:00Z"),
        ("2027/1/2", "2027-01-02"),
        ("20270102", "2027-01-02"),
        ("31.12.2027 14:05", "2027-12-31T14:05:00Z"),
        ("12/31/2027 2:05 PM", "2027-12-31T14:05:00Z"),
        ("31-Dec-27", "2027-12-31"),
        ("31. Dezember 2027", "2027-12-31"),
        ("Dec 31, 2027", "2027-12-31"),
        ("Fri, 31 Dec 2027 10:00:00 +0100", "2027-12-31T10:00:00+01:00"),
        ("46386", "2026-12-30"),
        ("46386.5", "2026-12-30T12:00:00Z"),
        ("1780000000", "2026-05-28T20:26:40Z"),
        ("last week", "last week"),
        ("2027-02-30", "2027-02-30"),
        ("31/31/2027", "31/31/2027"),
        ("4155550100", "4155550100"),
        ("", ""),
    ],
)
def test_every_common_form_is_read(written, read):
    assert dates.normalized(written, month_is_first=True) == read


def test_the_column_decides_whether_the_month_comes_first():
    assert dates.month_first(["01/02/2027", "13/02/2027"], "US") is False
    assert dates.month_first(["01/02/2027", "02/13/2027"], "DE") is True
    assert dates.month_first(["01/02/2027"], "US") is True
    assert dates.month_first(["01/02/2027"], "GB") is False
    assert dates.normalized("01/02/2027", month_is_first=True) == "2027-01-02"
    assert dates.normalized("01/02/2027", month_is_first=False) == "2027-02-01"
    assert dates.normalized("01.02.2027", month_is_first=True) == "2027-02-01", "with dots, the day comes first"


FORMS = ("{y}-{m:02}-{d:02}", "{y}/{m}/{d}", "{d}.{m}.{y}", "{y}{m:02}{d:02}", "{y}-{m:02}-{d:02} 11:12:13")


@given(st.dates(date(1990, 1, 1), date(2069, 12, 31)), st.sampled_from(FORMS))
def test_a_date_is_the_same_day_in_each_form(day, form):
    written = form.format(y=day.year, m=day.month, d=day.day)
    assert moment_of(dates.normalized(written, month_is_first=True)).date() == day
    assert dates.is_date(written)


@given(st.text(max_size=20))
def test_reading_a_date_never_fails(text):
    dates.is_date(text)
    assert isinstance(dates.normalized(text, month_is_first=False), str)


def test_the_dates_of_a_file_reach_its_requests():
    text = "phone,requested_at,expires_at\n" + "".join(
        f"41555501{day:02},{day:02}/03/2026,31/12/2027\n" for day in range(10, 20)
    )
    found = imported(text.encode(), "GB", columns=("phone",))
    assert found.invalid
    text = text.replace("4155550", "+14155550")
    found = imported(text.encode(), "GB", Source.SUPPRESSION)
    first = found.requests[2][0].request
    assert first.requested_at == "2026-03-10T00:00:00.000Z"
    assert first.expires_at == int(datetime.fromisoformat("2028-01-01T00:00:00+00:00").timestamp())
