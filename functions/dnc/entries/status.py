"""The status of a stored row at a given time: listed, removed or expired.

This is the only part of an entry's rules that a check needs.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

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


def is_listed(row: Mapping[str, Any], moment: datetime) -> bool:
    """Return whether a stored row, or the part of it that a check reads, is listed at a moment (UTC)."""
    expires_at = row.get("expires_at")
    return status_of(row.get("status"), int(expires_at) if expires_at is not None else None, moment) == LISTED
