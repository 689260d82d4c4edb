"""Holds every answer of the API to the documented models: what `docs/openapi.json` says is what is answered."""

import re
from urllib.parse import urlsplit

import requests

from infra.openapi_answers import ANSWERS, Problem

RESOURCES = {(method, resource): re.compile(re.sub(r"\{\w+\}", "[^/]+", resource)) for method, resource, _ in ANSWERS}


def assert_documented(answer: requests.Response, base_url: str) -> None:
    """Fail unless the answer has the status, the type and exactly the names that are documented for its route."""
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json", answer.text
        problem = Problem.model_validate_json(answer.content)
        assert problem.status == answer.status_code
        assert problem.type == f"/problems/{problem.code}"
        assert (problem.errors is not None) or answer.status_code != 422
        return
    path = urlsplit(answer.url).path.removeprefix(urlsplit(base_url).path)
    found = [key for key, form in RESOURCES.items() if key[0] == answer.request.method and form.fullmatch(path)]
    resource = min(found, key=lambda key: key[1].count("{"))
    model = ANSWERS[*resource, answer.status_code]
    if model is None:
        assert answer.content == b""
    else:
        assert answer.headers["Content-Type"] == "application/json"
        model.model_validate_json(answer.content)
