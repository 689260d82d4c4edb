"""The handlers on moto, behind a gateway that does what API Gateway does: match, authorize, judge, invoke."""

import base64
import fnmatch
import gc
import importlib
import json
import re
import threading
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import botocore.loaders
import botocore.session
import pytest
import requests
from moto import mock_aws

from dnc import times
from dnc.accounts.access import Role
from dnc.accounts.store import Accounts
from dnc.accounts.tokens import PLATFORM
from dnc.aws import clients, connections
from dnc.aws.dynamodb import DynamoDB
from dnc.aws.presigned import presigner
from dnc.bulk.files import s3
from infra.templates import parent
from tests.support import tables
from tests.support.consistency import assert_consistent
from tests.support.contract import assert_body_documented
from tests.support.partiql import WithPartiQL

STAGE_ARN = "arn:aws:execute-api:us-east-1:123456789012:api1/v1"
BUS, BUCKET = "changes", "bulk"
ACCOUNT, OTHER = "acme", "globex"
MODULES = (
    "add_number.handler",
    "audit_changes.handler",
    "authorize.handler",
    "check_numbers.api",
    "check_numbers.handler",
    "console.handler",
    "export_account.handler",
    "export_account.nightly",
    "export_account.step",
    "import_numbers.finish",
    "import_numbers.handler",
    "import_numbers.plan",
    "import_numbers.write",
    "list_numbers.handler",
    "manage_accounts.handler",
    "read_jobs.handler",
    "read_stats.handler",
    "remove_number.handler",
    "scrub_leads.finish",
    "scrub_leads.handler",
    "scrub_leads.check",
    "scrub_leads.plan",
    "scrub_leads.read_list",
    "sweep_accounts.handler",
)


@dataclass(frozen=True)
class Reply:
    """A response of the gateway."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> str | None:
        return self.body.get("code") if isinstance(self.body, dict) else None

    @property
    def fields(self) -> list[str]:
        return [error["field"] for error in self.body.get("errors") or []]


def routes(*, without_credential: bool = False) -> list[tuple[str, str, str]]:
    """Return method, resource and handler module of the template's routes, either with a credential or without."""
    found = []
    for function in parent()["Resources"].values():
        for event in (function["Properties"].get("Events") or {}).values():
            properties = event["Properties"]
            if event["Type"] == "Api" and (properties.get("Auth") == {"Authorizer": "NONE"}) == without_credential:
                module = function["Properties"]["Handler"].rpartition(".")[0]
                found.append((properties["Method"], properties["Path"], module))
    return found


def sent_body(raw: str | bytes, base64_encoded: bool) -> str:
    """Return a body as API Gateway passes it on: base64 for binary media types, else decoded as UTF-8."""
    if isinstance(raw, str):
        return raw
    return base64.b64encode(raw).decode() if base64_encoded else raw.decode("utf-8", "replace")


class Gateway:
    """The part of API Gateway that the handlers see: routes, the authorizer, events and responses."""

    def __init__(self, modules: dict[str, Any], tokens: dict[str, str]) -> None:
        self.modules = modules
        self.tokens = tokens
        self.routes = [
            (method, resource, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", resource)), module)
            for method, resource, module in sorted(routes(), key=lambda route: route[1].count("{"))
        ]

    def call(
        self,
        role: str | None,
        method: str,
        path: str,
        body: Any = ...,
        *,
        token=None,
        raw: str | bytes | None = None,
        base64_encoded=False,
        headers=None,
    ) -> Reply:
        url = urlsplit(path)
        matching = [
            (way, r, match, m) for way, r, form, m in self.routes if (match := form.fullmatch(url.path))
        ]  # the most literal first: API Gateway chooses a resource before it considers the method
        found = [(r, match, m) for way, r, match, m in matching if way == method and r == matching[0][1]]
        if not found:
            return self.refuse(method, url.path)
        resource, match, module = found[0]
        token = token or self.tokens.get(role or "")
        headers = {**(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        arn = f"{STAGE_ARN}/{method}{url.path}"
        try:
            request = {"headers": headers, "methodArn": arn, "httpMethod": method, "resource": resource}
            request["pathParameters"] = match.groupdict() or None
            authorized = self.modules["authorize.handler"].lambda_handler(request, None)
        except Exception as refused:
            if refused.args != ("Unauthorized",):
                raise
            return Reply(401, {"code": "unauthenticated"}, {})
        allowed = [
            r for s in authorized["policyDocument"]["Statement"] if s["Effect"] == "Allow" for r in s["Resource"]
        ]
        if not any(fnmatch.fnmatchcase(arn, resource) for resource in allowed):
            return Reply(403, {"code": "forbidden"}, {})
        event = {
            "resource": resource,
            "path": url.path,
            "httpMethod": method,
            "headers": headers,
            "pathParameters": match.groupdict() or None,
            "multiValueQueryStringParameters": parse_qs(url.query, keep_blank_values=True) or None,
            "requestContext": {"requestId": uuid.uuid4().hex, "authorizer": authorized["context"]},
            "body": sent_body(raw, base64_encoded) if raw is not None else (None if body is ... else json.dumps(body)),
            "isBase64Encoded": base64_encoded,
        }
        response = json.loads(json.dumps(self.modules[module].lambda_handler(event, None)))
        content = json.loads(response["body"]) if response["body"] else None
        assert_body_documented(method, resource, response["statusCode"], content)
        return Reply(response["statusCode"], content, response["headers"])

    def refuse(self, method: str, path: str) -> Reply:
        """Send a request that matches no route to the function that refuses it, as API Gateway does."""
        event = {"resource": "/{proxy+}", "httpMethod": method, "pathParameters": {"proxy": path.lstrip("/")}}
        response = self.modules["console.handler"].lambda_handler(event, None)
        return Reply(response["statusCode"], json.loads(response["body"]), response["headers"])

    def numbers(self, role, method, path="", body=..., account=ACCOUNT, **more) -> Reply:
        return self.call(role, method, f"/accounts/{account}/numbers{path}", body, **more)

    def add(self, number, role="manager", **fields) -> dict[str, Any]:
        reply = self.numbers(role, "POST", body={"number": number, **fields})
        assert reply.status in (200, 201), reply
        return reply.body

    def check(self, numbers, account=ACCOUNT, **more) -> dict[str, Any]:
        payload = {"account_id": account, "numbers": numbers, **more}
        return self.modules["check_numbers.handler"].lambda_handler(payload, None)


_ONE_AT_A_TIME = threading.Lock()
"""moto copies its tables without a lock, which fails if another thread writes meanwhile."""


class MotoConnection:
    """A connection for the service's own client that sends its signed bytes to moto and returns moto's response."""

    keep = used = True

    def send(self, request):
        head, _, body = request.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        assert_consistent(headers.get("X-Amz-Target", ""), body)
        with _ONE_AT_A_TIME:
            self._response = requests.post(f"https://{headers['Host']}/", data=body, headers=headers, timeout=5)

    def receive(self):
        headers = "".join(f"\r\n{name.lower()}: {value}" for name, value in self._response.headers.items())
        return connections.Response(self._response.status_code, headers.encode(), self._response.content)

    def claim(self, request_id):
        pass

    def is_fit(self):
        return True

    def close(self):
        pass


@pytest.fixture(scope="session", autouse=True)
def loaded_models():
    """Share botocore's service models among all clients. Otherwise each test would read them again."""
    loader = botocore.loaders.create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", lambda _path=None: loader)
        yield


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    names = {"NUMBERS_TABLE": "numbers", "AUDIT_TABLE": "audit", "ACCOUNTS_TABLE": "accounts", "EVENT_BUS": BUS}
    more = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    machines = "arn:aws:states:us-east-1:123456789012:stateMachine:"
    bulk = {"BULK_BUCKET": BUCKET, "IMPORT_MACHINE": f"{machines}import", "EXPORT_MACHINE": f"{machines}export"}
    bulk |= {"SCRUB_MACHINE": f"{machines}scrub", "FAILED_RECORDS_BUCKET": "failed"}
    bulk |= {"NIGHTLY_EXPORTS_MACHINE": f"{machines}nightly-exports"}
    bulk |= {"IMPORT_CONCURRENCY": "2", "IMPORT_WRITES_PER_SECOND": "100000", "IMPORT_SLOW_LAG_SECONDS": "60"}
    for name, value in {**names, **more, **bulk}.items():
        monkeypatch.setenv(name, value)
    # moto does not see the sockets that the service's own client opens, and does not support PartiQL batches.
    monkeypatch.setattr(connections.Connections, "_opened", lambda _: MotoConnection())
    execute = WithPartiQL.batch_execute_statement
    monkeypatch.setattr(
        DynamoDB, "batch_execute_statement", lambda self, **request: execute(WithPartiQL(self), **request)
    )
    # A test may replace one of these clients.
    cached = (clients.dynamodb, clients.event_bridge, clients.step_functions, s3, presigner)
    for client in cached:
        client.cache_clear()
    with mock_aws():
        yield
    for client in cached:
        client.cache_clear()


@pytest.fixture
def dynamodb(environment):
    client = clients.client("dynamodb")
    tables.create(client)
    boto3.client("events").create_event_bus(Name=BUS)
    s3().create_bucket(Bucket=BUCKET)
    s3().create_bucket(Bucket="failed")
    return client


@pytest.fixture
def modules(dynamodb):
    """The handlers, reloaded, so that each test begins with a cold start."""
    reloaded = {name: importlib.reload(importlib.import_module(name)) for name in MODULES}
    gc.unfreeze()  # the direct check freezes all objects that exist, which here includes those of earlier tests
    return reloaded


@pytest.fixture
def tokens(dynamodb):
    accounts = Accounts(dynamodb, "accounts")
    now = times.now()
    accounts.put(ACCOUNT, {"name": "Acme Solar", "default_region": "US"}, now)
    accounts.put(OTHER, {"name": "Globex", "default_region": "GB"}, now)

    def key(partition, role):
        return accounts.make_key(partition, role, "test", None, "test", now)["token"]

    by_role = {str(role): key(ACCOUNT, role) for role in Role if role is not Role.OPERATOR}
    return by_role | {"operator": key(PLATFORM, Role.OPERATOR), "other_admin": key(OTHER, Role.ADMIN)}


@pytest.fixture
def gateway(modules, tokens):
    return Gateway(modules, tokens)


def _with_bytes(value: dict[str, Any]) -> dict[str, Any]:
    if value.keys() == {"B"}:
        return {"B": base64.b64decode(value["B"])}
    return {"BS": [base64.b64decode(one) for one in value["BS"]]} if value.keys() == {"BS"} else value


class Stream:
    """The numbers table's stream, computed from its rows, because moto's stream differs from DynamoDB's."""

    def __init__(self, dynamodb: Any, handler: Any) -> None:
        self._dynamodb = dynamodb
        self._handler = handler
        self._rows: dict[tuple[str, str], Any] = {}
        self._sequence = 100_000_000_000_000_000_000

    def set_row(self, row: dict[str, Any]) -> None:
        """Store a row, bypassing the service. `row`: in DynamoDB's typed form, with binary values in base64."""
        stored = json.loads(json.dumps(row), object_hook=_with_bytes)
        self._dynamodb.put_item(TableName="numbers", Item=stored)

    def changes(self, identity: dict[str, str] | None = None) -> list[dict[str, Any]]:
        """Return the records of all changes since the last call."""
        now = {
            (row["account_id"]["S"], row["number"]["S"]): row
            for row in self._dynamodb.scan(TableName="numbers")["Items"]
        }
        records = []
        for key in sorted(self._rows.keys() | now.keys()):
            before, after = self._rows.get(key), now.get(key)
            if before != after:
                self._sequence += 1
                change = {"ApproximateCreationDateTime": times.now().timestamp(), "SequenceNumber": str(self._sequence)}
                change |= {"OldImage": before} if before else {}
                change |= {"NewImage": after} if after else {}
                name = "INSERT" if not before else "MODIFY" if after else "REMOVE"
                records.append({"eventName": name, "dynamodb": change, "userIdentity": identity})
        self._rows = now
        return json.loads(json.dumps(records, default=lambda value: base64.b64encode(value).decode()))

    def deliver(self, records: list[dict[str, Any]] | None = None) -> list[str]:
        """Deliver these records, or else all changes. Return the sequence numbers of the records that failed."""
        delivered = self.changes() if records is None else records
        response = self._handler.lambda_handler(json.loads(json.dumps({"Records": delivered})), None)
        return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


@pytest.fixture
def stream(dynamodb, modules):
    return Stream(dynamodb, modules["audit_changes.handler"])
