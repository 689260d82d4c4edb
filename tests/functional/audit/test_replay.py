"""Changes that could not be recorded: a gap in the number's history until `make replay` records them, exactly once."""

import io
import json
from datetime import timedelta

import pytest

from dnc import times
from dnc.audit.held import HeldRecords
from dnc.bulk.files import s3
from infra.tools import replay

NUMBER, OTHER_NUMBER = "+14155550100", "+14155550101"
FOLDER = "aws/lambda/0c0f8f6e-0000-4000-8000-000000000000/shardId-00000001/2026/11/26"


class Lambda:
    """The part of Lambda that the replay uses: it invokes the stream's handler."""

    def __init__(self, handler):
        self._handler = handler
        self.sizes = []
        self.error = None

    def invoke(self, FunctionName, Payload):
        assert FunctionName == "audit-changes"
        event = json.loads(Payload)
        self.sizes.append(len(event["Records"]))
        if self.error:
            body = {"errorType": self.error, "errorMessage": "no"}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(body).encode())}
        return {"Payload": io.BytesIO(json.dumps(self._handler.lambda_handler(event, None)).encode())}


@pytest.fixture
def function(modules):
    return Lambda(modules["audit_changes.handler"])


@pytest.fixture
def run(modules, function):
    """Return a function that replays everything in the bucket."""
    writer = modules["audit_changes.handler"].writer
    return lambda: replay.replay_all(HeldRecords(s3(), "failed"), writer, function, "audit-changes")


def give_up(records, name="2026-11-26T07.15.00-0c0f8f6e-1111-4000-8000-000000000000", *, as_text=True):
    """Store a batch as Lambda's destination for failed records does, and return its key.

    https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """
    event = {"Records": records}
    batch = {
        "requestContext": {"requestId": "r-1", "condition": "RecordAgeExceeded", "approximateInvokeCount": 900},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-11-26T07:15:00.000Z",
        "DDBStreamBatchInfo": {"shardId": "shardId-00000001", "batchSize": len(records)},
        "payload": json.dumps(event) if as_text else event,
    }
    key = f"{FOLDER}/{name}"
    s3().put_object(Bucket="failed", Key=key, Body=json.dumps(batch).encode())
    return key


def in_the_bucket():
    return [found["Key"] for found in s3().list_objects_v2(Bucket="failed").get("Contents", ())]


def history(gateway, number=NUMBER):
    return gateway.numbers("auditor", "GET", f"/{number}/history").body


def gap(gateway, number=NUMBER):
    """Return what is missing of a history, or None if it is complete."""
    chain = history(gateway, number)["chain"]
    assert chain["intact"]
    return None if chain["complete"] else chain["missing"]


@pytest.fixture
def later(gateway, monkeypatch):
    """Let ten minutes pass: a change that is not recorded by then is missing."""
    ahead = times.now() + timedelta(minutes=10)
    return lambda: monkeypatch.setattr(gateway.modules["list_numbers.handler"].times, "now", lambda: ahead)


@pytest.mark.parametrize("as_text", [True, False])
def test_a_batch_that_lambda_gave_up_on_is_a_gap_until_it_is_replayed(gateway, stream, run, later, as_text):
    gateway.add(NUMBER)
    assert stream.deliver() == []
    gateway.add(NUMBER, note="again")
    give_up(stream.changes(), as_text=as_text)
    later()
    assert gap(gateway) == [2]
    assert run()
    assert gap(gateway) is None
    assert [event["type"] for event in history(gateway)["events"]] == ["listed", "requested_again"]
    assert in_the_bucket() == []


def test_a_gap_in_the_middle_names_its_versions(gateway, stream, run):
    gateway.add(NUMBER)
    assert stream.deliver() == []
    for note in ("second", "third"):
        gateway.add(NUMBER, note=note)
        give_up(stream.changes(), f"2026-11-26T07.15.00-{note:0>36}")
    gateway.add(NUMBER, note="fourth")
    assert stream.deliver() == []
    assert gap(gateway) == [2, 3]
    assert run()
    events = history(gateway)["events"]
    assert [(event["after"]["version"], event["recorded_late"]) for event in events] == [
        (1, False), (4, False), (2, True), (3, True),
    ]  # fmt: skip
    assert gap(gateway) is None


def test_a_change_that_was_just_made_is_not_a_gap(gateway, stream, later):
    gateway.add(NUMBER)
    assert gap(gateway) is None
    later()
    assert gap(gateway) == [1]


def test_a_held_change_is_a_gap_at_once(gateway, stream, modules, run):
    gateway.add(NUMBER)
    assert stream.deliver() == []
    modules["audit_changes.handler"].writer.hold(f"acme#{NUMBER}")
    gateway.add(NUMBER, note="again")
    assert stream.deliver() == []
    assert gap(gateway) == [2]
    assert run()
    assert gap(gateway) is None


def test_a_deletion_without_its_event_is_a_gap_without_a_version(gateway, dynamodb, stream, run):
    gateway.add(NUMBER)
    assert stream.deliver() == []
    dynamodb.delete_item(TableName="numbers", Key={"account_id": {"S": "acme"}, "number": {"S": NUMBER}})
    give_up(stream.changes())
    assert gap(gateway) == []
    assert run()
    # The replay does what the function had not done: it records the deletion, and puts the listed number back.
    assert gateway.check([NUMBER])["results"][0]["callable"] is False
    assert stream.deliver() == []
    assert [event["type"] for event in history(gateway)["events"]] == ["listed", "deleted_out_of_band", "reinstated"]
    assert gap(gateway) is None


def test_a_replayed_batch_is_recorded_and_never_twice(gateway, dynamodb, stream, run):
    gateway.add(NUMBER)
    gateway.add(OTHER_NUMBER)
    records = stream.changes()
    for _ in range(3):
        give_up(records)
        assert run()
    for number in (NUMBER, OTHER_NUMBER):
        assert len(history(gateway, number)["events"]) == 1
    assert len(dynamodb.scan(TableName="audit")["Items"]) == 4  # two events, two heads


def test_held_records_of_a_number_come_after_its_earlier_batch(gateway, stream, modules, run):
    gateway.add(NUMBER)
    give_up(stream.changes())
    modules["audit_changes.handler"].writer.hold(f"acme#{NUMBER}")
    gateway.add(NUMBER, note="again")
    assert stream.deliver() == []
    assert run()
    events = history(gateway)["events"]
    assert [(event["type"], event["recorded_late"]) for event in events] == [
        ("listed", False), ("requested_again", False),
    ]  # fmt: skip
    assert in_the_bucket() == []


def test_batches_of_one_second_are_replayed_in_the_order_of_the_stream(gateway, stream, run):
    gateway.add(NUMBER)
    give_up(stream.changes(), f"2026-11-26T07.15.00-{'f' * 36}")
    gateway.add(NUMBER, note="again")
    give_up(stream.changes(), f"2026-11-26T07.15.00-{'0' * 36}")
    assert run()
    assert not any(event["recorded_late"] for event in history(gateway)["events"])


def test_a_large_batch_is_split(gateway, stream, run, function, monkeypatch):
    monkeypatch.setattr(replay, "LARGEST_REQUEST", 4000)
    for i in range(9):
        gateway.add(f"+1415555010{i}")
    give_up(stream.changes())
    assert run()
    assert sum(function.sizes) == 9
    assert len(function.sizes) > 2


def test_a_batch_that_still_fails_stays_in_the_bucket_and_does_not_stop_the_others(
    gateway, stream, run, function, capsys
):
    gateway.add(NUMBER)
    key = give_up(stream.changes())
    function.error = "Unavailable"
    assert not run()
    assert in_the_bucket() == [key]
    assert f"{key}: NotRecorded: the function failed with Unavailable" in capsys.readouterr().err
    s3().put_object(Bucket="failed", Key=f"{FOLDER}/2026-11-26T07.14.00-{'0' * 36}", Body=b"{}")
    function.error = None
    assert not run()
    assert "the object is not a batch of stream records" in capsys.readouterr().err
    assert [event["type"] for event in history(gateway)["events"]] == ["listed"]
    assert len(in_the_bucket()) == 1


def test_a_failed_record_within_a_batch_keeps_the_batch(gateway, stream, modules, run, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("no")

    gateway.add(NUMBER)
    key = give_up(stream.changes())
    with monkeypatch.context() as patched:
        patched.setattr(modules["audit_changes.handler"].writer, "record", fail)
        assert not run()
    assert in_the_bucket() == [key]
    assert run()
    assert in_the_bucket() == []
