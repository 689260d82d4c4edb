"""Every cell of docs/access.md: each route with each role, each account, and each state of a credential."""

import re
import time
from datetime import timedelta

import jwt
import pytest

from dnc import times
from dnc.accounts.access import Role
from dnc.accounts.store import Accounts
from dnc.accounts.tokens import PLATFORM
from infra.generate.access_matrix import ACCOUNTS, CREDENTIALS, FILE, ROLES, routes
from tests.support.issuer import AUDIENCE, KEYS, issuing

NUMBER = "+14155550100"
OF_ACCOUNT = {"own": "acme", "foreign": "globex", "missing": "nobody", "suspended": "initech"}
SECTIONS = re.split(r"^## ", FILE.read_text(), flags=re.MULTILINE)[1:]


def cells(section):
    """Return the cells of one table by route and column."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    header = rows[0][1:]
    return {row[0].strip("`"): dict(zip(header, row[1:], strict=True)) for row in rows[2:]}


PAGE = {account: cells(section) for account, section in zip(ACCOUNTS, SECTIONS, strict=False)}
OF_CREDENTIALS = cells(SECTIONS[-1])


class _Machines:
    """A Step Functions client that starts nothing."""

    def start_execution(self, **_):
        return {}


@pytest.fixture(scope="module")
def issuer():
    with issuing() as server:
        yield server


@pytest.fixture(autouse=True)
def surroundings(issuer, monkeypatch):
    monkeypatch.setenv("OIDC_ISSUER", issuer.url)
    monkeypatch.setenv("OIDC_AUDIENCE", AUDIENCE)
    monkeypatch.setattr("dnc.aws.clients.step_functions", _Machines)


@pytest.fixture
def platform(gateway, dynamodb):
    """The gateway with a suspended account that has a key of every role."""
    accounts, now = Accounts(dynamodb, "accounts"), times.now()
    accounts.put("initech", {"name": "Initech", "default_region": "US"}, now)
    for role in set(Role) - {Role.OPERATOR}:
        gateway.tokens[f"suspended_{role}"] = accounts.make_key("initech", role, "k", None, "t", now)["token"]
    assert PLATFORM not in OF_ACCOUNT.values()
    return gateway


FILE_OF_LEADS = {"filename": "a.csv", "bytes": 9}
NEW = "+14155550101"


class Requests:
    """Valid requests to an account. An operator first creates what they need, if the account exists."""

    def __init__(self, gateway, account, resource):
        self.gateway = gateway
        self.kind = "scrubs" if "/scrubs" in resource else "imports"
        self.account = account
        self.exists = account != "nobody"
        self.ids = {"account_id": account, "number": NUMBER, "id": "0" * 26, "key_id": "0" * 12}

    def make(self, method, path, body, default):
        if not self.exists:
            return default
        return self.gateway.call("operator", method, f"/accounts/{self.account}{path}", body).body

    def removal(self):
        version = self.make("POST", "/numbers", {"number": NUMBER}, {"version": 1})["version"]
        return {"reason": "test_number", "note": "x", "if_version": version, "acting_user": "u"}

    def decision(self):
        version = self.make("POST", "/numbers", {"number": NUMBER}, {"version": 1})["version"]
        return {"if_version": version, "acting_user": "u"}

    def restore(self):
        removed = self.make("DELETE", f"/numbers/{NUMBER}", self.removal(), {"version": 1})
        return {"if_version": removed["version"], "acting_user": "u"}

    def add(self):
        if self.exists:  # so that each add is the number's first
            client = self.gateway.modules["add_number.handler"].clients.dynamodb()
            client.delete_item(TableName="numbers", Key={"account_id": {"S": self.account}, "number": {"S": NEW}})
        return {"number": NEW}

    def undo(self):
        self.ids["id"] = self.make("POST", "/imports", FILE_OF_LEADS, self.ids)["id"]
        return {"acting_user": "u"}

    def columns(self):
        self.ids["id"] = self.make("POST", f"/{self.kind}", FILE_OF_LEADS, self.ids)["id"]
        return {"columns": ["1"]}

    def revoke(self):
        self.ids["key_id"] = self.make("POST", "/keys", {"role": "agent", "name": "k"}, self.ids)["key_id"]
        return ...

    def read(self, resource):
        if "{number}" in resource:
            self.make("POST", "/numbers", {"number": NUMBER}, None)
        kind = re.search(r"/(imports|scrubs|exports)/{id}", resource)
        if kind:
            body = {"kind": "numbers"} if kind[1] == "exports" else FILE_OF_LEADS
            self.ids["id"] = self.make("POST", f"/{kind[1]}", body, self.ids)["id"]
        return ...


BODIES = {
    "POST numbers": Requests.add,
    "POST batch": lambda _: {"numbers": [{"number": NUMBER}]},
    "POST checks": lambda _: {"numbers": [NUMBER]},
    "POST readings": lambda _: {"numbers": [NUMBER]},
    "DELETE {number}": Requests.removal,
    "POST removal": Requests.removal,
    "POST approve": Requests.decision,
    "POST reject": Requests.decision,
    "POST withdraw": Requests.decision,
    "POST restore": Requests.restore,
    "POST imports": lambda _: FILE_OF_LEADS,
    "POST scrubs": lambda _: FILE_OF_LEADS,
    "POST undo": Requests.undo,
    "POST columns": Requests.columns,
    "POST exports": lambda _: {"kind": "numbers"},
    "POST keys": lambda _: {"role": "agent", "name": "k"},
    "DELETE {key_id}": Requests.revoke,
    "PATCH {account_id}": lambda _: {"approve_reasons": ["consent_given"], "note": "x"},
    "PUT {account_id}": lambda _: {"name": "Renamed"},
}
"""How to build a valid request, by method and the last part of the path. A new route adds its own here."""


def request_to(gateway, method, resource, account):
    """Return the path and the body of a valid request."""
    requests = Requests(gateway, account, resource)
    name = f"{method} {resource.rsplit('/', 1)[-1]}"
    body = requests.read(resource) if method == "GET" else BODIES[name](requests)
    return resource.format(**requests.ids), body


def suspend(gateway, *, suspended):
    gateway.call("operator", "PUT", "/accounts/initech", {"suspended": suspended})
    for module in gateway.modules.values():
        cached = getattr(getattr(module, "accounts", None), "_known", None)
        if cached is not None:
            cached.clear()


def test_the_page_has_every_route_role_account_and_state():
    of_accounts = {f"{method} {resource}" for method, resource in routes()}
    for account, table in PAGE.items():
        assert set(table) == of_accounts if account == "own" else set(table) <= of_accounts
        assert all(set(row) == set(ROLES) for row in table.values())
        assert {route for route in of_accounts if "{account_id}" in route} <= set(table)
    assert set(OF_CREDENTIALS) == of_accounts
    assert all(set(row) == set(CREDENTIALS) for row in OF_CREDENTIALS.values())


@pytest.mark.parametrize(("method", "resource"), routes(), ids=lambda value: value)
def test_every_role_on_every_account_gets_the_stated_status(platform, method, resource):
    for account, table in PAGE.items():
        for role, stated in table.get(f"{method} {resource}", {}).items():
            if stated == "-":
                continue
            suspended = account == "suspended"
            if suspended:
                suspend(platform, suspended=False)
            path, body = request_to(platform, method, resource, OF_ACCOUNT[account])
            if suspended:
                suspend(platform, suspended=True)
            key = f"suspended_{role}" if suspended and role != "operator" else role
            reply = platform.call(key, method, path, body)
            assert str(reply.status) == stated, (account, role, reply)


def credential(gateway, issuer, dynamodb, state):
    accounts, now = Accounts(dynamodb, "accounts"), times.now()
    good = gateway.tokens["manager"]
    match state:
        case "none":
            return ""
        case "malformed":
            return "letmein"
        case "mistyped":
            return good[:-1] + ("a" if good[-1] != "a" else "b")
        case "unknown":
            from dnc.accounts.tokens import Token

            return str(Token.new("acme"))
        case "revoked":
            made = accounts.make_key("acme", Role.ADMIN, "k", None, "t", now)
            accounts.revoke_key("acme", made["key_id"], now, "key:operator")
            return made["token"]
        case "expired":
            past = times.text(now - timedelta(seconds=1))
            return accounts.make_key("acme", Role.ADMIN, "k", past, "t", now)["token"]
    exp = int(time.time()) + (300 if state == "JWT" else -300)
    claims = {"iss": issuer.url, "aud": AUDIENCE, "sub": "p", "exp": exp, "role": "manager", "account_id": "acme"}
    return jwt.encode(claims, KEYS["rsa"][1], "RS256", headers={"kid": "rsa"})


@pytest.mark.parametrize(("method", "resource"), routes(), ids=lambda value: value)
def test_every_state_of_a_credential_gets_the_stated_status(gateway, issuer, dynamodb, method, resource):
    for state, stated in OF_CREDENTIALS[f"{method} {resource}"].items():
        path, body = request_to(gateway, method, resource, "acme")
        reply = gateway.call(None, method, path, body, token=credential(gateway, issuer, dynamodb, state))
        assert str(reply.status) == stated, (state, reply)
