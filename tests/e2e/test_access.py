"""Access control at the real gateway with the real authorizer."""

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
    "anyone": {"intake", "dialer", "agent", "manager", "auditor", "admin", "operator"},
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
    ("anyone", "GET", "/me", None),
    ("anyone", "GET", "/removal-reasons", None),
]


@pytest.mark.parametrize("role", sorted(MAY["anyone"]))
def test_a_role_may_do_what_the_table_says_and_nothing_else(client, role):
    account = client.stack["account_id"]
    client.numbers("agent", "POST", body={"number": NUMBER})
    for may, method, path, body in ROUTES:
        response = client.call(role, method, path.format(a=account), body)
        allowed = role in MAY[may]
        assert (response.status_code != 403) == allowed, (role, method, path, response.text)
        assert response.status_code < 500, response.text
        if not allowed:
            assert response.json()["code"] == "forbidden"
            assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("role", sorted(MAY["anyone"] - {"operator"}))
def test_another_accounts_path_is_403_whether_or_not_it_exists(client, role):
    for account in (client.stack["other_account_id"], "no-such-account", client.stack["account_id"] + "x"):
        for _, method, path, body in ROUTES:
            if "{a}" in path:
                response = client.call(role, method, path.format(a=account), body)
                assert (response.status_code, response.json()["code"]) == (403, "forbidden"), (role, method, path)
    seen = client.numbers("operator", "GET", f"/{NUMBER}", account=client.stack["other_account_id"])
    assert seen.status_code == 404


def test_manipulated_paths_do_not_reach_another_account(client):
    mine, other = client.stack["account_id"], client.stack["other_account_id"]
    for path in (
        f"/accounts/{mine}/../{other}/numbers",
        f"/accounts/{mine}%2F..%2F{other}/numbers",
        f"/accounts/{other}%00/numbers",
        "/accounts/%67lobex/numbers",
        f"/accounts/{other.upper()}/numbers",
    ):
        response = client.call("admin", "GET", path)
        assert response.status_code in (403, 404), (path, response.status_code, response.text)


def test_bad_credentials_are_401(client, account, key):
    good = key("manager")
    assert client.numbers(None, "GET", account=account, token=good).status_code == 200
    flipped = good[:-1] + ("a" if good[-1] != "a" else "b")
    for token in (None, "x", good[:-1], good[5:], flipped, good.replace(account, "acme")):
        response = client.numbers(None, "GET", account=account, token=token)
        assert (response.status_code, response.json()["code"]) == (401, "unauthenticated"), token
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["request_id"]


def test_an_expired_key_is_401_even_while_the_gateway_has_cached_it(client, account, key):
    expiry = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=8)
    token = key("manager", expires_at=expiry.isoformat())
    assert client.numbers(None, "GET", account=account, token=token).status_code == 200
    wait_for(lambda: client.numbers(None, "GET", account=account, token=token).status_code == 401, 20)


def test_revocation_and_suspension_take_effect_within_a_minute(client, account, key):
    token = key("manager")
    key_id = token.split(".")[1]
    client.numbers("operator", "POST", body={"number": NUMBER}, account=account)
    assert client.numbers(None, "GET", account=account, token=token).status_code == 200
    assert client.check([NUMBER], account)["blocked"] == 1
    other = key("dialer")
    revoked = client.call("operator", "DELETE", f"/accounts/{account}/keys/{key_id}")
    assert (revoked.status_code, revoked.text) == (204, "")
    client.call("operator", "PUT", f"/accounts/{account}", {"suspended": True})
    started = time.monotonic()
    wait_for(lambda: client.numbers(None, "GET", account=account, token=token).status_code == 401, 60)
    wait_for(lambda: client.numbers(None, "GET", account=account, token=other).status_code == 401, 60)
    payload = {"account_id": account, "numbers": [NUMBER]}
    wait_for(lambda: "AccountSuspended" in client.invoke(payload)[0].get("errorMessage", ""), 60)
    assert time.monotonic() - started < 60
    body = {"numbers": [NUMBER]}
    wait_for(lambda: client.call("operator", "POST", f"/accounts/{account}/checks", body).status_code == 403, 60)
    assert client.numbers("operator", "POST", body={"number": "+14155550161"}, account=account).status_code == 201


def test_a_misspelled_account_is_refused(client):
    result, error = client.invoke({"account_id": "acmee", "numbers": [NUMBER]})
    # The emulator gives every error the type Runtime.HandlerError; the class names are tested on the handler.
    assert error is not None
    assert result["errorMessage"].startswith("AccountNotFound: ")
    response = client.call("operator", "POST", "/accounts/acmee/checks", {"numbers": [NUMBER]})
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
