"""The request bodies that remove a number, decide on a pending removal, and reverse a removal, as pydantic models."""

from typing import Annotated

from pydantic import AfterValidator, Field

from dnc.api.fields import ActingUser, Body, Day, Moment, Note, Region, Text, Version
from dnc.entries.reasons import REASONS, REFUSED, valid_code


class Evidence(Body):
    """The proof that a reason applies."""

    reference: Text = None
    obtained_at: Moment | None = None
    purpose: Text = None
    number: Text = Field(None, description="the number that a signed consent names, in any written form")
    compared_date: Day | None = Field(None, description="the date that the reassigned numbers database was asked about")
    checked_on: Day | None = Field(None, description="the day of the query")
    result: Text = None


def _known_reason(value: str) -> str:
    return value if value in REFUSED else valid_code(value)


class RemoveNumber(Body):
    """Remove a number from the list, for a valid reason."""

    reason: Annotated[str, AfterValidator(_known_reason), Field(json_schema_extra={"enum": [*REASONS, *REFUSED]})]
    if_version: Version
    note: Note = None
    correct_number: Text = None
    region: Region = None
    evidence: Evidence | None = None
    acting_user: ActingUser = None


class DecideRemoval(Body):
    """Approve, reject or withdraw a pending removal."""

    if_version: Version
    acting_user: ActingUser = None


class RestoreNumber(Body):
    """Reverse a removal."""

    if_version: Version
    acting_user: ActingUser = None
