"""Restore a table of a deployed stack into a new table, which the stack can then use. It needs your AWS credentials.

`time` restores a table to a point in time, `exports` rebuilds the list from each account's last exported list, and
`changes` carries over the changes that the audit recorded since a time. Each prints what is lost and what to do next.
`time` and `exports` never change the table in use.
"""

import argparse
import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from dnc import times
from dnc.accounts.store import Accounts
from dnc.audit import chain
from dnc.audit.changes import ENTRY_CHANGES, OUT_OF_BAND
from dnc.audit.held import HeldRecords
from dnc.audit.timeline import Timeline
from dnc.aws import queries, wire
from dnc.bulk.exports.format import ExportFormat, ExportKind
from infra import templates
from infra.tools import exported_rows

WORKERS = 16
_STREAMED = {"numbers", "accounts"}
_SCHEMA = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
_MARGIN = timedelta(minutes=5)
"""Changes are carried over from so long before the restored time: clocks differ, and DynamoDB restores to a second."""
_NEWER = "attribute_not_exists(account_id) OR changed_at < :at OR (changed_at = :at AND version < :version)"


class NotRestored(Exception):
    """The table was not restored. The message says why."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployed stack: its name, its outputs and its parameters."""

    name: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]

    @classmethod
    def of(cls, name: str) -> "Deployed":
        """Read a stack. Raises ClientError."""
        stack = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        parameters = {one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", ())}
        return cls(name, outputs, parameters)

    def changed_parameters(self) -> dict[str, str]:
        """Return the parameters whose values are not the template's defaults."""
        defaults = {name: str(one.get("Default", "")) for name, one in templates.parent()["Parameters"].items()}
        return {name: value for name, value in self.parameters.items() if value != defaults.get(name, value)}

    def table(self, kind: str) -> str:
        """Return the name of the table in use. `kind`: `numbers`, `audit` or `accounts`."""
        return self.outputs[f"{kind.capitalize()}TableName"]


class Restore:
    """The restore of a stack's tables."""

    def __init__(self, stack: Deployed) -> None:
        """Bind to a stack."""
        self._stack = stack
        self._client: Any = boto3.client("dynamodb")
        self._s3: Any = boto3.client("s3")

    def to_time(self, kind: str, at: datetime) -> tuple[str, datetime]:
        """Restore a table to a point in time, into a new one. Return its name and the time that it is from.

        A table that was deleted is restored as it was then: DynamoDB made a backup of it. Raises NotRestored if there
        is none.
        """
        source, target = self._stack.table(kind), self._new_name(kind)
        new = {"TargetTableName": target, "BillingModeOverride": "PAY_PER_REQUEST"}
        if self._exists(source):
            self._client.restore_table_to_point_in_time(SourceTableName=source, RestoreDateTime=at, **new)
        else:
            backup = self._last_backup(source)
            at = backup["BackupCreationDateTime"]
            print(f"{source} does not exist. Its last backup is from {times.text(at)}.")
            self._client.restore_table_from_backup(BackupArn=backup["BackupArn"], **new)
        self._wait(target)
        print(f"{source} as of {times.text(at)} is restored into {target}.")
        return target, at

    def from_exports(self) -> tuple[str, datetime]:
        """Rebuild the list from the accounts' exports. Return the new table, and when the oldest export began.

        Raises NotRestored if a file does not match its manifest.
        """
        target = self._new_table("numbers")
        oldest = times.now()
        for account_id in self._accounts():
            manifest = self._last_list(account_id)
            if manifest is None:
                print(f"{account_id}: has no export of its whole list; only what the audit recorded can be restored")
                oldest = min(oldest, times.parse(self._profiles().profile(account_id).created_at))
                continue
            self._put_all(target, self._rows_of(account_id, manifest))
            oldest = min(oldest, times.parse(manifest["started_at"]))
            print(f"{account_id}: {manifest['rows']} entries of {manifest['started_at']}")
        return target, oldest

    def changes_since(self, target: str, since: datetime) -> Counter[str]:
        """Carry over each change that the service made since then, as the audit recorded it. Return the counts.

        `since`: changes of the five minutes before are carried over as well. `carried`: rows written; `known`: the
        table already has this version or a later one; `by_hand`: changes made outside the service, which are left out;
        `too_large`: rows that are in the bulk bucket. Safe to repeat.
        """
        counts: Counter[str] = Counter()
        with ThreadPoolExecutor(WORKERS) as pool:
            for account_id in self._accounts():
                timeline = Timeline(self._client, self._stack.table("audit"), account_id)
                until = times.text(times.now() + timedelta(minutes=1))
                for _, events in timeline.oldest_first(times.text(since - _MARGIN), until):
                    counts.update(pool.map(lambda event: self._carry_over(target, event), events))
        del counts["other"]
        return counts

    def prepare(self, kind: str, table: str) -> dict[str, str]:
        """Set a restored table's stream, expiry and protection. Return the stack parameters that select the table."""
        name = kind.capitalize()
        parameters = {f"Restored{name}Table": table}
        if kind in _STREAMED:
            stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
            self._client.update_table(TableName=table, StreamSpecification=stream)
            self._wait(table)
            described = self._client.describe_table(TableName=table)["Table"]
            parameters[f"Restored{name}StreamArn"] = described["LatestStreamArn"]
        if kind == "numbers":
            expiry = {"AttributeName": "expires_at", "Enabled": True}
            self._client.update_time_to_live(TableName=table, TimeToLiveSpecification=expiry)
        recovery = {"PointInTimeRecoveryEnabled": True}
        self._client.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)
        if self._stack.parameters.get("DeletionProtection") != "false" and self._is_on_aws():
            self._client.update_table(TableName=table, DeletionProtectionEnabled=True)
        return parameters

    def unrecorded(self) -> int:
        """Return how many batches and numbers wait in the failed-records bucket. Their changes are not in the audit."""
        held = HeldRecords(self._s3, self._stack.outputs["FailedRecordsBucketName"])
        return sum(1 for _ in held.given_up()) + len(held.subjects())

    def _carry_over(self, target: str, event: Mapping[str, Any]) -> str:
        row = chain.with_personal(wire.plain(wire.from_wire(event)))
        account_id, _, number = str(row["subject"]).rpartition("#")
        if not number.startswith("+"):
            return "other"
        if row.get("type") in OUT_OF_BAND:
            return "by_hand"
        after, _ = chain.rows_of(row)
        if row.get("type") not in ENTRY_CHANGES or after is None:
            return "other"
        if row.get("images"):
            return "too_large"
        item = exported_rows.stored(after, account_id)
        newer = {":at": item["changed_at"], ":version": item["version"]}
        written = queries.write_if(
            self._client.put_item,
            TableName=target,
            Item=item,
            ConditionExpression=_NEWER,
            ExpressionAttributeValues=newer,
        ).written
        return "carried" if written else "known"

    def _exists(self, table: str) -> bool:
        try:
            self._client.describe_table(TableName=table)
        except self._client.exceptions.ResourceNotFoundException:
            return False
        return True

    def _last_backup(self, table: str) -> dict[str, Any]:
        pages = self._client.get_paginator("list_backups").paginate(TableName=table, BackupType="ALL")
        backups = [
            backup for page in pages for backup in page["BackupSummaries"] if backup["BackupStatus"] == "AVAILABLE"
        ]
        if not backups:
            raise NotRestored(f"The table {table} does not exist, and DynamoDB has no backup of it.")
        last: dict[str, Any] = max(backups, key=lambda backup: backup["BackupCreationDateTime"])
        return last

    def _accounts(self) -> Iterator[str]:
        after = None
        while True:
            page, after = self._profiles().page(100, after)
            yield from (profile.account_id for profile in page)
            if after is None:
                return

    def _profiles(self) -> Accounts:
        return Accounts(self._client, self._stack.table("accounts"))

    def _last_list(self, account_id: str) -> dict[str, Any] | None:
        """Return the manifest of the account's last export of its whole list."""
        query = {
            "TableName": self._stack.table("accounts"),
            "KeyConditionExpression": "account_id = :account AND begins_with(#record, :manifest)",
            "ExpressionAttributeNames": {"#record": "record"},
            "ExpressionAttributeValues": {":account": {"S": account_id}, ":manifest": {"S": "manifest#"}},
            "ScanIndexForward": False,
        }
        for item in queries.rows(self._client, query):
            manifest: dict[str, Any] = json.loads(item["body"]["S"])
            if manifest["kind"] == ExportKind.NUMBERS and not manifest["from"] and not manifest["to"]:
                return manifest
        return None

    def _rows_of(self, account_id: str, manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        for file in manifest["files"]:
            key = f"accounts/{account_id}/exports/{manifest['export_id']}/{file['name']}"
            body = self._s3.get_object(Bucket=self._stack.outputs["BulkBucketName"], Key=key)["Body"].read()
            if hashlib.sha256(body).hexdigest() != file["sha256"]:
                raise NotRestored(f"{key} does not match its manifest. Restore an older version of the file.")
            yield from exported_rows.rows(body, ExportFormat(manifest["format"]), account_id)

    def _put_all(self, table: str, items: Iterable[dict[str, Any]]) -> None:
        with ThreadPoolExecutor(WORKERS) as pool:
            for _ in pool.map(lambda item: self._client.put_item(TableName=table, Item=item), items):
                pass

    def _new_table(self, kind: str) -> str:
        properties = templates.nested()["Tables"]["Resources"][f"{kind.capitalize()}Table"]["Properties"]
        name, key = self._new_name(kind), self._stack.parameters.get("KmsKeyArn")
        self._client.create_table(
            TableName=name,
            SSESpecification={"Enabled": True, "SSEType": "KMS", **({"KMSMasterKeyId": key} if key else {})},
            **{part: properties[part] for part in _SCHEMA if part in properties},
        )
        self._wait(name)
        return name

    def _new_name(self, kind: str) -> str:
        # Short enough for the descriptions of versions (decision 40), whatever the stack's name.
        return f"{self._stack.name[:38]}-{kind}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"[:-3]

    def _wait(self, table: str) -> None:
        """Wait until a table is ready. A restore takes minutes to hours."""
        while self._client.describe_table(TableName=table)["Table"]["TableStatus"] != "ACTIVE":
            time.sleep(5)

    def _is_on_aws(self) -> bool:
        return self._stack.parameters.get("Profile") != "local"


def restore_to_time(stack: Deployed, kind: str, at: datetime) -> dict[str, str]:
    """Restore a table to a point in time and say what is lost. Return the stack parameters that select it."""
    restore = Restore(stack)
    table, at = restore.to_time(kind, at)
    if kind == "numbers":
        _carry_over(restore, table, at)
    elif kind == "audit":
        print(f"Lost: every event recorded after {times.text(at)}, unless it is in an export of the audit.")
    else:
        print(f"Lost: accounts, keys, policies and jobs that were created or changed after {times.text(at)}.")
        print("The audit has those of accounts and keys: events without a number in GET /accounts/{account_id}/audit.")
    return _adopt(stack, restore, kind, table)


def restore_from_exports(stack: Deployed) -> dict[str, str]:
    """Rebuild the list from exports and say what is lost. Return the stack parameters that select the new table."""
    restore = Restore(stack)
    table, oldest = restore.from_exports()
    _carry_over(restore, table, oldest)
    return _adopt(stack, restore, "numbers", table)


def carry_over_changes(stack: Deployed, since: datetime) -> None:
    """Carry the changes that were made during a restore over into the table in use."""
    _carry_over(Restore(stack), stack.table("numbers"), since)


def _carry_over(restore: Restore, table: str, since: datetime) -> None:
    counts = restore.changes_since(table, since)
    carried, known = counts["carried"], counts["known"]
    print(f"Changes recorded since {times.text(since)}: {carried} carried over, {known} already known.")
    lost = [
        (counts["by_hand"], "changes made outside the service, which are left out on purpose"),
        (counts["too_large"], "rows too large for an event; their images are in the bulk bucket under audit/"),
        (restore.unrecorded(), "batches or numbers in the failed-records bucket: run make replay, then this again"),
    ]
    for count, what in lost:
        if count:
            print(f"Lost: {count} {what}.")
    print("Lost as well: changes of the last seconds that the audit had not recorded yet.")


def _adopt(stack: Deployed, restore: Restore, kind: str, table: str) -> dict[str, str]:
    parameters = restore.prepare(kind, table)
    print("To use the table, deploy the stack with these parameters, now and in every later deployment:")
    print("  " + " ".join(f"{name}={value}" for name, value in (stack.changed_parameters() | parameters).items()))
    return parameters


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Restore a table of a deployed stack into a new one.")
    parser.add_argument("stack")
    way = parser.add_subparsers(dest="way", required=True)
    to_time = way.add_parser("time")
    to_time.add_argument("at", type=_moment, help="RFC 3339, UTC")
    to_time.add_argument("table", choices=("numbers", "audit", "accounts"))
    way.add_parser("exports")
    way.add_parser("changes").add_argument("since", type=_moment, help="RFC 3339, UTC")
    options = parser.parse_args(arguments)
    try:
        stack = Deployed.of(options.stack)
        if options.way == "time":
            restore_to_time(stack, options.table, options.at)
        elif options.way == "exports":
            restore_from_exports(stack)
        else:
            carry_over_changes(stack, options.since)
    except (NotRestored, ClientError, BotoCoreError) as failed:
        print(f"Not restored: {failed}", file=sys.stderr)
        return 1
    return 0


def _moment(text: str) -> datetime:
    try:
        return times.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError("write a time as 2026-11-26T08:00:00Z") from None


if __name__ == "__main__":
    sys.exit(main())
