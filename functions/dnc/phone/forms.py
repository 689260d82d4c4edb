"""The result of reading a written number and the reasons for refusing one, for all modules that read numbers."""

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
TWO_NUMBERS = "more than one number in one field; send each number by itself"
SCIENTIFIC = (
    "in scientific notation, which drops digits; format the column as text, fill it from the source again, and "
    "export the file again"
)
WITHHELD = "a withheld caller ID, not a phone number; ask the caller for the number"
LETTERS = "letters are not accepted; write the digits that they stand for"
EXTENSION_DROPPED = "the extension was dropped: a listed number is listed for all its extensions"
RANGE_UNKNOWN = "the number has a possible length, but its range is not known to be in use"
SEVERAL_READINGS = "the number can be read in more than one way, and each reading is listed: {}"
ZERO_ADDED = "the number was read with the zero that belongs to it and was missing"
OLDER_FORM = "{} is an older form of {}, which was listed instead"


if TYPE_CHECKING:

    class Reading(NamedTuple):
        """One number that a text may stand for.

        `number`: E.164, or None if the text has no such form. `why`: why it cannot be called, or "" if the number is
        valid. `possible`: its length is right for its country.
        """

        number: str | None
        why: str = ""
        possible: bool = True
        warnings: tuple[str, ...] = ()

    class Readings(NamedTuple):
        """Everything that a written number may stand for. All numbers are E.164, the most likely one first.

        `numbers`: what an add lists, each in its current form; empty if an add refuses the text.
        `lookups`: what a check looks up; the phone is blocked if any of them is listed. They are `numbers`, their
        older forms, and readings that are too unlikely for an add to list.
        `valid`: the `numbers` whose range is known to be in use. Only these may be called.
        `why`: why none can be called, or "" if there is a valid number.
        """

        numbers: tuple[str, ...]
        lookups: tuple[str, ...]
        valid: tuple[str, ...]
        why: str = ""
        warnings: tuple[str, ...] = ()

else:
    # The same classes without `typing`, whose import would be a tenth of what a check loads.
    Reading = namedtuple("Reading", ("number", "why", "possible", "warnings"), defaults=("", True, ()))  # noqa: PYI024
    Readings = namedtuple(  # noqa: PYI024
        "Readings", ("numbers", "lookups", "valid", "why", "warnings"), defaults=("", ())
    )


def refused(why: str) -> Reading:
    """Return the reading of a text that has no E.164 form. `why` says why not."""
    return Reading(None, why, possible=False)


def impossible(number: str, why: str) -> Reading:
    """Return the reading of a number (E.164) of a wrong length. `why`: what is wrong with it."""
    return Reading(number, why, possible=False)


def unknown_range(number: str) -> Reading:
    """Return the reading of a number (E.164) of a possible length whose range is not known to be in use."""
    return Reading(number, NOT_IN_USE, warnings=(RANGE_UNKNOWN,))


def only(number: str, warnings: tuple[str, ...] = ()) -> Readings:
    """Return the readings of a text that can only mean one valid number (E.164)."""
    numbers = (number,)
    return Readings(numbers, numbers, numbers, "", warnings)
