"""What the console shows when the service is slow, fails or is gone, and when texts are hostile."""

import re

import pytest
from playwright.sync_api import expect

HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>{{7*7}}"
FAILURES = {
    "500": {
        "status": 500,
        "json": {"code": "internal_error", "detail": "Nothing is known to have changed.", "status": 500},
    },
    "503 of a proxy": {"status": 503, "body": "<html>busy</html>"},
    "no JSON": {"status": 200, "body": "surprise"},
}


HALF = {"status": 200, "json": {"checked_at": "2026-11-24T10:00:00.000Z", "blocked": 0, "results": []}}


def fail(page, pattern, failure):
    if failure == "no connection":
        page.route(pattern, lambda route: route.abort())
    else:
        page.route(pattern, lambda route: route.fulfill(**{**FAILURES, "half an answer": HALF}[failure]))


@pytest.mark.parametrize("failure", [*FAILURES, "no connection", "half an answer"])
def test_a_failed_check_never_shows_as_not_listed(console, key, failure):
    console.sign_in(key("manager"), "check")
    page = console.page
    fail(page, "**/checks", failure)
    page.get_by_role("textbox", name="Numbers").fill("+14155550100")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("alert").first).to_contain_text("Treat all of them as listed")
    assert page.locator(".results .badge").count() == 0
    page.unroute("**/checks")
    page.get_by_role("button", name="Check").click()
    expect(console.row("+14155550100")).to_contain_text("Not listed")


@pytest.mark.parametrize("failure", [*FAILURES, "no connection"])
@pytest.mark.parametrize(
    ("view", "pattern"),
    [
        ("activity", "**/audit?*"),
        ("numbers", "**/numbers?*"),
        ("week", "**/stats?*"),
        ("numbers/+14155550100", "**/numbers/*"),
    ],
)
def test_a_failed_view_says_so_and_tries_again(console, key, add, waited, failure, view, pattern):
    add("+14155550100")
    waited("+14155550100", 1)
    console.sign_in(key("manager"), "check")
    page = console.page
    fail(page, pattern, failure)
    console.go(view)
    problem = page.get_by_role("alert").filter(has_text="Something went wrong")
    expect(problem.first).to_be_visible()
    text = page.locator("main").inner_text()
    assert not re.search("never listed|No number|No changes|not listed", text, re.IGNORECASE)
    page.unroute(pattern)
    problem.first.get_by_role("button", name="Try again").click()
    shown = {"week": "listed in total", "numbers": "(415) 555-0100"}.get(view, "555")
    expect(page.locator("main")).to_contain_text(shown)


def test_a_slow_service_is_waited_for_and_the_search_works_meanwhile(console, key, add):
    add("+14155550101")
    console.sign_in(key("manager"), "check")
    page = console.page
    waiting = []
    page.route("**/numbers?*", lambda route: waiting.append(route))  # noqa: PLW0108 - Playwright marks what it calls
    console.go("numbers")
    expect(page.get_by_text("Loading numbers…")).to_be_visible()
    page.get_by_role("searchbox").press_sequentially("0101")
    expect(page.get_by_role("searchbox")).to_have_value("0101")
    expect(page.get_by_text("Loading numbers…")).to_be_visible()
    assert waiting
    for route in waiting:
        route.continue_()
    page.unroute("**/numbers?*")
    page.get_by_role("searchbox").fill("555-0101")
    expect(console.row("(415) 555-0101")).to_have_count(1)


def test_a_view_that_comes_late_takes_the_focus_from_no_search(console, key):
    page, waiting = console.page, []
    page.route("**/check.js", lambda route: waiting.append(route))  # noqa: PLW0108 - Playwright marks what it calls
    console.sign_in(key("agent"), "check")
    page.locator("#search").press_sequentially("(415) 555")
    for route in waiting:
        route.continue_()
    console.heading("Check numbers")
    assert console.focused("#search")
    expect(page.locator("#search")).to_have_value("(415) 555")


def test_a_removal_whose_answer_is_lost_may_be_repeated(console, key, add, client, account):
    add("+14155550102", source="manual")
    console.sign_in(key("manager"), "numbers/+14155550102")
    page = console.page
    page.get_by_role("button", name="Remove…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Test number").check()
    dialog.locator("[name=note]:visible").fill("ours")
    dialog.get_by_label("Your name").fill("u-2")

    def lose(route):
        route.fetch() if route.request.method == "DELETE" else None
        route.abort() if route.request.method == "DELETE" else route.continue_()

    page.route("**/numbers/*", lose)
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_role("alert")).to_contain_text("the number may or may not have been deleted")
    page.unroute("**/numbers/*")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator(".toast")).to_contain_text("was removed")
    assert client.numbers("operator", "GET", "/+14155550102", account=account).json()["version"] == 2


def test_offline_is_said(console, key, context):
    console.sign_in(key("manager"))
    context.set_offline(True)
    expect(console.page.locator("#offline")).to_contain_text("You are offline")
    console.page.get_by_role("link", name="Check").click()
    expect(
        console.page.get_by_role("alert").or_(console.page.get_by_role("textbox", name="Numbers")).first
    ).to_be_visible()
    context.set_offline(False)
    expect(console.page.locator("#offline")).to_be_hidden()


def test_hostile_text_is_text_everywhere(console, key, add, client, account, waited):
    fields = (
        "note",
        "campaign_id",
        "agent_id",
        "call_id",
        "consumer_name",
        "seller",
        "telemarketer",
        "goods_or_services",
    )
    entry = add("+14155550103", source="manual", **dict.fromkeys((*fields, "caller_id"), HOSTILE[:150]))
    body = {
        "reason": "marked_by_mistake",
        "note": HOSTILE,
        "if_version": entry["version"],
        "acting_user": HOSTILE[:100],
    }
    assert client.numbers("operator", "DELETE", "/+14155550103", body, account=account).status_code == 200
    add("+14155550104", source="manual", note=HOSTILE, campaign_id=HOSTILE, acting_user=HOSTILE)
    waited("+14155550103", 2)
    waited("+14155550104", 1)
    console.sign_in(key("manager"), f"numbers?status=all&q=415{HOSTILE}")
    page = console.page
    for view in ("activity", "numbers?status=all", "numbers/+14155550103", "numbers/+14155550104", "week"):
        console.go(view)
        expect(page.locator("main")).not_to_contain_text("Loading")
        assert page.locator("main img, main script").count() == 0
    console.go("numbers/+14155550104")
    page.get_by_role("button", name="Remove…").click()
    expect(page.get_by_role("dialog").locator("blockquote")).to_contain_text(HOSTILE)
    page.keyboard.press("Escape")
    console.go(f"numbers/{HOSTILE}")
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.locator("main img, main script").count() == 0


def test_back_forward_and_reload_anywhere(console, key, add, waited):
    add("+14155550105", source="web")
    add("+14155550106", source="sms")
    waited("+14155550106", 1)
    console.sign_in(key("manager"))
    page = console.page
    page.get_by_role("link", name="All numbers").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Source").select_option("sms")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "source=sms" in page.url
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_label("Source")).to_have_value("sms")
    page.get_by_role("link", name="(415) 555-0106").click()
    console.heading("(415) 555-0106")
    page.reload()
    console.heading("(415) 555-0106")
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.go_back()
    console.heading("Recent activity")
    page.go_forward()
    page.go_forward()
    expect(page.locator("tbody tr")).to_have_count(1)
    console.go("nowhere")
    expect(page.get_by_role("alert")).to_contain_text("There is no such page.")


@pytest.mark.parametrize("failure", ["500", "no connection"])
def test_an_add_that_fails_says_so_and_keeps_what_was_written(console, key, failure, client, account):
    console.sign_in(key("agent"), "add")
    page = console.page
    fail(page, "**/numbers/batch", failure)
    page.get_by_label("Numbers, one per line").fill("+14155550111\n+14155550112")
    page.get_by_role("button", name="Add 2 numbers to DNC").click()
    expect(page.get_by_role("alert")).to_contain_text("Something went wrong")
    assert "All campaigns" not in page.locator(".results").inner_text()
    expect(page.get_by_label("Numbers, one per line")).to_have_value("+14155550111\n+14155550112")
    page.unroute("**/numbers/batch")
    page.get_by_role("button", name="Add 2 numbers to DNC").click()
    expect(page.get_by_role("list", name="Results").get_by_role("listitem")).to_have_count(2)
    assert client.check(["+14155550111", "+14155550112"], account)["blocked"] == 2


def test_a_removal_dialog_that_cannot_be_filled_removes_nothing(console, key, add):
    add("+14155550113", source="manual")
    console.sign_in(key("manager"), "numbers")
    page = console.page
    fail(page, "**/removal-reasons", "500")
    page.get_by_role("button", name="Remove (415) 555-0113 from DNC").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("Something went wrong")
    assert dialog.get_by_role("button", name="Delete").count() == 0
    page.unroute("**/removal-reasons")
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog.get_by_role("radio", name="Marked by mistake")).to_be_focused()


def test_an_undo_that_fails_can_be_tried_again(console, key, add, client, account):
    add("+14155550114", source="manual")
    console.sign_in(key("manager"), "numbers/+14155550114")
    page = console.page
    page.get_by_role("button", name="Remove…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Marked by mistake").check()
    dialog.locator("[name=note]:visible").fill("typo")
    dialog.get_by_label("Your name").fill("u-2")
    dialog.get_by_role("button", name="Delete").click()
    fail(page, "**/restore", "500")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("Nothing is known to have changed.")
    page.unroute("**/restore")
    page.locator(".toast").get_by_role("button", name="Try again").click()
    expect(page.locator(".toast")).to_contain_text("is listed again")
    assert client.check(["+14155550114"], account)["blocked"] == 1


def test_a_history_that_fails_does_not_look_intact(console, key, add, waited):
    add("+14155550115", source="manual")
    waited("+14155550115", 1)
    console.sign_in(key("auditor"), "check")
    page = console.page
    fail(page, "**/history?*", "503 of a proxy")
    console.go("numbers/+14155550115")
    expect(page.get_by_role("alert")).to_contain_text("Something went wrong")
    expect(page.locator(".facts")).to_contain_text("Added by hand")
    assert "intact" not in page.locator("main").inner_text()
    page.unroute("**/history?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".chain")).to_contain_text("intact · 1 event")


def test_a_broken_chain_is_said_aloud(console, key, add, waited):
    add("+14155550116", source="manual")
    waited("+14155550116", 1)
    console.sign_in(key("auditor"), "check")

    def broken(route):
        answer = route.fetch()
        told = answer.json()
        told["chain"] |= {"intact": False, "broken_at": 1}
        route.fulfill(response=answer, json=told)

    console.page.route("**/history?*", broken)
    console.go("numbers/+14155550116")
    expect(console.page.locator(".chain")).to_contain_text("The record was tampered with at event 1.")


def test_hostile_text_that_is_typed_or_pasted_is_text(console, key):
    console.sign_in(key("manager"), "add")
    page = console.page
    page.get_by_label("Numbers, one per line").fill(f"{HOSTILE}\n+14155550117")
    expect(page.locator(".readings li").first).to_contain_text(HOSTILE)
    page.get_by_label("Your name").fill(HOSTILE[:100])
    page.get_by_label("Campaign").fill(HOSTILE)
    page.get_by_role("button", name="Add 2 numbers to DNC").click()
    expect(page.get_by_role("list", name="Results")).to_contain_text(HOSTILE)
    expect(page.locator(".who")).to_contain_text(HOSTILE[:100])
    console.go("check")
    page.get_by_role("textbox", name="Numbers").fill(f"{HOSTILE}\n+14155550117")
    page.get_by_role("button", name="Check").click()
    expect(console.row(HOSTILE)).to_contain_text("Unreadable")
    for view in ("numbers?campaign=" + HOSTILE.replace("&", ""), "week?to=" + HOSTILE, "jobs?kind=" + HOSTILE, HOSTILE):
        console.go(view)
        expect(page.locator("main h1")).to_be_visible()
    assert page.locator("main img, main script, header img").count() == 0


@pytest.mark.parametrize("view", ["activity", "numbers", "add", "check", "week", "numbers/+14155550118"])
def test_every_view_comes_back_after_a_reload(console, key, add, view):
    add("+14155550118", source="manual")
    console.sign_in(key("admin"), view)
    console.heading(re.compile("."))
    before = console.page.locator("h1").inner_text()
    console.page.reload()
    expect(console.page.locator("h1")).to_have_text(before)
    assert console.page.url.endswith(f"#/{view}")
