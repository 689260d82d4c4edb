"""Compares each response of the API with the model that `docs/openapi.json` documents for its route."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import requests

from infra.generate.responses import RESPONSES, Problem

RESOURCES = {(method, resource): re.compile(re.sub(r"\{\w+\}", "[^/]+", resource)) for method, resource, _ in RESPONSES}


def assert_documented(response: requests.Response, base_url: str) -> None:
    """Fail unless the response has a status, a type and exactly the fields that are documented for its route."""
    path = urlsplit(response.url).path.removeprefix(urlsplit(base_url).path)
    found = [key for key, form in RESOURCES.items() if key[0] == response.request.method and form.fullmatch(path)]
    resource = min((key[1] for key in found), key=lambda one: one.count("{"), default="")
    body = json.loads(response.content) if response.content else None
    assert_body_documented(response.request.method or "", resource, response.status_code, body)
    if body is not None:
        kind = "application/problem+json" if response.status_code >= 400 else "application/json"
        assert response.headers["Content-Type"] == kind, response.text


def assert_body_documented(method: str, resource: str, status: int, body: Any) -> None:
    """Fail unless a body has exactly the fields that are documented for this route and status."""
    if status >= 400:
        problem = Problem.model_validate(body)
        assert problem.status == status
        assert problem.type == f"/problems/{problem.code}"
        assert (problem.errors is not None) or status != 422
        return
    model = RESPONSES[method, resource, status]
    if model is None:
        assert body is None
    else:
        model.model_validate(body)
