"""An import on the whole stack, with IAM enforced: upload, report, undo, and the limits of the upload URL."""

import csv
import io
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.support.stack import wait_for

FORMS = ("415555{:04}", "(415) 555-{:04}", "+1 415 555 {:04}", "1-415-555-{:04}", "415.555.{:04}")


def make(client, account, data, **more):
    request = {"filename": "list.csv", "bytes": len(data), "acting_user": "u-1", **more}
    made = client.call("operator", "POST", f"/accounts/{account}/imports", request)
    assert made.status_code == 201, made.text
    return made.json()


def put(upload, data, **changed):
    headers = {**upload["headers"], **{name.replace("_", "-"): value for name, value in changed.items()}}
    return requests.put(upload["url"], data=data, headers={k: v for k, v in headers.items() if v}, timeout=30)


def ended(client, account, job_id, *states, seconds=60):
    def poll():
        job = client.call("operator", "GET", f"/accounts/{account}/imports/{job_id}").json()
        return job if job["status"] in states else None

    return wait_for(poll, seconds)


def rows_of(url):
    return list(csv.DictReader(io.StringIO(requests.get(url, timeout=30).content.decode())))


def test_an_upload_is_imported_reported_and_undone(client, account):
    client.numbers("operator", "POST", body={"number": "+14155550199"}, account=account)
    lines = [FORMS[i % 5].format(100 + i % 100) for i in range(150)] + ["12", "nobody"]
    data = "\n".join(["phone number", *lines]).encode()
    job = make(client, account, data)
    assert put(job["upload"], data).status_code == 200
    done = ended(client, account, job["id"], "done", "failed")
    assert done["error"] is None
    counts = {"rows": 152, "numbers": 152, "listed": 99, "already_listed": 51, "skipped_removed": 0, "invalid": 2}
    assert done["counts"] == counts
    assert [(row["line"], row["value"]) for row in rows_of(done["report_url"])] == [
        ("152", '"12"'),
        ("153", '"nobody"'),
    ]
    assert parse_qs(urlsplit(done["report_url"]).query)["X-Amz-Expires"] == ["900"]
    assert client.check(["(415) 555-0150"], account)["blocked"] == 1
    history = wait_for(lambda: (found := client.history("+14155550150", account))["events"] and found)
    assert history["events"][0]["type"] == "listed"
    assert history["events"][0]["actor"]["acting_user"] == "u-1"
    assert history["chain"]["intact"]

    client.numbers("operator", "POST", body={"number": "+14155550101", "source": "sms"}, account=account)
    undo = client.call("operator", "POST", f"/accounts/{account}/imports/{job['id']}/undo", {"acting_user": "u-2"})
    assert (undo.status_code, undo.json()["status"]) == (200, "running")
    undone = ended(client, account, job["id"], "undone", "failed", "done")
    assert undone["undo"]["error"] is None
    assert undone["undo"]["counts"] == {"removed": 98, "touched_since": 1, "listed_before": 1}
    assert [row["value"] for row in rows_of(undone["undo"]["report_url"])] == ['"+14155550101"']
    left = client.numbers("operator", "GET", account=account).json()["numbers"]
    assert [entry["number"] for entry in left] == ["+14155550101", "+14155550199"]


def test_a_dry_run_counts_and_changes_nothing(client, account):
    data = b"415,5550100\n415,5550101\n415,5550100\n415,1\n"
    job = make(client, account, data, dry_run=True)
    assert put(job["upload"], data).status_code == 200
    done = ended(client, account, job["id"], "done", "failed")
    assert done["counts"] == {
        "rows": 4,
        "numbers": 4,
        "listed": 2,
        "already_listed": 1,
        "skipped_removed": 0,
        "invalid": 1,
    }
    assert client.numbers("operator", "GET", "?status=all", account=account).json()["numbers"] == []


def test_a_picture_fails_with_the_reason(client, account):
    data = b"\x89PNG\r\n\x1a\n" + bytes(500)
    job = make(client, account, data)
    assert put(job["upload"], data).status_code == 200
    failed = ended(client, account, job["id"], "done", "failed")
    assert (failed["status"], failed["counts"]) == ("failed", {})
    assert "PNG" in failed["error"]


@pytest.fixture(scope="module")
def upload(client):
    return make(client, client.stack["account_id"], b"4155550100\n")["upload"]


def test_an_upload_url_allows_only_its_own_file_in_its_own_place(client, upload):
    data = b"4155550100\n"
    other = {**upload, "url": upload["url"].replace("/accounts/acme/", "/accounts/globex/")}
    assert other["url"] != upload["url"]
    assert put(other, data).status_code == 403
    assert put(upload, data + data, Content_Length="22").status_code == 403
    assert put(upload, data, Content_Type="text/html").status_code == 403
    assert put(upload, data, x_amz_tagging="kind=export").status_code == 403
    assert put(upload, data, If_None_Match=None).status_code == 403
    assert requests.get(upload["url"], timeout=30).status_code == 403
    late = {**upload, "url": upload["url"].replace("X-Amz-Expires=3600", "X-Amz-Expires=7200")}
    assert put(late, data).status_code == 403
    assert put(upload, data).status_code == 200
    assert put(upload, data).status_code == 412


def test_another_account_has_no_access_to_imports(client):
    account = client.stack["account_id"]
    assert client.call("other_admin", "GET", f"/accounts/{account}/imports").status_code == 403
    body = {"filename": "x", "bytes": 1}
    assert client.call("other_admin", "POST", f"/accounts/{account}/imports", body).status_code == 403
