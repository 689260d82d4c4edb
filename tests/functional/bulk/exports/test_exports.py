"""Exports through the real definitions of their state machines and the handlers: on request, and nightly."""

import gzip
import json
from datetime import timedelta

import pytest
import requests

from dnc import times
from dnc.accounts.store import Accounts
from dnc.aws import clients
from dnc.bulk.exports.settled import IndexLags
from dnc.bulk.files import s3
from dnc.bulk.jobs import JobKind, Jobs
from dnc.bulk.turns import Pool, Turns
from dnc.entries.entry import Actor
from infra.local.stack import ROOT
from tests.support.lambda_context import Context
from tests.support.machines import ExecutionFailed, Machine


def read(key):
    return s3().get_object(Bucket="bulk", Key=key)["Body"].read()


@pytest.fixture
def started(monkeypatch):
    """The executions that were started, with a stand-in for Step Functions."""
    runs = []

    class StepFunctions:
        def start_execution(self, **options):
            runs.append(options)

    monkeypatch.setattr(clients, "step_functions", StepFunctions)
    return runs


@pytest.fixture
def tasks(gateway):
    step, begin = gateway.modules["export_account.step"], gateway.modules["export_account.nightly"]
    return {
        "Write": lambda event: step.lambda_handler(event, Context()),
        "Begin": lambda event: begin.lambda_handler(event, None),
    }


def order(gateway, role="auditor", **options):
    return gateway.call(role, "POST", "/accounts/acme/exports", options)


def shown(gateway, export_id, account="acme"):
    return gateway.call("operator", "GET", f"/accounts/{account}/exports/{export_id}").body


def test_an_export_is_requested_written_and_read(gateway, started, tasks):
    gateway.add("+14155550100", note="@SUM(A1)")
    made = order(gateway, kind="numbers", format="jsonl", acting_user="u-5")
    assert (made.status, made.body["status"], made.body["files"], made.body["manifest_url"]) == (
        201,
        "queued",
        [],
        None,
    )
    assert made.body["created_by"]["acting_user"] == "u-5"
    [run] = started
    assert run["name"] == made.body["id"]
    Machine("ExportMachine", tasks, read).run(json.loads(run["input"]), run["name"])
    job = shown(gateway, made.body["id"])
    assert (job["status"], job["counts"], job["kind"], job["format"]) == ("done", {"rows": 1}, "numbers", "jsonl")
    body = requests.get(job["files"][0]["url"], timeout=10).content
    assert json.loads(gzip.decompress(body))["note"] == "@SUM(A1)"
    manifest = requests.get(job["manifest_url"], timeout=10).json()
    assert manifest["files"][0]["sha256"] == job["files"][0]["sha256"]
    assert job["window"] == {"from": None, "to": manifest["read_until"]}
    assert manifest["code_version"].startswith("0.1.0+")
    tags = s3().get_object_tagging(Bucket="bulk", Key=f"accounts/acme/exports/{job['id']}/manifest.json")["TagSet"]
    assert tags == [{"Key": "kind", "Value": "export"}]


def test_a_run_that_finds_no_job_creates_it(gateway, started, tasks):
    made = order(gateway, kind="numbers")
    key = {"account_id": {"S": "acme"}, "record": {"S": f"export#{made.body['id']}"}}
    clients.client("dynamodb").delete_item(TableName="accounts", Key=key)  # as if the API's function had died
    Machine("ExportMachine", tasks, read).run(json.loads(started[0]["input"]))
    assert shown(gateway, made.body["id"])["status"] == "done"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"kind": "leads"}, "kind"),
        ({}, "kind"),
        ({"kind": "numbers", "format": "xlsx"}, "format"),
        ({"kind": "audit", "from": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"}, "from"),
        ({"kind": "audit", "from": "2099-01-01T00:00:00Z"}, "from"),
        ({"kind": "audit", "form": "csv"}, "form"),
    ],
)
def test_an_invalid_export_is_refused_with_the_field(gateway, started, options, field):
    refused = gateway.call("auditor", "POST", "/accounts/acme/exports", options)
    assert (refused.status, refused.fields) == (422, [field])
    assert started == []


def test_which_roles_may_export(gateway, started):
    for role in ("auditor", "admin", "operator"):
        assert order(gateway, role, kind="numbers").status == 201
    for role in ("intake", "dialer", "agent", "manager", "other_admin"):
        assert order(gateway, role, kind="numbers").status == 403


def test_an_audit_export_ends_at_least_five_minutes_ago(gateway, started):
    job = order(gateway, kind="audit", to="2099-01-01T00:00:00Z").body
    ago = times.now() - times.parse(job["to"])
    assert timedelta(minutes=5) <= ago < timedelta(minutes=6)
    assert job["from"].endswith("T00:00:00.000Z") or job["from"] == job["to"]


def test_an_export_that_crashes_fails_and_is_counted(gateway, started, tasks, monkeypatch, capsys):
    made = order(gateway, kind="numbers").body

    def broken(*_):
        raise RuntimeError("+14155550100 is in this message")

    monkeypatch.setattr("dnc.bulk.exports.run.run", broken)
    with pytest.raises(ExecutionFailed):
        Machine("ExportMachine", tasks, read).run(json.loads(started[0]["input"]))
    job = shown(gateway, made["id"])
    assert (job["status"], job["files"], job["manifest_url"]) == ("failed", [], None)
    assert "Create another export" in job["error"]
    out = capsys.readouterr().out
    assert '"ExportsFailed": 1' in out
    assert "4155550100" not in out + job["error"]


def night(tasks, at):
    execution_input = {"scheduled_at": times.text(at)}
    return Machine("NightlyExportsMachine", tasks, read).run(execution_input, f"night-{at:%d%H%M}")


def exports(gateway, account):
    return gateway.call("operator", "GET", f"/accounts/{account}/exports").body["exports"]


def test_a_failing_account_stops_no_other_and_is_exported_on_the_next_run(gateway, tasks, monkeypatch):
    gateway.add("+14155550100")
    Accounts(clients.client("dynamodb"), "accounts").put("acme", {"suspended": True}, times.now())
    write = tasks["Write"]

    def failing(event):
        if event["order"]["account_id"] == "acme" and not event.get("failed"):
            raise RuntimeError("broken")
        return write(event)

    at = times.now() - timedelta(days=1)
    night(tasks | {"Write": failing}, at)
    assert [job["status"] for job in exports(gateway, "globex")] == ["done", "done"]
    assert exports(gateway, "acme") == []
    night(tasks, at)
    assert [job["status"] for job in exports(gateway, "acme")] == ["done", "done"], "a suspended account's list too"
    assert len(exports(gateway, "globex")) == 2, "a repeated night makes no second export"
    assert {job["created_by"]["principal"] for job in exports(gateway, "acme")} == {"schedule:nightly"}


def test_a_night_of_10_000_accounts_fits_the_data_limit_of_step_functions():
    orders = [{"account_id": f"account-{i:05}", "kind": "numbers", "export_id": f"{i:026}"} for i in range(10_000)]
    written = []

    def write(event):
        written.append(event["order"]["account_id"])
        return {"done": True}

    tasks = {"Begin": lambda event: {"key": "nightly/orders.json"}, "Write": write}
    machine = Machine("NightlyExportsMachine", tasks, lambda key: json.dumps(orders).encode())
    machine.run({"scheduled_at": times.text(times.now())})
    assert len(written) == 10_000


def test_a_night_that_failed_halfway_is_resumed_where_it_stopped(gateway, tasks, monkeypatch):
    for i in range(5):
        gateway.add(f"+1415555010{i}")
    monkeypatch.setenv("EXPORT_FILE_ROWS", "2")
    step = gateway.modules["export_account.step"]
    object.__setattr__(step.settings, "environment", {**step.settings.environment, "EXPORT_FILE_ROWS": "2"})
    put, calls = s3().put_object, []

    def failing_at_file_three(**options):
        calls.append(options["Key"])
        if "numbers-00003" in options["Key"]:
            raise RuntimeError("broken")
        return put(**options)

    at = times.now() - timedelta(days=1)
    monkeypatch.setattr(s3(), "put_object", failing_at_file_three)
    night(tasks, at)
    failed = [job for job in exports(gateway, "acme") if job["kind"] == "numbers"]
    assert [(job["status"], job["files"]) for job in failed] == [("failed", [])]
    assert "run this one again" in failed[0]["error"]
    monkeypatch.setattr(s3(), "put_object", put)
    night(tasks, at)
    [job] = [job for job in exports(gateway, "acme") if job["kind"] == "numbers"]
    assert (job["status"], [file["rows"] for file in job["files"]], job["error"]) == ("done", [2, 2, 1], None)
    assert sum("acme" in key and "numbers-00001" in key for key in calls) == 1


def test_a_night_scheduled_in_the_future_is_cut_to_now(gateway, tasks):
    night(tasks, times.now() + timedelta(days=2))
    [audit] = [job for job in exports(gateway, "acme") if job["kind"] == "audit"]
    assert audit["to"] <= times.text(times.now() - timedelta(minutes=5))


def test_the_functions_accept_their_sample_events(gateway, started, tasks):
    def sample(name):
        return json.loads((ROOT / "events" / f"{name}.json").read_text())

    made = gateway.modules["export_account.handler"].lambda_handler(sample("export_account"), None)
    assert made["statusCode"] == 201, made["body"]
    assert tasks["Write"](sample("write_export")) == {"done": True, "wait": 0}
    assert shown(gateway, sample("write_export")["order"]["export_id"])["status"] == "done"
    night = tasks["Begin"](sample("begin_night"))
    assert night["exports"] == 4
    assert {order["account_id"] for order in json.loads(read(night["key"]))} == {"acme", "globex"}


RESTORED = (
    "number", "status", "source", "sources", "requested_at", "last_requested_at", "expires_at", "note", "campaign_id",
    "agent_id", "call_id", "caller_id", "consumer_name", "seller", "telemarketer", "goods_or_services",
)  # fmt: skip


def entries(gateway):
    listed = gateway.numbers("operator", "GET", "?page_size=500").body["numbers"]
    return [{name: entry[name] for name in RESTORED} for entry in listed]


def test_after_the_table_is_lost_an_import_of_the_export_restores_the_same_list(gateway, started, tasks, dynamodb):
    day = {"requested_at": "2026-11-01T10:00:00Z"}
    gateway.add("+14155550100", source="sms", note='=1+1, "quoted"\nsecond line', **day)
    gateway.add("+14155550100", source="web", seller="Acme Solar", consumer_name="'t Hooft")
    gateway.add("+14155550101", source="manual", expires_at="2036-01-01T00:00:00Z", campaign_id="@spring")
    gateway.add("+442079460123", source="legal", caller_id="+14155550199", call_id="c-1", **day)
    gateway.add("+14155550102", source="registry")
    gateway.add("+14155550103")
    removal = {"reason": "test_number", "note": "ours", "if_version": 1, "acting_user": "u-2"}
    assert gateway.numbers("manager", "DELETE", "/+14155550103", removal).status == 200
    made = order(gateway, kind="numbers").body
    Machine("ExportMachine", tasks, read).run(json.loads(started[0]["input"]))
    [file] = shown(gateway, made["id"])["files"]
    body = requests.get(file["url"], timeout=10).content
    before = entries(gateway)
    for row in dynamodb.scan(TableName="numbers")["Items"]:
        key = {name: row[name] for name in ("account_id", "number")}
        dynamodb.delete_item(TableName="numbers", Key=key)
    assert entries(gateway) == []
    options = {"filename": "numbers.csv.gz", "bytes": len(body)}
    imported = gateway.call("manager", "POST", "/accounts/acme/imports", options).body
    key = f"accounts/acme/imports/{imported['id']}/upload"
    s3().put_object(Bucket="bulk", Key=key, Body=body)
    steps = {name: gateway.modules[f"import_numbers.{name.lower()}"] for name in ("Plan", "Write", "Finish")}
    imports = {name: (lambda event, m=module: m.lambda_handler(event, Context())) for name, module in steps.items()}
    Machine("ImportMachine", imports, read).run({"detail": {"object": {"key": key}}})
    job = gateway.call("manager", "GET", f"/accounts/acme/imports/{imported['id']}").body
    counts = {"rows": 5, "numbers": 5, "listed": 4, "already_listed": 0, "skipped_removed": 1, "invalid": 0}
    assert job["counts"] == counts, job
    assert entries(gateway) == before
    assert len(before) == 4


def test_an_export_waits_while_all_slots_are_taken(gateway, started, tasks, monkeypatch):
    step = gateway.modules["export_account.step"]
    limited = {**step.settings.environment, "READING_JOBS_PER_ACCOUNT": "1"}
    object.__setattr__(step.settings, "environment", limited)
    jobs = Jobs(clients.dynamodb(), "accounts", "acme")
    scrub = jobs.make(JobKind.SCRUB, {}, Actor("key:k"), times.now())
    jobs.begin(JobKind.SCRUB, scrub.id, "r")
    turns = Turns(clients.dynamodb(), "accounts", "acme")
    assert turns.take(jobs.get(JobKind.SCRUB, scrub.id), "r", Pool.READERS, 1, times.now()).taken
    made = order(gateway, kind="numbers").body["id"]
    statuses = []

    def before(state, _data):
        if state == "WaitForTurn":
            statuses.append(shown(gateway, made)["status"])
            jobs.fail(JobKind.SCRUB, scrub.id, "r", times.now(), "stopped")

    machine = Machine("ExportMachine", tasks, read)
    machine.run(json.loads(started[0]["input"]), made, before)
    assert (statuses, machine.waited, shown(gateway, made)["status"]) == (["queued"], [10], "done")


def test_an_export_of_the_audit_starts_over_if_the_index_lags_before_it_is_sealed(gateway, started, tasks, monkeypatch):
    made = order(gateway, kind="audit", **{"from": "2026-01-01T00:00:00Z"}).body["id"]
    outcomes = iter([None, IndexLags(), None, None])
    compared = []

    def compare(_sample):
        compared.append(1)
        if outcome := next(outcomes):
            raise outcome

    monkeypatch.setattr("dnc.bulk.exports.settled.Sample.compare", compare)
    work = json.loads(started[0]["input"])
    with pytest.raises(IndexLags):
        tasks["Write"](work)
    assert shown(gateway, made)["status"] == "running"
    assert tasks["Write"](work) == {"done": True, "wait": 0}
    assert (len(compared), shown(gateway, made)["status"]) == (4, "done")
