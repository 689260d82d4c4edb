"""Accounts and their keys: races, rows that belong elsewhere, and expiries to the exact second."""

from datetime import timedelta

import pytest

from dnc import times
from dnc.accounts import store
from dnc.accounts.access import Caller, Role, policy
from dnc.accounts.profiles import Profiles
from dnc.accounts.refusals import Refusals
from dnc.accounts.store import Accounts, KeyRefused
from dnc.accounts.tokens import PLATFORM, Token
from dnc.problems import InvalidRequest, NotFound, Unauthenticated, Unavailable
from tests.support.racing import Racing
from tests.support.unreading import Unreading

NOW = times.now()


@pytest.fixture
def accounts(dynamodb):
    accounts = Accounts(dynamodb, "accounts")
    accounts.put("acme", {"name": "Acme"}, NOW)
    accounts.put("globex", {"name": "Globex"}, NOW)
    return accounts


@pytest.fixture(autouse=True)
def no_refusals(monkeypatch):
    monkeypatch.setattr(store, "_refusals", Refusals())


def test_changing_the_name_does_not_undo_a_concurrent_suspension(accounts, dynamodb):
    later = NOW + timedelta(seconds=1)
    racing = Racing(dynamodb, lambda: accounts.put("acme", {"suspended": True}, later))
    Accounts(racing, "accounts").put("acme", {"name": "Renamed"}, later + timedelta(seconds=1))
    profile = accounts.profile("acme")
    assert (profile.name, profile.suspended, racing.acted) == ("Renamed", True, True)


def test_of_two_concurrent_creations_of_an_account_one_succeeds(accounts, dynamodb):
    first = {"name": "First", "default_region": "GB", "suspended": True}
    racing = Racing(dynamodb, lambda: accounts.put("new-one", first, NOW))
    _, created = Accounts(racing, "accounts").put("new-one", {"name": "Second"}, NOW + timedelta(seconds=1))
    profile = accounts.profile("new-one")
    assert (created, profile.name, profile.default_region, profile.suspended) == (False, "Second", "GB", True)
    assert profile.created_at == times.text(NOW)


def test_a_new_key_never_overwrites_another(accounts, monkeypatch):
    token = Token.new("acme")
    monkeypatch.setattr(Token, "new", lambda _: token)
    accounts.make_key("acme", Role.DIALER, "first", None, "test", NOW)
    with pytest.raises(Exception, match="ConditionalCheckFailed"):
        accounts.make_key("acme", Role.ADMIN, "second", None, "test", NOW)
    assert [key["name"] for key in accounts.keys("acme")] == ["first"]


def test_a_key_that_is_revoked_twice_keeps_the_first_time_and_person(accounts):
    key_id = accounts.make_key("acme", Role.DIALER, "k", None, "test", NOW)["key_id"]
    accounts.revoke_key("acme", key_id, NOW, "key:first")
    first = accounts.keys("acme")
    accounts.revoke_key("acme", key_id, NOW + timedelta(days=1), "key:second")
    assert accounts.keys("acme") == first
    assert first[0]["revoked_at"] == times.text(NOW)


def test_revoking_a_key_that_does_not_exist_creates_none(accounts):
    with pytest.raises(NotFound):
        accounts.revoke_key("acme", "nosuchkey", NOW, "key:k")
    assert accounts.keys("acme") == []


def test_an_operators_role_in_an_accounts_partition_is_ignored(accounts):
    token = accounts.make_key("acme", Role.OPERATOR, "by hand", None, "test", NOW)["token"]
    with pytest.raises(KeyRefused):
        accounts.authenticate(token, NOW)
    platform = accounts.make_key(PLATFORM, Role.OPERATOR, "real", None, "test", NOW)["token"]
    assert accounts.authenticate(platform, NOW)[0].role is Role.OPERATOR


@pytest.mark.parametrize("role", [Role.ADMIN, Role.INTAKE])
def test_a_key_without_an_account_is_refused(accounts, role):
    token = accounts.make_key("nobody", role, "by hand", None, "test", NOW)["token"]
    with pytest.raises(KeyRefused):
        accounts.authenticate(token, NOW)


def test_a_key_expires_at_its_exact_time(accounts):
    ends = times.text(NOW + timedelta(hours=1))
    token = accounts.make_key("acme", Role.ADMIN, "k", ends, "test", NOW)["token"]
    assert accounts.authenticate(token, times.parse(ends) - timedelta(milliseconds=1))[1] == ends
    with pytest.raises(KeyRefused):
        accounts.authenticate(token, times.parse(ends))


def test_a_key_that_was_not_read_at_first_is_read_again(accounts, dynamodb):
    token = accounts.make_key("acme", Role.ADMIN, "k", None, "test", NOW)["token"]
    caller, _ = Accounts(Unreading(dynamodb, 2), "accounts").authenticate(token, NOW)
    assert caller.account_id == "acme"


def test_a_key_that_cannot_be_read_is_not_treated_as_unknown(accounts, dynamodb, monkeypatch):
    monkeypatch.setattr("dnc.aws.queries.attempts", lambda _: range(3))
    token = accounts.make_key("acme", Role.ADMIN, "k", None, "test", NOW)["token"]
    with pytest.raises(Unavailable):
        Accounts(Unreading(dynamodb, 10**6), "accounts").authenticate(token, NOW)
    assert accounts.authenticate(token, NOW)


class OthersRow:
    """A client whose reads return the row of another account."""

    def __init__(self, client):
        self._client = client

    def get_item(self, *, Key, **request):
        return self._client.get_item(Key={**Key, "account_id": {"S": "globex"}}, **request)


def test_another_accounts_profile_is_never_used(accounts, dynamodb):
    with pytest.raises(Unavailable):
        Profiles(OthersRow(dynamodb), "accounts").profile("acme")


@pytest.mark.parametrize(
    "account_id", ["#platform", "#accounts", "A", "a", "-a", "a_b", "acme\n", "acme/..", "a" * 64, "аcme", "", "a#b"]
)
def test_an_account_id_has_only_one_form(accounts, account_id):
    with pytest.raises(NotFound):
        accounts.profile(account_id)
    with pytest.raises(InvalidRequest):
        accounts.put(account_id, {"name": "x"}, NOW)


def checksummed(body):
    from dnc.accounts.tokens import _checksum

    return body + _checksum(body)


@pytest.mark.parametrize(
    "body",
    [
        "nck_acme." + "k" * 11 + "." + "s" * 43,
        "nck_acme." + "k" * 13 + "." + "s" * 43,
        "nck_acme." + "k" * 11 + "#." + "s" * 43,
        "nck_acme." + "k" * 12 + "." + "s" * 42,
        "nck_acme." + "k" * 12 + "." + "s" * 44,
        "nck_acme." + "k" * 12 + "." + "s" * 42 + "-",
        "nck_Acme." + "k" * 12 + "." + "s" * 43,
        "nck_#accounts." + "k" * 12 + "." + "s" * 43,
        "nck_а" + "cme." + "k" * 12 + "." + "s" * 43,
        "nck_acme." + "٣" * 12 + "." + "s" * 43,
        " nck_acme." + "k" * 12 + "." + "s" * 43,
    ],
)
def test_a_token_has_only_one_form(body):
    with pytest.raises(Unauthenticated, match="not a Nocall key"):
        Token.read(checksummed(body))
    assert Token.read(checksummed("nck_acme." + "k" * 12 + "." + "s" * 43)).partition == "acme"


def test_a_token_with_trailing_characters_is_refused():
    good = checksummed("nck_acme." + "k" * 12 + "." + "s" * 43)
    for token in (good + "\n", good + "x", good + " "):
        with pytest.raises(Unauthenticated, match="not a Nocall key"):
            Token.read(token)


def test_a_mistyped_token_costs_no_read(dynamodb):
    class NoClient:
        pass

    good = checksummed("nck_acme." + "k" * 12 + "." + "s" * 43)
    with pytest.raises(Unauthenticated, match="mistyped"):
        Accounts(NoClient(), "accounts").authenticate(good[:-1] + ("a" if good[-1] != "a" else "b"), NOW)


def test_a_caller_without_an_account_has_no_policy():
    with pytest.raises(ValueError, match="account"):
        policy(Caller("key:k", Role.ADMIN, None), "arn:aws:execute-api:r:1:api/v1")


def test_a_handler_refuses_a_credential_from_the_exact_time_of_its_expiry(gateway, modules, monkeypatch):
    ends = NOW + timedelta(hours=1)
    context = {
        "principal": "key:k",
        "role": "admin",
        "account_id": "acme",
        "person": "",
        "expires_at": times.text(ends),
    }
    request = {
        "resource": "/accounts/{account_id}/numbers",
        "httpMethod": "GET",
        "pathParameters": {"account_id": "acme"},
        "requestContext": {"authorizer": context},
    }
    for moment, status in ((ends - timedelta(milliseconds=1), 200), (ends, 401)):
        monkeypatch.setattr("dnc.times.now", lambda moment=moment: moment)
        assert modules["list_numbers.handler"].lambda_handler(request, None)["statusCode"] == status
