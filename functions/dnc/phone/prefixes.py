"""The first digits of E.164 numbers: the prefixes that an account blocks, and the areas that registries cover.

A check does not load this module: it compares a number with prefixes that were validated when they were stored.
"""

import re
from functools import lru_cache

MAX_DIGITS = 7
_WRITTEN = re.compile(r"\+[1-9]\d{0,14}", re.ASCII)
_LONGEST_CODE = 3


def blocked_prefix(written: str) -> str:
    """Return a prefix without spaces and punctuation. Raises a ValueError that says what is wrong.

    A country code by itself is refused, because it would block a whole country, or all of North America.
    """
    prefix = re.sub(r"[\s().-]", "", written)
    if not _WRITTEN.fullmatch(prefix):
        raise ValueError("must be the first digits of E.164 numbers, with the plus, such as +1900")
    code = _calling_code(prefix[1 : _LONGEST_CODE + 1])
    if code is None and len(prefix) > _LONGEST_CODE:
        raise ValueError("no country has this code")
    if code is None or len(prefix) == len(code) + 1:
        raise ValueError("must have a country code and at least one more digit")
    if len(prefix) > MAX_DIGITS + 1:
        raise ValueError(f"must have at most {MAX_DIGITS} digits")
    return prefix


def area_of(number: str) -> str:
    """Return the area that a registry's file covers for a number (E.164), as the first digits of its numbers.

    In North America this is the area code (`+1415`), because the US registry is sold by area code. Elsewhere it is the
    country code (`+44`).
    """
    if number.startswith("+1"):
        return number[:5]
    return f"+{_calling_code(number[1 : _LONGEST_CODE + 1]) or number[1:3]}"


@lru_cache(maxsize=1024)
def _calling_code(digits: str) -> str | None:
    """Return the country code with which digits begin, or None. No country code is a prefix of another."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE  # noqa: PLC0415 - plain North American numbers do not need it

    lengths = range(1, len(digits) + 1)
    return next((digits[:n] for n in lengths if int(digits[:n]) in COUNTRY_CODE_TO_REGION_CODE), None)
