"""Numbers of every country, plainly written, read against the patterns of phonenumbers, each compiled once.

`phonenumbers` looks for a number in any text; most of its time goes there. What is nothing but ASCII digits, perhaps
after a plus, needs none of that: only the steps of libphonenumber's `parse`, `isPossibleNumber` and `isValidNumber`
over the same metadata. Where a step leaves the common way (an international prefix, a short code, a leading 1 of
Mexico) nothing is decided here, and the caller asks `dnc.phone.rules`.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache, cached_property
from typing import Any

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

from dnc.phone import forms as phone_forms
from dnc.phone.forms import Looked, Phone

_TYPES = (
    "premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail", "fixed_line",
    "mobile",
)  # fmt: skip
_COMMON_TYPES = ("fixed_line", "mobile")
_MEXICO = "52"
Matcher = Callable[[str], re.Match[str] | None]
_CODES = {str(code): regions for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()}


class Numbering:
    """How the numbers of one region are built: its metadata with the patterns compiled."""

    def __init__(self, region: str, code: str) -> None:
        """Take a region, and the country code for the numbers of no country, which share the region 001."""
        found: Any = PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
        self._found = found
        self.region = region
        self.code = code
        self.lengths = self._found.general_desc.possible_length
        self.local_lengths = self._found.general_desc.possible_length_local_only
        self.transform = self._found.national_prefix_transform_rule
        self.prefix: str | None = self._found.national_prefix_for_parsing or None
        self.leading: str | None = self._found.leading_digits
        self._held: dict[int, re.Pattern[str]] = {}

    @cached_property
    def general(self) -> re.Pattern[str]:
        """What every national number of the region matches."""
        return re.compile(self._found.general_desc.national_number_pattern or "(?!)")

    @cached_property
    def abroad(self) -> re.Pattern[str]:
        """What is dialed before a number of another country."""
        return re.compile(self._found.international_prefix or "(?!)")

    @cached_property
    def before(self) -> re.Pattern[str]:
        """What is dialed before a national number inside the country."""
        return re.compile(self.prefix or "(?!)")

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
        held = self._held.get(len(digits))
        if not held:
            held = self._held[len(digits)] = re.compile(self.pattern(len(digits), _TYPES))
        return held.fullmatch(digits) is not None

    def pattern(self, length: int, types: Iterable[str]) -> str:
        """Give the pattern of the region's national numbers of some types and one length."""
        described = [d for d in (getattr(self._found, kind) for kind in types) if d and d.national_number_pattern]
        patterns = [d.national_number_pattern for d in described if length in (d.possible_length or (length,))]
        if not patterns or length not in (self.lengths or (length,)):
            return "(?!)"
        general = self._found.general_desc.national_number_pattern
        return f"(?=(?:{general})\\Z)(?:{'|'.join(f'(?:{p})' for p in dict.fromkeys(patterns))})"

    def without_prefix(self, digits: str) -> str:
        """Take off what is dialed before a national number inside the country, where it is one."""
        found = self.before.match(digits) if self.prefix and digits else None
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
        numberings = [numbering(region, code) for region in self.regions]
        self._commons: dict[int, Matcher] = {}
        # Whose numbers they are is asked only where more than one region could say so.
        self._claims = [(region, region.leading if len(numberings) > 1 else None) for region in numberings]

    def is_valid(self, digits: str) -> bool:
        """Tell whether a national number is in use in the region that claims it."""
        for region, leading in self._claims:
            if leading is None:
                if region.holds(digits):
                    return True
            elif re.match(leading, digits):
                return region.holds(digits)
        return False

    def common(self, length: int) -> Matcher:
        """Give, compiled once, what `_common` says."""
        held = self._commons.get(length)
        if not held:
            held = self._commons[length] = self._common(length)
        return held

    def _common(self, length: int) -> Matcher:
        """Give what matches the fixed and mobile numbers of a length that are in use and are read as they stand.

        Whatever else a region before the claiming one may hold, such a number is valid.
        """
        claimed = "(?!)"
        for region, leading in reversed(self._claims):
            held = region.pattern(length, _COMMON_TYPES)
            of_others = claimed
            claimed = f"(?:{held}|{of_others})"
            if leading:
                claimed = f"(?:(?={leading}){held}|(?!{leading}){of_others})"
        prefix = f"(?!(?:{self.main.prefix}))" if self.main.prefix else ""
        unsure = self.code == _MEXICO and length != 10
        return re.compile("(?!)" if unsure else f"{prefix}{claimed}").fullmatch


@cache
def numbering(region: str, code: str) -> Numbering:
    """Give a region's numbering, compiled once."""
    return Numbering(region, code)


@cache
def country_code(code: str) -> CountryCode:
    """Give an assigned country code, compiled once."""
    return CountryCode(code)


def in_use(digits: str) -> str | None:
    """Give E.164 of digits after a plus, when they are certainly a fixed or mobile number in use; else None."""
    if len(digits) > 15 or not digits.isdecimal():
        return None
    held = _COMMON.get((digits[:3], len(digits)))
    if held is None:
        read = _international(digits)
        length = len(read[2]) if read else 0
        held = _COMMON[digits[:3], len(digits)] = (len(digits) - length, read[0].common(length)) if read else _NOTHING
    return f"+{digits}" if held[1](digits[held[0] :]) else None


def look(digits: str, region: str | None, *, plus: bool) -> Looked | None:
    """Read ASCII digits, written after a plus or else in a region, as `phone_rules.look` does; None: ask it."""
    read = _international(digits) if plus else _in_region(digits, region)
    if read is None:
        return None
    code, reading, national = read
    if reading.prefix and reading.before.match(national):
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


_NOTHING = 0, re.compile("(?!)").fullmatch
_COMMON: dict[tuple[str, int], tuple[int, Matcher]] = {}
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
