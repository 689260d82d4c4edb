"""An event for each function that the function handles successfully, and the tables that this requires."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3

from benchmarks.harness.servers import ROOT
from benchmarks.harness.stand_in import StandIn
from dnc.accounts.access import Role
from dnc.accounts.store import Accounts
from dnc.aws.wire import to_wire
from dnc.bulk.job import Job, JobKind, JobStatus, row_of
from dnc.times import now

ACCOUNT, BUCKET = "acme", "bulk"
_MACHINES = "arn:aws:states:us-east-1:123456789012:stateMachine:"
_LOOKED_UP = {"by": "lookup", "as_of": "2026-11-24T01:00:02.000Z", "done": True, "parts": 0, "numbers": 0}
TABLES = {
    "numbers": {"keys": ["account_id", "number"]},
    "audit": {"keys": ["subject", "event_key"]},
    "accounts": {"keys": ["account_id", "record"]},
}


@dataclass(frozen=True, slots=True)
class World:
    """A function's environment variables, and the token of a valid key."""

    environment: Mapping[str, str]
    token: str


@contextmanager
def world() -> Iterator[World]:
    """Start the stand-in for DynamoDB, with an account, a key and a listed number."""
    row = sample("audit_changes")["Records"][0]["dynamodb"]["NewImage"]
    row["sources"] = {"SS": ["manual"]}
    row["source"] = {"S": "manual"}
    tables = {
        **TABLES,
        "numbers": {**TABLES["numbers"], "rows": [row]},
        "accounts": {**TABLES["accounts"], "rows": list(_jobs())},
    }
    objects = {
        _upload(sample("plan_import")): "number\n4155550100\nnobody\n",
        _upload(sample("plan_scrub")): "id,phone\n1,(415) 555-0100\n2,(415) 555-0101\n3,none\n",
    }
    with StandIn(tables, objects) as stand_in:
        make: Any = boto3.client
        client = make(
            "dynamodb",
            endpoint_url=stand_in.url,
            region_name="us-east-1",
            aws_access_key_id="measured",
            aws_secret_access_key="measured",  # noqa: S106 - the stand-in ignores keys
        )
        accounts = Accounts(client, "accounts")
        accounts.put(ACCOUNT, {"name": "Acme Solar", "default_region": "US"}, now())
        token = accounts.make_key(ACCOUNT, Role.MANAGER, "measured", None, "measured", now())["token"]
        yield World(
            {
                "AWS_ENDPOINT_URL": stand_in.url,
                "NUMBERS_TABLE": "numbers",
                "AUDIT_TABLE": "audit",
                "ACCOUNTS_TABLE": "accounts",
                "EVENT_BUS": "changes",
                "FAILED_RECORDS_BUCKET": "failed",
                "BULK_BUCKET": BUCKET,
                "IMPORT_MACHINE": f"{_MACHINES}import",
                "SCRUB_MACHINE": f"{_MACHINES}scrub",
                "EXPORT_MACHINE": f"{_MACHINES}export",
                "NIGHTLY_EXPORTS_MACHINE": f"{_MACHINES}nightly-exports",
                "IMPORT_CONCURRENCY": "2",
                "IMPORT_WRITES_PER_SECOND": "100000",
                "IMPORT_SLOW_LAG_SECONDS": "60",
                "POWERTOOLS_SERVICE_NAME": "nocall",
                "POWERTOOLS_LOG_LEVEL": "INFO",
                "PYDANTIC_DISABLE_PLUGINS": "__all__",
            },
            token,
        )


def sample(name: str) -> dict[str, Any]:
    """Read a sample event of `events/`."""
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return event


def one_check(number: str = "(415) 555-0100") -> dict[str, Any]:
    """Return the payload of a direct check of one number."""
    return {"account_id": ACCOUNT, "numbers": [number], "region": "US"}


def http_check() -> dict[str, Any]:
    """Return the event that API Gateway sends for the same check."""
    return {**sample("check_numbers_api"), "body": json.dumps({"numbers": ["(415) 555-0100"], "region": "US"})}


def events(token: str) -> dict[str, list[Any]]:
    """Return the events of each function, by logical id. The last event is measured; those before it prepare for it.

    The functions are in the order of a job, because a later function needs the files of the earlier ones.
    """
    authorize = sample("authorize")
    authorize["headers"] = {"Authorization": f"Bearer {token}"}
    check = sample("check_leads")
    check["work"]["lists"] = {"pass1": _LOOKED_UP, "pass2": _LOOKED_UP}
    finish = sample("finish_scrub")
    finish["work"]["lists"] = check["work"]["lists"]
    samples = {
        "AddNumberFunction": [sample("add_number")],
        "ListNumbersFunction": [sample("list_numbers")],
        "RemoveNumberFunction": [sample("remove_number")],
        "CheckNumbersApiFunction": [http_check()],
        "AuditChangesFunction": [sample("audit_changes")],
        "AuthorizeFunction": [authorize],
        "ManageAccountsFunction": [sample("manage_accounts")],
        "ReadStatsFunction": [sample("read_stats")],
        "ConsoleFunction": [sample("console")],
        "CheckLeadsFunction": [{**check, "pass": 1}, {**check, "pass": 2}],
        "FinishScrubFunction": [finish],
    }
    named = ("ImportNumbers", "ReadJobs", "ExportAccount", "ScrubLeads", "PlanImport", "WriteImport", "FinishImport")
    more = (*named, "PlanScrub", "ReadList", "WriteExport", "BeginNight", "SweepAccounts")
    others = {f"{name}Function": [sample(_snake(name))] for name in more}
    late = ("CheckLeadsFunction", "FinishScrubFunction")
    return {n: e for n, e in samples.items() if n not in late} | others | {name: samples[name] for name in late}


def succeeded(body: bytes) -> bool:
    """Return whether a response is a success, over HTTP or not."""
    response: Any = json.loads(body)
    return (
        isinstance(response, dict) and response.get("statusCode", 200) < 400 and not response.get("batchItemFailures")
    )


def _jobs() -> Iterator[dict[str, Any]]:
    """Yield the rows of the running jobs that the sample events name."""
    jobs: tuple[tuple[JobKind, str, dict[str, Any], dict[str, Any]], ...] = (
        (JobKind.IMPORT, "plan_import", {"source": "import"}, {"pieces": 1, "names": ["x.csv"]}),
        (JobKind.SCRUB, "plan_scrub", {"column": "phone"}, {"pieces": 1}),
    )
    for kind, name, request, state in jobs:
        event = sample(name)
        job = Job(
            kind=kind,
            id=_upload(event).split("/")[-2],
            status=JobStatus.RUNNING,
            created_at="2026-11-24T17:05:00.000Z",
            created_by={"principal": "key:k", "acting_user": None},
            request={"filename": "x.csv", "bytes": 1, "region": "US", **request},
            state=state,
        )
        yield to_wire({**row_of(job, ACCOUNT), "run": event["run"]})


def _upload(event: dict[str, Any]) -> str:
    return f"/{BUCKET}/{event['input']['detail']['object']['key']}"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
