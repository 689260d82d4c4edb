"""The rules themselves: every written form, as Google's libphonenumber reads it (the package `phonenumbers`).

`dnc.phone.reader` answers what it can prove that these would answer, and asks them for the rest. Apart from it, because
loading `phonenumbers` takes longer than everything else that a check does.
"""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, ValidationResult, shortnumberinfo

from dnc.phone import forms as phone_forms
from dnc.phone.forms import Looked, Phone
from dnc.problems import InvalidNumber

# Of more regions than the cache of `re` has room for, the patterns would be compiled again for each number.
phonenumbers.enable_pattern_cache()

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
    ValidationResult.TOO_SHORT: phone_forms.TOO_SHORT,
    ValidationResult.TOO_LONG: phone_forms.TOO_LONG,
    ValidationResult.INVALID_LENGTH: phone_forms.WRONG_LENGTH,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: phone_forms.LOCAL,
    ValidationResult.INVALID_COUNTRY_CODE: "no country has this code",
}
_WHY_NOT_READ = {
    phonenumbers.NumberParseException.TOO_SHORT_AFTER_IDD: phone_forms.TOO_SHORT,
    phonenumbers.NumberParseException.TOO_SHORT_NSN: phone_forms.TOO_SHORT,
    phonenumbers.NumberParseException.TOO_LONG: phone_forms.TOO_LONG,
}


def look(written: str, region: str | None) -> Looked:
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
        return None, why or phone_forms.OVER_E164
    if why:
        return phone_forms.impossible(f"+{reads_back[1]}", why)
    looked = _phone(phone)
    return looked, "" if looked.valid else phone_forms.NOT_IN_USE


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


def digits_and_trunk(written: str, region: str | None) -> tuple[str, str]:
    """Give the digits, of any script, in a text, and the trunk prefix of a region, or ""."""
    digits = phonenumbers.normalize_digits_only(written)
    return digits, (phonenumbers.ndd_prefix_for_region(region, True) if region and digits else None) or ""


def _parse(written: str, region: str | None) -> PhoneNumber:
    text = written.strip()
    if not text:
        raise InvalidNumber.of(phone_forms.EMPTY)
    if len(text) > phone_forms.MAX_WRITTEN:
        raise InvalidNumber.of(phone_forms.TOO_LONG)
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
        warnings.append(phone_forms.EXTENSION_DROPPED)
    if not valid:
        warnings.append(phone_forms.RANGE_UNKNOWN)
    return Phone(phonenumbers.format_number(phone, PhoneNumberFormat.E164), valid, warnings=tuple(warnings))


@lru_cache(maxsize=1024)
def _stored(e164: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return None
