"""The query parameters of lists, histories and statistics, as pydantic models."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from dnc import times
from dnc.api.fields import TIME_OR_DATE, Paged, Query, Region
from dnc.entries.entry import Source
from dnc.entries.reasons import valid_code


def _day_of(value: object) -> object:
    if isinstance(value, str):
        moment = _start(value)
        return moment.date() if isinstance(moment, datetime) else moment
    return value


def _start(value: object) -> object:
    """Read a time of a query: RFC 3339, even if its `+` arrived as a space, or a date, which means its start (UTC)."""
    return _query_time(value, timedelta())


def _end(value: object) -> object:
    """Read the end of a span. A date includes the whole day."""
    return _query_time(value, timedelta(days=1))


def _query_time(value: object, past_its_start: timedelta) -> object:
    if not isinstance(value, str):
        return value
    if len(value) == len("2026-11-23"):
        day = times.parse_date(value)
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    else:
        moment, past_its_start = times.parse(re.sub(r" (?=\d{2}:?\d{2}$)", "+", value)), timedelta()
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"must be in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return moment + past_its_start


_FIRST_YEAR, _LAST_YEAR = 1970, 9998
"""The years that a query may name, so that a span can begin before and end after any of its times."""
Since = Annotated[datetime | None, BeforeValidator(_start, json_schema_input_type=TIME_OR_DATE)]
Until = Annotated[datetime | None, BeforeValidator(_end, json_schema_input_type=TIME_OR_DATE)]


class ListNumbers(Paged):
    """The filters of the list."""

    prefix: Annotated[str, StringConstraints(pattern=r"^[+ ]?[0-9]{1,15}$")] | None = None
    q: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = None
    region: Region = None
    status: Literal["listed", "removed", "all"] = "listed"
    source: Source | None = None
    campaign_id: Annotated[str, StringConstraints(max_length=200)] | None = None
    listed_from: Since = None
    listed_to: Until = None


class ReadAudit(Paged):
    """The filters of the account's events. `from` and `to` are RFC 3339 times or dates, at most 31 days apart."""

    since: Since = Field(None, alias="from")
    until: Until = Field(None, alias="to")
    type: Annotated[str, StringConstraints(max_length=40)] | None = None
    actor: Annotated[str, StringConstraints(max_length=200)] | None = None
    reason: Annotated[str, AfterValidator(valid_code)] | None = None
    number: Annotated[str, StringConstraints(pattern=r"^[ +]?[1-9][0-9]{1,14}$")] | None = None


class ReadStats(Query):
    """The days (UTC) to count, including both ends: dates, or RFC 3339 times on these days."""

    since: Annotated[date, BeforeValidator(_day_of, json_schema_input_type=TIME_OR_DATE)] | None = Field(
        None, alias="from"
    )
    until: Annotated[date, BeforeValidator(_day_of, json_schema_input_type=TIME_OR_DATE)] | None = Field(
        None, alias="to"
    )
