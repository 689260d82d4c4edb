"""Both restore drills on moto, which restores a table as it is now: later changes are made once it has."""

import json

import boto3
import pytest

from dnc import times
from dnc.bulk.files import s3
from infra.tools import restore
from infra.tools.restore import Deployed
from tests.support.lambda_context import Context
from tests.support.machines import Machine

LISTED, LATER, OPENED = "+14155550100", "+14155550101", "+14155550102"
STACK = Deployed(
    "nocall",
    {
        "NumbersTableName": "numbers",
        "AuditTableName": "audit",
        "AccountsTableName": "accounts",
        "BulkBucketName": "bulk",
        "FailedRecordsBucketName": "failed",
    },
    {"Profile": "default"},
)


def read(key):
    return s3().get_object(Bucket="bulk", Key=key)["Body"].read()


@pytest.fixture
def night(gateway):
    """Return a function that runs a night of exports."""
    step, begin = gateway.modules["export_account.step"], gateway.modules["export_account.nightly"]
    tasks = {
        "Write": lambda event: step.lambda_handler(event, Context()),
        "Begin": lambda e: begin.lambda_handler(e, None),
    }

    def run():
        Machine("NightlyExportsMachine", tasks, read).run({"scheduled_at": times.text(times.now())})

    return run


def rows(dynamodb, table):
    return {item["number"]["S"]: item for item in dynamodb.scan(TableName=table)["Items"]}


def remove(gateway, number, version=1):
    body = {"reason": "test_number", "note": "ours", "if_version": version, "acting_user": "u-2"}
    assert gateway.numbers("manager", "DELETE", f"/{number}", body).status == 200


@pytest.fixture
def change(gateway, stream):
    """Return a function that makes the changes which neither a restored table nor an export has."""
    gateway.add(LISTED, source="sms", note="=1+1", consumer_name="Ann", acting_user="u-1")
    gateway.add(OPENED, acting_user="u-1")
    assert stream.deliver() == []

    def later():
        gateway.add(LATER, acting_user="u-1")
        remove(gateway, OPENED)
        assert stream.deliver() == []

    return later


def test_a_table_restored_to_a_point_in_time_has_every_change_that_was_recorded_since(dynamodb, change, monkeypatch):
    drill = restore.Restore(STACK)
    at = times.now()
    table, restored_at = drill.to_time("numbers", at)
    assert restored_at == at
    change()
    # Changes of the minutes before are looked at as well: clocks differ.
    assert dict(drill.changes_since(table, at)) == {"carried": 2, "known": 2}
    assert dict(drill.changes_since(table, at)) == {"known": 4}
    assert rows(dynamodb, table) == rows(dynamodb, "numbers")


def test_a_table_that_is_restored_gets_its_stream_its_expiry_and_its_protection(dynamodb, change, capsys):
    parameters = restore.restore_to_time(STACK, "numbers", times.now())
    table = dynamodb.describe_table(TableName=parameters["RestoredNumbersTable"])["Table"]
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert parameters["RestoredNumbersStreamArn"] == table["LatestStreamArn"]
    assert table["DeletionProtectionEnabled"]
    expiry = dynamodb.describe_time_to_live(TableName=table["TableName"])["TimeToLiveDescription"]
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires_at")
    shown = capsys.readouterr().out
    assert "Lost as well: changes of the last seconds" in shown
    assert f"RestoredNumbersTable={table['TableName']}" in shown


def test_a_deleted_table_is_restored_from_its_last_backup(dynamodb, change, capsys):
    dynamodb.create_backup(TableName="numbers", BackupName="numbers$DeletedTableBackup")
    change()
    before = rows(dynamodb, "numbers")
    dynamodb.delete_table(TableName="numbers")
    parameters = restore.restore_to_time(STACK, "numbers", times.now())
    assert rows(dynamodb, parameters["RestoredNumbersTable"]) == before
    shown = capsys.readouterr().out
    assert "numbers does not exist. Its last backup is from" in shown
    assert "2 carried over" in shown


def test_a_deleted_table_without_a_backup_is_not_restored(dynamodb, change, monkeypatch, capsys):
    dynamodb.delete_table(TableName="numbers")
    monkeypatch.setattr(Deployed, "of", lambda _: STACK)
    assert restore.main(["nocall", "time", "2026-01-01T00:00:00Z", "numbers"]) == 1
    assert (
        "Not restored: The table numbers does not exist, and DynamoDB has no backup of it." in capsys.readouterr().err
    )


def test_the_printed_parameters_are_all_that_a_deployment_needs(dynamodb, change, capsys):
    stack = Deployed("nocall", STACK.outputs, {"Profile": "prod", "LogRetentionDays": "365", "Architecture": "arm64"})
    restore.restore_to_time(stack, "audit", times.now())
    assert (
        capsys.readouterr().out.splitlines()[-1].startswith("  Profile=prod LogRetentionDays=365 RestoredAuditTable=")
    )


@pytest.mark.parametrize("kind", ["audit", "accounts"])
def test_the_other_tables_say_that_everything_later_is_lost(dynamodb, change, capsys, kind):
    parameters = restore.restore_to_time(STACK, kind, times.now())
    assert f"Restored{kind.capitalize()}Table" in parameters
    assert "Lost:" in capsys.readouterr().out


def test_a_list_rebuilt_from_exports_has_every_change_that_was_recorded_since(
    gateway, dynamodb, stream, change, night, capsys
):
    gateway.numbers("operator", "POST", body={"number": LISTED}, account="globex")
    assert stream.deliver() == []
    night()
    change()
    before = rows(dynamodb, "numbers")
    for row in dynamodb.scan(TableName="numbers")["Items"]:
        dynamodb.delete_item(TableName="numbers", Key={name: row[name] for name in ("account_id", "number")})
    parameters = restore.restore_from_exports(STACK)
    assert rows(dynamodb, parameters["RestoredNumbersTable"]) == before
    assert "2 carried over" in capsys.readouterr().out


def test_an_export_that_was_changed_is_not_restored(gateway, dynamodb, change, night):
    night()
    [key] = [
        found["Key"]
        for found in s3().list_objects_v2(Bucket="bulk", Prefix="accounts/acme/exports/")["Contents"]
        if "numbers-00001" in found["Key"]
    ]
    s3().put_object(Bucket="bulk", Key=key, Body=b"forged")
    with pytest.raises(restore.NotRestored, match="does not match its manifest"):
        restore.restore_from_exports(STACK)


def test_what_was_done_by_hand_and_what_is_not_recorded_is_left_out_and_said(gateway, dynamodb, stream, change, capsys):
    at = times.now()
    dynamodb.delete_item(TableName="numbers", Key={"account_id": {"S": "acme"}, "number": {"S": OPENED}})
    records = stream.changes()
    assert stream.deliver(records) == []
    s3().put_object(
        Bucket="failed",
        Key="aws/lambda/mapping/shard/2026/11/26/2026-11-26T07.15.00-0c0f8f6e-1111-4000-8000-000000000000",
        Body=json.dumps({"payload": json.dumps({"Records": records})}).encode(),
    )
    restore.carry_over_changes(STACK, at)
    shown = capsys.readouterr().out
    assert "Lost: 1 changes made outside the service" in shown
    assert "Lost: 1 batches or numbers in the failed-records bucket" in shown


def test_the_command_line_reads_the_stack(dynamodb, change, monkeypatch, capsys):
    monkeypatch.setattr(Deployed, "of", lambda _: STACK)
    boto3.setup_default_session(region_name="us-east-1")
    assert restore.main(["nocall", "changes", "2026-01-01T00:00:00Z"]) == 0
    assert "2 already known" in capsys.readouterr().out
    missing = Deployed("nocall", {**STACK.outputs, "AccountsTableName": "missing"}, STACK.parameters)
    monkeypatch.setattr(Deployed, "of", lambda _: missing)
    assert restore.main(["nocall", "changes", "2026-01-01T00:00:00Z"]) == 1
    assert "Not restored: " in capsys.readouterr().err
    with pytest.raises(SystemExit):
        restore.main(["nocall", "time", "yesterday", "numbers"])
