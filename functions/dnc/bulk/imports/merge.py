"""Merges the rows of an import into the entry of their number: pure functions, safe to repeat for the same row.

A write stores the row's key and outcome in the entry. A row that finds its own key there was written before, and
counts the same outcome again. A row that finds another row's key of the same import is a duplicate in the file.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from dnc.bulk.imports.request import ImportOptions, RowRequest
from dnc.entries import entry as entries
from dnc.entries.entry import LISTED, REMOVED, Change, Entry, Write


class RowOutcome(StrEnum):
    """The outcome of a number in a row. A row without a number counts as one invalid number."""

    LISTED = "listed"
    ALREADY_LISTED = "already_listed"
    SKIPPED_REMOVED = "skipped_removed"
    INVALID = "invalid"


class Merged(NamedTuple):
    """The merged rows of one number. `entry`: to store, or None if nothing changes. `outcomes`: one for each row."""

    entry: Entry | None
    outcomes: list[RowOutcome]


def merge(
    account_id: str, current: Entry | None, rows: Sequence[RowRequest], options: ImportOptions, write: Write
) -> Merged:
    """Apply the rows of one number, in the order of the file, to its stored entry (or None).

    They become a single write, whose version is one above the stored version.
    """
    entry, outcomes = current, []
    for row in rows:
        entry, outcome = _apply(account_id, entry, row, options, write)
        outcomes.append(outcome)
    if entry is None or entry is current:
        return Merged(None, outcomes)
    if current is None or len(rows) == 1:
        version, change = (1, Change.LISTED) if current is None else (entry.version, Change(entry.change))
    else:
        listed = current.status_at(write.at) == LISTED
        version, change = current.version + 1, Change.REQUESTED_AGAIN if listed else Change.RELISTED
    if (entry.version, entry.change) != (version, change):
        entry = replace(entry, version=version, change=change)
    return Merged(entry, outcomes)


def is_unchanged_listing(entry: Entry, import_id: str, rows: Sequence[RowRequest]) -> bool:
    """Return whether one of these rows of the import listed an entry that has not been changed since."""
    return (
        entry.status == LISTED
        and entry.request_id.startswith(_prefix(import_id))
        and any(outcome_of(entry, import_id, row.key) == RowOutcome.LISTED for row in rows)
    )


def took_part(entry: Entry, import_id: str) -> bool:
    """Return whether any row of the import wrote to an entry since it was listed."""
    return entries.has_key(entry, _prefix(import_id))


def outcome_of(entry: Entry, import_id: str, row_key: str) -> RowOutcome | None:
    """Return the outcome of a row of the import if it wrote to an entry, else None.

    Later changes do not matter, except for a removal and a new listing, after which the entry starts over.
    """
    for outcome in (RowOutcome.LISTED, RowOutcome.ALREADY_LISTED):
        if entries.request_key(_prefix(import_id), f"{row_key}:{outcome}") in entry.request_keys:
            return outcome
    return None


def request_id(import_id: str, row_key: str, removed_at: str = "") -> str:
    """Return the request id of a row's write. `removed_at`: the time of the removal if the write relists the number."""
    return f"{_prefix(import_id)}{row_key}{'@' if removed_at else ''}{removed_at}"


def _apply(
    account_id: str, current: Entry | None, row: RowRequest, options: ImportOptions, write: Write
) -> tuple[Entry | None, RowOutcome]:
    if current is not None:
        known = outcome_of(current, options.import_id, row.key)
        if known:
            return current, known
        is_ours = took_part(current, options.import_id)
        if not is_ours and current.status == REMOVED and options.skip_removed:
            return current, RowOutcome.SKIPPED_REMOVED
        # This applies even if another row of this import relisted the number, so the order of rows changes no count.
        removed_at = _relisted_after(current, options.import_id) if is_ours else _removed_at(current)
        if row.dated and row.request.requested_at <= removed_at:
            return current, RowOutcome.SKIPPED_REMOVED
        if is_ours:
            return _apply_further_row(current, row, options.import_id, write), RowOutcome.ALREADY_LISTED
    request = row.request
    is_listed = current is not None and current.status_at(write.at) == LISTED
    if current is not None and is_listed:
        if not _adds_something(row, current):
            return current, RowOutcome.ALREADY_LISTED
        if not row.dated and current.last_requested_at:
            request = replace(request, requested_at=current.last_requested_at)
    outcome = RowOutcome.ALREADY_LISTED if is_listed else RowOutcome.LISTED
    request = replace(request, key=_prefix(options.import_id), content=f"{row.key}:{outcome}")
    removed_at = _removed_at(current) if current is not None and current.status == REMOVED else ""
    write = replace(write, request_id=request_id(options.import_id, row.key, removed_at))
    return entries.request_listing(account_id, current, request, write).entry, outcome


def _removed_at(entry: Entry) -> str:
    """Return when an entry was removed, RFC 3339 UTC, or "" if it is listed."""
    return str((entry.removal or {}).get("removed_at") or "")


def _relisted_after(entry: Entry, import_id: str) -> str:
    """Return when an entry that this import relisted was removed before, RFC 3339 UTC, or ""."""
    return entry.request_id.partition("@")[2] if entry.request_id.startswith(_prefix(import_id)) else ""


def _adds_something(row: RowRequest, current: Entry) -> bool:
    """Return whether a row adds anything to a listed entry. A row that does not is never written."""
    request = row.request
    if not {str(request.source), *request.sources} <= current.sources:
        return True
    if not request.channels <= current.channels:
        return True
    if request.details.get("campaign_id") not in {None, *current.campaign_ids}:
        return True
    calls = {None, current.details.get("call_id"), (current.last_request or {}).get("call_id")}
    if request.details.get("call_id") not in calls:
        return True
    if current.expires_at is not None and (request.expires_at is None or request.expires_at > current.expires_at):
        return True
    last = max(request.requested_at if row.dated else "", request.last_requested_at)
    return last > current.last_requested_at


def _apply_further_row(current: Entry, row: RowRequest, import_id: str, write: Write) -> Entry:
    """Apply a further row of the same file, as a further request if it adds something. Safe to repeat."""
    request = replace(row.request, key=None)
    if current.status_at(write.at) != LISTED:
        return current
    if not row.dated and current.details.get("import_id") != import_id:
        request = replace(request, requested_at=current.last_requested_at)
    moves_dates = not current.requested_at <= request.requested_at <= current.last_requested_at
    listed = [at for at in (current.listed_elsewhere_at, request.listed_elsewhere_at) if at]
    moves_dates = moves_dates or (bool(listed) and min(listed) != current.listed_elsewhere_at)
    if not moves_dates and not _adds_something(row, current):
        return current
    write = replace(write, request_id=request_id(import_id, row.key, _relisted_after(current, import_id)))
    return entries.request_listing(current.account_id, current, request, write).entry


def _prefix(import_id: str) -> str:
    return f"import:{import_id}:"
