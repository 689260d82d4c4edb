"""All readings of a written number: one text may stand for several numbers, and one phone may have several forms.

`dnc.phone.reader` decides the common forms itself and calls this module for the rest. Which forms are ambiguous, and
which of their readings comes first, is in `docs/numbers.md`.
"""

import re
from collections.abc import Callable, Iterator

import phonenumbers

from dnc.phone import forms, plans, renumbered, written
from dnc.phone.forms import Reading, Readings

type Base = Callable[[str, str | None], Reading]
"""Reads a text in a region (ISO 3166-1 alpha-2 or None) as one number, as libphonenumber does."""

_TRUNK_ZERO = re.compile(r"[(\[]\s*0\s*[)\]]")
_LEADING_ZERO = re.compile(rf"\s*{_TRUNK_ZERO.pattern}")
_TWO_ZEROS = re.compile(r"[^\d+]*0[^\d+)\]]*0")
_CODE_AND_ZERO = re.compile(rf"[^\d+]*(\d{{1,3}})[^\d+]*{_TRUNK_ZERO.pattern}")


class _Group:
    """The readings of a text. `listed`: what an add lists; `unlikely`: what only a check looks up."""

    __slots__ = ("listed", "unlikely")

    def __init__(self, listed: list[Reading], unlikely: list[Reading] | None = None) -> None:
        """Take the readings, the most likely first."""
        self.listed = listed
        self.unlikely = unlikely or []

    @property
    def possible(self) -> bool:
        """Return whether at least one reading has a possible length."""
        return any(reading.possible for reading in self.listed)

    @property
    def valid(self) -> bool:
        """Return whether at least one reading is in use."""
        return any(not reading.why for reading in self.listed)

    def extends(self, reading: Reading) -> bool:
        """Return whether one of these numbers is another reading's number followed by more digits."""
        return any(one.number and reading.number and one.number.startswith(reading.number) for one in self.listed)

    def and_then(self, other: "_Group") -> "_Group":
        """Return the readings of both groups, these first."""
        return _Group(self.listed + other.listed, self.unlikely + other.unlikely)

    def rather_than(self, other: "_Group") -> "_Group":
        """Return these readings, followed by the others if they are in use; otherwise the others are unlikely."""
        if other.valid:
            return self.and_then(other)
        return _Group(self.listed, self.unlikely + other.listed + other.unlikely)


def classify(text: str, region: str | None, base: Base) -> Readings:
    """Return all readings of a written number. `region`: ISO 3166-1 alpha-2 of national forms, or None."""
    text, why = written.clean(text)
    if why:
        return Readings((), (), (), why)
    if len(written.numbers_in(text, lambda part: not base(part, region).why)) > 1:
        return Readings((), (), (), forms.TWO_NUMBERS)
    return _merged(_of_text(text, region, lambda part, where: _in_current_form(part, where, base)))


def split(text: str, region: str | None, base: Base) -> list[str]:
    """Split a cell with several numbers into their written forms. Otherwise return the cell unchanged."""
    cleaned, why = written.clean(text)
    parts = [] if why else written.numbers_in(cleaned, lambda part: not base(part, region).why)
    return parts if len(parts) > 1 else [text]


def _of_text(text: str, region: str | None, base: Base) -> _Group:
    whole = written.without_decimals(text)
    group = _of_digits(whole, region, base)
    stem = written.without_last_group(whole)
    if stem and group.possible:
        return _with_shorter(group, _of_digits(stem, region, base), has_own_code=bool(_own_code(whole, region)))
    return group


def _with_shorter(longer: _Group, shorter: _Group, *, has_own_code: bool) -> _Group:
    """Return the readings of a text with and without a last group that may be an extension."""
    # Readings that exist only because the text is shorter do not count: with a missing zero, or with an area code in
    # place of the country code.
    listed = [one for one in shorter.listed if forms.ZERO_ADDED not in one.warnings]
    if has_own_code and longer.valid:
        listed = [one for one in listed if longer.extends(one)]
    shorter = _Group(listed)
    if not shorter.valid:
        return longer if longer.valid or not shorter.possible else longer.and_then(shorter)
    return longer.and_then(shorter) if longer.valid else shorter.rather_than(longer)


def _of_digits(text: str, region: str | None, base: Base) -> _Group:
    """Read a text as a national number, and as an international one if it may have an international prefix."""
    national = _of_prefixed(text, base(text, region), base)
    if "+" in text:
        return national
    trunk = _LEADING_ZERO.match(text)
    if trunk:
        without = _of_prefixed(text[trunk.end() :], base(text[trunk.end() :], region), base)
        return without.rather_than(national) if without.possible else national
    if _TWO_ZEROS.match(text):
        return _marked_as_abroad(_abroad(_TWO_ZEROS.sub("+", text, count=1), region, base), national)
    code = _CODE_AND_ZERO.match(text)
    if code and int(code[1]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        return _marked_as_abroad(_abroad(f"+{text}", region, base), national)
    own = _own_code(text, region)
    if region and own:
        return _with_own_code(national, _abroad(f"+{text}", region, base), plans.numbering(region, own))
    return national


def _own_code(text: str, region: str | None) -> str:
    """Return the region's country code if a text begins with it, without a plus; otherwise ""."""
    own = phonenumbers.country_code_for_region(region) if region in phonenumbers.SUPPORTED_REGIONS else 0
    digits = "".join(filter(str.isdigit, text))
    return str(own) if own and "+" not in text and digits.startswith(str(own)) else ""


def _marked_as_abroad(abroad: _Group, national: _Group) -> _Group:
    """Return the readings of a text that is marked as an international number; the mark may mean something else."""
    if not abroad.possible or (national.valid and not abroad.valid):
        return national
    return abroad.rather_than(national)


def _with_own_code(national: _Group, abroad: _Group, plan: plans.Numbering) -> _Group:
    """Return both readings of a text without a plus that begins with the region's country code.

    If national numbers are written with a trunk prefix, a text without one is more likely to be international.
    """
    if not abroad.possible or not national.possible:
        return abroad if abroad.possible else national
    if national.valid and not abroad.valid:
        return national.rather_than(abroad)
    return abroad.and_then(national) if plan.trunk else national.and_then(abroad)


def _abroad(text: str, region: str | None, base: Base) -> _Group:
    return _of_prefixed(text, base(text, region), base)


def _of_prefixed(text: str, reading: Reading, base: Base) -> _Group:
    """Return the readings of a number with and without a zero between its country code and the rest."""
    code, national = plans.parts(reading.number[1:]) or ("", "") if reading.number else ("", "")
    if not code:
        return _Group([reading])
    if national.startswith("0"):
        return _without_zero(text, reading, base, code, national[1:])
    if reading.why and len(national) + 1 in plans.country_code(code).lengths:
        return _with_zero(reading, base, f"+{code}0{national}")
    return _Group([reading])


def _without_zero(text: str, reading: Reading, base: Base, code: str, national: str) -> _Group:
    """Read a number whose national part begins with 0 without that 0 as well: it may be a trunk prefix (ITU-T E.123).

    Libphonenumber strips a trunk prefix only in countries that have one, and not from every number.
    """
    in_parentheses = _TRUNK_ZERO.search(text)
    if not in_parentheses and (not reading.why or plans.country_code(code).main.trunk not in (None, "0")):
        return _Group([reading])
    without = base(f"+{code}{national}", None)
    if not without.why or (in_parentheses and without.possible and reading.why):
        return _Group([without]).rather_than(_Group([reading]))
    return _Group([reading])


def _with_zero(reading: Reading, base: Base, number: str) -> _Group:
    """Read a number that is not in use with a leading zero, which in some countries belongs to the number.

    Spreadsheets drop it, and people abroad leave it out (`+39 6 1234 5678` in Rome).
    """
    read = base(number, None)
    if read.why:
        return _Group([reading])
    return _Group([read._replace(warnings=(*read.warnings, forms.ZERO_ADDED))]).rather_than(_Group([reading]))


def _in_current_form(text: str, region: str | None, base: Base) -> Reading:
    reading = base(text, region)
    newest = renumbered.current(reading.number) if reading.number else None
    if newest is None or newest == reading.number:
        return reading
    current = base(newest, None)
    if not current.possible:
        return reading
    note = forms.OLDER_FORM.format(reading.number, newest)
    warnings = tuple(warning for warning in reading.warnings if warning != forms.RANGE_UNKNOWN)
    return current._replace(warnings=(*warnings, note, *current.warnings))


def _merged(group: _Group) -> Readings:
    """Return the readings in the form that adds and checks use, with each number once."""
    listed = {reading.number: reading for reading in reversed(group.listed) if reading.number and reading.possible}
    numbers = tuple(dict.fromkeys(r.number for r in group.listed if r.number in listed and r.number))
    if not numbers:
        impossible = [reading.number for reading in group.listed if reading.number]
        return Readings((), tuple(_with_other_forms(impossible)), (), group.listed[0].why)
    valid = tuple(number for number in numbers if not listed[number].why)
    unlikely = [reading.number for reading in group.unlikely if reading.number and reading.possible]
    lookups = tuple(_with_other_forms([*numbers, *unlikely]))
    why = "" if valid else listed[numbers[0]].why
    return Readings(numbers, lookups, valid, why, tuple(_warnings(numbers, [listed[n] for n in numbers], bool(valid))))


def _with_other_forms(numbers: list[str]) -> dict[str, None]:
    every = [form for number in numbers for form in renumbered.others(number)]
    return dict.fromkeys([*numbers, *every])


def _warnings(numbers: tuple[str, ...], readings: list[Reading], in_use: bool) -> Iterator[str]:
    found = dict.fromkeys(warning for reading in readings for warning in reading.warnings)
    yield from (warning for warning in found if not (in_use and warning == forms.RANGE_UNKNOWN))
    if len(numbers) > 1:
        yield forms.SEVERAL_READINGS.format(", ".join(numbers))
