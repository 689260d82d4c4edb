"""The status of a stored row at a given time: listed, removed or expired.

This is the only part of an entry's rules that a check needs.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

LISTED, REMOVED, EXPIRED = "listed", "removed", "expired"


def status_of(status: object, expires_at: int | None, moment: datetime) -> str:
    """Return the status of a row at a moment (UTC). `expires_at`: epoch seconds.

    Unless a row is plainly removed or its expiry has passed, it is listed, so that an unknown status never reads as
    clear.
    """
    if status == REMOVED:
        return REMOVED
    if expires_at is not None and expires_at <= moment.timestamp():
        return EXPIRED
    return LISTED
