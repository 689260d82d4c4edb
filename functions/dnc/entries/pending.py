"""A removal that waits for a second person to approve it: pure functions, no I/O.

The entry stays listed. Its `pending_removal` says what was requested, by whom, and when the request lapses. Any other
change to the entry drops it, so an approval always applies to the entry that the requester saw.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from dnc import times
from dnc.entries import reasons
from dnc.entries.entry import Change, Entry, Write
from dnc.problems import Conflict

LAPSES_AFTER = timedelta(days=7)
OWN_MISTAKE_WITHIN = timedelta(hours=24)
_REQUEST_FIELDS = ("asked_at", "asked_by", "lapses_at")


def needs_approval(
    entry: Entry, code: str, approve_reasons: Sequence[str], principal: str, person: str | None, moment: datetime
) -> bool:
    """Return whether a second person must approve a removal. `code`: its reason.

    `approve_reasons`: the account's policy. `principal`, `person`: who is removing, as far as the credential says.
    People may correct their own mistakes of the last 24 hours without approval.
    """
    if code not in approve_reasons:
        return False
    since = times.text(moment - OWN_MISTAKE_WITHIN)
    return not (
        code == "marked_by_mistake" and entry.listed_at > since and is_same_person(entry.listed_by, principal, person)
    )


def is_same_person(actor: Mapping[str, Any], principal: str, person: str | None) -> bool:
    """Return whether a stored actor is this person. Two people may share a key, so the key alone proves nothing."""
    if principal.startswith("user:") and actor.get("principal") == principal:
        return True
    return bool(person) and actor.get("acting_user") == person


def request(entry: Entry, removal: Mapping[str, Any], write: Write, *, may_order: bool) -> Entry:
    """Judge a removal, and return the entry with the removal pending. Raises RemovalRefused and Conflict.

    `removal`, `may_order`: as in `reasons.remove`. If the same removal is already pending, return the entry unchanged.
    """
    reasons.judge(entry, removal, may_order=may_order, in_undo=False, moment=write.at)
    if is_requested(entry, removal, write):
        return entry
    if entry.pending_at(write.at):
        raise Conflict("A removal of this number is already waiting for a second person. Reject or withdraw it first.")
    pending = {
        **removal,
        "asked_at": times.text(write.at),
        "asked_by": write.actor.item(),
        "lapses_at": times.text(write.at + LAPSES_AFTER),
    }
    return _changed(entry, Change.REMOVAL_REQUESTED, write, pending)


def approve(entry: Entry, write: Write, *, may_order: bool) -> Entry:
    """Judge the pending removal again, and return the removed entry, which names both people.

    `may_order`: the approver may act on a legal order. Raises Conflict if no removal is pending, and RemovalRefused.
    """
    pending = dict(current(entry, write.at))
    pending.pop("lapses_at")
    return reasons.remove(entry, pending, write, may_order=may_order)


def close(entry: Entry, change: Change, write: Write) -> Entry:
    """Return the listed entry without its pending removal, which was rejected or withdrawn. Raises Conflict."""
    current(entry, write.at)
    return _changed(entry, change, write, None)


def lapse(entry: Entry, write: Write) -> Entry:
    """Return the listed entry without its pending removal, which nobody approved or rejected in time."""
    return _changed(entry, Change.REMOVAL_LAPSED, write, None)


def current(entry: Entry, moment: datetime) -> Mapping[str, Any]:
    """Return the pending removal. Raises Conflict if there is none, or it has lapsed."""
    pending = entry.pending_at(moment)
    if pending is None:
        why = "lapsed" if entry.pending_removal else "was decided, or the entry has changed since"
        raise Conflict(f"No removal of this number is waiting for a second person: it {why}. Read the entry again.")
    return pending


def is_requested(entry: Entry, removal: Mapping[str, Any], write: Write) -> bool:
    """Return whether exactly this removal is pending, requested by the same actor."""
    pending = entry.pending_at(write.at) or {}
    requested = {name: value for name, value in pending.items() if name not in _REQUEST_FIELDS}
    return pending.get("asked_by") == write.actor.item() and requested == dict(removal)


def _changed(entry: Entry, change: Change, write: Write, pending: Mapping[str, Any] | None) -> Entry:
    return replace(
        entry,
        pending_removal=pending,
        version=entry.version + 1,
        changed_at=times.text(write.at),
        changed_by=write.actor.item(),
        change=change,
        request_id=write.request_id,
    )
