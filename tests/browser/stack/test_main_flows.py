"""The main flows of the console with the whole stack."""

import re

import pytest
from playwright.sync_api import expect

NUMBER = "+14155550142"
NATIONAL = "(415) 555-0142"


def test_add_find_remove_and_undo_with_only_the_keyboard(console, key, client, account, entry):
    page, press = console.page, console.page.keyboard.press
    page.goto(console.url)
    expect(page.get_by_label("API key")).to_be_focused()
    page.keyboard.insert_text(key("manager"))
    press("Enter")
    console.heading("DNC Numbers")
    console.tab_to(lambda: console.focused("a[href='#/add']"))
    press("Enter")
    expect(page.get_by_label("Numbers, one per line")).to_be_focused()
    page.keyboard.type(NATIONAL)
    expect(page.get_by_role("list", name="How the numbers are read")).to_contain_text(NUMBER)
    console.tab_to(lambda: console.focused("[name=acting_user]"))
    page.keyboard.type("Ada")
    console.tab_to(lambda: console.focused("form button.primary"))
    press("Enter")
    expect(page.get_by_role("list", name="Results")).to_contain_text(f"{NATIONAL} is listed.")
    assert not client.check([NUMBER], account)["results"][0]["callable"]

    console.tab_to(lambda: console.focused("#search"))
    page.keyboard.type("555-0142")
    expect(console.bin(NATIONAL)).to_be_visible()
    console.tab_to(lambda: console.focused(".bin"))
    press("Enter")
    dialog = page.get_by_role("dialog", name=f"Remove {NATIONAL}")
    expect(dialog.get_by_role("radio", name="Marked by mistake")).to_be_focused()
    expect(dialog).to_contain_text("47 CFR 64.1200(d)")
    press("Space")
    press("Tab")
    page.keyboard.type("pressed the wrong button")
    console.tab_to(lambda: console.focused("dialog button.danger"))
    press("Enter")
    expect(console.toast()).to_contain_text(f"{NATIONAL} was removed from DNC.")
    assert client.check([NUMBER], account)["results"][0]["callable"]
    removal = entry(NUMBER)["removal"]
    assert (removal["reason"], removal["note"]) == ("marked_by_mistake", "pressed the wrong button")
    assert removal["removed_by"]["acting_user"] == "Ada"

    expect(console.toast().get_by_role("button", name="Undo")).to_be_focused()
    press("Enter")
    expect(console.toast()).to_contain_text("is listed again, with its original request")
    assert not client.check([NUMBER], account)["results"][0]["callable"]


NOW = "() => new Date(Date.now() - new Date().getTimezoneOffset() * 6e4).toISOString().slice(0, 16)"
EVIDENCE = {
    "consent_given": {"reference": "crm-1", "purpose": "offers", "obtained_at": NOW},
    "request_withdrawn": {"reference": "call-7", "obtained_at": NOW},
    "number_reassigned": {"reference": "rnd-9", "compared_date": None, "checked_on": None, "result": True},
    "entered_wrong_number": {"correct_number": "+14155550155"},
}


@pytest.mark.parametrize("reason", sorted(EVIDENCE))
def test_a_removal_with_each_reason_and_its_evidence(console, key, add, client, account, entry, reason):
    add(NUMBER, source="disposition")
    console.sign_in(key("manager"), f"numbers/{NUMBER}")
    console.page.get_by_role("button", name="Remove…").click()
    dialog = console.dialog()
    dialog.locator(f"#reason-{reason}").check()
    for name, value in EVIDENCE[reason].items():
        field = dialog.locator(f"[name='{name}'], [name='evidence.{name}']")
        if not field.count():
            continue
        if value is True:
            field.check()
        elif value is None:
            field.fill(field.evaluate("() => new Date().toISOString().slice(0, 10)"))
        else:
            field.fill(field.evaluate(value) if value == NOW else value)
    dialog.get_by_label("Your name").fill("Ada")
    page = console.page
    if "obtained_at" in EVIDENCE[reason]:
        # The field has only minutes, and the request was in this minute, so fill in a time with milliseconds.
        obtained = dialog.get_by_label("Obtained")
        obtained.evaluate("(field) => { field.step = 'any'; }")
        obtained.fill(
            obtained.evaluate(
                "() => new Date(Date.now() - new Date().getTimezoneOffset() * 6e4).toISOString().slice(0, 23)"
            )
        )
    dialog.get_by_role("button", name=re.compile("Delete|Ask for approval")).click()
    expect(console.toast()).to_contain_text("was removed")
    expect(page.locator(".timeline")).to_contain_text("removed: ")
    assert entry(NUMBER)["removal"]["reason"] == reason
    if reason == "entered_wrong_number":
        assert client.check(["+14155550155"], account)["results"][0]["status"] == "listed"


def test_evidence_from_before_the_request_is_marked(console, key, add, entry):
    add(NUMBER, source="disposition")
    console.sign_in(key("manager"), f"numbers/{NUMBER}")
    console.page.get_by_role("button", name="Remove…").click()
    dialog = console.dialog()
    dialog.get_by_role("radio", name="Request withdrawn").check()
    dialog.get_by_label("Reference").fill("call-1")
    dialog.get_by_label("Obtained").fill("2026-01-01T10:00")
    dialog.get_by_label("Your name").fill("Ada")
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_label("Obtained")).to_be_focused()
    expect(dialog.locator(".foot .error")).to_contain_text("after the last request")
    assert entry(NUMBER)["status"] == "listed"


def test_two_people_remove_the_same_number(console, context, key, add, entry):
    add(NUMBER, source="manual")
    console.sign_in(key("manager"), f"numbers/{NUMBER}")
    console.page.get_by_role("button", name="Remove…").click()
    dialog = console.dialog()
    dialog.get_by_role("radio", name="Marked by mistake").check()
    dialog.get_by_label("Note").fill("mine")
    dialog.get_by_label("Your name").fill("Ada")
    other = context.new_page()
    other.goto(f"{console.url}#/numbers")
    other.get_by_role("button", name=f"Remove {NATIONAL} from DNC").click()
    other.get_by_role("radio", name="Marked by mistake").check()
    other.get_by_role("dialog").get_by_label("Note").fill("the other's")
    other.get_by_role("dialog").get_by_label("Your name").fill("Bob")
    other.get_by_role("button", name="Delete").click()
    expect(other.locator(".toast")).to_contain_text("was removed")
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_role("alert")).to_contain_text(re.compile("Nothing was deleted|no longer listed"))
    dialog.get_by_role("button", name="Review").click()
    expect(dialog.get_by_role("alert")).to_contain_text("no longer listed")
    assert (entry(NUMBER)["version"], entry(NUMBER)["removal"]["note"]) == (2, "the other's")


def test_several_numbers_are_removed_at_once_and_restored(console, key, add, entry):
    for n in (43, 44):
        add(f"+141555501{n}", source="manual")
    console.sign_in(key("manager"), "numbers")
    page = console.page
    for n in (43, 44):
        page.get_by_role("checkbox", name=f"Select (415) 555-01{n}").check()
    page.get_by_role("button", name="Remove…").click()
    dialog = console.dialog()
    dialog.get_by_role("radio", name="Test number").check()
    dialog.get_by_label("Note").fill("ours")
    dialog.get_by_label("Your name").fill("Ada")
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog).to_contain_text("2 of 2 numbers were removed.")
    assert entry("+14155550143")["status"] == entry("+14155550144")["status"] == "removed"
    dialog.get_by_role("button", name="Undo 2 removals").click()
    expect(console.toast()).to_contain_text("2 of 2 numbers are listed again.")
    assert entry("+14155550143")["status"] == "listed"


def test_the_whole_history_of_a_number(console, key, add, client, account, recorded):
    listed = add(NUMBER, source="disposition", campaign_id="spring", consumer_name="J. Doe")
    body = {"reason": "marked_by_mistake", "note": "typo", "if_version": listed["version"], "acting_user": "u-2"}
    assert client.numbers("operator", "DELETE", f"/{NUMBER}", body, account=account).status_code == 200
    recorded(NUMBER, 2)
    console.sign_in(key("auditor"), f"numbers/{NUMBER}")
    page = console.page
    steps = page.locator(".timeline > li")
    expect(steps.nth(0)).to_contain_text(re.compile("listed.*Disposition.*spring", re.DOTALL | re.IGNORECASE))
    expect(steps.nth(1)).to_contain_text(re.compile("removed: Marked by mistake.*typo", re.DOTALL))
    expect(page.locator(".chain")).to_have_text("Record intact · 2 events")
    expect(page.locator("main")).to_contain_text("J. Doe")


def test_the_list_is_filtered_ordered_and_counted(console, key, add, recorded):
    add("+14155550145", source="web", campaign_id="spring")
    add("+14155550146", source="sms")
    add("+442079460958", source="sms")
    for number in ("+14155550145", "+14155550146", "+442079460958"):
        recorded(number, 1)
    console.sign_in(key("auditor"), "numbers")
    page = console.page
    expect(page.locator("tbody a.number")).to_have_text(["(415) 555-0145", "(415) 555-0146", "+44 20 7946 0958"])
    expect(page.locator(".total")).to_contain_text("3 listed")
    page.get_by_label("Order").select_option("newest")
    expect(page.locator("tbody a.number").first).to_have_text("+44 20 7946 0958")
    page.get_by_role("searchbox").fill("spring")
    expect(page.locator("tbody a.number")).to_have_text(["(415) 555-0145"])
    page.get_by_label("Order").select_option("")
    expect(page.locator("tbody a.number")).to_have_text(["(415) 555-0145"])


def test_activity_audit_and_reports_show_the_audit(console, key, add, client, account, recorded):
    listed = add(NUMBER, source="web")
    body = {"reason": "marked_by_mistake", "note": "typo", "if_version": listed["version"], "acting_user": "u-2"}
    response = client.numbers(
        "operator", "DELETE", f"/{NUMBER}", {**body, "reason": "entered_wrong_number"}, account=account
    )
    assert response.status_code == 200, response.text
    recorded(NUMBER, 2)
    console.sign_in(key("auditor"), "activity")
    page = console.page
    expect(page.locator("tr.event")).to_have_count(2)
    expect(page.locator("tr.event").first).to_contain_text("removed: Wrong number entered")
    page.get_by_role("link", name="Audit").click()
    page.get_by_label("Reason").select_option("entered_wrong_number")
    expect(page.locator("tbody.event")).to_have_count(1)
    page.get_by_label("Number", exact=True).fill("415 555 0142")
    expect(page.locator("tbody.event")).to_have_count(1)
    page.get_by_role("link", name="Reports").click()
    expect(page.locator(".figures dd")).to_have_text(["0", "1", "1"])
    expect(page.get_by_role("table", name="Listed, by source")).to_contain_text("Web form")


def test_check_with_a_dialers_key(console, key, add):
    add("+14155550148")
    console.sign_in(key("dialer"))
    page = console.page
    page.get_by_role("textbox", name="Numbers").fill("415-555-0148\nx\t+14155550149\tAda\n911")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(console.row("415-555-0148")).to_contain_text("Listed")
    expect(console.row("+14155550149")).to_contain_text("Callable")
    expect(console.row("911")).to_contain_text("Invalid")


def test_an_agent_sees_no_personal_data(console, key, add):
    add("+14155550171", consumer_name="J. Doe", note="secret")
    console.sign_in(key("agent"))
    console.page.get_by_role("searchbox").fill("(415) 555-0171")
    console.page.keyboard.press("Enter")
    console.heading("(415) 555-0171")
    expect(console.page.locator("main")).to_contain_text("Your role cannot see the history.")
    assert "J. Doe" not in console.page.content()
    assert "secret" not in console.page.content()


def test_an_admin_creates_and_revokes_a_key(console, key, client, account):
    console.sign_in(key("admin"), "settings")
    page = console.page
    page.get_by_role("button", name="Create API key").click()
    dialog = console.dialog()
    dialog.get_by_label("Name").fill("Dialer west")
    dialog.get_by_label("Role").select_option("dialer")
    dialog.get_by_role("button", name="Create", exact=True).click()
    token = dialog.get_by_label("API key", exact=True).input_value()
    checked = client.call(None, "POST", f"/accounts/{account}/checks", {"numbers": [NUMBER]}, token=token)
    assert checked.status_code == 200
    dialog.locator(".foot").get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Revoke Dialer west").click()
    console.dialog().get_by_role("button", name="Revoke").click()
    expect(console.toast()).to_contain_text("Dialer west was revoked.")


def test_an_operator_works_in_an_account(console, stack, add, account):
    add("+14155550173")
    page = console.page
    console.sign_in(stack["tokens"]["operator"], "numbers")
    page.get_by_label("Account", exact=True).select_option(account)
    page.get_by_role("button", name="Open").click()
    expect(console.row("(415) 555-0173")).to_have_count(1)
    console.account_menu()
    page.get_by_role("button", name="Switch account").click()
    expect(page.get_by_label("Account", exact=True)).to_have_value(account)


def test_an_import_and_its_undo(console, key, client, account):
    console.sign_in(key("manager"), "jobs")
    page = console.page
    content = b"phone,name\n(415) 555-0193,Doe\n12,Roe\n+1 415 555 0194,Poe\n"
    page.locator("[name=file]").set_input_files({"name": "old list.csv", "mimeType": "text/csv", "buffer": content})
    expect(page.locator(".preview")).to_contain_text("2 of 3 numbers in these rows can be read")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Import", exact=True).click()
    result = page.locator(".result")
    expect(result).to_contain_text("The import is done.", timeout=120_000)
    expect(result.locator(".counts").first).to_contain_text(re.compile("Rows.*3.*Listed.*2.*Refused.*1", re.DOTALL))
    listed = client.check(["+14155550193", "+14155550194"], account)["results"]
    assert [one["status"] for one in listed] == ["listed", "listed"]
    with page.expect_download() as download:
        result.get_by_role("link", name="Download report").click()
    assert "old" in download.value.suggested_filename
    assert "too short" in download.value.path().read_text()
    result.get_by_role("button", name="Undo").click()
    console.dialog().get_by_role("button", name="Undo import").click()
    expect(page.locator(".job").first).to_contain_text("Undone", timeout=120_000)
    assert all(one["callable"] for one in client.check(["+14155550193", "+14155550194"], account)["results"])


def test_an_export_is_saved_plain(console, key, add, recorded):
    add(NUMBER, source="web")
    recorded(NUMBER, 1)
    console.sign_in(key("auditor"), "jobs?kind=exports")
    page = console.page
    page.get_by_role("button", name="Export", exact=True).click()
    result = page.locator(".result")
    expect(result).to_contain_text("The export is done.", timeout=120_000)
    with page.expect_download() as download:
        result.get_by_role("button", name="Plain file for spreadsheets").click()
    content = download.value.path().read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert b"+14155550142" in content


def test_the_first_view_transfers_few_bytes(console, key, context):
    fetched = {}
    session = context.new_cdp_session(console.page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.requestWillBeSent", lambda e: fetched.setdefault(e["requestId"], [e["request"]["url"], 0]))
    session.on(
        "Network.loadingFinished", lambda e: fetched.get(e["requestId"], [0, 0]).__setitem__(1, e["encodedDataLength"])
    )
    console.sign_in(key("manager"))
    expect(console.page.locator(".empty")).to_be_visible()
    files = {url: size for url, size in fetched.values() if "/console" in url}
    assert 3 <= len(files) <= 6, files
    assert sum(files.values()) <= 70 * 1024, files
