"""From API Gateway's proxy event to a handler and back: routing, reading, access, and errors, in one place.

API Gateway has matched the route already (`resource`), so none is matched again here. What is declared with a route
is also what `docs/openapi.json` is generated from.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote

from pydantic import BaseModel, ValidationError

from dnc import problems, times
from dnc.accounts.access import ROUTES, Action, Caller, Role
from dnc.api.requests import NoQuery, Query
from dnc.entries.entry import Actor, Write
from dnc.logs import logger as logs
from dnc.problems import (
    DncError,
    FieldError,
    Forbidden,
    InternalError,
    InvalidRequest,
    MalformedJson,
    NotFound,
    TooLarge,
    Unauthenticated,
)

MAX_BODY = 64 * 1024
_WORDS = {"missing": "is required", "extra_forbidden": "is not a field of this request"}
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler gives back: a status and a body (None: no content)."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Call:
    """One request that has been read and let in."""

    caller: Caller
    account_id: str
    path: dict[str, str]
    body: Any
    query: Any
    request_id: str

    def write(self, acting_user: str | None = None, item: int | None = None) -> Write:
        """Give who writes, when, and for which request; `item` tells apart the writes of one batch."""
        person = acting_user or self.caller.person
        request_id = self.request_id if item is None else f"{self.request_id}#{item}"
        return Write(times.now(), Actor(self.caller.principal, person), request_id)

    def person_write(self, acting_user: str | None) -> Write:
        """Give the write of a person: a key is none, so with a key `acting_user` is required."""
        if not acting_user and not self.caller.person:
            raise InvalidRequest.of("acting_user", "is required: a key is not a person, say who is acting")
        return self.write(acting_user)

    def require(self, action: Action, why: str) -> None:
        """Raise Forbidden, in words, unless the caller's role allows an action."""
        if not self.caller.may(action):
            raise Forbidden(why)


type Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One route as it is declared, for serving and for the documentation."""

    method: str
    resource: str
    action: Action
    handler: Handler
    summary: str
    statuses: tuple[int, ...]
    body: type[BaseModel] | None
    query: type[Query]
    max_body: int


@dataclass(slots=True)
class Api:
    """The routes of one function."""

    routes: dict[tuple[str, str], Route] = field(default_factory=dict)

    def route(
        self,
        method: str,
        resource: str,
        *,
        statuses: tuple[int, ...] = (200,),
        body: type[BaseModel] | None = None,
        query: type[Query] = NoQuery,
        max_body: int = MAX_BODY,
    ) -> Callable[[Handler], Handler]:
        """Declare a route; its action, and so who may use it, is in the table of `dnc.accounts.access`."""

        def declare(handler: Handler) -> Handler:
            summary = (handler.__doc__ or "").strip().split("\n")[0].rstrip(".")
            self.routes[method, resource] = Route(
                method, resource, ROUTES[method, resource], handler, summary, statuses, body, query, max_body
            )
            return handler

        return declare

    def answer(self, event: dict[str, Any]) -> dict[str, Any]:
        """Serve a proxy event. Never raises: every failure has its problem, and none tells of the inside."""
        request_id = str((event.get("requestContext") or {}).get("requestId") or "unknown")
        route = None
        try:
            route = self.routes.get((event["httpMethod"], event["resource"]))
            if route is None:
                raise NotFound("There is no such route.")
            call = _let_in(route, event, request_id)
            answer = route.handler(call)
        except DncError as failed:
            return _respond(route, request_id, failed.status, failed.problem(request_id), problems.CONTENT_TYPE)
        except Exception as failed:  # noqa: BLE001 - the outermost guard: what nobody foresaw must not leak
            logs.logger.error("unforeseen failure", extra={"request_id": request_id, **logs.failure(failed)})
            problem = InternalError("Nothing is known to have changed. Try again; until then, do not call.")
            return _respond(route, request_id, 500, problem.problem(request_id), problems.CONTENT_TYPE)
        return _respond(route, request_id, answer.status, answer.body, "application/json")


def read_body(model: type[BaseModel], given: object) -> Any:
    """Validate what was given against a model. Raises InvalidRequest that names every field."""
    try:
        return model.model_validate(given)
    except ValidationError as refused:
        raise _invalid(refused, "body") from None


def read_json(text: str) -> Any:
    """Read JSON as RFC 8259 has it: no NaN, no name twice. Raises MalformedJson."""
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_name_twice)
    except RecursionError:
        raise MalformedJson("The body is nested too deeply.") from None
    except json.JSONDecodeError as refused:
        raise MalformedJson(f"{refused.msg} at line {refused.lineno}, column {refused.colno}.") from None
    except ValueError as refused:
        raise MalformedJson(f"{refused}.") from None


def _let_in(route: Route, event: dict[str, Any], request_id: str) -> Call:
    caller = _caller(event)
    path = {name: unquote(value) for name, value in (event.get("pathParameters") or {}).items()}
    account_id = path.get("account_id", "")
    if not caller.may(route.action):
        raise Forbidden(f"The role {caller.role} may not do this.")
    if "account_id" in path and not caller.may_see(account_id):
        raise Forbidden("This credential is for another account.")
    query = _query(route, event)
    body = _body(route, event)
    return Call(caller, account_id, path, body, query, request_id)


def _caller(event: dict[str, Any]) -> Caller:
    context = (event.get("requestContext") or {}).get("authorizer") or {}
    try:
        role = Role(context["role"])
        ends = context.get("expires_at")
        caller = Caller(
            str(context["principal"]), role, context.get("account_id") or None, context.get("person") or None
        )
    except (KeyError, ValueError):
        raise Unauthenticated("The credential could not be read.") from None
    if ends and ends <= times.text(times.now()):
        raise Unauthenticated("This credential has expired.")
    return caller


def _query(route: Route, event: dict[str, Any]) -> Any:
    given = event.get("multiValueQueryStringParameters") or {
        name: [value] for name, value in (event.get("queryStringParameters") or {}).items()
    }
    twice = [name for name, values in given.items() if len(values) > 1]
    if twice:
        raise InvalidRequest.of(twice[0], "is given more than once")
    try:
        return route.query.model_validate({name: values[0] for name, values in given.items()})
    except ValidationError as refused:
        raise _invalid(refused, "query") from None


def _body(route: Route, event: dict[str, Any]) -> Any:
    if route.body is None:
        return None
    text = event.get("body") or ""
    if event.get("isBase64Encoded"):
        text = _decoded(text)
    if len(text.encode("utf-8", "surrogatepass")) > route.max_body:
        raise TooLarge(
            f"The body is over {route.max_body:,} bytes.", [FieldError("body", f"is over {route.max_body:,} bytes")]
        )
    if not text.strip():
        raise InvalidRequest.of("body", "is required, as JSON")
    return read_body(route.body, read_json(text))


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        raise MalformedJson("The body is not UTF-8.") from None


def _invalid(refused: ValidationError, whole: str) -> InvalidRequest:
    errors = []
    for error in refused.errors(include_url=False, include_context=False, include_input=False):
        name = ".".join(str(part) for part in error["loc"]) or whole
        errors.append(FieldError(name, _WORDS.get(error["type"], error["msg"].removeprefix("Value error, "))))
    return InvalidRequest("; ".join(f"{e.field}: {e.message}" for e in errors), errors)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _respond(route: Route | None, request_id: str, status: int, body: Any, content_type: str) -> dict[str, Any]:
    logs.logger.info(
        "answered",
        extra={
            "request_id": request_id,
            "route": f"{route.method} {route.resource}" if route else "none",
            "status": status,
            "code": cast("dict[str, Any]", body).get("code") if status >= 400 else None,
        },
    )
    return {
        "statusCode": status,
        "headers": {"Content-Type": content_type, **_HEADERS} if body is not None else _HEADERS,
        "body": json.dumps(body, ensure_ascii=False) if body is not None else "",
    }
