"""Phone numbers: any written form to E.164, or an exact reason for refusing it.

An add must not lose an opt-out, so it takes every *possible* number (one with the right length for its country). A
check calls a number callable only if it is also *valid* (its range is known to be in use).
The rules are those of Google's libphonenumber, from the package `phonenumbers`. A table generated from them
(`dnc.phone.nanp`) reads numbers of the North American plan, `dnc.phone.plans` reads other plainly written numbers, and
`dnc.phone.rules` reads the rest. Whichever of them reads a number, the result is the same. The last two load
`phonenumbers`, so they are imported when first needed; `load` imports them ahead of time.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import batched
from types import ModuleType

from dnc.phone import forms, nanp
from dnc.phone.forms import Classified, Phone
from dnc.problems import InvalidNumber

# Compiled when first used: a check of a plain number uses neither.
_IN_PATH = r"[ +]?([1-9]\d{1,14})"
_WITH_EXTENSION = r"([ ().+\d-]*\d) ?(?:x|ext\.?) ?\d{1,6}"
_TRUNK = "1"
_REGIONS = frozenset(nanp.REGIONS.split())
_PLAN_REGIONS = frozenset(nanp.PLAN_REGIONS.split())
_PLAIN_REGIONS = frozenset(nanp.PLAIN_REGIONS.split())
_IN_USE = {code: region for region, codes in nanp.IN_USE.items() for code in codes.split()}
_UNUSED = {code: region for region, codes in nanp.UNUSED.items() for code in codes.split()}
_VARYING = frozenset(nanp.VARYING.split())
# Longer texts are left to the rules.
_LONGEST_PLAIN = 40
_LONGEST_E164 = 15
_TEXTS_A_BATCH = 1000


def known_region(region: str) -> bool:
    """Return whether this is the ISO 3166-1 alpha-2 code of a region that has a numbering plan."""
    return region in _REGIONS


def read(written: str, region: str | None) -> Phone:
    """Read a number in any written form: national with `region` (ISO 3166-1 alpha-2), international, E.164, RFC 3966.

    Raises InvalidNumber, with the reason, for numbers that are not possible, short codes, emergency numbers and
    letters.
    """
    phone, why = classify(written, region)
    if phone is None or not phone.possible:
        raise InvalidNumber.of(why)
    return phone


def classify(written: str, region: str | None) -> Classified:
    """Read a number for a check: the number, if it has an E.164 form, and why it cannot be called, or "".

    A number of an impossible length is returned too. If it is on the list, the check must say so.
    """
    e164 = _in_use(_without_marks(written), region in _PLAN_REGIONS)
    return (Phone(e164, True), "") if e164 else _classify_slowly(written, region)


def classify_many(written: Iterable[str], region: str | None) -> tuple[list[str | None], dict[int, Classified]]:
    """Read many texts as `classify` does, allocating as little as possible.

    Returns the E.164 of each text, in order, with None where there is none; and by position (from 0) the result of
    `classify` for each text whose number cannot be called or has warnings. Every other text has a valid number.
    """
    in_plan = region in _PLAN_REGIONS
    numbers: list[str | None] = []
    exceptions: dict[int, Classified] = {}
    for texts in batched(written, _TEXTS_A_BATCH, strict=False):
        for text, digits in zip(texts, _all_without_marks(texts), strict=True):
            # The first case of `_in_use`, inlined because most texts are of this form.
            if in_plan and len(digits) == 10 and digits[:3] in _IN_USE and digits[3] >= "2" and digits.isdecimal():
                numbers.append(f"+1{digits}")
                continue
            e164 = _in_use(digits, in_plan)
            if e164 is None:
                phone, why = result = _classify_slowly(text, region)
                e164 = phone.e164 if phone else None
                if phone is None or why or phone.warnings:
                    exceptions[len(numbers)] = result
            numbers.append(e164)
    return numbers, exceptions


def from_path(written: str) -> str:
    """Return E.164 for the digits in a path, with or without the plus.

    Only the form is checked, so that no old entry becomes unreachable. Raises InvalidNumber.
    """
    match = re.fullmatch(_IN_PATH, written, re.ASCII)
    if not match:
        raise InvalidNumber.of("must be 2 to 15 digits of E.164, with or without the plus")
    return f"+{match[1]}"


def national(e164: str) -> str:
    """Return a number (E.164) in its country's national format, or unchanged if no rule knows it."""
    if _is_in_plan(e164):
        return nanp.NATIONAL.format(e164[2:5], e164[5:8], e164[8:])
    formatted: str = _rules().national(e164)
    return formatted


def region_of(e164: str) -> str | None:
    """Return the region (ISO 3166-1 alpha-2, or 001 if it belongs to no country) of a number (E.164)."""
    if _is_in_plan(e164):
        code = e164[2:5]
        region = _IN_USE.get(code) or _UNUSED.get(code) or _partly(code)[0]
        if region:
            return region
    by_rules: str | None = _rules().region_of(e164)
    return by_rules


def mask(e164: str) -> str:
    """Hide the middle of a number (E.164) for logs: `+1415***2671`; more of it if the number is short."""
    if len(e164) >= len("+14155552671"):
        return f"{e164[:5]}***{e164[-4:]}"
    return f"{e164[:3]}***{e164[-2:]}" if len(e164) > len("+1234567") else f"{e164[:2]}***"


def typed_digits(written: str, region: str | None) -> tuple[str, ...]:
    """Return the runs of digits inside E.164 that part of a number, as a person types it, may stand for.

    E.164 has no national trunk prefix (the 0 of `020 7946`), so the same digits without it are returned too.
    A leading plus or 00 is returned as a plus, which means that the digits begin the number.
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
    """Load the rules now, in a worker that will need them, so that its first rows do not wait."""
    _plans()
    _rules()


def _is_in_plan(e164: str) -> bool:
    """Return whether this is +1 and 10 digits of which area code and exchange both begin with 2 to 9."""
    digits = e164[2:]
    return (
        len(digits) == 10
        and e164[:2] == "+1"
        and min(digits[0], digits[3]) >= "2"
        and digits.isdecimal()
        and digits.isascii()
    )


def _without_marks(text: str) -> str:
    """Return a text without its separators, or "" if it is too long or not ASCII."""
    if len(text) > _LONGEST_PLAIN or not text.isascii():
        return ""
    return text.replace("-", "").replace(" ", "").replace("(", "").replace(")", "").replace(".", "")


def _all_without_marks(texts: tuple[str, ...]) -> list[str]:
    """Batch version of `_without_marks`, which takes a quarter of the time."""
    if len(texts) == 1:
        return [_without_marks(texts[0])]
    joined = "\n".join(texts)
    if not joined.isascii() or max(map(len, texts)) > _LONGEST_PLAIN or joined.count("\n") != len(texts) - 1:
        return [_without_marks(text) for text in texts]
    joined = joined.replace("-", "").replace(" ", "").replace("(", "").replace(")", "").replace(".", "")
    return joined.split("\n")


def _in_use(digits: str, in_plan: bool) -> str | None:
    """Return E.164 for digits, with or without a plus, that certainly are a number in use; None if unsure.

    `in_plan`: the region belongs to the North American plan, so the country code may be missing.
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


def _classify_slowly(written: str, region: str | None) -> Classified:
    text = written.strip()
    if not text:
        return None, forms.EMPTY
    digits = _without_marks(text)
    plus = digits[:1] == "+"
    plain = digits[1:] if plus else digits
    result: Classified | None = None
    if not plain.isdecimal():
        result = _with_extension(text, region)
    elif len(plain) <= _LONGEST_E164:
        result = _in_plan(plain, region, plus) or _plans().classify(plain, region, plus=plus)
    return result or _rules().classify(written, region)


def _with_extension(text: str, region: str | None) -> Classified | None:
    match = re.fullmatch(_WITH_EXTENSION, text, re.ASCII)
    e164 = match and _in_use(_without_marks(match[1]), region in _PLAN_REGIONS)
    return (Phone(e164, valid=True, warnings=(forms.EXTENSION_DROPPED,)), "") if e164 else None


def _in_plan(digits: str, region: str | None, plus: bool) -> Classified | None:
    """Read digits by the table of the North American plan; None if it does not decide."""
    if not plus and region not in _PLAN_REGIONS:
        return None
    if len(digits) == 11 and digits[0] == "1":
        return _ten_digits(digits[1:])
    if plus or digits[0] < "2":
        return None
    if len(digits) == 10:
        return _ten_digits(digits)
    if region not in _PLAIN_REGIONS:
        return None
    match len(digits):
        case 7 if digits[0] in nanp.LOCAL_FIRST:
            return forms.impossible(f"+1{digits}", f"{forms.LOCAL} for {region}")
        case 8 | 9:
            return forms.impossible(f"+1{digits}", f"{forms.TOO_SHORT} for {region}")
        case 11 | 12 | 13 | 14:
            return forms.impossible(f"+1{digits}", f"{forms.TOO_LONG} for {region}")
    return None


def _ten_digits(digits: str) -> Classified | None:
    code, exchange = digits[:3], digits[3:6]
    if code[0] < "2" or exchange[0] < "2" or digits[:6] in _VARYING:
        return None
    if code in _IN_USE:
        return Phone(f"+1{digits}", True), ""
    region, exchanges = _partly(code)
    if exchange in exchanges:
        return Phone(f"+1{digits}", True), ""
    return forms.unknown_range(f"+1{digits}") if region or code in _UNUSED else None


@lru_cache(maxsize=1000)
def _partly(code: str) -> tuple[str, frozenset[str]]:
    """Return the region of an area code that is valid with only some exchanges, and these exchanges; else nothing."""
    region, ranges = nanp.PARTLY.get(code, ("", ""))
    spans = (span.split("-") for span in ranges.split())
    return region, frozenset(str(exchange) for ends in spans for exchange in range(int(ends[0]), int(ends[-1]) + 1))


@lru_cache(maxsize=1)
def _plans() -> ModuleType:
    from dnc.phone import plans

    return plans


@lru_cache(maxsize=1)
def _rules() -> ModuleType:
    from dnc.phone import rules

    return rules
