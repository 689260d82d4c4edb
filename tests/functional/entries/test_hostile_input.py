"""Input that only an attacker or a broken client sends is always a 4xx, never a 500."""

import pytest

from dnc.api import page_tokens

ACCOUNT = "/accounts/acme"
LONG = "x" * 2048


@pytest.mark.parametrize("path", ["imports", "scrubs", "exports"])
@pytest.mark.parametrize("job_id", [LONG, "a" * 65, "..", "a%00b", "#profile"])
def test_an_odd_job_id_is_not_found(gateway, path, job_id):
    assert gateway.call("admin", "GET", f"{ACCOUNT}/{path}/{job_id}").code == "not_found"


@pytest.mark.parametrize("key_id", [LONG, "a" * 65, "%20", "é"])
def test_an_odd_key_id_is_not_found(gateway, key_id):
    assert gateway.call("admin", "DELETE", f"{ACCOUNT}/keys/{key_id}").code == "not_found"


def test_an_undo_of_an_odd_job_id_is_not_found(gateway):
    body = {"acting_user": "u"}
    assert gateway.call("admin", "POST", f"{ACCOUNT}/imports/{LONG}/undo", body).code == "not_found"


@pytest.mark.parametrize("odd", ["a" * 65, "a/b", "a.b", "a#b", "a\n", " a", "é", "٣", "-", ""])
def test_an_id_of_another_form_never_reaches_storage(modules, monkeypatch, odd):
    context = {"principal": "key:x", "role": "admin", "account_id": "acme", "person": "", "expires_at": ""}
    monkeypatch.setattr("dnc.aws.call.Client.call", lambda *_: pytest.fail("it was read"))
    for module, method, resource, name in (
        ("read_jobs.handler", "GET", "/accounts/{account_id}/imports/{id}", "id"),
        ("read_jobs.handler", "GET", "/accounts/{account_id}/exports/{id}", "id"),
        ("manage_accounts.handler", "DELETE", "/accounts/{account_id}/keys/{key_id}", "key_id"),
    ):
        event = {
            "resource": resource,
            "httpMethod": method,
            "pathParameters": {"account_id": "acme", name: odd},
            "requestContext": {"requestId": "r", "authorizer": context},
        }
        assert modules[module].lambda_handler(event, None)["statusCode"] == 404


@pytest.mark.parametrize("route", ["audit", "stats"])
@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize(
    "time", ["0001-01-01", "0001-01-02", "0001-01-01T00:00:00Z", "9999-12-31", "9999-12-31T23:59:59Z", "1969-12-31"]
)
def test_a_time_at_the_end_of_the_calendar_is_refused(gateway, route, name, time):
    reply = gateway.call("admin", "GET", f"{ACCOUNT}/{route}?{name}={time}")
    assert (reply.status, reply.fields) == (422, [name])


@pytest.mark.parametrize("name", ["listed_from", "listed_to"])
def test_a_filter_of_the_list_refuses_such_a_time_too(gateway, name):
    assert gateway.call("admin", "GET", f"{ACCOUNT}/numbers?{name}=0001-01-01").fields == [name]


@pytest.mark.parametrize("key", ["x", "-1", "1.5", "9" * 400, "\u0665"])
def test_a_forged_token_of_a_history_is_refused(gateway, key):
    gateway.add("+14155550100")
    forged = page_tokens.token("acme", {"history": "+14155550100"}, key)
    reply = gateway.call("admin", "GET", f"{ACCOUNT}/numbers/14155550100/history?page_token={forged}")
    assert (reply.status, reply.fields) == (422, ["page_token"])


@pytest.mark.parametrize("key", ["x", "0001-01-01", "2026-02-30T00:00:00.000Z#1", "~head", LONG])
def test_a_forged_token_of_the_audit_is_refused(gateway, key):
    filters = {"since": None, "until": None, "type": None, "actor": None}
    forged = page_tokens.token("acme", filters, key)
    reply = gateway.call("admin", "GET", f"{ACCOUNT}/audit?page_token={forged}")
    assert (reply.status, reply.fields) == (422, ["page_token"])


def test_a_forged_token_with_a_long_key_is_refused(gateway):
    forged = page_tokens.token("acme", {"jobs": "import"}, LONG)
    assert gateway.call("admin", "GET", f"{ACCOUNT}/imports?page_token={forged}").fields == ["page_token"]


def test_the_response_to_an_expired_credential_names_the_scheme(gateway):
    module = gateway.modules["list_numbers.handler"]
    context = {"authorizer": {"principal": "key:k", "role": "admin", "account_id": "acme", "expires_at": "2001"}}
    event = {"httpMethod": "GET", "resource": "/accounts/{account_id}/numbers", "requestContext": context}
    response = module.lambda_handler(event, None)
    assert (response["statusCode"], response["headers"]["WWW-Authenticate"]) == (401, "Bearer")


def test_unavailable_storage_returns_when_to_retry(gateway, monkeypatch):
    from dnc.problems import Unavailable

    def fail(*_):
        raise Unavailable

    module = gateway.modules["list_numbers.handler"]
    monkeypatch.setattr(type(module.accounts), "remembered", fail)
    reply = gateway.numbers("admin", "GET")
    assert (reply.status, reply.headers["Retry-After"]) == (503, "1")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"number": "+14155550100", "number": "+14155550101"}', "same name twice"),
        ('{"number": "+14155550100", "last_request": {"a": 1, "a": 2}}', "same name twice"),
        ('{"number": "+14155550100", "version": NaN}', "NaN"),
        ('{"number": "+14155550100", "version": -Infinity}', "Infinity"),
    ],
)
def test_json_with_two_readings_is_refused_by_name(gateway, body, words):
    reply = gateway.numbers("agent", "POST", raw=body)
    assert (reply.status, reply.code) == (400, "malformed_json")
    assert words in reply.body["detail"]
    assert gateway.numbers("manager", "GET").body["numbers"] == []


@pytest.mark.parametrize("path", ["/accounts/acme/numbers/", "/accounts/acme//numbers", "//accounts/acme/numbers"])
def test_a_path_with_extra_slashes_is_not_found_and_not_forbidden(gateway, path):
    module = gateway.modules["list_numbers.handler"]
    context = {"authorizer": {"principal": "key:k", "role": "intake", "account_id": "acme"}}
    event = {"httpMethod": "GET", "resource": "/accounts/{account_id}/numbers", "requestContext": context}
    event |= {"path": path, "pathParameters": {"account_id": "acme"}}
    assert module.lambda_handler(event, None)["statusCode"] == 404
    assert module.lambda_handler({**event, "path": "/accounts/acme/numbers"}, None)["statusCode"] == 403
