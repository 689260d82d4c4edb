"""Times as the service reads and writes them: RFC 3339, UTC, milliseconds.

They are stored as text in this one form, so that sorting them as text sorts them by time.
"""

import math
import re
from datetime import UTC, date, datetime

# Compiled when first used, because a check only writes times.
_RFC_3339 = r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})"


def now() -> datetime:
    """Return the current time, UTC, truncated to milliseconds."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def text(moment: datetime) -> str:
    """Write a moment as RFC 3339 UTC with milliseconds."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{utc.replace(tzinfo=None).isoformat('T', 'milliseconds')}Z"


def parse(written: str) -> datetime:
    """Read RFC 3339 with any offset. Raises ValueError for anything else, including a time without an offset."""
    if not re.fullmatch(_RFC_3339, written, re.ASCII):
        raise ValueError("must be an RFC 3339 time with an offset, such as 2026-11-23T17:04:00Z")
    try:
        moment = datetime.fromisoformat(written.upper().replace(" ", "T")).astimezone(UTC)
    except ValueError:
        raise ValueError("is not a valid time") from None
    except OverflowError:
        raise ValueError("must be a time in the years 1 to 9999, in UTC") from None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def parse_date(written: str) -> date:
    """Read a full date, `2026-11-23`. Raises ValueError for anything else."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", written, re.ASCII):
        raise ValueError("must be a date such as 2026-11-23")
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise ValueError("is not a valid date") from None


def epoch(moment: datetime) -> int:
    """Return epoch seconds, UTC, rounded up, so that an expiry never comes early."""
    return math.ceil(moment.timestamp())


def from_epoch(seconds: int) -> str:
    """Write epoch seconds as RFC 3339 UTC."""
    return text(datetime.fromtimestamp(seconds, UTC))
