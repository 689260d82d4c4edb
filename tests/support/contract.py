"""Holds every answer of the API to the documented models: what `docs/openapi.json` says is what is answered."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import requests

from infra.generate.responses import ANSWERS, Problem

RESOURCES = {(method, resource): re.compile(re.sub(r"\{\w+\}", "[^/]+", resource)) for method, resource, _ in ANSWERS}


def assert_documented(answer: requests.Response, base_url: str) -> None:
    """Fail unless the answer has the status, the type and exactly the names that are documented for its route."""
    path = urlsplit(answer.url).path.removeprefix(urlsplit(base_url).path)
    found = [key for key, form in RESOURCES.items() if key[0] == answer.request.method and form.fullmatch(path)]
    resource = min((key[1] for key in found), key=lambda one: one.count("{"), default="")
    told = json.loads(answer.content) if answer.content else None
    assert_body_documented(answer.request.method or "", resource, answer.status_code, told)
    if told is not None:
        kind = "application/problem+json" if answer.status_code >= 400 else "application/json"
        assert answer.headers["Content-Type"] == kind, answer.text


def assert_body_documented(method: str, resource: str, status: int, body: Any) -> None:
    """Fail unless a body has exactly the names that are documented for this route and status."""
    if status >= 400:
        problem = Problem.model_validate(body)
        assert problem.status == status
        assert problem.type == f"/problems/{problem.code}"
        assert (problem.errors is not None) or status != 422
        return
    model = ANSWERS[method, resource, status]
    if model is None:
        assert body is None
    else:
        model.model_validate(body)
