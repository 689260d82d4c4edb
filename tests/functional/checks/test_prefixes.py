"""An account may block prefixes: no number that begins with one is callable, whatever its entry says."""

import csv
import io
import json

import pytest

from dnc.aws import clients
from tests.functional.audit.test_account_changes import AccountStream, account_events
from tests.functional.audit.test_audit_changes import bus  # noqa: F401 - a fixture
from tests.functional.bulk.scrubs.test_scrubs import look_up, scrubs  # noqa: F401 - a fixture
from tests.support.machines import ExecutionFailed

PREMIUM, NUMBER = "+19005550100", "+14155550100"
BY_PREFIX = {"callable": False, "status": "listed", "listed_at": None, "source": "prefix"}


def block(gateway, prefixes, role="admin", **more):
    body = {"blocked_prefixes": prefixes, "note": "no premium numbers", **more}
    reply = gateway.call(role, "PATCH", "/accounts/acme", body)
    forget(gateway)
    return reply


def forget(gateway):
    """Let the functions read the profile again, as they do after 30 seconds."""
    for module in gateway.modules.values():
        if hasattr(module, "accounts"):
            module.accounts._known.clear()


def store_prefixes(value):
    key = {"account_id": {"S": "acme"}, "record": {"S": "profile"}}
    clients.client("dynamodb").update_item(
        TableName="accounts",
        Key=key,
        UpdateExpression="SET blocked_prefixes = :p",
        ExpressionAttributeValues={":p": value},
    )


def result(gateway, number, **more):
    found = gateway.check([number], **more)["results"][0]
    return {name: value for name, value in found.items() if name not in ("input", "number")}


def test_a_number_with_a_blocked_prefix_is_not_callable(gateway):
    assert block(gateway, ["+1 900", "+44-7", "+1900"]).body["blocked_prefixes"] == ["+1900", "+447"]
    assert result(gateway, "(900) 555-0100") == BY_PREFIX
    assert result(gateway, "+447400123456") == BY_PREFIX
    assert result(gateway, NUMBER) == {"callable": True, "status": "clear"}
    several = result(gateway, "4915123456789", region="DE")
    assert (several["status"], len(several["readings"])) == ("clear", 2)
    over_http = gateway.call("dialer", "POST", "/accounts/acme/checks", {"numbers": [PREMIUM, NUMBER]}).body
    assert [one["callable"] for one in over_http["results"]] == [False, True]
    assert over_http["blocked"] == 1
    block(gateway, [])
    assert result(gateway, "+447400123456") == {"callable": True, "status": "clear"}


def test_a_prefix_blocks_a_number_that_is_not_in_use_and_every_channel(gateway):
    block(gateway, ["+1555"])
    for channel in (None, "voice", "text"):
        assert result(gateway, "+15555550100", channel=channel) == BY_PREFIX


def test_an_entry_of_its_own_comes_before_the_prefix(gateway):
    block(gateway, ["+1415"])
    entry = gateway.add(NUMBER, source="sms", channels=["text"], note="STOP")
    own = {"callable": False, "status": "listed", "listed_at": entry["listed_at"], "source": "sms"}
    assert result(gateway, NUMBER) == own
    assert result(gateway, NUMBER, channel="text") == own
    assert result(gateway, NUMBER, channel="voice") == BY_PREFIX


def test_any_reading_that_begins_with_a_prefix_blocks_and_an_entry_of_any_reading_comes_first(gateway):
    written = "+39 (0)312 1234567"
    readings = gateway.check([written])["results"][0]["readings"]
    [last] = [reading for reading in readings if not reading.startswith("+390")]
    block(gateway, [last[:5]])
    blocked = gateway.check([written])["results"][0]
    assert (blocked["number"], blocked["source"], blocked["readings"]) == (last, "prefix", readings)
    gateway.add(readings[0], source="web")
    assert gateway.check([written])["results"][0]["source"] == "web"


def test_a_removed_number_stays_blocked_and_the_responses_say_why(gateway):
    block(gateway, ["+1415"])
    gateway.add(NUMBER)
    notice = gateway.numbers("manager", "GET", f"/{NUMBER}").body["removal_notice"]
    assert notice["blocked_prefixes"] == ["+1415"]
    body = {"reason": "test_number", "note": "ours", "if_version": 1, "acting_user": "u-2"}
    assert gateway.numbers("manager", "DELETE", f"/{NUMBER}", body).body["still_blocked_by"] == ["+1415"]
    assert result(gateway, NUMBER) == BY_PREFIX


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_number_that_only_a_prefix_blocks_has_no_entry_to_remove(gateway, method):
    block(gateway, ["+1900"])
    body = {"reason": "test_number", "note": "ours", "if_version": 1, "acting_user": "u-2"}
    reply = gateway.numbers("manager", method, f"/{PREMIUM}", *([body] if method == "DELETE" else []))
    assert (reply.status, reply.code) == (404, "not_listed")
    assert "the account's prefix +1900" in reply.body["detail"]


@pytest.mark.parametrize(
    "prefix", ["+1", "+44", "+353", "1900", "+", "", "+0900", "+19005550", "+999123", "+1-800-FLOWERS", "+١٩٠٠", "+9"]
)
def test_an_invalid_prefix_is_refused(gateway, prefix):
    for role, method in (("admin", "PATCH"), ("operator", "PUT")):
        body = {"blocked_prefixes": ["+1900", prefix]} | ({"note": "x"} if method == "PATCH" else {})
        reply = gateway.call(role, method, "/accounts/acme", body)
        assert (reply.status, reply.fields) == (422, ["blocked_prefixes.1"])
    assert gateway.call("admin", "GET", "/accounts/acme").body["blocked_prefixes"] == []


def test_prefixes_are_at_most_a_hundred_and_only_an_admin_changes_them_with_a_note(gateway):
    hundred = [f"+1{code}" for code in range(200, 300)]
    assert len(block(gateway, hundred).body["blocked_prefixes"]) == 100
    assert block(gateway, [*hundred, "+1900"]).fields == ["blocked_prefixes"]
    assert block(gateway, ["+1900"], role="manager").status == 403
    assert block(gateway, ["+1900"], note=" ").fields == ["note"]
    assert block(gateway, None).fields == ["blocked_prefixes"]
    assert gateway.call("operator", "PUT", "/accounts/acme", {"name": "A"}).body["blocked_prefixes"] == hundred


def test_a_profile_is_cached_for_30_seconds(gateway, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr("dnc.accounts.profiles.time.monotonic", lambda: clock[0])
    assert result(gateway, "+14165550100") == {"callable": True, "status": "clear"}
    gateway.call("admin", "PATCH", "/accounts/acme", {"blocked_prefixes": ["+1416"], "note": "x"})
    clock[0] += 29
    assert result(gateway, "+14165550100")["callable"]
    clock[0] += 2
    assert result(gateway, "+14165550100") == BY_PREFIX


@pytest.mark.parametrize(
    "stored",
    [
        {"S": "+1900"},
        {"L": [{"S": ""}]},
        {"L": [{"S": "+"}]},
        {"L": [{"S": "1900"}]},
        {"L": [{"S": "+1900"}, {"N": "1"}]},
        {"SS": ["+1900"]},
        {"M": {}},
        {"BOOL": False},
        {"S": ""},
    ],
)
def test_prefixes_that_cannot_be_read_make_no_number_callable(gateway, stored):
    store_prefixes(stored)
    with pytest.raises(Exception, match="Unavailable"):
        gateway.check([NUMBER])
    reply = gateway.call("dialer", "POST", "/accounts/acme/checks", {"numbers": [NUMBER]})
    assert (reply.status, reply.code) == (503, "unavailable")
    renamed = gateway.call("operator", "PUT", "/accounts/acme", {"name": "Acme Inc."})
    assert renamed.status == 503, "a rename does not drop them in passing"
    assert gateway.numbers("manager", "POST", body={"number": NUMBER}).status == 201, "no opt-out is lost"
    assert block(gateway, ["+1900"]).status == 200
    assert result(gateway, NUMBER)["status"] == "listed"


def test_a_change_of_prefixes_is_recorded_and_published(gateway, dynamodb, modules, bus):  # noqa: F811
    stream = AccountStream(dynamodb, modules["audit_changes.handler"])
    stream.deliver()
    bus.sent.clear()
    for prefixes in (["+1900", "+1976"], ["+1900", "+447"], ["+1900", "+447"], []):
        block(gateway, prefixes, acting_user="u-9")
        assert stream.deliver() == []
    gateway.call("admin", "POST", "/accounts/acme/keys", {"role": "agent"})
    gateway.call("operator", "PUT", "/accounts/acme", {"name": "Acme Inc."})
    assert stream.deliver() == []
    details = [json.loads(event["Detail"]) for event in bus.sent]
    assert {event["DetailType"] for event in bus.sent} == {"PrefixesChanged"}
    assert [(d["blocked_prefixes"], d["added"], d["removed"]) for d in details] == [
        (["+1900", "+1976"], ["+1900", "+1976"], []),
        (["+1900", "+447"], ["+447"], ["+1976"]),
        ([], [], ["+1900", "+447"]),
    ]
    assert details[0].keys() == {"account_id", "blocked_prefixes", "added", "removed", "sequence", "occurred_at"}
    changed = account_events(gateway)[-6]
    assert (changed["type"], changed["actor"]["acting_user"]) == ("account_changed", "u-9")
    assert (changed["after"]["blocked_prefixes"], changed["after"]["note"]) == (
        ["+1900", "+1976"],
        "no premium numbers",
    )


def test_prefixes_changed_by_hand_are_published_and_no_number_is(gateway, dynamodb, modules, bus):  # noqa: F811
    stream = AccountStream(dynamodb, modules["audit_changes.handler"])
    stream.deliver()
    bus.sent.clear()
    store_prefixes({"L": [{"S": "+1900"}]})
    assert stream.deliver() == []
    dynamodb.delete_item(TableName="accounts", Key={"account_id": {"S": "acme"}, "record": {"S": "profile"}})
    assert stream.deliver() == []
    assert [event["DetailType"] for event in bus.sent] == ["PrefixesChanged", "PrefixesChanged"]
    assert json.loads(bus.sent[1]["Detail"])["removed"] == ["+1900"]


@pytest.mark.parametrize("by", ["reading", "lookup"])
def test_a_scrub_blocks_prefixes_and_names_those_of_a_prefix_that_came_while_it_ran(
    gateway,
    scrubs,  # noqa: F811
    monkeypatch,
    by,
):
    if by == "lookup":
        look_up(gateway, monkeypatch)
        gateway.add("+14155550191")
    numbers = ["+14155550100", "+14165550100", "+16045550100", "+12125550100", "+442079460958"]
    block(gateway, ["+1415"])

    def meanwhile(state, _):
        if state == "ReadListAgain":
            block(gateway, ["+1415", "+1416"])
        if state == "Finish":
            block(gateway, ["+1415", "+1416", "+1604"])

    scrub_id = scrubs.make(("number\n" + "".join(f"{n}\n" for n in numbers)).encode(), channel="text")
    job = scrubs.run(scrub_id, before=meanwhile)
    assert job["looked_by"] == by
    clear, blocked, late = (
        [row["number"] for row in csv.DictReader(io.StringIO(body.decode()))] for body in scrubs.results(job)
    )
    assert (blocked, late) == (numbers[:1], numbers[1:3])
    assert clear == numbers[1:]


def test_a_scrub_of_an_account_whose_prefixes_cannot_be_read_calls_nothing_clear(gateway, scrubs):  # noqa: F811
    store_prefixes({"S": "+1900"})
    scrub_id = scrubs.make(b"number\n+14155550100\n")
    with pytest.raises(ExecutionFailed):
        scrubs.run(scrub_id)
    job = gateway.call("auditor", "GET", f"/accounts/acme/scrubs/{scrub_id}").body
    assert (job["status"], job["clear_url"]) == ("failed", None)
