"""An unknown token costs one read in 30 seconds. Any other result is never cached."""

from datetime import UTC, datetime

import pytest

from dnc.accounts import refusals, store
from dnc.accounts.access import Role
from dnc.accounts.store import Accounts
from dnc.accounts.tokens import Token
from dnc.problems import Unauthenticated

NOW = datetime(2026, 11, 26, tzinfo=UTC)


class Table:
    """An accounts table that counts its reads."""

    def __init__(self):
        self.rows = []
        self.reads = 0

    def batch_get_item(self, RequestItems):
        self.reads += 1
        return {"Responses": {"accounts": self.rows}}


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(store, "_refusals", refusals.Refusals(lambda: now[0]))
    return now


def test_an_unknown_token_is_read_once_in_thirty_seconds(clock):
    table = Table()
    accounts, token, other = Accounts(table, "accounts"), str(Token.new("acme")), str(Token.new("acme"))
    for seconds, written, reads in ((0, token, 1), (29, token, 1), (29, other, 2), (30, token, 3), (59, token, 3)):
        clock[0] = seconds
        with pytest.raises(Unauthenticated, match="does not exist"):
            accounts.authenticate(written, NOW)
        assert table.reads == reads


def test_a_key_that_exists_is_read_every_time(clock):
    table, token = Table(), Token.new("acme")
    profile = {"account_id": {"S": "acme"}, "record": {"S": "profile"}}
    key = {"record": {"S": f"key#{token.key_id}"}, "hashed": {"S": token.hashed}, "role": {"S": Role.DIALER}}
    table.rows = [profile, key]
    accounts = Accounts(table, "accounts")
    for _ in range(3):
        assert accounts.authenticate(str(token), NOW)[0].account_id == "acme"
    key["revoked_at"] = {"S": "2026-11-25T00:00:00.000Z"}
    with pytest.raises(Unauthenticated, match="revoked"):
        accounts.authenticate(str(token), NOW)
    assert table.reads == 4


def test_the_number_of_cached_refusals_is_limited(clock, monkeypatch):
    monkeypatch.setattr(refusals, "_MAX_TOKENS", 3)
    cached = refusals.Refusals(lambda: 0.0)
    for digest in "abcd":
        cached.add(digest)
    assert [cached.has(digest) for digest in "abcd"] == [False, True, True, True]
    for digest in "be":  # b was refused again, so c is the oldest
        cached.add(digest)
    assert [cached.has(digest) for digest in "bcde"] == [True, False, True, True]
