"""The main job, through the real gateway, functions, tables and stream."""

import concurrent.futures
import json
import uuid

import phonenumbers
import pytest

from infra.local import stack as local
from infra.local.demo import main_job
from infra.local.demo.client import DemoClient
from tests.support.stack import wait_for

AREA_CODES = ("212", "312", "415", "503", "617", "702", "808", "917")


def fictional(i: int) -> str:
    """Return the i-th fictional number, 555-01XX in several area codes (E.164)."""
    return f"+1{AREA_CODES[i // 100]}55501{i % 100:02}"


def test_the_demo_runs(stack, capsys):
    main_job.run(DemoClient(stack))
    printed = capsys.readouterr().out
    assert "chain intact: True" in printed
    assert "403 forbidden" in printed


def test_every_written_form_of_every_example_number_is_listed_and_blocks_the_number(client, account):
    forms = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in (0, 1):
            example = phonenumbers.example_number_for_type(region, kind)
            if example:
                e164 = phonenumbers.format_number(example, 0)
                forms += [(e164, region, phonenumbers.format_number(example, f)) for f in range(4)]
    added = []
    for i in range(0, len(forms), 100):
        batch = [{"number": written, "region": region} for _, region, written in forms[i : i + 100]]
        response = client.numbers("operator", "POST", "/batch", {"numbers": batch}, account=account)
        assert response.status_code == 200, response.text
        added += response.json()["results"]
    # Some forms have several readings, and renumbered plans are listed under their current form. What matters is that
    # no form is lost, and that none of these numbers is callable.
    assert {r["status"] for r in added} == {200, 201}
    numbers = list(dict.fromkeys(e164 for e164, _, _ in forms))
    for i in range(0, len(numbers), 1000):
        result = client.check(numbers[i : i + 1000], account)
        assert result["blocked"] == len(result["results"])


def test_500_adds_from_20_clients_are_each_visible_on_both_check_paths_at_once(client, account):
    def add_and_check(i):
        number = fictional(i)
        added = client.numbers("operator", "POST", body={"number": number}, account=account)
        if i % 2:
            seen = client.check([number], account)["results"][0]
        else:
            body = {"numbers": [number]}
            seen = client.call("operator", "POST", f"/accounts/{account}/checks", body).json()["results"][0]
        return added.status_code, seen["status"], seen["callable"]

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        outcomes = set(pool.map(add_and_check, range(500)))
    assert outcomes == {(201, "listed", False)}


@pytest.mark.parametrize(("keys", "versions"), [(False, 50), (True, 1)])
def test_50_concurrent_adds_of_one_number_create_one_entry(client, account, keys, versions):
    number = "+14155550150"
    body = {"number": number, **({"request_key": "one"} if keys else {})}
    with concurrent.futures.ThreadPoolExecutor(25) as pool:
        responses = list(pool.map(lambda _: client.numbers("operator", "POST", body=body, account=account), range(50)))
    assert sorted(a.status_code for a in responses) == [200] * 49 + [201], [
        a.text for a in responses if a.status_code > 201
    ]
    entry = client.numbers("operator", "GET", f"/{number}", account=account).json()
    assert entry["version"] == versions
    history = wait_for(lambda: (h := client.history(number, account))["chain"]["length"] == versions and h)
    assert [e["type"] for e in history["events"]] == ["listed"] + ["requested_again"] * (versions - 1)
    assert history["chain"]["intact"]


def test_a_removal_is_recorded_with_reason_evidence_and_actor(client, account):
    number = "+14155550151"
    client.numbers("operator", "POST", body={"number": number, "source": "sms"}, account=account)
    removal = {
        "reason": "number_reassigned",
        "evidence": {"reference": "r-1", "compared_date": "2099-01-01", "checked_on": "2099-01-01", "result": "yes"},
        "if_version": 1,
        "acting_user": "u-2",
    }
    future = client.numbers("operator", "DELETE", f"/{number}", removal, account=account)
    assert (future.status_code, future.json()["errors"][0]["field"]) == (422, "evidence.checked_on")
    today = client.numbers("operator", "GET", f"/{number}", account=account).json()["last_requested_at"][:10]
    removal["evidence"] |= {"compared_date": today, "checked_on": today}
    removed = client.numbers("operator", "DELETE", f"/{number}", removal, account=account)
    assert removed.status_code == 200, removed.text
    repeated = client.numbers("operator", "DELETE", f"/{number}", removal, account=account)
    assert (repeated.status_code, repeated.json()) == (200, removed.json())
    stale = client.numbers("operator", "DELETE", f"/{number}", {**removal, "acting_user": "u-3"}, account=account)
    assert stale.status_code == 409
    event = wait_for(lambda: [e for e in client.history(number, account)["events"] if e["type"] == "removed"])[0]
    assert event["reason"] == "number_reassigned"
    assert event["evidence"]["reference"] == "r-1"
    assert event["actor"]["acting_user"] == "u-2"
    restored = client.numbers(
        "operator", "POST", f"/{number}/restore", {"if_version": 2, "acting_user": "u-2"}, account=account
    )
    assert restored.status_code == 200, restored.text
    assert restored.json()["status"] == "listed"
    assert restored.json()["source"] == "sms"

    def recorded():
        events = client.call("operator", "GET", f"/accounts/{account}/audit").json()["events"]
        events = [event for event in events if event.get("number") == number]
        return len(events) == 3 and events

    audit = wait_for(recorded)
    assert [e["type"] for e in audit] == ["restored", "removed", "listed"]


def test_a_manually_deleted_row_is_detected(client, account):
    number = "+14155550152"
    client.numbers("operator", "POST", body={"number": number}, account=account)
    dynamodb = local.client(client.stack, "dynamodb")
    dynamodb.delete_item(
        TableName=client.stack["tables"]["numbers"], Key={"account_id": {"S": account}, "number": {"S": number}}
    )
    # Until the stream has been read, there is neither an entry nor an event.
    events = wait_for(lambda: len(events := client.history(number, account).get("events", [])) >= 2 and events)
    assert events[1]["type"] == "deleted_out_of_band"
    assert client.history(number, account)["chain"]["intact"]


def test_changing_the_last_event_breaks_the_chain(client, account):
    number = "+14155550153"
    client.numbers("operator", "POST", body={"number": number}, account=account)
    client.numbers("operator", "POST", body={"number": number}, account=account)
    events = wait_for(lambda: len(events := client.history(number, account)["events"]) == 2 and events)
    dynamodb = local.client(client.stack, "dynamodb")
    key = {"subject": {"S": f"{account}#{number}"}, "event_key": {"S": events[1]["sequence"]}}
    dynamodb.delete_item(TableName=client.stack["tables"]["audit"], Key=key)
    chain = client.history(number, account)["chain"]
    assert (chain["intact"], chain["broken_at"], chain["length"]) == (False, 2, 2)


def test_change_events_reach_the_bus(client, account):
    sqs, events = local.client(client.stack, "sqs"), local.client(client.stack, "events")
    queue = sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule, bus = f"r-{uuid.uuid4().hex[:8]}", client.stack["event_bus"]
    events.put_rule(Name=rule, EventBusName=bus, EventPattern=json.dumps({"source": ["nocall"]}))
    events.put_targets(Rule=rule, EventBusName=bus, Targets=[{"Id": "1", "Arn": arn}])
    client.numbers("operator", "POST", body={"number": "+14155550154"}, account=account)

    def seen():
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        bodies = [json.loads(m["Body"]) for m in messages]
        return [b for b in bodies if b["detail"]["account_id"] == account]

    event = wait_for(seen)[0]
    assert event["detail-type"] == "NumberListed"
    assert set(event["detail"]) == {"account_id", "number", "channels", "version", "sequence", "occurred_at", "source"}
    assert len(event["detail"]["sequence"]) == 40


def test_pages_neither_repeat_nor_skip_numbers_during_adds(client, account):
    for i in range(0, 300, 100):
        batch = [{"number": fictional(n)} for n in range(i, i + 100)]
        client.numbers("operator", "POST", "/batch", {"numbers": batch}, account=account)
    seen, token = [], None
    while True:
        query = f"?page_size=37{f'&page_token={token}' if token else ''}"
        page = client.numbers("operator", "GET", query, account=account).json()
        seen += [e["number"] for e in page["numbers"]]
        token = page["next_page_token"]
        if not token:
            break
        last = fictional(299 - len(seen) % 7)
        client.numbers("operator", "POST", body={"number": last}, account=account)
        client.numbers("operator", "POST", body={"number": fictional(300 + len(seen) % 90)}, account=account)
    untouched = {fictional(n) for n in range(300)}
    assert len(seen) == len(set(seen))
    assert untouched <= set(seen)
    assert seen == sorted(seen)
