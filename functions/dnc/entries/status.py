"""What a stored row means at a moment: listed, removed or expired. A check needs this of an entry alone."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

LISTED, REMOVED, EXPIRED = "listed", "removed", "expired"


def status_of(status: object, expires_at: int | None, moment: datetime) -> str:
    """Give the status of a stored row at a moment; anything but a plain removal or a past expiry is listed."""
    if status == REMOVED:
        return REMOVED
    if expires_at is not None and expires_at <= moment.timestamp():
        return EXPIRED
    return LISTED
