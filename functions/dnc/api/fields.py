"""The base classes of request bodies and query parameters, and the fields that several of them share.

Unknown fields are refused, because a misspelled `expires_at` must not be dropped silently.
"""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from dnc import times
from dnc.phone import countries
from dnc.phone import reader as phone
from dnc.problems import NOT_A_REGION


def text_or_none(value: object) -> object:
    """Read an optional text. An empty text counts as absent."""
    return None if isinstance(value, str) and not value.strip() else value


def as_integer(value: object) -> object:
    """Read 1024.0 as 1024, because JSON has one kind of number, and JSON Schema calls both an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _rfc_3339(value: object) -> object:
    return times.parse(value) if isinstance(value, str) else value


def _date(value: str) -> str:
    return times.parse_date(value).isoformat()


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
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None, BeforeValidator(text_or_none)
]
Note = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None, BeforeValidator(text_or_none)
]
ActingUser = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=128)] | None, BeforeValidator(text_or_none)
]
_WRITTEN_TIME = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
_DATE = Annotated[str, Field(json_schema_extra={"format": "date"})]
TIME_OR_DATE = _WRITTEN_TIME | _DATE
Moment = Annotated[datetime, BeforeValidator(_rfc_3339, json_schema_input_type=_WRITTEN_TIME)]
Version = Annotated[
    int, Field(ge=1, description="The version of the entry that the caller has seen"), BeforeValidator(as_integer)
]
Region = Annotated[str | None, BeforeValidator(_region)]
"""A country as people and programs name it, read as ISO 3166-1 alpha-2. An empty text counts as absent."""
Day = Annotated[str, AfterValidator(_date), Field(json_schema_extra={"format": "date"})]


class Body(BaseModel):
    """A request's body, with strict types and no unknown fields."""

    # Each model is built on first use, because a function uses only some of them, and a request only one.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class Query(BaseModel):
    """Query parameters. Numbers are read from text, and unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class NoQuery(Query):
    """A route without query parameters."""


def _page_size(value: object) -> object:
    if isinstance(value, str) and value.isdecimal() and value.isascii():
        return min(int(value.lstrip("0")[:4] or "0"), 500)  # its first four digits show whether it is above 500
    return value if isinstance(value, int) else str(value)


class Paged(Query):
    """The parameters of a paged list."""

    page_size: Annotated[
        int, Field(ge=1, le=500), BeforeValidator(_page_size), WithJsonSchema({"type": "integer", "minimum": 1})
    ] = Field(50, description="a value above 500 is read as 500")
    page_token: str | None = None
