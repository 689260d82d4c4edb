"""Read-only access to account profiles, which is all that a check needs. `dnc.accounts.store` writes them."""

from __future__ import annotations

import re
import time
from datetime import date

from dnc.aws import errors as aws_errors
from dnc.aws import wire
from dnc.problems import NotFound, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

ACCOUNT_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,62}", re.ASCII)
# Compiled when first used, because most accounts block no prefix.
_PREFIX = r"\+[1-9]\d{1,6}"
_AREA_LENGTHS = (5, 4, 3, 2)
"""An area is +1 and an area code, or a country code of up to three digits. No area is a prefix of another."""
PROFILE = "profile"
REMEMBER_SECONDS = 30.0


class Profile:
    """One customer of the platform. `default_region`: ISO 3166-1 alpha-2 or None.

    `approve_reasons`: the codes of the removal reasons that a second person must approve. `blocked_prefixes`: first
    digits of E.164 numbers, with the plus. `registry_imports`: by day (2026-11-23), the areas whose registry was last
    imported on that day, as first digits of E.164 numbers.
    """

    __slots__ = (
        "_imported_on",
        "_prefixes",
        "account_id",
        "approve_reasons",
        "blocked_prefixes",
        "changed_at",
        "created_at",
        "default_region",
        "name",
        "registry_imports",
        "suspended",
    )

    def __init__(self, row: dict[str, Any]) -> None:
        """Read a stored row."""
        self.account_id = str(row["account_id"])
        self.name = str(row["name"])
        self.default_region: str | None = row.get("default_region")
        self.suspended = bool(row.get("suspended"))
        self.approve_reasons: list[str] = row.get("approve_reasons") or []
        stored = row.get("blocked_prefixes")
        self._prefixes = () if stored is None else _prefixes(stored)
        self.blocked_prefixes = list(self._prefixes or ())
        imports = row.get("registry_imports")
        self.registry_imports: dict[str, list[str]] = imports if isinstance(imports, dict) else {}
        self._imported_on: dict[str, str] | None = None
        self.created_at = str(row["created_at"])
        self.changed_at = str(row["changed_at"])

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Return the blocked prefixes. Raises Unavailable if they cannot be read: until then, no number is callable."""
        if self._prefixes is None:
            raise Unavailable("The account's blocked prefixes cannot be read. Set them again; until then, do not call.")
        return self._prefixes

    @property
    def imported_on(self) -> dict[str, str]:
        """Return the day on which each area's registry was last imported. Values broken by hand are left out."""
        if self._imported_on is None:
            by_day = [(day, areas) for day, areas in self.registry_imports.items() if isinstance(areas, list)]
            self._imported_on = {
                area: day for day, areas in by_day if _is_day(day) for area in areas if isinstance(area, str)
            }
        return self._imported_on

    def registry_age_days(self, number: str, listed_at: object, now: datetime) -> int | None:
        """Return how many days ago the registry that lists a number (E.164) was last imported.

        If no import of its area is known, the number's own `listed_at` (RFC 3339) counts. None if that is not a time.
        """
        known = self.imported_on
        days = (known[number[:length]] for length in _AREA_LENGTHS if number[:length] in known)
        return _age(next(days, listed_at), now)

    def registry_ages(self, now: datetime) -> list[int]:
        """Return how many days ago each registry was last imported."""
        return [age for day in set(self.imported_on.values()) if (age := _age(day, now)) is not None]

    def as_json(self) -> dict[str, Any]:
        """Return the account as the API shows it."""
        return {
            "account_id": self.account_id,
            "name": self.name,
            "default_region": self.default_region,
            "suspended": self.suspended,
            "approve_reasons": self.approve_reasons,
            "blocked_prefixes": self.blocked_prefixes,
            "created_at": self.created_at,
            "changed_at": self.changed_at,
        }


class Profiles:
    """The profiles in the accounts table."""

    def __init__(self, client: Any, table: str) -> None:
        """Bind to the table. `client`: the service's own or boto3's."""
        self._client = client
        self._table = table
        self._known: dict[str, tuple[float, Profile]] = {}

    def profile(self, account_id: str) -> Profile:
        """Read an account, strongly consistent. Raises NotFound."""
        if not ACCOUNT_ID.fullmatch(account_id):
            raise NotFound("The account does not exist.")
        with aws_errors.storage():
            response = self._client.get_item(
                TableName=self._table, Key=record_key(account_id, PROFILE), ConsistentRead=True
            )
        if "Item" not in response:
            raise NotFound("The account does not exist.")
        profile = Profile(wire.from_wire(response["Item"]))
        if profile.account_id != account_id:
            raise Unavailable("Storage returned another account's row. Try again; until then, do not call.")
        return profile

    def remembered(self, account_id: str) -> Profile:
        """Return an account as read at most 30 seconds ago. Missing accounts are never cached."""
        seen = self._known.get(account_id)
        if seen and time.monotonic() - seen[0] < REMEMBER_SECONDS:
            return seen[1]
        self._known.pop(account_id, None)
        profile = self.profile(account_id)
        self._known[account_id] = (time.monotonic(), profile)
        return profile


def _is_day(written: str) -> bool:
    try:
        return date.fromisoformat(written).isoformat() == written
    except ValueError:
        return False


def _age(written: object, now: datetime) -> int | None:
    """Return how many days ago a day or a time (RFC 3339) was, or None if the text is neither."""
    try:
        day = date.fromisoformat(written[:10] if isinstance(written, str) else "")
    except ValueError:
        return None
    return max((now.date() - day).days, 0)


def _prefixes(stored: Any) -> tuple[str, ...] | None:
    """Return stored prefixes, or None if any of them is malformed and could block nothing or everything."""
    if not isinstance(stored, list) or not all(isinstance(one, str) and _is_prefix(one) for one in stored):
        return None
    return tuple(stored)


def _is_prefix(written: str) -> bool:
    return re.fullmatch(_PREFIX, written, re.ASCII) is not None


def record_key(partition: str, record: str) -> dict[str, Any]:
    """Return the key of a record of the accounts table, in DynamoDB's typed form."""
    return {"account_id": {"S": partition}, "record": {"S": record}}
