"""Refuses requests that match no route: 405 for a known path with a wrong method, 404 for any other path.

API Gateway sends them here through `/{proxy+}` without requiring a credential, so every client with a wrong method or
path gets the same response. Nothing is read or written.
"""

import json
import re
from typing import Any

from dnc.accounts.access import ROUTES
from dnc.logs import logger as logs
from dnc.problems import CONTENT_TYPE, DncError, MethodNotAllowed, NotFound

_PAGES = {"/console": ["GET"], "/console/{proxy}": ["GET"]}
_HEADERS = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def refuse(event: dict[str, Any]) -> dict[str, Any]:
    """Return the response to a proxy event of `/{proxy+}`, or to one of `/console/{proxy}` that names no asset."""
    if event.get("resource") != "/{proxy+}":
        return _respond(event, NotFound("Not found. The console is at /v1/console."), {})
    path = f"/{(event.get('pathParameters') or {}).get('proxy') or ''}"
    methods = methods_of(path)
    if methods:
        allowed = ", ".join(methods)
        return _respond(event, MethodNotAllowed(f"This path supports only {allowed}."), {"Allow": allowed})
    return _respond(event, NotFound("This path does not exist. See docs/api.md for the routes."), {})


def methods_of(path: str) -> list[str]:
    """Return the methods of a path (without the stage), in order, or none if no route has this path."""
    methods: dict[str, list[str]] = {resource: list(known) for resource, known in _PAGES.items()}
    for method, resource in ROUTES:
        methods.setdefault(resource, []).append(method)
    found = [resource for resource in methods if _form(resource).fullmatch(path)]
    return sorted(methods[min(found, key=lambda resource: resource.count("{"))]) if found else []


def _respond(event: dict[str, Any], refused: DncError, headers: dict[str, str]) -> dict[str, Any]:
    """Return the problem as the response to a proxy event, and log it without the requested path."""
    request_id = str((event.get("requestContext") or {}).get("requestId") or "unknown")
    logs.logger.info("refused", extra={"request_id": request_id, "status": refused.status, "code": refused.code})
    return {
        "statusCode": refused.status,
        "headers": {**_HEADERS, **headers},
        "body": json.dumps(refused.problem(request_id)),
    }


def _form(resource: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", resource))
