"""The handlers behind a gateway that does what API Gateway does: match, authorize, judge, invoke."""

import base64
import fnmatch
import gc
import importlib
import json
import re
import uuid
from dataclasses import dataclass
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

from infra.templates import parent
from tests.support.contract import assert_body_documented

STAGE_ARN = "arn:aws:execute-api:us-east-1:123456789012:api1/v1"
BUS, BUCKET = "changes", "bulk"
ACCOUNT = "acme"
_MACHINES = "arn:aws:states:us-east-1:123456789012:stateMachine:"
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "NUMBERS_TABLE": "numbers",
    "AUDIT_TABLE": "audit",
    "ACCOUNTS_TABLE": "accounts",
    "EVENT_BUS": BUS,
    "BULK_BUCKET": BUCKET,
    "FAILED_RECORDS_BUCKET": "failed",
    "IMPORT_MACHINE": f"{_MACHINES}import",
    "EXPORT_MACHINE": f"{_MACHINES}export",
    "SCRUB_MACHINE": f"{_MACHINES}scrub",
    "NIGHTLY_EXPORTS_MACHINE": f"{_MACHINES}nightly-exports",
    "IMPORT_CONCURRENCY": "2",
    "IMPORT_WRITES_PER_SECOND": "100000",
    "IMPORT_SLOW_LAG_SECONDS": "60",
}
"""What the functions' environment holds."""
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


def loaded_modules() -> dict[str, Any]:
    """Load the handlers again, with the settings of the environment, as a cold start does."""
    with mock.patch.object(gc, "freeze"):  # the direct check would freeze the garbage of earlier tests too
        return {name: importlib.reload(importlib.import_module(name)) for name in MODULES}


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
        return json.loads(json.dumps(self.modules["check_numbers.handler"].lambda_handler(payload, None)))
