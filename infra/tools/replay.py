"""Record what is in the failed-records bucket: `make replay STACK=nocall`. It needs your AWS credentials.

The bucket has batches that Lambda gave up on (FailedRecordsAlarm), and records of numbers whose events could not be
written (HeldRecordsAlarm). Fix the cause first. Safe to repeat, because an event is recorded only once.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import boto3

from dnc.audit.held import HeldRecords, replay
from dnc.audit.writer import AuditWriter

LARGEST_REQUEST = 4 * 1024 * 1024
"""Bytes of records in one request. Lambda accepts 6 MB; a record with both of its rows has less than 1 MB."""
MAX_RECORDS = 100


class NotRecorded(Exception):
    """The function that records changes did not record a batch. The message says why."""


def main(stack: str) -> int:
    """Record everything in a stack's bucket. Return 1 if something is left."""
    outputs = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    names = {output["OutputKey"]: output["OutputValue"] for output in outputs}
    s3 = boto3.client("s3")
    held = HeldRecords(s3, names["FailedRecordsBucketName"])

    def store_image(key: str, body: bytes) -> None:
        s3.put_object(Bucket=names["BulkBucketName"], Key=key, Body=body, ContentType="application/json")

    writer = AuditWriter(boto3.client("dynamodb"), names["AuditTableName"], store_image)
    return 0 if replay_all(held, writer, boto3.client("lambda"), names["AuditChangesFunctionName"]) else 1


def replay_all(held: HeldRecords, writer: AuditWriter, client: Any, function: str) -> bool:
    """Record the batches that Lambda gave up on, then the held records. Return whether nothing is left.

    `client`: boto3's Lambda client. `function`: the function that records changes. It gets a batch as the stream would
    send it, because it also publishes change events and reinstates deleted entries, neither of which has happened yet.
    """
    failed = 0
    for key, records in held.given_up():
        try:
            if records is None:
                raise NotRecorded("the object is not a batch of stream records")
            _deliver(client, function, records)
        except Exception as error:  # noqa: BLE001 - one batch's failure must not stop the others
            print(f"{key}: {type(error).__name__}: {error}; its records are still in the bucket", file=sys.stderr)
            failed += 1
        else:
            held.delete(key)
            print(f"{key}: {len(records)} records")
    for subject in held.subjects():
        try:
            print(f"{subject}: {replay(held, writer, subject)} records")
        except Exception as error:  # noqa: BLE001 - one chain's failure must not stop the others
            print(f"{subject}: {type(error).__name__}; its records are still held", file=sys.stderr)
            failed += 1
    return not failed


def _deliver(client: Any, function: str, records: Iterable[dict[str, Any]]) -> None:
    for part in _requests(records):
        response = client.invoke(FunctionName=function, Payload=json.dumps({"Records": part}).encode())
        result = json.loads(response["Payload"].read())
        if response.get("FunctionError"):
            raise NotRecorded(f"the function failed with {result.get('errorType')}")
        if result["batchItemFailures"]:
            raise NotRecorded(f"{len(result['batchItemFailures'])} records could not be recorded")


def _requests(records: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Split records into requests that Lambda accepts."""
    part: list[dict[str, Any]] = []
    size = 0
    for record in records:
        length = len(json.dumps(record))
        if part and (size + length > LARGEST_REQUEST or len(part) == MAX_RECORDS):
            yield part
            part, size = [], 0
        part.append(record)
        size += length
    if part:
        yield part


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
