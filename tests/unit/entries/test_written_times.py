"""Times and sources in the forms that other programs write."""

import time
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnc import times
from dnc.entries import written_times
from dnc.entries.entry import Source
from dnc.entries.source_words import source_named

MOMENT = datetime(2026, 11, 23, 17, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-23T17:04:05Z",
        "2026-11-23T17:04:05.000Z",
        "2026-11-23T17:04:05+0000",
        "2026-11-23T19:04:05+0200",
        "2026-11-23T12:04:05-05",
        "2026-11-23 17:04:05",
        "2026-11-23 17:04:05 UTC",
        "2026-11-23 17:04:05 +0000",
        "2026-11-23 17:04:05 GMT+00:00",
        "2026/11/23 17:04:05",
        "20261123T170405Z",
        " 2026-11-23T17:04:05Z ",
        "Mon, 23 Nov 2026 17:04:05 +0000",
        "Mon, 23 Nov 2026 12:04:05 -0500",
        "Mon, 23 Nov 2026 17:04:05 GMT",
        "23 Nov 2026 17:04:05 +0000",
        "Mon Nov 23 2026 17:04:05 GMT+0000 (Coordinated Universal Time)",
        "Mon Nov 23 2026 18:04:05 GMT+0100 (Central European Standard Time)",
        1795453445,
        1795453445.0,
        1795453445000,
        "1795453445",
        "1795453445.0",
        "1795453445000",
        "1795453445000000",
    ],
)
def test_other_forms_of_a_time_are_read(written):
    assert written_times.read(written) == MOMENT


def test_a_time_without_seconds_or_offset_is_utc():
    assert written_times.read("2026-11-23T17:04") == MOMENT.replace(second=0)
    assert written_times.read("2026-11-23 17:04Z") == MOMENT.replace(second=0)
    assert written_times.read("2026-11-23T17:04:05.123456789Z") == MOMENT.replace(microsecond=123000)


@pytest.mark.parametrize("written", ["2026-11-23", "20261123", "2026/11/23"])
def test_a_date_means_the_start_or_the_end_of_the_day(written):
    assert written_times.read(written) == datetime(2026, 11, 23, tzinfo=UTC)
    assert written_times.read(written, end_of_day=True) == datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "yesterday",
        "11/12/2026",
        "23.11.2026",
        "0000-00-00 00:00:00",
        "2026-02-30T00:00:00Z",
        "2026-13-01",
        "0001-01-01T00:00:00+14:00",
        "Mon, 99 Nov 2026 17:04:05 +0000",
        "2026",
        "(",
        ",",
        -1,
        10**400,
        float("inf"),
    ],
)
def test_ambiguous_or_meaningless_text_is_not_read(written):
    assert written_times.read(written) is None


@given(st.one_of(st.text(), st.integers(), st.floats(allow_nan=False), st.from_regex(r"\d{4}-\d\d.{0,20}")))
def test_reading_never_raises(written):
    moment = written_times.read(written)
    assert moment is None or (moment.tzinfo is UTC and moment.microsecond % 1000 == 0)


@given(
    st.datetimes(
        datetime(1990, 1, 1),
        datetime(2100, 1, 1),
        timezones=st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours))),
    )
)
def test_every_form_of_a_moment_is_the_same_moment(moment):
    moment = moment.replace(microsecond=0)
    for written in (
        times.text(moment),
        moment.isoformat(),
        moment.isoformat(" "),
        moment.strftime("%Y-%m-%dT%H:%M:%S%z"),
        format_datetime(moment),
        moment.strftime("%a %b %d %Y %H:%M:%S GMT%z (Somewhere)"),
        int(moment.timestamp()),
        int(moment.timestamp()) * 1000 if moment.timestamp() > 10**8 else moment.isoformat(),
    ):
        assert written_times.read(written) == moment, written


def test_only_rfc_3339_is_exact():
    assert written_times.is_exact("2026-11-23T17:04:05+02:00")
    for written in ("2026-11-23T17:04:05+0200", "2026-11-23", 1795453445, ""):
        assert not written_times.is_exact(written)


@pytest.mark.parametrize(
    ("word", "source"),
    [
        ("SMS", Source.SMS),
        ("Text Message", Source.SMS),
        ("text-message", Source.SMS),
        ("Web Form", Source.WEB),
        ("E-mail", Source.EMAIL),
        ("Inbound Call", Source.INBOUND_CALL),
        (" manual ", Source.MANUAL),
        ("National DNC Registry", Source.REGISTRY),
        ("fax", None),
        ("", None),
    ],
)
def test_a_source_is_recognized_by_common_names_in_any_case(word, source):
    assert source_named(word) is source


@pytest.mark.parametrize("source", list(Source))
def test_every_source_is_recognized_by_its_code(source):
    assert source_named(source.upper()) is source


def test_a_time_without_an_offset_is_utc_wherever_this_runs(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "America/New_York")
        time.tzset()
        read = [written_times.read(written) for written in ("2026-11-23 17:04:05", "23 Nov 2026 17:04:05 -0000")]
    time.tzset()
    assert read == [MOMENT, MOMENT]
