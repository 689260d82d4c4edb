"""The request bodies that add, read and check numbers, as pydantic models."""

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from dnc.api.fields import Body, Region, text_or_none
from dnc.entries.entry import Channel, Source
from dnc.entries.source_words import source_named
from dnc.problems import NOT_A_TIME


def _well_formed(value: object) -> object:
    """Replace each half of a surrogate pair by U+FFFD. A form sends one if it cuts an emoji in two."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def _sent_text(value: object) -> object:
    """Read an optional text of an add. An empty text counts as absent."""
    return text_or_none(_well_formed(value))


def _sent_id(value: object) -> object:
    """Read an optional id of an add. An integer is read as its digits."""
    return _sent_text(_digits_of(value))


def _digits_of(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return str(int(value)) if value == value // 1 else value  # a data frame turns 991 into 991.0


def _sent_number(value: object) -> object:
    return _well_formed(_digits_of(value))


def _sent_time(value: object) -> object:
    """Keep a time of an add as it was sent, as text or epoch seconds. It is read with the rest of the add."""
    if isinstance(value, str):
        return _sent_text(value)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(NOT_A_TIME)
    return value


def _list_or_none(value: object) -> object:
    return None if value == [] else value


def _source(value: object) -> object:
    """Return the source that a word names. Any other word is unchanged, because its meaning depends on the caller."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return str(Source.MANUAL)
    named = source_named(value) if isinstance(value, str) else None
    return str(named) if named else _well_formed(value)


SentText = Annotated[str | None, BeforeValidator(_sent_text)]
"""An optional text of an add. It has no limit here, because it is cut with a warning when the add is read."""
SentId = Annotated[str | None, BeforeValidator(_sent_id, json_schema_input_type=str | int | None)]
SentTime = Annotated[str | int | float | None, BeforeValidator(_sent_time)]
SentChannels = Annotated[
    list[Annotated[str, BeforeValidator(_well_formed)]] | None,
    BeforeValidator(_list_or_none, json_schema_input_type=list[Channel | str] | None),
]
CheckedChannel = Annotated[Channel, Field(strict=False)] | None


class AddNumber(Body):
    """Add one number to the list.

    Imperfect data never costs an opt-out: an empty optional field counts as absent, an id may be an integer, and a text
    that is too long is cut with a warning.
    """

    number: Annotated[str, BeforeValidator(_sent_number, json_schema_input_type=str | int)] = Field(
        description="In any written form: national with region, international, E.164, RFC 3966, or as an integer"
    )
    region: Region = Field(None, description="ISO 3166-1 alpha-2 or a common name; by default the account's region")
    source: Annotated[str, BeforeValidator(_source, json_schema_input_type=Source | str | None)] = Field(
        Source.MANUAL, description="a source in upper or lower case, or a common word for it"
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
        description="what the request covers, by default both; one channel needs a note or a call_id, or becomes both",
    )
    expires_at: SentTime = Field(None, description="only for sources that expire; otherwise left out with a warning")
    acting_user: SentId = None
    request_key: SentId = None
    skip_removed: bool = Field(False, description="leave a removed number removed")


class AddNumbers(Body):
    """Add up to 100 numbers, each as a separate request."""

    numbers: list[Annotated[object, WithJsonSchema({"$ref": "#/components/schemas/AddNumber"})]] = Field(
        min_length=1, max_length=100
    )


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
        min_length=1, description="strings or integers; the result for any other element is `invalid`"
    )
    region: Region = None
    channel: CheckedChannel = Field(None, description="without it, any listing blocks")


class DirectCheck(Body):
    """The payload of a direct check. This model is its specification; the function validates it without the model."""

    account_id: str = Field(min_length=1, max_length=63)
    numbers: list[object] = Field(min_length=1, max_length=1000)
    region: Region = None
    channel: CheckedChannel = None
