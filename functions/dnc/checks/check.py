"""The check: which numbers may be called. Only a number that was read and found not listed is callable."""

from __future__ import annotations

from dnc import times
from dnc.checks import elements
from dnc.entries.status import blocks
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
OLDEST_REGISTRY_DAYS = 31
"""A registry's file may be this old when a number is called (16 CFR 310.4(b)(3)(iv))."""
_BY_PREFIX = {"status": "listed", "listed_at": None, "source": "prefix"}
"""The result for a number that the account blocks by its first digits. If the number has an entry, that comes first."""


def check_numbers(
    reader: StatusReader,
    profile: Profile,
    sent: list[object],
    region: str | None,
    now: datetime,
    channel: str | None = None,
) -> dict[str, Any]:
    """Check numbers in any written form. Return one result for each, in order. Raises Unavailable unless all were read.

    `sent`: the elements of the request. An element that is neither text nor an integer is `invalid`.
    `region`: ISO 3166-1 alpha-2, for national forms; by default the account's. `now`: UTC, from before the read.
    `channel`: `voice` or `text`; without it, any listing blocks.
    """
    written, unreadable = elements.as_texts(sent)
    numbers, exceptions = phone.classify_many(written, region or profile.default_region)
    for position, why in unreadable.items():
        numbers[position], exceptions[position] = None, phone.unreadable(why)
    prefixes = profile.prefixes
    lookups = [number for number in numbers if number is not None]
    for readings in exceptions.values():
        lookups += readings.lookups
    rows = reader.statuses(lookups)
    blocked = 0
    results: list[dict[str, Any]] = []
    for text, number in zip(written, numbers, strict=True):
        if number is None:
            readings = exceptions[len(results)]
            result = {"input": text, **_of_readings(readings, rows, profile, channel, now)}
            blocked += not result["callable"]
        elif number in rows and (listed := _listed(number, rows[number], profile, channel, now)):
            result = {"input": text, "number": number, "callable": False, **listed}
            blocked += 1
        elif prefixes and number.startswith(prefixes):
            result = {"input": text, "number": number, "callable": False, **_BY_PREFIX}
            blocked += 1
        else:
            result = {"input": text, "number": number, "callable": True, "status": "clear"}
        results.append(result)
    # Most checks have only North American numbers, which sort before all others and never need consent.
    if lookups and max(lookups) >= "+2":
        for result in results:
            if (result["number"] or "")[:3] in CONSENT_FIRST:
                result["consent_needed"] = True
    return {"account_id": profile.account_id, "checked_at": times.text(now), "blocked": blocked, "results": results}


def current_profile(accounts: Profiles, account_id: str) -> Profile:
    """Return the account's profile, read at most 30 seconds ago.

    A suspended account is read again each time, because it may have been reactivated since.
    """
    profile = accounts.remembered(account_id)
    return accounts.profile(account_id) if profile.suspended else profile


def _of_readings(
    readings: Readings,
    rows: dict[str, dict[str, Any]],
    profile: Profile,
    channel: str | None,
    now: datetime,
) -> dict[str, Any]:
    """Return the result for a text that has several readings, a warning, or no number that may be called."""
    several = {"readings": list(readings.lookups)} if len(readings.lookups) > 1 else {}
    for number in readings.lookups:
        listed = _listed(number, rows[number], profile, channel, now) if number in rows else None
        if listed:
            return {"number": number, "callable": False, **listed, **several}
    if profile.prefixes:
        for number in readings.lookups:
            if number.startswith(profile.prefixes):
                return {"number": number, "callable": False, **_BY_PREFIX, **several}
    if readings.valid:
        return {"number": readings.valid[0], "callable": True, "status": "clear", **several}
    # A possible number that is not in use has an E.164 form. Any other text has none.
    possible = readings.numbers[0] if readings.numbers else None
    return {"number": possible, "callable": False, "status": "invalid", "detail": readings.why, **several}


def _listed(
    number: str, row: dict[str, Any], profile: Profile, channel: str | None, now: datetime
) -> dict[str, Any] | None:
    """Return the result for a stored row that blocks the channel, or None."""
    if not blocks(row, channel, now):
        return None
    listed_at, source = row.get("listed_at"), row.get("source")
    # A row edited by hand may hold values that JSON cannot.
    result: dict[str, Any] = {
        "status": "listed",
        "listed_at": listed_at if isinstance(listed_at, str) else None,
        "source": source if isinstance(source, str) else None,
    }
    sources = row.get("sources")
    if type(sources) is set and "registry" in sources:
        age = profile.registry_age_days(number, listed_at, now)
        if age is None or age > OLDEST_REGISTRY_DAYS:
            result["registry_stale"] = True
    return result
