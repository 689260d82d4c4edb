"""Generated requests to every operation, valid and invalid by the OpenAPI document, and sequences of them by its links.

Schemathesis generates them and applies all its checks. `make fuzz` runs every role, with more examples and a new seed,
set with the variables FUZZ_EXAMPLES, FUZZ_ROLES, FUZZ_PHASES and FUZZ_SEED.
"""

import json
import os

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.transport.wsgi import WSGITransport

from dnc.accounts.access import Role
from infra.generate.links import LINKS
from infra.generate.openapi import FILE, ROOT
from tests.support.wsgi import PREFIX, GatewayApp

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1"))
ROLES = os.environ.get("FUZZ_ROLES", "operator").split()
PHASES = os.environ.get("FUZZ_PHASES", "examples fuzzing stateful").split()
SEED = int(os.environ.get("FUZZ_SEED", "1"))
NUMBER = "+14155550100"
_NETWORK_OPTIONS = {"max_redirects", "verify", "cert", "proxies"}


class _Machines:
    """A Step Functions client that starts nothing."""

    def start_execution(self, **_):
        return {}


@pytest.fixture(autouse=True)
def machines(monkeypatch):
    monkeypatch.setattr("dnc.aws.clients.step_functions", _Machines)


@pytest.fixture(autouse=True)
def probes(monkeypatch):
    """Let the probes of authentication reach the application: they pass options that only a network client has."""
    send = WSGITransport.send

    def send_in_process(self, case, **options):
        rest = {name: value for name, value in options.items() if name not in _NETWORK_OPTIONS}
        return send(self, case, **rest)

    monkeypatch.setattr(WSGITransport, "send", send_in_process)


def renewed(gateway, role):
    """Return a new token of a role, whose account may be suspended: generated requests revoke the key that they use."""
    assert gateway.call("operator", "PUT", "/accounts/acme", {"suspended": False}).status == 200
    return gateway.call("operator", "POST", "/accounts/acme/keys", {"role": role}).body["token"]


def run(gateway, role):
    """Run Schemathesis as one role. Return how many cases there were, how many followed a link, and the failures."""
    config = SchemathesisConfig.from_path(ROOT / "schemathesis.toml")
    config.update(seed=SEED, max_failures=None)
    project = config.projects.override
    project.update(headers={"Authorization": f"Bearer {gateway.tokens[role]}"}, base_url=f"http://localhost{PREFIX}")
    project.update(continue_on_failure=True, workers=1)
    if role != Role.OPERATOR:  # any other account is refused, whatever the request
        project.update(parameters={"path.account_id": "acme"})
    project.phases.update(phases=PHASES)
    project.generation.update(max_examples=EXAMPLES, database="none")
    schema = schemathesis.openapi.from_dict(json.loads(FILE.read_text()), config=config)
    schema.app = GatewayApp(gateway, gateway.tokens[role], lambda: renewed(gateway, role))
    cases, followed, failures = 0, 0, []
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError):
            failures.append(f"{event.label}: {event.value}")
        elif isinstance(event, events.FatalError):
            failures.append(str(event.exception))
        elif isinstance(event, events.ScenarioFinished):
            recorded = event.recorder.cases
            cases += len(recorded)
            followed += sum(case.is_transition_applied for case in recorded.values())
            failures += [
                f"{check.name}: {check.failure_info.failure.message}\n{recorded[case_id].value.as_curl_command()}"
                for case_id, checks in event.recorder.checks.items()
                for check in checks
                if check.failure_info
            ]
    return cases, followed, failures


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("role", ROLES)
def test_every_response_is_as_documented(gateway, role):
    gateway.add(NUMBER)
    cases, followed, failures = run(gateway, role)
    assert not failures, "\n\n".join(dict.fromkeys(failures))
    assert cases > len(LINKS)
    assert followed or EXAMPLES < 10 or role not in {"operator", "admin", "manager"}
