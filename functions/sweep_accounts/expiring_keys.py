"""Announces API keys that are about to expire. A dialer or webhook whose key expires unnoticed loses opt-outs."""

import json
from datetime import datetime, timedelta
from typing import Any

from dnc import times
from dnc.accounts.store import Accounts
from dnc.aws.errors import storage
from dnc.problems import Unavailable

NOTICE_PERIOD = timedelta(days=14)


def announce(accounts: Accounts, account_id: str, client: Any, bus: str, now: datetime) -> int:
    """Publish `KeyExpiring` once for each of an account's keys that expires within 14 days. Return how many did.

    `account_id`: `#platform` for the operators' keys. `client`: for EventBridge. A notice is recorded only after its
    event was accepted, so a crash in between publishes the event twice but never loses it. Raises Unavailable.
    """
    announced = 0
    latest = times.text(now + NOTICE_PERIOD)
    for key in accounts.keys(account_id):
        is_due = key["expires_at"] and times.text(now) < key["expires_at"] <= latest and not key["revoked_at"]
        if is_due and not accounts.has_noted_expiry(account_id, key["key_id"]):
            _publish(client, bus, {"account_id": account_id, **{n: key[n] for n in ("key_id", "role", "expires_at")}})
            accounts.note_expiry(account_id, key["key_id"], now)
            announced += 1
    return announced


def _publish(client: Any, bus: str, detail: dict[str, Any]) -> None:
    event = {"EventBusName": bus, "Source": "nocall", "DetailType": "KeyExpiring", "Detail": json.dumps(detail)}
    with storage():
        if client.put_events(Entries=[event])["FailedEntryCount"]:
            raise Unavailable("EventBridge did not accept the event.")
