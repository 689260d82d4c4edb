"""The sample events are taken by the functions that they are samples for."""

import json

import pytest

from dnc import times
from dnc.aws import clients
from dnc.bulk.files import s3
from dnc.bulk.jobs import JobKind, Jobs
from dnc.entries.entry import Actor
from infra.local.stack import FUNCTIONS, ROOT
from tests.functional.bulk.imports.test_imports import Context

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
    "import_numbers": 201,
    "read_jobs": 200,
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


def test_the_samples_of_an_import_follow_each_other(gateway, modules):
    """Plan, write and finish are samples of one import; its job and its file are put where they say."""
    key = sample("plan_import")["given"]["detail"]["object"]["key"]
    job_id = key.split("/")[3]
    data = b"number\n4155550100\nnobody\n"
    request = {"filename": "x.csv", "bytes": len(data), "source": "import", "region": "US"}
    Jobs(clients.client("dynamodb"), "accounts", "acme").make(
        JobKind.IMPORT, request, Actor("key:k"), times.now(), job_id=job_id
    )
    s3().put_object(Bucket="bulk", Key=key, Body=data)
    for name in ("plan", "write", "finish"):
        event = sample(f"{name}_import")
        event.get("given", {}).get("detail", {}).get("object", {}).pop("version-id", None)  # the bucket's own here
        modules[f"import_numbers.{name}"].lambda_handler(event, Context())
    told = Jobs(clients.client("dynamodb"), "accounts", "acme").get(JobKind.IMPORT, job_id)
    assert (told.status, told.counts["listed"], told.counts["invalid"]) == ("done", 1, 1)
