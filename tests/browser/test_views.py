"""The other views: one number, activity, reports, audit, settings, help."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

NUMBER = "+14155550150"
NATIONAL = "(415) 555-0150"


@pytest.fixture
def eventful(console):
    """The console with a number that has a history of four events."""
    console.api.add(NUMBER, ago=300, source="disposition", campaign_id="spring", consumer_name="J. Doe", call_id="c-1")
    console.api.add(NUMBER, ago=200, source="sms", note="STOP")
    console.api.remove(NUMBER, "consent_given", ago=100, evidence={"reference": "crm-1", "purpose": "offers"})
    console.api.add(NUMBER, ago=50, source="web")
    return console


def test_a_number_shows_its_details_and_a_history_that_expands(eventful):
    page = eventful.open("auditor", f"numbers/{NUMBER}")
    eventful.heading(NATIONAL)
    steps = page.locator(".timeline > li")
    expect(steps).to_have_count(4)
    expect(steps.nth(0)).to_contain_text(re.compile("Listed.*u-17.*Disposition.*spring", re.DOTALL | re.IGNORECASE))
    expect(steps.nth(2).get_by_text("crm-1")).to_be_hidden()
    steps.nth(2).locator("summary").click()
    expect(steps.nth(2).get_by_text("crm-1")).to_be_visible()
    expect(steps.nth(1)).to_contain_text(re.compile("requested again.*Text message.*STOP", re.DOTALL))
    expect(steps.nth(2)).to_contain_text(re.compile("removed: Written consent.*crm-1.*offers.*typo", re.DOTALL))
    expect(page.locator(".chain")).to_have_text("Record intact · 4 events")
    expect(page.get_by_text(f"{4:064x}")).to_be_hidden()
    page.get_by_text("Details", exact=True).click()
    expect(page.get_by_text(f"{4:064x}")).to_be_visible()
    expect(page.get_by_role("button", name="Remove…")).to_have_count(0)
    page.emulate_media(media="print")
    expect(page.locator("#side")).to_be_hidden()
    expect(page.locator(".timeline")).to_be_visible()


def test_an_agent_sees_no_history_but_which_roles_do(eventful):
    page = eventful.open("agent", f"numbers/{NUMBER}")
    eventful.heading(NATIONAL)
    expect(page.locator(".history")).to_contain_text(
        "Your role cannot see the history. A manager, an auditor or an admin can."
    )


@pytest.mark.parametrize("view", ["audit", "numbers", "activity"])
def test_what_was_typed_on_one_page_does_not_lead_away_from_the_next(eventful, view):
    page = eventful.open("auditor", view)
    typed = page.get_by_label("Number", exact=True) if view == "audit" else page.get_by_role("searchbox")
    typed.fill("415 555 0142")
    page.get_by_role("link", name="Reports").click()
    eventful.heading("Reports")
    page.evaluate("new Promise((done) => setTimeout(done, 500))")  # later than the timer that the typing started
    eventful.heading("Reports")


def test_an_agents_search_requires_a_whole_number(eventful):
    page = eventful.open("agent")
    search = page.get_by_role("searchbox")
    search.fill("415-555")
    page.keyboard.press("Enter")
    expect(eventful.toast()).to_contain_text("“415-555” is not a complete phone number.")
    expect(eventful.toast()).not_to_contain_text("short")
    search.fill("415 555 0150")
    page.keyboard.press("Enter")
    eventful.heading(NATIONAL)


def test_a_number_that_was_never_listed_can_be_added(console):
    page = console.open(view="numbers/+14155550199")
    expect(page.locator("main")).to_contain_text("This number was never listed.")
    page.get_by_role("link", name="Add a number").click()
    expect(page.get_by_label("Numbers, one per line")).to_have_value("+14155550199")


def test_an_invalid_number_in_the_address_offers_a_search(console):
    page = console.open(view="numbers/abc")
    console.heading("“abc” is not a phone number")
    assert page.locator("main").inner_text().count("abc") == 2
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    assert not [path for _, path, _, _ in console.api.calls if path.startswith("/numbers/")]
    page.get_by_role("link", name="Search for “abc”").click()
    console.heading("DNC Numbers")
    expect(page.get_by_role("searchbox")).to_have_value("abc")


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        ({"intact": False, "broken_at": 1}, "The record was tampered with at event 1."),
        ({"complete": False, "missing": [2, 3]}, "The record is incomplete: 2 events are missing."),
    ],
)
def test_a_broken_or_incomplete_record_is_reported(eventful, chain, words):
    history = {
        "events": [],
        "chain": {"length": 4, "head_digest": "x", "intact": True, "complete": True, "missing": [], **chain},
    }
    eventful.api.fail("/history", {"json": {**history, "next_page_token": None}})
    page = eventful.open("auditor", f"numbers/{NUMBER}")
    expect(page.locator(".chain.error")).to_contain_text(words)


def test_a_history_that_fails_to_load_does_not_look_intact(eventful):
    eventful.api.fail("/history", {"status": 503, "body": "<html>"})
    page = eventful.open("auditor", f"numbers/{NUMBER}")
    expect(page.get_by_role("alert")).to_contain_text("not available right now")
    expect(page.locator("main")).to_contain_text("Web form")
    assert "intact" not in page.locator("main").inner_text()
    eventful.api.recover()
    page.wait_for_timeout(1000)  # the failure stays until the person tries again
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".chain")).to_contain_text("Record intact")


def test_the_history_follows_a_change_made_here(console):
    console.api.add(NUMBER, source="manual")
    page = console.open(view=f"numbers/{NUMBER}")
    page.get_by_role("button", name="Remove…").click()
    dialog = console.dialog()
    dialog.get_by_role("radio", name="Test number").check()
    dialog.get_by_label("Note").fill("ours")
    dialog.get_by_label("Your name").fill("Ada")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator(".timeline > li")).to_have_count(2)
    expect(page.locator("h1 + .badge")).to_have_text("Removed")
    expect(page.get_by_role("button", name="Put back on the list")).to_be_visible()


def test_activity_is_grouped_by_the_readers_day(console):
    console.api.add("+14155550100", ago=2)
    console.api.add("+14155550101", ago=60 * 24 * 2, source="sms")
    console.api.remove("+14155550101", ago=1)
    page = console.open(view="activity")
    expect(page.locator(".day")).to_have_count(2)
    rows = page.locator("tr.event")
    expect(rows.nth(0)).to_contain_text(re.compile("1m ago.*removed: Marked by mistake.*0101.*u-2", re.DOTALL))
    expect(rows.nth(1)).to_contain_text(re.compile("2m ago.*listed.*0100.*Added by hand.*u-17", re.DOTALL))
    expect(rows.nth(2)).to_contain_text(re.compile("listed.*0101.*Text message", re.DOTALL))
    expect(rows.nth(2).locator("time")).to_have_text(re.compile(r"^\d+:\d\d [AP]M$"))
    assert [row.bounding_box()["height"] <= 41 for row in rows.all()] == [True] * 3


def test_new_events_appear_on_top(console):
    console.api.add("+14155550100", ago=9)
    page = console.open(view="activity")
    expect(page.locator("tr.event")).to_have_count(1)
    console.api.add("+14155550101", source="manual", ago=0)
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("tr.event")).to_have_count(2)
    expect(page.locator("tr.event").first).to_contain_text("(415) 555-0101")
    console.bin("(415) 555-0101").click()
    console.dialog().get_by_role("radio", name="Marked by mistake").check()
    console.dialog().get_by_label("Note").fill("x")
    console.dialog().get_by_label("Your name").fill("Ada")
    console.dialog().get_by_role("button", name="Delete").click()
    expect(console.bin("(415) 555-0101")).to_have_count(0)
    expect(page.locator("tr.event")).to_have_count(3)
    page.get_by_role("button", name="Undo").click()
    expect(console.bin("(415) 555-0101")).to_have_count(1)


def test_activity_can_be_extended_back_without_limit(console):
    console.api.add("+14155550100", ago=60 * 24 * 20)
    console.api.add("+14155550101", ago=60 * 24 * 60)
    page = console.open(view="activity")
    expect(page.locator(".empty")).to_contain_text("Nothing has happened since")
    page.get_by_role("button", name="Show older events").click()
    expect(page.locator("tr.event")).to_have_count(1)
    page.get_by_role("button", name="Show older events").click()
    expect(page.locator("tr.event")).to_have_count(2)
    for _, path, query, _ in console.api.calls:
        if path == "/audit":
            span = datetime.fromisoformat(query["to"]) - datetime.fromisoformat(query["from"])
            assert span <= timedelta(days=31)


def test_reports_say_that_days_are_in_utc(console):
    console.api.add("+14155550100", source="web", ago=1)
    console.api.add("+14155550101", source="sms", ago=1)
    console.api.remove("+14155550101", ago=0)
    page = console.open("auditor", "reports")
    expect(page.locator("main")).to_contain_text("Days are in UTC.")
    assert page.locator(".figures dd").all_inner_texts() == ["1", "2", "1"]
    assert page.locator(".figures dt").all_inner_texts() == ["listed in total", "listed this week", "removed this week"]
    table = page.get_by_role("table", name="By day")
    expect(table.get_by_role("row")).to_have_count(8)
    assert table.get_by_role("row").last.get_by_role("cell").all_inner_texts() == ["2", "1"]
    expect(page.get_by_role("table", name="Listed, by source").get_by_role("row", name="Web form")).to_contain_text("1")
    expect(page.get_by_role("table", name="Removed, by reason")).to_contain_text("Marked by mistake")
    assert page.locator("svg.chart rect").count() == 2
    page.get_by_role("link", name="Previous week").click()
    expect(page.get_by_role("link", name="Next week")).to_be_visible()
    expect(page.get_by_role("table", name="Listed, by source")).to_contain_text("None this week.")


def test_the_old_address_of_the_reports_still_works(console):
    console.open("auditor", "week?to=2026-11-20")
    console.heading("Reports")
    expect(console.page.get_by_role("link", name="Reports")).to_have_attribute("aria-current", "page")


def test_the_audit_filters_opens_and_saves_events(eventful):
    eventful.api.add("+14155550151", by="Bob", ago=10)
    page = eventful.open("auditor", "audit")
    rows = page.locator("tbody.event")
    expect(rows).to_have_count(5)
    page.get_by_label("Event").select_option("removed")
    expect(rows).to_have_count(1)
    rows.get_by_role("button", name="Show").click()
    expect(rows).to_contain_text(re.compile("crm-1.*offers.*typo", re.DOTALL))
    page.get_by_text("Record", exact=True).click()
    expect(rows).to_contain_text("key:k1")
    page.get_by_label("Event").select_option("")
    page.get_by_label("Person or key").fill("Bob")
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Clear all").click()
    expect(rows).to_have_count(5)
    page.locator("main").get_by_label("Number").fill("415 555 0150")
    expect(rows).to_have_count(4)
    assert eventful.api.calls[-1][2]["number"] == NUMBER
    page.get_by_label("Reason").select_option("consent_given")
    expect(rows).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    [row] = csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig")))
    assert (row["number"], row["type"], row["acting_user"]) == (NUMBER, "removed", "u-2")
    assert "crm-1" in row["evidence"]
    page.reload()
    expect(page.locator("main").get_by_label("Number")).to_have_value("415 555 0150")


def test_a_filter_that_the_api_does_not_support_is_applied_in_the_page(eventful):
    eventful.api.add("+14155550151", ago=10)
    error = {"code": "invalid_request", "detail": "x", "errors": [{"field": "number", "message": "is unknown"}]}
    eventful.api.fail(r"/audit\?.*number=", {"status": 422, "json": error})
    page = eventful.open("auditor", f"audit?number=%2B{NUMBER[1:]}")
    expect(page.locator("tbody.event")).to_have_count(4)


def test_dates_of_the_audit_in_the_wrong_order_are_marked(console):
    page = console.open("auditor", "audit?from=2026-11-20&to=2026-11-10")
    expect(page.get_by_label("To")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("main")).to_contain_text("“To” is before “From”.")


def test_events_of_the_account_are_in_the_audit(console):
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    after = {"key_id": "k9", "name": "Dialer", "role": "dialer"}
    event = {"event_id": "a1", "type": "key_made", "number": None, "occurred_at": now, "recorded_at": now}
    event |= {"reason": None, "actor": {"principal": "key:k1", "acting_user": "Ada"}, "after": after, "before": None}
    console.api.events.append({**event, "sequence": "1", "index": 1, "digest": "d"})
    page = console.open("admin", "audit")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("tbody.event")).to_contain_text(
        re.compile("API key created.*Dialer.*dialer", re.DOTALL | re.IGNORECASE)
    )
    page.get_by_role("link", name="Activity").click()
    expect(page.locator(".empty")).to_be_visible()


def key(key_id, name, **more):
    base = {"key_id": key_id, "role": "dialer", "name": name, "created_at": "2026-05-05T09:00:00.000Z"}
    return {**base, "created_by": "key:k1", "expires_at": None, "revoked_at": None, **more}


def test_a_key_is_created_shown_once_and_revoked(console):
    console.api.keys = [
        key("k1", "Call center floor", role="admin"),
        key("k7", "Old", revoked_at="2026-06-05T09:00:00.000Z"),
    ]
    page = console.open("admin", "settings")
    keys = page.get_by_role("table", name="API keys").first
    expect(keys.get_by_role("row")).to_have_count(2)
    expect(keys).to_contain_text("Your key")
    page.get_by_role("button", name="Create API key").click()
    dialog = console.dialog()
    dialog.get_by_role("button", name="Create", exact=True).click()
    expect(dialog.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Name").fill("Dialer west")
    dialog.get_by_label("Role").select_option("dialer")
    expect(dialog).to_contain_text("Checks numbers before calls.")
    dialog.get_by_label("Expires").fill("2027-01-31")
    dialog.get_by_role("button", name="Create", exact=True).click()
    token = dialog.get_by_label("API key", exact=True)
    expect(token).to_have_value(re.compile(r"^nck_acme\."))
    expect(dialog).to_contain_text("It is shown only this once.")
    console.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog.get_by_role("button", name="Copy").click()
    expect(dialog).to_contain_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == token.input_value()
    dialog.locator(".foot").get_by_role("button", name="Close").click()
    expect(page.locator("dialog")).to_have_count(0)
    assert "nck_" not in page.content()
    [made] = console.api.sent("POST", "keys")
    assert made == {"name": "Dialer west", "role": "dialer", "expires_at": "2027-02-01T04:59:00.000Z"}
    page.get_by_role("button", name="Revoke Dialer west").click()
    expect(console.dialog()).to_contain_text("stops working within 60 seconds")
    expect(console.dialog().get_by_label("Your name")).to_have_count(0)
    console.dialog().get_by_role("button", name="Revoke").click()
    expect(console.toast()).to_contain_text("Dialer west was revoked.")
    expect(page.get_by_role("button", name="Revoke Dialer west")).to_have_count(0)
    page.get_by_text("2 revoked or expired keys").click()
    expect(page.get_by_role("table", name="API keys").last).to_contain_text("Dialer west")


def test_the_policy_is_changed_with_a_note(console):
    console.api.account["approve_reasons"] = ["consent_given"]
    page = console.open("admin", "settings")
    policy = page.get_by_role("region", name="Policy")
    expect(policy.get_by_role("checkbox", name="Written consent")).to_be_disabled()
    policy.get_by_role("checkbox", name="Request withdrawn").check()
    policy.get_by_label("Blocked prefixes").fill("+1900\n1")
    policy.get_by_role("button", name="Save").click()
    expect(policy.get_by_label("Blocked prefixes")).to_be_focused()
    expect(policy).to_contain_text("“+1” is not a prefix.")
    policy.get_by_label("Blocked prefixes").fill("1900, +44909")
    policy.get_by_role("button", name="Save").click()
    expect(policy.get_by_label("Note")).to_be_focused()
    policy.get_by_label("Note").fill("premium numbers")
    policy.get_by_role("button", name="Save").click()
    expect(console.toast()).to_contain_text("Saved.")
    [sent] = console.api.sent("PATCH", "")
    assert sent["blocked_prefixes"] == ["+1900", "+44909"]
    assert sorted(sent["approve_reasons"]) == ["consent_given", "request_withdrawn"]
    assert sent["note"] == "premium numbers"


def test_a_service_without_blocked_prefixes_still_has_reasons_that_need_approval(console):
    del console.api.account["blocked_prefixes"]
    page = console.open("admin", "settings")
    policy = page.get_by_role("region", name="Policy")
    policy.get_by_role("checkbox", name="Written consent").check()
    policy.get_by_label("Note").fill("as counsel advised")
    policy.get_by_role("button", name="Save").click()
    expect(console.toast()).to_contain_text("Saved.")
    [sent] = console.api.sent("PATCH", "")
    assert sent.keys() <= {"approve_reasons", "note", "acting_user"}


def test_a_service_without_a_policy_has_no_form_for_it(console):
    del console.api.account["approve_reasons"], console.api.account["blocked_prefixes"]
    page = console.open("admin", "settings")
    expect(page.get_by_role("region", name="Policy")).to_contain_text("no policy settings")


def test_a_key_that_expires_soon_is_announced_by_its_name(console):
    soon = (datetime.now(UTC) + timedelta(days=6)).isoformat()
    console.api.keys = [key("k1", "Call center floor", role="admin"), key("k2", "Web form", expires_at=soon)]
    page = console.open("admin")
    expect(page.locator(".banner[role=status]").last).to_contain_text("The API key “Web form” expires")


def test_a_key_acts_under_its_name_not_its_id(console):
    console.api.keys = [key("k1", "Call center floor", role="admin"), key("k7", "Web form")]
    entry = console.api.add(NUMBER)
    entry["listed_by"] = {"principal": "key:k7", "acting_user": None}
    page = console.open("admin", "settings")
    expect(page.locator(".who")).to_contain_text("Call center floor")
    expect(page.get_by_role("table", name="API keys")).to_contain_text("Web form")
    page.get_by_role("link", name="DNC Numbers").click()
    expect(console.row(NATIONAL)).to_contain_text("Web form")
    entry["listed_by"] = {"principal": "key:k1", "acting_user": None}
    page = console.open("manager", "numbers")
    expect(console.row(NATIONAL)).to_contain_text("Call center floor")


def test_help_explains_sources_reasons_and_roles(console):
    page = console.open("manager")
    console.heading("DNC Numbers")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Help")
    expect(dialog).to_contain_text("The disposition or button was chosen by mistake")
    expect(dialog).to_contain_text("A company do-not-call request ends")
    expect(dialog).to_contain_text("The person asked by text message")
    expect(dialog).to_contain_text("Checks numbers before calls.")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("?/")
    expect(page.get_by_role("searchbox")).to_have_value("?/")
    expect(dialog).to_have_count(0)
