"""Every read of a base table must be strongly consistent, except those that decision 39 names.

moto and DynamoDB Local always read consistently, so nothing but the request itself shows a missing `ConsistentRead`.
"""

import json
from typing import Any

from dnc.audit.keys import HEAD_KEY

_READS = {"GetItem", "BatchGetItem", "Query", "Scan"}


class StaleRead(AssertionError):
    """A read may return a row as it was before the latest write."""


def assert_consistent(target: str, body: bytes) -> None:
    """Raise StaleRead for a request to DynamoDB that may read an older row. `target`: the X-Amz-Target header."""
    operation = target.rpartition(".")[2]
    if not target.startswith("DynamoDB_") or operation not in _READS:
        return
    request = json.loads(body)
    for read in request["RequestItems"].values() if operation == "BatchGetItem" else [request]:
        if read.get("ConsistentRead") is not True and not _is_excepted(operation, read):
            raise StaleRead(f"{operation} without ConsistentRead: {body.decode()[:500]}")


def _is_excepted(operation: str, read: dict[str, Any]) -> bool:
    """Return whether decision 39 names a read: those of an index, and the probe of the audit's lag."""
    is_probe = operation == "GetItem" and read["Key"].get("event_key") == {"S": HEAD_KEY}
    return "IndexName" in read or is_probe
