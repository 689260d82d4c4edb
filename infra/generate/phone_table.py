"""Generate `functions/dnc/phone/nanp.py`: phonenumbers' metadata about the North American plan, as a small table.

Nothing here is sampled. The metadata's patterns are expanded into sets of digits, so each statement of the table holds
for every number of an area code. If the metadata does not have the form that `dnc.phone.reader` relies on, generation
stops with an error that names the cause. So an upgrade of phonenumbers with such metadata fails `make check` until
someone has reviewed it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from re import _parser as patterns  # type: ignore[attr-defined]
from textwrap import fill
from typing import Any, NamedTuple

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

FILE = Path(__file__).parents[2] / "functions" / "dnc" / "phone" / "nanp.py"
CALLING_CODE = 1
TYPES = (
    "premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail", "fixed_line",
    "mobile",
)  # fmt: skip
_ALL_DIGITS = frozenset("0123456789")
_AREA_CODES = [str(code) for code in range(200, 1000)]
_ALL_EXCHANGES = (1 << 1000) - (1 << 200)  # bits 200 to 999: the exchanges [2-9]XX
_LOCAL_PREFIX = re.compile(r"\((?:\[[\d-]+\]|\d)\\d\{6\}\)\$\|1")

Box = tuple[frozenset[str], ...]
Exchanges = dict[str, int]  # area code to the bits of its exchanges


class UnexpectedMetadata(Exception):
    """The metadata contains something that the table cannot express. Adapt `dnc.phone.reader` before continuing."""


class Region(NamedTuple):
    """One region of the plan.

    `valid`: where every number is valid; `varies`: where the line number decides; `leading`: what belongs to the
    region by its first digits, or None if exactly the valid numbers do.
    """

    name: str
    valid: Exchanges
    varies: Exchanges
    leading: Exchanges | None


def boxes(pattern: str) -> Iterator[Box]:
    """Yield the strings that a pattern of digits matches, as boxes: for each position, the digits it may have."""
    yield from _sequence(list(patterns.parse(pattern)))


def _sequence(parsed: list[Any]) -> Iterator[Box]:
    for parts in product(*(list(_part(op, argument)) for op, argument in parsed)):
        yield tuple(digits for part in parts for digits in part)


def _part(op: Any, argument: Any) -> Iterator[Box]:
    match str(op):
        case "LITERAL":
            yield (frozenset(chr(argument)),)
        case "IN":
            yield (frozenset().union(*(_digits(*member) for member in argument)),)
        case "SUBPATTERN":
            yield from _sequence(list(argument[3]))
        case "BRANCH":
            for branch in argument[1]:
                yield from _sequence(list(branch))
        case "MAX_REPEAT":
            least, most, repeated = argument
            for times in range(least, most + 1):
                yield from _sequence(list(repeated) * times)
        case _:
            raise UnexpectedMetadata(f"a pattern contains {op}")


def _digits(op: Any, argument: Any) -> frozenset[str]:
    match str(op):
        case "LITERAL":
            return frozenset(chr(argument))
        case "RANGE":
            return frozenset(chr(code) for code in range(argument[0], argument[1] + 1))
        case "CATEGORY" if str(argument) == "CATEGORY_DIGIT":
            return _ALL_DIGITS
        case _:
            raise UnexpectedMetadata(f"a set of digits contains {op} {argument}")


def exchanges(matched: Iterable[Box]) -> tuple[Exchanges, Exchanges]:
    """Return the exchanges of each area code that boxes of 10 digits cover: with every line number, and with some."""
    every: Exchanges = defaultdict(int)
    some: Exchanges = defaultdict(int)
    for box in matched:
        if len(box) != 10:
            continue
        covered = every if all(digits == _ALL_DIGITS for digits in box[6:]) else some
        bits = sum(1 << int("".join(exchange)) for exchange in product(*box[3:6]))
        for area_code in product(*box[:3]):
            covered["".join(area_code)] |= bits
    return every, defaultdict(int, {code: bits & ~every[code] for code, bits in some.items()})


def _metadata(name: str) -> Any:
    return PhoneMetadata.metadata_for_region(name)


def _boxes_of(description: Any) -> list[Box]:
    if description is None or not description.national_number_pattern:
        return []
    lengths = description.possible_length
    return [box for box in boxes(description.national_number_pattern) if not lengths or len(box) in lengths]


def _region(name: str) -> Region:
    metadata = _metadata(name)
    general = _boxes_of(metadata.general_desc)
    typed = [box for kind in TYPES for box in _boxes_of(getattr(metadata, kind))]
    unexpected = {len(box) for box in typed} - {7, 10}
    if unexpected:
        raise UnexpectedMetadata(f"{name} has numbers of {unexpected} digits")
    (general_every, general_some), (typed_every, typed_some) = exchanges(general), exchanges(typed)
    if any(general_some.values()):
        raise UnexpectedMetadata(f"{name} has a general pattern that depends on the last four digits")
    valid = {code: general_every[code] & typed_every[code] & _ALL_EXCHANGES for code in _AREA_CODES}
    varies = {code: general_every[code] & typed_some[code] & _ALL_EXCHANGES for code in _AREA_CODES}
    leading = None
    if metadata.leading_digits is not None:
        leading, _ = exchanges((box + (_ALL_DIGITS,) * 10)[:10] for box in boxes(metadata.leading_digits))
    elif any(varies.values()):
        raise UnexpectedMetadata(f"which region has a number of {name} depends on its last four digits")
    return Region(name, valid, varies, leading)


def _claims(regions: list[Region], area_code: str) -> tuple[str, int, int] | None:
    """Return the region of an area code's numbers, and the bits of its valid and of its varying exchanges.

    None if the region is not the same for all of them.
    """
    left, valid, varies, claimed = _ALL_EXCHANGES, 0, 0, set()
    for region in regions:
        claim = left & (region.valid if region.leading is None else region.leading).get(area_code, 0)
        if claim:
            claimed.add(region.name)
        valid |= claim & region.valid[area_code]
        varies |= claim & region.varies[area_code]
        left &= ~claim
    if left:
        claimed.add(regions[0].name)  # a number of no region is attributed to the plan's main one
    return (claimed.pop(), valid, varies) if len(claimed) == 1 else None


def _check_short_numbers() -> None:
    for name in phonenumbers.SUPPORTED_REGIONS:
        short: Any = PhoneMetadata.short_metadata_for_region(name)
        if short is None:
            continue
        emergency = short.emergency.national_number_pattern if short.emergency else None
        if emergency and patterns.parse(emergency).getwidth()[1] >= 7:
            raise UnexpectedMetadata(f"{name} has emergency numbers of 7 digits or more")
        if (
            name in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[CALLING_CODE]
            and max(short.general_desc.possible_length) >= 7
        ):
            raise UnexpectedMetadata(f"{name} has short codes of 7 digits or more")


def _dialing(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the regions that read 10 digits unchanged, and those among them that read 7 digits unchanged too."""
    ten, seven = [], []
    for name in names:
        metadata = _metadata(name)
        lengths = metadata.general_desc.possible_length, metadata.general_desc.possible_length_local_only
        if metadata.international_prefix != "011" or lengths not in {((10,), (7,)), ((7, 10), ())}:
            raise UnexpectedMetadata(f"{name} has another dialing prefix or other lengths")
        if metadata.national_prefix_for_parsing == "1" and metadata.national_prefix_transform_rule is None:
            ten.append(name)
            seven.append(name)
        elif _LOCAL_PREFIX.fullmatch(metadata.national_prefix_for_parsing):
            ten.append(name)
        else:
            raise UnexpectedMetadata(f"{name} has the national prefix {metadata.national_prefix_for_parsing}")
        if phonenumbers.ndd_prefix_for_region(name, True) != "1":
            raise UnexpectedMetadata(f"{name} has a trunk prefix other than 1")
    return ten, seven


def _national_form(main: str) -> str:
    ten = r"(\d{3})(\d{3})(\d{4})"
    forms = [form for form in _metadata(main).number_format if form.pattern == ten]
    if [f.leading_digits_pattern for f in forms] != [["[2-9]"]] or forms[0].national_prefix_formatting_rule:
        raise UnexpectedMetadata("national numbers do not all have one format")
    return re.sub(r"\\(\d)", lambda group: f"{{{int(group[1]) - 1}}}", forms[0].format)


def _first_digits_of_whole_sevens(names: Iterable[str]) -> set[str]:
    descriptions = (getattr(_metadata(name), kind) for name in names for kind in TYPES)
    return {digit for d in descriptions for box in _boxes_of(d) if len(box) == 7 for digit in box[0]}


def written() -> str:
    """Return the text of the table."""
    names = list(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[CALLING_CODE])
    regions = [_region(name) for name in names]
    _check_short_numbers()
    in_use: dict[str, list[str]] = defaultdict(list)
    unused: dict[str, list[str]] = defaultdict(list)
    partly: dict[str, tuple[str, list[str]]] = {}
    varying: list[str] = []
    for area_code in _AREA_CODES:
        claims = _claims(regions, area_code)
        if claims is None:
            continue
        name, valid, varies = claims
        varying += [f"{area_code}{exchange}" for exchange in range(200, 1000) if varies >> exchange & 1]
        if valid == _ALL_EXCHANGES:
            in_use[name].append(area_code)
        elif not valid | varies:
            unused[name].append(area_code)
        else:
            partly[area_code] = name, _ranges(valid)
    ten, seven = _dialing(names)
    wholes = _first_digits_of_whole_sevens(names)
    values: dict[str, str] = {
        "REGIONS": _words(sorted(phonenumbers.SUPPORTED_REGIONS)),
        "PLAN_REGIONS": _words(ten),
        "PLAIN_REGIONS": _words(seven),
        "LOCAL_FIRST": _words(["".join(digit for digit in "23456789" if digit not in wholes)]),
        "NATIONAL": _words([_national_form(names[0])]),
        "IN_USE": _table({name: _words(codes) for name, codes in in_use.items()}),
        "UNUSED": _table({name: _words(codes) for name, codes in unused.items()}),
        "PARTLY": _table({code: f'("{name}", {_words(ranges)})' for code, (name, ranges) in partly.items()}),
        "VARYING": _words(varying),
    }
    return _HEAD + "\n".join(f'{name} = {values[name]}\n"""{meaning}"""\n' for name, meaning in _MEANINGS.items())


_HEAD = f'''"""The North American numbering plan, from the metadata of phonenumbers {phonenumbers.__version__}.

Generated by infra/generate/phone_table.py: do not edit. `make docs` rewrites it; `make check` fails if it is stale.
"""

# fmt: off
'''
_MEANINGS = {
    "REGIONS": "Every region (ISO 3166-1 alpha-2) that has a numbering plan.",
    "PLAN_REGIONS": "The regions of country code 1 in which 10 digits, with or without a leading 1, are one number.",
    "PLAIN_REGIONS": "The regions among these that do not complete 7 digits with their own area code.",
    "LOCAL_FIRST": "First digits that make 7 digits a local number, never a complete one.",
    "NATIONAL": "The national format of 10 digits: area code, exchange, line.",
    "IN_USE": "By region, the area codes that are valid with every exchange [2-9]XX.",
    "UNUSED": "By region, the area codes that are not valid with any exchange.",
    "PARTLY": "For each other area code, its region and the ranges of exchanges [2-9]XX that are valid.",
    "VARYING": "Area codes with an exchange of which only some lines are valid.",
}


def _ranges(bits: int) -> list[str]:
    valid = [exchange for exchange in range(200, 1000) if bits >> exchange & 1]
    firsts = [exchange for exchange in valid if exchange - 1 not in valid]
    lasts = [exchange for exchange in valid if exchange + 1 not in valid]
    return [f"{first}-{last}" if last > first else str(first) for first, last in zip(firsts, lasts, strict=True)]


def _words(words: Iterable[str]) -> str:
    lines = fill(" ".join(words), 96).splitlines()
    if len(lines) < 2:
        return f'"{"".join(lines)}"'
    ended = [f'"{line} "' for line in lines[:-1]] + [f'"{lines[-1]}"']
    return "(\n    " + "\n    ".join(ended) + "\n)"


def _table(rows: dict[str, str]) -> str:
    return (
        "{\n" + "".join(f'    "{key}": {row},\n'.replace("\n", "\n    ").rstrip(" ") for key, row in rows.items()) + "}"
    )
