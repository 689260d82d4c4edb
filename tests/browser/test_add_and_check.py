"""Adding and checking: pasted text, live readings, long pastes, refusals, and drafts."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect

BOX = "Numbers, one per line"
SHEET = "Name\tPhone\tZIP\nAda\t(415) 555-0111\t94107\nBob\t415-555-0112\t94107-1234\n"


@pytest.fixture
def adding(console):
    console.open("manager", "add")
    expect(console.page.get_by_label(BOX)).to_be_focused()
    return console


def add(console):
    console.page.get_by_role("button", name=re.compile(r"^Add( \S+ numbers)? to DNC$")).click()


def paste(box, text):
    """Paste a text, as the clipboard would."""
    box.evaluate(
        """(box, text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", text);
          box.focus();
          box.select();
          box.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }""",
        text,
    )


def many(count, bad=0):
    return "\n".join(["12"] * bad + [f"+1{212 + n // 8000}{2000000 + n % 8000}" for n in range(count - bad)])


def test_a_number_is_read_as_it_is_typed_and_then_listed(adding):
    page = adding.page
    page.get_by_label(BOX).press_sequentially("415.555.0142")
    expect(page.get_by_role("list", name="How the numbers are read")).to_contain_text(
        "(415) 555-0142 +14155550142, United States"
    )
    add(adding)
    results = page.get_by_role("list", name="Results")
    expect(results).to_contain_text("(415) 555-0142 is listed. All campaigns now skip it.")
    expect(page.get_by_label(BOX)).to_have_value("")
    expect(page.get_by_label(BOX)).to_be_focused()


def test_the_counts_separate_new_already_listed_and_refused(adding):
    for n in range(3):
        adding.api.add(f"+1415555015{n}")
    page = adding.page
    page.get_by_label(BOX).fill("\n".join([f"+1415555015{n}" for n in range(5)] + ["12"]))
    add(adding)
    expect(page.locator(".results [role=status]")).to_have_text(
        "2 numbers were added. 3 numbers were already listed. 1 number was refused. Correct it above and try again."
    )
    expect(page.get_by_label(BOX)).to_have_value("12")


def test_optional_fields_are_labeled(adding):
    page = adding.page
    expect(page.get_by_label("Note (optional)")).to_be_visible()
    expect(page.get_by_label("Campaign (optional)")).to_be_visible()
    assert "required" not in page.locator("form.form").inner_text()


def test_a_request_time_in_the_future_is_marked(adding):
    page = adding.page
    page.get_by_label(BOX).fill("+14155550142")
    page.get_by_label("Requested").fill("2099-01-01T10:00")
    add(adding)
    expect(page.get_by_label("Requested")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Requested")).to_be_focused()
    expect(page.locator("form.form")).to_contain_text("This time is in the future.")
    assert adding.api.sent("POST", "batch") == []


@pytest.mark.parametrize(
    ("zone", "sent"),
    [("Pacific/Pago_Pago", "2026-11-25T21:00:00.000Z"), ("Pacific/Kiritimati", "2026-11-24T20:00:00.000Z")],
)
def test_a_requested_time_is_in_the_users_time_zone(console, zone, sent):
    page = console.open("manager", "add", zone=zone)
    page.get_by_label(BOX).fill("+14155550142")
    page.get_by_label("Requested").fill("2026-11-25T10:00")
    add(console)
    expect(page.locator(".results")).to_contain_text("1 number was added")
    assert console.api.sent("POST", "batch")[0]["numbers"][0]["requested_at"] == sent


def test_an_expiry_is_offered_only_for_sources_that_may_have_one(adding):
    page = adding.page
    expect(page.get_by_label("Expires")).to_be_hidden()
    page.get_by_label("Source").select_option("suppression")
    page.get_by_label("Expires").fill("2027-01-31")
    page.get_by_label(BOX).fill("+14155550142")
    add(adding)
    expect(page.locator(".results")).to_contain_text("1 number was added")
    assert adding.api.sent("POST", "batch")[0]["numbers"][0]["expires_at"] == "2027-02-01T04:59:00.000Z"


def test_a_request_for_one_channel_needs_a_note(adding):
    page = adding.page
    page.get_by_label(BOX).fill("+14155550142")
    page.get_by_label("Applies to").select_option("text")
    add(adding)
    expect(page.get_by_label("Note (optional)")).to_be_focused()
    page.get_by_label("Note (optional)").fill("only texts, please")
    add(adding)
    expect(page.locator(".results")).to_contain_text("1 number was added")
    assert adding.api.sent("POST", "batch")[0]["numbers"][0]["channels"] == ["text"]


def test_the_name_is_asked_for_once_and_used_for_everything(adding):
    page = adding.page
    page.get_by_label(BOX).fill("+14155550142")
    page.get_by_label("Your name").fill("Ada")
    add(adding)
    expect(page.locator(".results")).to_contain_text("1 number was added")
    expect(page.get_by_label("Your name")).to_have_count(0)
    expect(page.locator(".who")).to_contain_text("Ada")
    adding.go("numbers/+14155550142")
    page.get_by_role("button", name="Remove…").click()
    expect(adding.dialog().get_by_role("radio", name="Test number")).to_be_visible()
    expect(adding.dialog().get_by_label("Your name")).to_have_count(0)
    adding.go("jobs?kind=scrubs")
    expect(page.get_by_label("Your name")).to_have_count(0)
    assert adding.api.sent("POST", "batch")[0]["numbers"][0]["acting_user"] == "Ada"


PASTED = [
    (SHEET, ["(415) 555-0111", "415-555-0112"]),
    ("4155550111,94107\n4155550112,94110", ["4155550111", "4155550112"]),
    ("4155550111, 4155550112; 4155550113\t4155550114", ["4155550111", "4155550112", "4155550113", "4155550114"]),
    ("415,5550111\n212,5550112", ["4155550111", "2125550112"]),
    ("123456789\t4155550111\n987654321\t4155550112", ["4155550111", "4155550112"]),
    ("id;home phone;cell;since\n1;4155550111;;2026-11-01\n2;;4155550112;2026-11-02", ["4155550111", "4155550112"]),
    ("4155550111\r\n\r\n4155550112\r\n", ["4155550111", "4155550112"]),
    ("Doe, John, 415-555-0111", ["415-555-0111"]),
    ("(415) 555-0111\n12\n1-800-FLOWERS", ["(415) 555-0111", "12", "1-800-FLOWERS"]),
    (
        "Ada\t4155550111\t(415) 555-0113\nBob\t4155550112\t\nCy\t4155550114\tnone",
        ["4155550111", "(415) 555-0113", "4155550112", "4155550114"],
    ),
]


@pytest.mark.parametrize("view", ["add", "check"])
def test_both_views_split_pasted_text_the_same_way(console, view):
    page = console.open("manager", view)
    box = page.get_by_label(BOX) if view == "add" else page.get_by_role("textbox", name="Numbers")
    for sent, (pasted, numbers) in enumerate(PASTED, start=1):
        box.fill(pasted)
        if view == "add":
            add(console)
            expect(page.locator(".results [role=status]")).to_be_visible()
            bodies = console.api.sent("POST", "batch")
            found = [one["number"] for one in bodies[-1]["numbers"]]
        else:
            page.get_by_role("button", name="Check", exact=True).click()
            expect(page.locator("tbody tr")).to_have_count(len(numbers))
            bodies = console.api.sent("POST", "checks")
            found = bodies[-1]["numbers"]
        assert (len(bodies), found) == (sent, numbers), pasted


def test_scientific_notation_from_a_spreadsheet_is_explained_and_not_sent(adding):
    page = adding.page
    page.get_by_label(BOX).fill("2.12555E+09\n+14155550142")
    expect(page.locator(".readings")).to_contain_text("Format the column as a number without decimals")
    add(adding)
    expect(page.locator(".results")).to_contain_text("1 number was added. 1 number was refused.")
    assert [one["number"] for one in adding.api.sent("POST", "batch")[0]["numbers"]] == ["+14155550142"]
    expect(page.get_by_label(BOX)).to_have_value("2.12555E+09")


def test_a_long_paste_lists_only_problems_and_keeps_the_button_in_view(adding):
    page = adding.page
    paste(page.get_by_label(BOX), many(5000, bad=3))
    expect(page.locator(".readings")).to_contain_text(
        "497 of 500 numbers can be read. 4,500 more will be read when you add them."
    )
    expect(page.locator(".readings li")).to_have_count(3)
    expect(page.get_by_role("button", name="Add 5,000 numbers to DNC")).to_be_in_viewport()
    adding.api.fail("batch", "hold")
    add(adding)
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_label(BOX)).to_be_disabled()
    page.get_by_role("button", name="Cancel").click()
    adding.api.recover()
    expect(page.locator(".results")).to_contain_text("4,900 numbers were not sent and are still in the box.")
    expect(page.locator(".results")).to_contain_text("97 numbers were added. 3 numbers were refused.")
    assert len(page.get_by_label(BOX).input_value().split("\n")) == 4903


def test_a_long_paste_can_become_an_import(adding):
    page = adding.page
    page.get_by_label(BOX).fill(many(499))
    expect(page.locator(".readings")).to_contain_text("499 of 499")
    expect(page.get_by_role("button", name="Import them as a file instead")).to_have_count(0)
    page.get_by_label(BOX).fill(many(500))
    page.get_by_role("button", name="Import them as a file instead").click()
    adding.heading("Import & export")
    expect(page.locator(".drop")).to_contain_text("pasted-numbers.txt")
    expect(page.locator(".preview")).to_contain_text("8 of 8 numbers in these rows can be read")


def test_a_failed_add_keeps_the_input(adding):
    page = adding.page
    adding.api.fail("batch", {"status": 500, "json": {"code": "internal_error", "detail": "x"}})
    page.get_by_label(BOX).fill("+14155550111\n+14155550112")
    add(adding)
    expect(page.get_by_role("alert")).to_contain_text("2 numbers were not sent and are still in the box.")
    expect(page.get_by_label(BOX)).to_have_value("+14155550111\n+14155550112")
    adding.api.recover()
    add(adding)
    expect(page.locator(".results")).to_contain_text("2 numbers were added.")


def test_a_double_click_adds_once(adding):
    page = adding.page
    page.get_by_label(BOX).fill("+14155550111")
    page.get_by_role("button", name="Add to DNC").dblclick()
    expect(page.locator(".results")).to_contain_text("1 number was added.")
    assert len(adding.api.sent("POST", "batch")) == 1


def test_a_draft_survives_navigation_reloading_and_a_new_sign_in(adding):
    page = adding.page
    page.get_by_label(BOX).fill("+14155550111")
    page.get_by_label("Note").fill("long story")
    page.get_by_label("Source").select_option("letter")
    page.get_by_role("link", name="Check").click()
    adding.heading("Check")
    page.go_back()
    expect(page.get_by_label(BOX)).to_have_value("+14155550111")
    page.reload()
    expect(page.get_by_label("Note")).to_have_value("long story")
    expect(page.get_by_label("Source")).to_have_value("letter")
    adding.api.tokens = {"another"}
    add(adding)
    expect(page.get_by_role("alert")).to_contain_text("Your session has ended.")
    page.get_by_label("API key").fill("another")
    page.keyboard.press("Enter")
    expect(page.get_by_label(BOX)).to_have_value("+14155550111")
    expect(page.get_by_label("Note")).to_have_value("long story")
    add(adding)
    expect(page.locator(".results")).to_contain_text("1 number was added.")
    page.reload()
    expect(page.get_by_label(BOX)).to_have_value("")
    expect(page.get_by_label("Note")).to_have_value("")


def test_a_draft_is_not_shown_to_another_person_or_in_another_account(adding):
    page = adding.page
    page.get_by_label(BOX).fill("+14155550111")
    adding.sign_out()
    assert page.evaluate("sessionStorage.length") == 0
    adding.sign_in(view="add")
    expect(page.get_by_label(BOX)).to_have_value("")


def test_an_intake_key_sees_nothing_of_the_list(console):
    console.api.add("+14155550172")
    page = console.open("intake")
    console.heading("Add to DNC")
    page.get_by_label(BOX).fill("+14155550172")
    add(console)
    expect(page.locator(".results")).to_contain_text("+14155550172 was accepted. All campaigns skip it.")
    assert "already" not in page.locator("main").inner_text()


@pytest.fixture
def checked(console):
    console.api.add("+14155550148", source="sms")
    page = console.open("manager", "check")
    page.get_by_role("textbox", name="Numbers").fill("415-555-0148\n+14155550149\n12\n+442079460958")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(4)
    return console


def test_a_check_shows_counts_that_filter(checked):
    page = checked.page
    expect(page.get_by_role("heading", name="Results")).to_be_focused()
    assert page.locator(".count").all_inner_texts() == ["2 callable", "1 listed", "1 invalid"]
    expect(checked.row("415-555-0148")).to_contain_text("Text message")
    page.get_by_role("button", name="2 callable").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("button", name="2 callable").click()
    expect(page.locator("tbody tr")).to_have_count(4)
    page.get_by_role("link", name="(415) 555-0148").click()
    checked.heading("(415) 555-0148")


def test_a_check_for_one_channel_names_it(checked):
    page = checked.page
    assert "channel" not in checked.api.sent("POST", "checks")[-1]
    page.get_by_label("For", exact=True).select_option("text")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(4)
    assert checked.api.sent("POST", "checks")[-1]["channel"] == "text"


def test_the_results_are_copied_and_saved(checked):
    page = checked.page
    checked.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    expect(checked.toast()).to_contain_text("4 rows were copied.")
    assert page.evaluate("navigator.clipboard.readText()").split("\n")[0] == "415-555-0148\t+14155550148\tListed"
    page.get_by_role("button", name="1 invalid").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    assert re.fullmatch(r"check-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
    [row] = csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig")))
    assert (row["written"], row["result"], row["detail"]) == ("12", "Invalid", "too short for US")


def test_a_file_dropped_on_the_check_view_is_scrubbed(console):
    page = console.open("manager", "check")
    console.heading("Check")
    dropped = page.evaluate_handle(
        """() => { const data = new DataTransfer();
        data.items.add(new File(["phone\\n4155550181\\n"], "leads.csv", { type: "text/csv" })); return data; }"""
    )
    page.locator("main h1").dispatch_event("drop", {"dataTransfer": dropped})
    console.heading("Import & export")
    expect(page.locator(".drop")).to_contain_text("leads.csv")
    expect(page.get_by_role("button", name="Scrub", exact=True)).to_be_visible()


HALF = {"status": 200, "json": {"checked_at": "2026-11-24T10:00:00.000Z", "blocked": 0, "results": []}}


@pytest.mark.parametrize(
    "failure",
    [
        {"status": 500, "json": {"code": "internal_error", "detail": "x"}},
        {"status": 503, "body": "<html>busy</html>"},
        {"status": 429, "json": {"message": "Too Many Requests"}},
        {"status": 200, "body": "surprise"},
        HALF,
        "offline",
    ],
    ids=["500", "503 of a proxy", "429 of the gateway", "no JSON", "half a response", "offline"],
)
def test_a_failed_check_never_shows_a_number_as_callable(console, failure):
    page = console.open("manager", "check")
    console.api.fail("POST .*/checks", failure)
    page.get_by_role("textbox", name="Numbers").fill("+14155550100")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_role("alert").first).to_contain_text("Treat all of them as listed")
    assert page.locator(".results .badge").count() == 0
    assert not re.search("went wrong in this page|Reload", page.locator(".results").inner_text())
    console.api.recover()
    page.get_by_role("button", name="Check", exact=True).click()
    expect(console.row("+14155550100")).to_contain_text("Callable")


def test_an_unknown_status_is_never_callable(console):
    page = console.open("manager", "check")
    results = [{"input": "1", "number": "+14155550100", "callable": False, "status": "clear"}]
    results += [{"input": "2", "number": "+14155550101", "callable": True, "status": "odd"}]
    results += [{"input": "3", "number": "+14155550102", "callable": True, "status": "clear", "consent_needed": True}]
    results += [{"input": "4", "number": "+390312", "callable": False, "status": "listed", "source": "prefix"}]
    results[-1] |= {"readings": ["+390312", "+39312"]}
    body = {"checked_at": "2026-11-24T10:00:00.000Z", "blocked": 0, "results": results}
    console.api.fail("POST .*/checks", {"json": body})
    page.get_by_role("textbox", name="Numbers").fill("1\n2\n3\n4")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(4)
    assert page.locator("td .badge").all_inner_texts() == ["Invalid", "Invalid", "Callable", "Listed"]
    expect(page.locator("tbody tr").nth(2)).to_contain_text("asks for consent first")
    expect(page.locator("tbody tr").last).to_contain_text("Blocked prefix Also read as +39 312.")
    expect(page.locator("tbody a")).to_have_count(0)


def test_five_thousand_numbers_are_checked_with_progress(console):
    page = console.open("dialer")
    console.heading("Check")
    paste(page.get_by_role("textbox", name="Numbers"), many(5000))
    console.api.fail("POST .*/checks", "hold")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("button", name="Check", exact=True)).to_be_in_viewport()
    console.api.recover()
    expect(page.get_by_role("button", name="5,000 callable")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(200)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator("tbody tr")).to_have_count(400)
