"""Bulk jobs: created, listed, read, and changed by only one run; the signed URLs of their files."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from dnc import times
from dnc.api import job_view
from dnc.bulk.files import JobFiles, ResultWriter, s3
from dnc.bulk.jobs import JobKind, Jobs, JobStatus
from dnc.entries.entry import Actor
from dnc.problems import NotFound

WHO = Actor("key:k", "u-1")
NEW = {"filename": "old list.csv", "bytes": 1234}


def make(gateway, role="manager", account="acme", **more):
    return gateway.call(role, "POST", f"/accounts/{account}/imports", {**NEW, **more})


def signed(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest.fixture
def jobs(dynamodb):
    return Jobs(dynamodb, "accounts", "acme")


def test_an_import_is_created_with_an_upload_url_bound_to_it(gateway):
    made = make(gateway, note="from the old dialer", acting_user="u-9", dry_run=True)
    assert made.status == 201, made
    job, upload = made.body, made.body["upload"]
    assert (job["status"], job["progress"], job["counts"], job["dry_run"]) == ("awaiting_upload", 0, {}, True)
    assert job["created_by"]["acting_user"] == "u-9"
    assert job["region"] == "US"
    assert urlsplit(upload["url"]).path.endswith(f"accounts/acme/imports/{job['id']}/upload")
    parts = signed(upload["url"])
    assert parts["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert set(parts["X-Amz-SignedHeaders"].split(";")) == {"host", *(n.lower() for n in upload["headers"])}
    assert upload["headers"]["Content-Length"] == "1234"
    assert parts["X-Amz-Expires"] == "3600"
    assert upload["headers"]["If-None-Match"] == "*", "a second upload would replace the first"
    ahead = times.parse(upload["expires_at"]) - times.parse(job["created_at"])
    assert ahead == timedelta(hours=1)


def test_imports_are_listed_newest_first_and_paged(gateway):
    ids = [make(gateway).body["id"] for _ in range(5)]
    seen, token = [], ""
    while True:
        page = gateway.call("auditor", "GET", f"/accounts/acme/imports?page_size=2{token}").body
        seen += [job["id"] for job in page["imports"]]
        if not page["next_page_token"]:
            break
        token = f"&page_token={page['next_page_token']}"
    assert seen == sorted(ids, reverse=True)
    refused = gateway.call("auditor", "GET", f"/accounts/acme/scrubs?page_size=2{token}")
    assert (refused.status, refused.fields) == (422, ["page_token"])
    assert gateway.call("auditor", "GET", "/accounts/acme/scrubs").body["scrubs"] == []
    assert gateway.call("auditor", "GET", "/accounts/acme/exports").body["exports"] == []


def test_which_roles_may_create_and_read_jobs(gateway):
    job_id = make(gateway).body["id"]
    for role in ("manager", "auditor", "admin", "operator"):
        assert gateway.call(role, "GET", f"/accounts/acme/imports/{job_id}").status == 200
    for role in ("intake", "dialer", "agent", "other_admin"):
        assert gateway.call(role, "GET", f"/accounts/acme/imports/{job_id}").status == 403
        assert make(gateway, role).status == 403
    assert make(gateway, "auditor").status == 403
    assert gateway.call("other_admin", "GET", f"/accounts/globex/imports/{job_id}").status == 404
    assert make(gateway, "operator", "nobody").status == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"bytes": 0}, "bytes"),
        ({"bytes": 5 * 1024**3 + 1}, "bytes"),
        ({"bytes": "12"}, "bytes"),
        ({"filename": ""}, "filename"),
        ({"filename": "../x"}, "filename"),
        ({"source": "rumor"}, "source"),
        ({"region": "ZZ"}, "region"),
        ({"registry": {"version": "5"}}, "body"),
        ({"source": "registry", "registry": {"accessed_on": "yesterday"}}, "registry.accessed_on"),
        ({"skip_remove": True}, "skip_remove"),
    ],
)
def test_an_invalid_import_is_refused_with_the_field(gateway, change, field):
    refused = make(gateway, **change)
    assert (refused.status, refused.fields) == (422, [field])


def test_the_registry_details_are_stored_with_the_job(gateway):
    registry = {
        "version": "2026-11",
        "accessed_by": "J. Doe",
        "accessed_on": "2026-11-20",
        "san": "10000",
        "campaign": "spring",
    }
    job = make(gateway, source="registry", registry=registry).body
    assert gateway.call("auditor", "GET", f"/accounts/acme/imports/{job['id']}").body["registry"] == registry


def test_one_run_takes_a_job_and_only_that_run_changes_it(jobs):
    job = jobs.make(JobKind.IMPORT, NEW, WHO, times.now())
    assert jobs.begin(JobKind.IMPORT, job.id, "run-1")
    assert jobs.begin(JobKind.IMPORT, job.id, "run-1")
    assert not jobs.begin(JobKind.IMPORT, job.id, "run-2")
    assert jobs.get(JobKind.IMPORT, job.id).status is JobStatus.QUEUED
    assert not jobs.start(JobKind.IMPORT, job.id, "run-2")
    assert jobs.advance(JobKind.IMPORT, job.id, "run-1", progress=0.05, state={"pieces": 4, "name": "x"})
    assert not jobs.advance(JobKind.IMPORT, job.id, "run-2", progress=0.9)
    assert not jobs.count_piece(JobKind.IMPORT, job.id, "run-1", 1), "its turn has not come"
    assert jobs.start(JobKind.IMPORT, job.id, "run-1")
    for _ in range(3):
        assert jobs.count_piece(JobKind.IMPORT, job.id, "run-1", 2)
    assert jobs.count_piece(JobKind.IMPORT, job.id, "run-1", 3)
    assert not jobs.count_piece(JobKind.IMPORT, job.id, "run-2", 1)
    read = jobs.get(JobKind.IMPORT, job.id)
    assert (read.progress, read.status) == (0.5, JobStatus.RUNNING)
    assert not jobs.finish(JobKind.IMPORT, job.id, "run-2", times.now())
    for _ in range(2):
        assert jobs.finish(JobKind.IMPORT, job.id, "run-1", times.now(), counts={"rows": 3}, state={"report": "r"})
    assert not jobs.fail(JobKind.IMPORT, job.id, "run-1", times.now(), "too late")
    ended = jobs.get(JobKind.IMPORT, job.id)
    assert (ended.status, ended.progress, ended.counts, ended.error) == (JobStatus.DONE, 1.0, {"rows": 3}, None)
    assert ended.state == {"pieces": 4, "name": "x", "report": "r"}
    assert not jobs.begin(JobKind.IMPORT, job.id, "run-1"), "it has ended"
    assert not jobs.begin(JobKind.IMPORT, job.id, "run-3")
    assert jobs.begin(JobKind.IMPORT, job.id, "run-3", allowed=(JobStatus.DONE,), state={"undo": {"attempt": 1}})


def test_a_job_with_a_chosen_id_is_created_once(jobs):
    first = jobs.make(JobKind.EXPORT, {"kind": "numbers"}, WHO, times.now(), status=JobStatus.RUNNING, job_id="a" * 26)
    again = jobs.make(JobKind.EXPORT, {"kind": "audit"}, WHO, times.now(), status=JobStatus.RUNNING, job_id="a" * 26)
    assert (first.id, again.request) == ("a" * 26, {"kind": "numbers"})


def test_a_job_that_has_ended_counts_no_piece_and_is_not_ended_by_another_run(jobs):
    job = jobs.make(JobKind.IMPORT, NEW, WHO, times.now())
    assert jobs.begin(JobKind.IMPORT, job.id, "run-1")
    assert jobs.fail(JobKind.IMPORT, job.id, "run-1", times.now(), "stopped")
    assert not jobs.count_piece(JobKind.IMPORT, job.id, "run-1", 1)
    assert jobs.fail(JobKind.IMPORT, job.id, "run-1", times.now(), "stopped")
    assert not jobs.fail(JobKind.IMPORT, job.id, "run-2", times.now(), "stopped")
    assert not jobs.advance(JobKind.IMPORT, job.id, "run-1", progress=0.5)


def test_a_job_of_another_kind_or_account_is_not_found(jobs, dynamodb):
    job = jobs.make(JobKind.IMPORT, NEW, WHO, times.now())
    with pytest.raises(NotFound):
        jobs.get(JobKind.SCRUB, job.id)
    with pytest.raises(NotFound):
        Jobs(dynamodb, "accounts", "globex").begin(JobKind.IMPORT, job.id, "run")


def test_a_missing_upload_is_shown_as_failed_with_advice(jobs):
    job = jobs.make(JobKind.IMPORT, NEW, WHO, times.now() - timedelta(hours=25))
    shown = job_view.as_json(job, JobFiles(s3(), "bulk", "acme", JobKind.IMPORT, job.id), times.now())
    assert (shown["status"], shown["error"]) == (
        "failed",
        "No file was uploaded in time. Create another job and upload to its URL.",
    )


def test_a_file_is_written_in_parts_with_its_tag(dynamodb):
    files = JobFiles(s3(), "bulk", "acme", JobKind.EXPORT, "b" * 26)
    for name, size in (("small", 100), ("large", 9 * 1024**2)):
        writer = ResultWriter(files, name, tag="export")
        for _ in range(0, size, 100):
            writer.write(b"x" * 99 + b"\n")
        assert files.read(name) is None
        writer.close()
        assert len(files.read(name)) == writer.size
        assert sum(1 for _ in files.lines(name)) == writer.size // 100
        tags = s3().get_object_tagging(Bucket="bulk", Key=files.key(name))["TagSet"]
        assert tags == [{"Key": "kind", "Value": "export"}]


@pytest.mark.parametrize("account_id", ["../globex", "", "A", "acme/imports", "#platform"])
def test_files_belong_to_a_valid_account(dynamodb, account_id):
    with pytest.raises(ValueError, match="account"):
        JobFiles(s3(), "bulk", account_id, JobKind.IMPORT, "b" * 26)
