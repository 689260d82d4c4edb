"""The functions accept their sample events."""

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


def test_every_function_has_a_sample():
    assert set(SAMPLES) == set(FUNCTIONS)


@pytest.mark.parametrize("name", STATUSES)
def test_a_sample_request_succeeds(gateway, modules, name):
    if name == "remove_number":
        gateway.add("+14155550100")
    response = modules[MODULES.get(name, f"{name}.handler")].lambda_handler(sample(name), None)
    assert response["statusCode"] == STATUSES[name], response["body"]


def test_the_sample_of_a_direct_check_succeeds(gateway):
    gateway.add("+14155550100")
    response = gateway.modules["check_numbers.handler"].lambda_handler(sample("check_numbers"), None)
    assert [result["status"] for result in response["results"]] == ["listed", "clear"]


def test_the_authorizer_accepts_its_sample_once_the_key_is_filled_in(gateway, modules):
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


def test_the_samples_of_an_import_run_in_sequence(gateway, modules):
    """The samples for plan, write and finish belong to one import. The test creates its job and its file."""
    key = sample("plan_import")["input"]["detail"]["object"]["key"]
    job_id = key.split("/")[3]
    data = b"number\n4155550100\nnobody\n"
    request = {"filename": "x.csv", "bytes": len(data), "source": "import", "region": "US"}
    Jobs(clients.client("dynamodb"), "accounts", "acme").make(
        JobKind.IMPORT, request, Actor("key:k"), times.now(), job_id=job_id
    )
    s3().put_object(Bucket="bulk", Key=key, Body=data)
    for name in ("plan", "write", "finish"):
        event = sample(f"{name}_import")
        event.get("input", {}).get("detail", {}).get("object", {}).pop(
            "version-id", None
        )  # moto's bucket has no such version
        returned = modules[f"import_numbers.{name}"].lambda_handler(event, Context())
        if name == "plan":
            assert modules["import_numbers.plan"].lambda_handler({"work": returned}, Context())["taken"]
    job = Jobs(clients.client("dynamodb"), "accounts", "acme").get(JobKind.IMPORT, job_id)
    assert (job.status, job.counts["listed"], job.counts["invalid"]) == ("done", 1, 1)
