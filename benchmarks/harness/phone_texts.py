"""Written numbers to try the readers of numbers on: seeded, so that a difference that is found can be found again.

`mixed` is the file that a call center uploads, by stated shares. `strange` is what nobody uploads: digits, marks and
letters thrown together around the places where the readers decide, for looking for differences.
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
"""A file for the region US: the share of each form, in percent."""
NEAR = ("MX", "GB", "IN", "PH", "HN", "CO", "BR", "DE", "FR", "CN", "SV", "GT")
"""Four fifths of the international numbers are of these countries, the rest of any."""

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
    found = (phonenumbers.example_number_for_type(region, kind) for region in regions for kind in kinds)
    return [number for number in found if number]


EXAMPLES = _examples(sorted(phonenumbers.SUPPORTED_REGIONS))
_NEAR_EXAMPLES = _examples(NEAR)


def mixed(count: int, seed: int = 1) -> list[str]:
    """Give as many written numbers, in the stated shares and a random order."""
    chance = random.Random(seed)
    forms = chance.choices(list(SHARES), list(SHARES.values()), k=count)
    return [_written(form, chance) for form in forms]


def _written(form: str, chance: random.Random) -> str:
    match form:
        case "international, E.164":
            return phonenumbers.format_number(_abroad(chance), PhoneNumberFormat.E164)
        case "international, with spaces":
            return phonenumbers.format_number(_abroad(chance), PhoneNumberFormat.INTERNATIONAL)
        case "too few or many digits":
            return "".join(chance.choices("23456789", k=chance.choice((8, 9, 11, 12))))
        case "empty or words":
            return chance.choice(("", " ", "unknown", "n/a", "none", "see notes"))
    area_code = chance.choice(_UNKNOWN if form == "unknown area code" else _IN_USE)
    exchange, line = chance.randrange(200, 1000), chance.randrange(10_000)
    return _NORTH_AMERICAN[form].format(area_code, exchange, f"{line:04}")


def _abroad(chance: random.Random) -> phonenumbers.PhoneNumber:
    """Give an example number of another country with its last four digits thrown anew."""
    while True:
        example = chance.choice(_NEAR_EXAMPLES if chance.random() < 0.8 else EXAMPLES)
        if example.country_code != 1:
            ends = str(example.national_number)
            ends = ends[:-4] + "".join(chance.choices("0123456789", k=len(ends[-4:])))
            return phonenumbers.PhoneNumber(
                country_code=example.country_code, national_number=int(ends),
                italian_leading_zero=example.italian_leading_zero,
                number_of_leading_zeros=example.number_of_leading_zeros,
            )  # fmt: skip


def strange(count: int, seed: int = 1) -> Iterator[tuple[str, str | None]]:
    """Give as many texts, each with a region, that lie where a reader of numbers might go wrong."""
    chance = random.Random(seed)
    supported = sorted(phonenumbers.SUPPORTED_REGIONS)
    makers = (_north_american, _digits, _mended, _mended, _jumble)
    for _ in range(count):
        text = chance.choice(makers)(chance)
        if chance.random() < 0.3:
            text = _marked(text, chance)
        yield text, chance.choice(REGIONS) if chance.random() < 0.7 else chance.choice(supported)


def _north_american(chance: random.Random) -> str:
    digits = f"{chance.randrange(200, 1000)}{chance.randrange(1000):03}{chance.randrange(10_000):04}"
    return (
        chance.choice(("", "", "1", "+1", "+1", "+11", "011", "00", "0111", "+"))
        + digits[: chance.choice((10,) * 9 + (7, 8, 9))]
    )


def _digits(chance: random.Random) -> str:
    return chance.choice(("", "+", "1", "+1", "0", "00", "+0")) + "".join(
        chance.choices("0123456789", k=chance.randint(0, 17))
    )


def _mended(chance: random.Random) -> str:
    """Give an example number of any country in some form, as it is or with digits changed, lost or doubled."""
    form = chance.choice(
        (PhoneNumberFormat.E164, PhoneNumberFormat.E164, PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL)
    )
    text = phonenumbers.format_number(chance.choice(EXAMPLES), form)
    for _ in range(chance.choice((0, 1, 1, 2, 4))):
        place = chance.randrange(1, len(text) + 1)
        text = (
            text[:place] + chance.choice(("", "0", "1", chance.choice("23456789"), text[place - 1])) + text[place + 1 :]
        )
    return text


def _jumble(chance: random.Random) -> str:
    return "".join(chance.choices("0123456789" * 3 + _MARKS + _SCRIPTS + "telphx", k=chance.randint(0, 20)))


def _marked(text: str, chance: random.Random) -> str:
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(text) + 1)
        text = text[:place] + chance.choice(" -.()" if chance.random() < 0.7 else _MARKS) + text[place:]
    return text
