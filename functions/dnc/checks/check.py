"""The check: which numbers may be called. Only a number that was read and found not listed is callable."""

from __future__ import annotations

from dnc import times
from dnc.checks import elements
from dnc.entries.status import LISTED, status_of
from dnc.phone import reader as phone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from dnc.accounts.profiles import Profile, Profiles
    from dnc.entries.status_reader import StatusReader
    from dnc.phone.forms import Phone

MAX_NUMBERS = 1000


def check_numbers(
    reader: StatusReader, profile: Profile, sent: list[object], region: str | None, now: datetime
) -> dict[str, Any]:
    """Check numbers in any written form. Return one result for each, in order. Raises Unavailable unless all were read.

    `sent`: the elements of the request. One that is neither text nor an integer is `invalid`.
    `region`: ISO 3166-1 alpha-2, for national forms; by default the account's. `now`: UTC, from before the read.
    """
    written, unreadable = elements.as_texts(sent)
    numbers, exceptions = phone.classify_many(written, region or profile.default_region)
    for position, why in unreadable.items():
        numbers[position], exceptions[position] = None, (None, why)
    rows = reader.statuses([number for number in numbers if number is not None])
    blocked = 0
    results = []
    for position, number in enumerate(numbers):
        result = _listed(rows[number], now) if number in rows else None
        if result is None and position in exceptions:
            result = _invalid(*exceptions[position])
        if result is None and number is None:
            raise AssertionError("a text without a number has no reason")
        if result is None:
            results.append({"input": written[position], "number": number, "callable": True, "status": "clear"})
        else:
            blocked += 1
            results.append({"input": written[position], "number": number, "callable": False, **result})
    return {"account_id": profile.account_id, "checked_at": times.text(now), "blocked": blocked, "results": results}


def current_profile(accounts: Profiles, account_id: str) -> Profile:
    """Return the account's profile, read at most 30 seconds ago. A suspended account is read again each time.

    It may have been reactivated since.
    """
    profile = accounts.remembered(account_id)
    return accounts.profile(account_id) if profile.suspended else profile


def _listed(row: dict[str, Any], now: datetime) -> dict[str, Any] | None:
    """Return the result for a stored row that is listed, else None."""
    expires_at = row.get("expires_at")
    if status_of(row.get("status"), int(expires_at) if expires_at is not None else None, now) != LISTED:
        return None
    return {"status": "listed", "listed_at": row.get("listed_at"), "source": row.get("source")}


def _invalid(read: Phone | None, why: str) -> dict[str, Any] | None:
    """Return the result for a number that cannot be called, or None if it can."""
    if read is not None and not why:
        return None
    # A possible number that is not in use keeps its E.164. Any other text has none.
    number = {} if read and read.possible else {"number": None}
    return {**number, "status": "invalid", "detail": why}
