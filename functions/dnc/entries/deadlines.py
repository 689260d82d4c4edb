"""When a do-not-call request must be honored under the rule of the number's country, and whether it was in time.

Pure functions. Days are UTC days, counted from the day after the request. The rules:

- United States and its territories: 10 business days from receipt (47 CFR 64.1200(d)(3)). These are Monday to Friday
  except the legal public holidays of 5 U.S.C. 6103. Requests before April 11, 2025, when that rule took effect, had 30
  days (89 FR 15756).
- Canada: 14 days (CRTC Unsolicited Telecommunications Rules, Part III).
"""

from datetime import date, timedelta
from functools import lru_cache

from dnc.entries.entry import EXPIRING_SOURCES, Entry

BUSINESS_DAYS = 10
SHORTEST_TERM = timedelta(days=12)
"""No deadline is closer to its request than this."""
_US_REGIONS = frozenset({"US", "PR", "GU", "VI", "MP", "AS"})
_BUSINESS_DAYS_SINCE = date(2025, 4, 11)
_DAYS_BEFORE = timedelta(days=30)
_CANADA = timedelta(days=14)
_DAY = timedelta(days=1)
_SATURDAY, _SUNDAY = 5, 6
_FIXED_HOLIDAYS = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))
_MOVABLE_HOLIDAYS = ((1, 0, 3), (2, 0, 3), (9, 0, 1), (10, 0, 2), (11, 3, 4))
"""Month, day of the week (0 is Monday), and which one of the month."""


def honor_by(source: str, requested_at: str, region: str | None) -> str | None:
    """Return the last moment at which a request is honored in time, or None if there is no deadline.

    Times are RFC 3339 UTC. `source`: of the request that listed the number. A registry's row or a company's own
    suppression has no deadline, because no person requested it. `region`: of the number, ISO 3166-1 alpha-2.
    """
    if source in EXPIRING_SOURCES:
        return None
    try:
        day = _last_day(date.fromisoformat(requested_at[:10]), region)
    except (ValueError, OverflowError):  # a row edited by hand, or a date at the end of time
        return None
    return f"{day.isoformat()}T23:59:59.999Z" if day else None


def is_late(deadline: str | None, blocked_since: str) -> bool | None:
    """Return whether a number was first blocked after its deadline. Both times are RFC 3339 UTC.

    Without a deadline, the result is False. If `blocked_since` is unknown (""), it is None: when another list blocked
    the number is not guessed.
    """
    if deadline is None:
        return False
    return blocked_since > deadline if blocked_since else None


def blocked_since(entry: Entry) -> str:
    """Return when the number of an entry was first blocked, as `first_blocked` does."""
    is_imported = "import_id" in entry.details
    return first_blocked(entry.listed_at, entry.listed_elsewhere_at, is_imported=is_imported)


def first_blocked(listed_at: str, listed_elsewhere_at: str | None, *, is_imported: bool) -> str:
    """Return when a number was first blocked, here or on the list that it was imported from: RFC 3339 UTC.

    Return "" if that is unknown: the number was imported without a date from its old list.
    """
    if listed_elsewhere_at is None:
        return "" if is_imported else listed_at
    return min(listed_elsewhere_at, listed_at)


def is_business_day(day: date) -> bool:
    """Return whether a day is Monday to Friday and not a legal public holiday of the United States."""
    return day.weekday() < _SATURDAY and day not in _holidays(day.year)


@lru_cache(maxsize=4096)
def _last_day(requested: date, region: str | None) -> date | None:
    if region == "CA":
        return requested + _CANADA
    if region not in _US_REGIONS:
        return None
    if requested < _BUSINESS_DAYS_SINCE:
        return requested + _DAYS_BEFORE
    day, left = requested, BUSINESS_DAYS
    while left:
        day += _DAY
        left -= is_business_day(day)
    return day


@lru_cache(maxsize=64)
def _holidays(year: int) -> frozenset[date]:
    """Return the days of a year on which legal public holidays are observed (5 U.S.C. 6103).

    A holiday on a Saturday is observed on the Friday before, and one on a Sunday on the Monday after.
    """
    days = [date(year, month, day) for month, day in _FIXED_HOLIDAYS]
    days += [_nth(year, month, weekday, nth) for month, weekday, nth in _MOVABLE_HOLIDAYS]
    days.append(_last_monday_of_may(year))
    if year < date.max.year:
        days.append(date(year + 1, 1, 1))  # observed in this year if it is a Saturday
    return frozenset(_observed(day) for day in days)


def _observed(day: date) -> date:
    shift = {_SATURDAY: -_DAY, _SUNDAY: _DAY}
    return day + shift.get(day.weekday(), timedelta())


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())
