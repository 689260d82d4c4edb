"""Turns a planned row into requests, with their numbers, dates and evidence: pure functions.

A bad value in a row's other fields never keeps its numbers off the list. It becomes a remark in the report.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from dnc import times
from dnc.bulk.job import Job
from dnc.bulk.uploads import numbers
from dnc.bulk.uploads.cells import SEPARATOR
from dnc.bulk.uploads.numbers import CellNumber
from dnc.bulk.uploads.reader import COUNTRY, REMARK
from dnc.entries.channel_words import channels_named
from dnc.entries.entry import (
    BOTH_CHANNELS,
    CLOCK_SKEW,
    DETAILS,
    EXPIRED,
    EXPIRING_SOURCES,
    LONGEST_NOTE,
    LONGEST_TEXT,
    REMOVED,
    Request,
    Source,
    as_reading,
    may_cover_one_channel,
)
from dnc.phone import reader as phone
from dnc.phone.countries import country
from dnc.phone.forms import Readings

NO_NUMBER = "has no phone number"
UNKNOWN_COUNTRY = "its country is not known"
TRUNK_ZERO = "the zero in parentheses was left out, because it is not dialed after the country code"
PAST_EXPIRY = "its expiry has passed: nothing to list"
EXPIRED_IN_EXPORT = "had expired when it was exported"
_TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")
_KEEPS_ZERO = ("+39", "+378")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TO_THE_MINUTE = re.compile(r"(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2})(Z|[+-]\d{2}:\d{2})", re.ASCII)
_DETAILS = frozenset(DETAILS)
_SOURCES = frozenset(Source)

type Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of an import, for all its rows. `region`: ISO 3166-1 alpha-2 or None. Times are RFC 3339 UTC.

    A row without a date counts as requested when the import was created, which does not change if the import is run
    again. `expires_at` applies to rows without their own expiry.
    """

    import_id: str
    source: Source
    made_at: str
    region: str | None = None
    note: str | None = None
    skip_removed: bool = False
    dry_run: bool = False
    expires_at: str | None = None

    @classmethod
    def of(cls, job: Job) -> "ImportOptions":
        """Read the options of a job."""
        request = job.request
        return cls(
            job.id,
            Source(request["source"]),
            job.created_at,
            request.get("region"),
            request.get("note"),
            bool(request.get("skip_removed")),
            bool(request.get("dry_run")),
            request.get("expires_at"),
        )


class RowRequest(NamedTuple):
    """A request of a row. `key`: identifies the row within its import. `dated`: the row states a request date."""

    line: int
    key: str
    request: Request
    dated: bool = False


class Remark(NamedTuple):
    """A line of the report. `listed`: the number was listed anyway. `column`: "" if the file has only one."""

    line: int
    written: str
    listed: bool
    why: str
    column: str = ""


class RowReading(NamedTuple):
    """The requests of a planned row, how many of its numbers are invalid, and the remarks."""

    requests: Sequence[RowRequest]
    invalid: int
    remarks: Sequence[Remark]


def read(row: Sequence[Any], file: int, options: ImportOptions) -> RowReading:
    """Read a planned row: its line, its numbers as written, its fields, and why it cannot be read."""
    line, written = row[0], row[1]
    if len(row) > 3:
        return RowReading((), 1, (Remark(line, str(written), listed=False, why=row[3]),))
    fields = row[2] if len(row) > 2 else {}
    if not isinstance(written, str):
        return _Row(line, written, fields, file, options).read()
    if COUNTRY in fields:
        return _Row(line, [("", written)], fields, file, options).read()
    readings = phone.classify(written, options.region)
    if fields or readings.why or readings.warnings or len(readings.numbers) != 1 or "(0" in written:
        return _Row(line, [("", written)], fields, file, options, readings).read()
    details = {"import_id": options.import_id}
    if options.note:
        details["note"] = options.note
    # Most rows are only a number in use.
    expires_at = times.epoch(_moment(options.expires_at)) if options.expires_at else None
    request = Request(readings.numbers[0], options.source, options.made_at, details, expires_at)
    return RowReading((RowRequest(line, f"{file}.{line}", request),), 0, ())


class _Row:
    """Reads one planned row."""

    def __init__(
        self,
        line: int,
        cells: Sequence[tuple[str, str]],
        fields: Mapping[str, str],
        file: int,
        options: ImportOptions,
        readings: Readings | None = None,
    ) -> None:
        """Take a row. `readings`: of its only cell, if known."""
        self._line = line
        self._cells = cells
        self._fields = fields
        self._options = options
        self._key = f"{file}.{line}"
        self._remarks: list[Remark] = []
        self._readings = readings
        self._at = _moment(options.made_at)
        self._column, self._written = cells[0] if cells else ("", "")

    def read(self) -> RowReading:
        region = self._options.region
        if COUNTRY in self._fields:
            region = _region(self._fields[COUNTRY], region)
            if region is None:
                return self._refused(UNKNOWN_COUNTRY)
        found, invalid = self._numbers(region)
        if not found:
            return RowReading([], max(invalid, 1), self._remarks)
        if REMARK in self._fields:
            self._warn(self._fields[REMARK])
        expiry = self._expiry()
        if expiry is not None and expiry <= self._at:
            if "sources" in self._fields:  # an export of this service, in which the number had expired
                return self._refused(PAST_EXPIRY)
            self._warn("its expiry has passed: listed without one")
            expiry = None
        expires_at = times.epoch(expiry) if expiry else None
        requests = [self._request(number, readings, expires_at) for number, readings in found]
        return RowReading(requests, invalid, self._remarks)

    def _numbers(self, region: str | None) -> tuple[list[tuple[str, tuple[str, ...]]], int]:
        """Return the numbers to list, each with all the readings of its written form, and how many cannot be listed."""
        found: dict[str, tuple[str, ...]] = {}
        invalid = 0
        for column, written in self._cells:
            self._column, self._written = column, written
            for number in self._read_cell(written, region):
                if not number.listed_as:
                    invalid += 1
                    self._refuse(number)
                    continue
                for e164 in number.listed_as:
                    if e164 not in found or e164 == number.listed_as[0]:
                        found[e164] = number.listed_as
                for warning in _warnings(number):
                    self._warn(warning, number.written)
        return list(found.items()), invalid

    def _read_cell(self, written: str, region: str | None) -> list[CellNumber]:
        if self._readings is not None and numbers.is_short(written):
            return [numbers.of_readings(written, self._readings)]
        return numbers.numbers_in(written, region)

    def _request(self, number: str, readings: tuple[str, ...], expires_at: int | None) -> RowRequest:
        options, fields = self._options, self._fields
        details = {"import_id": options.import_id}
        if options.note:
            details["note"] = options.note
        for name, value in fields.items():
            if name in _DETAILS:
                details[name] = self._cut(name, value)
        requested_at, dated = self._requested_at()
        request = Request(
            number,
            _source(fields.get("source"), options.source),
            requested_at,
            details,
            expires_at,
            sources=_sources(fields.get("sources", "")),
            last_requested_at=_exported_time(fields.get("last_requested_at", ""), options.made_at),
            channels=self._channels(details),
            listed_elsewhere_at=self._listed_elsewhere_at(),
            **as_reading(readings, number),
        )
        return RowRequest(self._line, self._key, request, dated)

    def _requested_at(self) -> tuple[str, bool]:
        at = self._at
        written = self._fields.get("requested_at")
        if not written:
            return times.text(at), False
        try:
            moment = moment_of(written)
        except (ValueError, OverflowError):
            self._warn("its request date could not be read: listed with the date of the import")
            return times.text(at), False
        if moment > at + CLOCK_SKEW:
            self._warn("its request date is in the future: listed with the date of the import")
        return times.text(min(moment, at)), True

    def _channels(self, details: Mapping[str, str]) -> frozenset[str]:
        written = self._fields.get("channels")
        if not written:
            return BOTH_CHANNELS
        named = channels_named([written])
        if named is None:
            self._warn("its channels could not be read: listed for both")
            return BOTH_CHANNELS
        if named != BOTH_CHANNELS and not may_cover_one_channel(details):
            self._warn("it was listed for both channels: a single channel needs a note or a call_id")
            return BOTH_CHANNELS
        return named

    def _listed_elsewhere_at(self) -> str:
        """Return when the list that the file comes from listed the number, or ""."""
        found = []
        for name in ("listed_at", "listed_elsewhere_at"):
            if written := self._fields.get(name):
                try:
                    found.append(moment_of(written))
                except (ValueError, OverflowError):
                    self._warn("its listing date could not be read: whether it was listed in time is unknown")
        if any(moment > self._at + CLOCK_SKEW for moment in found):
            self._warn("its listing date is in the future: whether it was listed in time is unknown")
            found = [moment for moment in found if moment <= self._at]
        return times.text(min(*found, self._at)) if found else ""

    def _expiry(self) -> datetime | None:
        written = self._fields.get("expires_at")
        source = _source(self._fields.get("source"), self._options.source)
        if not written:
            default = self._options.expires_at
            return _moment(default) if default and source in EXPIRING_SOURCES else None
        if source not in EXPIRING_SOURCES:
            self._warn(f"its expiry was dropped: numbers with the source {source} do not expire")
            return None
        try:
            return moment_of(written, end_of_day=True)
        except (ValueError, OverflowError):
            self._warn("its expiry could not be read: listed without one")
            return None

    def _cut(self, name: str, value: str) -> str:
        longest = LONGEST_NOTE if name == "note" else LONGEST_TEXT
        if len(value) <= longest:
            return value
        self._warn(f"{name} was cut to {longest:,} characters")
        return value[:longest]

    def _refuse(self, number: CellNumber) -> None:
        why = number.why if numbers.has_digits(number.written) or number.written.strip() else NO_NUMBER
        self._remarks.append(Remark(self._line, number.written, listed=False, why=why, column=self._column))

    def _refused(self, why: str) -> RowReading:
        remarks = [*self._remarks, Remark(self._line, self._written, listed=False, why=why, column=self._column)]
        return RowReading([], 1, remarks)

    def _warn(self, why: str, written: str | None = None) -> None:
        remark = Remark(
            self._line, self._written if written is None else written, listed=True, why=why, column=self._column
        )
        if remark not in self._remarks:
            self._remarks.append(remark)


def says_not_listed(row: Sequence[Any]) -> bool:
    """Return whether a row of an export says that its number was not listed, so that it must not be listed now."""
    return len(row) == 3 and row[2].get("status") in {REMOVED, EXPIRED}


def remark_on_expired(row: Sequence[Any]) -> Remark | None:
    """Return the remark on a row of an export whose number had expired, or None."""
    if row[2].get("status") != EXPIRED:
        return None
    return Remark(row[0], str(row[1]), listed=False, why=EXPIRED_IN_EXPORT)


def moment_of(written: str, *, end_of_day: bool = False) -> datetime:
    """Read RFC 3339, `yyyy-MM-ddTHH:mmZ`, or a date (its start or its end, UTC). Raises ValueError."""
    text = written.strip()
    if _DATE.fullmatch(text):
        day = times.parse_date(text)
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return start + timedelta(days=1) if end_of_day else start
    match = _TO_THE_MINUTE.fullmatch(text)
    if match:
        text = f"{match[1]}:00{match[2]}"
    return times.parse(text)


def windows(requests: Iterable[RowRequest], size: int) -> Iterator[dict[str, list[RowRequest]]]:
    """Yield requests grouped by number, `size` numbers at a time. These are read and written together."""
    window: dict[str, list[RowRequest]] = {}
    for row in requests:
        window.setdefault(row.request.number, []).append(row)
        if len(window) >= size:
            yield window
            window = {}
    if window:
        yield window


def _warnings(number: CellNumber) -> Iterator[str]:
    """Yield the remarks on a listed number: its warnings, or why it cannot be called."""
    yield from number.warnings
    if number.warnings:
        return
    if number.why:
        yield number.why
    elif _TRUNK_ZERO.search(number.written) and not number.listed_as[0].startswith(_KEEPS_ZERO):
        yield TRUNK_ZERO


def _sources(written: str) -> frozenset[str]:
    """Return the sources of an exported entry."""
    return frozenset(s for s in written.split(SEPARATOR) if s in _SOURCES) if written else frozenset()


def _source(written: str | None, default: Source) -> Source:
    return Source(written) if written in _SOURCES else default


@lru_cache(maxsize=16)
def _moment(written: str) -> datetime:
    return times.parse(written)


@lru_cache(maxsize=1000)
def _region(written: str, default: str | None) -> str | None:
    region = country(written, default)
    return region if region and phone.known_region(region) else None


def _exported_time(written: str, made_at: str) -> str:
    """Return the time of an exported entry's latest request, or "" if this service cannot have written it."""
    if not written:
        return ""
    try:
        return written if times.text(times.parse(written)) == written <= made_at else ""
    except ValueError:
        return ""
