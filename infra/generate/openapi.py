"""`docs/openapi.json`, generated from the routes that the handlers declare.

Models are collected by class, and two with the same name are an error, because merging would silently drop one.
"""

import importlib
import json
import os
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from dnc.accounts.access import ALLOWED
from dnc.api.http import Api, Route
from dnc.problems import PROBLEMS, DncError
from infra.generate.examples import BODIES, PATHS
from infra.generate.links import LINKS
from infra.generate.request_rules import of_query, with_rules
from infra.generate.responses import RESPONSES, Problem

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "openapi.json"
_SETTINGS = (
    "NUMBERS_TABLE",
    "AUDIT_TABLE",
    "ACCOUNTS_TABLE",
    "EVENT_BUS",
    "FAILED_RECORDS_BUCKET",
    "BULK_BUCKET",
    "IMPORT_MACHINE",
    "SCRUB_MACHINE",
    "EXPORT_MACHINE",
    "NIGHTLY_EXPORTS_MACHINE",
)
_CONTACT = {"name": "The operator of this installation", "url": "https://nocall.example/"}
_LICENSE = {"name": "MIT", "identifier": "MIT"}
_TAGS = {
    "numbers": "The do-not-call list: add, read, search, remove and restore",
    "checks": "Which numbers may be called",
    "audit": "The record of every change, and counts",
    "jobs": "Imports, scrubs and exports of files",
    "accounts": "Accounts, their API keys, and the caller's own identity",
}
_TAG_OF = {
    "checks": "checks",
    "readings": "checks",
    "audit": "audit",
    "history": "audit",
    "stats": "audit",
    "imports": "jobs",
    "scrubs": "jobs",
    "exports": "jobs",
    "numbers": "numbers",
    "removal-reasons": "numbers",
    "pending-removals": "numbers",
    "accounts": "accounts",
    "me": "accounts",
}
_REF = "#/components/schemas/{model}"
_PATH_PARAMETERS = {
    "account_id": ("the account's id", {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{1,62}$"}),
    "number": ("E.164 digits, with or without + or %2B", {"type": "string", "pattern": r"^(\+|%2B)?[1-9][0-9]{1,14}$"}),
    "id": ("the job's id", {"type": "string", "pattern": "^[0-9a-z]{26}$"}),
    "key_id": ("the key's id", {"type": "string"}),
}
_DESCRIPTION = """\
Times are RFC 3339 UTC with milliseconds; any offset is accepted. Unknown fields and query parameters are refused (422).
Errors are `application/problem+json` (RFC 9457). A number may be called only if a check returns `callable: true`. An
error, a timeout or an unknown state means: do not call."""


class NameTaken(Exception):
    """Two different models have the same name; one of them must be renamed."""


def routes() -> list[Route]:
    """Return every route of every function, ordered by path and method."""
    found: dict[tuple[str, str], Route] = {}
    for api in _apis():
        twice = found.keys() & api.routes.keys()
        if twice:
            raise NameTaken(f"two functions declare {sorted(twice)}")
        found |= api.routes
    return [found[key] for key in sorted(found, key=lambda key: (key[1], key[0]))]


def document() -> dict[str, Any]:
    """Build the OpenAPI 3.1 document."""
    all_routes = routes()
    models = _models(all_routes)
    _, schemas = models_json_schema(models, ref_template=_REF)
    paths: dict[str, Any] = {}
    for route in all_routes:
        paths.setdefault(route.resource, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Nocall",
            "version": _version(),
            "description": _DESCRIPTION,
            "contact": _CONTACT,
            "license": _LICENSE,
        },
        "servers": [{"url": "https://{host}/v1", "variables": {"host": {"default": "api.example.com"}}}],
        "security": [{"credential": []}],
        "tags": [{"name": name, "description": words} for name, words in _TAGS.items()],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "credential": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key (nck_…) or a JWT of the configured OIDC issuer",
                }
            },
            "schemas": _without_null_defaults(
                dict(sorted(with_rules(_definitions(all_routes) | schemas["$defs"]).items()))
            ),
        },
    }


def written() -> str:
    """Return the content of the file."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def _apis() -> list[Api]:
    saved = {name: os.environ.get(name) for name in (*_SETTINGS, "AWS_DEFAULT_REGION")}
    for name, value in saved.items():
        os.environ[name] = value or "us-east-1"
    try:
        modules = [importlib.import_module(name) for name in _handler_modules()]
    finally:
        for name, value in saved.items():
            if value is None:
                del os.environ[name]
    return [module.api for module in modules if isinstance(getattr(module, "api", None), Api)]


def _handler_modules() -> list[str]:
    functions = ROOT / "functions"
    files = [*functions.glob("*/handler.py"), *functions.glob("*/api.py")]
    return sorted(f"{file.parent.name}.{file.stem}" for file in files)


def _models(all_routes: list[Route]) -> list[tuple[type[BaseModel], Any]]:
    models: set[tuple[type[BaseModel], Any]] = {(Problem, "serialization")}
    models |= {(route.body, "validation") for route in all_routes if route.body}
    models |= {(model, "serialization") for model in RESPONSES.values() if model}
    named: dict[str, type[BaseModel]] = {}
    for model, _ in models:
        if named.setdefault(model.__name__, model) is not model:
            raise NameTaken(f"two models are named {model.__name__}: {model.__module__}, {named[model.__name__]}")
    return sorted(models, key=lambda one: (one[0].__name__, one[1]))


def _operation(route: Route) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "description": words, "schema": schema, **PATHS.get(name, {})}
        for name in re.findall(r"{(\w+)}", route.resource)
        for words, schema in [_PATH_PARAMETERS[name]]
    ]
    roles = [str(role) for role, actions in ALLOWED.items() if route.action in actions]
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "tags": [_tag(route.resource)],
        "summary": route.summary,
        "description": f"Roles: {', '.join(roles)}.",
        "parameters": [*parameters, *_query_parameters(route)],
        "responses": {**{str(status): _response(route, status) for status in route.statuses}, **_failures(route)},
    }
    if route.body:
        schema = {"$ref": _REF.format(model=route.body.__name__)}
        content = {"schema": schema, "example": BODIES[route.handler.__name__]}
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    return operation


def _tag(resource: str) -> str:
    """Return the tag of a route: the tag of the first word that has one, before the account's."""
    words = resource.removeprefix("/accounts/{account_id}/").strip("/").split("/")
    special = [word for word in words if _TAG_OF.get(word) not in {None, "numbers", "accounts"}]
    return _TAG_OF["accounts" if "keys" in words else (special or words)[0]]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema(ref_template=_REF)
    parameters = []
    for name, described in schema.get("properties", {}).items():
        one = {key: value for key, value in described.items() if key not in {"title", "description"}}
        ruled = of_query(route.query.__name__, name, _without_null(one))
        parameter = {"name": name, "in": "query", "required": False, "allowEmptyValue": True, "schema": ruled}
        if described.get("description"):
            parameter["description"] = described["description"]
        parameters.append(parameter)
    return parameters


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a query parameter, which can be absent but not null."""
    rest = {name: value for name, value in schema.items() if name != "anyOf" and (name, value) != ("default", None)}
    branches = [branch for branch in schema.get("anyOf", []) if branch != {"type": "null"}]
    return {**rest, **branches[0]} if len(branches) == 1 else {**rest, **({"anyOf": branches} if branches else {})}


def _without_null_defaults(schema: Any) -> Any:
    """Return a schema without defaults of null, which only say that a field is optional.

    Generators of TypeScript types treat a field with any default as always present, and therefore as required.
    """
    if isinstance(schema, list):
        return [_without_null_defaults(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: _without_null_defaults(inner) for name, inner in schema.items() if (name, inner) != ("default", None)}


def _definitions(all_routes: list[Route]) -> dict[str, Any]:
    """Return the schemas that query parameters refer to."""
    found: dict[str, Any] = {}
    for route in all_routes:
        if route.query:
            found |= route.query.model_json_schema(ref_template=_REF).get("$defs", {})
    return found


def _response(route: Route, status: int) -> dict[str, Any]:
    model = RESPONSES[route.method, route.resource, status]
    if model is None:
        return {"description": "Done. There is no content."}
    schema = {"$ref": _REF.format(model=model.__name__)}
    links = LINKS.get((route.handler.__name__, status))
    answer = {"description": _first_line(model), "content": {"application/json": {"schema": schema}}}
    return {**answer, "links": links} if links else answer


def _failures(route: Route) -> dict[str, Any]:
    by_status: dict[int, list[type[DncError]]] = {}
    for problem in PROBLEMS:
        if problem.status == 405 or (problem.status in {400, 413} and not route.body):
            continue
        by_status.setdefault(problem.status, []).append(problem)
    schema = {"$ref": _REF.format(model="Problem")}
    return {
        str(status): {
            "description": "; ".join(f"`{p.code}`: {p.title}" for p in problems),
            "content": {"application/problem+json": {"schema": schema}},
        }
        for status, problems in sorted(by_status.items())
    }


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or model.__name__).strip().split("\n")[0]


def _version() -> str:
    match = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    if not match:
        raise ValueError("pyproject.toml names no version")
    return match[1]
