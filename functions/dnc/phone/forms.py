"""The result of reading a written number, and the reasons why it cannot be called, shared by all modules that read."""

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

MAX_WRITTEN = 250

EMPTY = "empty"
TOO_SHORT = "too short"
TOO_LONG = "too long"
WRONG_LENGTH = "the wrong length"
LOCAL = "a local number without its area code"
OVER_E164 = "too long for E.164, which allows 15 digits"
NOT_IN_USE = "not a number that is in use"
EXTENSION_DROPPED = "the extension was dropped: a listed number is listed for all its extensions"
RANGE_UNKNOWN = "the number has a possible length, but its range is not known to be in use"


if TYPE_CHECKING:

    class Phone(NamedTuple):
        """A number that was read. `e164`: E.164; `valid`: its range is in use; `possible`: it has a right length."""

        e164: str
        valid: bool
        possible: bool = True
        warnings: tuple[str, ...] = ()

else:
    # The same class without loading `typing`, which would be a tenth of what a check loads.
    Phone = namedtuple("Phone", ("e164", "valid", "possible", "warnings"), defaults=(True, ()))  # noqa: PYI024


Classified = tuple[Phone | None, str]
"""A written number as a check sees it: the number, if it has an E.164 form, and why it cannot be called, or ""."""


def unknown_range(e164: str) -> Classified:
    """Return a number (E.164) of a possible length whose range is not known to be in use."""
    return Phone(e164, valid=False, warnings=(RANGE_UNKNOWN,)), NOT_IN_USE


def impossible(e164: str, why: str) -> Classified:
    """Return a number (E.164) that has a wrong length. `why` says in what way."""
    return Phone(e164, valid=False, possible=False), why
