"""The sample events are taken by the functions that they are samples for."""

import json

import pytest

from infra.local.stack import FUNCTIONS, ROOT

SAMPLES = {file.stem: file for file in sorted((ROOT / "events").glob("*.json"))}
MODULES = {"check_numbers_api": "check_numbers.api"}
STATUSES = {
    "add_number": 201,
    "list_numbers": 200,
    "remove_number": 200,
    "check_numbers_api": 200,
    "manage_accounts": 200,
    "read_stats": 200,
    "console": 200,
}


def sample(name):
    return json.loads(SAMPLES[name].read_text())


def test_there_is_a_sample_for_every_function():
    assert set(SAMPLES) == set(FUNCTIONS)


@pytest.mark.parametrize("name", STATUSES)
def test_a_sample_is_answered(gateway, modules, name):
    if name == "remove_number":
        gateway.add("+14155550100")
    answer = modules[MODULES.get(name, f"{name}.handler")].lambda_handler(sample(name), None)
    assert answer["statusCode"] == STATUSES[name], answer["body"]


def test_the_direct_check_is_answered(gateway):
    gateway.add("+14155550100")
    told = gateway.modules["check_numbers.handler"].lambda_handler(sample("check_numbers"), None)
    assert [result["status"] for result in told["results"]] == ["listed", "clear"]


def test_the_authorizer_lets_the_sample_in_once_its_key_is_filled_in(gateway, modules):
    event = sample("authorize")
    handler = modules["authorize.handler"].lambda_handler
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        handler(event, None)
    event["headers"]["Authorization"] = f"Bearer {gateway.tokens['manager']}"
    assert handler(event, None)["context"]["role"] == "manager"


def test_the_stream_sample_is_recorded(gateway, modules):
    assert modules["audit_changes.handler"].lambda_handler(sample("audit_changes"), None) == {"batchItemFailures": []}
    events = gateway.numbers("auditor", "GET", "/14155550100/history").body["events"]
    assert [event["type"] for event in events] == ["listed", "expired"]
