"""What a row of an import does to the entry of its number: functions of values, safe to repeat for the same row.

A row leaves its own key and its outcome with the entry. Who finds the key of this import with its own row was here
before and counts the same outcome again; with another row, the number stands twice in the file.
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
    """What a row is counted as; with `invalid` they add up to the rows."""

    LISTED = "listed"
    ALREADY_LISTED = "already_listed"
    SKIPPED_REMOVED = "skipped_removed"
    INVALID = "invalid"


class Merged(NamedTuple):
    """What the rows of one number lead to. `entry`: to be stored, or None when nothing changes."""

    entry: Entry | None
    counted: list[RowOutcome]


def merge(
    account_id: str, current: Entry | None, rows: Sequence[RowRequest], terms: ImportOptions, write: Write
) -> Merged:
    """Apply the rows of a file that name one number, in their order, to the entry that is stored (or None).

    They become one write: its version is one above the stored one.
    """
    entry, counted = current, []
    for row in rows:
        entry, outcome = _apply(account_id, entry, row, terms, write)
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
    """Tell whether this import listed an entry and nobody has written to it since."""
    return (
        entry.status == LISTED
        and entry.request_id.startswith(_prefix(import_id))
        and _seen(entry, import_id)[1] == RowOutcome.LISTED
    )


def took_part(entry: Entry, import_id: str) -> tuple[str, RowOutcome | None]:
    """Give the key of the row by which this import wrote to an entry, and what it was counted as; "" and None if not.

    What came after does not matter, but a removal and a new listing, which begins the entry anew.
    """
    row, told = _seen(entry, import_id)
    return row, RowOutcome(told) if told else None


def request_id(import_id: str, row_key: str) -> str:
    """Give the id under which the write of a row is kept."""
    return f"{_prefix(import_id)}{row_key}"


def _apply(
    account_id: str, current: Entry | None, row: RowRequest, terms: ImportOptions, write: Write
) -> tuple[Entry | None, RowOutcome]:
    if current is not None:
        key, told = _seen(current, terms.import_id)
        if key == row.key:
            return current, RowOutcome(told)
        if key:
            return _again(current, row, write), RowOutcome.ALREADY_LISTED
        if terms.skip_removed and current.status == REMOVED:
            return current, RowOutcome.SKIPPED_REMOVED
    is_new = current is None or current.status_at(write.at) != LISTED
    counted = RowOutcome.LISTED if is_new else RowOutcome.ALREADY_LISTED
    request = replace(row.request, key=f"{_prefix(terms.import_id)}{row.key}:{counted}")
    write = replace(write, request_id=request_id(terms.import_id, row.key))
    return entries.request_listing(account_id, current, request, write).entry, counted


def _again(current: Entry, row: RowRequest, write: Write) -> Entry:
    """Take over from a further row of the same file what blocks longer or tells more; in any order it is the same."""
    request = row.request
    if current.status_at(write.at) != LISTED:
        return current
    longer = None
    if current.expires_at is not None and request.expires_at is not None:
        longer = max(current.expires_at, request.expires_at)
    told = replace(
        current,
        requested_at=min(current.requested_at, request.requested_at),
        last_requested_at=max(current.last_requested_at, request.requested_at),
        details={**request.details, **current.details},
        expires_at=longer,
    )
    if told == current:
        return current
    return replace(
        told,
        version=current.version + 1,
        changed_at=times.text(write.at),
        changed_by=write.actor.item(),
        change=Change.REQUESTED_AGAIN,
        request_id=request_id(row.request.details["import_id"], row.key),
    )


def _seen(entry: Entry, import_id: str) -> tuple[str, str]:
    """Give the row and the outcome that this import left with an entry, or empty texts."""
    prefix = _prefix(import_id)
    for key in reversed(entry.request_keys):
        if key.startswith(prefix):
            row, _, told = key[len(prefix) :].partition(":")
            return row, told
    return "", ""


def _prefix(import_id: str) -> str:
    return f"import:{import_id}:"
