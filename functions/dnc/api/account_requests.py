"""The request bodies that manage accounts, their policies and their keys, as pydantic models."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from dnc.accounts.access import Role
from dnc.api.fields import ActingUser, Body, Moment, Region
from dnc.entries.reasons import REASONS, valid_code
from dnc.phone.prefixes import blocked_prefix
from dnc.problems import NOT_A_REGION


def _not_empty(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise ValueError(NOT_A_REGION)
    return value


HomeRegion = Annotated[Region, BeforeValidator(_not_empty)]
"""An account's own region. An empty text is refused, because it could mean to leave the region or to clear it."""


def _reasons_once(codes: list[str] | None) -> list[str] | None:
    return None if codes is None else [code for code in REASONS if code in codes]


ReasonsToApprove = Annotated[list[Annotated[str, AfterValidator(valid_code)]] | None, AfterValidator(_reasons_once)]
"""Codes of valid removal reasons, read as a set and stored in the order of the reasons."""


def _sorted_prefixes(prefixes: list[str] | None) -> list[str] | None:
    return None if prefixes is None else sorted(set(prefixes))


BlockedPrefixes = Annotated[
    Annotated[list[Annotated[str, AfterValidator(blocked_prefix)]], Field(max_length=100)] | None,
    AfterValidator(_sorted_prefixes),
]
"""First digits of E.164 numbers, with the plus, read as a set."""
_PREFIXES = (
    "numbers that begin with one of these are never callable; each is a country code and at least one more digit, at "
    "most 7 digits"
)


class PutAccount(Body):
    """Create or change an account; a change leaves omitted fields as they are."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] | None = None
    default_region: HomeRegion = None
    suspended: bool | None = None
    approve_reasons: ReasonsToApprove = Field(None, description="the removal reasons that a second person must approve")
    blocked_prefixes: BlockedPrefixes = Field(None, description=_PREFIXES)


class PatchAccount(Body):
    """Change the account's policy; omitted fields stay as they are."""

    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)] = Field(
        description="why the policy changes"
    )
    approve_reasons: ReasonsToApprove = Field(
        None, description="the removal reasons that a second person must approve; only an operator may remove one"
    )
    blocked_prefixes: BlockedPrefixes = Field(None, description=_PREFIXES)
    acting_user: ActingUser = None


class NewKey(Body):
    """Create an API key."""

    role: Annotated[Role, Field(strict=False)]
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    expires_at: Moment | None = None
