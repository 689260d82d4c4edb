"""Paths and methods that are close to a route's, for every route of `docs/openapi.json`."""

import json
import re

import pytest
import requests

from infra.templates import ROOT

PATHS = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
VALUES = {"account_id": "acme", "number": "+14155550100", "id": "i-0", "key_id": "k-0"}
# A file's name in a path would only be a number or an id that does not exist: each last parameter takes one segment.
BESIDE = ("x/y", "%2Fx/y", "x//y")


@pytest.fixture(scope="module")
def send(client):
    """A function that sends a request, with or without an operator's credential."""
    session = requests.Session()
    operator = {"Authorization": f"Bearer {client.stack['tokens']['operator']}"}

    def sent(method, path, *, as_operator=False):
        headers = operator if as_operator else {}
        response = session.request(method, client.stack["base_url"] + path, headers=headers, timeout=30)
        problem = response.json()
        assert response.headers["Content-Type"] == "application/problem+json", response.text
        assert problem["status"] == response.status_code
        return response.status_code, problem["code"], response.headers.get("Allow")

    return sent


def of(template):
    return re.sub(r"{(\w+)}", lambda name: VALUES[name[1]], template)


@pytest.mark.parametrize("template", PATHS)
def test_close_to_a_route_is_404_or_405_and_never_forbidden(send, template):
    path, methods = of(template), {method.upper() for method in PATHS[template]}
    wrong = min(METHODS - methods)
    allowed = ", ".join(sorted(methods))
    assert send(wrong, path) == (405, "method_not_allowed", allowed)
    assert send(wrong, path, as_operator=True) == (405, "method_not_allowed", allowed)
    method = min(methods)
    for as_operator in (False, True):
        for more in BESIDE:
            assert send(method, f"{path}/{more}", as_operator=as_operator) == (404, "not_found", None), more
    # API Gateway matches these as if they had no extra slash, and asks for a credential before it runs anything.
    for extra in (f"{path}/", f"{path}//", f"/{path}", path.replace("/", "//")):
        assert send(method, extra)[0] in {401, 404}, extra
        assert send(method, extra, as_operator=True) == (404, "not_found", None), extra


def test_extra_slashes_lead_to_no_route_of_another_account_or_role(client):
    for path in ("/accounts/globex/numbers/", "/accounts/acme/keys/", "/accounts/globex/numbers/+14155550100/history/"):
        refused = client.call("dialer", "GET", path)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), path
