"""The first step of the nightly exports: write the list of the exports to make, two for each account.

The state machine makes them in parallel, and one that fails does not stop the others.
"""

import json
import re
from typing import Any

from dnc import times
from dnc.accounts.store import Accounts
from dnc.aws import clients, deadline
from dnc.bulk.exports.format import ExportKind
from dnc.bulk.files import TAG_RESULT, s3
from dnc.settings import Settings

ACCOUNTS_PER_PAGE = 500
_HOUR = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z", re.ASCII)

settings = Settings.from_env("ACCOUNTS_TABLE", "BULK_BUCKET")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return the key of the list and the number of exports in it. `scheduled_at`: RFC 3339 UTC, by default now.

    A time in the future counts as now, because the events recorded until then would be in no night's export.
    """
    deadline.begin(context)
    scheduled = str(event.get("scheduled_at") or "")
    at = times.text(min(times.parse(scheduled), times.now()) if _HOUR.fullmatch(scheduled) else times.now())
    exports: list[dict[str, str]] = []
    after = None
    while True:
        page, after = accounts.page(ACCOUNTS_PER_PAGE, after)
        exports += [
            {"account_id": profile.account_id, "kind": kind, "scheduled_at": at}
            for profile in page
            for kind in ExportKind
        ]
        if after is None:
            break
    key = f"nightly/{at[:10]}/{event['run']}.json"
    s3().put_object(
        Bucket=settings.bulk_bucket, Key=key, Body=json.dumps(exports).encode(), Tagging=f"kind={TAG_RESULT}"
    )
    return {"key": key, "exports": len(exports), "day": at[:10]}
