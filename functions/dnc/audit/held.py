"""Stream records whose events could not be appended. The failure bucket stores them in full until they are replayed.

One number that cannot be written must not stall every account of its shard. Its chain is marked `held`, and its later
records are stored here as well, so that they are appended in order. Lambda stores the batches that it gave up on.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any
from urllib.parse import quote, unquote

from dnc.audit.account_changes import read_account_record
from dnc.audit.changes import RecordedChange, read_stream_record, sequence_of
from dnc.audit.writer import AuditWriter
from dnc.aws import errors as aws_errors

HELD, UNREADABLE = "held/", "unreadable/"
_GIVEN_UP = "aws/lambda/"
"""Where Lambda stores batches: `aws/lambda/{mapping}/{shard}/{YYYY/MM/DD}/{time to the second}-{random UUID}`.

https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""
_UUID_LENGTH = 36


class HeldRecords:
    """The held records in the failure bucket. `client`: boto3's S3 client."""

    def __init__(self, client: Any, bucket: str) -> None:
        """Bind to the bucket."""
        self._client = client
        self._bucket = bucket

    def store(self, subject: str, record: Mapping[str, Any]) -> None:
        """Store a record of a held chain. Idempotent."""
        self._put(f"{HELD}{quote(subject, safe='')}/{sequence_of(record)}.json", record)

    def store_unreadable(self, record: Mapping[str, Any]) -> None:
        """Store a record that does not name a row. Idempotent."""
        self._put(f"{UNREADABLE}{sequence_of(record)}.json", record)

    def subjects(self) -> list[str]:
        """Return the subjects of the chains with held records."""
        return sorted({unquote(key.split("/")[1]) for key in self._keys(HELD)})

    def records(self, subject: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the held records of a chain, in order, each with its key."""
        for key in sorted(self._keys(f"{HELD}{quote(subject, safe='')}/")):
            yield key, json.loads(self._bytes(key))

    def given_up(self) -> Iterator[tuple[str, list[dict[str, Any]] | None]]:
        """Yield the batches that Lambda gave up on, each with its key. The batches of one shard are in order.

        A batch that cannot be read is None.
        """
        keys = sorted(self._keys(_GIVEN_UP), key=lambda key: key[:-_UUID_LENGTH])
        for _, same_second in groupby(keys, key=lambda key: key[:-_UUID_LENGTH]):
            batches = [(key, _records_of(self._bytes(key))) for key in same_second]
            yield from sorted(batches, key=lambda batch: min(map(sequence_of, batch[1] or ()), default=""))

    def delete(self, key: str) -> None:
        """Delete a record or batch that was appended."""
        with aws_errors.storage():
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def _bytes(self, key: str) -> bytes:
        with aws_errors.storage():
            body: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return body

    def _put(self, key: str, record: Mapping[str, Any]) -> None:
        with aws_errors.storage():
            self._client.put_object(Bucket=self._bucket, Key=key, Body=json.dumps(record, default=str).encode())

    def _keys(self, prefix: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        with aws_errors.storage():
            for page in pages:
                yield from (found["Key"] for found in page.get("Contents", ()))


def _records_of(batch: bytes) -> list[dict[str, Any]] | None:
    """Return the records of a batch that Lambda gave up on, or None. `payload` is the event, as JSON or as its text."""
    try:
        payload = json.loads(batch)["payload"]
        records: list[dict[str, Any]] = (json.loads(payload) if isinstance(payload, str) else payload)["Records"]
        _ = [sequence_of(record) for record in records]
    except (KeyError, TypeError, ValueError):
        return None
    return records


def read_record(record: Mapping[str, Any]) -> RecordedChange | None:
    """Read a record of either table's stream. Return None for a record that needs no event."""
    change = record["dynamodb"]
    row = change.get("Keys") or change.get("NewImage") or change.get("OldImage") or {}
    return read_account_record(record) if "record" in row else read_stream_record(record)


def replay(held: HeldRecords, writer: AuditWriter, subject: str) -> int:
    """Append a chain's held records, in order, and reopen the chain. Return how many records were appended.

    Safe to repeat. A record that is stored while this runs is appended as well. If the chain has continued before it,
    its event is marked `recorded_late`.
    """
    count = _append(held, writer, subject)
    writer.release(subject)
    return count + _append(held, writer, subject)


def _append(held: HeldRecords, writer: AuditWriter, subject: str) -> int:
    count = 0
    for key, record in held.records(subject):
        change = read_record(record)
        if change is not None:
            writer.record([change], writer.heads([subject]).get(subject), replaying=True)
        held.delete(key)
        count += 1
    return count
