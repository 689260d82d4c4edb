"""Times as forms, CRMs and spreadsheets write them, which is looser than the RFC 3339 that `dnc.times` reads.

The program that sends a request often does not control the form of its date, so an unusual form must not cost an
opt-out. Only forms with one meaning are read: `11/12/2026` may be in November or in December, and is refused.
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from dnc import times

_DATE = re.compile(r"\d{4}[-/.]?\d{2}[-/.]?\d{2}", re.ASCII)
_EPOCH = re.compile(r"\d{9,16}(\.\d+)?", re.ASCII)
_SLASHED = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})", re.ASCII)
_OFFSET = re.compile(r"\s*(?:UTC|GMT)?\s*([+-]\d{2}:?\d{2}|[+-]\d{2})$", re.ASCII)
_ZULU = re.compile(r"\s*(?:UTC|GMT|Z)$", re.ASCII | re.IGNORECASE)
_JAVASCRIPT = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{1,2}) (\d{4}) (\d{2}:\d{2}:\d{2})(?: (?:GMT|UTC)([+-]\d{4})?)?(?: \(.*\))?",
    re.ASCII,
)
_MILLISECONDS_FROM, _MICROSECONDS_FROM = 10**11, 10**14


def is_exact(written: object) -> bool:
    """Return whether a value is an RFC 3339 time with an offset, which is read without a warning."""
    try:
        times.parse(written) if isinstance(written, str) else times.parse("")
    except ValueError:
        return False
    return True


def read(written: str | float, *, end_of_day: bool = False) -> datetime | None:
    """Return the moment (UTC, milliseconds) that a value names, or None if it names none or more than one.

    The forms are RFC 3339; ISO 8601 with a space for the `T`, without seconds, with `+0000`, or without an offset
    (UTC); dates (their start, or with `end_of_day` their end); RFC 2822; JavaScript's `Date.toString()`; and epoch
    seconds, milliseconds and microseconds.
    """
    try:
        moment = _read(written.strip() if isinstance(written, str) else written, end_of_day=end_of_day)
        if moment is None:
            return None
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError, IndexError, TypeError):  # email's parser raises the last two
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _read(written: str | float, *, end_of_day: bool) -> datetime | None:
    if not isinstance(written, str):
        return _of_epoch(written)
    if _DATE.fullmatch(written):
        day = datetime.fromisoformat(re.sub(r"[/.]", "-", written)).replace(tzinfo=UTC)
        return day + timedelta(days=1) if end_of_day else day
    if _EPOCH.fullmatch(written):
        return _of_epoch(float(written))
    if written[:4].isdecimal():
        return datetime.fromisoformat(_as_iso(written))
    script = _JAVASCRIPT.fullmatch(written)
    if script:
        written = f"{script[2]} {script[1]} {script[3]} {script[4]} {script[5] or '+0000'}"
    return parsedate_to_datetime(written)


def _as_iso(written: str) -> str:
    """Return a text in the form that `datetime.fromisoformat` reads."""
    text = _SLASHED.sub(lambda date: f"{date[1]}-{date[2]:0>2}-{date[3]:0>2}", written, count=1)
    if _ZULU.search(text):
        return _ZULU.sub("+00:00", text)
    date, rest = text[:8], text[8:]  # the hyphens of the date are not the sign of an offset
    return date + _OFFSET.sub(r"\1", rest)


def _of_epoch(value: float) -> datetime | None:
    if value < 0:
        return None
    if value >= _MICROSECONDS_FROM:
        value /= 1_000_000
    elif value >= _MILLISECONDS_FROM:
        value /= 1_000
    return datetime.fromtimestamp(value, UTC)
