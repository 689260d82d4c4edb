"""The status of a stored row at a given time: listed, removed or expired.

This is the only part of an entry's rules that a check needs.

A row counts as listed unless the service itself can have written that it is not: a removal must say why, when and by
whom, and an expiry counts only if it is a whole number and every source of the row may expire.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

LISTED, REMOVED, EXPIRED = "listed", "removed", "expired"
EXPIRING_SOURCES = frozenset({"registry", "suppression"})
"""The only sources whose entries may expire. Any other source can be a person's own request."""
CHANNELS = ("text", "voice")
"""The channels that an entry can block, sorted. A row without the attribute blocks both."""
NEEDED = (
    "status",
    "version",
    "expires_at",
    "sources",
    "channels",
    "removal.reason",
    "removal.removed_at",
    "removal.removed_by.principal",
)
"""The paths of a row that `status_of` and `blocks` read."""


def status_of(row: Mapping[str, Any], moment: datetime) -> str:
    """Return the status of a stored row at a moment. A row that the service cannot have written is listed."""
    status = row.get("status")
    if status == LISTED:
        if "expires_at" not in row:
            return LISTED
        expires_at = expiry_of(row)
        return EXPIRED if expires_at is not None and expires_at <= moment.timestamp() else LISTED
    return REMOVED if status == REMOVED and _is_removal(row.get("removal")) and _is_version(row) else LISTED


def is_listed(row: Mapping[str, Any], moment: datetime) -> bool:
    """Return whether a stored row, or the part of it that a check reads, is listed at a moment (UTC)."""
    return status_of(row, moment) == LISTED


def blocks(row: Mapping[str, Any], channel: str | None, moment: datetime) -> bool:
    """Return whether a stored row blocks a channel at a moment (UTC). Without a channel, any listing blocks."""
    return status_of(row, moment) == LISTED and (
        channel is None or "channels" not in row or channel in channels_of(row)
    )


def channels_of(row: Mapping[str, Any]) -> frozenset[str]:
    """Return the channels that a row covers. A set that the service cannot have written counts as all of them."""
    channels = row.get("channels")
    if isinstance(channels, (set, frozenset, list, tuple)) and channels:
        known = frozenset(channel for channel in channels if channel in CHANNELS)
        if len(known) == len(channels):
            return known
    return frozenset(CHANNELS)


def expiry_of(row: Mapping[str, Any]) -> int | None:
    """Return when a row expires (epoch seconds), or None if it never does."""
    expires_at = whole_number(row.get("expires_at"))
    sources = row.get("sources")
    if expires_at is None or not sources or not isinstance(sources, (set, frozenset, list)):
        return None
    return expires_at if all(isinstance(s, str) and s in EXPIRING_SOURCES for s in sources) else None


def whole_number(value: object) -> int | None:
    """Return a stored number as int, or None if the value is not a whole number."""
    if isinstance(value, (str, bytes, bool)) or value is None:
        return None
    try:
        number = int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number == value else None


def _is_removal(removal: object) -> bool:
    if not isinstance(removal, dict):
        return False
    removed_by = removal.get("removed_by")
    principal = removed_by.get("principal") if isinstance(removed_by, dict) else None
    return all(isinstance(text, str) and text for text in (removal.get("reason"), removal.get("removed_at"), principal))


def _is_version(row: Mapping[str, Any]) -> bool:
    version = whole_number(row.get("version"))
    return version is not None and version > 0
