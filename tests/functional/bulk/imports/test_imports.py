"""The steps of an import as the state machine calls them, on moto: from upload to report, undo, and failures."""

import csv
import io
import json
import zipfile
from datetime import timedelta

import pytest

from dnc.aws import clients
from dnc.aws.errors import AwsError, NoResponse
from dnc.bulk.files import s3
from dnc.bulk.imports import piece as import_piece
from dnc.bulk.imports.pacing import NotYetDone
from dnc.bulk.imports.piece import MiscountedPiece
from tests.support.lambda_context import Context
from tests.support.machines import Machine

STEPS = ("import_numbers.plan", "import_numbers.write", "import_numbers.finish")


class States:
    """A stand-in for Step Functions that records what was started."""

    def __init__(self):
        self.started = []

    def start_execution(self, *, stateMachineArn, name, input):  # noqa: A002
        if name in [n for n, _ in self.started]:
            raise AwsError({"Error": {"Code": "ExecutionAlreadyExists"}})
        self.started.append((name, json.loads(input)))


@pytest.fixture
def states(modules, monkeypatch):
    states = States()
    monkeypatch.setattr(clients, "step_functions", lambda: states)
    return states


class Imports:
    """Uploads as a client does, then runs the steps as the state machine does."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.steps = [gateway.modules[name] for name in STEPS]

    def make(self, data, **more):
        execution_input = {"filename": "old list.csv", "bytes": len(data), **more}
        made = self.gateway.call("manager", "POST", "/accounts/acme/imports", execution_input)
        assert made.status == 201, made
        self.upload(made.body["id"], data)
        return made.body["id"]

    def upload(self, job_id, data):
        self.key = f"accounts/acme/imports/{job_id}/upload"
        s3().put_object(Bucket="bulk", Key=self.key, Body=data)

    def run(self, execution_input=None, run="run-1", context=None):
        plan, write, finish = self.steps
        execution_input = execution_input or {"detail": {"object": {"key": self.key}}}
        work = plan.lambda_handler({"run": run, "input": execution_input}, context or Context())
        if work["pieces"] and plan.lambda_handler({"work": work}, Context())["taken"]:
            body = s3().get_object(Bucket="bulk", Key=work["plan_key"])["Body"].read()
            for piece in json.loads(body):
                write.lambda_handler({**work, "piece": piece}, Context())
            finish.lambda_handler(work, Context())
        return work

    def read(self, job_id):
        return self.gateway.call("auditor", "GET", f"/accounts/acme/imports/{job_id}").body

    def completed(self, data, **more):
        job_id = self.make(data, **more)
        self.run()
        return self.read(job_id)

    def undo(self, job_id, **more):
        return self.gateway.call(
            "manager", "POST", f"/accounts/acme/imports/{job_id}/undo", {"acting_user": "u-2", **more}
        )


@pytest.fixture
def imports(gateway, states):
    return Imports(gateway)


def report(job, name="report_url"):
    url = job[name].split("?")[0].partition("amazonaws.com/")[2]
    body = s3().get_object(Bucket="bulk", Key=url)["Body"].read().decode()
    return list(csv.DictReader(io.StringIO(body)))


def test_an_import_lists_its_numbers_and_reports_the_rest(imports, gateway):
    gateway.add("+14155550101", note="by hand")
    job = imports.completed(
        b"phone,seller\n(415) 555-0100,Acme\n4155550101,\nx,\n415 555 0100,Acme\n", acting_user="u-1"
    )
    assert (job["status"], job["progress"], job["error"]) == ("done", 1.0, None)
    counts = {"rows": 4, "numbers": 4, "listed": 1, "already_listed": 2, "skipped_removed": 0, "invalid": 1}
    assert job["counts"] == counts
    assert [(r["line"], r["value"], r["outcome"]) for r in report(job)] == [("4", '"x"', "refused")]
    entry = gateway.numbers("auditor", "GET", "/+14155550100").body
    assert (entry["source"], entry["seller"], entry["import_id"]) == ("import", "Acme", job["id"])
    assert entry["listed_by"]["acting_user"] == "u-1"
    further = gateway.numbers("auditor", "GET", "/+14155550101").body
    assert (further["sources"], further["version"], further["note"]) == (["import", "manual"], 2, "by hand")
    assert not gateway.check(["415-555-0100"])["results"][0]["callable"]


def test_the_audit_records_the_events_of_an_import_and_its_undo(imports, gateway, stream):
    gateway.add("+14155550101")
    stream.deliver()
    imports.completed(b"4155550100\n4155550101\n")
    assert stream.deliver() == []
    for number, types in (("+14155550100", ["listed"]), ("+14155550101", ["listed", "requested_again"])):
        events = gateway.numbers("auditor", "GET", f"/{number}/history").body["events"]
        assert [e["type"] for e in events] == types
    job_id = imports.gateway.call("auditor", "GET", "/accounts/acme/imports").body["imports"][0]["id"]
    imports.undo(job_id)
    imports.run(*imports_undo(imports))
    assert stream.deliver() == []
    [*_, removed] = gateway.numbers("auditor", "GET", "/+14155550100/history").body["events"]
    assert (removed["type"], removed["reason"], removed["actor"]["acting_user"]) == ("removed", "import_error", "u-2")


def imports_undo(imports):
    run, execution_input = clients.step_functions().started[-1]
    return execution_input, run


def test_an_import_is_undone_only_once(imports, gateway):
    gateway.add("+14155550101")
    job_id = imports.completed(b"4155550100\n4155550101\n4155550102\n")["id"]
    gateway.add("+14155550102", source="sms")
    first = imports.undo(job_id)
    assert (first.status, first.body["status"]) == (200, "running")
    repeat = imports.undo(job_id)
    assert (repeat.status, repeat.body["undo"]) == (200, first.body["undo"])
    assert len(clients.step_functions().started) == 1
    imports.run(*imports_undo(imports))
    job = imports.read(job_id)
    assert (job["status"], job["progress"]) == ("undone", 1.0)
    assert job["counts"]["listed"] == 2, "the import keeps its own counts"
    assert job["undo"]["counts"] == {"removed": 1, "touched_since": 1, "listed_before": 1}
    assert [r["value"] for r in report(job["undo"])] == ['"+14155550102"']
    assert imports.undo(job_id).body["status"] == "undone"
    assert len(clients.step_functions().started) == 1
    statuses = [gateway.numbers("auditor", "GET", f"/+1415555010{i}").body["status"] for i in range(3)]
    assert statuses == ["removed", "listed", "listed"]


def test_an_undo_needs_no_second_person_and_leaves_a_number_whose_removal_waits(imports, gateway):
    policy = {"approve_reasons": ["import_error", "test_number"], "note": "two people"}
    assert gateway.call("admin", "PATCH", "/accounts/acme", policy).status == 200
    job_id = imports.completed(b"4155550100\n4155550101\n")["id"]
    removal = {"reason": "test_number", "note": "ours", "if_version": 1, "acting_user": "u-2"}
    assert gateway.numbers("manager", "DELETE", "/14155550101", removal).status == 202
    imports.undo(job_id)
    imports.run(*imports_undo(imports))
    assert imports.read(job_id)["undo"]["counts"]["removed"] == 1
    statuses = [gateway.numbers("manager", "GET", f"/{n}").body["status"] for n in ("14155550100", "14155550101")]
    assert statuses == ["removed", "listed"]


def test_a_row_of_an_import_that_says_something_new_drops_a_removal_that_waits(imports, gateway):
    policy = {"approve_reasons": ["test_number"], "note": "two people"}
    assert gateway.call("admin", "PATCH", "/accounts/acme", policy).status == 200
    for number in ("4155550100", "4155550101"):
        gateway.add(number, source="import", campaign_id="spring")
        removal = {"reason": "test_number", "note": "ours", "if_version": 1, "acting_user": "u-2"}
        assert gateway.numbers("manager", "DELETE", f"/1{number}", removal).status == 202
    imports.completed(b"number,campaign_id\n4155550100,spring\n4155550101,autumn\n")
    page = gateway.call("manager", "GET", "/accounts/acme/pending-removals").body
    assert [entry["number"] for entry in page["numbers"]] == ["+14155550100"]


def test_an_undo_that_cannot_be_started_is_503_and_not_recorded(imports, monkeypatch):
    job_id = imports.completed(b"4155550100\n")["id"]

    class Away:
        def start_execution(self, **_):
            raise NoResponse("StartExecution: TimeoutError")

    with monkeypatch.context() as patch:
        patch.setattr(clients, "step_functions", Away)
        assert (imports.undo(job_id).status, imports.read(job_id)["undo"]) == (503, None)
    assert imports.undo(job_id).status == 200


def test_an_undo_that_is_impossible_is_refused_with_the_reason(imports):
    job_id = imports.make(b"4155550100\n")
    assert imports.undo(job_id).code == "conflict"
    dry = imports.completed(b"4155550100\n", dry_run=True)["id"]
    assert "dry run" in imports.undo(dry).body["detail"]
    failed = imports.completed(b"\x89PNG....")["id"]
    assert "before it changed anything" in imports.undo(failed).body["detail"]
    without = imports.gateway.call("manager", "POST", f"/accounts/acme/imports/{dry}/undo", {})
    assert (without.status, without.fields) == (422, ["acting_user"])
    legal = imports.completed(b"4155550100\n", source="legal")["id"]
    assert imports.undo(legal).status == 403


@pytest.mark.parametrize("window", [1, 1000])
def test_a_dry_run_changes_nothing(imports, gateway, monkeypatch, window):
    monkeypatch.setattr(import_piece, "NUMBERS_PER_WINDOW", window)
    job = imports.completed(b"4155550100\n4155550100\nx\n", dry_run=True)
    assert job["counts"] == {
        "rows": 3,
        "numbers": 3,
        "listed": 1,
        "already_listed": 1,
        "skipped_removed": 0,
        "invalid": 1,
    }
    assert gateway.numbers("auditor", "GET", "?status=all").body["numbers"] == []


def test_a_zip_has_a_report_for_each_file(imports):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("415.txt", b"415,5550100\n415,12\n")
        archive.writestr("212.txt", b"212,5550101\n415,5550100\n")
    job = imports.completed(out.getvalue(), source="registry", registry={"version": "2026-11"})
    assert job["counts"] == {
        "rows": 4,
        "numbers": 4,
        "listed": 2,
        "already_listed": 1,
        "skipped_removed": 0,
        "invalid": 1,
    }
    assert [(f["name"], f["counts"]["rows"], f["counts"]["invalid"]) for f in job["files"]] == [
        ("415.txt", 2, 1),
        ("212.txt", 2, 0),
    ]
    assert [(r["file"], r["line"], r["value"]) for r in report(job)] == [('"415.txt"', "2", '"415,12"')]
    assert [len(report(f)) for f in job["files"]] == [1, 0]


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"number\n", "no rows"), (b"\x89PNG....", "PNG"), (b"415,5550100,A\n415,5550101,D\n", "change")],
)
def test_a_refused_file_fails_the_job_with_the_reason_and_changes_nothing(imports, gateway, data, words):
    job = imports.completed(data)
    assert job["status"] == "failed"
    assert words in job["error"]
    assert gateway.numbers("auditor", "GET", "?status=all").body["numbers"] == []


def test_an_upload_that_is_announced_twice_is_imported_once(imports):
    job_id = imports.make(b"4155550100\n")
    assert imports.run()["pieces"] == 1
    assert imports.run(run="run-2")["pieces"] == 0
    assert imports.read(job_id)["counts"]["listed"] == 1


def test_a_piece_of_a_run_that_has_ended_does_nothing(imports, gateway):
    job_id = imports.make(b"4155550100\n")
    plan, write, _ = imports.steps
    work = plan.lambda_handler({"run": "run-1", "input": {"detail": {"object": {"key": imports.key}}}}, Context())
    piece = {"piece": 1, "file": 0, "group": 1, "rows": 1}
    assert write.lambda_handler({**work, "piece": piece}, Context()) == {}, "its turn has not come"
    assert plan.lambda_handler({"work": work}, Context())["taken"]
    assert write.lambda_handler({**work, "run": "run-2", "piece": piece}, Context()) == {}
    assert gateway.numbers("auditor", "GET", "?status=all").body["numbers"] == []
    assert imports.read(job_id)["progress"] < 0.1
    with pytest.raises(NotYetDone):
        write.lambda_handler({**work, "piece": piece}, Context(left=1000))
    with pytest.raises(MiscountedPiece):
        write.lambda_handler({**work, "piece": {**piece, "rows": 2}}, Context())
    assert imports.read(job_id)["status"] == "running"
    write.lambda_handler({**work, "piece": piece}, Context())
    assert imports.read(job_id)["progress"] == 0.95


def test_a_run_that_crashes_fails_and_can_be_undone(imports, gateway):
    job_id = imports.make(b"4155550100\n4155550101\n")
    plan, write, finish = imports.steps
    execution_input = {"detail": {"object": {"key": imports.key}}}
    work = plan.lambda_handler({"run": "run-1", "input": execution_input}, Context())
    for piece in json.loads(s3().get_object(Bucket="bulk", Key=work["plan_key"])["Body"].read())[:1]:
        write.lambda_handler({**work, "piece": piece}, Context())
    for _ in range(2):
        caught = {"Error": "NotYetDone", "Cause": "{}"}
        finish.lambda_handler({"run": "run-1", "input": {**execution_input, "work": work, "caught": caught}}, Context())
    job = imports.read(job_id)
    assert job["status"] == "failed"
    assert "did not keep up" in job["error"]
    imports.undo(job_id)
    run_input, run = imports_undo(imports)
    caught = {"Error": "States.TaskFailed"}
    plan.lambda_handler({"run": run, "input": run_input}, Context())
    finish.lambda_handler({"run": run, "input": {**run_input, "caught": caught}}, Context())
    broken = imports.read(job_id)
    assert (broken["status"], broken["error"]) == ("failed", job["error"])
    assert "Request the undo again" in broken["undo"]["error"]


def test_an_undo_whose_files_have_expired_ends_and_says_what_to_do(imports, gateway):
    job_id = imports.completed(b"4155550100\n")["id"]
    stored = s3().list_objects_v2(Bucket="bulk", Prefix=f"accounts/acme/imports/{job_id}/")["Contents"]
    for one in stored:
        s3().delete_object(Bucket="bulk", Key=one["Key"])
    imports.undo(job_id)
    imports.run(*imports_undo(imports))
    job = imports.read(job_id)
    assert (job["status"], job["error"]) == ("done", None)
    assert "have expired" in job["undo"]["error"]
    assert gateway.numbers("auditor", "GET", "/+14155550100").body["status"] == "listed"


def test_an_import_into_a_suspended_account_continues_so_that_no_opt_out_is_lost(imports, gateway):
    job_id = imports.make(b"4155550100\n")
    gateway.call("operator", "PUT", "/accounts/acme", {"suspended": True})
    imports.run()
    result = imports.gateway.call("operator", "GET", f"/accounts/acme/imports/{job_id}").body
    assert (result["status"], result["counts"]["listed"]) == ("done", 1)


def test_an_import_may_set_when_its_numbers_expire(imports, gateway):
    job = imports.completed(b"4155550100\n", source="suppression", expires_at="2099-01-31T10:00:00Z")
    assert job["expires_at"] == "2099-01-31T10:00:00.000Z"
    assert gateway.numbers("auditor", "GET", "/+14155550100").body["expires_at"] == "2099-01-31T10:00:00.000Z"
    refused = {"filename": "a.csv", "bytes": 9}
    for more in (
        {"source": "sms", "expires_at": "2099-01-31T10:00:00Z"},
        {"source": "registry", "expires_at": "2020-01-31T10:00:00Z"},
    ):
        reply = gateway.call("manager", "POST", "/accounts/acme/imports", refused | more)
        assert reply.status == 422
        assert "expires_at" in str(reply.body)


@pytest.mark.parametrize(("later", "kept"), [("2099-06-30", "2099-06-30"), ("2099-01-30", "2099-01-31"), (None, None)])
def test_a_further_import_lengthens_a_listing_and_never_shortens_it(imports, gateway, later, kept):
    for day in ("2099-01-31", later):
        more = {"expires_at": f"{day}T10:00:00.000Z"} if day else {}
        imports.completed(b"4155550100\n", source="suppression", **more)
    entry = gateway.numbers("auditor", "GET", "/+14155550100").body
    assert entry["expires_at"] == (f"{kept}T10:00:00.000Z" if kept else None)


def test_an_import_logs_no_numbers_names_or_notes(imports, capsys):
    imports.completed(b"number,consumer_name\n4155550100,Zebedee Quillfeather\n415555,Zebedee\n", note="secret note")
    logged = capsys.readouterr().out
    assert "4155550100" not in logged
    assert "Zebedee" not in logged
    assert "secret note" not in logged


def test_an_import_with_ambiguous_columns_waits_until_they_are_chosen(imports, gateway, states):
    rows = b"".join(b"21255501%02d,41555501%02d,DNC\n" % (i, i) for i in range(10))
    job_id = imports.make(b"Customer Ref,Caller Line,Outcome\n" + rows)
    assert imports.run()["pieces"] == 0
    job = imports.read(job_id)
    assert (job["status"], job["counts"], job["error"]) == ("needs_columns", {}, None)
    assert [candidate["column"] for candidate in job["candidates"]] == ["Customer Ref", "Caller Line"]
    assert job["candidates"][1]["samples"] == ["4155550100", "4155550101", "4155550102"]
    assert gateway.numbers("auditor", "GET", "?status=all").body["numbers"] == []
    assert imports.undo(job_id).code == "conflict"

    def choose(*columns):
        path = f"/accounts/acme/imports/{job_id}/columns"
        return gateway.call("manager", "POST", path, {"columns": list(columns)})

    unknown = choose("Phone")
    assert (unknown.status, unknown.fields) == (422, ["columns.0"])
    assert choose("caller line").body["status"] == "queued"
    assert choose("caller line").status == 200, "a repeat"
    assert choose("Customer Ref").code == "conflict"
    [(run, execution_input)] = states.started
    imports.run(execution_input, run)
    job = imports.read(job_id)
    assert (job["status"], job["counts"]["listed"], job["candidates"]) == ("done", 10, [])
    assert gateway.numbers("auditor", "GET", "/+14155550100").status == 200
    assert choose("caller line").code == "conflict"


def test_a_job_that_waits_too_long_for_its_columns_fails(imports, gateway, monkeypatch):
    job_id = imports.make(b"a,b\n" + b"".join(b"21255501%02d,41555501%02d\n" % (i, i) for i in range(5)))
    imports.run()
    monkeypatch.setattr("dnc.bulk.choice.LONGEST_WAIT", timedelta(0))
    job = imports.read(job_id)
    assert (job["status"], job["candidates"]) == ("failed", [])
    chosen = gateway.call("manager", "POST", f"/accounts/acme/imports/{job_id}/columns", {"columns": ["b"]})
    assert chosen.code == "conflict"


def test_columns_may_be_chosen_when_the_import_is_created(imports):
    rows = b"".join(b"21255501%02d,41555501%02d\n" % (i, i) for i in range(5))
    assert imports.completed(b"a,b\n" + rows, columns=["b"])["counts"]["listed"] == 5
    assert "chosen" in imports.completed(b"a,b\n" + rows, columns=["c"])["error"]


def test_the_numbers_in_all_columns_are_listed_reported_and_undone(imports, gateway):
    job = imports.completed(b"name,phone,alt_phone\nAnn,4155550100,2125550101\nBob,4155550102,415555\nCid,,\n")
    assert (job["counts"]["rows"], job["counts"]["numbers"], job["counts"]["invalid"]) == (3, 5, 2)
    assert "phone, alt_phone" in job["attention"]
    assert [(r["line"], r["value"], r["column"]) for r in report(job)] == [
        ("3", '"415555"', "alt_phone"),
        ("4", '""', "phone"),
    ]
    assert not gateway.check(["2125550101"])["results"][0]["callable"]
    imports.undo(job["id"])
    imports.run(*imports_undo(imports))
    assert imports.read(job["id"])["undo"]["counts"]["removed"] == 3
    assert gateway.check(["2125550101"])["results"][0]["callable"]


def test_a_repeated_file_renews_no_request_and_prevents_no_undo(imports, gateway):
    wrong = imports.completed(b"phone\n4155550100\n")
    before = gateway.numbers("auditor", "GET", "/+14155550100").body
    nightly = imports.completed(b"phone\n4155550100\n")
    assert nightly["counts"]["already_listed"] == 1
    assert gateway.numbers("auditor", "GET", "/+14155550100").body == before
    later = imports.completed(b"phone,requested_at\n4155550100,2026-11-01\n")
    assert later["counts"]["already_listed"] == 1
    assert gateway.numbers("auditor", "GET", "/+14155550100").body["version"] == 1
    imports.undo(wrong["id"])
    imports.run(*imports_undo(imports))
    assert gateway.numbers("auditor", "GET", "/+14155550100").body["status"] == "removed"


def test_a_migrated_list_says_when_its_numbers_were_listed_and_otherwise_late_is_unknown(imports, gateway, stream):
    data = (
        b"number,requested_at,listed_at\n"
        b"+14155550100,2026-03-02,2026-03-10\n"
        b"+14155550101,2026-03-02,2026-04-10\n"
        b"+14155550102,2026-03-02,\n"
        b"+14155550103,2026-03-02,someday\n"
        b"+14155550104,2026-03-02,2099-01-01\n"
    )
    job = imports.completed(data)
    assert (job["counts"]["listed"], len(report(job))) == (5, 2)
    entries = [gateway.numbers("manager", "GET", f"/+1415555010{i}").body for i in range(5)]
    assert [entry["late"] for entry in entries] == [False, True, None, None, None]
    assert {entry["honor_by"] for entry in entries} == {"2026-03-16T23:59:59.999Z"}
    elsewhere = [entry.get("listed_elsewhere_at") for entry in entries]
    assert elsewhere == ["2026-03-10T00:00:00.000Z", "2026-04-10T00:00:00.000Z", None, None, None]
    stream.deliver()
    assert gateway.call("auditor", "GET", "/accounts/acme/stats").body["days"][-1]["late"] == 1
    imports.completed(data + data)
    assert [gateway.numbers("manager", "GET", f"/+1415555010{i}").body for i in range(5)] == entries


def test_an_import_widens_channels_and_never_narrows_them(imports, gateway):
    data = b"number,channel,note\n+14155550100,text,x\n+14155550101,voice,x\n+14155550102,voice,\n"
    job = imports.completed(data)
    assert (job["counts"]["listed"], len(report(job))) == (3, 1)
    assert imports.completed(data)["counts"]["already_listed"] == 3

    def channels():
        paths = [f"/+1415555010{i}" for i in range(3)]
        entries = [gateway.numbers("manager", "GET", path).body for path in paths]
        return [(entry["channels"], entry["version"]) for entry in entries]

    assert channels() == [(["text"], 1), (["voice"], 1), (["text", "voice"], 1)]
    imports.completed(b"number,channel,note\n+14155550100,voice,x\n+14155550101,voice,x\n+14155550102,text,x\n")
    assert channels() == [(["text", "voice"], 2), (["voice"], 1), (["text", "voice"], 1)]


def test_a_row_dated_before_a_removal_relists_nothing(imports, gateway):
    gateway.add("+14155550100")
    removal = {"reason": "test_number", "note": "ours", "if_version": 1, "acting_user": "u-2"}
    gateway.numbers("manager", "DELETE", "/+14155550100", removal)
    job = imports.completed(b"phone,requested_at\n4155550100,2020-01-02\n")
    assert (job["counts"]["skipped_removed"], job["counts"]["listed"]) == (1, 0)
    assert imports.completed(b"phone\n4155550100\n")["counts"]["listed"] == 1


def test_a_list_from_another_country_ends_with_a_sentence_about_the_remarks(imports):
    rows = b"".join(b"415555%04d\n" % i for i in range(100, 110))
    job = imports.completed(b"phone\n" + rows, region="GB")
    assert job["status"] == "done"
    assert "10 of 10 numbers have remarks" in job["attention"]
    assert "undo this import" in job["attention"]
    assert len(report(job)) == 10
    assert imports.completed(b"phone\n" + rows)["attention"] is None


def test_a_large_import_waits_for_the_one_before_it_and_starts_by_itself(gateway, imports, monkeypatch):
    monkeypatch.setattr("dnc.bulk.turns.LARGE_IMPORT_ROWS", 3)
    plan, _, _ = imports.steps
    first = imports.make(b"phone\n4155550100\n4155550101\n4155550102\n")
    work = plan.lambda_handler({"run": "run-1", "input": {"detail": {"object": {"key": imports.key}}}}, Context())
    assert plan.lambda_handler({"work": work}, Context()) == {"taken": True, "wait": 0, "over": False}
    small = imports.completed(b"phone\n4155550103\n4155550104\n")
    assert (small["status"], small["counts"]["listed"]) == ("done", 2), "a small file waits for none"

    second = imports.make(b"phone\n4155550105\n4155550106\n4155550107\n")
    statuses = []

    def before(state, _data):
        if state != "WaitForTurn":
            return
        statuses.append((imports.read(first)["status"], imports.read(second)["status"]))
        if len(statuses) == 3:
            for piece in json.loads(s3().get_object(Bucket="bulk", Key=work["plan_key"])["Body"].read()):
                imports.steps[1].lambda_handler({**work, "piece": piece}, Context())
            imports.steps[2].lambda_handler(work, Context())

    tasks = {
        name: (lambda event, m=module: m.lambda_handler(event, Context()))
        for name, module in zip(("Plan", "Write", "Finish"), imports.steps, strict=True)
    }
    machine = Machine("ImportMachine", tasks, lambda key: s3().get_object(Bucket="bulk", Key=key)["Body"].read())
    machine.run({"detail": {"object": {"key": imports.key}}}, "run-2", before)
    assert statuses == [("running", "queued")] * 3
    assert machine.waited == [10] * 3
    assert [imports.read(job)["status"] for job in (first, second)] == ["done", "done"]
    assert imports.read(second)["counts"]["listed"] == 3


def test_an_undo_runs_beside_a_large_import(gateway, imports, states, monkeypatch):
    monkeypatch.setattr("dnc.bulk.turns.LARGE_IMPORT_ROWS", 2)
    wrong = imports.completed(b"phone\n4155550100\n4155550101\n")
    imports.make(b"phone\n4155550105\n4155550106\n")
    plan = imports.steps[0]
    work = plan.lambda_handler({"run": "run-2", "input": {"detail": {"object": {"key": imports.key}}}}, Context())
    assert plan.lambda_handler({"work": work}, Context())["taken"]
    assert imports.undo(wrong["id"]).body["status"] == "running"
    run, work = states.started[-1]
    imports.run(work, run)
    assert imports.read(wrong["id"])["status"] == "undone"
