"""The check: which numbers may be called. Only a number that was read and found not listed is callable."""

from __future__ import annotations

from dnc import times
from dnc.checks import elements
from dnc.entries.status import is_listed
from dnc.phone import reader as phone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from dnc.accounts.profiles import Profile, Profiles
    from dnc.entries.status_reader import StatusReader
    from dnc.phone.forms import Readings

MAX_NUMBERS = 1000
CONSENT_FIRST = frozenset({"+33", "+49"})
"""The calling codes of the countries that ask for consent before a marketing call (`dnc.entries.notices`)."""


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
        numbers[position], exceptions[position] = None, phone.unreadable(why)
    lookups = [number for number in numbers if number is not None]
    for readings in exceptions.values():
        lookups += readings.lookups
    rows = reader.statuses(lookups)
    blocked = 0
    results = []
    for position, number in enumerate(numbers):
        if number is None:
            result = {"input": written[position], **_of_readings(exceptions[position], rows, now)}
        elif number in rows and (listed := _listed(rows[number], now)):
            result = {"input": written[position], "number": number, "callable": False, **listed}
        else:
            result = {"input": written[position], "number": number, "callable": True, "status": "clear"}
        blocked += not result["callable"]
        if number is None or number[1] != "1":  # most numbers are of the NANP, whose countries ask for none
            result |= _consent(result["number"])
        results.append(result)
    return {"account_id": profile.account_id, "checked_at": times.text(now), "blocked": blocked, "results": results}


def current_profile(accounts: Profiles, account_id: str) -> Profile:
    """Return the account's profile, read at most 30 seconds ago. A suspended account is read again each time.

    It may have been reactivated since.
    """
    profile = accounts.remembered(account_id)
    return accounts.profile(account_id) if profile.suspended else profile


def _of_readings(readings: Readings, rows: dict[str, dict[str, Any]], now: datetime) -> dict[str, Any]:
    """Return the result for a text that has several readings, a warning, or no number that may be called."""
    several = {"readings": list(readings.lookups)} if len(readings.lookups) > 1 else {}
    for number in readings.lookups:
        listed = _listed(rows[number], now) if number in rows else None
        if listed:
            return {"number": number, "callable": False, **listed, **several}
    if readings.valid:
        return {"number": readings.valid[0], "callable": True, "status": "clear", **several}
    # A possible number that is not in use has its E.164. Any other text has none.
    possible = readings.numbers[0] if readings.numbers else None
    return {"number": possible, "callable": False, "status": "invalid", "detail": readings.why, **several}


def _consent(number: str | None) -> dict[str, bool]:
    return {"consent_needed": True} if number and number[:3] in CONSENT_FIRST else {}


def _listed(row: dict[str, Any], now: datetime) -> dict[str, Any] | None:
    """Return the result for a stored row that is listed, else None."""
    if not is_listed(row, now):
        return None
    listed_at, source = row.get("listed_at"), row.get("source")
    # A row edited by hand may hold values that JSON cannot.
    return {
        "status": "listed",
        "listed_at": listed_at if isinstance(listed_at, str) else None,
        "source": source if isinstance(source, str) else None,
    }
