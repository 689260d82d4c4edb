"""The API's request bodies and query parameters as pydantic models: their names, forms and lengths.

Unknown fields are refused, because a misspelled `expires_at` must not be dropped in silence.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from dnc import times
from dnc.accounts.access import Role
from dnc.entries.entry import Channel, Source
from dnc.entries.reasons import REASONS, REFUSED
from dnc.entries.source_words import source_named
from dnc.phone import countries
from dnc.phone import reader as phone
from dnc.phone.prefixes import blocked_prefix
from dnc.problems import NOT_A_REGION, NOT_A_TIME


def _text_or_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _well_formed(value: object) -> object:
    """Replace each half of a surrogate pair, which a form that cuts an emoji sends, by U+FFFD."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def _sent_text(value: object) -> object:
    """Read an optional text of an add: an empty one is an absent one."""
    return _text_or_none(_well_formed(value))


def _sent_id(value: object) -> object:
    """Read an optional ID of an add: an integer is its digits."""
    return _sent_text(_digits_of(value))


def _digits_of(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return str(int(value)) if value == value // 1 else value  # 991.0, which a data frame makes of 991


def _sent_number(value: object) -> object:
    return _well_formed(_digits_of(value))


def _sent_time(value: object) -> object:
    """Keep a time of an add as it was sent, text or epoch seconds: it is read with the rest of the add."""
    if isinstance(value, str):
        return _sent_text(value)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(NOT_A_TIME)
    return value


def _list_or_none(value: object) -> object:
    return None if value == [] else value


def _source(value: object) -> object:
    """Return the source that a word names. Another word stays as it is: what becomes of it depends on the caller."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return str(Source.MANUAL)
    named = source_named(value) if isinstance(value, str) else None
    return str(named) if named else _well_formed(value)


def _rfc_3339(value: object) -> object:
    return times.parse(value) if isinstance(value, str) else value


def _date(value: str) -> str:
    return times.parse_date(value).isoformat()


def _day_of(value: object) -> object:
    if isinstance(value, str):
        moment = _start(value)
        return moment.date() if isinstance(moment, datetime) else moment
    return value


def _not_empty(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise ValueError(NOT_A_REGION)
    return value


def _region(value: object) -> object:
    if isinstance(value, str):
        region = value.strip().upper()
        if phone.known_region(region):
            return region
        named = countries.country(value) if region else None
        if region and not named:
            raise ValueError(NOT_A_REGION)
        return named
    return value


Text = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None, BeforeValidator(_text_or_none)
]
Note = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None, BeforeValidator(_text_or_none)
]
ActingUser = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=128)] | None, BeforeValidator(_text_or_none)
]
_WRITTEN_TIME = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
_DATE = Annotated[str, Field(json_schema_extra={"format": "date"})]
_TIME_OR_DATE = _WRITTEN_TIME | _DATE
Moment = Annotated[datetime, BeforeValidator(_rfc_3339, json_schema_input_type=_WRITTEN_TIME)]
Region = Annotated[str | None, BeforeValidator(_region)]
"""A country as people and programs name it, read as ISO 3166-1 alpha-2; an empty text is an absent one."""
HomeRegion = Annotated[Region, BeforeValidator(_not_empty)]
"""An account's own region. An empty text is refused, since leaving it out and clearing it differ."""
SentText = Annotated[str | None, BeforeValidator(_sent_text)]
"""An optional text of an add. Its length is cut with a warning when the add is read, so it has no limit here."""
SentId = Annotated[str | None, BeforeValidator(_sent_id, json_schema_input_type=str | int | None)]
SentTime = Annotated[str | int | float | None, BeforeValidator(_sent_time)]
SentChannels = Annotated[
    list[Annotated[str, BeforeValidator(_well_formed)]] | None,
    BeforeValidator(_list_or_none, json_schema_input_type=list[Channel | str] | None),
]
CheckedChannel = Annotated[Channel, Field(strict=False)] | None
Day = Annotated[str, AfterValidator(_date), Field(json_schema_extra={"format": "date"})]


class Body(BaseModel):
    """A request's body: strict types, no unknown field."""

    # Each model is built on first use: a function uses only some of them, and a request only one.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class AddNumber(Body):
    """Add one number to the list.

    What depends on the data, and not on the program that sends it, never costs an opt-out: an empty optional field is
    an absent one, an ID may be an integer, and a text that is too long is cut with a warning.
    """

    number: Annotated[str, BeforeValidator(_sent_number, json_schema_input_type=str | int)] = Field(
        description="In any written form: national with region, international, E.164, RFC 3966, or as an integer"
    )
    region: Region = Field(None, description="ISO 3166-1 alpha-2 or a usual name; by default the account's region")
    source: Annotated[str, BeforeValidator(_source, json_schema_input_type=Source | str | None)] = Field(
        Source.MANUAL, description="in any case, or a usual word for it"
    )
    requested_at: SentTime = Field(
        None,
        description="RFC 3339; other forms are read with a warning, and an unreadable or future time counts as now",
    )
    note: SentText = Field(None, description="cut at 2,000 characters, with a warning")
    campaign_id: SentId = None
    agent_id: SentId = None
    call_id: SentId = None
    caller_id: SentId = None
    consumer_name: SentText = None
    seller: SentText = None
    telemarketer: SentText = None
    goods_or_services: SentText = None
    channels: SentChannels = Field(
        None,
        description="what the request covers, by default both; one needs a note or a call_id, and is widened without",
    )
    expires_at: SentTime = Field(
        None, description="for sources that expire; left out, with a warning, where it cannot be honored"
    )
    acting_user: SentId = None
    request_key: SentId = None
    skip_removed: bool = Field(False, description="leave a removed number removed")


class AddNumbers(Body):
    """Add up to 100 numbers, each as a request of its own."""

    numbers: list[Annotated[object, WithJsonSchema({"$ref": "#/components/schemas/AddNumber"})]] = Field(
        min_length=1, max_length=100
    )


class Evidence(Body):
    """The proof that a reason applies."""

    reference: Text = None
    obtained_at: Moment | None = None
    purpose: Text = None
    number: Text = Field(None, description="the number that a signed consent names, in any written form")
    compared_date: Day | None = Field(None, description="the date that was given to the reassigned numbers database")
    checked_on: Day | None = Field(None, description="the day of the query")
    result: Text = None


def _known_reason(value: str) -> str:
    if value not in REASONS and value not in REFUSED:
        raise ValueError(f"must be one of {', '.join(REASONS)}")
    return value


def _valid_reason(value: str) -> str:
    if value not in REASONS:
        raise ValueError(f"must be one of {', '.join(REASONS)}")
    return value


class RemoveNumber(Body):
    """Remove a number from the list, for a valid reason."""

    reason: Annotated[str, AfterValidator(_known_reason), Field(json_schema_extra={"enum": [*REASONS, *REFUSED]})]
    if_version: int = Field(ge=1, description="The version of the entry that the caller has seen")
    note: Note = None
    correct_number: Text = None
    region: Region = None
    evidence: Evidence | None = None
    acting_user: ActingUser = None


class DecideRemoval(Body):
    """Approve, reject or withdraw a removal that waits for a second person."""

    if_version: int = Field(ge=1, description="The version of the entry that the caller has seen")
    acting_user: ActingUser = None


class RestoreNumber(Body):
    """Reverse a removal."""

    if_version: int = Field(ge=1, description="The version of the entry that the caller has seen")
    acting_user: ActingUser = None


class ReadNumbers(Body):
    """Preview how up to 100 written numbers are read."""

    numbers: list[
        Annotated[
            str,
            StringConstraints(max_length=1000),
            BeforeValidator(_sent_number, json_schema_input_type=str | int),
        ]
    ] = Field(min_length=1, max_length=100)
    region: Region = None


class CheckNumbers(Body):
    """Check which of up to 1,000 numbers may be called."""

    numbers: list[object] = Field(
        min_length=1, description="strings or integers; any other element is answered as `invalid`"
    )
    region: Region = None
    channel: CheckedChannel = Field(None, description="without it, any listing blocks")


class DirectCheck(Body):
    """The payload of a direct check. The function reads it without this model, which is its specification."""

    account_id: str = Field(min_length=1, max_length=63)
    numbers: list[object] = Field(min_length=1, max_length=1000)
    region: Region = None
    channel: CheckedChannel = None


def _reasons_once(codes: list[str] | None) -> list[str] | None:
    return None if codes is None else [code for code in REASONS if code in codes]


ReasonsToApprove = Annotated[list[Annotated[str, AfterValidator(_valid_reason)]] | None, AfterValidator(_reasons_once)]
"""Codes of valid removal reasons, read as a set and kept in the order of the reasons."""


def _sorted_prefixes(prefixes: list[str] | None) -> list[str] | None:
    return None if prefixes is None else sorted(set(prefixes))


BlockedPrefixes = Annotated[
    Annotated[list[Annotated[str, AfterValidator(blocked_prefix)]], Field(max_length=100)] | None,
    AfterValidator(_sorted_prefixes),
]
"""First digits of E.164 numbers, with the plus, read as a set."""
_OF_PREFIXES = "numbers that begin so are never callable: a country code and at least one more digit, at most 7 digits"


class PutAccount(Body):
    """Create or change an account; a change leaves omitted fields as they are."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] | None = None
    default_region: HomeRegion = None
    suspended: bool | None = None
    approve_reasons: ReasonsToApprove = Field(None, description="the removal reasons that a second person must approve")
    blocked_prefixes: BlockedPrefixes = Field(None, description=_OF_PREFIXES)


class PatchAccount(Body):
    """Change the account's policy; omitted fields stay as they are."""

    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)] = Field(
        description="why the policy changes"
    )
    approve_reasons: ReasonsToApprove = Field(
        None, description="the removal reasons that a second person must approve; only an operator may remove one"
    )
    blocked_prefixes: BlockedPrefixes = Field(None, description=_OF_PREFIXES)
    acting_user: ActingUser = None


class NewKey(Body):
    """Create an API key."""

    role: Annotated[Role, Field(strict=False)]
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    expires_at: Moment | None = None


class Query(BaseModel):
    """Query parameters: numbers are read from text; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class NoQuery(Query):
    """A route without query parameters."""


def _start(value: object) -> object:
    """Read a time of a query: RFC 3339, also where its `+` arrived as a space, or a date, which is its start (UTC)."""
    return _query_time(value, timedelta())


def _end(value: object) -> object:
    """Read the end of a span of a query; a date includes its whole day."""
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
"""The years of times in a query: a span can begin before and end after each of them."""
Since = Annotated[datetime | None, BeforeValidator(_start, json_schema_input_type=_TIME_OR_DATE)]
Until = Annotated[datetime | None, BeforeValidator(_end, json_schema_input_type=_TIME_OR_DATE)]


def _page_size(value: object) -> object:
    if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) < 10:
        return min(int(value), 500)
    return value if isinstance(value, int) else str(value)


class Paged(Query):
    """Paging. A page_size above 500 is coerced to 500."""

    page_size: Annotated[
        int, Field(ge=1, le=500), BeforeValidator(_page_size), WithJsonSchema({"type": "integer", "minimum": 1})
    ] = Field(50, description="a value above 500 is read as 500")
    page_token: str | None = None


class ListNumbers(Paged):
    """Filters of the list."""

    prefix: Annotated[str, StringConstraints(pattern=r"^[+ ]?[0-9]{1,15}$")] | None = None
    q: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = None
    region: Region = None
    status: Literal["listed", "removed", "all"] = "listed"
    source: Source | None = None
    campaign_id: Annotated[str, StringConstraints(max_length=200)] | None = None
    listed_from: Since = None
    listed_to: Until = None


class ReadAudit(Paged):
    """Filters of the account's events. `from` and `to` are RFC 3339 times or dates, at most 31 days apart."""

    since: Since = Field(None, alias="from")
    until: Until = Field(None, alias="to")
    type: Annotated[str, StringConstraints(max_length=40)] | None = None
    actor: Annotated[str, StringConstraints(max_length=200)] | None = None


class ReadStats(Query):
    """The days (UTC) to count, both ends included: dates, or RFC 3339 times within them."""

    since: Annotated[date, BeforeValidator(_day_of)] | None = Field(None, alias="from")
    until: Annotated[date, BeforeValidator(_day_of)] | None = Field(None, alias="to")
