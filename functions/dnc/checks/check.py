"""The check: which numbers may be called. A number is callable only when it was read to be; everything else is not."""

from __future__ import annotations

from dnc import times
from dnc.entries.status import LISTED, status_of
from dnc.phone import reader as phone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from dnc.accounts.profiles import Profile, Profiles
    from dnc.entries.statuses import Statuses
    from dnc.phone.reader import Phone

MAX_NUMBERS = 1000


def check(numbers: Statuses, profile: Profile, written: list[str], region: str | None, now: datetime) -> dict[str, Any]:
    """Check numbers in any written form: one result for each, in order. Raises Unavailable unless all were read.

    `region`: ISO 3166-1 alpha-2 of national forms, else the account's default. `now`: UTC, taken before the reading.
    """
    read, asides = phone.look_many(written, region or profile.default_region)
    rows = numbers.statuses([number for number in read if number is not None])
    blocked = 0
    results = []
    for place, number in enumerate(read):
        result = _listed(rows[number], now) if number in rows else None
        if result is None and place in asides:
            result = _invalid(*asides[place])
        if result is None and number is None:
            raise AssertionError("a number that was not read has no reason")
        if result is None:
            results.append({"input": written[place], "number": number, "callable": True, "status": "clear"})
        else:
            blocked += 1
            results.append({"input": written[place], "number": number, "callable": False, **result})
    return {"account_id": profile.account_id, "checked_at": times.text(now), "blocked": blocked, "results": results}


def remembered_profile(accounts: Profiles, account_id: str) -> Profile:
    """Give the account's profile, read at most 30 seconds ago. A suspended one is read anew: it may just be back."""
    profile = accounts.remembered(account_id)
    return accounts.profile(account_id) if profile.suspended else profile


def _listed(row: dict[str, Any], now: datetime) -> dict[str, Any] | None:
    """Say of a stored row that it is listed, or nothing."""
    expires_at = row.get("expires_at")
    if status_of(row.get("status"), int(expires_at) if expires_at is not None else None, now) != LISTED:
        return None
    return {"status": "listed", "listed_at": row.get("listed_at"), "source": row.get("source")}


def _invalid(read: Phone | None, why: str) -> dict[str, Any] | None:
    """Say why what was read cannot be called, or nothing of a number that can."""
    if read is not None and not why:
        return None
    # A possible number that is not in use keeps its E.164; what is no number at all has none.
    kept = {} if read and read.possible else {"number": None}
    return {**kept, "status": "invalid", "detail": why}
