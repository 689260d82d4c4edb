"""Who is let in, at the real gateway with the real authorizer."""

import datetime as dt
import time

import pytest

from tests.support.stack import wait_for

NUMBER = "+14155550160"
MAY = {
    "add": {"intake", "agent", "manager", "admin", "operator"},
    "check": {"dialer", "agent", "manager", "auditor", "admin", "operator"},
    "read": {"agent", "manager", "auditor", "admin", "operator"},
    "list": {"manager", "auditor", "admin", "operator"},
    "remove": {"manager", "admin", "operator"},
    "account": {"manager", "auditor", "admin", "operator"},
    "keys": {"admin", "operator"},
    "platform": {"operator"},
    "import": {"manager", "admin", "operator"},
    "export": {"auditor", "admin", "operator"},
    "jobs": {"manager", "auditor", "admin", "operator"},
    "anybody": {"intake", "dialer", "agent", "manager", "auditor", "admin", "operator"},
}
ROUTES = [
    ("add", "POST", "/accounts/{a}/numbers", {"number": NUMBER}),
    ("add", "POST", "/accounts/{a}/numbers/batch", {"numbers": [{"number": NUMBER}]}),
    ("check", "POST", "/accounts/{a}/checks", {"numbers": [NUMBER]}),
    ("read", "GET", f"/accounts/{{a}}/numbers/{NUMBER}", None),
    ("list", "GET", "/accounts/{a}/numbers", None),
    ("list", "GET", f"/accounts/{{a}}/numbers/{NUMBER}/history", None),
    ("list", "GET", "/accounts/{a}/audit", None),
    ("remove", "DELETE", f"/accounts/{{a}}/numbers/{NUMBER}", {"reason": "other", "if_version": 1}),
    ("remove", "POST", f"/accounts/{{a}}/numbers/{NUMBER}/restore", {"if_version": 999_999, "acting_user": "u"}),
    ("account", "GET", "/accounts/{a}", None),
    ("keys", "GET", "/accounts/{a}/keys", None),
    ("keys", "DELETE", "/accounts/{a}/keys/nosuchkey", None),
    ("keys", "POST", "/accounts/{a}/keys", {"role": "nobody"}),
    ("platform", "GET", "/accounts", None),
    ("platform", "PUT", "/accounts/{a}", {"nonsense": 1}),
    ("import", "POST", "/accounts/{a}/imports", {"nonsense": 1}),
    ("import", "POST", "/accounts/{a}/imports/nosuchjob/undo", {"acting_user": "u"}),
    ("import", "POST", "/accounts/{a}/scrubs", {"nonsense": 1}),
    ("export", "POST", "/accounts/{a}/exports", {"kind": "everything"}),
    ("jobs", "GET", "/accounts/{a}/imports", None),
    ("jobs", "GET", "/accounts/{a}/scrubs", None),
    ("jobs", "GET", "/accounts/{a}/exports", None),
    ("jobs", "GET", "/accounts/{a}/exports/nosuchjob", None),
    ("list", "GET", "/accounts/{a}/stats", None),
    ("add", "POST", "/accounts/{a}/readings", {"numbers": [NUMBER]}),
    ("anybody", "GET", "/me", None),
    ("anybody", "GET", "/removal-reasons", None),
]


@pytest.mark.parametrize("role", sorted(MAY["anybody"]))
def test_a_role_may_do_what_the_table_says_and_nothing_else(client, role):
    account = client.stack["account_id"]
    client.numbers("agent", "POST", body={"number": NUMBER})
    for may, method, path, body in ROUTES:
        answer = client.call(role, method, path.format(a=account), body)
        allowed = role in MAY[may]
        assert (answer.status_code != 403) == allowed, (role, method, path, answer.text)
        assert answer.status_code < 500, answer.text
        if not allowed:
            assert answer.json()["code"] == "forbidden"
            assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("role", sorted(MAY["anybody"] - {"operator"}))
def test_another_accounts_path_is_403_whether_or_not_it_exists(client, role):
    for account in (client.stack["other_account_id"], "no-such-account", client.stack["account_id"] + "x"):
        for _, method, path, body in ROUTES:
            if "{a}" in path:
                answer = client.call(role, method, path.format(a=account), body)
                assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (role, method, path)
    seen = client.numbers("operator", "GET", f"/{NUMBER}", account=client.stack["other_account_id"])
    assert seen.status_code == 404


def test_tricks_with_paths_do_not_reach_another_account(client):
    mine, other = client.stack["account_id"], client.stack["other_account_id"]
    for path in (
        f"/accounts/{mine}/../{other}/numbers",
        f"/accounts/{mine}%2F..%2F{other}/numbers",
        f"/accounts/{other}%00/numbers",
        "/accounts/%67lobex/numbers",
        f"/accounts/{other.upper()}/numbers",
    ):
        answer = client.call("admin", "GET", path)
        assert answer.status_code in (403, 404), (path, answer.status_code, answer.text)


def test_bad_credentials_are_401(client, account, key):
    good = key("manager")
    assert client.numbers(None, "GET", account=account, token=good).status_code == 200
    flipped = good[:-1] + ("a" if good[-1] != "a" else "b")
    for token in (None, "x", good[:-1], good[5:], flipped, good.replace(account, "acme")):
        answer = client.numbers(None, "GET", account=account, token=token)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), token
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["request_id"]


def test_an_expired_key_is_401_even_while_the_gateway_remembers_it(client, account, key):
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=8)
    token = key("manager", expires_at=ends.isoformat())
    assert client.numbers(None, "GET", account=account, token=token).status_code == 200
    wait_for(lambda: client.numbers(None, "GET", account=account, token=token).status_code == 401, 20)


def test_revocation_and_suspension_hold_within_a_minute(client, account, key):
    token = key("manager")
    key_id = token.split(".")[1]
    client.numbers("operator", "POST", body={"number": NUMBER}, account=account)
    assert client.numbers(None, "GET", account=account, token=token).status_code == 200
    assert client.check([NUMBER], account)["blocked"] == 1
    other = key("dialer")
    gone = client.call("operator", "DELETE", f"/accounts/{account}/keys/{key_id}")
    assert (gone.status_code, gone.text) == (204, "")
    client.call("operator", "PUT", f"/accounts/{account}", {"suspended": True})
    began = time.monotonic()
    wait_for(lambda: client.numbers(None, "GET", account=account, token=token).status_code == 401, 60)
    wait_for(lambda: client.numbers(None, "GET", account=account, token=other).status_code == 401, 60)
    payload = {"account_id": account, "numbers": [NUMBER]}
    wait_for(lambda: "AccountSuspended" in client.invoke(payload)[0].get("errorMessage", ""), 60)
    assert time.monotonic() - began < 60
    body = {"numbers": [NUMBER]}
    wait_for(lambda: client.call("operator", "POST", f"/accounts/{account}/checks", body).status_code == 403, 60)
    assert client.numbers("operator", "POST", body={"number": "+14155550161"}, account=account).status_code == 201


def test_a_misspelt_account_does_not_open_the_gates(client):
    result, error = client.invoke({"account_id": "acmee", "numbers": [NUMBER]})
    # The emulator gives every error the type Runtime.HandlerError; the class names are tested on the handler.
    assert error is not None
    assert result["errorMessage"].startswith("AccountNotFound: ")
    answer = client.call("operator", "POST", "/accounts/acmee/checks", {"numbers": [NUMBER]})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
