"""An entry as the API shows it, and which of its fields a caller may see."""

from datetime import datetime
from typing import Any

from dnc import times
from dnc.accounts.access import Action, Caller
from dnc.entries.entry import DETAILS, Entry
from dnc.phone import reader as phone

_PERSONAL = ("consumer_name", "note", "requested_at_text")
_WHERE_IT_APPLIES = ("also_listed", "reading_of", "requested_at_text")


def as_json(entry: Entry, moment: datetime, caller: Caller, warnings: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return an entry as the API shows it; an agent does not see a consumer's name or a note."""
    view: dict[str, Any] = {
        "account_id": entry.account_id,
        "number": entry.number,
        "national": phone.national(entry.number),
        "region": phone.region_of(entry.number),
        "status": entry.status_at(moment),
        "source": entry.source,
        "sources": sorted(entry.sources),
        "requested_at": entry.requested_at or None,
        "last_requested_at": entry.last_requested_at or None,
        "listed_at": entry.listed_at or None,
        "listed_by": _plain(entry.listed_by),
        "expires_at": times.from_epoch(entry.expires_at) if entry.expires_at is not None else None,
        **{name: entry.details.get(name) for name in DETAILS},
        "missing_evidence": entry.missing_evidence,
        "warnings": list(warnings),
        "removal": _plain(entry.removal) if entry.removal is not None else None,
        "also_listed": list(entry.also_listed) or None,
        "reading_of": entry.reading_of,
        "version": entry.version,
        "changed_at": entry.changed_at or None,
    }
    for name in _WHERE_IT_APPLIES:
        if view[name] is None:
            del view[name]
    if not caller.may(Action.READ_EVERYTHING_OF_A_NUMBER):
        for name in _PERSONAL:
            view.pop(name, None)
        if view["removal"]:
            view["removal"].pop("note", None)
    return view


def _plain(value: Any) -> dict[str, Any]:
    return {str(name): dict(inner) if isinstance(inner, dict) else inner for name, inner in value.items()}
