"""Phone numbers: any written form to E.164, with exact refusals.

An add must not lose an opt-out, so it takes every *possible* number (the right length for its country). A check
calls a number callable only when it is also *valid* (its range is known to be in use).
The rules are those of Google's libphonenumber as carried by the package `phonenumbers`. Numbers of the North American
plan are read by a table that is generated from them (`dnc.phone.nanp`), others written plainly by the plans of
`dnc.phone.plans`, the rest by `dnc.phone.rules`: the answer is the same, whichever gives it. The last two load
`phonenumbers`, so they are imported when they are first needed; `load` does it ahead.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import batched
from types import ModuleType

from dnc.phone import forms as phone_forms
from dnc.phone import nanp as phone_table
from dnc.phone.forms import Looked, Phone
from dnc.problems import InvalidNumber

__all__ = [
    "Phone", "from_path", "known_region", "load", "look", "look_many", "mask", "national", "read", "region_of",
    "typed_digits",
]  # fmt: skip

# Compiled when they are first used: a check of a plain number uses neither.
_IN_PATH = r"[ +]?([1-9]\d{1,14})"
_EXTENDED = r"([ ().+\d-]*\d) ?(?:x|ext\.?) ?\d{1,6}"
_TRUNK = "1"
_REGIONS = frozenset(phone_table.REGIONS.split())
_PLAN_REGIONS = frozenset(phone_table.PLAN_REGIONS.split())
_PLAIN_REGIONS = frozenset(phone_table.PLAIN_REGIONS.split())
_IN_USE = {code: region for region, codes in phone_table.IN_USE.items() for code in codes.split()}
_UNUSED = {code: region for region, codes in phone_table.UNUSED.items() for code in codes.split()}
_VARYING = frozenset(phone_table.VARYING.split())
# Longer texts are left to the rules.
_LONGEST_PLAIN = 40
_LONGEST_E164 = 15
_ROWS_AT_ONCE = 1000


def known_region(region: str) -> bool:
    """Tell whether this is an ISO 3166-1 alpha-2 code of a region that has a numbering plan."""
    return region in _REGIONS


def read(written: str, region: str | None) -> Phone:
    """Read a number in any written form: national with `region` (ISO 3166-1 alpha-2), international, E.164, RFC 3966.

    Raises InvalidNumber, with why, for what is not a possible number, short codes, emergency numbers and letters.
    """
    phone, why = look(written, region)
    if phone is None or not phone.possible:
        raise InvalidNumber.of(why)
    return phone


def look(written: str, region: str | None) -> Looked:
    """Read a number for a check: the number, if it has an E.164 form at all, and why it cannot be called, or "".

    A number of an impossible length is given too: were it on the list, the check must say so.
    """
    e164 = _in_use(_without_marks(written), region in _PLAN_REGIONS)
    return (Phone(e164, True), "") if e164 else _look_further(written, region)


def look_many(written: Iterable[str], region: str | None) -> tuple[list[str | None], dict[int, Looked]]:
    """Read the rows of a file, each as `look` does, with no more made of them than must be.

    Gives the E.164 of each row in order, None where a row has none; and by row (from 0) what `look` says, of those
    rows alone whose number cannot be called or has warnings. A row that is not among these is valid.
    """
    in_plan = region in _PLAN_REGIONS
    numbers: list[str | None] = []
    asides: dict[int, Looked] = {}
    for texts in batched(written, _ROWS_AT_ONCE, strict=False):
        for text, digits in zip(texts, _all_without_marks(texts), strict=True):
            # What `_in_use` finds first, without the call: most rows are this.
            if in_plan and len(digits) == 10 and digits[:3] in _IN_USE and digits[3] >= "2" and digits.isdecimal():
                numbers.append(f"+1{digits}")
                continue
            e164 = _in_use(digits, in_plan)
            if e164 is None:
                phone, why = looked = _look_further(text, region)
                e164 = phone.e164 if phone else None
                if phone is None or why or phone.warnings:
                    asides[len(numbers)] = looked
            numbers.append(e164)
    return numbers, asides


def from_path(written: str) -> str:
    """Give E.164 of the digits in a path, with or without the plus.

    Only the form is checked, so that no old entry becomes unreachable. Raises InvalidNumber.
    """
    match = re.fullmatch(_IN_PATH, written, re.ASCII)
    if not match:
        raise InvalidNumber.of("must be 2 to 15 digits of E.164, with or without the plus")
    return f"+{match[1]}"


def national(e164: str) -> str:
    """Write a number (E.164) as people of its country do; as it is when no rule knows it."""
    if _is_of_plan(e164):
        return phone_table.NATIONAL.format(e164[2:5], e164[5:8], e164[8:])
    shown: str = _rules().national(e164)
    return shown


def region_of(e164: str) -> str | None:
    """Give the region (ISO 3166-1 alpha-2, or 001 for numbers of no country) of a number (E.164)."""
    if _is_of_plan(e164):
        code = e164[2:5]
        region = _IN_USE.get(code) or _UNUSED.get(code) or _partly(code)[0]
        if region:
            return region
    known: str | None = _rules().region_of(e164)
    return known


def mask(e164: str) -> str:
    """Hide the middle of a number (E.164), for logs: `+1415***2671`; of a short one, more."""
    if len(e164) >= len("+14155552671"):
        return f"{e164[:5]}***{e164[-4:]}"
    return f"{e164[:3]}***{e164[-2:]}" if len(e164) > len("+1234567") else f"{e164[:2]}***"


def typed_digits(written: str, region: str | None) -> tuple[str, ...]:
    """Give the runs of digits that a part of a number, as a person typed it, may stand for inside E.164.

    A national trunk prefix (the 0 of `020 7946`) is not in E.164, so the same digits without it are given too.
    A leading plus or 00 is kept as a plus: then the digits begin the number.
    """
    digits, trunk = (
        ("".join(filter(str.isdecimal, written)), _TRUNK if region else "")
        if written.isascii() and (region is None or region in _PLAN_REGIONS)
        else _rules().digits_and_trunk(written, region)
    )
    if not digits:
        return ()
    if written.lstrip().startswith(("+", "＋")):
        return (f"+{digits}",)
    if digits.startswith("00") and len(digits) > 2:
        return (f"+{digits[2:]}", digits)
    if trunk and digits.startswith(trunk) and len(digits) > len(trunk):
        return (digits, digits[len(trunk) :])
    return (digits,)


def load() -> None:
    """Load all of the rules now: for a worker that will need them, so that its first rows do not pay for it."""
    _plans()
    _rules()


def _is_of_plan(e164: str) -> bool:
    """Tell whether this is E.164 of 10 digits of the plan whose exchange, too, begins with 2 to 9."""
    digits = e164[2:]
    return (
        len(digits) == 10
        and e164[:2] == "+1"
        and min(digits[0], digits[3]) >= "2"
        and digits.isdecimal()
        and digits.isascii()
    )


def _without_marks(text: str) -> str:
    """Leave out what means nothing between digits, wherever it stands; "" for a text that cannot be only that."""
    if len(text) > _LONGEST_PLAIN or not text.isascii():
        return ""
    return text.replace("-", "").replace(" ", "").replace("(", "").replace(")", "").replace(".", "")


def _all_without_marks(texts: tuple[str, ...]) -> list[str]:
    """Do that to many at once, which takes a fourth of the time."""
    if len(texts) == 1:
        return [_without_marks(texts[0])]
    joined = "\n".join(texts)
    if not joined.isascii() or max(map(len, texts)) > _LONGEST_PLAIN or joined.count("\n") != len(texts) - 1:
        return [_without_marks(text) for text in texts]
    joined = joined.replace("-", "").replace(" ", "").replace("(", "").replace(")", "").replace(".", "")
    return joined.split("\n")


def _in_use(digits: str, in_plan: bool) -> str | None:
    """Give E.164 of digits, perhaps after a plus, that are certainly a number in use; None when it takes more to tell.

    `in_plan`: the number's region is of the plan, so it may be written without its country code.
    """
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
        e164: str | None = _plans().in_use(digits[1:])
        return e164
    return None


def _look_further(written: str, region: str | None) -> Looked:
    text = written.strip()
    if not text:
        return None, phone_forms.EMPTY
    digits = _without_marks(text)
    plus = digits[:1] == "+"
    plain = digits[1:] if plus else digits
    looked: Looked | None = None
    if not plain.isdecimal():
        looked = _look_before_extension(text, region)
    elif len(plain) <= _LONGEST_E164:
        looked = _look_in_plan(plain, region, plus) or _plans().look(plain, region, plus=plus)
    return looked or _rules().look(written, region)


def _look_before_extension(text: str, region: str | None) -> Looked | None:
    extended = re.fullmatch(_EXTENDED, text, re.ASCII)
    e164 = extended and _in_use(_without_marks(extended[1]), region in _PLAN_REGIONS)
    return (Phone(e164, valid=True, warnings=(phone_forms.EXTENSION_DROPPED,)), "") if e164 else None


def _look_in_plan(digits: str, region: str | None, plus: bool) -> Looked | None:
    """Read digits by the table; None when it does not decide."""
    if not plus and region not in _PLAN_REGIONS:
        return None
    if len(digits) == 11 and digits[0] == "1":
        return _look_at_ten(digits[1:])
    if plus or digits[0] < "2":
        return None
    if len(digits) == 10:
        return _look_at_ten(digits)
    if region not in _PLAIN_REGIONS:
        return None
    match len(digits):
        case 7 if digits[0] in phone_table.LOCAL_FIRST:
            return phone_forms.impossible(f"+1{digits}", f"{phone_forms.LOCAL} for {region}")
        case 8 | 9:
            return phone_forms.impossible(f"+1{digits}", f"{phone_forms.TOO_SHORT} for {region}")
        case 11 | 12 | 13 | 14:
            return phone_forms.impossible(f"+1{digits}", f"{phone_forms.TOO_LONG} for {region}")
    return None


def _look_at_ten(digits: str) -> Looked | None:
    code, exchange = digits[:3], digits[3:6]
    if code[0] < "2" or exchange[0] < "2" or digits[:6] in _VARYING:
        return None
    if code in _IN_USE:
        return Phone(f"+1{digits}", True), ""
    region, exchanges = _partly(code)
    if exchange in exchanges:
        return Phone(f"+1{digits}", True), ""
    return phone_forms.unknown_range(f"+1{digits}") if region or code in _UNUSED else None


@lru_cache(maxsize=1000)
def _partly(code: str) -> tuple[str, frozenset[str]]:
    """Give the region of an area code that is valid with some exchanges alone, and these; of any other, nothing."""
    region, ranges = phone_table.PARTLY.get(code, ("", ""))
    bounds = (held.split("-") for held in ranges.split())
    return region, frozenset(str(code) for ends in bounds for code in range(int(ends[0]), int(ends[-1]) + 1))


@lru_cache(maxsize=1)
def _plans() -> ModuleType:
    from dnc.phone import plans as phone_plans

    return phone_plans


@lru_cache(maxsize=1)
def _rules() -> ModuleType:
    from dnc.phone import rules as phone_rules

    return phone_rules
