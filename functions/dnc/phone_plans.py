"""Numbers of every country, plainly written, read against the patterns of phonenumbers, each compiled once.

`phonenumbers` looks for a number in any text; most of its time goes there. What is nothing but ASCII digits, perhaps
after a plus, needs none of that: only the steps of libphonenumber's `parse`, `isPossibleNumber` and `isValidNumber`
over the same metadata. Where a step leaves the common way (an international prefix, a short code, a leading 1 of
Mexico) nothing is decided here, and the caller asks `dnc.phone_rules`.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

from dnc import phone_forms
from dnc.phone_forms import Looked, Phone

_TYPES = (
    "premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail", "fixed_line",
    "mobile",
)  # fmt: skip
_NON_GEOGRAPHIC = "001"
_MEXICO = "52"
_CODES = {str(code): regions for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()}


Matcher = Callable[[str], re.Match[str] | None]


class Numbering:
    """How the numbers of one region are built: its metadata with the patterns compiled."""

    def __init__(self, region: str, code: str) -> None:
        """Take a region, and the country code for the numbers of no country, which share the region 001."""
        found: Any = PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
        self.region = region
        self.code = code
        self._general = found.general_desc.national_number_pattern or "(?!)"
        self.general = re.compile(self._general)
        self.lengths = found.general_desc.possible_length
        self.local_lengths = found.general_desc.possible_length_local_only
        self.abroad = re.compile(found.international_prefix or "(?!)")
        self.prefix = re.compile(found.national_prefix_for_parsing) if found.national_prefix_for_parsing else None
        self.transform = found.national_prefix_transform_rule
        self.leading = re.compile(found.leading_digits) if found.leading_digits is not None else None
        self._typed = [d for d in (getattr(found, kind) for kind in _TYPES) if d and d.national_number_pattern]
        self._held: dict[int, Matcher] = {}

    def wrong_length(self, digits: str) -> str:
        """Say what is wrong with the length of a national number; "" when it is a possible one."""
        length = len(digits)
        if length in self.local_lengths:
            return phone_forms.LOCAL
        if length in self.lengths:
            return ""
        if length < self.lengths[0]:
            return phone_forms.TOO_SHORT
        return phone_forms.TOO_LONG if length > self.lengths[-1] else phone_forms.WRONG_LENGTH

    def holds(self, digits: str) -> bool:
        """Tell whether a national number is of one of the region's types."""
        held = self._held.get(len(digits)) or self._compile(len(digits))
        return held(digits) is not None

    def _compile(self, length: int) -> "Matcher":
        described = [d for d in self._typed if not d.possible_length or length in d.possible_length]
        if self.lengths and length not in self.lengths:
            described = []
        types = "|".join(f"(?:{p})" for p in dict.fromkeys(d.national_number_pattern for d in described))
        held = self._held[length] = re.compile(f"(?=(?:{self._general})\\Z)(?:{types or '(?!)'})").fullmatch
        return held

    def without_prefix(self, digits: str) -> str:
        """Take off what is dialed before a national number inside the country, where it is one."""
        found = self.prefix.match(digits) if self.prefix and digits else None
        if not found:
            return digits
        if self.transform and found.groups()[-1] is not None:
            rest = found.re.sub(self.transform, digits, count=1)
        else:
            rest = digits[found.end() :]
        return digits if self.general.fullmatch(digits) and not self.general.fullmatch(rest) else rest


class CountryCode:
    """A country code with the regions that share it, the main one first."""

    def __init__(self, code: str) -> None:
        """Take a country code that is assigned."""
        self.code = code
        self.regions = _CODES[code]
        self.main = numbering(self.regions[0], code)
        self._others = tuple(numbering(region, code) for region in self.regions[1:])

    def is_valid(self, digits: str) -> bool:
        """Tell whether a national number is in use in the region that claims it."""
        if not self._others:
            return self.main.holds(digits)
        for region in (self.main, *self._others):
            if region.leading:
                if region.leading.match(digits):
                    return region.holds(digits)
            elif region.holds(digits):
                return True
        return False


@cache
def numbering(region: str, code: str) -> Numbering:
    """Give a region's numbering, compiled once."""
    return Numbering(region, code)


@cache
def country_code(code: str) -> CountryCode:
    """Give an assigned country code, compiled once."""
    return CountryCode(code)


def look(digits: str, region: str | None, *, plus: bool) -> Looked | None:
    """Read ASCII digits, written after a plus or else in a region, as `phone_rules.look` does; None: ask it."""
    read = _international(digits) if plus else _in_region(digits, region)
    if read is None:
        return None
    code, reading, national = read
    if reading.prefix and reading.prefix.match(national):
        stripped = reading.without_prefix(national)
        if reading.wrong_length(stripped) in _KEPT_WHEN_STRIPPED:
            national = stripped
    total = len(code.code) + len(national)
    if len(national) < 3 or total > 15 or (code.code == _MEXICO and len(national) != 10):
        return None
    e164 = f"+{code.code}{national}"
    if code.is_valid(national):
        return Phone(e164, True), ""
    where = region or code.main.region
    if _may_be_short(national, where, code):
        return None
    why = code.main.wrong_length(national)
    return phone_forms.impossible(e164, f"{why} for {where}") if why else phone_forms.unknown_range(e164)


_KEPT_WHEN_STRIPPED = frozenset(("", phone_forms.TOO_LONG))
_Read = tuple[CountryCode, Numbering, str]


def _international(digits: str) -> _Read | None:
    for length in (2, 3, 1):
        if digits[:length] in _CODES:
            code = country_code(digits[:length])
            return code, code.main, digits[length:]
    return None


def _in_region(digits: str, region: str | None) -> _Read | None:
    if region not in phonenumbers.SUPPORTED_REGIONS or len(digits) < 3:
        return None
    own = numbering(region, str(phonenumbers.country_code_for_region(region)))
    if own.abroad.match(digits):
        return None
    code = country_code(own.code)
    if digits.startswith(own.code):
        rest = own.without_prefix(digits[len(own.code) :])
        becomes_right = not own.general.fullmatch(digits) and own.general.fullmatch(rest)
        if becomes_right or own.wrong_length(digits) == phone_forms.TOO_LONG:
            return code, code.main, rest
    return code, own, digits


def _may_be_short(digits: str, where: str, code: CountryCode) -> bool:
    """Tell whether a number that is not valid could be an emergency number or a short code where it was written."""
    if where not in phonenumbers.SUPPORTED_REGIONS:
        return False
    short: Any = PhoneMetadata.short_metadata_for_region(where)
    if short is None:
        return False
    if short.emergency and re.fullmatch(short.emergency.national_number_pattern or "(?!)", digits):
        return True
    return where in code.regions and len(digits) in short.general_desc.possible_length
