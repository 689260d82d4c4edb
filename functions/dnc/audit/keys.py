"""The keys of the audit table, for all code that writes or reads it.

The partition of a chain is its subject, an account and a number. The timeline index spreads a day over several
partitions.
"""

import hashlib
from typing import Any

SHARDS = 8
HEAD_KEY = "~head"
ACCOUNT = "~account"
"""Stands in for the number in the chain of the account itself and its keys."""


def subject(account_id: str, number: str) -> str:
    """Return the partition key of a number's chain."""
    return f"{account_id}#{number}"


def row_key(chain: str, event_key: str) -> dict[str, Any]:
    """Return the key of a row in DynamoDB's typed form. `chain`: the subject; `event_key`: a sequence or HEAD_KEY."""
    return {"subject": {"S": chain}, "event_key": {"S": event_key}}


def shard(number: str) -> int:
    """Return the part of a day's timeline that has a number's events. An import spreads its events over all parts."""
    return hashlib.sha256(number.encode()).digest()[0] % SHARDS


def day_shard(account_id: str, day: str, part: int) -> str:
    """Return the timeline's partition key for a part of a day. `day`: of `recorded_at`, such as 2026-11-23."""
    return f"{account_id}#{day}#{part}"
