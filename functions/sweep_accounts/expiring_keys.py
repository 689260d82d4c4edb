"""API keys that are about to expire. A dialer or webhook whose key expires unnoticed loses opt-outs."""

import json
from datetime import datetime, timedelta
from typing import Any

from dnc import times
from dnc.accounts.store import Accounts
from dnc.aws.errors import storage
from dnc.problems import Unavailable

NOTICE = timedelta(days=14)


def announce(accounts: Accounts, account_id: str, client: Any, bus: str, now: datetime) -> int:
    """Publish `KeyExpiring` for each of an account's keys that expires within 14 days, once for each key.

    Return how many were announced.

    `account_id`: `#platform` for the operators' keys. `client`: of EventBridge. The notice is stored after the event
    was accepted, so after a crash in between the event is published twice, but it is never lost. Raises Unavailable.
    """
    announced = 0
    latest = times.text(now + NOTICE)
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
