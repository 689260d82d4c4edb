"""An entry as the API shows it, and which of its fields a caller may see."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dnc import times
from dnc.accounts.access import Action, Caller
from dnc.accounts.profiles import Profile
from dnc.aws import wire
from dnc.entries import deadlines
from dnc.entries.entry import DETAILS, Entry, Source
from dnc.phone import reader as phone

_PERSONAL = ("consumer_name", "note", "requested_at_text")
"""The free text of a request or a removal. Agents do not see it, and no evidence of a removal either."""
_ONLY_IF_SET = ("also_listed", "reading_of", "requested_at_text", "listed_elsewhere_at", "registry_age_days")


def as_json(
    entry: Entry, moment: datetime, caller: Caller, profile: Profile, warnings: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return an entry as the API shows it. Agents see no name, note or other free text."""
    region = phone.region_of(entry.number)
    honor_by = deadlines.honor_by(entry.source, entry.requested_at, region)
    view: dict[str, Any] = {
        "account_id": entry.account_id,
        "number": entry.number,
        "national": phone.national(entry.number),
        "region": region,
        "status": entry.status_at(moment),
        "source": entry.source,
        "sources": sorted(entry.sources),
        "requested_at": entry.requested_at or None,
        "last_requested_at": entry.last_requested_at or None,
        "listed_at": entry.listed_at or None,
        "listed_by": _plain(entry.listed_by),
        "expires_at": times.from_epoch(entry.expires_at) if entry.expires_at is not None else None,
        **{name: entry.details.get(name) for name in DETAILS},
        "campaign_ids": list(entry.campaign_ids),
        "channels": sorted(entry.channels),
        "requests": entry.requests,
        "last_request": _plain(entry.last_request),
        "honor_by": honor_by,
        "late": deadlines.is_late(honor_by, deadlines.blocked_since(entry)),
        "listed_elsewhere_at": entry.listed_elsewhere_at or None,
        "registry_age_days": profile.registry_age_days(entry.number, entry.listed_at, moment)
        if Source.REGISTRY in entry.sources
        else None,
        "missing_evidence": entry.missing_evidence,
        "warnings": list(warnings),
        "removal": _plain(entry.removal),
        "pending_removal": _plain(entry.pending_at(moment)),
        "also_listed": list(entry.also_listed) or None,
        "reading_of": entry.reading_of,
        "version": entry.version,
        "changed_at": entry.changed_at or None,
    }
    for name in _ONLY_IF_SET:
        if view[name] is None:
            del view[name]
    return view if caller.may(Action.READ_EVERYTHING_OF_A_NUMBER) else _without_free_text(view)


def _without_free_text(view: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in view.items() if name not in _PERSONAL}
    for name in ("last_request", "removal", "pending_removal"):
        if shown[name]:
            shown[name] = {key: value for key, value in shown[name].items() if key not in (*_PERSONAL, "evidence")}
    return shown


def _plain(stored: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a stored map in a form for JSON. A row edited by hand may hold any type."""
    return None if stored is None else wire.plain(stored)
