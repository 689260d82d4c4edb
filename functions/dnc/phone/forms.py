"""What a written number reads as, and the words for what is wrong with it: one set, whichever module reads it."""

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
OVER_E164 = "too long for E.164, which ends at 15 digits"
NOT_IN_USE = "not a number that is in use"
EXTENSION_DROPPED = "the extension was dropped: a listed number is listed for all its extensions"
RANGE_UNKNOWN = "the number has a possible length but its range is not known to be in use"


if TYPE_CHECKING:

    class Phone(NamedTuple):
        """A number as it was read. `e164`: E.164; `valid`: its range is in use; `possible`: its length is right."""

        e164: str
        valid: bool
        possible: bool = True
        warnings: tuple[str, ...] = ()

else:
    # The same without `typing`, which is a tenth of what a check loads.
    Phone = namedtuple("Phone", ("e164", "valid", "possible", "warnings"), defaults=(True, ()))  # noqa: PYI024


Looked = tuple[Phone | None, str]
"""What a check makes of a written number: the number, if it has an E.164 form, and why it cannot be called, or ""."""


def unknown_range(e164: str) -> Looked:
    """Say of a number (E.164) of a possible length that its range is not known to be in use."""
    return Phone(e164, valid=False, warnings=(RANGE_UNKNOWN,)), NOT_IN_USE


def impossible(e164: str, why: str) -> Looked:
    """Say of a number (E.164) that its length is wrong, and how."""
    return Phone(e164, valid=False, possible=False), why
