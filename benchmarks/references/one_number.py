"""Reads each text as one number, as libphonenumber does: what `dnc.phone.reader` did before it knew readings.

It has the same table and the same compiled patterns, but no other readings and no older forms.
"""

from collections.abc import Iterable
from functools import cache

from dnc.phone import nanp, plans

_PLAN_REGIONS = frozenset(nanp.PLAN_REGIONS.split())
_IN_USE = frozenset(" ".join(nanp.IN_USE.values()).split())


def read_many(texts: Iterable[str], region: str) -> list[str | None]:
    """Return the E.164 of each plainly written text that is in use."""
    in_plan = region in _PLAN_REGIONS
    written = tuple(texts)
    joined = "\n".join(written) if max(map(len, written)) <= 40 else ""
    if not joined.isascii() or joined.count("\n") != len(written) - 1:
        raise ValueError("only plain texts are compared")
    joined = joined.replace("-", "").replace(" ", "").replace("(", "").replace(")", "").replace(".", "")
    numbers: list[str | None] = []
    for digits in joined.split("\n"):
        if in_plan and len(digits) == 10 and digits[:3] in _IN_USE and digits[3] >= "2" and digits.isdecimal():
            numbers.append(f"+1{digits}")
            continue
        numbers.append(_read(digits, region, in_plan=in_plan))
    return numbers


def _read(digits: str, region: str, *, in_plan: bool) -> str | None:
    length = len(digits)
    if length == 12 and digits[:2] == "+1":
        return digits if digits[2:5] in _IN_USE and digits[5] >= "2" and digits[1:].isdecimal() else None
    if length == 11 and in_plan and digits[0] == "1":
        return f"+{digits}" if digits[1:4] in _IN_USE and digits[4] >= "2" and digits.isdecimal() else None
    if digits[:1] == "+":
        return _abroad(digits[1:])
    reading = plans.classify(digits, region, plus=False)
    return reading.number if reading else None


def _abroad(digits: str) -> str | None:
    if len(digits) > 15 or not digits.isdecimal():
        return None
    start, matches = _common(digits[:3], len(digits))
    return f"+{digits}" if matches(digits[start:]) else None


@cache
def _common(start: str, length: int) -> tuple[int, plans.Matcher]:
    code, national = plans.parts(start.ljust(length, "0")) or ("", "")
    country = plans.CountryCode(code)
    country.other_forms = None
    return length - len(national), country.common(len(national))
