"""Sessions: signing in and out, several tabs, idle sessions, operators, and the views for each role."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.fake import TOKEN

NAVIGATION = {
    "intake": [],
    "dialer": ["Check"],
    "agent": ["Check"],
    "manager": ["DNC Numbers", "Activity", "Check", "Import & export", "Approvals", "Reports", "Audit"],
    "auditor": ["DNC Numbers", "Activity", "Check", "Import & export", "Reports", "Audit"],
    "admin": ["DNC Numbers", "Activity", "Check", "Import & export", "Approvals", "Reports", "Audit", "Settings"],
}
ADDS = {"intake", "agent", "manager", "admin"}


@pytest.mark.parametrize("role", sorted(NAVIGATION))
def test_a_role_is_offered_only_the_views_it_can_use(console, role):
    console.api.add("+14155550170", source="manual")
    page = console.open(role)
    console.heading(re.compile("."))
    assert page.locator("#side nav a").all_inner_texts() == NAVIGATION[role]
    assert page.get_by_role("link", name="Add to DNC").count() == (role in ADDS)
    console.go("numbers")
    if "DNC Numbers" in NAVIGATION[role]:
        expect(console.row("(415) 555-0170")).to_have_count(1)
        assert page.locator(".bin").count() == (role != "auditor")
    else:
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("Your role cannot open this page. A manager, an auditor or an admin can.")
        expect(alert.get_by_role("button", name="Try again")).to_have_count(0)
        alert.get_by_role("link").click()
        expect(alert).to_have_count(0)


def test_the_sidebar_names_the_person_or_key_and_the_account(console):
    page = console.open("manager", person="ada@example.com")
    expect(page.locator(".who")).to_contain_text(re.compile("ada@example.com.*Manager", re.DOTALL))
    expect(page.locator("#side .account")).to_have_text("Acme Inc.")
    console.open("manager")
    expect(console.page.locator(".who")).to_contain_text(re.compile("Call center floor.*Manager", re.DOTALL))


@pytest.mark.parametrize("token", ["nonsense", "nck_acme.x.y", "<img src=x onerror=alert(1)>", "über"])
def test_an_invalid_key_is_refused_with_a_message(console, token):
    page = console.open(signed_in=False)
    page.get_by_label("API key").fill(token)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This API key is not valid.")
    expect(page.get_by_label("API key")).to_be_focused()


def test_an_unreachable_service_is_not_reported_as_an_invalid_key(console):
    page = console.open(signed_in=False)
    console.api.fail("GET /me", "offline")
    page.get_by_label("API key").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The service cannot be reached.")
    assert "not valid" not in page.locator("main").inner_text()


def test_a_new_tab_is_signed_in_and_signing_out_ends_all(console):
    console.api.add("+14155550170")
    page = console.open("manager", "numbers")
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    other = console.tab()
    other.goto(f"{console.url}#/numbers/+14155550170")
    expect(other.get_by_role("heading", level=1, name="(415) 555-0170")).to_be_visible()
    console.sign_out()
    expect(page.get_by_label("API key")).to_be_visible()
    expect(other.get_by_label("API key")).to_be_visible()
    assert other.evaluate("sessionStorage.length") == page.evaluate("sessionStorage.length") == 0


def test_a_reload_keeps_the_session(console):
    page = console.open("manager", "check")
    page.reload()
    console.heading("Check")


def test_an_ended_session_is_reported_and_resumes_at_the_same_place(console):
    page = console.open("manager", "check")
    console.api.tokens = {"new"}
    page.get_by_role("link", name="Activity").click()
    expect(page.get_by_role("alert")).to_contain_text("Your session has ended.")
    page.get_by_label("API key").fill("new")
    page.keyboard.press("Enter")
    console.heading("Activity")


def test_an_idle_session_ends(console):
    console.api.settings["idle_minutes"] = 15
    console.api.become("manager")
    console.load()
    console.page.clock.install()
    console.sign_in(view="add")
    page = console.page
    page.get_by_label("Numbers, one per line").fill("+14155550142")
    page.clock.fast_forward("14:10")
    expect(console.toast()).to_contain_text("You will be signed out in one minute")
    console.toast().get_by_role("button", name="Stay signed in").click()
    page.clock.fast_forward("10:00")
    console.heading("Add to DNC")
    page.clock.fast_forward("10:00")
    expect(page.get_by_role("alert")).to_contain_text("You were signed out because nothing happened for a while.")
    console.page.get_by_label("API key").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Numbers, one per line")).to_have_value("+14155550142")


def test_activity_in_one_tab_keeps_the_others_signed_in(console):
    console.api.settings["idle_minutes"] = 15
    console.api.become("manager")
    console.load()
    console.page.clock.install()
    console.sign_in(view="check")
    other = console.tab()
    other.goto(f"{console.url}#/check")
    expect(other.get_by_role("heading", level=1, name="Check")).to_be_visible()
    console.page.clock.fast_forward("14:00")
    other.get_by_role("textbox", name="Numbers").press("5")
    console.page.clock.fast_forward("05:00")
    console.heading("Check")


@pytest.fixture
def operator(console):
    other = {**console.api.account, "account_id": "zed", "name": "Zed Ltd.", "suspended": True, "default_region": "GB"}
    console.api.accounts.append(other)
    console.open("operator", "numbers")
    return console


def test_an_operator_chooses_an_account_and_can_sign_out(operator):
    page = operator.page
    operator.heading("Choose an account")
    options = page.get_by_label("Account").locator("option")
    expect(options).to_have_text(["Acme Inc. (acme)", "Zed Ltd. (zed) – suspended"])
    page.reload()
    operator.heading("Choose an account")
    page.get_by_label("Account").select_option("zed")
    page.get_by_role("button", name="Open").click()
    operator.heading("DNC Numbers")
    expect(page.locator("#side .account")).to_contain_text("Zed Ltd.")
    expect(page.locator("#side .account .badge")).to_have_text("Suspended")
    page.reload()
    expect(page.locator("#side .account")).to_contain_text("Zed Ltd.")
    operator.account_menu()
    page.get_by_role("button", name="Switch account").click()
    expect(page.get_by_label("Account")).to_have_value("zed")
    page.reload()
    expect(page.get_by_label("Account")).to_have_value("zed")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()


def test_accounts_that_cannot_be_loaded_leave_a_way_out(console):
    console.api.fail(r"GET /accounts\?", {"status": 503, "body": "<html>"})
    page = console.open("operator")
    expect(page.get_by_role("alert")).to_contain_text("not available right now")
    console.api.recover()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_label("Account")).to_be_visible()


def test_a_sign_in_that_was_not_started_here_is_refused(console):
    console.api.sign_in = {
        "client_id": "c",
        "authorization_endpoint": "https://id.example/auth",
        "token_endpoint": "https://id.example/token",
    }
    console.load()
    console.page.goto(f"{console.url}?code=stolen&state=forged")
    expect(console.page.get_by_role("alert")).to_contain_text(
        "Your organization did not sign you in. This sign-in was not started"
    )
    assert "stolen" not in console.page.url


def test_if_the_issuer_does_not_respond_keys_can_still_sign_in(console):
    console.api.sign_in = {"unavailable": True}
    page = console.open(signed_in=False)
    expect(page.locator("main")).to_contain_text("Sign-in with your organization is unavailable")
    expect(page.get_by_role("button", name="Sign in with your organization")).to_have_count(0)
    console.sign_in()
    console.heading("DNC Numbers")
