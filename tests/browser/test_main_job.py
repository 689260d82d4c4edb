"""What people do with the console, with the keyboard alone."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Console


def test_add_find_remove_undo_with_the_keyboard_alone(console, key, client, account):
    page, press = console.page, console.page.keyboard.press
    page.goto(console.url)
    expect(page.get_by_label("Key")).to_be_focused()
    page.keyboard.insert_text(key("manager"))
    press("Enter")
    console.heading("Recent activity")

    console.tab_to(lambda: console.focused("a[href='#/add']"))
    press("Enter")
    expect(page.get_by_label("Numbers, one per line")).to_be_focused()
    page.keyboard.type("(415) 555-0142")
    expect(page.get_by_role("list", name="How the numbers are read")).to_contain_text("+14155550142, United States")
    console.tab_to(lambda: console.focused("[name=acting_user]"))
    page.keyboard.type("u-2")
    console.tab_to(lambda: console.focused("form button.primary"))
    press("Enter")
    results = page.get_by_role("list", name="Results")
    expect(results).to_contain_text("(415) 555-0142 is listed. All campaigns now skip it.")
    assert not client.check(["+14155550142"], account)["results"][0]["callable"]

    console.tab_to(lambda: console.focused("#search"))
    page.keyboard.type("555-0142")
    console.heading("All numbers")
    expect(console.row("(415) 555-0142")).to_have_count(1)
    expect(page.locator("#search")).to_be_focused()
    console.tab_to(lambda: console.focused("button[aria-label='Remove (415) 555-0142 from DNC']"))
    press("Enter")

    dialog = page.get_by_role("dialog", name="Remove (415) 555-0142 from DNC?")
    expect(dialog).to_contain_text("a colleague added it by hand")
    expect(dialog).to_contain_text("47 CFR 64.1200(d)")
    expect(dialog).to_contain_text("not legal advice")
    expect(dialog).to_contain_text("A company do-not-call request ends the established business relationship")
    delete = dialog.get_by_role("button", name="Delete")
    expect(delete).to_be_disabled()
    expect(delete).to_have_accessible_description("Choose a reason.")
    expect(dialog.get_by_role("radio", name="Marked by mistake")).to_be_focused()
    press("Space")
    expect(delete).to_have_accessible_description("Still missing: Note.")
    expect(delete).to_be_disabled()
    press("ArrowDown")
    expect(dialog.get_by_role("radio", name="Wrong number entered")).to_be_checked()
    press("ArrowUp")
    press("Tab")
    page.keyboard.type("pressed the wrong button")
    expect(delete).to_be_enabled()
    console.tab_to(lambda: console.focused("dialog button.danger"))
    press("Enter")
    expect(dialog).to_have_count(0)
    toast = page.locator(".toast")
    expect(toast).to_contain_text("(415) 555-0142 was removed from DNC.")
    assert client.check(["+14155550142"], account)["results"][0]["callable"]
    removed = client.numbers("operator", "GET", "/+14155550142", account=account).json()["removal"]
    assert removed["reason"] == "marked_by_mistake"
    assert removed["note"] == "pressed the wrong button"
    assert removed["removed_by"]["acting_user"] == "u-2"

    expect(toast.get_by_role("button", name="Undo")).to_be_focused()
    press("Enter")
    expect(toast).to_contain_text("is listed again, with its original request")
    assert not client.check(["+14155550142"], account)["results"][0]["callable"]
    expect(page.get_by_role("button", name="Remove (415) 555-0142 from DNC")).to_be_visible()


def test_the_trash_bin_is_in_the_recent_activity_too(console, key, add, waited, client, account):
    add("+14155550143", source="disposition", campaign_id="spring")
    waited("+14155550143", 1)
    console.sign_in(key("admin"))
    page = console.page
    event = page.get_by_role("listitem").filter(has_text="(415) 555-0143")
    expect(event).to_contain_text("listed, Disposition")
    event.get_by_role("button", name=re.compile("Remove")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("an agent ended a call with the disposition DNC")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(event.get_by_role("button", name=re.compile("Remove"))).to_be_focused()
    assert client.numbers("operator", "GET", "/+14155550143", account=account).json()["status"] == "listed"


EVIDENCE = {
    "consent_given": {
        "evidence.reference": "crm-1",
        "evidence.obtained_at": "2099-01-01T10:00",
        "evidence.purpose": "offers",
    },
    "number_reassigned": {"evidence.reference": "rnd-9", "evidence.checked_on": "TODAY", "evidence.result": True},
    "entered_wrong_number": {"correct_number": "+14155550155"},
}


def fill(dialog, reason):
    dialog.locator(f"#reason-{reason}").check()
    for name, value in EVIDENCE[reason].items():
        field = dialog.locator(f"[name='{name}']:visible")
        if value is True:
            field.check()
        elif value == "TODAY":
            field.fill(field.evaluate("() => new Date().toISOString().slice(0, 10)"))
        else:
            field.fill(value)


@pytest.mark.parametrize("reason", ["number_reassigned", "entered_wrong_number"])
def test_a_reason_with_its_evidence(console, key, add, client, account, reason):
    add("+14155550144", source="disposition")
    console.sign_in(key("manager"), "numbers/+14155550144")
    console.page.get_by_role("button", name="Remove…").click()
    dialog = console.page.get_by_role("dialog")
    fill(dialog, reason)
    delete = dialog.get_by_role("button", name="Delete")
    expect(delete).to_be_disabled()
    dialog.get_by_label("Your name").fill("u-2")
    delete.click()
    expect(console.page.locator(".toast")).to_contain_text("was removed")
    expect(console.page.locator(".facts")).to_contain_text(re.compile("Removed by.*u-2", re.DOTALL))
    expect(console.page.locator(".timeline")).to_contain_text("removed: ")
    entry = client.numbers("operator", "GET", "/+14155550144", account=account).json()
    assert entry["removal"]["reason"] == reason
    if reason == "entered_wrong_number":
        assert client.check(["+14155550155"], account)["results"][0]["status"] == "listed"


def test_evidence_that_the_service_refuses_is_told_by_field(console, key, add, client, account):
    add("+14155550145", source="disposition")
    console.sign_in(key("manager"), "numbers/+14155550145")
    console.page.get_by_role("button", name="Remove…").click()
    dialog = console.page.get_by_role("dialog")
    fill(dialog, "consent_given")
    dialog.get_by_label("Your name").fill("u-2")
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_role("alert")).to_contain_text("is in the future")
    expect(dialog.get_by_role("button", name="Delete")).to_be_enabled()
    assert client.numbers("operator", "GET", "/+14155550145", account=account).json()["status"] == "listed"


def test_a_number_that_changes_under_the_dialog_is_not_removed(console, key, add, client, account):
    entry = add("+14155550146", source="manual")
    console.sign_in(key("manager"), "numbers/+14155550146")
    page = console.page
    page.get_by_role("button", name="Remove…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Test number").check()
    dialog.locator("[name=note]:visible").fill("mine")
    dialog.get_by_label("Your name").fill("u-2")
    add("+14155550146", source="sms")
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Someone changed this number in the meantime")
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    dialog.get_by_role("button", name="Review").click()
    expect(dialog).to_contain_text("the person asked by text message")
    expect(dialog.get_by_role("radio", name="Test number")).to_have_count(0)
    expect(dialog).to_contain_text("Not available for this number")

    body = {"reason": "legal_order", "if_version": entry["version"] + 1, "acting_user": "u-3"}
    body["evidence"] = {"reference": "order-1"}
    assert client.numbers("operator", "DELETE", "/+14155550146", body, account=account).status_code == 200
    dialog.get_by_role("radio", name="Request withdrawn").check()
    dialog.locator("[name='evidence.reference']:visible").fill("call-1")
    dialog.locator("[name='evidence.obtained_at']:visible").fill("2026-01-01T10:00")
    dialog.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Review").click()
    expect(dialog.get_by_role("alert")).to_contain_text("no longer listed")


def test_several_numbers_at_once_the_refused_ones_stay(console, key, client, account):
    console.sign_in(key("agent"), "add")
    page = console.page
    page.get_by_label("Numbers, one per line").fill("(415) 555-0147\n12\n+44 20 7946 0018\n1-800-FLOWERS")
    read = page.get_by_role("list", name="How the numbers are read")
    expect(read.get_by_role("listitem")).to_have_count(4)
    expect(read).to_contain_text("United Kingdom")
    expect(read).to_contain_text("too short for US")
    page.get_by_role("button", name="Add 4 numbers to DNC").click()
    expect(page.get_by_role("list", name="Results").get_by_role("listitem")).to_have_count(4)
    expect(page.get_by_label("Numbers, one per line")).to_have_value("12\n1-800-FLOWERS")
    told = client.check(["+14155550147", "+442079460018"], account)
    assert [one["status"] for one in told["results"]] == ["listed", "listed"]


def test_check_says_not_listed_and_never_free_to_call(console, key, add):
    add("+14155550148")
    console.sign_in(key("dialer"), "check")
    page = console.page
    page.get_by_role("textbox", name="Numbers").fill("415-555-0148\nx\t+14155550149\tAda\n911")
    page.get_by_role("button", name="Check").click()
    expect(console.row("415-555-0148")).to_contain_text("Listed")
    expect(console.row("+14155550149")).to_contain_text("Not listed")
    expect(console.row("911")).to_contain_text("Unreadable")
    assert not re.search("free to call|callable|may be called", page.locator(".results").inner_text(), re.IGNORECASE)


def test_one_numbers_page_tells_its_whole_history(console, key, add, client, account, waited):
    entry = add("+14155550150", source="disposition", campaign_id="spring", consumer_name="J. Doe")
    body = {"reason": "marked_by_mistake", "note": "typo", "if_version": entry["version"], "acting_user": "u-2"}
    assert client.numbers("operator", "DELETE", "/+14155550150", body, account=account).status_code == 200
    waited("+14155550150", 2)
    console.sign_in(key("auditor"), "numbers/+14155550150")
    page = console.page
    console.heading("(415) 555-0150")
    history = page.locator(".timeline")
    expect(history.get_by_role("listitem").first).to_contain_text("listed")
    expect(history.get_by_role("listitem").last).to_contain_text("removed: Marked by mistake")
    expect(history.get_by_role("listitem").last).to_contain_text("typo")
    expect(page.locator(".chain")).to_contain_text("intact · 2 events")
    expect(page.locator(".facts")).to_contain_text("J. Doe")
    expect(page.get_by_role("button", name="Put back on the list")).to_have_count(0)
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(history).to_be_visible()


def test_the_week_is_a_table_that_can_be_read_aloud(console, key, add, waited):
    for last in range(3):
        add(f"+1415555016{last}", source="web" if last else "sms")
        waited(f"+1415555016{last}", 1)
    console.sign_in(key("auditor"), "week")
    table = console.page.get_by_role("table", name="Listed, by day and source")
    expect(table.get_by_role("columnheader")).to_have_count(9)
    for name, counted in (("All", "3"), ("Web form", "2"), ("Text message", "1")):
        row = table.get_by_role("row").filter(has=console.page.get_by_role("rowheader", name=name))
        assert row.get_by_role("cell").all_inner_texts()[-2:] == [counted, counted]
        assert set(row.get_by_role("cell").all_inner_texts()[:-2]) == {"0"}
    expect(console.page.locator(".figures")).to_contain_text("3 listed in total")
    console.page.get_by_role("link", name="Previous week").click()
    expect(console.page.get_by_role("link", name="Next week")).to_be_visible()
    expect(console.page.locator(".chart.listed")).to_contain_text("None this week.")


def remove(page, note="typo"):
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Marked by mistake").check()
    dialog.locator("[name=note]:visible").fill(note)
    if dialog.get_by_label("Your name").count():
        dialog.get_by_label("Your name").fill("u-2")
    dialog.get_by_role("button", name="Delete").click()
    return dialog


def test_two_people_remove_the_same_number(console, context, stack, key, add, client, account):
    add("+14155550151", source="manual")
    console.sign_in(key("manager"), "numbers")
    other = Console(context.new_page(), stack, account)
    other.sign_in(key("admin"), "numbers/+14155550151")
    for page in (console.page, other.page):
        page.get_by_role("button", name=re.compile("^Remove")).click()
        expect(page.get_by_role("radio", name="Marked by mistake")).to_be_visible()
    remove(console.page, "mine")
    expect(console.page.locator(".toast")).to_contain_text("was removed")
    dialog = remove(other.page, "the other's")
    expect(dialog.get_by_role("alert")).to_contain_text("Nothing was deleted")
    dialog.get_by_role("button", name="Review").click()
    expect(dialog.get_by_role("alert")).to_contain_text("no longer listed")
    dialog.get_by_role("button", name="Close").click()
    expect(other.page.locator(".badge")).to_have_text("Removed")
    entry = client.numbers("operator", "GET", "/+14155550151", account=account).json()
    assert (entry["version"], entry["removal"]["note"]) == (2, "mine")
    assert other.failures == []


def test_a_removed_number_is_put_back_and_who_did_it_is_asked_for(console, key, add, client, account):
    entry = add("+14155550152", source="manual")
    body = {"reason": "marked_by_mistake", "note": "typo", "if_version": entry["version"], "acting_user": "u-9"}
    assert client.numbers("operator", "DELETE", "/+14155550152", body, account=account).status_code == 200
    console.sign_in(key("manager"), "numbers?status=removed")
    page, press = console.page, console.page.keyboard.press
    console.tab_to(lambda: page.evaluate("document.activeElement.textContent") == "Put back on the list")
    press("Enter")
    dialog = page.get_by_role("dialog", name="Put (415) 555-0152 back on the list?")
    expect(dialog.get_by_role("button", name="Put back on the list")).to_be_disabled()
    page.keyboard.type("u-3")
    press("Enter")
    expect(page.locator(".toast")).to_contain_text("is listed again, with its original request")
    expect(page.get_by_role("button", name="Remove (415) 555-0152 from DNC")).to_be_visible()
    back = client.numbers("operator", "GET", "/+14155550152", account=account).json()
    assert (back["status"], back["requested_at"], back["version"]) == ("listed", entry["requested_at"], 3)


def test_what_happens_meanwhile_comes_on_top_of_the_activity(console, key, add, waited):
    add("+14155550153", source="web")
    waited("+14155550153", 1)
    console.sign_in(key("manager"))
    page = console.page
    expect(page.locator(".event")).to_have_count(1)
    add("+14155550154", source="sms")
    waited("+14155550154", 1)
    console.tab_to(lambda: page.evaluate("document.activeElement.textContent") == "Refresh")
    page.keyboard.press("Enter")
    expect(page.locator(".event")).to_have_count(2)
    expect(page.locator(".event").first).to_contain_text("(415) 555-0154 listed, Text message")
    first = page.locator(".event").first
    first.get_by_role("button", name="Remove (415) 555-0154 from DNC").click()
    expect(page.get_by_role("dialog").get_by_role("radio", name="Request withdrawn")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("radio", name="Marked by mistake")).to_have_count(0)
    page.keyboard.press("Escape")
    add("+14155550155", source="manual")
    waited("+14155550155", 1)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".event")).to_have_count(3)
    page.locator(".event").first.get_by_role("button").click()
    remove(page)
    expect(page.locator(".toast")).to_contain_text("was removed")
    button = page.get_by_role("button", name="Remove (415) 555-0155 from DNC")
    expect(button).to_have_count(0)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("is listed again")
    expect(button).to_have_count(1)


def test_check_filter_week_and_sign_out_with_the_keyboard_alone(console, key, add):
    add("+14155550156", source="web", campaign_id="spring")
    add("+14155550157", source="sms")
    console.sign_in(key("auditor"), "check")
    page, press = console.page, console.page.keyboard.press
    expect(page.get_by_role("textbox", name="Numbers")).to_be_focused()
    page.keyboard.insert_text("name\tphone\nAda\t(415) 555-0156\n415 555 0198\n12")
    console.tab_to(lambda: console.focused("form button.primary"))
    press("Enter")
    chips = page.get_by_role("group", name="Show")
    expect(chips).to_contain_text("Listed (1)")
    console.tab_to(lambda: page.evaluate("document.activeElement.textContent") == "Not listed (1)")
    press("Space")
    expect(page.locator(".checks tbody tr")).to_have_count(1)
    expect(page.locator(".checks tbody tr")).to_contain_text("415 555 0198")

    def follow(name):
        console.tab_to(lambda: page.evaluate("document.activeElement.textContent") == name)
        press("Enter")
        console.heading(name)

    press("Shift+Tab")
    console.page.locator("#search").focus()
    follow("All numbers")
    console.tab_to(lambda: console.focused("summary"))
    press("Enter")
    console.tab_to(lambda: page.get_by_label("Campaign").evaluate("field => field === document.activeElement"))
    page.keyboard.type("spring")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "campaign=spring" in page.url
    console.page.locator("#search").focus()
    follow("A week at a glance")
    console.tab_to(lambda: page.evaluate("document.activeElement.textContent") == "← Previous week")
    press("Enter")
    expect(page.get_by_role("link", name="Next week")).to_be_visible()
    console.tab_to(lambda: page.evaluate("document.activeElement.textContent") == "Sign out")
    press("Enter")
    expect(page.get_by_label("Key")).to_be_focused()


def test_the_skip_link_leads_past_the_head_and_leaves_the_address(console, key):
    console.sign_in(key("auditor"), "week")
    page = console.page
    page.reload()
    console.heading("A week at a glance")
    page.evaluate("document.querySelector('.skip').focus()")
    page.keyboard.press("Enter")
    assert console.focused("main")
    assert page.url.endswith("#/week")
