"""Reads any written form by the rules of Google's libphonenumber (the package `phonenumbers`).

`dnc.phone.reader` reads a text itself only if the result is provably the same, and calls this module for the rest. The
two are separate because loading `phonenumbers` takes longer than everything else that a check does.
"""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, ValidationResult, shortnumberinfo

from dnc.phone import forms
from dnc.phone.forms import Reading

# The cache of `re` is too small for the patterns of many regions: they would be compiled again for each number.
phonenumbers.enable_pattern_cache()

_E164 = re.compile(r"\+[1-9]\d{1,14}", re.ASCII)
_RFC_3966 = re.compile(r"tel:", re.IGNORECASE)
_EXTENSION = re.compile(r"(?:;ext=|[ ,;]*(?:extension|extn|ext|xtn|x|#|~)[:.]?) *\d{1,15}#?$", re.IGNORECASE)
_PUNCTUATION = frozenset(" \t-./()[]+~,;=:#")
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


@lru_cache(maxsize=1024)  # files repeat text that is not a number: `12345`, `n/a`
def classify(written: str, region: str | None) -> Reading:
    """Read a text as one number: national with `region` (ISO 3166-1 alpha-2), international, E.164 or RFC 3966.

    A number of an impossible length is returned as well, because a check must say so if it is listed.
    """
    text = written.strip()
    refused = _why_not_a_number(text)
    if refused:
        return forms.refused(refused)
    try:
        phone = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as failed:
        return forms.refused(_why_not_read(failed, text, region))
    why = _why_not_possible(phone, region)
    number = phonenumbers.format_number(phone, PhoneNumberFormat.E164)
    if not _E164.fullmatch(number):
        return forms.refused(why or forms.OVER_E164)
    if why:
        return forms.impossible(number, why)
    warnings = (forms.EXTENSION_DROPPED,) if phone.extension else ()
    if phonenumbers.is_valid_number(phone):
        return Reading(number, warnings=warnings)
    return Reading(number, forms.NOT_IN_USE, warnings=(*warnings, forms.RANGE_UNKNOWN))


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
    """Return the digits in a text, which may be of any script, and the trunk prefix of a region or ""."""
    digits = phonenumbers.normalize_digits_only(written)
    return digits, (phonenumbers.ndd_prefix_for_region(region, True) if region and digits else None) or ""


def _why_not_a_number(text: str) -> str:
    if not text:
        return forms.EMPTY
    if len(text) > forms.MAX_WRITTEN:
        return forms.TOO_LONG
    # The parameters of RFC 3966 may contain letters (a context may be a domain); the number before them may not.
    number = text[4:].partition(";")[0] if _RFC_3966.match(text) else text
    without_extension = _EXTENSION.sub("", number)
    if any(map(str.isalpha, without_extension)):
        return forms.LETTERS
    if any(not c.isdecimal() and c not in _PUNCTUATION for c in without_extension):
        return "not a phone number: it contains characters that are not used in phone numbers"
    return ""


def _why_not_read(failed: phonenumbers.NumberParseException, text: str, region: str | None) -> str:
    if failed.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
        return "no country has this code" if region or text.startswith("+") else "a national number needs its region"
    return _WHY_NOT_READ.get(failed.error_type, "not a phone number")


def _why_not_possible(phone: PhoneNumber, region: str | None) -> str:
    if phonenumbers.is_valid_number(phone):
        return ""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(phone.country_code or 0, ())
    where = region if region in regions else next(iter(regions), None)
    # A short code may be as long as a full number, so a valid number is never treated as one.
    if where in phonenumbers.SUPPORTED_REGIONS:
        digits = phonenumbers.national_significant_number(phone)
        if shortnumberinfo.is_emergency_number(digits, where):
            return f"an emergency number of {where}"
        if shortnumberinfo.is_valid_short_number_for_region(phone, where):
            return f"a short code of {where}"
    result = phonenumbers.is_possible_number_with_reason(phone)
    if result == ValidationResult.IS_POSSIBLE:
        return ""
    why = _WHY_NOT_POSSIBLE.get(result, "not a possible number")
    if not where:
        return why
    country = where if where in phonenumbers.SUPPORTED_REGIONS else f"+{phone.country_code}"
    return f"{why} for {country}"


@lru_cache(maxsize=1024)
def _stored(e164: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return None
