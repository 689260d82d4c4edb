"""What a row of an import does to the entry of its number: functions of values, safe to repeat for the same row.

A row stores its own key and its outcome with the entry. A row that finds its own key there was written before, and
counts the same outcome again. If it finds another row's key of the same import, the file has the number twice.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from dnc import times
from dnc.bulk.imports.request import ImportOptions, RowRequest
from dnc.entries import entry as entries
from dnc.entries.entry import LISTED, REMOVED, Change, Entry, Write


class RowOutcome(StrEnum):
    """How a number of a row is counted. A row without a number counts as one that is invalid."""

    LISTED = "listed"
    ALREADY_LISTED = "already_listed"
    SKIPPED_REMOVED = "skipped_removed"
    INVALID = "invalid"


class Merged(NamedTuple):
    """The outcome of the rows of one number. `entry`: to be stored, or None if nothing changes."""

    entry: Entry | None
    counted: list[RowOutcome]


def merge(
    account_id: str, current: Entry | None, rows: Sequence[RowRequest], options: ImportOptions, write: Write
) -> Merged:
    """Apply the rows of a file that name one number, in their order, to the entry that is stored (or None).

    They become one write: its version is one above the stored one.
    """
    entry, counted = current, []
    for row in rows:
        entry, outcome = _apply(account_id, entry, row, options, write)
        counted.append(outcome)
    if entry is None or entry is current:
        return Merged(None, counted)
    if current is None or len(rows) == 1:
        one = (1, Change.LISTED) if current is None else (entry.version, Change(entry.change))
    else:
        listed = current.status_at(write.at) == LISTED
        one = (current.version + 1, Change.REQUESTED_AGAIN if listed else Change.RELISTED)
    if (entry.version, entry.change) != one:
        entry = replace(entry, version=one[0], change=one[1])
    return Merged(entry, counted)


def made_by(entry: Entry, import_id: str) -> bool:
    """Return whether this import listed an entry and nobody has written to it since."""
    return (
        entry.status == LISTED
        and entry.request_id.startswith(_prefix(import_id))
        and _seen(entry, import_id)[1] == RowOutcome.LISTED
    )


def took_part(entry: Entry, import_id: str) -> tuple[str, RowOutcome | None]:
    """Return the key of the row by which this import wrote to an entry, and its outcome; "" and None if it did not.

    Later changes do not matter, except for a removal and a new listing, after which the entry starts over.
    """
    row, outcome, _ = _seen(entry, import_id)
    return row, RowOutcome(outcome) if outcome else None


def request_id(import_id: str, row_key: str) -> str:
    """Return the request id of the write of a row."""
    return f"{_prefix(import_id)}{row_key}"


def _apply(
    account_id: str, current: Entry | None, row: RowRequest, options: ImportOptions, write: Write
) -> tuple[Entry | None, RowOutcome]:
    if current is not None:
        key, outcome, removed_at = _seen(current, options.import_id)
        if key == row.key:
            return current, RowOutcome(outcome)
        if not key and current.status == REMOVED:
            removed_at = _removed_at(current)
            if options.skip_removed:
                return current, RowOutcome.SKIPPED_REMOVED
        # Also if another row of this import has listed the number again: the order of rows changes no count.
        if row.dated and row.request.requested_at <= removed_at:
            return current, RowOutcome.SKIPPED_REMOVED
        if key:
            return _again(current, row, write), RowOutcome.ALREADY_LISTED
    request = row.request
    is_listed = current is not None and current.status_at(write.at) == LISTED
    if current is not None and is_listed:
        if not _says_something_new(row, current):
            return current, RowOutcome.ALREADY_LISTED
        if not row.dated and current.last_requested_at:
            request = replace(request, requested_at=current.last_requested_at)
    outcome = RowOutcome.ALREADY_LISTED if is_listed else RowOutcome.LISTED
    was_removed = current is not None and current.status == REMOVED
    suffix = f":{_removed_at(current)}" if current is not None and was_removed else ""
    request = replace(request, key=f"{_prefix(options.import_id)}{row.key}:{outcome}{suffix}")
    write = replace(write, request_id=request_id(options.import_id, row.key))
    return entries.request_listing(account_id, current, request, write).entry, RowOutcome(outcome)


def _removed_at(entry: Entry) -> str:
    """Return when an entry was removed, RFC 3339 UTC, or "" if that is not stored."""
    return str((entry.removal or {}).get("removed_at") or "")


def _says_something_new(row: RowRequest, current: Entry) -> bool:
    """Return whether a row adds anything to a listed entry. If not, it changes nothing, however often it comes."""
    request = row.request
    if not {str(request.source), *request.sources} <= current.sources:
        return True
    if any(request.details.get(name) not in {None, current.details.get(name)} for name in ("campaign_id", "call_id")):
        return True
    if current.expires_at is not None and (request.expires_at is None or request.expires_at > current.expires_at):
        return True
    last = max(request.requested_at if row.dated else "", request.last_requested_at)
    return last > current.last_requested_at


def _again(current: Entry, row: RowRequest, write: Write) -> Entry:
    """Merge a further row of the same file: keep the longer block and the fuller details. Order-independent."""
    request = row.request
    if current.status_at(write.at) != LISTED:
        return current
    longer = None
    if current.expires_at is not None and request.expires_at is not None:
        longer = max(current.expires_at, request.expires_at)
    counts = row.dated or _seen(current, request.details["import_id"])[1] == RowOutcome.LISTED
    merged = replace(
        current,
        requested_at=min(current.requested_at, request.requested_at),
        last_requested_at=max(current.last_requested_at, request.requested_at if counts else ""),
        details={**request.details, **current.details},
        expires_at=longer,
    )
    if merged == current:
        return current
    return replace(
        merged,
        version=current.version + 1,
        changed_at=times.text(write.at),
        changed_by=write.actor.item(),
        change=Change.REQUESTED_AGAIN,
        request_id=request_id(request.details["import_id"], row.key),
    )


def _seen(entry: Entry, import_id: str) -> tuple[str, str, str]:
    """Return what this import stored with an entry, or empty texts.

    The row, its outcome, and, if it listed a removed number again, when that was removed (RFC 3339 UTC).
    """
    prefix = _prefix(import_id)
    for key in reversed(entry.request_keys):
        if key.startswith(prefix):
            row, _, rest = key[len(prefix) :].partition(":")
            outcome, _, removed_at = rest.partition(":")
            return row, outcome, removed_at
    return "", "", ""


def _prefix(import_id: str) -> str:
    return f"import:{import_id}:"
