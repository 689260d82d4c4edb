"""Passes API Gateway's proxy events to handlers, and turns their answers into responses: access, validation, errors.

API Gateway has already matched the route (`resource`), so no path is matched here. The signature of a handler says what
its route takes: `def make_import(call: Call, body: NewImport) -> Answer`. `docs/openapi.json` is generated from the
same declarations.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel

from dnc import problems, times
from dnc.accounts.access import ROUTES, Action, Caller, Role
from dnc.api import request_reader
from dnc.api.fields import Body, NoQuery, Query
from dnc.aws import deadline
from dnc.entries.entry import Actor, Write
from dnc.logs import logger as logs
from dnc.problems import DncError, Forbidden, InternalError, InvalidRequest, NotFound, Unauthenticated

MAX_BODY = 64 * 1024
_IDS = {"id": r"[0-9A-Za-z]{1,64}", "key_id": r"[0-9A-Za-z]{1,64}"}
"""The forms of ids in paths. An id of any other form, such as one too long for a table's key, does not exist."""
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A handler's response: a status and a JSON body (None: no content)."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Call:
    """One authorized request: the caller, the account, and the path's parameters."""

    caller: Caller
    account_id: str
    path: dict[str, str]
    request_id: str

    def write(self, acting_user: str | None = None, item: int | None = None) -> Write:
        """Return who writes, when, and for which request. `item`: the position of the write in a batch."""
        person = acting_user or self.caller.person
        request_id = self.request_id if item is None else f"{self.request_id}#{item}"
        return Write(times.now(), Actor(self.caller.principal, person), request_id)

    def person_write(self, acting_user: str | None) -> Write:
        """Return the write of a person. Raises InvalidRequest if neither the credential nor `acting_user` names one."""
        if not acting_user and not self.caller.person:
            raise InvalidRequest.of("acting_user", "is required when authenticating with an API key")
        return self.write(acting_user)

    def require(self, action: Action, why: str) -> None:
        """Raise Forbidden with an explanation unless the caller's role allows the action."""
        if not self.caller.may(action):
            raise Forbidden(why)


type Handler = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One declared route. `body`, `query`: the models of the handler's parameters of these names, or None."""

    method: str
    resource: str
    action: Action
    handler: Handler
    summary: str
    statuses: tuple[int, ...]
    max_body: int
    body: type[Body] | None
    query: type[Query] | None


@dataclass(slots=True)
class Api:
    """The routes of one function. `on_refusal`: called with the event and the error of each refused request."""

    routes: dict[tuple[str, str], Route] = field(default_factory=dict)
    on_refusal: Callable[[dict[str, Any], DncError], None] = lambda _event, _failed: None

    def route[H: Handler](
        self, method: str, resource: str, *, statuses: tuple[int, ...] = (200,), max_body: int = MAX_BODY
    ) -> Callable[[H], H]:
        """Declare a route. `dnc.accounts.access` says who may use it; the handler's signature says what it takes.

        `statuses`: the statuses of a success, for the documentation. `max_body`: in bytes of UTF-8.
        """

        def declare(handler: H) -> H:
            summary = (handler.__doc__ or "").strip().split("\n")[0].rstrip(".")
            body, query = _parameter(handler, "body", Body), _parameter(handler, "query", Query)
            action = ROUTES[method, resource]
            self.routes[method, resource] = Route(
                method, resource, action, handler, summary, statuses, max_body, body, query
            )
            return handler

        return declare

    def answer(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Serve a proxy event. It never raises: every failure becomes a problem that reveals nothing internal.

        `context`: Lambda's. Waiting for storage ends shortly before the function's timeout, in time for a 503.
        """
        deadline.begin(context)
        request_id = str((event.get("requestContext") or {}).get("requestId") or "unknown")
        route = None
        try:
            route = self.routes.get((event["httpMethod"], event["resource"]))
            if route is None:
                raise NotFound("This route does not exist.")
            path = str(event.get("path") or "")
            if path.endswith("/") or "//" in path:  # API Gateway matches a path with and without such slashes
                raise NotFound("This route does not exist. A path has no slash at its end and no two in a row.")
            answer = _serve(route, event, request_id)
        except DncError as failed:
            return self._refused(event, route, failed, request_id)
        except Exception as failed:  # noqa: BLE001 - the outermost guard: an unexpected error must not leak
            logs.logger.error("unexpected error", extra={"request_id": request_id, **logs.failure(failed)})
            error = InternalError("An unexpected error occurred. Try again; until then, do not call.")
            return self._refused(event, route, error, request_id)
        return _respond(route, request_id, answer)

    def _refused(self, event: dict[str, Any], route: Route | None, failed: DncError, request_id: str) -> dict[str, Any]:
        if route:
            self.on_refusal(event, failed)
        return _refuse(route, failed, request_id)


def _parameter[M: BaseModel](handler: Handler, name: str, kind: type[M]) -> type[M] | None:
    """Return the model that annotates a handler's parameter, or None if it has no such parameter."""
    model = handler.__annotations__.get(name)
    if model is not None and not (isinstance(model, type) and issubclass(model, kind)):
        raise TypeError(f"{handler.__name__}: annotate {name} with a model derived from {kind.__name__}")
    return model


def _serve(route: Route, event: dict[str, Any], request_id: str) -> Answer:
    call = _authorize(route, event, request_id)
    query = request_reader.read_query(route.query or NoQuery, event)
    arguments: dict[str, Any] = {"query": query} if route.query else {}
    if route.body:
        arguments["body"] = request_reader.read_event_body(route.body, event, route.max_body)
    return route.handler(call, **arguments)


def _authorize(route: Route, event: dict[str, Any], request_id: str) -> Call:
    caller = _caller(event)
    path = {name: unquote(value) for name, value in (event.get("pathParameters") or {}).items()}
    account_id = path.get("account_id", "")
    if not caller.may(route.action):
        raise Forbidden(f"The role {caller.role} does not allow this.")
    if "account_id" in path and not caller.may_see(account_id):
        raise Forbidden("This credential belongs to another account.")
    for name, form in _IDS.items():
        if name in path and not re.fullmatch(form, path[name], re.ASCII):
            raise NotFound("This id does not exist.")
    return Call(caller, account_id, path, request_id)


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


def _refuse(route: Route | None, failed: DncError, request_id: str) -> dict[str, Any]:
    _log(route, request_id, failed.status, failed.code)
    return _response(
        failed.status, failed.problem(request_id), {"Content-Type": problems.CONTENT_TYPE, **failed.headers}
    )


def _respond(route: Route, request_id: str, answer: Answer) -> dict[str, Any]:
    _log(route, request_id, answer.status, None)
    headers = {"Content-Type": "application/json"} if answer.body is not None else {}
    return _response(answer.status, answer.body, headers)


def _response(status: int, body: Any, headers: dict[str, str]) -> dict[str, Any]:
    text = json.dumps(body, ensure_ascii=False) if body is not None else ""
    if not text.isascii():  # a lone surrogate from the request cannot be sent back, because it has no UTF-8
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return {"statusCode": status, "headers": {**headers, **_HEADERS}, "body": text}


def _log(route: Route | None, request_id: str, status: int, code: str | None) -> None:
    resource = f"{route.method} {route.resource}" if route else "none"
    logs.logger.info("answered", extra={"request_id": request_id, "route": resource, "status": status, "code": code})
