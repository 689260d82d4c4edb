"""Written numbers on which to try the number readers. They are seeded, so any difference can be reproduced.

`mixed` is a file as a call center uploads it, in stated shares. `strange` has texts that no one uploads: digits, marks
and letters combined around the points where the readers decide, to search for differences.
"""

import random
from collections.abc import Iterable, Iterator

import phonenumbers
from phonenumbers import PhoneNumberFormat

REGIONS = (
    None, "US", "CA", "JM", "PR", "GB", "MX", "AG", "BB", "DO", "SX", "IT", "DE", "BR", "AR", "FR", "IN", "AU", "KZ",
    "SJ", "us", "gb", "XX", "",
)  # fmt: skip
SHARES = {
    "(NXX) NXX-XXXX": 30, "NXX-NXX-XXXX": 15, "NXXNXXXXXX": 20, "+1NXXNXXXXXX": 12, "1NXXNXXXXXX": 5, "NXX.NXX.XXXX": 4,
    "+1 NXX-NXX-XXXX": 4, "international, E.164": 5, "international, with spaces": 2, "unknown area code": 1,
    "without an area code": 0.5, "too few or many digits": 0.5, "with an extension": 0.5, "empty or words": 0.5,
}  # fmt: skip
"""The share of each form in a file for the region US, in percent."""
NEAR = ("MX", "GB", "IN", "PH", "HN", "CO", "BR", "DE", "FR", "CN", "SV", "GT")
"""Four fifths of the international numbers are from these countries, the rest from any."""

_NORTH_AMERICAN = {
    "(NXX) NXX-XXXX": "({0}) {1}-{2}", "NXX-NXX-XXXX": "{0}-{1}-{2}", "NXXNXXXXXX": "{0}{1}{2}",
    "+1NXXNXXXXXX": "+1{0}{1}{2}", "1NXXNXXXXXX": "1{0}{1}{2}", "NXX.NXX.XXXX": "{0}.{1}.{2}",
    "+1 NXX-NXX-XXXX": "+1 {0}-{1}-{2}",
    "unknown area code": "({0}) {1}-{2}", "without an area code": "{1}-{2}", "with an extension": "({0}) {1}-{2} x12",
}  # fmt: skip
_IN_USE = [
    str(code) for code in range(201, 990) if phonenumbers.is_valid_number(phonenumbers.parse(f"+1{code}2340123"))
]
_UNKNOWN = sorted({str(code) for code in range(200, 1000)} - set(_IN_USE))
_MARKS = " -.()/+x#,;*=~:[]\t\xa0\u200b‐－（／"
_SCRIPTS = "٤५４o'lé"


def _examples(regions: Iterable[str]) -> list[phonenumbers.PhoneNumber]:
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
    numbers = (phonenumbers.example_number_for_type(region, kind) for region in regions for kind in kinds)
    return [number for number in numbers if number]


EXAMPLES = _examples(sorted(phonenumbers.SUPPORTED_REGIONS))
_NEAR_EXAMPLES = _examples(NEAR)


def mixed(count: int, seed: int = 1) -> list[str]:
    """Return `count` written numbers, in the stated shares and random order."""
    rng = random.Random(seed)
    forms = rng.choices(list(SHARES), list(SHARES.values()), k=count)
    return [_written(form, rng) for form in forms]


def _written(form: str, rng: random.Random) -> str:
    match form:
        case "international, E.164":
            return phonenumbers.format_number(_abroad(rng), PhoneNumberFormat.E164)
        case "international, with spaces":
            return phonenumbers.format_number(_abroad(rng), PhoneNumberFormat.INTERNATIONAL)
        case "too few or many digits":
            return "".join(rng.choices("23456789", k=rng.choice((8, 9, 11, 12))))
        case "empty or words":
            return rng.choice(("", " ", "unknown", "n/a", "none", "see notes"))
    area_code = rng.choice(_UNKNOWN if form == "unknown area code" else _IN_USE)
    exchange, line = rng.randrange(200, 1000), rng.randrange(10_000)
    return _NORTH_AMERICAN[form].format(area_code, exchange, f"{line:04}")


def _abroad(rng: random.Random) -> phonenumbers.PhoneNumber:
    """Return an example number of another country with four new random digits at the end."""
    while True:
        example = rng.choice(_NEAR_EXAMPLES if rng.random() < 0.8 else EXAMPLES)
        if example.country_code != 1:
            ends = str(example.national_number)
            ends = ends[:-4] + "".join(rng.choices("0123456789", k=len(ends[-4:])))
            return phonenumbers.PhoneNumber(
                country_code=example.country_code, national_number=int(ends),
                italian_leading_zero=example.italian_leading_zero,
                number_of_leading_zeros=example.number_of_leading_zeros,
            )  # fmt: skip


def strange(count: int, seed: int = 1) -> Iterator[tuple[str, str | None]]:
    """Yield `count` texts, each with a region, that a number reader might get wrong."""
    rng = random.Random(seed)
    supported = sorted(phonenumbers.SUPPORTED_REGIONS)
    generators = (_north_american, _digits, _altered, _altered, _jumble)
    for _ in range(count):
        text = rng.choice(generators)(rng)
        if rng.random() < 0.3:
            text = _marked(text, rng)
        yield text, rng.choice(REGIONS) if rng.random() < 0.7 else rng.choice(supported)


def _north_american(rng: random.Random) -> str:
    digits = f"{rng.randrange(200, 1000)}{rng.randrange(1000):03}{rng.randrange(10_000):04}"
    return (
        rng.choice(("", "", "1", "+1", "+1", "+11", "011", "00", "0111", "+"))
        + digits[: rng.choice((10,) * 9 + (7, 8, 9))]
    )


def _digits(rng: random.Random) -> str:
    return rng.choice(("", "+", "1", "+1", "0", "00", "+0")) + "".join(rng.choices("0123456789", k=rng.randint(0, 17)))


def _altered(rng: random.Random) -> str:
    """Return an example number of any country in some form, unchanged or with digits changed, dropped or doubled."""
    form = rng.choice(
        (PhoneNumberFormat.E164, PhoneNumberFormat.E164, PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL)
    )
    text = phonenumbers.format_number(rng.choice(EXAMPLES), form)
    for _ in range(rng.choice((0, 1, 1, 2, 4))):
        at = rng.randrange(1, len(text) + 1)
        text = text[:at] + rng.choice(("", "0", "1", rng.choice("23456789"), text[at - 1])) + text[at + 1 :]
    return text


def _jumble(rng: random.Random) -> str:
    return "".join(rng.choices("0123456789" * 3 + _MARKS + _SCRIPTS + "telphx", k=rng.randint(0, 20)))


def _marked(text: str, rng: random.Random) -> str:
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(" -.()" if rng.random() < 0.7 else _MARKS) + text[at:]
    return text
