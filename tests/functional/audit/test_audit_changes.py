"""The stream handler, and the history that the API returns."""

import hashlib
import json
import os
from datetime import timedelta

import pytest

from dnc import times
from dnc.audit import chain as audit
from dnc.audit.held import HeldRecords, replay
from dnc.audit.keys import HEAD_KEY
from dnc.audit.writer import LARGEST_IMAGES
from dnc.aws import clients, wire
from dnc.bulk.files import s3
from dnc.settings import Settings

NUMBER, OTHER_NUMBER = "+14155550100", "+14155550101"
TTL = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def history(gateway, number=NUMBER, query=""):
    return gateway.numbers("auditor", "GET", f"/{number}/history{query}").body


def types(gateway, number=NUMBER):
    return [event["type"] for event in history(gateway, number)["events"]]


def remove(gateway, version, number=NUMBER):
    body = {"reason": "test_number", "note": "ours", "if_version": version, "acting_user": "u-2"}
    return gateway.numbers("manager", "DELETE", f"/{number}", body)


def audit_rows(dynamodb):
    return dynamodb.scan(TableName="audit")["Items"]


@pytest.fixture
def life(gateway, stream):
    """The stream records of a number that was listed, requested again and removed. They have been delivered."""
    gateway.add(NUMBER, source="manual", acting_user="u-1")
    records = stream.changes()
    gateway.add(NUMBER, acting_user="u-1")
    records += stream.changes()
    remove(gateway, 2)
    records += stream.changes()
    assert stream.deliver(records) == []
    return records


def test_events_are_recorded_in_order_with_actor_time_and_reason(gateway, life):
    shown = history(gateway)
    assert [e["type"] for e in shown["events"]] == ["listed", "requested_again", "removed"]
    assert [e["index"] for e in shown["events"]] == [1, 2, 3]
    last = shown["events"][-1]
    assert last["actor"]["acting_user"] == "u-2"
    assert last["reason"] == "test_number"
    assert last["before"]["status"] == "listed"
    assert last["after"]["removal"]["note"] == "ours"
    chain = {"length": 3, "head_digest": last["digest"], "intact": True, "broken_at": None}
    assert shown["chain"] == chain | {"complete": True, "missing": []}


def test_a_batch_replayed_ten_times_adds_nothing(gateway, dynamodb, stream, life):
    before = audit_rows(dynamodb)
    for i in range(10):
        assert stream.deliver(life[i % 3 :]) == []
    assert audit_rows(dynamodb) == before


def test_records_delivered_in_parts_or_twice_form_one_chain(gateway, stream):
    records = []
    for i in range(45):
        gateway.add(NUMBER, note=str(i))
        records += stream.changes()
    for part in (records[:20], records[10:30], records[:5], records[25:]):
        assert stream.deliver(part) == []
    shown = history(gateway, query="?page_size=500")
    assert shown["chain"]["intact"]
    assert [e["after"]["version"] for e in shown["events"]] == list(range(1, 46))


@pytest.mark.parametrize(
    ("identity", "kind", "principal"),
    [
        (TTL, "expired", "aws:dynamodb.amazonaws.com"),
        ({"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}, "expired", "aws:dynamodb.amazonaws.com"),
        (None, "deleted_out_of_band", "outside:unknown"),
        ({"type": "User", "principalId": "somebody"}, "deleted_out_of_band", "aws:somebody"),
    ],
)
def test_a_deleted_row_is_recorded(gateway, dynamodb, stream, identity, kind, principal):
    gateway.add(NUMBER, source="suppression", expires_at=times.text(times.now() + timedelta(seconds=20)))
    stream.deliver()
    dynamodb.delete_item(TableName="numbers", Key={"account_id": {"S": "acme"}, "number": {"S": NUMBER}})
    assert stream.deliver(stream.changes(identity)) == []
    last = history(gateway)["events"][-1]
    assert (last["type"], last["actor"]["principal"], last["after"]) == (kind, principal, None)
    assert last["before"]["number"] == NUMBER


def test_a_manually_deleted_row_triggers_the_alarm_and_expiry_does_not(gateway, dynamodb, stream, capsys):
    expires_at = times.text(times.now() + timedelta(seconds=20))
    for identity, alarms in ((TTL, 0), (None, 1)):
        gateway.add(NUMBER, source="suppression", expires_at=expires_at)
        stream.deliver()
        dynamodb.delete_item(TableName="numbers", Key={"account_id": {"S": "acme"}, "number": {"S": NUMBER}})
        records = stream.changes(identity)
        capsys.readouterr()
        stream.deliver(records)
        metrics = [line for line in capsys.readouterr().out.splitlines() if '"OutOfBandChanges"' in line]
        assert len(metrics) == alarms
        assert all(json.loads(line)["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Nocall" for line in metrics)


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("SET #s = :v", {":v": {"S": "removed"}}),
        ("SET #s = :v, version = :n", {":v": {"S": "removed"}, ":n": {"N": "2"}}),
        ("SET note = :v", {":v": {"S": "changed"}}),
        ("REMOVE version", None),
        ("SET version = :v", {":v": {"S": "two"}}),
        ("SET changed_by = :v", {":v": {"S": "me"}}),
    ],
)
def test_a_manually_changed_row_is_recorded(gateway, dynamodb, stream, expression, values):
    gateway.add(NUMBER)
    stream.deliver()
    arguments = {"ExpressionAttributeValues": values} if values else {}
    if "#s" in expression:
        arguments["ExpressionAttributeNames"] = {"#s": "status"}
    key = {"account_id": {"S": "acme"}, "number": {"S": NUMBER}}
    dynamodb.update_item(TableName="numbers", Key=key, UpdateExpression=expression, **arguments)
    assert stream.deliver() == []
    assert types(gateway) == ["listed", "altered_out_of_band"]


def test_a_write_that_changes_nothing_causes_no_event(gateway, stream, dynamodb):
    gateway.add(NUMBER)
    [record] = stream.changes()
    stream.deliver([record])
    same = record["dynamodb"] | {"OldImage": record["dynamodb"]["NewImage"], "SequenceNumber": "9" * 21}
    assert stream.deliver([record | {"eventName": "MODIFY", "dynamodb": same}]) == []
    assert types(gateway) == ["listed"]


def test_a_record_without_a_row_is_stored_and_affects_no_other(gateway, stream):
    gateway.add(NUMBER)
    gateway.add(OTHER_NUMBER)
    good = stream.changes()
    bad = {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "7", "NewImage": {"account_id": {"S": "acme"}}}}
    assert stream.deliver([good[0], bad, good[1]]) == []
    assert types(gateway) == types(gateway, OTHER_NUMBER) == ["listed"]
    assert stored_objects("failed") == {f"unreadable/{'7'.zfill(40)}.json": bad}


def stored_objects(bucket):
    client = s3()
    keys = [found["Key"] for found in client.list_objects_v2(Bucket=bucket).get("Contents", ())]
    return {key: json.loads(client.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys}


class Failing:
    """A client whose transactions for one number fail."""

    def __init__(self, client, number):
        self._client, self._number = client, number

    def __getattr__(self, name):
        return getattr(self._client, name)

    def transact_write_items(self, **arguments):
        if self._number in str(arguments):
            raise RuntimeError("no")
        return self._client.transact_write_items(**arguments)


@pytest.fixture
def failing(dynamodb, modules, monkeypatch):
    """Make the writes of one number's events fail."""
    writer = modules["audit_changes.handler"].writer

    def fail(number):
        monkeypatch.setattr(writer, "_client", Failing(dynamodb, number) if number else dynamodb)

    return fail


def test_if_every_chain_of_a_batch_fails_the_whole_batch_is_delivered_again(gateway, stream, failing):
    gateway.add(NUMBER)
    records = stream.changes()
    failing(NUMBER)
    assert stream.deliver(records) == [records[0]["dynamodb"]["SequenceNumber"]]
    failing(None)
    assert stream.deliver(records) == []
    assert types(gateway) == ["listed"]


def test_a_failing_number_is_held_and_delays_no_other(gateway, dynamodb, stream, modules, failing, capsys):
    gateway.add(NUMBER)
    gateway.add(OTHER_NUMBER)
    failing(NUMBER)
    assert stream.deliver() == []
    assert types(gateway, OTHER_NUMBER) == ["listed"]
    assert '"HeldRecords"' in capsys.readouterr().out
    # Later records of the number are held too, although they could be written now. Those of other numbers are not.
    failing(None)
    for number in (NUMBER, OTHER_NUMBER):
        gateway.add(number, note="again")
    assert stream.deliver() == []
    assert types(gateway, OTHER_NUMBER) == ["listed", "requested_again"]
    assert history(gateway)["events"] == []
    assert len(stored_objects("failed")) == 2
    writer = modules["audit_changes.handler"].writer
    held = HeldRecords(s3(), "failed")
    [subject] = held.subjects()
    assert (subject, replay(held, writer, subject), held.subjects()) == (f"acme#{NUMBER}", 2, [])
    remove(gateway, 2)
    assert stream.deliver() == []
    shown = history(gateway)
    assert [e["type"] for e in shown["events"]] == ["listed", "requested_again", "removed"]
    assert (shown["chain"]["intact"], shown["chain"]["complete"]) == (True, True)
    assert not any(e["recorded_late"] for e in shown["events"])


def test_an_event_replayed_after_later_ones_is_marked_as_late(gateway, stream, modules):
    gateway.add(NUMBER)
    first = stream.changes()
    gateway.add(NUMBER, note="again")
    assert stream.deliver() == []
    held = HeldRecords(s3(), "failed")
    held.store(f"acme#{NUMBER}", first[0])
    assert history(gateway)["chain"]["missing"] == [1]
    assert replay(held, modules["audit_changes.handler"].writer, f"acme#{NUMBER}") == 1
    shown = history(gateway)
    assert [(e["type"], e["recorded_late"]) for e in shown["events"]] == [("requested_again", False), ("listed", True)]
    assert (shown["chain"]["intact"], shown["chain"]["complete"]) == (True, True)


DEEP = {"S": "x"}
for _ in range(28):
    DEEP = {"M": {"deeper": DEEP}}
POISON = {
    "an invalid time": {"changed_at": {"S": "now"}},
    "a removal as text": {"removal": {"S": "removed"}, "status": {"S": "removed"}},
    "a binary attribute": {"note": {"B": "AAEC"}},
    "binary instead of text": {"changed_at": {"B": "AAEC"}},
    "a set instead of a map": {"changed_by": {"SS": ["key:k"]}},
    "a set of binaries": {"sources": {"BS": ["AAEC"]}},
    "a number of 39 digits": {"version": {"N": "1E+100"}},
    "a fraction as version": {"version": {"N": "1.5"}},
    "a huge expiry": {"expires_at": {"N": "1E+50"}},
    "a list of sources": {"sources": {"L": [{"S": "manual"}]}},
    "a row of nearly 400 KB": {"note": {"S": "x" * 390_000}},
    "a deep map": {"removal": DEEP},
    "no status": {"status": None},
    "no version": {"version": None},
    "an unknown status": {"status": {"S": "gone"}},
    "a reason that is a map": {"status": {"S": "removed"}, "removal": {"M": {"reason": {"M": {}}}}},
    "an attribute that the service does not write": {"vip": {"BOOL": True}},
    "an unknown source": {"source": {"S": "magic"}, "sources": {"SS": ["magic"]}},
}


@pytest.mark.parametrize("kind", POISON)
@pytest.mark.parametrize("versioned", [False, True], ids=["same version", "next version"])
def test_an_unreadable_row_is_recorded_blocks_calls_and_affects_no_other(
    gateway, dynamodb, stream, kind, versioned, capsys
):
    gateway.add(NUMBER, source="web")
    gateway.add(OTHER_NUMBER)
    assert stream.deliver() == []
    key = {"account_id": {"S": "acme"}, "number": {"S": NUMBER}}
    original = dynamodb.get_item(TableName="numbers", Key=key)["Item"]
    row = {**original}
    if versioned:
        row |= {"version": {"N": "2"}, "request_id": {"S": "forged"}, "change": {"S": "requested_again"}}
    row |= {name: value for name, value in POISON[kind].items() if value}
    row = {name: value for name, value in row.items() if POISON[kind].get(name, ...) is not None}
    stream.set_row(row)
    gateway.add(OTHER_NUMBER, note="again")
    assert stream.deliver() == []
    assert '"OutOfBandChanges"' in capsys.readouterr().out
    shown = history(gateway)
    assert [e["type"] for e in shown["events"]] == ["listed", "altered_out_of_band"]
    assert shown["chain"]["intact"]
    assert types(gateway, OTHER_NUMBER) == ["listed", "requested_again"]
    images = shown["events"][1]["images"]
    assert (images is not None) == (kind in {"a row of nearly 400 KB", "a deep map"})
    if images:
        body = s3().get_object(Bucket="bulk", Key=images["key"])["Body"].read()
        assert images["key"].startswith("accounts/acme/audit/")
        assert (len(body), hashlib.sha256(body).hexdigest()) == (images["bytes"], images["sha256"])
    stream.set_row(original)
    assert stream.deliver() == []
    shown = history(gateway)
    assert [e["type"] for e in shown["events"]][1:] == ["altered_out_of_band"] * 2
    assert shown["chain"]["intact"]
    assert max(len(json.dumps(row)) for row in audit_rows(dynamodb)) < LARGEST_IMAGES


def test_a_manually_deleted_listed_row_is_reinstated_once(gateway, dynamodb, stream):
    listed = gateway.add(NUMBER, source="web", note="asked")
    assert stream.deliver() == []
    key = {"account_id": {"S": "acme"}, "number": {"S": NUMBER}}
    dynamodb.delete_item(TableName="numbers", Key=key)
    assert gateway.check([NUMBER])["results"][0]["callable"]
    assert stream.deliver() == []
    assert not gateway.check([NUMBER])["results"][0]["callable"]
    assert stream.deliver() == []
    shown = history(gateway)
    assert [e["type"] for e in shown["events"]] == ["listed", "deleted_out_of_band", "reinstated"]
    assert (shown["chain"]["intact"], shown["chain"]["complete"]) == (True, True)
    entry = gateway.numbers("manager", "GET", f"/{NUMBER}").body
    assert (entry["note"], entry["version"], entry["requests"]) == ("asked", 2, 1)
    assert entry["changed_at"] > listed["changed_at"]
    dynamodb.delete_item(TableName="numbers", Key=key)
    assert stream.deliver() == []
    assert stream.deliver() == []
    assert types(gateway)[-2:] == ["reinstated", "deleted_out_of_band"]


def test_a_row_that_was_written_again_meanwhile_is_not_put_back_over(gateway, dynamodb, stream):
    gateway.add(NUMBER, source="web", note="first")
    assert stream.deliver() == []
    dynamodb.delete_item(TableName="numbers", Key={"account_id": {"S": "acme"}, "number": {"S": NUMBER}})
    deleted = stream.changes()
    gateway.add(NUMBER, source="sms", note="second")
    assert stream.deliver(deleted) == []
    entry = gateway.numbers("manager", "GET", f"/{NUMBER}").body
    assert (entry["source"], entry["note"], entry["version"]) == ("sms", "second", 1)


@pytest.mark.parametrize("reinstate", ["true", "false"])
def test_reinstating_can_be_turned_off_and_ignores_removed_numbers(
    gateway, dynamodb, stream, modules, monkeypatch, reinstate
):
    monkeypatch.setattr(
        modules["audit_changes.handler"], "settings", Settings({**os.environ, "REINSTATE_DELETED": reinstate})
    )
    for number in (NUMBER, OTHER_NUMBER):
        gateway.add(number)
    remove(gateway, 1)
    stream.deliver()
    for number in (NUMBER, OTHER_NUMBER):
        dynamodb.delete_item(TableName="numbers", Key={"account_id": {"S": "acme"}, "number": {"S": number}})
    assert stream.deliver() == []
    rows = {row["number"]["S"] for row in dynamodb.scan(TableName="numbers")["Items"]}
    assert rows == ({OTHER_NUMBER} if reinstate == "true" else set())


class Bus:
    """An EventBridge client that refuses some entries."""

    def __init__(self, refused):
        self.refused, self.sent = refused, []

    def put_events(self, Entries):
        self.sent += Entries
        return {
            "Entries": [{"ErrorCode": "x"} if e["DetailType"] in self.refused else {"EventId": "1"} for e in Entries]
        }


@pytest.fixture
def bus(monkeypatch):
    bus = Bus(set())
    monkeypatch.setattr(clients, "event_bridge", lambda: bus)
    return bus


def test_a_failed_change_event_is_sent_again_although_its_audit_event_exists(gateway, stream, bus):
    gateway.add(NUMBER)
    records = stream.changes()
    bus.refused = {"NumberListed"}
    assert stream.deliver(records) == [records[0]["dynamodb"]["SequenceNumber"]]
    assert types(gateway) == ["listed"]
    bus.refused, bus.sent = set(), []
    assert stream.deliver(records) == []
    assert [e["DetailType"] for e in bus.sent] == ["NumberListed"]
    assert types(gateway) == ["listed"]


def test_the_change_events_of_a_number(gateway, dynamodb, stream, bus):
    gateway.add(NUMBER, source="sms")
    stream.deliver()
    gateway.add(NUMBER)
    stream.deliver()
    remove(gateway, 2)
    assert gateway.numbers("manager", "GET", f"/{NUMBER}").body["status"] == "listed", (
        "a number that sent an SMS is not a test number"
    )
    body = {"reason": "legal_order", "evidence": {"reference": "o"}, "if_version": 2, "acting_user": "u"}
    gateway.numbers("admin", "DELETE", f"/{NUMBER}", body)
    stream.deliver()
    gateway.add(NUMBER)
    stream.deliver()
    dynamodb.delete_item(TableName="numbers", Key={"account_id": {"S": "acme"}, "number": {"S": NUMBER}})
    stream.deliver()
    events = [(e["Source"], e["DetailType"], json.loads(e["Detail"])) for e in bus.sent]
    assert [kind for _, kind, _ in events] == [
        "NumberListed",
        "NumberRemoved",
        "NumberListed",
        "NumberDeletedOutOfBand",
    ]
    assert {source for source, _, _ in events} == {"nocall"}
    assert events[0][2].keys() == {"account_id", "number", "channels", "version", "sequence", "occurred_at", "source"}
    assert ["reason" in detail for _, _, detail in events] == [False, True, False, False]
    assert {tuple(detail["channels"]) for _, _, detail in events} == {("text", "voice")}
    assert (events[0][2]["source"], events[1][2]["reason"], events[1][2]["version"]) == ("sms", "legal_order", 3)
    sequences = [detail["sequence"] for _, _, detail in events]
    assert sequences == sorted(sequences)
    assert {len(sequence) for sequence in sequences} == {40}


@pytest.mark.parametrize(("status", "name"), [("listed", "NumberListed"), ("removed", "NumberRemoved")])
def test_an_alteration_by_hand_is_published_under_what_the_row_says_now(gateway, dynamodb, stream, bus, status, name):
    gateway.add(NUMBER)
    stream.deliver()
    row = dynamodb.get_item(TableName="numbers", Key={"account_id": {"S": "acme"}, "number": {"S": NUMBER}})["Item"]
    stream.set_row({**row, "status": {"S": status}, "note": {"S": "by hand"}})
    stream.deliver()
    assert [event["DetailType"] for event in bus.sent] == ["NumberListed", name]
    assert types(gateway)[-1] == "altered_out_of_band"


def test_a_number_is_published_as_listed_again_when_its_channels_widen(gateway, stream, bus):
    for channels in (["text"], ["text"], ["voice"], ["text"], ["voice", "text"]):
        gateway.add(NUMBER, channels=channels, note="x")
        stream.deliver()
    sent = [(e["DetailType"], json.loads(e["Detail"])["channels"]) for e in bus.sent]
    assert sent == [("NumberListed", ["text"]), ("NumberListed", ["text", "voice"])]
    requests = [event["request"] for event in history(gateway)["events"]]
    assert [request["channels"] for request in requests] == [["text"], ["text"], ["voice"], ["text"], ["text", "voice"]]


@pytest.mark.parametrize("place", [1, 2, 3])
@pytest.mark.parametrize("tamper", ["change", "remove", "forge"])
def test_tampering_with_any_event_is_detected(gateway, dynamodb, life, place, tamper):
    event = history(gateway)["events"][place - 1]
    key = {"subject": {"S": f"acme#{NUMBER}"}, "event_key": {"S": event["sequence"]}}
    row = dynamodb.get_item(TableName="audit", Key=key)["Item"]
    if tamper == "change":
        dynamodb.put_item(TableName="audit", Item=row | {"occurred_at": {"S": "2020-01-01T00:00:00.000Z"}})
        broken_at = place
    elif tamper == "remove":
        dynamodb.delete_item(TableName="audit", Key=key)
        broken_at = place
    else:
        forged = row | {"event_key": {"S": f"{event['sequence'][:-1]}x"}}
        plain = wire.from_wire(forged)
        forged["digest"] = {"S": audit.digest(plain)}
        dynamodb.put_item(TableName="audit", Item=forged)
        broken_at = place + 1
    chain = history(gateway)["chain"]
    assert (chain["intact"], chain["broken_at"]) == (False, broken_at)


def test_an_event_forged_at_the_end_is_detected(gateway, dynamodb, life):
    rows = [wire.from_wire(row) for row in audit_rows(dynamodb) if row["event_key"]["S"] != HEAD_KEY]
    last = max(rows, key=lambda row: row["index"])
    forged = last | {"index": last["index"] + 1, "previous_digest": last["digest"], "event_key": "z" * 40}
    forged["digest"] = audit.digest(forged)
    dynamodb.put_item(TableName="audit", Item=wire.to_wire(forged))
    chain = history(gateway)["chain"]
    assert (chain["intact"], chain["broken_at"]) == (False, 4)


def test_a_history_that_was_deleted_up_to_its_head_is_not_one_that_never_was(gateway, dynamodb, life):
    dynamodb.delete_item(TableName="numbers", Key={"account_id": {"S": "acme"}, "number": {"S": NUMBER}})
    for row in audit_rows(dynamodb):
        if row["event_key"]["S"] != HEAD_KEY:
            dynamodb.delete_item(TableName="audit", Key={name: row[name] for name in ("subject", "event_key")})
    shown = history(gateway)
    assert (shown["events"], shown["chain"]["intact"], shown["chain"]["broken_at"]) == ([], False, 1)


def test_tampering_with_the_head_is_detected(gateway, dynamodb, life):
    key = {"subject": {"S": f"acme#{NUMBER}"}, "event_key": {"S": HEAD_KEY}}
    head = dynamodb.get_item(TableName="audit", Key=key)["Item"]
    for change in ({"length": {"N": "2"}}, {"digest": {"S": "0" * 64}}, {"length": {"S": "x"}}, None):
        if change is None:
            dynamodb.delete_item(TableName="audit", Key=key)
        else:
            dynamodb.put_item(TableName="audit", Item=head | change)
        assert not history(gateway)["chain"]["intact"], change


def test_a_history_has_pages_and_is_404_only_if_nothing_ever_happened(gateway, dynamodb, life):
    seen, token = [], ""
    while True:
        page = history(gateway, query=f"?page_size=2{token}")
        seen += [e["index"] for e in page["events"]]
        if page["next_page_token"] is None:
            break
        token = f"&page_token={page['next_page_token']}"
    assert seen == [1, 2, 3]
    assert gateway.numbers("auditor", "GET", "/14155550199/history").status == 404
    gateway.add(OTHER_NUMBER)
    unrecorded = history(gateway, OTHER_NUMBER)
    assert unrecorded["events"] == []
    dynamodb.delete_item(TableName="numbers", Key={"account_id": {"S": "acme"}, "number": {"S": NUMBER}})
    assert len(history(gateway)["events"]) == 3


def account_audit(gateway, query=""):
    return gateway.call("auditor", "GET", f"/accounts/acme/audit{query}")


def test_an_accounts_audit_is_newest_first_filtered_and_paged(gateway, stream, life):
    for i in range(10):
        gateway.add(f"+1415555010{i}", acting_user=f"u-{i}")
        stream.deliver()
    events = account_audit(gateway).body["events"]
    recorded = [e["recorded_at"] for e in events]
    assert recorded == sorted(recorded, reverse=True)
    assert len(events) == 13
    assert [e["type"] for e in account_audit(gateway, "?type=removed").body["events"]] == ["removed"]
    assert {e["actor"]["acting_user"] for e in account_audit(gateway, "?actor=u-2").body["events"]} == {"u-2"}
    assert [e["type"] for e in account_audit(gateway, "?reason=test_number").body["events"]] == ["removed"]
    for plus in ("%2B", "+", ""):
        of_number = account_audit(gateway, f"?number={plus}14155550103").body["events"]
        assert [e["number"] for e in of_number] == ["+14155550103"], plus
    assert account_audit(gateway, "?reason=marked_by_mistake").body["events"] == []
    seen, token = [], ""
    while True:
        page = account_audit(gateway, f"?page_size=4{token}").body
        seen += [e["event_id"] for e in page["events"]]
        if page["next_page_token"] is None:
            break
        token = f"&page_token={page['next_page_token']}"
    assert seen == [e["event_id"] for e in events]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z", "from"),
        ("?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from"),
        ("?from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", "from"),
        ("?type=vanished", "type"),
        ("?reason=because", "reason"),
        ("?number=0", "number"),
        ("?number=(415) 555-0103", "number"),
        ("?from=monday", "from"),
        ("?since=2026-01-02T00:00:00Z", "since"),
    ],
)
def test_an_invalid_audit_query_is_422(gateway, query, field):
    reply = account_audit(gateway, query)
    assert (reply.status, reply.fields) == (422, [field])


def test_the_audit_is_limited_to_the_requested_window(gateway, stream, life):
    now = times.now()
    hour = timedelta(hours=1)
    for since, until, count in ((now - hour, now + hour, 3), (now - 2 * hour, now - hour, 0), (now, now + hour, 0)):
        query = f"?from={times.text(since)}&to={times.text(until)}"
        assert len(account_audit(gateway, query).body["events"]) == count


def test_another_accounts_audit_does_not_contain_it(gateway, life):
    assert gateway.call("other_admin", "GET", "/accounts/globex/audit").body["events"] == []
    assert gateway.call("other_admin", "GET", f"/accounts/globex/numbers/{NUMBER}/history").status == 404
