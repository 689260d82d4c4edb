"""Converts dates from the common forms in files to the forms that the service reads: RFC 3339, or `2026-11-23`.

Whether `03/04/2026` is in March or in April is decided for a whole column: by a value that allows only one of the two,
or else by the region (ISO 3166-1 alpha-2).
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

MONTH_FIRST_REGIONS = frozenset(("US", "PH", "PR", "GU", "VI", "AS", "MP", "FM", "MH", "PW"))
_TIME = (
    r"(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?\s*([AaPp])?\.?(?:[Mm]\.?)?\s*"
    r"(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + _TIME, re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})" + _TIME, re.ASCII)
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?[ -]+([^\W\d_]{3,12})\.?,?[ -]+(\d{4}|\d{2})" + _TIME)
_MONTH_DAY = re.compile(r"([^\W\d_]{3,12})\.? +(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})" + _TIME)
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?Z?)?", re.ASCII)
_SERIAL = re.compile(r"([2-7]\d{4})(\.\d+)?", re.ASCII)
_EPOCH = re.compile(r"(1\d{9})(\d{3})?", re.ASCII)
_WEEKDAY = re.compile(r"^[^\W\d_]{2,10}\.?, ?")
_SERIAL_ZERO = datetime(1899, 12, 30, tzinfo=UTC)
"""Day 0 of a spreadsheet's dates (ECMA-376 part 1, 18.17.4.1)."""
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan ene gen janv",
            "feb fev febr fevr",
            "mar mrz mars maa mrt marz",
            "apr abr avr",
            "may mai mag maj mei",
            "jun juin giu juni",
            "jul juil lug juli",
            "aug ago aout",
            "sep set sept",
            "oct okt ott out",
            "nov",
            "dec dez dic des",
        ),
        start=1,
    )
    for name in names.split()
}


def month_first(values: Iterable[str], region: str | None) -> bool:
    """Return whether a column's dates have the month before the day. `region`: of the account or import."""
    for value in values:
        match = _YEAR_LAST.fullmatch(value.strip())
        if match and match[2] != ".":
            if int(match[1]) > 12:
                return False
            if int(match[3]) > 12:
                return True
    return region in MONTH_FIRST_REGIONS


def normalized(written: str, *, month_is_first: bool) -> str:
    """Return a date as `2026-11-23` or as RFC 3339 (UTC if it has no offset), or unchanged if it is not a date."""
    text = written.strip()
    if text[10:11] == "T" and text[4:5] == "-":
        return text if text[-1:] in "Zz" or text[-6:-5] in "+-" else _from_parts(text, month_is_first) or text
    return _from_parts(text, month_is_first) or written


def is_date(written: str) -> bool:
    """Return whether a text is a date in a form that phone numbers rarely have."""
    text = written.strip()
    if not text[:1].isalnum():
        return False
    if _YEAR_FIRST.fullmatch(text) or _YEAR_LAST.fullmatch(text) or _COMPACT.fullmatch(text):
        return _from_parts(text, True) is not None or _from_parts(text, False) is not None
    return any(c.isalpha() for c in text) and _from_parts(text, True) is not None


def _from_parts(text: str, month_is_first: bool) -> str | None:
    try:
        return _read(text, month_is_first)
    except (ValueError, OverflowError):
        return None


def _read(text: str, month_is_first: bool) -> str | None:
    if match := _YEAR_FIRST.fullmatch(text):
        return _moment(int(match[1]), int(match[3]), int(match[4]), match.groups()[4:])
    if match := _YEAR_LAST.fullmatch(text):
        first, second = int(match[1]), int(match[3])
        month_is_first = month_is_first and match[2] != "."
        if first > 12 or second > 12:  # only one order is possible
            month_is_first = second > 12
        day, month = (second, first) if month_is_first else (first, second)
        return _moment(_year(match[4]), month, day, match.groups()[4:])
    if match := _COMPACT.fullmatch(text):
        return _moment(int(match[1]), int(match[2]), int(match[3]), (match[4], match[5], match[6], None, None))
    if match := _SERIAL.fullmatch(text):
        return _serial(int(match[1]), match[2])
    if match := _EPOCH.fullmatch(text):
        return f"{datetime.fromtimestamp(int(match[1]), UTC).isoformat(timespec='seconds')[:-6]}Z"
    return _named(_WEEKDAY.sub("", text))


def _named(text: str) -> str | None:
    if match := _DAY_MONTH.fullmatch(text):
        day, name, year = match[1], match[2], match[3]
    elif match := _MONTH_DAY.fullmatch(text):
        name, day, year = match[1], match[2], match[3]
    else:
        return None
    month = _month(name)
    return _moment(_year(year), month, int(day), match.groups()[3:]) if month else None


def _month(name: str) -> int | None:
    plain = name.casefold().replace("é", "e").replace("û", "u").replace("ä", "a").replace("ç", "c")
    return _MONTHS.get(plain[:4]) or _MONTHS.get(plain[:3])


def _year(written: str) -> int:
    year = int(written)
    return year if year >= 100 else year + (2000 if year < 70 else 1900)


def _moment(year: int, month: int, day: int, clock: tuple[str | None, ...]) -> str:
    """Return a day, or a time if there is a clock time. Raises ValueError if it does not exist."""
    on = date(year, month, day)
    hour, minute, second, half, offset = clock[:5]
    if hour is None:
        return on.isoformat()
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            raise ValueError("not an hour of a 12-hour clock")
        hours = hours % 12 + (12 if half in "Pp" else 0)
    at = datetime(year, month, day, hours, int(minute or 0), int(second or 0), tzinfo=UTC)
    zone = offset if offset and offset[0] in "+-" else "Z"
    if len(zone) == len("+0000"):
        zone = f"{zone[:3]}:{zone[3:]}"
    return f"{at.isoformat(timespec='seconds')[:-6]}{zone}"


def _serial(days: int, fraction: str | None) -> str:
    moment = _SERIAL_ZERO + timedelta(days=days, seconds=round(float(fraction or 0) * 86_400))
    return f"{moment.isoformat(timespec='seconds')[:-6]}Z" if fraction else moment.date().isoformat()
