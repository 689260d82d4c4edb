"""Every role on every route, against an independent table of the contract."""

import pytest

from dnc.accounts.access import ROUTES
from dnc.accounts.store import Accounts
from dnc.problems import Unavailable
from tests.functional.conftest import OTHER
from tests.support.gateway import routes

NUMBER = "+14155550160"
ALL = {"intake", "dialer", "agent", "manager", "auditor", "admin", "operator"}
READ = {"manager", "auditor", "admin", "operator"}
MAY = {
    ("POST", "/accounts/{account_id}/numbers"): {"intake", "agent", "manager", "admin", "operator"},
    ("POST", "/accounts/{account_id}/numbers/batch"): {"intake", "agent", "manager", "admin", "operator"},
    ("GET", "/accounts/{account_id}/numbers"): READ,
    ("GET", "/accounts/{account_id}/numbers/{number}"): READ | {"agent"},
    ("GET", "/accounts/{account_id}/numbers/{number}/history"): READ,
    ("GET", "/accounts/{account_id}/audit"): READ,
    ("DELETE", "/accounts/{account_id}/numbers/{number}"): {"manager", "admin", "operator"},
    ("POST", "/accounts/{account_id}/numbers/{number}/removal"): {"manager", "admin", "operator"},
    ("POST", "/accounts/{account_id}/numbers/{number}/restore"): {"manager", "admin", "operator"},
    **{
        ("POST", f"/accounts/{{account_id}}/numbers/{{number}}/removal/{verb}"): {"manager", "admin", "operator"}
        for verb in ("approve", "reject", "withdraw")
    },
    ("GET", "/accounts/{account_id}/pending-removals"): READ,
    ("GET", "/accounts/{account_id}/stats"): READ,
    ("POST", "/accounts/{account_id}/readings"): {"intake", "agent", "manager", "admin", "operator"},
    ("GET", "/removal-reasons"): ALL,
    ("GET", "/me"): ALL,
    ("POST", "/accounts/{account_id}/checks"): ALL - {"intake"},
    ("POST", "/accounts/{account_id}/imports"): {"manager", "admin", "operator"},
    ("GET", "/accounts/{account_id}/imports"): READ,
    ("GET", "/accounts/{account_id}/imports/{id}"): READ,
    ("POST", "/accounts/{account_id}/imports/{id}/undo"): {"manager", "admin", "operator"},
    ("POST", "/accounts/{account_id}/imports/{id}/columns"): {"manager", "admin", "operator"},
    ("POST", "/accounts/{account_id}/scrubs"): {"manager", "admin", "operator"},
    ("POST", "/accounts/{account_id}/scrubs/{id}/columns"): {"manager", "admin", "operator"},
    ("GET", "/accounts/{account_id}/scrubs"): READ,
    ("GET", "/accounts/{account_id}/scrubs/{id}"): READ,
    ("POST", "/accounts/{account_id}/exports"): {"auditor", "admin", "operator"},
    ("GET", "/accounts/{account_id}/exports"): READ,
    ("GET", "/accounts/{account_id}/exports/{id}"): READ,
    ("GET", "/accounts"): {"operator"},
    ("PUT", "/accounts/{account_id}"): {"operator"},
    ("PATCH", "/accounts/{account_id}"): {"admin", "operator"},
    ("GET", "/accounts/{account_id}"): READ,
    ("POST", "/accounts/{account_id}/keys"): {"admin", "operator"},
    ("GET", "/accounts/{account_id}/keys"): {"admin", "operator"},
    ("DELETE", "/accounts/{account_id}/keys/{key_id}"): {"admin", "operator"},
}
BODIES = {
    "/accounts/{account_id}/numbers": {"number": NUMBER},
    "/accounts/{account_id}/numbers/batch": {"numbers": [{"number": NUMBER}]},
    "/accounts/{account_id}/checks": {"numbers": [NUMBER]},
    "/accounts/{account_id}/readings": {"numbers": [NUMBER]},
    "/accounts/{account_id}/numbers/{number}": {"reason": "test_number", "if_version": 9, "acting_user": "u"},
    "/accounts/{account_id}/numbers/{number}/removal": {"reason": "test_number", "if_version": 9, "acting_user": "u"},
    **{
        f"/accounts/{{account_id}}/numbers/{{number}}/removal/{verb}": {"if_version": 9, "acting_user": "u"}
        for verb in ("approve", "reject", "withdraw")
    },
    "/accounts/{account_id}/numbers/{number}/restore": {"if_version": 9, "acting_user": "u"},
    "/accounts/{account_id}": {"name": "Renamed"},
    "PATCH /accounts/{account_id}": {"approve_reasons": ["consent_given"], "note": "x"},
    "/accounts/{account_id}/keys": {"role": "agent"},
    "/accounts/{account_id}/imports": {"filename": "list.csv", "bytes": 12},
    "/accounts/{account_id}/imports/{id}/undo": {"acting_user": "u"},
    "/accounts/{account_id}/imports/{id}/columns": {"columns": ["1"]},
    "/accounts/{account_id}/scrubs/{id}/columns": {"columns": ["1"]},
    "/accounts/{account_id}/scrubs": {"filename": "leads.csv", "bytes": 12},
    "/accounts/{account_id}/exports": {"kind": "everything"},
}


def rows(dynamodb):
    return [dynamodb.scan(TableName=table)["Items"] for table in ("numbers", "accounts")]


def send(gateway, role, method, resource, account):
    body = BODIES.get(f"{method} {resource}", BODIES.get(resource, ...)) if method != "GET" else ...
    path = resource.format(account_id=account, number=NUMBER, key_id="nosuchkey", id="nosuchjob")
    return gateway.call(role, method, path, body)


def test_the_template_has_exactly_the_routes_of_the_table():
    assert {(method, resource) for method, resource, _ in routes()} == set(MAY) == set(ROUTES)


def test_only_the_console_and_refusals_need_no_credential():
    assert {(method, resource, module) for method, resource, module in routes(without_credential=True)} == {
        ("GET", "/console", "console.handler"),
        ("GET", "/console/{proxy+}", "console.handler"),
        ("ANY", "/{proxy+}", "console.handler"),
    }


@pytest.mark.parametrize("role", sorted(ALL))
def test_a_role_may_do_what_the_table_says_and_nothing_else(gateway, dynamodb, role):
    gateway.add(NUMBER)
    for (method, resource), may in MAY.items():
        before = rows(dynamodb)
        reply = send(gateway, role, method, resource, "acme")
        assert reply.status < 500
        assert (reply.status != 403) == (role in may), (method, resource, reply)
        if role not in may:
            assert rows(dynamodb) == before


@pytest.mark.parametrize("role", sorted(ALL - {"operator"}))
@pytest.mark.parametrize("account", [OTHER, "nobody", "acmee", "acm", "%23platform"])
def test_another_accounts_path_is_403_and_has_no_effect(gateway, dynamodb, role, account):
    before = rows(dynamodb)
    for method, resource in MAY:
        if "{account_id}" in resource:
            reply = send(gateway, role, method, resource, account)
            assert (reply.status, reply.code) == (403, "forbidden")
    assert rows(dynamodb) == before


@pytest.mark.parametrize("role", sorted(ALL - {"operator"}))
def test_the_handlers_check_the_account_too(gateway, modules, role):
    """Even if the gateway's policy were wrong, the handler would refuse."""
    context = {"principal": "key:x", "role": role, "account_id": "acme", "person": "", "expires_at": ""}
    for method, resource, module in routes():
        if "{account_id}" not in resource:
            continue
        event = {
            "resource": resource,
            "httpMethod": method,
            "pathParameters": {"account_id": OTHER, "number": NUMBER, "key_id": "k"},
            "requestContext": {"requestId": "r", "authorizer": context},
            "body": "{}",
        }
        assert modules[module].lambda_handler(event, None)["statusCode"] == 403


@pytest.mark.parametrize(
    "context",
    [
        None,
        {},
        {"role": "admin"},
        {"role": "root", "principal": "key:x"},
        {"role": "", "principal": "", "account_id": ""},
    ],
)
def test_a_request_without_a_valid_caller_is_401(modules, context):
    for method, resource, module in routes():
        event = {
            "resource": resource,
            "httpMethod": method,
            "pathParameters": {"account_id": "acme"},
            "requestContext": {"authorizer": context},
        }
        assert modules[module].lambda_handler(event, None)["statusCode"] == 401


def test_an_operator_reaches_every_account_and_a_misspelled_one_is_404(gateway):
    assert gateway.numbers("operator", "GET", account=OTHER).status == 200
    for method, resource in MAY:
        if "{account_id}" in resource and method != "PUT" and not (method == "POST" and resource.endswith("/exports")):
            reply = send(gateway, "operator", method, resource, "acmee")
            assert reply.status == 404, (method, resource, reply)
    export = {"kind": "numbers", "format": "csv"}
    assert gateway.call("operator", "POST", "/accounts/acmee/exports", export).status == 404


def test_an_unknown_route_is_404(gateway, modules):
    for module in {module for _, _, module in routes()}:
        event = {"resource": "/nowhere", "httpMethod": "GET", "requestContext": {"requestId": "r"}}
        response = modules[module].lambda_handler(event, None)
        assert response["statusCode"] == 404
        assert '"code": "not_found"' in response["body"]


def test_a_credential_that_could_not_be_checked_is_an_error_and_no_401(gateway, monkeypatch):
    def fail(*_):
        raise Unavailable("storage did not answer")

    monkeypatch.setattr(Accounts, "authenticate", fail)
    event = {"headers": {"Authorization": f"Bearer {gateway.tokens['admin']}"}, "methodArn": "arn:api/v1/GET/me"}
    with pytest.raises(Unavailable):
        gateway.modules["authorize.handler"].lambda_handler(event, None)
