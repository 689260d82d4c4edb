"""The keys of the audit table, for everything that writes or reads it.

A chain's partition is the subject of its number; the timeline index spreads a day over several partitions.
"""

import hashlib
from typing import Any

SHARDS = 8
HEAD_KEY = "~head"
ACCOUNT = "~account"
"""In the place of a number: the chain of the account itself and of its keys."""


def subject(account_id: str, number: str) -> str:
    """Return the partition key of a number's chain."""
    return f"{account_id}#{number}"


def row_key(chain: str, event_key: str) -> dict[str, Any]:
    """Return the key of a row in DynamoDB's typed form. `chain`: the subject; `event_key`: a sequence or HEAD_KEY."""
    return {"subject": {"S": chain}, "event_key": {"S": event_key}}


def shard(number: str) -> int:
    """Return which part of a day's timeline holds a number's events, so that an import does not heat one partition."""
    return hashlib.sha256(number.encode()).digest()[0] % SHARDS


def day_shard(account_id: str, day: str, part: int) -> str:
    """Return the timeline partition of a part of a day (`2026-11-23`, of `recorded_at`)."""
    return f"{account_id}#{day}#{part}"
