"""JWTs from an OIDC issuer on loopback."""

import base64
import hashlib
import hmac
import json
import time
from types import SimpleNamespace

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from dnc.problems import Unauthenticated, Unavailable
from tests.support.fault_server import FaultServer, ok, stall
from tests.support.issuer import AUDIENCE, KEYS, issuing


@pytest.fixture
def issuer():
    with issuing() as server:
        yield server


@pytest.fixture(autouse=True)
def configured(issuer, monkeypatch):
    monkeypatch.setenv("OIDC_ISSUER", f"http://127.0.0.1:{issuer.server_address[1]}")
    monkeypatch.setenv("OIDC_AUDIENCE", AUDIENCE)
    monkeypatch.setenv("OIDC_ACCOUNT_CLAIM", "custom:account")


@pytest.fixture
def token(issuer):
    """A function that creates a token. A time may be relative to now, in seconds: `+40`."""

    def make(key="rsa", kid=None, **claims):
        merged = {
            "iss": f"http://127.0.0.1:{issuer.server_address[1]}",
            "aud": AUDIENCE,
            "sub": "person-7",
            "exp": int(time.time()) + 300,
            "role": "manager",
            "custom:account": "acme",
        }
        now = int(time.time())
        for name in claims.keys() & {"exp", "iat", "nbf"}:
            if isinstance(claims[name], str):
                claims[name] = now + int(claims[name])
        merged = {name: value for name, value in (merged | claims).items() if value is not None}
        algorithm, private = KEYS[key]
        return jwt.encode(merged, private, algorithm, headers={"kid": kid or key})

    return make


@pytest.mark.parametrize("key", ["rsa", "ec"])
def test_a_token_from_the_issuer_identifies_a_person(gateway, token, key):
    reply = gateway.numbers(None, "POST", body={"number": "+14155550100"}, token=token(key))
    assert reply.status == 201
    assert reply.body["listed_by"] == {"principal": "user:person-7", "acting_user": "person-7"}


def test_a_person_need_not_name_an_acting_user(gateway, token):
    gateway.add("+14155550100")
    body = {"reason": "test_number", "note": "x", "if_version": 1}
    removed = gateway.numbers(None, "DELETE", "/14155550100", body, token=token())
    assert removed.body["removal"]["removed_by"]["acting_user"] == "person-7"


def test_a_token_grants_access_only_to_its_own_account(gateway, token):
    assert gateway.numbers(None, "GET", account="globex", token=token()).status == 403
    assert gateway.numbers(None, "GET", account="globex", token=token(role="operator")).status == 200


def test_keys_still_work_alongside_tokens(gateway):
    assert gateway.numbers("manager", "GET").status == 200


def segment(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"aud": None},
        {"iss": "https://another.example"},
        {"iss": None},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"sub": None},
        {"nbf": 4_000_000_000},
        {"nbf": "+300"},
        {"iat": "+300"},
        {"exp": "-30"},
        {"key": "rsa", "kid": "ec"},
        {"key": "ec", "kid": "rsa"},
        {"role": None},
        {"role": "root"},
        {"role": ["admin"]},
        {"custom:account": None},
        {"custom:account": "nobody"},
        {"custom:account": "*"},
        {"custom:account": "acme/numbers"},
        {"key": "unpublished"},
        {"key": "unpublished", "kid": "rsa"},
    ],
    ids=str,
)
def test_an_invalid_token_is_401(gateway, modules, token, claims):
    assert gateway.numbers(None, "GET", token=token()).status == 200
    assert gateway.numbers(None, "GET", token=token(**claims)).status == 401
    # The authorizer itself refuses it, and does not leave that to the handlers.
    event = {"headers": {"Authorization": f"Bearer {token(**claims)}"}, "methodArn": "arn:api/v1/GET/x"}
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        modules["authorize.handler"].lambda_handler(event, None)


class AnyAccount:
    """Accounts in which every id exists."""

    def profile(self, _account_id):
        return SimpleNamespace(suspended=False)


@pytest.mark.parametrize("account_id", ["*", "acme/numbers", "#platform", "Acme", "acme\n", "a", "", "аcme"])
def test_a_token_must_name_a_valid_account_id(issuer, token, account_id):
    from authorize.jwt_issuer import Issuer

    reader = Issuer(f"http://127.0.0.1:{issuer.server_address[1]}", AUDIENCE, "custom:account", "role")
    assert reader.authenticate(token(), AnyAccount())[0].account_id == "acme"
    with pytest.raises(Unauthenticated):
        reader.authenticate(token(**{"custom:account": account_id}), AnyAccount())


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_an_issuers_clock_may_be_up_to_a_minute_ahead(gateway, token, claim):
    assert gateway.numbers(None, "GET", token=token(**{claim: "+40"})).status == 200


def test_an_unsigned_or_wrongly_signed_token_is_401(gateway, token):
    header, claims, signature = token().split(".")
    unsigned = f"{segment({'alg': 'none', 'kid': 'rsa'})}.{claims}."
    pem = (
        KEYS["rsa"][1]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    head = f"{segment({'alg': 'HS256', 'kid': 'rsa'})}.{claims}"
    confused = base64.urlsafe_b64encode(hmac.digest(pem, head.encode(), hashlib.sha256)).decode().rstrip("=")
    other = segment({"role": "admin", "custom:account": "globex"})
    for bad in (
        unsigned,
        f"{head}.{confused}",
        f"{header}.{other}.{signature}",
        f"{header}.{claims}",
        "a.b.c",
        token()[:-2],
    ):
        assert gateway.numbers(None, "GET", token=bad).status == 401, bad


def test_a_suspended_accounts_token_is_401(gateway, token):
    gateway.call("operator", "PUT", "/accounts/acme", {"suspended": True})
    assert gateway.numbers(None, "GET", token=token()).status == 401
    # No opt-out is lost meanwhile.
    assert gateway.numbers(None, "POST", body={"number": "+14155550100"}, token=token(role="intake")).status == 202


def test_an_unreachable_issuer_is_not_a_401(gateway, issuer, token):
    issuer.down = True
    with pytest.raises(Unavailable):
        gateway.numbers(None, "GET", token=token())
    issuer.down = False
    assert gateway.numbers(None, "GET", token=token()).status == 200


@pytest.mark.parametrize("documents", [0, 1], ids=["discovery", "keys"])
def test_a_silent_issuer_is_given_up_in_time(token, monkeypatch, documents):
    from authorize import jwt_issuer

    monkeypatch.setattr(jwt_issuer, "_TIMEOUT_SECONDS", 0.2)
    with FaultServer(after=stall) as silent:
        silent.script = [ok({"jwks_uri": f"{silent.url}/keys"}) for _ in range(documents)]
        reader = jwt_issuer.Issuer(silent.url, AUDIENCE, "custom:account", "role")
        began = time.monotonic()
        with pytest.raises(Unavailable):
            reader.authenticate(token(), AnyAccount())
        assert time.monotonic() - began < 5, "the server would be silent for 10 seconds"
        assert len(silent.received) == documents + 1
