"""The functional tests' gateway as a WSGI application, so that tools that speak HTTP can test the handlers on moto."""

import json
import uuid
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from dnc.problems import CONTENT_TYPE
from infra.generate.gateway_responses import RESPONSES

PREFIX = "/v1"
_REFUSED = {401: RESPONSES["UNAUTHORIZED"], 403: RESPONSES["ACCESS_DENIED"]}


class GatewayApp:
    """A WSGI application. `renew`: returns a valid token in place of `token`, once a request has revoked it."""

    def __init__(self, gateway: Any, token: str, renew: Callable[[], str]) -> None:
        self._gateway = gateway
        self._token = self._valid = token
        self._renew = renew

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = urlsplit(environ["REQUEST_URI"]).path.removeprefix(PREFIX)
        query = environ.get("QUERY_STRING")
        token = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        method = environ["REQUEST_METHOD"]
        sent = {"Content-Type": environ.get("CONTENT_TYPE", "")}

        def call(valid: str) -> Any:
            target = f"{path}?{query}" if query else path
            return self._gateway.call(None, method, target, token=valid, raw=raw or None, headers=sent)

        reply = call(self._valid if token == self._token else token)
        if reply.status == HTTPStatus.UNAUTHORIZED and token == self._token:
            self._valid = self._renew()
            reply = call(self._valid)
        body, headers = reply.body, reply.headers
        if not headers:  # the gateway itself refused the request
            body, headers = _REFUSED[reply.status].problem(uuid.uuid4().hex), {"Content-Type": CONTENT_TYPE}
        content = json.dumps(body).encode() if body is not None else b""
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", list(headers.items()))
        return [content]
