"""A removal that waits for a second person: functions of values, no I/O.

The entry stays listed, with `pending_removal`: what the removal asks for, who requested it and when it lapses. Any
other change of the entry drops it, so an approval always applies to the entry that the request was for.
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
_OF_THE_REQUEST = ("asked_at", "asked_by", "lapses_at")


def must_wait(
    entry: Entry, code: str, approve_reasons: Sequence[str], principal: str, person: str | None, moment: datetime
) -> bool:
    """Return whether a removal for a reason needs a second person.

    `approve_reasons`: the account's policy. `principal`, `person`: who removes, as far as the credential knows. People
    correct their own mistake of the last 24 hours without waiting.
    """
    if code not in approve_reasons:
        return False
    since = times.text(moment - OWN_MISTAKE_WITHIN)
    return not (
        code == "marked_by_mistake" and entry.listed_at > since and is_same_person(entry.listed_by, principal, person)
    )


def is_same_person(actor: Mapping[str, Any], principal: str, person: str | None) -> bool:
    """Return whether a stored actor is this person. Two people may share a key, so the key is not enough."""
    if principal.startswith("user:") and actor.get("principal") == principal:
        return True
    return bool(person) and actor.get("acting_user") == person


def ask(entry: Entry, removal: Mapping[str, Any], write: Write, *, may_order: bool) -> Entry:
    """Judge a removal, and return the entry with the removal that waits. Raises RemovalRefused and Conflict.

    `removal`, `may_order`: as `reasons.remove` takes them. If the same removal waits already, return the same entry.
    """
    reasons.judge(entry, removal, may_order=may_order, in_undo=False, moment=write.at)
    if is_requested(entry, removal, write):
        return entry
    if entry.pending_at(write.at):
        raise Conflict("A removal of this number already waits for a second person. Reject or withdraw that one first.")
    pending = {
        **removal,
        "asked_at": times.text(write.at),
        "asked_by": write.actor.item(),
        "lapses_at": times.text(write.at + LAPSES_AFTER),
    }
    return _changed(entry, Change.REMOVAL_REQUESTED, write, pending)


def approve(entry: Entry, write: Write, *, may_order: bool) -> Entry:
    """Judge the waiting removal again, and return the removed entry. It names both actors.

    `may_order`: the approver may act on a legal order. Raises Conflict if none waits, and RemovalRefused.
    """
    pending = dict(waiting(entry, write.at))
    pending.pop("lapses_at")
    return reasons.remove(entry, pending, write, may_order=may_order)


def close(entry: Entry, change: Change, write: Write) -> Entry:
    """Return the listed entry without its waiting removal, which was rejected or withdrawn. Raises Conflict."""
    waiting(entry, write.at)
    return _changed(entry, change, write, None)


def lapse(entry: Entry, write: Write) -> Entry:
    """Return the listed entry without its removal, on which nobody decided in time."""
    return _changed(entry, Change.REMOVAL_LAPSED, write, None)


def waiting(entry: Entry, moment: datetime) -> Mapping[str, Any]:
    """Return the removal that waits. Raises Conflict if there is none, or it has lapsed."""
    pending = entry.pending_at(moment)
    if pending is None:
        why = "has lapsed" if entry.pending_removal else "was decided, or the entry has changed since"
        raise Conflict(f"No removal of this number waits for a second person: it {why}. Read the entry again.")
    return pending


def is_requested(entry: Entry, removal: Mapping[str, Any], write: Write) -> bool:
    """Return whether exactly this removal waits, requested by the same actor."""
    pending = entry.pending_at(write.at) or {}
    requested = {name: value for name, value in pending.items() if name not in _OF_THE_REQUEST}
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
