"""The check: which numbers may be called. A number is callable only when it was read to be; everything else is not."""

from __future__ import annotations

from dnc import phone, times
from dnc.status import LISTED, status_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from dnc.phone import Phone
    from dnc.profiles import Profile, Profiles
    from dnc.statuses import Statuses

MAX_NUMBERS = 1000


def check(numbers: Statuses, profile: Profile, written: list[str], region: str | None, now: datetime) -> dict[str, Any]:
    """Check numbers in any written form: one result for each, in order. Raises Unavailable unless all were read.

    `region`: ISO 3166-1 alpha-2 of national forms, else the account's default. `now`: UTC, taken before the reading.
    """
    looked = [(given, *phone.look(given, region or profile.default_region)) for given in written]
    rows = numbers.statuses([read.e164 for _, read, _ in looked if read])
    results = [_result(given, read, why, rows, now) for given, read, why in looked]
    return {
        "account_id": profile.account_id,
        "checked_at": times.text(now),
        "blocked": sum(not result["callable"] for result in results),
        "results": results,
    }


def remembered_profile(accounts: Profiles, account_id: str) -> Profile:
    """Give the account's profile, read at most 30 seconds ago. A suspended one is read anew: it may just be back."""
    profile = accounts.remembered(account_id)
    return accounts.profile(account_id) if profile.suspended else profile


def _result(given: str, read: Phone | None, why: str, rows: dict[str, dict[str, Any]], now: datetime) -> dict[str, Any]:
    row = rows.get(read.e164) if read else None
    if read and row is not None:
        expires_at = row.get("expires_at")
        if status_of(row.get("status"), int(expires_at) if expires_at is not None else None, now) == LISTED:
            return {
                "input": given,
                "number": read.e164,
                "callable": False,
                "status": "listed",
                "listed_at": row.get("listed_at"),
                "source": row.get("source"),
            }
    if read is None or why:
        # A possible number that is not in use keeps its E.164; what is no number at all has none.
        number = read.e164 if read and read.possible else None
        return {"input": given, "number": number, "callable": False, "status": "invalid", "detail": why}
    return {"input": given, "number": read.e164, "callable": True, "status": "clear"}
