"""Reports adds that were refused. Each may be a person who asked not to be called, so none may be lost silently.

A metric counts them by code. The event `AddRefused` on the change bus names the account and the key, never a number.
"""

import json
from typing import Any

from dnc import times
from dnc.logs import logger as logs
from dnc.logs import metrics


def report(client: Any, bus: str, code: str, account_id: str | None, principal: str | None) -> None:
    """Count a refused add, and publish it if a known key sent it. It never raises, so the client gets its response.

    `client`: for EventBridge. `code`: of the problem. `principal`: `key:{key_id}` for a key.
    """
    metrics.count("AddsRefused", code=code)
    if not account_id or not (principal or "").startswith("key:"):
        return
    detail = {
        "account_id": account_id,
        "key_id": str(principal).removeprefix("key:"),
        "code": code,
        "occurred_at": times.text(times.now()),
    }
    event = {"EventBusName": bus, "Source": "nocall", "DetailType": "AddRefused", "Detail": json.dumps(detail)}
    try:
        failed = client.put_events(Entries=[event])["FailedEntryCount"]
    except Exception as refused:  # noqa: BLE001 - the client's response must not depend on the report
        logs.logger.error("refused add not published", extra={"account_id": account_id, **logs.failure(refused)})
    else:
        if failed:
            logs.logger.error("refused add not published", extra={"account_id": account_id})
