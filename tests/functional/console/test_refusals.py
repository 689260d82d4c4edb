"""Requests that match no route: 405 with Allow for a known path, else 404, with or without a credential."""

import pytest

from console.refusals import methods_of
from dnc.accounts.access import ROUTES

METHODS = {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"}
RESOURCES = sorted({resource for _, resource in ROUTES})


def path_of(resource):
    return resource.format(account_id="acme", number="14155550100", id="0" * 26, key_id="0" * 12)


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_known_path_with_a_wrong_method_is_405_with_the_allowed_methods(gateway, resource):
    known = {method for method, one in ROUTES if one == resource}
    for method in METHODS - known:
        for role in (None, "admin"):
            reply = gateway.call(role, method, path_of(resource))
            assert (reply.status, reply.code) == (405, "method_not_allowed"), (method, reply)
            assert reply.headers["Allow"] == ", ".join(sorted(known))
            assert reply.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    ["/", "/nothing", "/accounts/acme/number", "/accounts/acme/numbers/", "/accounts/acme/numbers/1/2/3", "/account"],
)
def test_an_unknown_path_is_404_for_every_role(gateway, path):
    for role in (None, "operator"):
        reply = gateway.call(role, "GET", path)
        assert (reply.status, reply.code) == (404, "not_found")


def test_the_most_literal_path_determines_the_methods():
    assert methods_of("/accounts/acme/numbers/batch") == ["POST"]
    assert methods_of("/accounts/acme/numbers/14155550100") == ["DELETE", "GET"]
    assert methods_of("/console") == methods_of("/console/app.js") == ["GET"]
