"""The handlers on moto, behind a gateway that does what API Gateway does: match, authorize, judge, invoke."""

import base64
import fnmatch
import gc
import importlib
import json
import re
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
    "scrub_leads.look",
    "scrub_leads.plan",
    "scrub_leads.read_list",
)


@dataclass(frozen=True)
class Reply:
    """What the gateway answers."""

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
    """Give method, resource and handler module of every route of the template that needs a credential, or none."""
    found = []
    for function in parent()["Resources"].values():
        for event in (function["Properties"].get("Events") or {}).values():
            given = event["Properties"]
            if event["Type"] == "Api" and (given.get("Auth") == {"Authorizer": "NONE"}) == without_credential:
                module = function["Properties"]["Handler"].rpartition(".")[0]
                found.append((given["Method"], given["Path"], module))
    return found


def sent_body(raw: str | bytes, base64_encoded: bool) -> str:
    """Return a body as API Gateway hands it on: base64 for binary media types, else decoded as UTF-8."""
    if isinstance(raw, str):
        return raw
    return base64.b64encode(raw).decode() if base64_encoded else raw.decode("utf-8", "replace")


class Gateway:
    """API Gateway, as far as the handlers see it."""

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
        ]  # the most literal first: API Gateway chooses a resource before it looks at the method
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
            let_in = self.modules["authorize.handler"].lambda_handler(request, None)
        except Exception as refused:
            if refused.args != ("Unauthorized",):
                raise
            return Reply(401, {"code": "unauthenticated"}, {})
        allowed = [r for s in let_in["policyDocument"]["Statement"] if s["Effect"] == "Allow" for r in s["Resource"]]
        if not any(fnmatch.fnmatchcase(arn, resource) for resource in allowed):
            return Reply(403, {"code": "forbidden"}, {})
        event = {
            "resource": resource,
            "path": url.path,
            "httpMethod": method,
            "headers": headers,
            "pathParameters": match.groupdict() or None,
            "multiValueQueryStringParameters": parse_qs(url.query, keep_blank_values=True) or None,
            "requestContext": {"requestId": uuid.uuid4().hex, "authorizer": let_in["context"]},
            "body": sent_body(raw, base64_encoded) if raw is not None else (None if body is ... else json.dumps(body)),
            "isBase64Encoded": base64_encoded,
        }
        answer = json.loads(json.dumps(self.modules[module].lambda_handler(event, None)))
        told = json.loads(answer["body"]) if answer["body"] else None
        assert_body_documented(method, resource, answer["statusCode"], told)
        return Reply(answer["statusCode"], told, answer["headers"])

    def refuse(self, method: str, path: str) -> Reply:
        """Send a request that no route matches where API Gateway sends it."""
        event = {"resource": "/{proxy+}", "httpMethod": method, "pathParameters": {"proxy": path.lstrip("/")}}
        answer = self.modules["console.handler"].lambda_handler(event, None)
        return Reply(answer["statusCode"], json.loads(answer["body"]), answer["headers"])

    def numbers(self, role, method, path="", body=..., account=ACCOUNT, **more) -> Reply:
        return self.call(role, method, f"/accounts/{account}/numbers{path}", body, **more)

    def add(self, number, role="manager", **fields) -> dict[str, Any]:
        reply = self.numbers(role, "POST", body={"number": number, **fields})
        assert reply.status in (200, 201), reply
        return reply.body

    def check(self, numbers, account=ACCOUNT, **more) -> dict[str, Any]:
        payload = {"account_id": account, "numbers": numbers, **more}
        return self.modules["check_numbers.handler"].lambda_handler(payload, None)


class MotoConnection:
    """What the service's own client holds for a connection: its signed bytes go to moto, whose answer comes back."""

    keep = used = True

    def send(self, request):
        head, _, body = request.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        self._answered = requests.post(f"https://{headers['Host']}/", data=body, headers=headers, timeout=5)

    def receive(self):
        told = "".join(f"\r\n{name.lower()}: {value}" for name, value in self._answered.headers.items())
        return connections.Response(self._answered.status_code, told.encode(), self._answered.content)

    def claim(self, request_id):
        pass

    def is_fit(self):
        return True

    def close(self):
        pass


@pytest.fixture(scope="session", autouse=True)
def loaded_models():
    """Lets all clients share botocore's models of the services. Each test makes clients, and would read them again."""
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
    bulk |= {"IMPORT_CONCURRENCY": "2", "IMPORT_WRITES_PER_SECOND": "100000", "IMPORT_SLOW_LAG_SECONDS": "60"}
    for name, value in {**names, **more, **bulk}.items():
        monkeypatch.setenv(name, value)
    # The service's own client opens sockets, which moto does not see; and moto knows no batches of PartiQL.
    monkeypatch.setattr(connections.Connections, "_opened", lambda _: MotoConnection())
    carry_out = WithPartiQL.batch_execute_statement
    monkeypatch.setattr(
        DynamoDB, "batch_execute_statement", lambda self, **asked: carry_out(WithPartiQL(self), **asked)
    )
    # A test may put another client in the place of one of these.
    made = (clients.dynamodb, clients.event_bridge, clients.step_functions, s3, presigner)
    for client in made:
        client.cache_clear()
    with mock_aws():
        yield
    for client in made:
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
    """The handlers, imported anew: each test begins with a cold start."""
    reloaded = {name: importlib.reload(importlib.import_module(name)) for name in MODULES}
    gc.unfreeze()  # the direct check freezes what it has loaded, and with it everything that earlier tests left behind
    return reloaded


@pytest.fixture
def tokens(dynamodb):
    accounts = Accounts(dynamodb, "accounts")
    now = times.now()
    accounts.put(ACCOUNT, {"name": "Acme Solar", "default_region": "US"}, now)
    accounts.put(OTHER, {"name": "Globex", "default_region": "GB"}, now)

    def key(partition, role):
        return accounts.make_key(partition, role, "test", None, "test", now)["token"]

    made = {str(role): key(ACCOUNT, role) for role in Role if role is not Role.OPERATOR}
    return made | {"operator": key(PLATFORM, Role.OPERATOR), "other_admin": key(OTHER, Role.ADMIN)}


@pytest.fixture
def gateway(modules, tokens):
    return Gateway(modules, tokens)


def _with_bytes(value: dict[str, Any]) -> dict[str, Any]:
    if value.keys() == {"B"}:
        return {"B": base64.b64decode(value["B"])}
    return {"BS": [base64.b64decode(one) for one in value["BS"]]} if value.keys() == {"BS"} else value


class Stream:
    """The numbers table's stream, made of the rows as they were and are: moto's own is not like DynamoDB's."""

    def __init__(self, dynamodb: Any, handler: Any) -> None:
        self._dynamodb = dynamodb
        self._handler = handler
        self._rows: dict[tuple[str, str], Any] = {}
        self._sequence = 100_000_000_000_000_000_000

    def set_row(self, row: dict[str, Any]) -> None:
        """Store a row as a hand would, in DynamoDB's typed form as a stream has it: binary values in base 64."""
        stored = json.loads(json.dumps(row), object_hook=_with_bytes)
        self._dynamodb.put_item(TableName="numbers", Item=stored)

    def changes(self, identity: dict[str, str] | None = None) -> list[dict[str, Any]]:
        """Give the records of what changed since the last look."""
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
        """Deliver what changed, or these records, and give what the handler gives back."""
        wanted = self.changes() if records is None else records
        answer = self._handler.lambda_handler(json.loads(json.dumps({"Records": wanted})), None)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@pytest.fixture
def stream(dynamodb, modules):
    return Stream(dynamodb, modules["audit_changes.handler"])
