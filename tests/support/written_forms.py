"""The forms in which people, programs and spreadsheets write one phone number, and a sweep over all of them.

`python -m tests.support.written_forms [ROWS]` sweeps all regions and types, and prints what it found: wrong
`callable: true` (there must be none), unrelated numbers that were listed too, and forms that were refused. `make sweep`
does so for many numbers of each type.
"""

import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType
from phonenumbers.data import _ALT_NUMBER_FORMATS
from phonenumbers.phonemetadata import PhoneMetadata

from dnc.phone import reader as phone

ABROAD = ("US", "GB", "DE", "SG", "AU", "HK", "TH", "CO", "KR", "BR")
"""Regions with different international prefixes."""
CARRIERS = {"BR": ("", "15", "21", "31"), "CO": ("", "3", "5", "7", "9")}
"""Carrier codes that are dialed before a national number."""
WIDE = str.maketrans("0123456789+", "０１２３４５６７８９＋")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")

type Form = tuple[str, str | None]
"""A written number and the region in which it is read."""


def e164(number: PhoneNumber) -> str:
    """Return the number in E.164."""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def examples() -> Iterator[tuple[str, PhoneNumber]]:
    """Yield an example number of each region and type."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        seen = set()
        for kind in PhoneNumberType.values():
            number = phonenumbers.example_number_for_type(region, kind)
            if number and e164(number) not in seen:
                seen.add(e164(number))
                yield region, number


def neighbor(number: PhoneNumber, digits: str) -> PhoneNumber | None:
    """Return the number with its last digits replaced, or None if the result is not valid."""
    national = phonenumbers.national_significant_number(number)
    other = phonenumbers.parse(f"+{number.country_code}{national[: -len(digits)]}{digits}")
    return other if phonenumbers.is_valid_number(other) else None


def forms(number: PhoneNumber, region: str) -> Iterator[Form]:
    """Yield the forms of a number that people and programs write."""
    nsn = phonenumbers.national_significant_number(number)
    yield from ((text, region) for text in _international(number))
    yield from ((text, region) for text in _national(number, region))
    for other in ABROAD:
        text = phonenumbers.format_out_of_country_calling_number(number, other)
        yield text, other
        yield "".join(c for c in text if c.isdigit() or c == "+"), other
        yield f"00{number.country_code}{nsn}", other
        yield e164(number), other
    for older in phone.lookups(e164(number))[1:]:
        yield older, region
        yield phonenumbers.format_number(phonenumbers.parse(older), PhoneNumberFormat.INTERNATIONAL), region


def _international(number: PhoneNumber) -> Iterator[str]:
    plain, code = e164(number), number.country_code
    nsn = phonenumbers.national_significant_number(number)
    spaced = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    rest = spaced.removeprefix(f"+{code}").strip()
    yield from (plain, f"({plain})", f"\u202d{plain}\u202c", plain.translate(WIDE), f"{plain};ext=12")
    yield from (f"{plain}.0", f"{plain}.00", f"tel:{plain}", f"callto:{plain}")
    yield from (
        f"whatsapp:{plain}",
        f"whatsapp:{plain[1:]}",
        f"sip:{plain}@192.0.2.1;user=phone",
        f"sips:{plain}@x.org",
    )
    yield from (spaced, f"\ufeff{spaced}", *(spaced.replace(" ", mark) for mark in "-.\u2007"))
    yield from (spaced.replace("-", "\u2011"), f"{spaced} ext. 12", f"{spaced} x12", f"{spaced}/12")
    yield phonenumbers.format_number(number, PhoneNumberFormat.RFC3966)
    yield from (
        f"+{code} (0) {rest}",
        f"+{code} (0){rest}",
        f"+{code}(0){nsn}",
        f"{code}(0){nsn}",
        f"{code} (0) {rest}",
    )
    yield from (f"00{code}{nsn}", f"00 {code} {rest}", f"00 {code} (0) {rest}")


def _national(number: PhoneNumber, region: str) -> Iterator[str]:
    code = number.country_code
    nsn = phonenumbers.national_significant_number(number)
    spaced = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    digits = "".join(filter(str.isdigit, spaced))
    rest = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL).removeprefix(f"+{code}").strip()
    trunk = phonenumbers.ndd_prefix_for_region(region, True) or ""
    yield from (spaced, f" {spaced}\t", f"{spaced} ext. 12", *(spaced.replace(" ", mark) for mark in "-./\u2009"))
    yield from (spaced.replace("-", " "), f"{spaced.replace('-', ' ')}-12", f"{spaced.replace('/', ' ')}/12")
    yield from (digits, digits.translate(ARABIC), f"{digits}.0", f"tel:{digits}", f"sip:{digits}@example.com")
    yield from (nsn, f"{trunk}{nsn}", f"{nsn}.0", f"{nsn}.00", f"{code}{nsn}", f"{code} {rest}", f"{code}{nsn}.0")
    if not trunk and not nsn.startswith("0"):
        yield f"(0){nsn}"
        # If the leading zero makes another valid number, this form means that number instead.
        if not phonenumbers.is_valid_number(phonenumbers.parse(f"+{code}0{nsn}")):
            yield from (f"0{nsn}", f"+{code}0{nsn}")


def metadata_forms(number: PhoneNumber, region: str) -> Iterator[Form]:
    """Yield the forms in libphonenumber's metadata: all formats, and the digits dialed at home and abroad."""
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(number.country_code, region)
    formats = [*metadata.number_format, *metadata.intl_number_format]
    formats += _ALT_NUMBER_FORMATS.get(number.country_code, [])
    for one in formats:
        if one.format and one.format != "NA":
            yield phonenumbers.format_by_pattern(number, PhoneNumberFormat.NATIONAL, [one]), region
            yield phonenumbers.format_by_pattern(number, PhoneNumberFormat.INTERNATIONAL, [one]), region
    for where in (region, "GB" if region == "US" else "US"):
        yield phonenumbers.format_number_for_mobile_dialing(number, where, True) or e164(number), region
    for carrier in CARRIERS.get(region, ("",)):
        yield phonenumbers.format_national_number_with_carrier_code(number, carrier), region


class Wrong(NamedTuple):
    """A form that was listed, and another form of the same phone that a check wrongly called callable."""

    number: str
    listed: Form
    checked: Form


class Sweep:
    """Lists each form of a phone and checks every other form against it. Collects what went wrong."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.callable: list[Wrong] = []
        self.strangers: list[tuple[Form, tuple[str, ...]]] = []
        self.refused: list[tuple[Form, str]] = []

    def add(self, number: str, written: Iterable[Form]) -> None:
        """List each form of a phone (E.164) and check each other form."""
        own = set(phone.lookups(number))
        read = [(form, phone.classify(*form)) for form in dict.fromkeys(written)]
        checks = [(form, set(one.lookups)) for form, one in read if one.valid]
        listings: dict[frozenset[str], Form] = {}
        self.counts["forms"] += len(read)
        for form, one in read:
            if not one.numbers:
                self.refused.append((form, one.why))
                continue
            strangers = tuple(listed for listed in one.numbers if listed not in own)
            if strangers:
                self.strangers.append((form, strangers))
            listings.setdefault(frozenset(one.numbers), form)
        for listed, form in listings.items():
            self.counts["checks"] += len(checks)
            self.callable += [Wrong(number, form, other) for other, lookups in checks if listed.isdisjoint(lookups)]


def swept(numbers: Iterable[tuple[str, PhoneNumber]]) -> Sweep:
    """Sweep all forms of these numbers. Each comes with its region."""
    sweep = Sweep()
    for region, number in numbers:
        sweep.add(e164(number), chain(forms(number, region), metadata_forms(number, region)))
    return sweep


def many(each: int) -> Iterator[tuple[str, PhoneNumber]]:
    """Yield the example number of each region and type, and up to `each` neighbors with other last digits."""
    chance = random.Random(each)
    for region, number in examples():
        yield region, number
        others = (neighbor(number, f"{chance.randrange(10_000):04}") for _ in range(each))
        yield from ((region, other) for other in others if other)


def main(each: int) -> int:
    """Sweep, print what was found, and return 1 if a check wrongly said callable."""
    sweep = swept(many(each))
    print(f"{sweep.counts['forms']:,} forms and {sweep.counts['checks']:,} checks of them")
    print(f"{len(sweep.callable):,} wrong callable", *sweep.callable[:20], sep="\n  ")
    print(f"{len(sweep.strangers):,} forms that also list an unrelated number", *sweep.strangers[:5], sep="\n  ")
    print(f"{len(sweep.refused):,} forms that were refused", *sweep.refused[:5], sep="\n  ")
    return 1 if sweep.callable else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
