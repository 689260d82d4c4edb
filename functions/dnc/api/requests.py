"""The API's request bodies and query parameters as pydantic models: their names, forms and lengths.

Unknown fields are refused, because a misspelled `expires_at` must not be dropped in silence.
"""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from dnc import times
from dnc.accounts.access import Role
from dnc.entries.entry import Source
from dnc.entries.reasons import REASONS, REFUSED
from dnc.phone import reader as phone
from dnc.problems import NOT_A_REGION


def _text_or_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _rfc_3339(value: object) -> object:
    return times.parse(value) if isinstance(value, str) else value


def _date(value: str) -> str:
    return times.parse_date(value).isoformat()


def _day_of(value: object) -> object:
    if isinstance(value, str):
        return times.parse_date(value) if len(value) == len("2026-11-23") else times.parse(value).date()
    return value


def _region(value: object) -> object:
    if isinstance(value, str):
        if not phone.known_region(value.upper()):
            raise ValueError(NOT_A_REGION)
        return value.upper()
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
Moment = Annotated[datetime, BeforeValidator(_rfc_3339, json_schema_input_type=str)]
Region = Annotated[str, BeforeValidator(_region)]
Day = Annotated[str, AfterValidator(_date)]


class Body(BaseModel):
    """A request's body: strict types, no unknown field."""

    # Each model is built on first use: a function uses only some of them, and a request only one.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class AddNumber(Body):
    """Add one number to the list."""

    number: str = Field(description="In any written form: national with region, international, E.164, RFC 3966")
    region: Region | None = Field(None, description="ISO 3166-1 alpha-2; without it the account's default_region")
    source: Annotated[Source, Field(strict=False)] = Source.MANUAL
    requested_at: Moment | None = None
    note: Note = None
    campaign_id: Text = None
    agent_id: Text = None
    call_id: Text = None
    caller_id: Text = None
    consumer_name: Text = None
    seller: Text = None
    telemarketer: Text = None
    goods_or_services: Text = None
    expires_at: Moment | None = None
    acting_user: ActingUser = None
    request_key: Text = None


class AddNumbers(Body):
    """Add up to 100 numbers, each as a request of its own."""

    numbers: list[object] = Field(min_length=1, max_length=100)


class Evidence(Body):
    """The proof that a reason applies."""

    reference: Text = None
    obtained_at: Moment | None = None
    purpose: Text = None
    checked_on: Day | None = None
    result: Text = None


def _known_reason(value: str) -> str:
    if value not in REASONS and value not in REFUSED:
        raise ValueError(f"must be one of {', '.join(REASONS)}")
    return value


class RemoveNumber(Body):
    """Remove a number from the list, for a valid reason."""

    reason: Annotated[str, AfterValidator(_known_reason)]
    if_version: int = Field(ge=1, description="The version of the entry that the caller has seen")
    note: Note = None
    correct_number: Text = None
    region: Region | None = None
    evidence: Evidence | None = None
    acting_user: ActingUser = None


class RestoreNumber(Body):
    """Reverse a removal."""

    if_version: int = Field(ge=1, description="The version of the entry that the caller has seen")
    acting_user: ActingUser = None


class ReadNumbers(Body):
    """Preview how up to 100 written numbers are read."""

    numbers: list[Annotated[str, StringConstraints(max_length=1000)]] = Field(min_length=1, max_length=100)
    region: Region | None = None


class CheckNumbers(Body):
    """Check which of up to 1,000 numbers may be called."""

    numbers: list[str] = Field(min_length=1)
    region: Region | None = None


class DirectCheck(Body):
    """The payload of a direct check. The function reads it without this model, which is its specification."""

    account_id: str = Field(min_length=1, max_length=63)
    numbers: list[str] = Field(min_length=1, max_length=1000)
    region: Region | None = None


class PutAccount(Body):
    """Create or change an account; a change leaves omitted fields as they are."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] | None = None
    default_region: Region | None = None
    suspended: bool | None = None


class NewKey(Body):
    """Create an API key."""

    role: Annotated[Role, Field(strict=False)]
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] = ""
    expires_at: Moment | None = None


class Query(BaseModel):
    """Query parameters: numbers are read from text; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class NoQuery(Query):
    """A route without query parameters."""


def _page_size(value: object) -> object:
    if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) < 10:
        return min(int(value), 500)
    return value if isinstance(value, int) else str(value)


class Paged(Query):
    """Paging. A page_size above 500 is coerced to 500."""

    page_size: Annotated[int, Field(ge=1, le=500), BeforeValidator(_page_size)] = 50
    page_token: str | None = None


class ListNumbers(Paged):
    """Filters of the list."""

    prefix: Annotated[str, StringConstraints(pattern=r"^[+ ]?[0-9]{1,15}$")] | None = None
    q: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = None
    region: Region | None = None
    status: Literal["listed", "removed", "all"] = "listed"
    source: Source | None = None
    campaign_id: Annotated[str, StringConstraints(max_length=200)] | None = None
    listed_from: Moment | None = None
    listed_to: Moment | None = None


class ReadAudit(Paged):
    """Filters of the account's events. `from` and `to` are RFC 3339, at most 31 days apart."""

    since: Moment | None = Field(None, alias="from")
    until: Moment | None = Field(None, alias="to")
    type: Annotated[str, StringConstraints(max_length=40)] | None = None
    actor: Annotated[str, StringConstraints(max_length=200)] | None = None


class ReadStats(Query):
    """The days (UTC) to count, both ends included: dates, or RFC 3339 times within them."""

    since: Annotated[date, BeforeValidator(_day_of)] | None = Field(None, alias="from")
    until: Annotated[date, BeforeValidator(_day_of)] | None = Field(None, alias="to")
