"""A refused add is counted by its code, and published if a known key sent it: no opt-out is lost unnoticed."""

import json

import pytest

from dnc import times
from dnc.aws import clients
from dnc.aws.errors import NoResponse

NUMBER = "+14155550100"


class Bus:
    """An EventBridge client that stores the published events, or fails."""

    def __init__(self, failed=0, error=None):
        self.events = []
        self.failed, self.error = failed, error

    def put_events(self, Entries):
        if self.error:
            raise self.error
        self.events += [{**entry, "Detail": json.loads(entry["Detail"])} for entry in Entries]
        return {"FailedEntryCount": self.failed, "Entries": [{}]}


@pytest.fixture
def bus(monkeypatch, gateway):
    bus = Bus()
    monkeypatch.setattr(clients, "event_bridge", lambda: bus)
    return bus


def counted_codes(capsys):
    """Return the codes of the refused adds that were counted since the last call."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"AddsRefused"' in line]
    for line in lines:
        [metrics] = line["_aws"]["CloudWatchMetrics"]
        assert metrics["Dimensions"] == [["stack"], ["stack", "code"]]
        assert line["stack"] == "nocall"
        assert line["AddsRefused"] == 1
    return [line["code"] for line in lines]


def key_id(gateway, role):
    return gateway.tokens[role].split(".")[1]


def add(gateway, role, body, path="numbers", **more):
    return gateway.call(role, "POST", f"/accounts/acme/{path}", body, **more)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"number": "call me"}, "invalid_number"),
        ({"note": "no number"}, "invalid_request"),
    ],
)
def test_an_invalid_add_is_counted_and_published_without_its_number(gateway, bus, capsys, body, code):
    assert add(gateway, "intake", body).code == code
    assert counted_codes(capsys) == [code]
    [event] = bus.events
    assert (event["Source"], event["DetailType"], event["EventBusName"]) == ("nocall", "AddRefused", "changes")
    detail = event["Detail"]
    assert detail.pop("occurred_at") <= times.text(times.now())
    assert detail == {"account_id": "acme", "key_id": key_id(gateway, "intake"), "code": code}


def test_each_refused_add_of_a_batch_is_counted(gateway, bus, capsys):
    reply = add(gateway, "agent", {"numbers": [{"number": NUMBER}, {"number": "x"}, {"number": "y"}]}, "numbers/batch")
    assert [result["status"] for result in reply.body["results"]] == [201, 422, 422]
    assert counted_codes(capsys) == ["invalid_number"] * 2
    assert [event["Detail"]["code"] for event in bus.events] == ["invalid_number"] * 2


def test_a_revoked_key_that_adds_is_counted_and_published(gateway, bus, capsys):
    gateway.call("admin", "DELETE", f"/accounts/acme/keys/{key_id(gateway, 'intake')}")
    assert add(gateway, "intake", {"number": NUMBER}).status == 401
    assert counted_codes(capsys) == ["unauthenticated"]
    assert [event["Detail"]["key_id"] for event in bus.events] == [key_id(gateway, "intake")]


def test_an_unknown_key_is_counted_and_not_published(gateway, bus, capsys):
    assert add(gateway, None, {"number": NUMBER}, token="nck_acme.unknown.unknown").status == 401
    assert add(gateway, None, {"number": NUMBER}).status == 401
    assert counted_codes(capsys) == ["unauthenticated"] * 2
    assert bus.events == []


def test_a_key_whose_role_may_not_add_is_counted_and_published(gateway, bus, capsys):
    assert add(gateway, "auditor", {"number": NUMBER}).status == 403
    assert counted_codes(capsys) == ["forbidden"]
    assert [event["Detail"]["code"] for event in bus.events] == ["forbidden"]


def test_other_refusals_are_not_counted(gateway, bus, capsys):
    assert gateway.call("dialer", "GET", "/accounts/acme/numbers").status == 403
    assert gateway.call(None, "GET", "/accounts/acme/numbers").status == 401
    assert gateway.call("manager", "POST", "/accounts/acme/readings", {"numbers": "no list"}).status == 422
    assert add(gateway, "intake", {"number": NUMBER}).status == 202
    assert counted_codes(capsys) == []
    assert bus.events == []


@pytest.mark.parametrize("bus_state", [{"failed": 1}, {"error": NoResponse("PutEvents: TimeoutError")}])
def test_a_failing_bus_does_not_change_the_response(gateway, monkeypatch, caplog, bus_state):
    monkeypatch.setattr(clients, "event_bridge", lambda: Bus(**bus_state))
    reply = add(gateway, "intake", {"number": "call me"})
    assert (reply.status, reply.code) == (422, "invalid_number")
    assert "refused add not published" in caplog.text
    assert "call me" not in caplog.text


def test_an_authorizer_that_cannot_read_is_counted_as_a_failure_of_its_own(gateway, monkeypatch, capsys):
    def broken(*_):
        raise RuntimeError("no table")

    monkeypatch.setattr(gateway.modules["authorize.handler"].accounts, "authenticate", broken)
    with pytest.raises(RuntimeError):
        add(gateway, "intake", {"number": NUMBER})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"AuthorizerFailures"' in line]
    assert [line["AuthorizerFailures"] for line in lines] == [1]


def test_refused_and_failed_checks_are_counted_separately(gateway, monkeypatch, capsys):
    check = gateway.modules["check_numbers.handler"]
    for payload, error in (
        ({"account_id": "acme", "numbers": "x"}, check.InvalidRequest),
        ({"account_id": "nobody", "numbers": [NUMBER]}, check.AccountNotFound),
    ):
        with pytest.raises(error):
            check.lambda_handler(payload, None)
    monkeypatch.setattr(check.check, "check_numbers", lambda *_: 1 / 0)
    with pytest.raises(check.Unavailable):
        check.lambda_handler({"account_id": "acme", "numbers": [NUMBER]}, None)
    names = [
        name for line in capsys.readouterr().out.splitlines() for name in json.loads(line) if name.startswith("Checks")
    ]
    assert names == ["ChecksRefused", "ChecksRefused", "ChecksUnavailable"]
