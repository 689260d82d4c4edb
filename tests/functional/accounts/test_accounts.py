"""Accounts, keys and the authorizer."""

from datetime import UTC, datetime, timedelta

import pytest

from dnc.accounts.access import ALLOWED, Role
from dnc.accounts.tokens import Token

NUMBER = "+14155550100"


def make(gateway, role="agent", account="acme", by="admin", **more):
    return gateway.call(by, "POST", f"/accounts/{account}/keys", {"role": role, **more})


def test_an_account_is_created_changed_and_listed(gateway):
    made = gateway.call("operator", "PUT", "/accounts/initech", {"name": "Initech", "default_region": "US"})
    assert (made.status, made.body["suspended"]) == (201, False)
    changed = gateway.call("operator", "PUT", "/accounts/initech", {"name": "Initech Inc.", "default_region": "US"})
    assert (changed.status, changed.body["name"]) == (200, "Initech Inc.")
    assert changed.body["created_at"] == made.body["created_at"]
    suspended = gateway.call("operator", "PUT", "/accounts/initech", {"suspended": True})
    assert (suspended.body["name"], suspended.body["default_region"], suspended.body["suspended"]) == (
        "Initech Inc.",
        "US",
        True,
    )
    assert gateway.call("operator", "GET", "/accounts/initech").body == {**suspended.body, "registry_imports": []}
    seen, token = [], ""
    while True:
        page = gateway.call("operator", "GET", f"/accounts?page_size=2{token}").body
        seen += [a["account_id"] for a in page["accounts"]]
        if page["next_page_token"] is None:
            break
        token = f"&page_token={page['next_page_token']}"
    assert seen == ["acme", "globex", "initech"]


def policy(gateway, role, **fields):
    return gateway.call(role, "PATCH", "/accounts/acme", {"note": "as counsel advised"} | fields)


def test_an_admin_may_add_reasons_to_approve_and_only_an_operator_may_drop_one(gateway):
    assert gateway.call("manager", "GET", "/accounts/acme").body["approve_reasons"] == []
    added = policy(gateway, "admin", approve_reasons=["request_withdrawn", "consent_given", "consent_given"])
    assert (added.status, added.body["approve_reasons"]) == (200, ["consent_given", "request_withdrawn"])
    assert policy(gateway, "admin", approve_reasons=["consent_given", "request_withdrawn"]).status == 200
    for shorter in ([], ["consent_given"], ["consent_given", "number_reassigned", "test_number"]):
        refused = policy(gateway, "admin", approve_reasons=shorter)
        assert (refused.status, refused.code) == (403, "forbidden")
        assert "request_withdrawn" in refused.body["detail"]
    assert policy(gateway, "manager", approve_reasons=[]).status == 403
    account = gateway.call("admin", "GET", "/accounts/acme").body
    assert (account["approve_reasons"], account["name"]) == (["consent_given", "request_withdrawn"], "Acme Solar")
    assert policy(gateway, "operator", approve_reasons=["consent_given"]).body["approve_reasons"] == ["consent_given"]


def test_an_operator_sets_the_reasons_to_approve_with_the_account(gateway):
    body = {"name": "Initech", "approve_reasons": ["number_reassigned"]}
    assert gateway.call("operator", "PUT", "/accounts/initech", body).body["approve_reasons"] == ["number_reassigned"]
    renamed = gateway.call("operator", "PUT", "/accounts/initech", {"name": "Initech Inc."})
    assert renamed.body["approve_reasons"] == ["number_reassigned"]
    shorter = gateway.call("operator", "PUT", "/accounts/initech", {"approve_reasons": []})
    assert shorter.body["approve_reasons"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"note": "x"}, "body"),
        ({"note": "x", "acting_user": "u"}, "body"),
        ({"approve_reasons": []}, "note"),
        ({"approve_reasons": [], "note": " "}, "note"),
        ({"approve_reasons": None, "note": "x"}, "approve_reasons"),
        ({"approve_reasons": "consent_given", "note": "x"}, "approve_reasons"),
        ({"approve_reasons": ["existing_customer"], "note": "x"}, "approve_reasons.0"),
        ({"name": "Acme", "note": "x"}, "name"),
    ],
)
def test_an_invalid_policy_is_refused_with_the_field(gateway, body, field):
    reply = gateway.call("admin", "PATCH", "/accounts/acme", body)
    assert (reply.status, reply.fields) == (422, [field])


def test_a_policy_for_a_missing_account_is_404_and_creates_nothing(gateway):
    body = {"approve_reasons": [], "note": "x"}
    assert gateway.call("operator", "PATCH", "/accounts/nobody", body).status == 404
    assert gateway.call("operator", "GET", "/accounts/nobody").status == 404


@pytest.mark.parametrize(
    "account_id", ["A", "Acme", "a", "-acme", "a_b", "a" * 64, "acme%23", "%23platform", "acme%2Fx"]
)
def test_an_invalid_account_id_is_refused(gateway, account_id):
    reply = gateway.call("operator", "PUT", f"/accounts/{account_id}", {"name": "x"})
    assert (reply.status, reply.fields) == (422, ["account_id"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "x", "suspended": None}, "suspended"),
        ({"name": "x", "suspended": "no"}, "suspended"),
        ({"name": "x", "default_region": "Atlantis"}, "default_region"),
        ({"name": "x", "default_region": ""}, "default_region"),
        ({"name": "x", "plan": "gold"}, "plan"),
    ],
)
def test_an_invalid_account_is_refused_with_the_field(gateway, body, field):
    reply = gateway.call("operator", "PUT", "/accounts/initech", body)
    assert (reply.status, reply.fields) == (422, [field])


def test_a_key_is_shown_once_works_and_is_revoked(gateway, dynamodb):
    made = make(gateway, "manager", name="for tests").body
    token = Token.read(made["token"])
    assert made["key_id"] == token.key_id
    assert gateway.numbers(None, "GET", token=made["token"]).status == 200
    listed = gateway.call("admin", "GET", "/accounts/acme/keys").body["keys"]
    [shown] = [key for key in listed if key["key_id"] == made["key_id"]]
    assert shown == {name: value for name, value in made.items() if name != "token"}
    stored = str(dynamodb.scan(TableName="accounts")["Items"])
    assert token.secret not in stored
    assert token.secret not in str(listed)
    for _ in range(2):
        gone = gateway.call("admin", "DELETE", f"/accounts/acme/keys/{made['key_id']}")
        assert (gone.status, gone.headers.get("Content-Type")) == (204, None)
    assert gateway.numbers(None, "GET", token=made["token"]).status == 401
    assert gateway.call("admin", "DELETE", "/accounts/acme/keys/nosuchkey").code == "not_found"
    [revoked] = [k for k in gateway.call("admin", "GET", "/accounts/acme/keys").body["keys"] if k["revoked_at"]]
    assert revoked["key_id"] == made["key_id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "root"}, "role"),
        ({"role": "operator"}, "role"),
        ({}, "role"),
        ({"role": "agent", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"role": "agent", "scope": "all"}, "scope"),
    ],
)
def test_an_invalid_key_is_refused_with_the_field(gateway, body, field):
    reply = gateway.call("operator", "POST", "/accounts/acme/keys", body)
    assert (reply.status, reply.fields) == (422, [field])


def test_a_key_for_a_missing_account_is_404(gateway):
    assert make(gateway, account="nobody", by="operator").code == "not_found"


def test_an_invalid_token_is_401(gateway):
    good = make(gateway, "manager").body["token"]
    other = gateway.tokens["other_admin"]
    flipped = good[:-1] + ("a" if good[-1] != "a" else "b")
    elsewhere = str(Token("globex", Token.read(good).key_id, Token.read(good).secret))
    guessed = str(Token("acme", Token.read(good).key_id, Token.read(other).secret))
    nobody = str(Token("acme", "x" * 12, "y" * 43))
    platform = str(Token("#platform", Token.read(good).key_id, Token.read(good).secret))
    for token in ("x", good[:-1], good[5:], flipped, elsewhere, guessed, nobody, platform, "nck_", "nck_acme..", " "):
        assert gateway.numbers(None, "GET", token=token).status == 401, token
    assert gateway.numbers(None, "GET").status == 401


@pytest.mark.parametrize("header", ["{}", "Basic {}", "Bearer", "Bearer  ", "Bearer {} x", "Token {}"])
def test_only_a_bearer_token_is_read(gateway, modules, header):
    event = {"headers": {"Authorization": header.format(gateway.tokens["admin"])}, "methodArn": "arn:x/v1/GET/"}
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        modules["authorize.handler"].lambda_handler(event, None)


@pytest.mark.parametrize("header", ["authorization", "Authorization", "AUTHORIZATION"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_headers_and_schemes_are_case_insensitive(gateway, modules, header, scheme):
    event = {"headers": {header: f"{scheme} {gateway.tokens['admin']}"}, "methodArn": "arn:api/v1/GET/x"}
    assert modules["authorize.handler"].lambda_handler(event, None)["context"]["role"] == "admin"


def test_an_expired_key_is_401_even_if_the_gateway_has_cached_it(gateway, modules, monkeypatch):
    expiry = datetime.now(UTC) + timedelta(hours=1)
    token = make(gateway, "manager", expires_at=expiry.isoformat()).body["token"]
    assert gateway.numbers(None, "GET", token=token).status == 200
    event = {"headers": {"Authorization": f"Bearer {token}"}, "methodArn": "arn:api/v1/GET/x"}
    cached = modules["authorize.handler"].lambda_handler(event, None)["context"]
    monkeypatch.setattr("dnc.times.now", lambda: expiry + timedelta(milliseconds=1))
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        modules["authorize.handler"].lambda_handler(event, None)
    request = {
        "resource": "/accounts/{account_id}/numbers",
        "httpMethod": "GET",
        "pathParameters": {"account_id": "acme"},
        "requestContext": {"authorizer": cached},
    }
    assert modules["list_numbers.handler"].lambda_handler(request, None)["statusCode"] == 401


def test_a_suspended_account_is_401_until_it_is_resumed(gateway):
    gateway.call("operator", "PUT", "/accounts/acme", {"suspended": True})
    for role in ("dialer", "agent", "manager", "auditor", "admin"):
        assert gateway.call(role, "GET", "/removal-reasons").status == 401
    # No opt-out is lost while the account is suspended.
    assert gateway.numbers("intake", "POST", body={"number": NUMBER}).status == 202
    assert gateway.numbers("operator", "POST", body={"number": NUMBER}).status == 200
    gateway.call("operator", "PUT", "/accounts/acme", {"suspended": False})
    assert gateway.numbers("manager", "GET").body["numbers"][0]["number"] == NUMBER


def test_the_policy_names_only_the_credentials_own_account(gateway, modules):
    for role in ("intake", "dialer", "agent", "manager", "auditor", "admin"):
        headers = {"Authorization": f"Bearer {gateway.tokens[role]}"}
        event = {"headers": headers, "methodArn": "arn:aws:execute-api:r:1:api/v1/GET/accounts/globex/numbers"}
        response = modules["authorize.handler"].lambda_handler(event, None)
        [statement] = response["policyDocument"]["Statement"]
        # Paths with extra slashes are no routes: every handler answers them with a 404, whoever asks.
        no_routes = {f"arn:aws:execute-api:r:1:api/v1/*/{path}" for path in ("", "/*")}
        for resource in set(statement["Resource"]) - no_routes:
            path = resource.removeprefix("arn:aws:execute-api:r:1:api/v1/").partition("/")[2]
            assert path in {"removal-reasons", "me"} or path.startswith("accounts/acme"), resource
            assert "globex" not in resource


def test_failing_storage_is_not_a_401(gateway, modules, monkeypatch):
    """A 401 would reject a valid key. If the authorizer raises an error instead, the gateway returns 503."""
    from dnc.problems import Unavailable

    class Down:
        def batch_get_item(self, **_):
            raise Unavailable

    monkeypatch.setattr(modules["authorize.handler"].accounts, "_client", Down())
    event = {"headers": {"Authorization": f"Bearer {gateway.tokens['admin']}"}, "methodArn": "arn:api/v1/GET/x"}
    with pytest.raises(Unavailable):
        modules["authorize.handler"].lambda_handler(event, None)


@pytest.mark.parametrize("role", list(Role))
def test_every_role_may_read_its_own_identity(gateway, role):
    reply = gateway.call(role, "GET", "/me")
    assert reply.status == 200
    assert reply.body["role"] == role
    assert reply.body["account_id"] == (None if role is Role.OPERATOR else "acme")
    assert set(reply.body["may"]) == ALLOWED[role]
    assert reply.body["person"] is None
    named = [reply.body[name] for name in ("account_name", "default_region")]
    assert named == ([None, None] if role is Role.OPERATOR else ["Acme Solar", "US"])
    assert reply.body["key_name"] == "test"
    assert reply.body["expires_at"] is None
