"""Plainly written numbers of every country, matched against the patterns of phonenumbers, each compiled once.

`phonenumbers` spends most of its time on finding a number in any kind of text. A text of ASCII digits, with or without
a plus, needs only the steps of libphonenumber's `parse`, `isPossibleNumber` and `isValidNumber`, with the same
metadata. Rare cases (an international prefix, a short code) are not decided here; the caller passes them to
`dnc.phone.rules`.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache, cached_property
from itertools import chain
from typing import Any

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

from dnc.phone import forms, renumbered
from dnc.phone.forms import Reading

_TYPES = (
    "premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail", "fixed_line",
    "mobile",
)  # fmt: skip
_COMMON_TYPES = ("fixed_line", "mobile")
Matcher = Callable[[str], re.Match[str] | None]
_CODES = {str(code): regions for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()}


class Numbering:
    """The numbering plan of one region: its metadata with the patterns compiled."""

    def __init__(self, region: str, code: str) -> None:
        """`code` tells apart the plans that belong to no country and share the region 001."""
        metadata: Any = PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
        self._metadata = metadata
        self.region = region
        self.code = code
        self.lengths = self._metadata.general_desc.possible_length
        self.local_lengths = self._metadata.general_desc.possible_length_local_only
        self.transform = self._metadata.national_prefix_transform_rule
        self.prefix: str | None = self._metadata.national_prefix_for_parsing or None
        self.trunk: str | None = self._metadata.national_prefix or None
        self.leading: str | None = self._metadata.leading_digits
        self._by_length: dict[int, re.Pattern[str]] = {}

    @cached_property
    def general(self) -> re.Pattern[str]:
        """The pattern that every national number of the region matches."""
        return re.compile(self._metadata.general_desc.national_number_pattern or "(?!)")

    @cached_property
    def abroad(self) -> re.Pattern[str]:
        """The pattern of the digits dialed before an international number."""
        return re.compile(self._metadata.international_prefix or "(?!)")

    @cached_property
    def before(self) -> re.Pattern[str]:
        """The pattern of the digits dialed before a national number inside the country."""
        return re.compile(self.prefix or "(?!)")

    def wrong_length(self, digits: str) -> str:
        """Return the problem with the length of a national number, or "" if it is possible."""
        length = len(digits)
        if length in self.local_lengths:
            return forms.LOCAL
        if length in self.lengths:
            return ""
        if length < self.lengths[0]:
            return forms.TOO_SHORT
        return forms.TOO_LONG if length > self.lengths[-1] else forms.WRONG_LENGTH

    def has(self, digits: str) -> bool:
        """Return whether a national number matches one of the region's types of number."""
        pattern = self._by_length.get(len(digits))
        if not pattern:
            pattern = self._by_length[len(digits)] = re.compile(self.pattern(len(digits), _TYPES))
        return pattern.fullmatch(digits) is not None

    def pattern(self, length: int, types: Iterable[str]) -> str:
        """Return the pattern of the region's national numbers that have one of these types and this length."""
        descriptions = [d for d in (getattr(self._metadata, kind) for kind in types) if d and d.national_number_pattern]
        patterns = [d.national_number_pattern for d in descriptions if length in (d.possible_length or (length,))]
        if not patterns or length not in (self.lengths or (length,)):
            return "(?!)"
        general = self._metadata.general_desc.national_number_pattern
        return f"(?=(?:{general})\\Z)(?:{'|'.join(f'(?:{p})' for p in dict.fromkeys(patterns))})"

    def without_prefix(self, digits: str) -> str:
        """Return a national number without its trunk prefix, if it has one."""
        match = self.before.match(digits) if self.prefix and digits else None
        if not match:
            return digits
        if self.transform and match.groups()[-1] is not None:
            rest = match.re.sub(self.transform, digits, count=1)
        else:
            rest = digits[match.end() :]
        return digits if self.general.fullmatch(digits) and not self.general.fullmatch(rest) else rest


class CountryCode:
    """A country code with the regions that share it, the main one first."""

    def __init__(self, code: str) -> None:
        """`code` must be assigned."""
        self.code = code
        self.regions = _CODES[code]
        self.main = numbering(self.regions[0], code)
        numberings = [numbering(region, code) for region in self.regions]
        self._commons: dict[int, Matcher] = {}
        other_forms = renumbered.pattern(code)
        self.other_forms = re.compile(other_forms) if other_forms else None
        # How long a national number may be. An older form may have any length.
        self.lengths = frozenset(range(16) if other_forms else chain(*(one.lengths for one in numberings)))
        # Leading digits say which region a number belongs to. They matter only if several regions share the code.
        self._claims = [(region, region.leading if len(numberings) > 1 else None) for region in numberings]

    def is_valid(self, digits: str) -> bool:
        """Return whether a national number is in use in the region that it belongs to."""
        for region, leading in self._claims:
            if leading is None:
                if region.has(digits):
                    return True
            elif re.match(leading, digits):
                return region.has(digits)
        return False

    def common(self, length: int) -> Matcher:
        """Return the result of `_common`, compiled once."""
        matcher = self._commons.get(length)
        if not matcher:
            matcher = self._commons[length] = self._common(length)
        return matcher

    def _common(self, length: int) -> Matcher:
        """Return a matcher for fixed and mobile numbers of this length that are in use and have only this form."""
        pattern = "(?!)"
        for region, leading in reversed(self._claims):
            own = region.pattern(length, _COMMON_TYPES)
            others = pattern
            pattern = f"(?:{own}|{others})"
            if leading:
                pattern = f"(?:(?={leading}){own}|(?!{leading}){others})"
        prefix = f"(?!(?:{self.main.prefix}))" if self.main.prefix else ""
        single = f"(?!{self.other_forms.pattern})" if self.other_forms else ""
        return re.compile(f"{single}{prefix}{pattern}").fullmatch


@cache
def numbering(region: str, code: str) -> Numbering:
    """Return a region's numbering plan, compiled once."""
    return Numbering(region, code)


@cache
def country_code(code: str) -> CountryCode:
    """Return an assigned country code, compiled once."""
    return CountryCode(code)


def in_use(digits: str, stem: int = 0) -> str | None:
    """Return E.164 for digits after a plus that are certainly a fixed or mobile number with one form, or None.

    `stem`: how many of the digits may be a number by themselves, because the rest may be an extension.
    """
    if len(digits) > 15 or not digits.isdecimal():
        return None
    known = _COMMON.get((digits[:3], len(digits)))
    if known is None:
        found = _international(digits)
        length = len(found[2]) if found else 0
        known = (len(digits) - length, found[0].common(length), found[0].lengths) if found else _NOTHING
        _COMMON[digits[:3], len(digits)] = known
    if stem and stem - known[0] in known[2]:
        return None
    return f"+{digits}" if known[1](digits[known[0] :]) else None


def parts(digits: str) -> tuple[str, str] | None:
    """Return the country code and the national digits of E.164 without its plus, or None if no country has the code."""
    found = _international(digits)
    return (found[0].code, found[2]) if found else None


def certain(digits: str, region: str | None, *, plus: bool) -> str | None:
    """Return E.164 for ASCII digits, after a plus or in a region, if they are in use and have one reading, or None."""
    own = None if plus else _own(region)
    if own and digits.startswith(("00", own.code)):
        return None
    found = _significant(_international(digits) if plus else _in_region(digits, own))
    if found is None:
        return None
    code, national = found
    single = code.is_valid(national) and not (code.other_forms and code.other_forms.match(national))
    return f"+{code.code}{national}" if single else None


def may_be_in_use(digits: str, region: str | None, *, plus: bool) -> bool:
    """Return whether ASCII digits, after a plus or in a region, are in use, or may be in some reading or form."""
    own = None if plus else _own(region)
    if own and digits.startswith(("00", own.code)):
        return True
    found = _significant(_international(digits) if plus else _in_region(digits, own))
    if found is None:
        return len(digits) >= _SHORTEST_IN_USE
    code, national = found
    return (
        code.is_valid(national)
        or national.startswith("0")
        or bool(code.other_forms and code.other_forms.match(national))
    )


def classify(digits: str, region: str | None, *, plus: bool) -> Reading | None:
    """Read ASCII digits, after a plus or in a region, as `rules.classify` does. Return None if that must decide."""
    found = _significant(_international(digits) if plus else _in_region(digits, _own(region)))
    if found is None:
        return None
    code, national = found
    number = f"+{code.code}{national}"
    if code.is_valid(national):
        return Reading(number)
    where = region if region in code.regions else code.main.region
    if _may_be_short(national, where, code):
        return None
    why = code.main.wrong_length(national)
    if not why:
        return forms.unknown_range(number)
    country = where if where in phonenumbers.SUPPORTED_REGIONS else f"+{code.code}"
    return forms.impossible(number, f"{why} for {country}")


_SHORTEST_IN_USE = 3
_NOTHING: tuple[int, Matcher, frozenset[int]] = 0, re.compile("(?!)").fullmatch, frozenset()
_COMMON: dict[tuple[str, int], tuple[int, Matcher, frozenset[int]]] = {}
_RIGHT_WITHOUT_PREFIX = frozenset(("", forms.TOO_LONG))
_Parts = tuple[CountryCode, Numbering, str]


def _significant(found: _Parts | None) -> tuple[CountryCode, str] | None:
    """Return the country code and the national digits without a trunk prefix, or None if `rules` must decide."""
    if found is None:
        return None
    code, plan, national = found
    if plan.prefix and plan.before.match(national):
        stripped = plan.without_prefix(national)
        if plan.wrong_length(stripped) in _RIGHT_WITHOUT_PREFIX:
            national = stripped
    return None if len(national) < 3 or len(code.code) + len(national) > 15 else (code, national)


def _international(digits: str) -> _Parts | None:
    for length in (2, 3, 1):
        if digits[:length] in _CODES:
            code = country_code(digits[:length])
            return code, code.main, digits[length:]
    return None


@cache
def _own(region: str | None) -> Numbering | None:
    """Return the numbering plan of a region, or None if it has none."""
    code = phonenumbers.country_code_for_region(region) if region in phonenumbers.SUPPORTED_REGIONS else None
    return numbering(region, str(code)) if region and code else None


def _in_region(digits: str, own: Numbering | None) -> _Parts | None:
    if own is None or len(digits) < 3 or own.abroad.match(digits):
        return None
    code = country_code(own.code)
    if digits.startswith(own.code):
        rest = own.without_prefix(digits[len(own.code) :])
        becomes_right = not own.general.fullmatch(digits) and own.general.fullmatch(rest)
        if becomes_right or own.wrong_length(digits) == forms.TOO_LONG:
            return code, code.main, rest
    return code, own, digits


def _may_be_short(digits: str, where: str, code: CountryCode) -> bool:
    """Return whether a number that is not valid may be an emergency number or a short code of its region."""
    if where not in phonenumbers.SUPPORTED_REGIONS:
        return False
    short: Any = PhoneMetadata.short_metadata_for_region(where)
    if short is None:
        return False
    if short.emergency and re.fullmatch(short.emergency.national_number_pattern or "(?!)", digits):
        return True
    return where in code.regions and len(digits) in short.general_desc.possible_length
