"""Reads bodies and query parameters into their models. Errors name each wrong field, in the service's own words."""

import base64
import json
import re
from typing import Any

from pydantic import BaseModel, ValidationError

from dnc import problems
from dnc.problems import FieldError, InvalidRequest, MalformedJson, TooLarge

_BOM, _REPLACEMENT = "\ufeff".encode(), "\ufffd".encode()
_FORM = re.compile(rb"[\w.%+-]+(\[\w*\])*=")
_ENCODINGS = frozenset({"br", "deflate", "zstd", "compress"})
_NO_BODY = "is required, as JSON"
_NO_DELETE_BODY = (
    "is required, as JSON. If you sent one, a proxy has dropped the body of the DELETE: "
    "send the same body to POST …/numbers/{number}/removal instead"
)
_WORDS = {
    "missing": problems.REQUIRED,
    "extra_forbidden": problems.UNKNOWN_FIELD,
    "string_type": problems.NOT_TEXT,
    "string_unicode": problems.NOT_UNICODE,
    "string_pattern_mismatch": "must match {pattern}",
    "list_type": problems.NOT_A_LIST,
    "int_type": "must be an integer",
    "int_parsing": "must be an integer",
    "int_from_float": "must be an integer",
    "bool_type": "must be true or false",
    "greater_than_equal": "must be at least {ge:,}",
    "less_than_equal": "must be at most {le:,}",
    "enum": "must be one of {expected}",
    "literal_error": "must be one of {expected}",
    "model_type": problems.NOT_AN_OBJECT,
    "model_attributes_type": problems.NOT_AN_OBJECT,
    "invalid_key": problems.NAME_NOT_TEXT,
    "datetime_type": problems.NOT_A_TIME,
    "date_type": "must be a date such as 2026-11-23",
}


def read_body[M: BaseModel](model: type[M], value: object) -> M:
    """Validate a JSON value against a model. Raises InvalidRequest that names every wrong field."""
    try:
        return model.model_validate(value)
    except ValidationError as refused:
        raise _invalid(refused, "body") from None


def read_event_body[M: BaseModel](model: type[M], event: dict[str, Any], max_bytes: int) -> M:
    """Read the JSON body of a proxy event. Raises MalformedJson, TooLarge and InvalidRequest."""
    text = event.get("body") or ""
    raw = _base64(text) if event.get("isBase64Encoded") else text.encode("utf-8", "surrogatepass")
    if len(raw) > max_bytes:
        raise TooLarge(f"The body is over {max_bytes:,} bytes.", [FieldError("body", f"is over {max_bytes:,} bytes")])
    if not raw.strip():
        raise InvalidRequest.of("body", _NO_DELETE_BODY if event.get("httpMethod") == "DELETE" else _NO_BODY)
    try:
        return read_body(model, read_json(raw.removeprefix(_BOM).decode("utf-8", "surrogatepass")))
    except (MalformedJson, UnicodeDecodeError) as refused:
        other = _other_format(raw, event)
        if other:
            raise MalformedJson(f"The body is {other}. Send JSON in UTF-8 instead.") from None
        if isinstance(refused, UnicodeDecodeError):
            raise MalformedJson("The body is not UTF-8.") from None
        raise


def read_query[M: BaseModel](model: type[M], event: dict[str, Any]) -> M:
    """Read the query parameters of a proxy event. An empty one counts as absent. Raises InvalidRequest."""
    values = event.get("multiValueQueryStringParameters") or {
        name: [value] for name, value in (event.get("queryStringParameters") or {}).items()
    }
    values = {name: present for name, sent in values.items() if (present := [value for value in sent if value])}
    repeated = [name for name, sent in values.items() if len(sent) > 1]
    if repeated:
        raise InvalidRequest.of(repeated[0], "must be sent only once")
    try:
        return model.model_validate({name: sent[0] for name, sent in values.items()})
    except ValidationError as refused:
        raise _invalid(refused, "query") from None


def read_json(text: str) -> Any:
    """Read JSON (RFC 8259), without NaN or repeated names. Raises MalformedJson."""
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique_names)
    except RecursionError:
        raise MalformedJson("The body is nested too deeply.") from None
    except json.JSONDecodeError as refused:
        raise MalformedJson(f"{refused.msg} at line {refused.lineno}, column {refused.colno}.") from None
    except ValueError as refused:
        raise MalformedJson(f"{refused}.") from None


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise MalformedJson("The body could not be decoded.") from None


def _other_format(raw: bytes, event: dict[str, Any]) -> str:
    """Return what a body is instead of JSON in UTF-8, or "".

    API Gateway decodes bodies as UTF-8, so invalid bytes may have become U+FFFD.
    """
    headers = {str(name).lower(): str(value).lower() for name, value in (event.get("headers") or {}).items()}
    encoding, kind = headers.get("content-encoding", "identity"), headers.get("content-type", "")
    start = raw.replace(_REPLACEMENT, b"\xff")[:64]
    if start.startswith((b"\x1f\x8b", b"\x1f\xff\x08")) or "gzip" in encoding:
        return "compressed with gzip"
    if encoding != "identity":
        return f"compressed ({encoding})" if encoding in _ENCODINGS else "compressed"
    if start.startswith((b"\xff\xfe", b"\xfe\xff", b"\xff\xff")) or b"\x00" in start:
        return "encoded as UTF-16 or UTF-32"
    if "multipart/form-data" in kind or start.startswith(b"--"):
        return "a multipart form"
    if "x-www-form-urlencoded" in kind or _FORM.match(start):
        return "form-encoded"
    return "XML or HTML" if "xml" in kind or start.lstrip().startswith(b"<") else ""


def _invalid(refused: ValidationError, whole: str) -> InvalidRequest:
    errors = []
    for error in refused.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in error["loc"]) or whole
        errors.append(FieldError(name, _words(error["type"], error.get("ctx", {}), error["msg"])))
    return InvalidRequest("; ".join(f"{e.field}: {e.message}" for e in errors), errors)


def _words(kind: str, context: dict[str, Any], message: str) -> str:
    """Return the service's own wording of a pydantic error. `context`: the limits that the value exceeds."""
    match kind:
        case "string_too_short":
            return problems.too_short(context["min_length"])
        case "string_too_long":
            return problems.too_long(context["max_length"])
        case "too_short":
            return problems.too_few(context["min_length"])
        case "too_long":
            return problems.too_many(context["max_length"])
        case "value_error":
            return message.removeprefix("Value error, ")
    template = _WORDS.get(kind)
    return template.format_map(context) if template else message[:1].lower() + message[1:]


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("an object has the same name twice")
    return values
