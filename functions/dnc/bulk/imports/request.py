"""From a planned row to the request that it makes: its number, its dates, its evidence. Functions of values.

What is wrong with a row's extra fields never keeps its number from the list: it is a warning in the report.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from dnc import times
from dnc.bulk.job import Job
from dnc.bulk.uploads.cells import SEPARATOR
from dnc.entries.entry import AHEAD, DETAILS, EXPIRED, EXPIRING_SOURCES, REMOVED, Request, Source
from dnc.phone import reader as phone
from dnc.problems import InvalidNumber

LONGEST_NOTE, LONGEST_TEXT = 2000, 200
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TO_THE_MINUTE = re.compile(r"(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2})(Z|[+-]\d{2}:\d{2})", re.ASCII)
_AREA_AND_NUMBER = re.compile(r"\s*(\d{3}),(\d{7})\s*", re.ASCII)
_DETAILS = frozenset(DETAILS)


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What holds for every row of an import. `region`: ISO 3166-1 alpha-2 or None. `made_at`: RFC 3339 UTC.

    A row without a date of its own was requested when the import was made: the same moment however often it is run.
    """

    import_id: str
    source: Source
    made_at: str
    region: str | None = None
    note: str | None = None
    skip_removed: bool = False
    dry_run: bool = False

    @classmethod
    def of(cls, job: Job) -> "ImportOptions":
        """Read them out of a job."""
        request = job.request
        return cls(
            job.id,
            Source(request["source"]),
            job.created_at,
            request.get("region"),
            request.get("note"),
            bool(request.get("skip_removed")),
            bool(request.get("dry_run")),
        )


class RowRequest(NamedTuple):
    """A row that makes a request. `key`: names the row within its import."""

    line: int
    key: str
    request: Request


class Remark(NamedTuple):
    """A line of the report. `listed`: the number is on the list all the same."""

    line: int
    written: str
    listed: bool
    why: str


def read(row: Sequence[Any], file: int, terms: ImportOptions) -> tuple[RowRequest | None, list[Remark]]:
    """Read a planned row (line, number as written, fields, problem): its request, or None with why; and warnings."""
    line, written = row[0], row[1]
    fields: Mapping[str, str] = row[2] if len(row) > 2 else {}
    if len(row) > 3:
        return None, [Remark(line, written, listed=False, why=row[3])]
    remarks: list[Remark] = []

    def warn(why: str) -> None:
        remarks.append(Remark(line, written, listed=True, why=why))

    try:
        number = phone.read(_joined(written), _region(fields.get("region"), terms.region, warn)).numbers[0]
    except InvalidNumber as refused:
        return None, [Remark(line, written, listed=False, why=refused.errors[0].message)]
    details = {"import_id": terms.import_id}
    if terms.note:
        details["note"] = terms.note
    requested_at, expires_at, source = terms.made_at, None, terms.source
    if fields:
        at = times.parse(terms.made_at)
        for name, value in fields.items():
            if name in _DETAILS:
                details[name] = _cut(name, value, warn)
        requested_at = _requested_at(fields.get("requested_at"), at, warn)
        source = _source(fields.get("source"), terms.source)
        ends = _expiry(fields.get("expires_at"), source, warn)
        if ends is not None:
            if ends <= at:
                return None, [Remark(line, written, listed=False, why="its expiry has passed: nothing to list")]
            expires_at = times.epoch(ends)
    request = Request(number, source, requested_at, details, expires_at)
    return RowRequest(line, f"{file}.{line}", _with_what_was_exported(request, fields, terms.made_at)), remarks


def says_not_listed(row: Sequence[Any]) -> bool:
    """Tell whether a planned row of an export says that its number was not listed: it is not to be listed now."""
    return len(row) == 3 and row[2].get("status") in {REMOVED, EXPIRED}


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


def _source(written: str | None, default: Source) -> Source:
    return Source(written) if written in set(Source) else default


def _with_what_was_exported(request: Request, fields: Mapping[str, str], made_at: str) -> Request:
    """Bring back what an export tells besides: every way in which the number came, and its latest request."""
    if "sources" not in fields:
        return request
    known, last = set(Source), fields.get("last_requested_at", "")
    sources = frozenset(source for source in fields["sources"].split(SEPARATOR) if source in known)
    return replace(request, sources=sources, last_requested_at=last if _is_ours(last, made_at) else "")


def _is_ours(moment: str, made_at: str) -> bool:
    try:
        return times.text(times.parse(moment)) == moment <= made_at
    except ValueError:
        return False


def _joined(written: str) -> str:
    match = _AREA_AND_NUMBER.fullmatch(written)
    return f"{match[1]} {match[2]}" if match else written


def _region(written: str | None, default: str | None, warn: Any) -> str | None:
    if not written:
        return default
    region = written.strip().upper()
    if phone.known_region(region):
        return region
    warn("its region is not known: read with the region of the import")
    return default


def _cut(name: str, value: str, warn: Any) -> str:
    longest = LONGEST_NOTE if name == "note" else LONGEST_TEXT
    if len(value) <= longest:
        return value
    warn(f"{name} was cut to {longest:,} characters")
    return value[:longest]


def _requested_at(written: str | None, at: datetime, warn: Any) -> str:
    if not written:
        return times.text(at)
    try:
        moment = moment_of(written)
    except (ValueError, OverflowError):
        warn("its request date could not be read: listed with the date of the import")
        return times.text(at)
    if moment > at + AHEAD:
        warn("its request date is in the future: listed with the date of the import")
    return times.text(min(moment, at))


def _expiry(written: str | None, source: Source, warn: Any) -> datetime | None:
    if not written:
        return None
    if source not in EXPIRING_SOURCES:
        warn(f"its expiry was dropped: what came as {source} does not expire")
        return None
    try:
        return moment_of(written, end_of_day=True)
    except (ValueError, OverflowError):
        warn("its expiry could not be read: listed without one")
        return None


def windows(meant: Iterable[RowRequest], numbers: int) -> Iterator[dict[str, list[RowRequest]]]:
    """Give requests by their number, so many numbers at a time: what is read and written together."""
    window: dict[str, list[RowRequest]] = {}
    for one in meant:
        window.setdefault(one.request.number, []).append(one)
        if len(window) >= numbers:
            yield window
            window = {}
    if window:
        yield window
