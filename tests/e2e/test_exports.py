"""Exports on the whole stack, on request and nightly, verified by their manifests."""

import csv
import gzip
import io
import json
from datetime import timedelta

import pytest
import requests

from dnc import times
from dnc.audit.changes import EventType, RecordedChange
from dnc.audit.writer import AuditWriter
from infra.local import stack as local
from infra.tools.verify_export import main, verify
from tests.support.stack import wait_for

PERSON = {"acting_user": "u-9"}


def done(client, account, made, role="operator"):
    def poll():
        job = client.call(role, "GET", f"/accounts/{account}/exports/{made['id']}").json()
        assert job["status"] != "failed", job
        return job["status"] == "done" and job

    return wait_for(poll)


def download(job, folder):
    """Save an export as a person would: every file under its name in the manifest."""
    here = folder / job["id"]
    here.mkdir()
    manifest = requests.get(job["manifest_url"], timeout=30)
    (here / "manifest.json").write_bytes(manifest.content)
    bodies = []
    for file, listed in zip(job["files"], manifest.json()["files"], strict=True):
        response = requests.get(file["url"], timeout=30)
        assert response.status_code == 200, response.text
        (here / listed["name"]).write_bytes(response.content)
        assert {name: file[name] for name in ("rows", "bytes", "sha256")} == {
            name: listed[name] for name in ("rows", "bytes", "sha256")
        }
        bodies.append(gzip.decompress(response.content).decode())
    return manifest.json(), bodies


def make(client, account, role="operator", **request):
    made = client.call(role, "POST", f"/accounts/{account}/exports", request)
    assert made.status_code == 201, made.text
    return made.json()


def test_exports_of_the_list_are_complete_and_verified(client, account, key, tmp_path):
    numbers = [f"+141555501{i:02}" for i in range(60)]
    client.numbers("operator", "POST", "/batch", {"numbers": [{"number": n, "note": "=1+1"} for n in numbers]}, account)
    removal = {"reason": "test_number", "note": "ours", "if_version": 1, **PERSON}
    assert client.numbers("operator", "DELETE", f"/{numbers[7]}", removal, account).status_code == 200
    made = make(client, account, kind="numbers", format="csv")
    assert (made["status"], made["files"], made["manifest_url"]) == ("queued", [], None)
    job = done(client, account, made)
    assert job["counts"] == {"rows": 60}
    manifest, bodies = download(job, tmp_path)
    rows = list(csv.DictReader(io.StringIO("".join(bodies), newline="")))
    assert [row["number"] for row in rows] == numbers
    assert [row["status"] for row in rows].count("removed") == 1
    assert {row["note"] for row in rows} == {"'=1+1"}
    assert (manifest["account_id"], manifest["kind"], manifest["index"]) == (account, "numbers", 1)
    other = done(client, account, make(client, account, kind="numbers", format="jsonl"))
    _, bodies = download(other, tmp_path)
    assert [json.loads(line)["number"] for line in "".join(bodies).splitlines()] == numbers
    [verdict] = verify(tmp_path)
    assert (verdict.faults, verdict.exports, verdict.rows) == ([], 2, 120)
    assert main([str(tmp_path), "--head", other["manifest_sha256"]]) == 0
    auditor = key("auditor")
    listed = client.call(None, "GET", f"/accounts/{account}/exports", token=auditor).json()["exports"]
    assert [one["id"] for one in listed] == [other["id"], made["id"]]
    manager = key("manager")
    refused = client.call(None, "POST", f"/accounts/{account}/exports", {"kind": "audit"}, token=manager)
    assert refused.status_code == 403


def test_an_audit_export_cannot_start_in_the_last_five_minutes(client, account):
    later = times.text(times.now() - timedelta(minutes=1))
    refused = client.call("operator", "POST", f"/accounts/{account}/exports", {"kind": "audit", "from": later})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "from")


@pytest.fixture
def schedule(client):
    """The nightly schedule, paused: its own night, at 09:00 UTC, must not come between those of a test."""
    scheduler = local.client(client.stack, "scheduler")
    schedule = scheduler.get_schedule(**client.stack["nightly_exports"])
    names = ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    settings = {name: schedule[name] for name in names}
    scheduler.update_schedule(**settings, State="DISABLED")
    yield schedule
    scheduler.update_schedule(**settings, State=schedule["State"])


def test_each_night_exports_every_account(schedule, client, account, tmp_path):
    """Runs two nights as the schedule would. The second audit export starts where the first one ended."""
    client.numbers("operator", "POST", body={"number": "+14155550160"}, account=account)
    change = RecordedChange(
        account, "+14155550161", "7".zfill(40), EventType.LISTED, "2026-11-01T00:00:00.000Z",
        {"principal": "key:a", "acting_user": None}, None, None, {"status": "listed", "version": 1}, "r",
    )  # fmt: skip
    between = times.now() - timedelta(hours=12)
    dynamodb, table = local.client(client.stack, "dynamodb"), client.stack["tables"]["audit"]
    AuditWriter(dynamodb, table, lambda _key, _body: None, lambda: between).record([change], None)
    assert schedule["State"] == "ENABLED"
    target = schedule["Target"]
    machines = local.client(client.stack, "stepfunctions")
    ended = []
    for night in (times.now() - timedelta(days=1), times.now()):
        execution_input = target["Input"].replace("<aws.scheduler.scheduled-time>", times.text(night))
        run = machines.start_execution(stateMachineArn=target["Arn"], input=execution_input)["executionArn"]

        def poll(run=run):
            execution = machines.describe_execution(executionArn=run)
            return execution["status"] != "RUNNING" and execution

        assert wait_for(poll, 60)["status"] == "SUCCEEDED"
        jobs = client.call("operator", "GET", f"/accounts/{account}/exports").json()["exports"]
        ended.append({job["kind"]: job for job in jobs[:2]})
        assert {(job["kind"], job["format"], job["status"]) for job in jobs[:2]} == {
            ("numbers", "csv", "done"),
            ("audit", "jsonl", "done"),
        }
    first, second = ended
    assert first["audit"]["to"] == second["audit"]["from"]
    counts = [night[kind]["counts"].get("rows", 0) for night in ended for kind in ("numbers", "audit")]
    assert counts == [1, 0, 1, 1], "events of the last five minutes are left to the next night"
    for job in (*first.values(), *second.values()):
        download(job, tmp_path)
    [verdict] = verify(tmp_path)
    assert (verdict.faults, verdict.exports) == ([], 4)
    others = client.call("operator", "GET", "/accounts/globex/exports").json()["exports"]
    assert [job["status"] for job in others[:4]] == ["done"] * 4


RESTORED = (
    "number", "status", "source", "sources", "requested_at", "last_requested_at", "expires_at", "note", "campaign_id",
    "agent_id", "call_id", "caller_id", "consumer_name", "seller", "telemarketer", "goods_or_services",
)  # fmt: skip


def entries(client, account):
    page = client.numbers("operator", "GET", "?page_size=500", account=account).json()
    assert page["next_page_token"] is None
    return [{name: entry[name] for name in RESTORED} for entry in page["numbers"]]


def test_an_export_imported_into_an_empty_account_yields_the_same_list(client, account):
    day = {"requested_at": "2026-11-01T10:00:00Z"}
    adds = [
        {"number": "+14155550100", "source": "sms", "note": '=1+1, "quoted"\nsecond line', **day},
        {"number": "+14155550100", "source": "web", "seller": "Acme Solar", "consumer_name": "'t Hooft"},
        {"number": "+14155550101", "source": "manual", "expires_at": "2036-01-01T00:00:00Z", "campaign_id": "@spring"},
        {"number": "+442079460123", "source": "legal", "caller_id": "+14155550199", "call_id": "c-1", **day},
        {"number": "+14155550102", "source": "registry"},
        {"number": "+14155550103"},
    ]
    results = client.numbers("operator", "POST", "/batch", {"numbers": adds}, account).json()["results"]
    assert all(result["status"] in (200, 201) for result in results), results
    removal = {"reason": "test_number", "note": "ours", "if_version": 1, **PERSON}
    assert client.numbers("operator", "DELETE", "/+14155550103", removal, account).status_code == 200
    job = done(client, account, make(client, account, kind="numbers"))
    [file] = job["files"]
    body = requests.get(file["url"], timeout=30).content
    other = f"{account}-2"
    assert client.call("operator", "PUT", f"/accounts/{other}", {"name": "restored"}).status_code == 201
    request = {"filename": "numbers.csv.gz", "bytes": len(body)}
    imported = client.call("operator", "POST", f"/accounts/{other}/imports", request).json()
    upload = imported["upload"]
    assert requests.put(upload["url"], data=body, headers=upload["headers"], timeout=60).status_code == 200

    def poll():
        job = client.call("operator", "GET", f"/accounts/{other}/imports/{imported['id']}").json()
        return job["status"] in {"done", "failed"} and job

    ended = wait_for(poll, 60)
    counts = {"rows": 5, "numbers": 5, "listed": 4, "already_listed": 0, "skipped_removed": 1, "invalid": 0}
    assert ended["counts"] == counts, ended
    assert entries(client, other) == entries(client, account)
    assert len(entries(client, other)) == 4
