"""`KeyExpiring`: once for each key, 14 days before it expires."""

import json
from datetime import timedelta

import pytest

from dnc import times
from dnc.accounts.access import Role
from dnc.accounts.store import Accounts
from dnc.accounts.tokens import PLATFORM
from dnc.aws import clients
from tests.support.lambda_context import Context


class Bus:
    """An EventBridge that stores published events, or refuses them."""

    def __init__(self):
        self.events = []
        self.failed = 0

    def put_events(self, Entries):
        if not self.failed:
            self.events += Entries
        return {"FailedEntryCount": self.failed, "Entries": [{}]}


@pytest.fixture
def bus(monkeypatch, gateway):
    bus = Bus()
    monkeypatch.setattr(clients, "event_bridge", lambda: bus)
    return bus


@pytest.fixture
def sweep(modules):
    return lambda: modules["sweep_accounts.handler"].lambda_handler({"after": None}, Context())


@pytest.fixture
def key(dynamodb, gateway):
    """Create a key that expires after so many days."""

    def make(days, account_id="acme", role=Role.INTAKE):
        now = times.now()
        expires_at = times.text(now + timedelta(days=days))
        return Accounts(dynamodb, "accounts").make_key(account_id, role, "Web form", expires_at, "test", now)

    return make


def details(bus):
    return [json.loads(event["Detail"]) for event in bus.events]


def test_a_key_is_announced_once_two_weeks_before_it_expires(bus, sweep, key):
    expiring = key(13)
    key(15)
    for _ in range(3):
        sweep()
    assert details(bus) == [
        {"account_id": "acme", "key_id": expiring["key_id"], "role": "intake", "expires_at": expiring["expires_at"]}
    ]
    [event] = bus.events
    assert (event["Source"], event["DetailType"], event["EventBusName"]) == ("nocall", "KeyExpiring", "changes")


def test_an_operators_key_is_announced_too(bus, sweep, key):
    key(3, PLATFORM, Role.OPERATOR)
    sweep()
    assert [detail["account_id"] for detail in details(bus)] == [PLATFORM]


def test_a_key_that_expired_or_was_revoked_is_not_announced(bus, sweep, key, gateway):
    key(-1)
    revoked = key(3)
    gateway.call("admin", "DELETE", f"/accounts/acme/keys/{revoked['key_id']}")
    sweep()
    assert details(bus) == []


def test_an_event_that_was_not_accepted_is_published_by_the_next_sweep(bus, sweep, key, capsys):
    key(3)
    bus.failed = 1
    sweep()
    assert '"SweepFailures"' in capsys.readouterr().out
    bus.failed = 0
    sweep()
    assert len(bus.events) == 1


def test_the_notice_does_not_change_how_a_key_is_shown(bus, sweep, key, gateway):
    key(3)
    before = gateway.call("admin", "GET", "/accounts/acme/keys").body
    sweep()
    assert gateway.call("admin", "GET", "/accounts/acme/keys").body == before
