"""Append the events of held records: `make replay STACK=nocall`, with your own AWS credentials.

Records are held back when a number's events could not be written; the alarm HeldRecords says so. Fix the cause first.
Safe to repeat.
"""

import sys

import boto3

from dnc.audit.held import HeldRecords, replay
from dnc.audit.writer import AuditWriter


def main(stack: str) -> int:
    """Replay every held chain of a stack. Return 1 if one of them could not be appended."""
    outputs = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    names = {output["OutputKey"]: output["OutputValue"] for output in outputs}
    s3 = boto3.client("s3")
    held = HeldRecords(s3, names["FailedRecordsBucketName"])

    def store_image(key: str, body: bytes) -> None:
        s3.put_object(Bucket=names["BulkBucketName"], Key=key, Body=body, ContentType="application/json")

    writer = AuditWriter(boto3.client("dynamodb"), names["AuditTableName"], store_image)
    failed = 0
    for subject in held.subjects():
        try:
            print(f"{subject}: {replay(held, writer, subject)} records appended")
        except Exception as error:  # noqa: BLE001 - one chain's failure must not keep the others from their events
            print(f"{subject}: {type(error).__name__}; its records are still held", file=sys.stderr)
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
