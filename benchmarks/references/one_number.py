"""Reads each text as one number, as libphonenumber does: the number reader without readings and older forms.

It has the same structure, the same table and the same compiled patterns as `dnc.phone.reader`, but not the code that
finds out whether a number has one reading and one form.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import batched
from types import ModuleType
from typing import Any

from dnc.phone import nanp
from dnc.phone.forms import Reading

_PLAN_REGIONS = frozenset(nanp.PLAN_REGIONS.split())
_IN_USE = {code: region for region, codes in nanp.IN_USE.items() for code in codes.split()}


def read_many(written: Iterable[str], region: str | None) -> tuple[list[str | None], dict[int, Reading]]:
    """Return the E.164 of each text, or None; and by position the reading of each that is not in use."""
    in_plan = region in _PLAN_REGIONS
    numbers: list[str | None] = []
    exceptions: dict[int, Reading] = {}
    for texts in batched(written, 1000, strict=False):
        for text, digits in zip(texts, _all_without_marks(texts), strict=True):
            if in_plan and len(digits) == 10 and digits[:3] in _IN_USE and digits[3] >= "2" and digits.isdecimal():
                numbers.append(f"+1{digits}")
                continue
            number = _in_use(digits, in_plan)
            if number is None:
                reading = _further(text, region)
                number = reading.number
                if reading.why or reading.warnings:
                    exceptions[len(numbers)] = reading
            numbers.append(number)
    return numbers, exceptions


def _without_marks(text: str) -> str:
    if len(text) > 40 or not text.isascii():
        return ""
    return text.replace("-", "").replace(" ", "").replace("(", "").replace(")", "").replace(".", "")


def _all_without_marks(texts: tuple[str, ...]) -> list[str]:
    if len(texts) == 1:
        return [_without_marks(texts[0])]
    joined = "\n".join(texts)
    if not joined.isascii() or max(map(len, texts)) > 40 or joined.count("\n") != len(texts) - 1:
        return [_without_marks(text) for text in texts]
    joined = joined.replace("-", "").replace(" ", "").replace("(", "").replace(")", "").replace(".", "")
    return joined.split("\n")


def _in_use(digits: str, in_plan: bool) -> str | None:
    length = len(digits)
    if length == 10 and in_plan:
        if digits[:3] in _IN_USE and digits[3] >= "2" and digits.isdecimal():
            return f"+1{digits}"
    elif length == 12 and digits[:2] == "+1":
        if digits[2:5] in _IN_USE and digits[5] >= "2" and digits[1:].isdecimal():
            return digits
    elif length == 11 and in_plan and digits[0] == "1":
        if digits[1:4] in _IN_USE and digits[4] >= "2" and digits.isdecimal():
            return f"+{digits}"
    elif digits[:1] == "+" and digits[1:2] != "1":
        return _abroad(digits[1:])
    return None


def _further(written: str, region: str | None) -> Reading:
    text = written.strip()
    digits = _without_marks(text)
    plus = digits[:1] == "+"
    reading: Reading | None = _plans().classify(digits[1:] if plus else digits, region, plus=plus)
    if reading is None:
        raise ValueError("only plain texts are compared")
    return reading


def _abroad(digits: str) -> str | None:
    if len(digits) > 15 or not digits.isdecimal():
        return None
    known = _COMMON.get((digits[:3], len(digits)))
    if known is None:
        known = _COMMON[digits[:3], len(digits)] = _common(digits[:3], len(digits))
    return f"+{digits}" if known[1](digits[known[0] :]) else None


_COMMON: dict[tuple[str, int], tuple[int, Any]] = {}


def _common(start: str, length: int) -> tuple[int, Any]:
    plans = _plans()
    code, national = plans.parts(start.ljust(length, "0"))
    country = plans.CountryCode(code)
    country.other_forms = None
    return length - len(national), country.common(len(national))


@lru_cache(maxsize=1)
def _plans() -> ModuleType:
    from dnc.phone import plans

    return plans
