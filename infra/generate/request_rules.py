"""Further rules for valid requests, as JSON Schema: the ones that the handlers and the domain apply.

The models state names, forms and lengths. A schema cannot state a rule that depends on stored data, on the clock or on
the meaning of a text (a phone number, a country's name). Examples and links show valid requests in these cases.
"""

from collections.abc import Mapping
from typing import Any

from dnc.accounts.access import Role
from dnc.entries.entry import EXPIRING_SOURCES, Source
from dnc.entries.reasons import REASONS, Reason

type Schema = dict[str, Any]

NOT_BLANK: Schema = {"type": "string", "pattern": r"\S"}
_PERSON: Schema = {
    "type": "string",
    "pattern": r"\S",
    "maxLength": 128,
    "title": "Acting User",
    "description": "the person who acts; required with an API key, optional with a JWT",
}
_REASON: Schema = {"$ref": "#/components/schemas/RemovalReason"}
_OF_QUERIES: dict[tuple[str, str], Schema] = {
    ("ReadAudit", "type"): {"$ref": "#/components/schemas/EventType"},
    ("ReadAudit", "reason"): _REASON,
}
"""Stricter schemas of query parameters than the models state, by model and name."""


def with_rules(schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return the schemas of all models with their rules, and the removal reasons as an enum."""
    reasons = {"enum": [*REASONS], "title": "RemovalReason", "type": "string"}
    return {"RemovalReason": reasons, **{name: _with_rules(name, schema) for name, schema in schemas.items()}}


def of_query(model: str, name: str, schema: Schema) -> Schema:
    """Return the schema of a query parameter, or the stricter one if it has one."""
    return _OF_QUERIES.get((model, name), schema)


def _with_rules(name: str, schema: Schema) -> Schema:
    if name in {"RemoveNumber", "DecideRemoval", "RestoreNumber", "UndoImport"}:
        schema = _with_required(schema, {"acting_user": _PERSON})
    match name:
        case "RemoveNumber":
            return _with(schema, {"reason": _REASON}, allOf=[_evidence_of(reason) for reason in REASONS.values()])
        case "Evidence":
            return _with(schema, {"result": {**schema["properties"]["result"], "examples": ["yes"]}})
        case "NewImport":
            return _with(schema, {}, allOf=[_only_with("expires_at", EXPIRING_SOURCES), _only_with_registry()])
        case "NewScrub":
            return _with(schema, {}, **{"not": _both("column", "columns")})
        case "NewKey":
            role = {**schema["properties"]["role"], "not": {"const": Role.OPERATOR}}
            return _with(schema, {"role": role})
        case "PutAccount":
            fields = _never_null(schema, "name", "suspended", "approve_reasons", "blocked_prefixes")
            return _with(schema, {**fields, "name": {**fields["name"], **NOT_BLANK}, **_reasons(fields)})
        case "PatchAccount":
            changes = _never_null(schema, "approve_reasons", "blocked_prefixes")
            note = {**schema["properties"]["note"], **NOT_BLANK}
            anyof = [{"required": [field], "properties": {field: {}}} for field in changes]
            return _with(schema, {**changes, **_reasons(changes), "note": note}, anyOf=anyof)
    return schema


def _with(schema: Schema, properties: Schema, **rules: Any) -> Schema:
    return {**schema, "properties": {**schema["properties"], **properties}, **rules}


def _with_required(schema: Schema, properties: Schema) -> Schema:
    required = [*schema.get("required", []), *properties]
    return _with(schema, properties, required=required)


def _never_null(schema: Schema, *names: str) -> Schema:
    """Return properties that may be left out but not be null."""
    return {name: _not_null(schema["properties"][name]) for name in names}


def _not_null(schema: Schema) -> Schema:
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    [branch] = [branch for branch in schema["anyOf"] if branch != {"type": "null"}]
    return {**branch, **rest}


def _reasons(fields: Schema) -> Schema:
    return {"approve_reasons": {**fields["approve_reasons"], "items": _REASON}}


def _evidence_of(reason: Reason) -> Schema:
    """Return the rule that states what a removal for a reason must have."""
    inside = [field.removeprefix("evidence.") for field in reason.requires if field.startswith("evidence.")]
    needed: Schema = {field: NOT_BLANK for field in reason.requires if not field.startswith("evidence.")}
    if inside:
        needed["evidence"] = {
            "type": "object",
            "required": inside,
            "properties": {field: {"const": "yes"} if field == "result" else NOT_BLANK for field in inside},
        }
    rule: Schema = {"required": [*needed], "properties": needed} if needed else {}
    if reason.either:
        rule["anyOf"] = [{"required": [field], "properties": {field: NOT_BLANK}} for field in reason.either]
    return {"if": {"required": ["reason"], "properties": {"reason": {"const": reason.code}}}, "then": rule}


def _only_with(name: str, sources: frozenset[Source]) -> Schema:
    """Return the rule that a field has a value only with certain sources, one of which must be stated."""
    return {
        "if": {"required": [name], "properties": {name: {"not": {"type": "null"}}}},
        "then": {"required": ["source"], "properties": {"source": {"enum": sorted(sources)}}},
    }


def _only_with_registry() -> Schema:
    return _only_with("registry", frozenset({Source.REGISTRY}))


def _both(*names: str) -> Schema:
    """Return the schema of an object in which each of these fields has a value."""
    return {"required": [*names], "properties": {name: {"not": {"type": "null"}} for name in names}}
