"""Phone numbers: any written form to E.164, with exact refusals.

An add must not lose an opt-out, so it takes every *possible* number (the right length for its country). A check
calls a number callable only when it is also *valid* (its range is known to be in use).
The rules are those of Google's libphonenumber as carried by the package `phonenumbers`.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, ValidationResult, phonenumberutil, shortnumberinfo

from dnc.problems import InvalidNumber

MAX_WRITTEN = 250
_IN_PATH = re.compile(r"[ +]?([1-9]\d{1,14})", re.ASCII)
_RFC_3966 = re.compile(r"tel:", re.IGNORECASE)
_EXTENSION = re.compile(
    r"(?:;ext=|[ \xa0,;]*(?:extension|extn|ext|xtn|x|#|~)[:.．]?)[ \xa0]*\d{1,15}#?$", re.IGNORECASE
)
_PUNCTUATION = frozenset(
    " \t\xa0\u00ad\u200b\u200e\u200f\u202a\u202c\u202f\u2060\u3000-‐‑‒–—―−ー－.．·/／()（）[]［］+＋⁓∼~～,;=:#"
)
_OLD_MEXICAN_MOBILE = re.compile(r"1\d{10}", re.ASCII)
_WHY_NOT_POSSIBLE = {
    ValidationResult.TOO_SHORT: "too short",
    ValidationResult.TOO_LONG: "too long",
    ValidationResult.INVALID_LENGTH: "the wrong length",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "a local number without its area code",
    ValidationResult.INVALID_COUNTRY_CODE: "no country has this code",
}
_WHY_NOT_READ = {
    phonenumbers.NumberParseException.TOO_SHORT_AFTER_IDD: "too short",
    phonenumbers.NumberParseException.TOO_SHORT_NSN: "too short",
    phonenumbers.NumberParseException.TOO_LONG: "too long",
}


@dataclass(frozen=True, slots=True)
class Phone:
    """A number as it was read. `e164`: E.164; `valid`: its range is in use; `possible`: its length is right."""

    e164: str
    valid: bool
    possible: bool = True
    warnings: tuple[str, ...] = field(default=())


def known_region(region: str) -> bool:
    """Tell whether this is an ISO 3166-1 alpha-2 code of a region that has a numbering plan."""
    return region in phonenumbers.SUPPORTED_REGIONS


def read(written: str, region: str | None) -> Phone:
    """Read a number in any written form: national with `region` (ISO 3166-1 alpha-2), international, E.164, RFC 3966.

    Raises InvalidNumber, with why, for what is not a possible number, short codes, emergency numbers and letters.
    """
    phone = _parse(written, region)
    why = _why_not_possible(phone, region)
    if why:
        raise InvalidNumber.of(why)
    if not _IN_PATH.fullmatch(phonenumbers.format_number(phone, PhoneNumberFormat.E164)):
        raise InvalidNumber.of("too long for E.164, which ends at 15 digits")
    return _phone(phone)


def look(written: str, region: str | None) -> tuple[Phone | None, str]:
    """Read a number for a check: the number, if it has an E.164 form at all, and why it cannot be called, or "".

    A number of an impossible length is given too: were it on the list, the check must say so.
    """
    try:
        phone = _parse(written, region)
    except InvalidNumber as refused:
        return None, refused.errors[0].message
    why = _why_not_possible(phone, region)
    reads_back = _IN_PATH.fullmatch(phonenumbers.format_number(phone, PhoneNumberFormat.E164))
    if not reads_back:
        return None, why or "too long for E.164, which ends at 15 digits"
    if why:
        return Phone(f"+{reads_back[1]}", valid=False, possible=False), why
    looked = _phone(phone)
    return looked, "" if looked.valid else "not a number that is in use"


def from_path(written: str) -> str:
    """Give E.164 of the digits in a path, with or without the plus.

    Only the form is checked, so that no old entry becomes unreachable. Raises InvalidNumber.
    """
    match = _IN_PATH.fullmatch(written)
    if not match:
        raise InvalidNumber.of("must be 2 to 15 digits of E.164, with or without the plus")
    return f"+{match[1]}"


def national(e164: str) -> str:
    """Write a number (E.164) as people of its country do; as it is when no rule knows it."""
    phone = _stored(e164)
    return phonenumbers.format_number(phone, PhoneNumberFormat.NATIONAL) if phone else e164


def region_of(e164: str) -> str | None:
    """Give the region (ISO 3166-1 alpha-2, or 001 for numbers of no country) of a number (E.164)."""
    phone = _stored(e164)
    if phone is None or phone.country_code is None:
        return None
    region = phonenumbers.region_code_for_number(phone)
    if region is None:
        regions = phonenumbers.region_codes_for_country_code(phone.country_code)
        region = regions[0] if regions else None
    return region


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
    digits = phonenumbers.normalize_digits_only(written)
    if not digits:
        return ()
    if written.lstrip().startswith(("+", "＋")):
        return (f"+{digits}",)
    if digits.startswith("00") and len(digits) > 2:
        return (f"+{digits[2:]}", digits)
    trunk = phonenumberutil.ndd_prefix_for_region(region, True) if region else None
    if trunk and digits.startswith(trunk) and len(digits) > len(trunk):
        return (digits, digits[len(trunk) :])
    return (digits,)


def _parse(written: str, region: str | None) -> PhoneNumber:
    text = written.strip()
    if not text:
        raise InvalidNumber.of("empty")
    if len(text) > MAX_WRITTEN:
        raise InvalidNumber.of("too long")
    _refuse_what_is_no_number(text)
    try:
        phone = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as refused:
        if refused.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            if region is None and not text.startswith(("+", "＋")):
                raise InvalidNumber.of("a national number needs its region") from None
            raise InvalidNumber.of("no country has this code") from None
        raise InvalidNumber.of(_WHY_NOT_READ.get(refused.error_type, "not a phone number")) from None
    if phone.country_code == 52 and _OLD_MEXICAN_MOBILE.fullmatch(str(phone.national_number)):
        phone.national_number = int(str(phone.national_number)[1:])
    return phone


def _refuse_what_is_no_number(text: str) -> None:
    # The parameters of RFC 3966 may hold letters (a context may be a domain); the number before them may not.
    number = text[4:].partition(";")[0] if _RFC_3966.match(text) else text
    without_extension = _EXTENSION.sub("", number)
    if any(c.isalpha() for c in without_extension.replace("ー", "")):
        raise InvalidNumber.of("letters are not taken; write the digits they stand for")
    if any(not c.isdecimal() and c not in _PUNCTUATION for c in without_extension):
        raise InvalidNumber.of("not a phone number: it holds characters that no number is written with")


def _why_not_possible(phone: PhoneNumber, region: str | None) -> str:
    result = phonenumbers.is_possible_number_with_reason(phone)
    where = region or (phonenumbers.region_code_for_country_code(phone.country_code) if phone.country_code else None)
    # A short code of one country may be a full number's length in another: only what is not valid is taken for one.
    if where and known_region(where) and not phonenumbers.is_valid_number(phone):
        digits = phonenumbers.national_significant_number(phone)
        if shortnumberinfo.is_emergency_number(digits, where):
            return f"an emergency number of {where}"
        if shortnumberinfo.is_valid_short_number_for_region(phone, where):
            return f"a short code of {where}"
    if result == ValidationResult.IS_POSSIBLE or phonenumbers.is_valid_number(phone):
        return ""
    why = _WHY_NOT_POSSIBLE.get(result, "not a possible number")
    return f"{why} for {where}" if where and result != ValidationResult.INVALID_COUNTRY_CODE else why


def _phone(phone: PhoneNumber) -> Phone:
    valid = phonenumbers.is_valid_number(phone)
    warnings = []
    if phone.extension:
        warnings.append("the extension was dropped: a listed number is listed for all its extensions")
    if not valid:
        warnings.append("the number has a possible length but its range is not known to be in use")
    return Phone(phonenumbers.format_number(phone, PhoneNumberFormat.E164), valid, warnings=tuple(warnings))


@lru_cache(maxsize=1024)
def _stored(e164: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return None
