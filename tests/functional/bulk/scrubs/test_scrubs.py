"""Scrubs on moto, through the real definition of their state machine."""

import csv
import gzip
import io
import json
import random
import zipfile

import pytest
import requests

from dnc import times
from dnc.aws import clients
from dnc.bulk.files import s3
from dnc.bulk.jobs import JobKind, Jobs
from dnc.bulk.scrubs import plan as scrub_plan
from dnc.bulk.scrubs.piece import IncompletePiece
from dnc.entries.entry import Actor
from infra.local.stack import ROOT
from tests.support.lambda_context import Context
from tests.support.machines import ExecutionFailed, Machine

FILE = (
    "lead;phone;name\r\n"
    'l-1;(415) 555-0100;"Doe; J."\r\n'
    "l-2;+14155550101;plain\r\n"
    "l-3;12;too short\r\n"
    'l-4;"415.555.0102";"two\r\nlines, ""quoted"""\r\n'
    "l-5;4155550103\r\n"
    "l-6;415 555 0101;again\r\n"
)


class Scrubs:
    """Creates scrubs as a client does, and runs the state machine that their uploads start."""

    def __init__(self, gateway):
        self.gateway = gateway
        handlers = {"Plan": "plan", "ReadList": "read_list", "Check": "check", "Finish": "finish"}
        modules = {name: gateway.modules[f"scrub_leads.{module}"] for name, module in handlers.items()}
        self.tasks = {
            name: (lambda event, m=module: m.lambda_handler(event, Context())) for name, module in modules.items()
        }

    def make(self, body, filename="leads.csv", **options):
        made = self.gateway.call(
            "manager", "POST", "/accounts/acme/scrubs", {"filename": filename, "bytes": len(body), **options}
        )
        assert made.status == 201, made
        upload = made.body["upload"]
        self.put(upload, body)
        return made.body["id"]

    def put(self, upload, body):
        assert requests.put(upload["url"], data=body, headers=upload["headers"], timeout=10).status_code == 200

    def run(self, scrub_id, name="run-1", before=lambda state, data: None):
        key = f"accounts/acme/scrubs/{scrub_id}/upload"
        machine = Machine("ScrubMachine", self.tasks, self.read)
        machine.run({"detail": {"object": {"key": key}}}, name, before)
        return self.gateway.call("auditor", "GET", f"/accounts/acme/scrubs/{scrub_id}").body

    def read(self, key):
        return s3().get_object(Bucket="bulk", Key=key)["Body"].read()

    def results(self, job):
        return [requests.get(job[f"{name}_url"], timeout=10).content for name in ("clear", "blocked", "late")]

    def scrub(self, body, **options):
        job = self.run(self.make(body, **options))
        assert job["status"] == "done", job
        return job, *self.results(job)


@pytest.fixture
def scrubs(gateway):
    return Scrubs(gateway)


@pytest.mark.parametrize("by", ["reading", "lookup"])
def test_columns_quoting_and_order_are_preserved(gateway, scrubs, monkeypatch, by):
    if by == "lookup":
        monkeypatch.setattr("dnc.bulk.scrubs.listed.MIN_BUDGET", 0.0)
        monkeypatch.setattr("dnc.bulk.scrubs.listed.budget_of", lambda leads: -1.0)
        client = clients.dynamodb()
        query = client.query
        monkeypatch.setattr(client, "query", lambda **options: query(**{**options, "Limit": 1}))
        gateway.add("+14155550190")
    gateway.add("+14155550101")
    gateway.add("(415) 555-0102")
    job, clear, blocked, late = scrubs.scrub(FILE.encode())
    assert job["looked_by"] == by
    assert job["counts"] == {"rows": 6, "clear": 2, "blocked": 3, "invalid": 1, "late": 0}
    assert clear.decode() == (
        'lead;phone;name;dnc_status\r\nl-1;(415) 555-0100;"Doe; J.";clear\r\nl-5;4155550103;;clear\r\n'
    )
    assert blocked.decode() == (
        "lead;phone;name;dnc_status\r\n"
        "l-2;+14155550101;plain;listed\r\n"
        "l-3;12;too short;invalid\r\n"
        'l-4;"415.555.0102";"two\r\nlines, ""quoted""";listed\r\n'
        "l-6;415 555 0101;again;listed\r\n"
    )
    assert late.decode() == "lead;phone;name;dnc_status\r\n"
    assert job["created_at"] <= job["as_of"] <= job["finished_at"]


def test_removed_and_expired_numbers_are_clear_and_manually_written_rows_are_not(gateway, scrubs):
    gateway.add("+14155550100", source="manual")
    body = {"reason": "test_number", "note": "ours", "if_version": 1, "acting_user": "u-2"}
    gateway.numbers("manager", "DELETE", "/+14155550100", body)
    expiring = {"status": {"S": "listed"}, "sources": {"SS": ["registry"]}}
    rows = {"+14155550101": {**expiring, "expires_at": {"N": "1000"}}, "+14155550102": {"expires_at": {"S": "soon"}}}
    for number, row in {**rows, "+14155550103": {}}.items():
        item = {"account_id": {"S": "acme"}, "number": {"S": number}, **row}
        clients.client("dynamodb").put_item(TableName="numbers", Item=item)
    body = "number\n" + "".join(f"+1415555010{i}\n" for i in range(5))
    _, clear, *_ = scrubs.scrub(body.encode())
    assert clear.decode() == ("number,dnc_status\n+14155550100,clear\n+14155550101,clear\n+14155550104,clear\n")


def look_up(gateway, monkeypatch):
    """Make looking up the leads cheaper than reading the list, and the list longer than one row."""
    monkeypatch.setattr("dnc.bulk.scrubs.listed.budget_of", lambda leads: -1.0)
    client = clients.dynamodb()
    query = client.query
    monkeypatch.setattr(client, "query", lambda **options: query(**{**options, "Limit": 1}))
    gateway.add("+14155550190")


@pytest.mark.parametrize("by", ["reading", "lookup"])
@pytest.mark.parametrize("channel", [None, "voice", "text"])
def test_a_scrub_for_a_channel_is_blocked_by_requests_that_cover_it(gateway, stream, scrubs, monkeypatch, by, channel):
    numbers = [f"+1415555010{i}" for i in range(8)]
    if by == "lookup":
        look_up(gateway, monkeypatch)
    gateway.add(numbers[0])
    gateway.add(numbers[1], channels=["text"], note="x")
    gateway.add(numbers[2], channels=["voice"], note="x")

    def meanwhile(state, _):
        if state == "ReadListAgain":
            gateway.add(numbers[3], channels=["text"], note="x")
            gateway.add(numbers[4], channels=["voice"], note="x")
        if state == "Finish":
            gateway.add(numbers[5], channels=["text"], note="x")
            gateway.add(numbers[6], channels=["voice"], note="x")
            stream.deliver()

    options = {"channel": channel} if channel else {}
    scrub_id = scrubs.make(("number\n" + "".join(f"{n}\n" for n in numbers)).encode(), **options)
    job = scrubs.run(scrub_id, before=meanwhile)
    assert (job["looked_by"], job["channel"]) == (by, channel)
    _, blocked, late = (
        [row["number"] for row in csv.DictReader(io.StringIO(body.decode()))] for body in scrubs.results(job)
    )
    covering = {None: (1, 2, 3, 4, 5, 6), "text": (1, 3, 5), "voice": (2, 4, 6)}[channel]
    assert blocked == [numbers[i] for i in (0, *covering) if i < 3]
    assert late == [numbers[i] for i in covering if i >= 3]


def test_any_encoding_is_read_and_its_characters_are_preserved(scrubs):
    cases = {"utf-8": b"", "utf-8-sig": b"\xef\xbb\xbf", "utf-16": b"\xef\xbb\xbf", "cp1252": b""}
    for encoding, mark in cases.items():
        _, clear, _, _ = scrubs.scrub("name,phone\nMüller,415 555 0100\nÅse,415 555 0101\n".encode(encoding))
        assert clear.startswith(mark + b"name,phone,dnc_status\n")
        letters = "Müller".encode("cp1252" if encoding == "cp1252" else "utf-8")
        assert letters + b",415 555 0100,clear\n" in clear


def packed(body):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("leads.csv", body)
    return out.getvalue()


def test_a_packed_file_is_unpacked(scrubs):
    for pack in (gzip.compress, packed):
        job, *_ = scrubs.scrub(pack(FILE.encode()), filename="leads.packed")
        assert job["counts"]["clear"] == 5


def test_the_column_is_detected_or_chosen(gateway, scrubs):
    gateway.add("4155550111")
    body = b"id,phone,work phone\n1,4155550100,4155550111\n"
    for column, blocked in ((None, 1), ("phone", 1), ("Work Phone", 1), ("3", 1), ("work phone ", 1)):
        job, *_ = scrubs.scrub(body, **({"column": column} if column else {}))
        assert job["counts"]["blocked"] == blocked, column


def test_a_file_without_a_header_gets_none(scrubs):
    _, clear, blocked, _ = scrubs.scrub(b"4155550100\n4155550101", column="1")
    assert (clear, blocked) == (b"4155550100,clear\n4155550101,clear\n", b"")


def test_a_file_that_cannot_be_scrubbed_is_refused_with_the_reason(scrubs):
    for body, column, words in (
        (b"a,b\n1,2\n", "phone", "no column with a chosen name or position"),
        (b"a,a\n1,2\n", "a", "more than one column"),
        (b"4155550100,x\n4155550101,y\n", "7", "no column with a chosen name or position"),
        (b"phone\n", None, "no rows of leads"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), None, "PNG"),
        (b"name,city\nDoe,Paris\n", None, "No column"),
    ):
        job = scrubs.run(scrubs.make(body, **({"column": column} if column else {})))
        assert job["status"] == "failed"
        assert words in job["error"]
        assert (job["clear_url"], job["blocked_url"]) == (None, None)
    job = scrubs.run(scrubs.make(b"x"))
    assert job["counts"].get("clear", 0) == 0


def test_a_failed_lookup_fails_the_scrub_and_nothing_is_clear(gateway, scrubs, monkeypatch):
    scrub_id = scrubs.make(FILE.encode())

    def broken(*_):
        raise RuntimeError("+14155550100 could not be read")

    monkeypatch.setattr(gateway.modules["scrub_leads.check"], "_listed_of", broken)
    with pytest.raises(ExecutionFailed):
        scrubs.run(scrub_id)
    job = gateway.call("auditor", "GET", f"/accounts/acme/scrubs/{scrub_id}").body
    assert (job["status"], job["clear_url"], job["blocked_url"], job["counts"]) == ("failed", None, None, {})
    assert "415" not in job["error"]


def test_if_an_intermediate_file_is_lost_nothing_is_clear(gateway, scrubs):
    gateway.add("+14155550100")
    for lost, step in {
        "list/1-00001.bin": "FirstPass",
        "pieces/000001.json": "FirstPass",
        "outcomes/000001.bin": "Finish",
        "late/000001.json": "Finish",
    }.items():
        scrub_id = scrubs.make(FILE.encode())
        key = f"accounts/acme/scrubs/{scrub_id}/{lost}"
        with pytest.raises(ExecutionFailed):
            scrubs.run(
                scrub_id, before=lambda s, _, k=key, at=step: s == at and s3().delete_object(Bucket="bulk", Key=k)
            )
        assert gateway.call("auditor", "GET", f"/accounts/acme/scrubs/{scrub_id}").body["clear_url"] is None


@pytest.mark.parametrize("by", ["reading", "lookup"])
def test_a_number_listed_during_a_scrub_is_blocked_or_late(gateway, stream, scrubs, monkeypatch, by):
    """Numbers are added at every step. Each add that was acknowledged before the end is in one of the two files."""
    monkeypatch.setattr(scrub_plan, "ROWS_PER_PIECE", 5)
    make = scrub_plan.make
    monkeypatch.setattr(scrub_plan, "make", lambda *a, **k: make(*a, **k, rows_per_piece=5))
    if by == "lookup":
        monkeypatch.setattr("dnc.bulk.scrubs.listed.budget_of", lambda leads: -1.0)
        client = clients.dynamodb()
        query = client.query
        monkeypatch.setattr(client, "query", lambda **options: query(**{**options, "Limit": 1}))
    dice = random.Random(3)
    leads = [f"+1415555{i:04}" for i in range(100, 160)]
    gateway.add("+14155550001")
    gateway.add(leads[0])
    scrub_id = scrubs.make(("phone\n" + "".join(f"{n}\n" for n in leads)).encode())
    added = {leads[0]: ""}
    waiting = [n for n in leads[1:] if dice.random() < 0.8]
    dice.shuffle(waiting)

    def meanwhile(state, _):
        for _ in range(2):
            if waiting:
                number = waiting.pop()
                gateway.add(number)
                added[number] = times.text(times.now())
        if state == "Finish":
            stream.deliver()  # the audit knows the numbers that were listed during the second pass

    job = scrubs.run(scrub_id, before=meanwhile)
    assert job["looked_by"] == by
    clear, blocked, late = (
        {row["phone"] for row in csv.DictReader(io.StringIO(body.decode()))} for body in scrubs.results(job)
    )
    assert clear | blocked == set(leads)
    assert not clear & blocked
    assert late <= clear
    missed = {number for number, at in added.items() if number not in blocked | late}
    assert missed == set()
    assert len(blocked) > 1
    assert late, "some were listed after they were looked up"
    assert job["counts"]["late"] == len(late)


def test_a_late_number_is_reported_with_its_whole_row(gateway, scrubs):
    scrub_id = scrubs.make(FILE.encode())
    job = scrubs.run(scrub_id, before=lambda s, _: gateway.add("+14155550102") if s == "ReadListAgain" else None)
    _, _, late = scrubs.results(job)
    assert late.decode().split("\r\n", 1)[1] == 'l-4;"415.555.0102";"two\r\nlines, ""quoted""";listed\r\n'


def test_of_two_runs_of_a_piece_only_the_first_counts(gateway, scrubs):
    """A second worker finishes the piece after a number was listed. Its result is ignored."""
    scrub_id = scrubs.make(FILE.encode())
    check = scrubs.tasks["Check"]
    repeated = []

    def twice(event):
        if event["pass"] == 1:
            first = check(event)
            gateway.add("+14155550101")
            repeated.append(check(event))
            return first
        return check(event)

    scrubs.tasks["Check"] = twice
    job = scrubs.run(scrub_id)
    assert repeated
    clear, blocked, late = scrubs.results(job)
    assert b"+14155550101" in clear
    assert b"+14155550101" not in blocked
    assert late.count(b"555 0101") + late.count(b"5550101") == 2


def test_an_upload_that_is_announced_twice_is_scrubbed_once(scrubs):
    scrub_id = scrubs.make(FILE.encode())
    first = scrubs.run(scrub_id, "run-1")
    again = scrubs.run(scrub_id, "run-2")
    assert {k: v for k, v in first.items() if not k.endswith("url")} == {
        k: v for k, v in again.items() if not k.endswith("url")
    }


class Reached(Exception):
    """A scrub has reached the state up to which it was run."""


def work_at(scrubs, state):
    """Run a scrub up to a state. Return the work that is the state's input, and the folder of the scrub's files."""
    seen = []

    def before(name, data):
        if name == state:
            seen.append(data["work"])
            raise Reached

    folder = f"accounts/acme/scrubs/{scrubs.make(FILE.encode())}/"
    machine = Machine("ScrubMachine", scrubs.tasks, scrubs.read)
    with pytest.raises(Reached):
        machine.run({"detail": {"object": {"key": f"{folder}upload"}}}, "run-1", before)
    return seen[0], folder


def test_a_list_that_was_read_in_part_clears_nobody(gateway, scrubs):
    gateway.add("+14155550101")
    work, _ = work_at(scrubs, "FirstPass")
    work["lists"]["pass1"]["numbers"] += 1
    with pytest.raises(IncompletePiece, match="list"):
        scrubs.tasks["Check"]({"work": work, "pass": 1, "piece": {"piece": 1, "rows": 6}})


def test_a_piece_without_all_of_its_leads_clears_nobody(scrubs):
    work, folder = work_at(scrubs, "FirstPass")
    with pytest.raises(IncompletePiece, match="planned"):
        scrubs.tasks["Check"]({"work": work, "pass": 1, "piece": {"piece": 1, "rows": 7}})
    keys = [found["Key"] for found in s3().list_objects_v2(Bucket="bulk", Prefix=folder)["Contents"]]
    assert not any("/out" in key for key in keys)


@pytest.mark.parametrize(("plan", "why"), [(None, "plan is missing"), ([], "rows of the file")])
def test_a_plan_that_is_missing_or_short_ends_the_scrub(scrubs, plan, why):
    work, folder = work_at(scrubs, "Finish")
    if plan is None:
        s3().delete_object(Bucket="bulk", Key=f"{folder}plan.json")
    else:
        s3().put_object(Bucket="bulk", Key=f"{folder}plan.json", Body=json.dumps(plan).encode())
    with pytest.raises(IncompletePiece, match=why):
        scrubs.tasks["Finish"]({"work": work})


def test_a_scrub_that_another_run_has_is_not_planned_again(gateway, scrubs):
    scrub_id = scrubs.make(FILE.encode())
    event = {"input": {"detail": {"object": {"key": f"accounts/acme/scrubs/{scrub_id}/upload"}}}}
    assert scrubs.tasks["Plan"]({**event, "run": "run-1"})["pieces"] == 1
    before = s3().get_object(Bucket="bulk", Key=f"accounts/acme/scrubs/{scrub_id}/plan.json")["LastModified"]
    s3().delete_object(Bucket="bulk", Key=f"accounts/acme/scrubs/{scrub_id}/pieces/000001.json")
    assert scrubs.tasks["Plan"]({**event, "run": "run-2"}) == {"pieces": 0}
    keys = [found["Key"] for found in s3().list_objects_v2(Bucket="bulk")["Contents"]]
    assert not any("pieces/" in key for key in keys)
    assert s3().get_object(Bucket="bulk", Key=f"accounts/acme/scrubs/{scrub_id}/plan.json")["LastModified"] == before


def test_a_long_list_is_read_over_several_invocations(gateway, scrubs, monkeypatch, dynamodb):
    for i in range(30):
        gateway.add(f"+1415555{100 + i:04}")
    client = clients.dynamodb()
    query = client.query
    monkeypatch.setattr(client, "query", lambda **options: query(**{**options, "Limit": 7}))

    class Short:
        def get_remaining_time_in_millis(self):
            return 20_000

    handler = gateway.modules["scrub_leads.read_list"].lambda_handler
    calls = []
    scrubs.tasks["ReadList"] = lambda event: calls.append(1) or handler(event, Short())
    body = "phone\n" + "".join(f"+1415555{100 + i:04}\n" for i in range(60))
    job, *_ = scrubs.scrub(body.encode())
    assert len(calls) >= 8
    assert (job["counts"]["blocked"], job["counts"]["clear"]) == (30, 30)


def test_a_job_is_stored_with_its_progress(gateway, scrubs, dynamodb):
    scrub_id = scrubs.make(FILE.encode())
    shown = gateway.call("manager", "GET", f"/accounts/acme/scrubs/{scrub_id}").body
    assert (shown["status"], shown["filename"], shown["column"], shown["region"]) == (
        "awaiting_upload",
        "leads.csv",
        None,
        "US",
    )
    scrubs.run(scrub_id)
    job = Jobs(dynamodb, "accounts", "acme").get(JobKind.SCRUB, scrub_id)
    assert (job.progress, job.state["pieces"]) == (1.0, 1)
    refused = gateway.call("auditor", "POST", "/accounts/acme/scrubs", {"filename": "x", "bytes": 1})
    assert refused.status == 403


def sample(name):
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


def test_the_sample_events_belong_to_one_scrub(gateway, scrubs, dynamodb):
    """Each is what the step before it returns, and its function accepts it."""
    made = gateway.modules["scrub_leads.handler"].lambda_handler(sample("scrub_leads"), None)
    assert made["statusCode"] == 201, made["body"]
    gateway.add("+14155550101")
    planned = sample("read_list")["work"]
    request = {"filename": "spring.csv", "bytes": 57, "column": "phone", "region": "US"}
    jobs = Jobs(dynamodb, "accounts", "acme")
    jobs.make(JobKind.SCRUB, request, Actor("key:a"), times.now(), job_id=planned["job_id"])
    body = b"id,phone\n1,415 555 0100\n2,(415) 555-0101\n3,12\n"
    s3().put_object(Bucket="bulk", Key=f"accounts/acme/scrubs/{planned['job_id']}/upload", Body=body)
    tasks = scrubs.tasks
    assert tasks["Plan"](sample("plan_scrub")) == planned
    reading = tasks["ReadList"](sample("read_list"))
    result = sample("check_leads")["work"]["lists"]["pass1"]
    assert {**reading, "as_of": "", "units": 0} == {**result, "as_of": "", "units": 0}
    assert tasks["Check"](sample("check_leads")) == {"rows": 3}
    tasks["ReadList"]({"pass": 2, "work": sample("check_leads")["work"]})
    again = {**sample("check_leads"), "pass": 2, "work": sample("finish_scrub")["work"]}
    assert tasks["Check"](again) == {"late": 0}
    assert tasks["Finish"](sample("finish_scrub")) == {"rows": 3, "clear": 1, "blocked": 1, "invalid": 1, "late": 0}


def test_a_scrub_with_ambiguous_columns_waits_until_they_are_chosen(gateway, scrubs, monkeypatch):
    started = []

    class States:
        def start_execution(self, *, stateMachineArn, name, input):  # noqa: A002
            started.append((stateMachineArn.rpartition(":")[2], name, json.loads(input)))

    monkeypatch.setattr(clients, "step_functions", States)
    gateway.add("+14155550100")
    rows = b"".join(b"21255501%02d,41555501%02d\n" % (i, i) for i in range(5))
    job = scrubs.run(scrubs.make(b"a,b\n" + rows))
    assert (job["status"], job["clear_url"]) == ("needs_columns", None)
    path = f"/accounts/acme/scrubs/{job['id']}/columns"
    assert gateway.call("manager", "POST", path, {"columns": ["b"]}).body["status"] == "queued"
    [(machine, name, execution_input)] = started
    assert machine == "scrub"
    Machine("ScrubMachine", scrubs.tasks, scrubs.read).run(execution_input, name)
    job = gateway.call("auditor", "GET", f"/accounts/acme/scrubs/{job['id']}").body
    assert (job["status"], job["counts"]["blocked"], job["counts"]["clear"]) == ("done", 1, 4)


def test_by_cell_a_lead_keeps_its_clear_numbers(gateway, scrubs):
    gateway.add("+12125550101")
    body = b"name,phone,alt_phone\nAnn,4155550100,2125550101\nBob,4155550102,\n"
    job, clear, blocked, _ = scrubs.scrub(body, by="cell")
    assert clear == b"name,phone,alt_phone,dnc_status\nAnn,4155550100,,clear\nBob,4155550102,,clear\n"
    assert blocked == b"name,phone,alt_phone,dnc_status\nAnn,4155550100,2125550101,listed: alt_phone\n"
    assert job["counts"] == {"rows": 2, "clear": 2, "blocked": 1, "invalid": 0, "late": 0, "cells_emptied": 1}
    assert "phone, alt_phone" in job["attention"]


@pytest.mark.parametrize("by", ["row", "cell"])
def test_a_clear_number_that_is_listed_during_the_scrub_makes_its_row_late(gateway, scrubs, by):
    gateway.add("+12125550101")
    body = b"name,phone,alt_phone\nAnn,4155550100,2125550101\nBob,4155550102,2125550103\n"
    scrub_id = scrubs.make(body, by=by)
    job = scrubs.run(scrub_id, before=lambda s, _: gateway.add("+12125550103") if s == "ReadListAgain" else None)
    _, _, late = scrubs.results(job)
    assert late.decode().splitlines()[1:] == ["Bob,4155550102,2125550103,listed"]
