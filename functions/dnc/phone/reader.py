"""Phone numbers: any written form to every number that it may stand for, or an exact reason for refusing it.

- `read` for an add, which must not lose an opt-out: it takes every *possible* number (one with the right length for
  its country), and returns all readings, because each of them must be listed.
- `classify` and `classify_many` for a check, which calls a number only if it is also *valid* (its range is known to be
  in use), and only if nothing in `lookups` is listed.
- `current_form` and `lookups` for one E.164 number: an add lists the current form of a phone, and a check also looks
  up the older ones.
- `split_cell` for a file, in which one cell may hold several numbers.

The rules are those of Google's libphonenumber, from the package `phonenumbers`. A table generated from them
(`dnc.phone.nanp`) reads numbers of the North American plan, `dnc.phone.plans` reads other plainly written numbers, and
`dnc.phone.readings` reads the rest. Whichever of them reads a number, the result is the same. The last two load
`phonenumbers`, so they are imported when first needed; `load` imports them ahead of time.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import batched
from types import ModuleType

from dnc.phone import forms, nanp
from dnc.phone.forms import Reading, Readings
from dnc.problems import InvalidNumber

# Compiled when first used: a check of a plain number uses none of them.
_IN_PATH = r"[ +]?([1-9]\d{1,14})"
_WITH_EXTENSION = r"([ ().+\d-]*\d) ?(?:x|ext\.?) ?\d{1,6}"
_LAST_GROUP = r"([^-]*)-[ ()]*\d{1,4}[ ()]*"
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
_LONGEST_EXTENSION = 4
_SHORTEST_LOCAL = 7
_TEXTS_PER_BATCH = 1000


def known_region(region: str) -> bool:
    """Return whether this is the ISO 3166-1 alpha-2 code of a region that has a numbering plan."""
    return region in _REGIONS


def read(written: str, region: str | None) -> Readings:
    """Read a number in any written form, for an add: its `numbers` are what to list, and there is at least one.

    `region`: ISO 3166-1 alpha-2 of national forms. Raises InvalidNumber, with the reason, for numbers that are not
    possible, short codes, emergency numbers, letters, withheld caller IDs and several numbers in one text.
    """
    readings = classify(written, region)
    if not readings.numbers:
        raise InvalidNumber.of(readings.why)
    return readings


def classify(written: str, region: str | None) -> Readings:
    """Read a number in any written form, for a check. `region`: ISO 3166-1 alpha-2 of national forms.

    A number of an impossible length is in `lookups` only. If it is on the list, the check must say so.
    """
    number = _in_use(_without_marks(written), written, region in _PLAN_REGIONS)
    return forms.only(number) if number else _classify_slowly(written, region)


def classify_many(written: Iterable[str], region: str | None) -> tuple[list[str | None], dict[int, Readings]]:
    """Read many texts as `classify` does, allocating as little as possible.

    Returns the E.164 of each text that has one valid reading, one form and no warning, in order, and None for each
    other text. The readings of the others are returned by position (from 0).
    """
    in_plan = region in _PLAN_REGIONS
    numbers: list[str | None] = []
    exceptions: dict[int, Readings] = {}
    for texts in batched(written, _TEXTS_PER_BATCH, strict=False):
        for text, digits in zip(texts, _all_without_marks(texts), strict=True):
            # The first case of `_in_use`, inlined because most texts are of this form.
            if in_plan and len(digits) == 10 and digits[:3] in _IN_USE and digits[3] >= "2" and digits.isdecimal():
                numbers.append(f"+1{digits}")
                continue
            number = _in_use(digits, text, in_plan)
            if number is None:
                readings = _classify_slowly(text, region)
                if readings.lookups == readings.valid and len(readings.valid) == 1 and not readings.warnings:
                    number = readings.valid[0]
                else:
                    exceptions[len(numbers)] = readings
            numbers.append(number)
    return numbers, exceptions


def unreadable(why: str) -> Readings:
    """Return the readings of an element that cannot be read as text. `why` says what is wrong with it."""
    return Readings((), (), (), why)


def current_form(number: str) -> str:
    """Return the current form of a number (E.164): the number itself, unless a newer form of it is known."""
    return number if number.startswith("+1") else str(_renumbered().current(number))


def lookups(number: str) -> tuple[str, ...]:
    """Return the forms of one phone (E.164) to look up for a number: itself, then its current and older forms."""
    return (number,) if number.startswith("+1") else (number, *_renumbered().others(number))


def split_cell(cell: str, region: str | None) -> list[str]:
    """Return the numbers in a cell of a file, as written. A cell with at most one number is returned as one text."""
    if len(_without_marks(cell)) <= _LONGEST_E164 and cell.isascii() and not any(map(cell.count, "/,;:|&\n\r")):
        return [cell]
    parts: list[str] = _readings().split(cell, region, _base)
    return parts


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
    """Return the runs of digits inside E.164 that a part of a number, as a person types it, may stand for.

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
    """Load the rules in advance, in a worker that will need them, so that its first rows do not wait."""
    _plans()
    _readings()
    _rules()


def _is_in_plan(e164: str) -> bool:
    """Return whether this is +1 and 10 digits whose area code and exchange both begin with 2 to 9."""
    digits = e164[2:]
    return (
        len(digits) == 10
        and e164[:2] == "+1"
        and min(digits[0], digits[3]) >= "2"
        and digits.isdecimal()
        and digits.isascii()
    )


def _without_marks(text: str) -> str:
    """Return a text without its separators, or "" if it is too long, not ASCII, or has decimals."""
    if len(text) > _LONGEST_PLAIN or not text.isascii() or ("." in text and _has_decimals(text)):
        return ""
    return text.replace("-", "").replace(" ", "").replace("(", "").replace(")", "").replace(".", "")


def _has_decimals(lines: str) -> bool:
    """Return whether a line ends with the decimals of a float, `.0` or `.00`."""
    point = lines.find(".")
    while point >= 0:
        if lines.startswith("0", point + 1) and not lines[point + 2 : point + 4].strip().strip("0"):
            rest = lines[point + 1 :].partition("\n")[0]
            if rest.strip() in {"0", "00"}:
                return True
        point = lines.find(".", point + 1)
    return False


def _all_without_marks(texts: tuple[str, ...]) -> list[str]:
    """Batch version of `_without_marks`, which takes a quarter of the time."""
    if len(texts) == 1:
        return [_without_marks(texts[0])]
    joined = "\n".join(texts)
    if not joined.isascii() or max(map(len, texts)) > _LONGEST_PLAIN or joined.count("\n") != len(texts) - 1:
        return [_without_marks(text) for text in texts]
    if _has_decimals(joined):
        return [_without_marks(text) for text in texts]
    joined = joined.replace("-", "").replace(" ", "").replace("(", "").replace(")", "").replace(".", "")
    return joined.split("\n")


def _in_use(digits: str, text: str, in_plan: bool) -> str | None:
    """Return E.164 for digits that are certainly a number in use with one reading and one form, or None if unsure.

    `text`: the digits with their separators. `in_plan`: the region belongs to the North American plan, so the country
    code may be missing.
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
        if length == len(text):
            number: str | None = _plans().in_use(digits[1:])
        elif "(" in text:
            return None
        else:
            number = _plans().in_use(digits[1:], _length_before_last_group(text, digits) if "-" in text else 0)
        return number
    return None


def _length_before_last_group(text: str, digits: str) -> int:
    """Return how many digits precede a last group that may be an extension (`+49 30 121702-12`), or 0.

    `digits`: the digits of the text, after a plus.
    """
    stem, _, last = text.rpartition("-")
    last = last.strip(" ()")
    return 0 if "-" in stem or len(last) > _LONGEST_EXTENSION else len(digits) - 1 - len(last)


def _classify_slowly(written: str, region: str | None) -> Readings:
    text = written.strip()
    if not text:
        return unreadable(forms.EMPTY)
    digits = _without_marks(text)
    plus = digits[:1] == "+"
    plain = digits[1:] if plus else digits
    result: Readings | None = None
    if not plain.isdecimal():
        result = _with_extension(text, region)
    elif len(plain) <= _LONGEST_E164 and "(0)" not in text:
        in_table = _in_plan(plain, region, plus)
        if in_table and not in_table.why:
            return _alone(in_table)
        stem = _before_last_group(text)
        if in_table and _is_part(stem):
            result = _alone(in_table)
        elif not stem or not (in_table or _stem_may_be_in_use(stem, region, plus)):
            result = _in_plans(plain, region, plus)
    return result or _all_readings(written, region)


def _before_last_group(text: str) -> str:
    """Return the part of a text before a last group that may be an extension (`030 121702-12`), or ""."""
    match = re.fullmatch(_LAST_GROUP, text, re.ASCII) if "-" in text else None
    return match[1] if match else ""


def _stem_may_be_in_use(stem: str, region: str | None, plus: bool) -> bool:
    in_use: bool = _plans().may_be_in_use(_without_marks(stem).lstrip("+"), region, plus=plus)
    return in_use


def _is_part(stem: str) -> bool:
    """Return whether a text without its last group is too short to be a number of the North American plan by itself."""
    return len(_without_marks(stem).lstrip("+").removeprefix("1")) < _SHORTEST_LOCAL


def _alone(reading: Reading) -> Readings:
    """Return the readings of a text that can only mean one number of the North American plan."""
    numbers = (reading.number,) if reading.number else ()
    listed = numbers if reading.possible else ()
    return Readings(listed, numbers, () if reading.why else numbers, reading.why, reading.warnings)


def _in_plans(plain: str, region: str | None, plus: bool) -> Readings | None:
    number = _plans().certain(plain, region, plus=plus)
    return forms.only(number) if number else None


def _all_readings(written: str, region: str | None) -> Readings:
    readings: Readings = _readings().classify(written, region, _base)
    return readings


def _base(text: str, region: str | None) -> Reading:
    """Read a text as one number, as the rules do but faster if it is plain."""
    digits = _without_marks(text)
    plus = digits[:1] == "+"
    plain = digits[1:] if plus else digits
    result: Reading | None = None
    if plain.isdecimal() and len(plain) <= _LONGEST_E164:
        result = _plans().classify(plain, region, plus=plus)
    return result or _rules().classify(text, region)


def _with_extension(text: str, region: str | None) -> Readings | None:
    match = re.fullmatch(_WITH_EXTENSION, text, re.ASCII)
    number = match and _in_use(_without_marks(match[1]), match[1], region in _PLAN_REGIONS)
    return forms.only(number, (forms.EXTENSION_DROPPED,)) if number else None


def _in_plan(digits: str, region: str | None, plus: bool) -> Reading | None:
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


def _ten_digits(digits: str) -> Reading | None:
    code, exchange = digits[:3], digits[3:6]
    if code[0] < "2" or exchange[0] < "2" or digits[:6] in _VARYING:
        return None
    if code in _IN_USE:
        return Reading(f"+1{digits}")
    region, exchanges = _partly(code)
    if exchange in exchanges:
        return Reading(f"+1{digits}")
    return forms.unknown_range(f"+1{digits}") if region or code in _UNUSED else None


@lru_cache(maxsize=1000)
def _partly(code: str) -> tuple[str, frozenset[str]]:
    """Return the region and the valid exchanges of an area code that is only partly in use; otherwise "" and none."""
    region, ranges = nanp.PARTLY.get(code, ("", ""))
    spans = (span.split("-") for span in ranges.split())
    return region, frozenset(str(exchange) for ends in spans for exchange in range(int(ends[0]), int(ends[-1]) + 1))


@lru_cache(maxsize=1)
def _plans() -> ModuleType:
    from dnc.phone import plans

    return plans


@lru_cache(maxsize=1)
def _readings() -> ModuleType:
    from dnc.phone import readings

    return readings


@lru_cache(maxsize=1)
def _renumbered() -> ModuleType:
    from dnc.phone import renumbered

    return renumbered


@lru_cache(maxsize=1)
def _rules() -> ModuleType:
    from dnc.phone import rules

    return rules
