"""The rules: every written form, as Google's libphonenumber (the package `phonenumbers`) reads it.

`dnc.phone.reader` decides only what provably has the same result here, and calls this module for the rest. It is
separate because loading `phonenumbers` takes longer than everything else that a check does.
"""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, ValidationResult, shortnumberinfo

from dnc.phone import forms
from dnc.phone.forms import Classified, Phone
from dnc.problems import InvalidNumber

# The cache of `re` is too small for the patterns of many regions, which would be compiled again for each number.
phonenumbers.enable_pattern_cache()

_E164 = re.compile(r"\+[1-9]\d{1,14}", re.ASCII)
_RFC_3966 = re.compile(r"tel:", re.IGNORECASE)
_EXTENSION = re.compile(
    r"(?:;ext=|[ \xa0,;]*(?:extension|extn|ext|xtn|x|#|~)[:.．]?)[ \xa0]*\d{1,15}#?$", re.IGNORECASE
)
_PUNCTUATION = frozenset(
    " \t\xa0\u00ad\u200b\u200e\u200f\u202a\u202c\u202f\u2060\u3000-‐‑‒–—―−ー－.．·/／()（）[]［］+＋⁓∼~～,;=:#"
)
_OLD_MEXICAN_MOBILE = re.compile(r"1\d{10}", re.ASCII)
_WHY_NOT_POSSIBLE = {
    ValidationResult.TOO_SHORT: forms.TOO_SHORT,
    ValidationResult.TOO_LONG: forms.TOO_LONG,
    ValidationResult.INVALID_LENGTH: forms.WRONG_LENGTH,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: forms.LOCAL,
    ValidationResult.INVALID_COUNTRY_CODE: "no country has this code",
}
_WHY_NOT_READ = {
    phonenumbers.NumberParseException.TOO_SHORT_AFTER_IDD: forms.TOO_SHORT,
    phonenumbers.NumberParseException.TOO_SHORT_NSN: forms.TOO_SHORT,
    phonenumbers.NumberParseException.TOO_LONG: forms.TOO_LONG,
}


def classify(written: str, region: str | None) -> Classified:
    """Read a number for a check: the number, if it has an E.164 form, and why it cannot be called, or "".

    A number of an impossible length is returned too. If it is on the list, the check must say so.
    """
    try:
        parsed = _parse(written, region)
    except InvalidNumber as refused:
        return None, refused.errors[0].message
    why = _why_not_possible(parsed, region)
    e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    if not _E164.fullmatch(e164):
        return None, why or forms.OVER_E164
    if why:
        return forms.impossible(e164, why)
    phone = _phone(parsed)
    return phone, "" if phone.valid else forms.NOT_IN_USE


def national(e164: str) -> str:
    """Return a number (E.164) in its country's national format, or unchanged if no rule knows it."""
    phone = _stored(e164)
    return phonenumbers.format_number(phone, PhoneNumberFormat.NATIONAL) if phone else e164


def region_of(e164: str) -> str | None:
    """Return the region (ISO 3166-1 alpha-2, or 001 if it belongs to no country) of a number (E.164)."""
    phone = _stored(e164)
    if phone is None or phone.country_code is None:
        return None
    region = phonenumbers.region_code_for_number(phone)
    if region is None:
        regions = phonenumbers.region_codes_for_country_code(phone.country_code)
        region = regions[0] if regions else None
    return region


def digits_and_trunk(written: str, region: str | None) -> tuple[str, str]:
    """Return the digits, of any script, in a text, and the trunk prefix of a region, or ""."""
    digits = phonenumbers.normalize_digits_only(written)
    return digits, (phonenumbers.ndd_prefix_for_region(region, True) if region and digits else None) or ""


def _parse(written: str, region: str | None) -> PhoneNumber:
    text = written.strip()
    if not text:
        raise InvalidNumber.of(forms.EMPTY)
    if len(text) > forms.MAX_WRITTEN:
        raise InvalidNumber.of(forms.TOO_LONG)
    _refuse_other_text(text)
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


def _refuse_other_text(text: str) -> None:
    # The parameters of RFC 3966 may contain letters (a context may be a domain); the number before them may not.
    number = text[4:].partition(";")[0] if _RFC_3966.match(text) else text
    without_extension = _EXTENSION.sub("", number)
    if any(c.isalpha() for c in without_extension.replace("ー", "")):
        raise InvalidNumber.of("letters are not accepted; write the digits that they stand for")
    if any(not c.isdecimal() and c not in _PUNCTUATION for c in without_extension):
        raise InvalidNumber.of("not a phone number: it contains characters that are not used in phone numbers")


def _why_not_possible(phone: PhoneNumber, region: str | None) -> str:
    result = phonenumbers.is_possible_number_with_reason(phone)
    where = region or (phonenumbers.region_code_for_country_code(phone.country_code) if phone.country_code else None)
    # A short code may be as long as a full number, so a valid number is never taken for one.
    if where and where in phonenumbers.SUPPORTED_REGIONS and not phonenumbers.is_valid_number(phone):
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
        warnings.append(forms.EXTENSION_DROPPED)
    if not valid:
        warnings.append(forms.RANGE_UNKNOWN)
    return Phone(phonenumbers.format_number(phone, PhoneNumberFormat.E164), valid, warnings=tuple(warnings))


@lru_cache(maxsize=1024)
def _stored(e164: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return None
