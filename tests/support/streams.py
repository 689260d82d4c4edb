"""The stream of a table on DynamoDB Local, read as Lambda delivers it."""

import base64
import json
from typing import Any


class TableStream:
    """The records of one table, from its first one. `client`, `streams`: boto3's clients."""

    def __init__(self, client: Any, streams: Any, table: str) -> None:
        self._streams = streams
        self._arn = client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
        self._iterators: dict[str, str] = {}
        self._latest: dict[str, int] = {}

    def new(self) -> list[dict[str, Any]]:
        """Return the records since the last call, as plain JSON."""
        records = []
        for shard in self._streams.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"]:
            records += self._of_shard(shard["ShardId"])
        return json.loads(json.dumps([_delivered(record) for record in records], default=_in_base64))

    def _of_shard(self, shard: str) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = []
        iterator = self._iterators.get(shard) or self._oldest(shard)
        while True:
            try:
                page = self._streams.get_records(ShardIterator=iterator)
            except self._streams.exceptions.TrimmedDataAccessException:  # what was read before has been trimmed
                iterator = self._oldest(shard)
                continue
            records += [record for record in page["Records"] if _sequence(record) > self._latest.get(shard, 0)]
            if records:
                self._latest[shard] = _sequence(records[-1])
            iterator = self._iterators[shard] = page.get("NextShardIterator") or iterator
            if not page["Records"]:
                return records

    def _oldest(self, shard: str) -> str:
        request = {"StreamArn": self._arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        return self._streams.get_shard_iterator(**request)["ShardIterator"]


def _sequence(record: dict[str, Any]) -> int:
    return int(record["dynamodb"]["SequenceNumber"])


def _delivered(record: dict[str, Any]) -> dict[str, Any]:
    change = record["dynamodb"]
    at = change["ApproximateCreationDateTime"].timestamp()
    return {**record, "dynamodb": {**change, "ApproximateCreationDateTime": at}}


def _in_base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
