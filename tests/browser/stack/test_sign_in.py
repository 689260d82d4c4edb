"""Signing in with a certified OpenID Connect provider, its own pages and its tokens."""

import re

import pytest
from playwright.sync_api import expect

NUMBER = "+14155550174"


@pytest.fixture
def sign_in(console):
    """A function that signs in at the provider's pages as `role:account:name`, and returns to the console."""

    def go(login, view=""):
        page = console.page
        page.goto(f"{console.url}#/{view}")
        page.get_by_role("button", name="Sign in with your organization").click()
        page.locator("[name=login]").fill(login)
        page.locator("[name=password]").fill("any")
        page.get_by_role("button", name="Sign-in").click()
        page.get_by_role("button", name="Continue").click()
        return page

    return go


def test_a_person_signs_in_and_removes_under_their_own_name(console, sign_in, add, entry, account):
    add(NUMBER, source="manual")
    page = sign_in(f"manager:{account}:ada", f"numbers/{NUMBER}")
    console.heading("(415) 555-0174")
    assert not re.search("code=|state=|iss=", page.url)
    expect(page.locator(".who")).to_contain_text(f"manager:{account}:ada")
    page.get_by_role("button", name="Remove…").click()
    dialog = console.dialog()
    dialog.get_by_role("radio", name="Marked by mistake").check()
    expect(dialog.get_by_label("Your name")).to_have_count(0)
    dialog.get_by_label("Note").fill("typo")
    dialog.get_by_role("button", name="Delete").click()
    expect(console.toast()).to_contain_text("was removed")
    person = f"manager:{account}:ada"
    assert entry(NUMBER)["removal"]["removed_by"] == {"principal": f"user:{person}", "acting_user": person}
    page.reload()
    console.heading("(415) 555-0174")
    console.sign_out()
    expect(page.get_by_role("button", name="Sign in with your organization")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_a_removal_that_someone_requested_is_approved_by_a_person_who_signs_in(
    console, sign_in, add, key, client, entry, account
):
    policy = {"approve_reasons": ["test_number"], "note": "two people"}
    assert client.call("operator", "PATCH", f"/accounts/{account}", policy).status_code == 200
    version = add(NUMBER, source="manual")["version"]
    removal = {"reason": "test_number", "note": "ours", "if_version": version, "acting_user": "ann"}
    pending = client.numbers(None, "DELETE", f"/{NUMBER}", removal, account=account, token=key("manager"))
    assert pending.status_code == 202, pending.text
    page = sign_in(f"manager:{account}:bob", "approvals")
    part = page.locator(".waiting")
    expect(part).to_contain_text(re.compile("ann asked to remove.*ours", re.DOTALL))
    part.get_by_role("button", name="Approve removal").click()
    expect(console.toast()).to_contain_text("was removed")
    removed = entry(NUMBER)["removal"]
    assert (removed["asked_by"]["acting_user"], removed["removed_by"]["acting_user"]) == (
        "ann",
        f"manager:{account}:bob",
    )


def test_a_draft_survives_the_redirect_to_the_provider(console, sign_in, key, account):
    console.sign_in(key("agent"), "add")
    page = console.page
    page.get_by_label("Numbers, one per line").fill("+14155550175")
    page.get_by_label("Note").fill("long story")
    expect(page.locator(".readings")).to_contain_text("(415) 555-0175")
    unauthorized = {"status": 401, "json": {"code": "unauthenticated", "detail": "no", "status": 401}}
    page.route("**/numbers/batch", lambda route: route.fulfill(**unauthorized))
    page.get_by_role("button", name="Add to DNC").click()
    expect(page.get_by_role("alert")).to_contain_text("Your session has ended.")
    page.unroute("**/numbers/batch")
    page.get_by_role("button", name="Sign in with your organization").click()
    page.locator("[name=login]").fill(f"manager:{account}:bob")
    page.locator("[name=password]").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Numbers, one per line")).to_have_value("+14155550175")
    expect(page.get_by_label("Note")).to_have_value("long story")


def test_canceling_at_the_provider_is_reported(console, account):
    page = console.page
    page.goto(f"{console.url}#/reports")
    page.get_by_role("button", name="Sign in with your organization").click()
    page.get_by_text("[ Cancel ]").click()
    expect(page.get_by_role("alert")).to_contain_text("Your organization did not sign you in.")
    assert page.url.endswith("#/reports")
    assert page.evaluate("sessionStorage.length") == 0


def test_a_person_without_an_account_is_refused(console, sign_in):
    sign_in("manager::eve")
    expect(console.page.get_by_role("alert")).to_contain_text("did not sign you in")
    expect(console.page.get_by_label("API key")).to_be_visible()


def test_a_person_of_another_account_does_not_see_this_one(console, sign_in, add, stack):
    add(NUMBER)
    sign_in(f"manager:{stack['other_account_id']}:mallory", f"numbers/{NUMBER}")
    expect(console.page.locator("main")).to_contain_text("This number was never listed.")
