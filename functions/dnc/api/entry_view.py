"""How an entry is shown, and how much of it to whom."""

from datetime import datetime
from typing import Any

from dnc import times
from dnc.accounts.access import Action, Caller
from dnc.entries.entry import DETAILS, Entry
from dnc.phone import reader as phone

_PERSONAL = ("consumer_name", "note")


def entry(shown: Entry, moment: datetime, caller: Caller, warnings: tuple[str, ...] = ()) -> dict[str, Any]:
    """Give an entry as the API shows it; an agent does not see a consumer's name or a note."""
    answer: dict[str, Any] = {
        "account_id": shown.account_id,
        "number": shown.number,
        "national": phone.national(shown.number),
        "region": phone.region_of(shown.number),
        "status": shown.status_at(moment),
        "source": shown.source,
        "sources": sorted(shown.sources),
        "requested_at": shown.requested_at or None,
        "last_requested_at": shown.last_requested_at or None,
        "listed_at": shown.listed_at or None,
        "listed_by": _plain(shown.listed_by),
        "expires_at": times.from_epoch(shown.expires_at) if shown.expires_at is not None else None,
        **{name: shown.details.get(name) for name in DETAILS},
        "missing_evidence": shown.missing_evidence,
        "warnings": list(warnings),
        "removal": _plain(shown.removal) if shown.removal is not None else None,
        "version": shown.version,
        "changed_at": shown.changed_at or None,
    }
    if not caller.may(Action.READ_EVERYTHING_OF_A_NUMBER):
        for name in _PERSONAL:
            del answer[name]
        if answer["removal"]:
            answer["removal"].pop("note", None)
    return answer


def _plain(value: Any) -> dict[str, Any]:
    return {str(name): dict(inner) if isinstance(inner, dict) else inner for name, inner in value.items()}
