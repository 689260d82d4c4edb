"""Who may do what is what is offered; signing in, with a key and with the organization's own sign-in."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from dnc.accounts.access import ROUTES

JOBS = ["Jobs"] if ("GET", "/accounts/{account_id}/imports") in ROUTES else []
OFFERED = {
    "intake": ["Add to DNC"],
    "dialer": ["Check"],
    "agent": ["Add to DNC", "Check"],
    "manager": ["Add to DNC", "Recent activity", "All numbers", "Check", *JOBS, "A week at a glance"],
    "auditor": ["Recent activity", "All numbers", "Check", *JOBS, "A week at a glance"],
    "admin": ["Add to DNC", "Recent activity", "All numbers", "Check", *JOBS, "A week at a glance"],
}


@pytest.mark.parametrize("role", sorted(OFFERED))
def test_a_role_is_offered_what_it_may_do(console, key, add, role):
    add("+14155550170", source="manual")
    console.sign_in(key(role))
    page = console.page
    links = page.locator("#top a:not(.brand)")
    assert [words.strip() for words in links.all_inner_texts()] == OFFERED[role]
    if "All numbers" in OFFERED[role]:
        console.go("numbers")
        expect(console.row("(415) 555-0170")).to_have_count(1)
        assert page.get_by_role("button", name=re.compile("^Remove")).count() == (role != "auditor")
    else:
        console.go("numbers")
        expect(page.get_by_role("alert")).to_contain_text("Your role cannot open this page.")


def test_an_agent_opens_one_number(console, key, add):
    add("+14155550171", consumer_name="J. Doe", note="secret")
    console.sign_in(key("agent"))
    page = console.page
    page.get_by_role("searchbox").fill("(415) 555-0171")
    page.keyboard.press("Enter")
    console.heading("(415) 555-0171")
    expect(page.get_by_text("Your role cannot see the history.")).to_be_visible()
    assert "J. Doe" not in page.content()
    assert page.get_by_role("button", name="Remove…").count() == 0


def test_an_intake_key_learns_nothing_of_the_list(console, key, add):
    add("+14155550172")
    console.sign_in(key("intake"))
    page = console.page
    page.get_by_label("Numbers, one per line").fill("+14155550172")
    page.get_by_role("button", name="Add to DNC").click()
    expect(page.get_by_role("list", name="Results")).to_contain_text("+14155550172 was accepted.")
    assert "already" not in page.locator("main").inner_text()


def test_an_operator_chooses_the_account(console, stack, add):
    add("+14155550173")
    page = console.page
    page.goto(f"{console.url}#/numbers")
    page.get_by_label("Key").fill(stack["tokens"]["operator"])
    page.keyboard.press("Enter")
    page.get_by_label("Account").select_option(console.account)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Open").click()
    expect(console.row("(415) 555-0173")).to_have_count(1)
    page.get_by_role("button", name="Switch account").click()
    page.get_by_label("Account").select_option(stack["other_account_id"])
    page.get_by_role("button", name="Open").click()
    console.heading("Recent activity")
    expect(page.locator(".who")).to_contain_text(f"operator in {stack['other_account_id']}")


@pytest.mark.parametrize("token", ["nonsense", "nck_acme.x.y", "<img src=x onerror=alert(1)>", "über"])
def test_a_key_that_does_not_hold_is_refused_in_words(console, token):
    page = console.page
    page.goto(console.url)
    page.get_by_label("Key").fill(token)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This API key is not valid")
    expect(page.get_by_label("Key")).to_be_focused()


def test_a_key_is_kept_for_the_tab_only(console, key, context):
    console.sign_in(key("manager"))
    console.page.reload()
    expect(console.page.get_by_role("button", name="Sign out")).to_be_visible()
    assert console.page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    other = context.new_page()
    other.goto(console.url)
    expect(other.get_by_label("Key")).to_be_visible()
    console.page.get_by_role("button", name="Sign out").click()
    expect(console.page.get_by_label("Key")).to_be_visible()
    assert console.page.evaluate("sessionStorage.length") == 0


def test_a_revoked_key_ends_the_sign_in(console, key, client, account):
    token = key("manager")
    console.sign_in(token)
    unauthorized = {"status": 401, "json": {"code": "unauthenticated", "detail": "no", "status": 401}}
    console.page.route("**/numbers?*", lambda route: route.fulfill(**unauthorized))
    console.page.get_by_role("link", name="All numbers").click()
    expect(console.page.get_by_role("alert")).to_contain_text("Your session has ended.")
    console.page.unroute("**/numbers?*")
    console.page.get_by_label("Key").fill(token)
    console.page.keyboard.press("Enter")
    console.heading("All numbers")


def test_people_sign_in_with_their_organization(console, issuer, add, client, account):
    add("+14155550174", source="manual")
    issuer.person = {"sub": "ada@example.com", "role": "manager", "account_id": account}
    page = console.page
    page.goto(f"{console.url}#/numbers/+14155550174")
    page.get_by_role("button", name="Sign in with your organization").click()
    console.heading("(415) 555-0174")
    assert "code=" not in page.url
    assert "state=" not in page.url
    page.get_by_role("button", name="Remove…").click()
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_label("Your name").count() == 0
    dialog.get_by_role("radio", name="Marked by mistake").check()
    dialog.locator("[name=note]:visible").fill("typo")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator(".toast")).to_contain_text("was removed")
    removed = client.numbers("operator", "GET", "/+14155550174", account=account).json()["removal"]
    assert removed["removed_by"] == {"principal": "user:ada@example.com", "acting_user": "ada@example.com"}


def test_a_sign_in_that_was_not_begun_here_is_refused(console):
    console.page.goto(f"{console.url}?code=stolen&state=forged")
    expect(console.page.get_by_role("alert")).to_contain_text("Your organization did not sign you in")
    assert "stolen" not in console.page.url


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": "access_denied", "error_description": "<b>not you</b>"}, "<b>not you</b>"),
        ({"error": "login_required"}, "login_required"),
        ({"code": "nonsense"}, "the code does not fit"),
    ],
)
def test_an_issuer_that_refuses_is_quoted(console, issuer, answer, words):
    page = console.page

    def send_back(route):
        asked = {name: values[0] for name, values in parse_qs(urlsplit(route.request.url).query).items()}
        assert asked["code_challenge_method"] == "S256"
        assert asked["response_type"] == "code"
        back = f"{asked['redirect_uri']}?{urlencode({**answer, 'state': asked['state']})}"
        route.fulfill(status=302, headers={"Location": back})

    page.route(f"{issuer.url}/authorization*", send_back)
    page.goto(f"{console.url}#/week")
    page.get_by_role("button", name="Sign in with your organization").click()
    expect(page.get_by_role("alert")).to_contain_text(f"Your organization did not sign you in. {words}")
    assert page.url.endswith("#/week")
    assert page.evaluate("sessionStorage.length") == 0


def test_a_service_that_cannot_be_asked_at_the_sign_in_is_no_wrong_key(console, key):
    page = console.page
    page.route("**/v1/me", lambda route: route.abort())
    page.goto(console.url)
    page.get_by_label("Key").fill(key("manager"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The service could not be reached.")
    assert "not valid" not in page.locator("main").inner_text()
