"""Import & export: the file, its preview, the upload, the result, and the list of jobs."""

import csv
import gzip
import io
import re

import pytest
from playwright.sync_api import expect

from tests.browser.fake import BASE, ORIGIN

HOSTILE = "<img src=x onerror=alert(1)>.csv"
FAST = "setTimeout = ((real) => (run, wait, ...more) => real(run, wait > 1000 ? 50 : wait, ...more))(setTimeout)"
DONE = {"rows": 1200, "listed": 1111, "already_listed": 40, "skipped_removed": 0, "invalid": 49}


@pytest.fixture
def jobs(console):
    """A function that opens the jobs of a kind. Polling is fast."""

    def begin(role="admin", kind="imports", **context):
        console.api.become(role)
        console.load(**context)
        console.page.add_init_script(FAST)
        console.sign_in(view=f"jobs?kind={kind}")
        console.heading("Import & export")
        return console.page

    return begin


def choose(page, name, content):
    page.locator("[name=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})


def readings(page):
    expect(page.locator(".preview [role=status]")).to_contain_text("can be read")
    return page.locator(".first-rows .read").all_inner_texts()


def test_an_import_from_choosing_the_file_to_its_undo(jobs, console):
    page = jobs("manager")
    assert page.locator(".step-names li").all_inner_texts() == ["File", "Preview", "Result"]
    content = b"name,phone\nDoe,(415) 555-0180\nRoe,12\n"
    choose(page, "old list.csv", content)
    expect(page.locator(".drop")).to_contain_text("old list.csv 37 bytes")
    assert readings(page) == ["(415) 555-0180", "too short for US"]
    expect(page.locator(".step-names [aria-current]")).to_have_text("Preview")
    expect(page.locator(".preview")).to_contain_text("Separated by commas · 1 of 2 numbers in these rows can be read")
    page.get_by_label("Source").select_option("suppression")
    page.get_by_label("Skip numbers that were removed before").check()
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Import", exact=True).click()
    result = page.locator(".result")
    expect(result.get_by_role("progressbar", name="Progress")).to_be_visible()
    [job] = console.api.jobs["imports"]
    job |= {"status": "running", "progress": 0.4, "counts": {"rows": 480, "listed": 470}}
    expect(result.get_by_role("progressbar", name="Progress")).to_have_attribute("value", "40")
    job |= {"status": "done", "progress": 1, "counts": DONE, "report_url": "https://bucket.example/report.csv"}
    expect(result).to_contain_text(re.compile("Rows.*1,200.*Listed.*1,111.*Refused.*49", re.DOTALL))
    report = result.get_by_role("link", name="Download report")
    expect(report).to_have_attribute("href", "https://bucket.example/report.csv")
    expect(report).to_have_class(re.compile("primary"))
    sent = {"filename": "old list.csv", "bytes": 37, "source": "suppression", "dry_run": False, "skip_removed": True}
    assert console.api.sent("POST", "imports$") == [{**sent, "acting_user": "Ada"}]
    [(headers, uploaded)] = console.api.uploads
    assert uploaded == content
    assert "authorization" not in headers

    result.get_by_role("button", name="Undo").click()
    dialog = page.get_by_role("dialog", name="Undo the import of old list.csv?")
    dialog.get_by_role("button", name="Undo import").click()
    expect(dialog).to_have_count(0)
    job["undo"]["counts"] = {"removed": 1100, "touched_since": 11}
    job["status"] = "undone"
    expect(result.locator(".undone")).to_contain_text("1,100")
    expect(page.locator(".job").first).to_contain_text("Undone")
    assert console.api.sent("POST", "undo$") == [{"acting_user": "Ada"}]
    page.get_by_role("button", name="New import").click()
    expect(page.locator(".drop")).to_contain_text("Drop a file here")


def test_a_file_chosen_while_the_job_is_created_is_not_uploaded_to_it(jobs, console):
    page = jobs("manager")
    choose(page, "first.csv", b"4155550181\n")
    readings(page)
    console.api.fail("POST .*/imports$", "hold")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("[name=file]")).to_be_disabled()
    dropped = page.evaluate_handle(
        """() => { const data = new DataTransfer();
        data.items.add(new File(["4155550199\\n"], "other.csv", { type: "text/csv" })); return data; }"""
    )
    page.locator("main h1").dispatch_event("drop", {"dataTransfer": dropped})
    page.get_by_role("button", name="Import", exact=True).click(force=True)
    console.api.recover()
    expect(page.locator(".result")).to_be_visible()
    assert [body["filename"] for body in console.api.sent("POST", "imports$")] == ["first.csv"]
    assert [body for _, body in console.api.uploads] == [b"4155550181\n"]


def test_a_double_click_imports_once(jobs, console):
    page = jobs("manager")
    choose(page, "old.csv", b"4155550181\n")
    readings(page)
    page.get_by_role("button", name="Import", exact=True).dblclick()
    expect(page.locator(".job")).to_have_count(1)
    assert len(console.api.uploads) == 1


def test_a_file_may_be_dropped_anywhere(jobs):
    page = jobs()
    dropped = page.evaluate_handle(
        """() => { const data = new DataTransfer();
        data.items.add(new File(["4155550181\\n"], "dropped.txt", { type: "text/plain" })); return data; }"""
    )
    page.locator("main h1").dispatch_event("dragover", {"dataTransfer": dropped})
    expect(page.locator(".drop")).to_have_class(re.compile("over"))
    page.locator("main h1").dispatch_event("drop", {"dataTransfer": dropped})
    assert readings(page) == ["(415) 555-0181"]


@pytest.mark.parametrize(
    ("name", "content", "read"),
    [
        ("ftc.txt", b"415,5550182\n212,5550183\n", ["(415) 555-0182", "(212) 555-0183"]),
        ("utf16.csv", "Straße;Telefon\n1;+44 20 7946 0018\n".encode("utf-16"), ["+44 20 7946 0018"]),
        ("packed.csv.gz", gzip.compress(b"4155550184\n" * 20_000), ["(415) 555-0184"] * 8),
        (
            "quoted.csv",
            b'phone|note\n"415-555-0185"|"two\nlines | here"\n4155550186|x\n',
            ["(415) 555-0185", "(415) 555-0186"],
        ),
        ("latin1.csv", "num\xe9ro,x\n4155550187,1\n".encode("latin-1"), ["(415) 555-0187"]),
        ("two.csv", b"home phone,cell phone\n4155550188,2125550189\n", ["(415) 555-0188", "(212) 555-0189"]),
        ("sep.csv", b"sep=;\nphone;x\n4155550190;1\n", ["(415) 555-0190"]),
    ],
)
def test_the_first_rows_are_shown_as_they_are_read(jobs, name, content, read):
    page = jobs()
    choose(page, name, content)
    assert readings(page) == read


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("all.zip", b"PK\x03\x04rest", "A zip file has no preview."),
        ("list.xlsx", b"PK\x03\x04rest", "A spreadsheet has no preview."),
        ("old.xls", b"\xd0\xcf\x11\xe0rest", "A spreadsheet has no preview."),
        ("empty.csv", b"", "This file is empty."),
        ("words.csv", b"name,city\nAda,Rome\n", "No phone column was found"),
        ("excel.csv", b"phone\n2.12555E+09\n4155550190\n", "Format the column as a number without decimals"),
    ],
)
def test_a_faulty_file_is_reported_before_the_upload(jobs, console, name, content, words):
    page = jobs()
    choose(page, name, content)
    expect(page.locator(".preview")).to_contain_text(words)
    if not content:
        page.get_by_role("button", name="Import", exact=True).click()
        expect(page.locator(".job-form [role=alert]").last).to_contain_text(words)
        assert console.api.sent("POST", "imports") == []


def test_the_column_and_the_country_are_chosen_with_the_preview(jobs, console):
    page = jobs("manager", "scrubs")
    choose(page, "leads.csv", b"phone;second\n4155550190;2125550191\n")
    assert readings(page) == ["(415) 555-0190"]
    page.get_by_role("checkbox", name="phone has phone numbers").uncheck()
    page.get_by_role("checkbox", name="second has phone numbers").check()
    expect(page.locator(".first-rows .read")).to_have_text(["(212) 555-0191"])
    page.get_by_label("Default country").select_option("GB")
    page.get_by_role("button", name="Scrub", exact=True).click()
    expect(page.locator(".result")).to_be_visible()
    page.get_by_role("button", name="New scrub").click()
    choose(page, "leads.csv", b"phone;second\n4155550190;2125550191\n")
    readings(page)
    page.get_by_role("checkbox", name="second has phone numbers").check()
    expect(page.locator(".first-rows .read")).to_have_count(2)
    page.get_by_role("button", name="Scrub", exact=True).click()
    expect(page.locator(".job")).to_have_count(2)
    file = {"filename": "leads.csv", "bytes": 35}
    assert console.api.sent("POST", "scrubs$") == [
        {**file, "column": "2", "region": "GB"},
        {**file, "columns": ["1", "2"]},
    ]


def test_an_import_offers_an_expiry_only_for_sources_that_may_have_one(jobs, console):
    page = jobs("manager")
    choose(page, "staff.csv", b"4155550190\n")
    readings(page)
    expect(page.get_by_label("Expires")).to_be_hidden()
    page.get_by_label("Source").select_option("suppression")
    page.get_by_label("Expires").fill("2020-01-31")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_label("Expires")).to_be_focused()
    page.get_by_label("Expires").fill("2099-01-31")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator(".result")).to_be_visible()
    assert console.api.sent("POST", "imports$")[0]["expires_at"] == "2099-02-01T04:59:00.000Z"


def test_a_scrub_has_a_channel_and_a_rule_for_rows_with_several_numbers(jobs, console):
    page = jobs("manager", "scrubs")
    choose(page, "leads.csv", b"phone\n4155550190\n")
    readings(page)
    page.get_by_label("For", exact=True).select_option("voice")
    page.get_by_label("A lead with several numbers").select_option("cell")
    page.get_by_role("button", name="Scrub", exact=True).click()
    expect(page.locator(".result")).to_be_visible()
    [sent] = console.api.sent("POST", "scrubs$")
    assert (sent["channel"], sent["by"]) == ("voice", "cell")


def test_a_job_that_needs_columns_asks_for_them(jobs, console):
    candidates = [{"column": "home", "samples": ["4155550100"]}, {"column": "id", "samples": ["9"]}]
    job = console.api.job("imports", status="needs_columns", candidates=candidates, finished_at=None)
    page = jobs("manager")
    page.get_by_role("button", name="Show: old.csv").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".columns [role=alert]")).to_have_text("Select at least one column.")
    page.get_by_role("checkbox", name=re.compile("home")).check()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".job").get_by_role("progressbar").first).to_be_visible()
    assert job["columns"] == ["home"]


@pytest.mark.parametrize("status", [0, 403])
def test_a_failed_upload_says_what_was_not_lost(jobs, console, status):
    page = jobs()
    console.api.upload_status = status
    choose(page, "old.csv", b"4155550188\n")
    readings(page)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("The upload failed. Nothing was changed.")
    expect(page.get_by_role("alert")).to_contain_text("old.csv is still chosen.")
    console.api.upload_status = 200
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator(".result")).to_be_visible()


def test_a_failing_service_is_never_shown_as_an_empty_list(jobs, console):
    console.api.job("imports", status="running", progress=0.3, finished_at=None)
    page = jobs()
    expect(page.locator(".job")).to_contain_text("30%")
    console.api.fail("GET .*/imports", {"status": 503, "json": {"code": "unavailable", "detail": "x"}})
    expect(page.locator(".job")).to_contain_text("could not be loaded")
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("not available right now")
    assert "No imports yet" not in page.locator("main").inner_text()
    console.api.recover()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".job")).to_have_count(1)


def test_an_export_is_saved_plain_with_a_byte_order_mark(jobs, console):
    console.api.files["part"] = gzip.compress(b"number\r\n+14155550100\r\n")
    file = {"url": f"{ORIGIN}{BASE}/bucket/part", "rows": 1, "bytes": 34, "sha256": "9f" * 32}
    more = {"files": [file], "manifest_url": "https://bucket.example/manifest.json", "counts": {"rows": 1}}
    console.api.job("exports", **more, created_at="2026-11-24T15:00:00.000Z")
    page = jobs("auditor", "exports")
    page.get_by_role("button", name="Show: The list, CSV").click()
    expect(page.get_by_role("link", name="Download (gzip)")).to_have_class(re.compile("primary"))
    expect(page.get_by_text("9f" * 32)).to_be_hidden()
    page.get_by_text("Details", exact=True).click()
    expect(page.get_by_text("9f" * 32)).to_be_visible()
    expect(page.get_by_role("link", name="Download manifest")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Plain file for spreadsheets").click()
    assert download.value.suggested_filename == "dnc-numbers-2026-11-24.csv"
    content = download.value.path().read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(content.decode("utf-8-sig")))) == [["number"], ["+14155550100"]]


def test_a_finished_export_is_not_shown_as_running(jobs, console):
    page = jobs("auditor", "exports")
    page.get_by_label("What").select_option("audit")
    page.get_by_label("Format").select_option("jsonl")
    page.get_by_label("From").fill("2026-11-01T00:00")
    page.get_by_role("button", name="Export", exact=True).click()
    result = page.locator(".result")
    expect(result.get_by_role("progressbar")).to_be_visible()
    console.api.jobs["exports"][0] |= {"status": "done", "progress": 1, "finished_at": "2026-11-24T15:00:00.000Z"}
    expect(result).to_contain_text("The export is done.")
    assert "Running" not in page.locator("main").inner_text()
    assert console.api.sent("POST", "exports$") == [
        {"kind": "audit", "format": "jsonl", "from": "2026-11-01T04:00:00.000Z"}
    ]


def test_dates_of_an_export_in_the_wrong_order_are_marked(jobs, console):
    page = jobs("auditor", "exports")
    page.get_by_label("From").fill("2026-11-02T00:00")
    page.get_by_label("To", exact=True).or_(page.get_by_label("To (optional)")).first.fill("2026-11-01T00:00")
    page.get_by_role("button", name="Export", exact=True).click()
    expect(page.locator("[name=to]")).to_be_focused()
    expect(page.locator(".job-form")).to_contain_text("“To” is before “From”.")
    assert console.api.sent("POST", "exports") == []


@pytest.mark.parametrize(
    ("role", "kind", "who"),
    [("manager", "exports", "An auditor or an admin can."), ("auditor", "imports", "A manager or an admin can.")],
)
def test_a_role_without_the_form_sees_which_roles_have_it(jobs, console, role, kind, who):
    console.api.job(kind)
    page = jobs(role, kind)
    expect(page.locator(".steps")).to_contain_text(f"Your role cannot do this. {who}")
    expect(page.locator(".job-form")).to_have_count(0)
    expect(page.locator(".job")).to_have_count(1)
    page.get_by_role("button", name=re.compile("^Show: ")).click()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_hostile_file_names_are_shown_as_text(jobs, console):
    undo = {"requested_at": HOSTILE, "requested_by": {"principal": HOSTILE, "acting_user": None}}
    undo |= {"counts": {}, "error": HOSTILE, "report_url": None}
    file = {"name": HOSTILE, "counts": {}, "report_url": None}
    console.api.job(
        "imports", filename=HOSTILE, error=HOSTILE, note=HOSTILE, undo=undo, files=[file], counts={"listed": 2}
    )
    page = jobs()
    expect(page.locator(".job b").first).to_have_text(HOSTILE)
    page.get_by_role("button", name=f"Show: {HOSTILE}").click()
    choose(page, HOSTILE, f"name,{HOSTILE}\n{HOSTILE},4155550192\n".encode())
    expect(page.locator(".first-rows")).to_contain_text(HOSTILE)
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text(HOSTILE)
    assert page.locator("img, main script, dialog script").count() == 0
