"""The console's API reference: the parts of `docs/openapi.json` about each route that a page shows."""

import json
from typing import Any

from infra.generate import openapi

FILE = openapi.ROOT / "functions" / "console" / "page" / "api.json"
_METHODS = ("get", "post", "put", "patch", "delete")


def written() -> str:
    """Return the content of the file, with one route per line."""
    lines = [json.dumps(route, separators=(",", ":"), ensure_ascii=False) for route in routes(openapi.document())]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def routes(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the routes of an OpenAPI document: method, path, summary, roles, query parameters, fields and statuses."""
    schemas = document["components"]["schemas"]
    return [
        _route(method, path, operation, schemas)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in _METHODS
    ]


def _route(method: str, path: str, operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    body = _resolved(_json_schema(operation.get("requestBody") or {}), schemas)
    required = body.get("required", [])
    return {
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "query": [
            _field(parameter["name"], parameter["schema"] | parameter, bool(parameter.get("required")), schemas)
            for parameter in operation.get("parameters", [])
            if parameter["in"] == "query"
        ],
        "fields": [
            _field(name, schema, name in required, schemas) for name, schema in body.get("properties", {}).items()
        ],
        "statuses": sorted(operation["responses"]),
    }


def _json_schema(request: dict[str, Any]) -> dict[str, Any]:
    content = request.get("content") or {}
    schema: dict[str, Any] = (content.get("application/json") or {}).get("schema") or {}
    return schema


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").removeprefix("#/components/schemas/")
    found: dict[str, Any] = schemas[name] if name else schema
    return found


def _field(name: str, schema: dict[str, Any], required: bool, schemas: dict[str, Any]) -> dict[str, Any]:
    field = {"name": name, "type": _type(schema, schemas), "required": required}
    return field | ({"description": schema["description"]} if schema.get("description") else {})


def _type(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    """Return a schema's type in a few words: `string`, `date-time`, `list of string`, or its values."""
    schema = _resolved(schema, schemas)
    choices = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    if choices:
        return " or ".join(dict.fromkeys(_type(one, schemas) for one in choices))
    if schema.get("enum"):
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items') or {}, schemas)}"
    return str(schema.get("format") or schema.get("type") or "any")
