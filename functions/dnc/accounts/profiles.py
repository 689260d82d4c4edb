"""Read-only access to account profiles, which is all that a check needs; `dnc.accounts.store` writes them."""

from __future__ import annotations

import re
import time

from dnc.aws import errors as aws_errors
from dnc.aws import wire
from dnc.problems import NotFound, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ACCOUNT_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,62}", re.ASCII)
PROFILE = "profile"
REMEMBER_SECONDS = 30.0


class Profile:
    """One customer of the platform. `default_region`: ISO 3166-1 alpha-2 or None.

    `approve_reasons`: the codes of the removal reasons that a second person must approve.
    """

    __slots__ = ("account_id", "approve_reasons", "changed_at", "created_at", "default_region", "name", "suspended")

    def __init__(self, row: dict[str, Any]) -> None:
        """Read a stored row."""
        self.account_id = str(row["account_id"])
        self.name = str(row["name"])
        self.default_region: str | None = row.get("default_region")
        self.suspended = bool(row.get("suspended"))
        self.approve_reasons: list[str] = row.get("approve_reasons") or []
        self.created_at = str(row["created_at"])
        self.changed_at = str(row["changed_at"])

    def as_json(self) -> dict[str, Any]:
        """Return the account as the API shows it."""
        return {
            "account_id": self.account_id,
            "name": self.name,
            "default_region": self.default_region,
            "suspended": self.suspended,
            "approve_reasons": self.approve_reasons,
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
            answer = self._client.get_item(
                TableName=self._table, Key=record_key(account_id, PROFILE), ConsistentRead=True
            )
        if "Item" not in answer:
            raise NotFound("The account does not exist.")
        profile = Profile(wire.from_wire(answer["Item"]))
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


def record_key(partition: str, record: str) -> dict[str, Any]:
    """Return the key of a record of the accounts table, in DynamoDB's typed form."""
    return {"account_id": {"S": partition}, "record": {"S": record}}
