"""Generated requests to every operation, valid and invalid by the OpenAPI document: no 5xx, nothing undocumented.

`make fuzz` runs every role with many more examples, by the variables FUZZ_EXAMPLES and FUZZ_ROLES.
"""

import json
import os
from typing import Any
from urllib.parse import quote, urlencode

import hypothesis
import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode

from dnc.accounts.access import Role
from infra.generate.openapi import FILE

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
ROLES = os.environ.get("FUZZ_ROLES", "operator").split()
NUMBER = "+14155550100"
_ANYWHERE = {400, 401, 403, 404, 413, 422}
SCHEMA = schemathesis.openapi.from_dict(json.loads(FILE.read_text()))
OPERATIONS = {
    f"{operation.method.upper()} {operation.path}": operation
    for operation in (result.ok() for result in SCHEMA.get_all_operations())
}


class _Machines:
    """A Step Functions client that starts nothing."""

    def start_execution(self, **_):
        return {}


@pytest.fixture(autouse=True)
def machines(monkeypatch):
    monkeypatch.setattr("dnc.aws.clients.step_functions", _Machines)


def is_set(value: Any) -> bool:
    return value is not None and type(value).__name__ != "NotSet"


def send(gateway, role, operation, case):
    """Send a generated case with the id of the existing account."""
    parameters = {**(case.path_parameters or {}), "account_id": "acme"}
    path = operation.path.format(**{name: quote(str(value), safe="") or "-" for name, value in parameters.items()})
    query = urlencode(case.query, doseq=True) if is_set(case.query) else ""
    raw = None
    if is_set(case.body):
        raw = case.body if isinstance(case.body, bytes) else json.dumps(case.body, default=repr)
    return gateway.call(role, operation.method.upper(), f"{path}?{query}" if query else path, raw=raw)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_response_is_documented(gateway, name, role):
    assert role in set(Role)
    operation = OPERATIONS[name]
    gateway.add(NUMBER)
    documented = {int(status) for status in operation.definition.raw["responses"]}

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize="FUZZ_EXAMPLES" not in os.environ,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(st.data())
    def run(data):
        mode = data.draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
        case = data.draw(operation.as_strategy(generation_mode=mode))
        reply = send(gateway, role, operation, case)
        assert reply.status in documented | _ANYWHERE, (reply, case.body, case.query)
        assert reply.status < 500, reply

    run()
