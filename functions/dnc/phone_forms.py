"""What a written number reads as, and the words for what is wrong with it: one set, whichever module reads it."""

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


class Phone:
    """A number as it was read. `e164`: E.164; `valid`: its range is in use; `possible`: its length is right.

    Written out, because what would write it (dataclasses, typing) takes longer to load than a check takes.
    """

    __slots__ = ("e164", "possible", "valid", "warnings")

    def __init__(self, e164: str, valid: bool, *, possible: bool = True, warnings: tuple[str, ...] = ()) -> None:
        """Take what was read."""
        self.e164 = e164
        self.valid = valid
        self.possible = possible
        self.warnings = warnings

    def __eq__(self, other: object) -> bool:
        """Tell whether all of it is the same."""
        if not isinstance(other, Phone):
            return NotImplemented
        return (self.e164, self.valid, self.possible, self.warnings) == (
            other.e164, other.valid, other.possible, other.warnings,
        )  # fmt: skip

    def __hash__(self) -> int:
        """Go by the number."""
        return hash(self.e164)

    def __repr__(self) -> str:
        """Show all of it."""
        return f"Phone({self.e164!r}, valid={self.valid}, possible={self.possible}, warnings={self.warnings!r})"


Looked = tuple[Phone | None, str]
"""What a check makes of a written number: the number, if it has an E.164 form, and why it cannot be called, or ""."""


def unknown_range(e164: str) -> Looked:
    """Say of a number (E.164) of a possible length that its range is not known to be in use."""
    return Phone(e164, valid=False, warnings=(RANGE_UNKNOWN,)), NOT_IN_USE


def impossible(e164: str, why: str) -> Looked:
    """Say of a number (E.164) that its length is wrong, and how."""
    return Phone(e164, valid=False, possible=False), why
