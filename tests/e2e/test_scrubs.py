"""A campaign's file scrubbed on the whole stack, from the upload to the results."""

import csv
import io

import requests

from tests.support.stack import wait_for


def upload(made, body):
    upload = made["upload"]
    response = requests.request(upload["method"], upload["url"], data=body, headers=upload["headers"], timeout=60)
    assert response.status_code == 200, response.text


def ended(client, account, scrub_id):
    def poll():
        job = client.call("operator", "GET", f"/accounts/{account}/scrubs/{scrub_id}").json()
        return job["status"] in {"done", "failed"} and job

    return wait_for(poll, 60)


def rows(url):
    response = requests.get(url, timeout=60)
    assert response.status_code == 200, response.text
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


def test_a_campaign_is_scrubbed_after_its_upload(client, account):
    listed = [f"+141555501{i:02}" for i in range(0, 100, 3)]
    client.numbers("operator", "POST", "/batch", {"numbers": [{"number": n} for n in listed]}, account)
    leads = "".join(f'{i},"(415) 555-01{i:02}","Lead, {i}"\r\n' for i in range(100)) + "100,911,nobody\r\n"
    body = f"id,phone,name\r\n{leads}".encode()
    request = {"filename": "spring.csv", "bytes": len(body), "column": "phone"}
    made = client.call("operator", "POST", f"/accounts/{account}/scrubs", request)
    assert made.status_code == 201, made.text
    upload(made.json(), body)
    job = ended(client, account, made.json()["id"])
    assert job["status"] == "done", job
    assert job["counts"] == {"rows": 101, "clear": 66, "blocked": 34, "invalid": 1, "late": 0}
    clear, blocked, late = (rows(job[f"{name}_url"]) for name in ("clear", "blocked", "late"))
    assert [row["id"] for row in clear] == [str(i) for i in range(100) if i % 3]
    assert {row["dnc_status"] for row in clear} == {"clear"}
    assert [row["id"] for row in blocked] == [str(i) for i in range(0, 100, 3)] + ["100"]
    assert blocked[-1]["dnc_status"] == "invalid"
    assert late == []


def test_a_file_that_is_not_a_campaign_is_refused_with_the_reason(client, account):
    body = b"%PDF-1.7 not a list"
    made = client.call("operator", "POST", f"/accounts/{account}/scrubs", {"filename": "x.csv", "bytes": len(body)})
    upload(made.json(), body)
    job = ended(client, account, made.json()["id"])
    assert (job["status"], job["clear_url"]) == ("failed", None)
    assert "PDF" in job["error"]
