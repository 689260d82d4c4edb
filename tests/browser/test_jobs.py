"""Jobs: imports with their preview, progress, report and undo; scrubs; exports."""

import gzip
import re

import pytest
from playwright.sync_api import expect

from dnc.accounts.access import ROUTES
from tests.browser.bulk import ACTOR, Bulk, exported, imported, scrubbed
from tests.browser.conftest import RUN_AXE

HOSTILE = "<img src=x onerror=alert(1)>.csv"
FAST = "setTimeout = ((real) => (run, wait, ...more) => real(run, wait > 1000 ? 50 : wait, ...more))(setTimeout)"


@pytest.fixture
def bulk(console, key):
    """Somebody who may, at the jobs; `bulk(role)` gives the answered routes. Asking again is quick."""

    def begin(role="admin", kind="imports", jobs=()):
        bulk = Bulk(console.page, role)
        bulk.jobs[kind] = list(jobs)
        console.page.add_init_script(FAST)
        console.sign_in(key(role), f"jobs?kind={kind}")
        console.heading("Jobs")
        return bulk

    return begin


def choose(page, name, content):
    page.locator("[name=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})


def read_as(page):
    rows = page.locator(".first-rows tbody tr")
    expect(rows.first).not_to_contain_text("…")
    return [" ".join(words.split()) for words in rows.all_inner_texts()]


def test_an_import_from_the_file_to_its_undo_with_the_keyboard(bulk, console):
    told = bulk("manager")
    page, press = console.page, console.page.keyboard.press
    console.tab_to(lambda: console.focused("[name=file]"))
    content = b"name,phone\nDoe,(415) 555-0180\nRoe,12\n"
    choose(page, "old list.csv", content)
    expect(page.locator(".drop")).to_contain_text("old list.csv, 37 bytes")
    assert read_as(page) == ["2 (415) 555-0180 (415) 555-0180 +14155550180", "3 12 too short for US"]
    expect(page.locator(".preview")).to_contain_text("Separated by commas; the numbers are in the column “phone”")
    console.tab_to(lambda: console.focused("[name=source]"))
    page.keyboard.type("Supp")
    console.tab_to(lambda: console.focused("[name=skip_removed]"))
    press("Space")
    console.tab_to(lambda: console.focused(".job-form button.primary"))
    running = {"status": "running", "progress": 0.4, "counts": {"rows": 480, "listed": 470, "invalid": 3}}
    report = "https://bucket.example/report.csv"
    ended = imported(1) | {"report_url": report}
    told.next = [running] * 3 + [{**running, "status": "done", "progress": 1} | ended | {"filename": "old list.csv"}]
    press("Enter")
    job = page.locator(".job").first
    expect(job.get_by_role("progressbar", name="Progress")).to_have_attribute("value", "40")
    expect(job).to_contain_text("Done")
    assert told.asked[0] == (
        "POST",
        "imports",
        {"filename": "old list.csv", "bytes": 37, "source": "suppression", "dry_run": False, "skip_removed": True},
    )
    [(headers, sent)] = told.uploads
    assert sent == content
    assert headers["x-amz-tagging"] == "kind=upload"
    assert headers["if-none-match"] == "*"
    assert headers["content-type"] == "application/octet-stream"
    assert "authorization" not in headers
    expect(job.locator(".counts")).to_contain_text(re.compile("Rows.*1,200.*Listed.*1,111.*Refused.*49", re.DOTALL))
    expect(job.get_by_role("link", name="Report of refused rows")).to_have_attribute("href", report)

    console.tab_to(lambda: page.evaluate("document.activeElement.textContent") == "Undo this import…")
    press("Enter")
    dialog = page.get_by_role("dialog", name="Undo the import of old list.csv?")
    expect(dialog.get_by_label("Your name")).to_be_focused()
    expect(dialog.get_by_role("button", name="Undo import")).to_be_disabled()
    page.keyboard.type("u-2")
    undo = {"requested_at": "2026-11-24T16:00:00.000Z", "requested_by": {"principal": "key:x", "acting_user": "u-2"}}
    undo |= {"counts": {"removed": 1100, "touched_since": 11}, "error": None, "report_url": None}
    told.next = [{"status": "running", "undo": undo | {"counts": {}}}, {"status": "undone", "undo": undo}]
    press("Enter")
    expect(dialog).to_have_count(0)
    expect(job).to_contain_text("Undone")
    expect(job.locator(".undo")).to_contain_text("1,100")
    assert told.asked[-1][1:] == ("imports/" + "1".zfill(26) + "/undo", {"acting_user": "u-2"})
    expect(job.get_by_role("button", name="Undo this import…")).to_have_count(0)


def test_a_file_may_be_dropped_anywhere(bulk, console):
    told = bulk()
    page = console.page
    dropped = page.evaluate_handle(
        """() => { const data = new DataTransfer();
        data.items.add(new File(["4155550181\\n"], "dropped.txt", { type: "text/plain" })); return data; }"""
    )
    page.locator("main h1").dispatch_event("dragover", {"dataTransfer": dropped})
    expect(page.locator(".drop")).to_have_class(re.compile("over"))
    page.locator("main h1").dispatch_event("drop", {"dataTransfer": dropped})
    assert read_as(page) == ["1 4155550181 (415) 555-0181 +14155550181"]
    page.get_by_role("button", name="Import").click()
    expect(page.locator(".job")).to_contain_text("dropped.txt")
    assert told.uploads[0][1] == b"4155550181\n"


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("ftc.txt", b"415,5550182\n212,5550183\n", ["(415) 555-0182 +14155550182", "(212) 555-0183 +12125550183"]),
        ("utf16.csv", "Straße;Telefon\n1;+44 20 7946 0018\n".encode("utf-16"), ["020 7946 0018 +442079460018"]),
        ("packed.csv.gz", gzip.compress(b"4155550184\n" * 20_000), ["(415) 555-0184 +14155550184"] * 8),
        ("quoted.csv", b'phone|note\n"415-555-0185"|"two\nlines | here"\n4155550186|x\n', ["(415) 555-0185", "0186"]),
        ("latin1.csv", "num\xe9ro,x\n4155550187,1\n".encode("latin-1"), ["(415) 555-0187 +14155550187"]),
    ],
)
def test_the_first_rows_are_shown_as_they_are_read(bulk, console, name, content, rows):
    bulk()
    choose(console.page, name, content)
    found = read_as(console.page)
    assert len(found) == len(rows)
    for shown, wanted in zip(found, rows, strict=True):
        assert wanted in shown


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("all.zip", b"PK\x03\x04rest", "A zip file has no preview"),
        ("empty.csv", b"", "This file is empty."),
        ("words.csv", b"name,city\nAda,Rome\n", "No phone column was found"),
    ],
)
def test_what_cannot_be_shown_is_said(bulk, console, name, content, words):
    told = bulk()
    choose(console.page, name, content)
    expect(console.page.locator(".preview")).to_contain_text(words)
    if not content:
        console.page.get_by_role("button", name="Import").click()
        expect(console.page.locator(".job-form [role=alert]").last).to_contain_text(words)
        assert told.asked == []


def test_an_import_without_a_file_is_not_begun(bulk, console):
    told = bulk()
    console.page.get_by_role("button", name="Import").click()
    expect(console.page.get_by_role("alert")).to_contain_text("Choose a file.")
    assert told.asked == []


@pytest.mark.parametrize("status", [0, 403])
def test_an_upload_that_fails_says_that_nothing_was_changed(bulk, console, status):
    told = bulk()
    told.upload_status = status
    choose(console.page, "old.csv", b"4155550188\n")
    console.page.get_by_role("button", name="Import").click()
    expect(console.page.get_by_role("alert")).to_contain_text("The upload failed. Nothing was changed.")
    told.upload_status = 200
    console.page.get_by_role("button", name="Import").click()
    expect(console.page.locator(".job")).to_contain_text("old.csv")


def test_a_service_that_fails_is_never_an_empty_list(bulk, console):
    told = bulk(jobs=[imported(1, status="running", progress=0.3)])
    page = console.page
    expect(page.locator(".job")).to_contain_text("30 %")
    told.status = 503
    expect(page.locator(".job .state")).to_contain_text("could not be loaded")
    choose(page, "old.csv", b"4155550189\n")
    page.get_by_role("button", name="Import").click()
    expect(page.locator(".job-form [role=alert]")).to_contain_text("Storage did not answer.")
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("Storage did not answer.")
    assert "No imports yet" not in page.locator("main").inner_text()
    told.status = 200
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".job")).to_have_count(1)


def test_a_scrub_with_another_column(bulk, console):
    told = bulk("manager", "scrubs", [scrubbed(1)])
    page = console.page
    choose(page, "leads.csv", b"phone;second\n4155550190;2125550191\n")
    assert read_as(page) == ["2 4155550190 (415) 555-0190 +14155550190"]
    page.get_by_label("Column with the numbers").select_option(label="the column “second”")
    expect(page.locator(".first-rows")).to_contain_text("+12125550191")
    page.get_by_role("button", name="Scrub").click()
    expect(page.locator(".job")).to_have_count(2)
    assert told.asked == [("POST", "scrubs", {"filename": "leads.csv", "bytes": 35, "column": "2"})]
    done = page.locator(".job").last
    for words, name in (("Clear leads", "clear"), ("Blocked leads", "blocked"), ("Listed during the run", "late")):
        href = f"https://bucket.example/{name}.csv"
        expect(done.get_by_role("link", name=words)).to_have_attribute("href", href)


def test_an_export_with_its_files_and_manifest(bulk, console):
    told = bulk("auditor", "exports", [exported(7)])
    page = console.page
    expect(page.locator(".job")).to_contain_text("9f" * 32)
    expect(page.get_by_role("link", name="Manifest")).to_have_attribute("href", "https://bucket.example/manifest.json")
    page.get_by_label("What").select_option("audit")
    page.get_by_label("Format").select_option("jsonl")
    page.get_by_label("From").fill("2026-11-01T00:00")
    page.get_by_role("button", name="Export").click()
    expect(page.locator(".job")).to_have_count(2)
    assert told.asked == [("POST", "exports", {"kind": "audit", "format": "jsonl", "from": "2026-11-01T04:00:00.000Z"})]


def test_who_may_only_read_jobs_is_offered_no_more(bulk, console):
    bulk("auditor", "imports", [imported(1)])
    page = console.page
    expect(page.locator(".job")).to_have_count(1)
    assert page.locator(".job-form").count() == 0
    assert page.get_by_role("button", name="Undo this import…").count() == 0
    page.get_by_role("link", name="Exports").click()
    expect(page.get_by_role("heading", name="New export")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Imports")).to_be_visible()


def test_hostile_names_are_names(bulk, console):
    undo = {"requested_at": HOSTILE, "requested_by": {"principal": HOSTILE, "acting_user": None}}
    undo |= {"counts": {HOSTILE: 1}, "error": HOSTILE, "report_url": None}
    file = {"name": HOSTILE, "counts": {HOSTILE: 2}, "report_url": None}
    told = bulk(jobs=[imported(1, filename=HOSTILE, error=HOSTILE, note=HOSTILE, undo=undo, files=[file])])
    page = console.page
    expect(page.locator(".job b").first).to_have_text(HOSTILE)
    choose(page, HOSTILE, f"name,{HOSTILE}\n{HOSTILE},4155550192\n".encode())
    expect(page.locator(".preview")).to_contain_text(f"the column “{HOSTILE}”")
    told.jobs["imports"][0]["undo"] = None
    page.reload()
    page.get_by_role("button", name="Undo this import…").click()
    expect(page.get_by_role("dialog")).to_contain_text(HOSTILE)
    assert page.locator("img, main script, dialog script").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_jobs_are_for_every_eye_and_width(bulk, console, axe, scheme):
    undo = {"requested_at": "2026-11-24T15:12:00.000Z", "requested_by": ACTOR, "counts": {"removed": 3}, "error": None}
    undo |= {"report_url": "https://bucket.example/u.csv"}
    jobs = [
        imported(1, status="running", progress=0.5, filename=f"{'long-name-' * 15}.csv"),
        imported(2, report_url="https://bucket.example/r.csv"),
        imported(3, status="failed", error="This is not text.", dry_run=True),
        imported(4, status="undone", undo=undo, files=[{"name": "415.csv", "counts": {"rows": 2}, "report_url": None}]),
    ]
    told = bulk(jobs=jobs)
    told.jobs |= {"scrubs": [scrubbed(1)], "exports": [exported(1)]}
    page = console.page
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = {}

    def look(name):
        page.evaluate(axe)
        if wrong := page.evaluate(RUN_AXE):
            found[name] = wrong
        for width in (1440, 768, 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)

    for kind in ("scrubs", "exports", "imports"):
        console.go(f"jobs?kind={kind}")
        expect(page.locator(".job")).to_have_count(len(told.jobs[kind]))
        look(kind)
    choose(page, "old.csv", b"phone,name\n12,x\n4155550195,y\n")
    read_as(page)
    page.get_by_label("Source").select_option("registry")
    look("preview")
    page.get_by_role("button", name="Undo this import…").first.click()
    look("undo")
    assert found == {}


@pytest.mark.skipif(
    ("POST", "/accounts/{account_id}/imports") not in ROUTES, reason="the service has no route for imports yet"
)
def test_an_import_on_the_whole_stack(console, key, client, account):
    console.sign_in(key("manager"), "jobs")
    page = console.page
    choose(page, "old.csv", b"phone,name\n(415) 555-0193,Doe\n12,Roe\n+1 415 555 0194,Poe\n")
    page.get_by_label("Your name").fill("u-2")
    page.get_by_role("button", name="Import").click()
    job = page.locator(".job").first
    expect(job.locator(".badge")).to_have_text("Done", timeout=120_000)
    expect(job.locator(".counts")).to_contain_text(re.compile("Rows.*3.*Listed.*2.*Refused.*1", re.DOTALL))
    listed = client.check(["+14155550193", "+14155550194"], account)["results"]
    assert [one["status"] for one in listed] == ["listed", "listed"]
    with page.expect_download() as download:
        job.get_by_role("link", name="Report of refused rows").click()
    assert "too short" in download.value.path().read_text()
    job.get_by_role("button", name="Undo this import…").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo import").click()
    expect(job.locator(".badge")).to_have_text("Undone", timeout=120_000)
    assert all(one["callable"] for one in client.check(["+14155550193", "+14155550194"], account)["results"])
