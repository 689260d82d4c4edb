"""The beginning of a night: write down which exports there are to make, two for each account.

The state machine makes them side by side; one that fails stops no other.
"""

import json
import re
from typing import Any

from dnc import times
from dnc.accounts.store import Accounts
from dnc.aws import clients
from dnc.bulk.exports.format import Kind
from dnc.bulk.files import TAG_RESULT, s3
from dnc.settings import Settings

ACCOUNTS_A_PAGE = 500
_HOUR = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z", re.ASCII)

settings = Settings.from_env("ACCOUNTS_TABLE", "BULK_BUCKET")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Give the key of the list and how many exports are in it. `scheduled_at`: RFC 3339 UTC, else now.

    Never later than now: what is recorded between now and then would be in no night's export.
    """
    told = str(event.get("scheduled_at") or "")
    at = times.text(min(times.parse(told), times.now()) if _HOUR.fullmatch(told) else times.now())
    wanted: list[dict[str, str]] = []
    after = None
    while True:
        found, after = accounts.page(ACCOUNTS_A_PAGE, after)
        wanted += [{"account_id": one.account_id, "kind": kind, "scheduled_at": at} for one in found for kind in Kind]
        if after is None:
            break
    key = f"nightly/{at[:10]}/{event['run']}.json"
    s3().put_object(
        Bucket=settings.bulk_bucket, Key=key, Body=json.dumps(wanted).encode(), Tagging=f"kind={TAG_RESULT}"
    )
    return {"key": key, "exports": len(wanted), "day": at[:10]}
