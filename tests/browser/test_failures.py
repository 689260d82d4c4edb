"""The page with a service that is slow, fails, responds with HTML or is unreachable, and with hostile texts."""

import re

import pytest
from playwright.sync_api import expect

HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>{{7*7}}"
WORDS = {
    429: "The service is busy.",
    500: "The service had an internal error.",
    502: "The service is not responding.",
    503: "The service is not available right now.",
    504: "The service did not respond in time.",
    403: "You do not have access to this.",
    418: "The service responded with an error (418).",
}
SHIFTS = """() => {
  window.shifts = [];
  const part = ({ node, previousRect, currentRect }) =>
    [node?.outerHTML?.slice(0, 80), previousRect.y, currentRect.y];
  const seen = (entry) => window.shifts.push([entry.value, entry.sources.map(part)]);
  new PerformanceObserver((list) => list.getEntries().forEach(seen)).observe({ type: "layout-shift", buffered: false });
}"""
VIEWS = {
    "activity": r"GET .*/audit\?",
    "numbers": r"GET .*/numbers\?",
    "reports": r"GET .*/stats\?",
    "audit": r"GET .*/audit\?",
    "jobs": r"GET .*/imports\?",
    "numbers/+14155550100": r"GET .*/numbers/%2B",
}


@pytest.mark.parametrize("body", [{"json": {"message": "x"}}, {"body": "<html>busy</html>"}], ids=["gateway", "html"])
def test_the_message_for_a_failure_depends_on_its_status(console, body):
    page = console.open(view="check")
    console.heading("Check")
    alert = page.get_by_role("alert")
    for status, words in WORDS.items():
        console.api.fail(r"GET .*/numbers\?", {"status": status, **body})
        console.go(f"numbers?q={status}")
        expect(alert).to_contain_text(words)
        assert not re.search("went wrong in this page|Reload|<html|undefined", page.locator("main").inner_text())
        expect(alert.get_by_role("button", name="Try again")).to_have_count(int(status == 429 or status >= 500))


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_a_proxys_html_page_is_not_a_response(console, view):
    console.api.add("+14155550100")
    console.api.job("imports")
    page = console.open(view="check")
    console.heading("Check")
    console.api.fail(
        VIEWS[view], {"status": 200, "body": "<html>Sign in to the Wi-Fi</html>", "content_type": "text/html"}
    )
    console.go(view)
    alert = page.get_by_role("alert").first
    expect(alert).to_contain_text("The service sent a response that this page cannot read.")
    console.api.recover()
    alert.get_by_role("button", name="Try again").click()
    expect(page.locator("main")).to_contain_text(re.compile("555-0100|listed in total|old.csv"))


def fail_once(page, pattern, status):
    """Fail the first request that matches. Return the list of matching requests, which grows."""
    calls = []

    def respond(route):
        calls.append(route.request.url)
        if len(calls) == 1:
            route.fulfill(status=status, body="<html>")
        else:
            route.fallback()

    page.route(pattern, respond)
    return calls


def test_a_read_is_retried_once(console):
    console.api.add("+14155550100")
    page = console.open(view="check")
    pattern = re.compile(r"/numbers\?")
    for status in (429, 502, 503, 504):
        console.heading("Check")
        calls = fail_once(page, pattern, status)
        console.go("numbers")
        expect(console.row("(415) 555-0100")).to_have_count(1)
        assert len(calls) == 2, status
        page.unroute(pattern)
        console.go("check")


def test_a_write_is_not_retried(console):
    page = console.open(view="add")
    console.api.fail("POST .*/batch", {"status": 503, "body": "<html>"})
    calls = []
    page.on("request", lambda request: calls.append(1) if request.url.endswith("/batch") else None)
    page.get_by_label("Numbers, one per line").fill("+14155550100")
    page.get_by_role("button", name="Add to DNC").click()
    expect(page.get_by_role("alert")).to_contain_text("not available right now")
    assert len(calls) == 1


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_a_failed_view_shows_the_error_and_recovers(console, view):
    console.api.add("+14155550100")
    console.api.job("imports")
    console.open(view="check")
    console.api.fail(
        VIEWS[view], {"status": 500, "json": {"code": "internal_error", "detail": "x", "request_id": "r-7"}}
    )
    page = console.page
    page.goto(f"{console.url}#/{view}")
    alert = page.get_by_role("alert").first
    expect(alert).to_contain_text("internal error")
    expect(alert).to_contain_text("Request r-7")
    text = page.locator("main").inner_text()
    assert not re.search(r"never listed|No numbers|Nothing has|No imports|No events match|\b0\b", text)
    console.api.recover()
    alert.get_by_role("button", name="Try again").click()
    expect(alert).to_have_count(0)
    expect(page.locator("main")).to_contain_text(re.compile("555-0100|listed in total|old.csv"))


def test_a_lost_connection_is_noticed_and_recovers_by_itself(console):
    console.api.add("+14155550100")
    page = console.open(view="check")
    console.api.fail("", "offline")
    page.get_by_role("link", name="DNC Numbers").click()
    expect(page.locator("#offline")).to_contain_text("You are offline.")
    expect(page.get_by_role("alert").first).to_be_visible()
    console.api.recover()
    expect(page.locator("#offline")).to_be_hidden()
    expect(console.row("(415) 555-0100")).to_have_count(1)


def test_an_offline_browser_is_reported(console):
    page = console.open(view="check")
    console.heading("Check")
    console.context.set_offline(True)
    expect(page.locator("#offline")).to_contain_text("You are offline.")
    console.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()


def test_a_view_that_cannot_be_loaded_offline_says_so(console):
    page = console.open(view="check")
    console.heading("Check")
    console.api.fail("", "offline")
    page.evaluate("dispatchEvent(new Event('offline'))")
    page.get_by_role("link", name="Reports").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("You are offline, and this page has not been loaded yet.")
    assert "new version" not in page.locator("main").inner_text()
    console.api.recover()
    console.heading("Reports")


def test_a_missing_module_suggests_that_there_is_a_new_version(console):
    page = console.open(view="check")
    console.api.fail("reports.js", {"status": 404, "body": ""})
    page.get_by_role("link", name="Reports").click()
    expect(page.get_by_role("alert")).to_contain_text("There may be a new version.")
    console.api.recover()
    page.get_by_role("button", name="Reload the page").click()
    console.heading("Reports")


def test_an_unknown_address_offers_a_way_out(console):
    page = console.open(view="nowhere")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("There is no such page.")
    expect(alert.get_by_role("button", name="Try again")).to_have_count(0)
    alert.get_by_role("link", name="Go to DNC Numbers").click()
    console.heading("DNC Numbers")


def test_a_slow_service_shows_placeholder_rows_and_nothing_jumps(console):
    for n in range(30):
        console.api.add(f"+141555501{n:02d}")
    console.open(view="check")
    page = console.page
    page.evaluate(SHIFTS)
    console.api.fail(r"GET .*(/numbers\?|/stats)", "hold")
    page.evaluate("location.hash = '#/numbers'")
    expect(page.locator(".skeleton tr").first).to_be_visible()
    rows = page.locator(".skeleton tr").first.bounding_box()
    page.wait_for_timeout(600)  # layout shifts shortly after input are not counted, so wait
    console.api.recover()
    expect(page.locator("tbody a.number").first).to_be_visible()
    expect(page.locator(".total")).to_contain_text("30 listed")
    first = page.locator("tr:has(a.number)").first.bounding_box()
    assert (first["y"], first["height"]) == (rows["y"], rows["height"])
    assert page.evaluate("window.shifts") == []


def test_the_search_works_while_the_list_loads(console):
    console.api.add("+14155550101")
    page = console.open(view="check")
    console.api.fail(r"/numbers\?page", "hold")
    page.get_by_role("link", name="DNC Numbers").click()
    page.get_by_role("searchbox").press_sequentially("0101")
    expect(console.row("(415) 555-0101")).to_have_count(1)
    expect(page.get_by_role("searchbox")).to_have_value("0101")
    console.api.recover()


def test_a_late_view_leaves_the_focus_in_the_search(console):
    page = console.open(view="numbers")
    console.heading("DNC Numbers")
    console.api.fail("check.js", "hold")
    page.get_by_role("link", name="Check").click()
    page.locator("#search").press_sequentially("(415) 555")
    console.api.recover()
    expect(page.locator("#search")).to_be_focused()


def test_hostile_text_is_shown_as_text_everywhere(console):
    fields = ["note", "campaign_id", "agent_id", "call_id", "caller_id", "consumer_name", "seller", "telemarketer"]
    console.api.add("+14155550103", source="manual", by=HOSTILE, **dict.fromkeys(fields, HOSTILE))
    console.api.remove("+14155550103", note=HOSTILE, acting_user=HOSTILE)
    console.api.add("+14155550104", source="manual", by=HOSTILE, **dict.fromkeys(fields, HOSTILE))
    console.api.account["name"] = HOSTILE
    console.api.keys = [
        {"key_id": HOSTILE, "name": HOSTILE, "role": HOSTILE, "created_at": HOSTILE, "created_by": HOSTILE}
    ]
    page = console.open("admin", f"numbers?status=all&campaign={HOSTILE.replace('&', '')}", person=HOSTILE)
    views = ["numbers?status=all", "numbers?order=newest", "activity", "audit", "settings", "numbers/+14155550103"]
    for view in (
        *views,
        "numbers/+14155550104",
        f"numbers/{HOSTILE}",
        f"reports?to={HOSTILE}",
        f"jobs?kind={HOSTILE}",
        HOSTILE,
    ):
        console.go(view)
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator("main .loading, main .skeleton")).to_have_count(0)
        assert page.locator("main img, main script, aside img, header img").count() == 0
    console.go("numbers/+14155550104")
    page.get_by_role("button", name="Remove…").click()
    expect(console.dialog().locator("blockquote")).to_contain_text(HOSTILE)
    console.page.keyboard.press("Escape")
    console.go("add")
    page.get_by_label("Numbers, one per line").fill(f"{HOSTILE}\n+14155550117")
    expect(page.locator(".readings")).to_contain_text(HOSTILE)
    page.get_by_role("button", name="Add 2 numbers to DNC").click()
    expect(page.get_by_role("list", name="Results")).to_contain_text(HOSTILE)
    assert page.locator("img, main script").count() == 0


@pytest.mark.parametrize(
    "view", ["activity", "audit", "reports", "settings", "jobs", "approvals", "numbers/+14155550100"]
)
def test_nothing_jumps_when_the_data_of_a_view_arrives(console, view):
    for n in range(12):
        console.api.add(f"+141555501{n:02d}", note="asked twice")
    console.api.job("imports")
    console.api.keys = [{"key_id": "k1", "name": "A", "role": "admin", "created_at": "2026-05-05T09:00:00.000Z"}]
    page = console.open("admin", "check")
    console.heading("Check")
    page.evaluate(SHIFTS)
    console.api.fail(r"^\w+ /(accounts|removal-reasons)", "hold")
    page.evaluate("view => { location.hash = `#/${view}`; }", view)
    page.wait_for_timeout(800)  # layout shifts shortly after input are not counted, so wait
    console.api.recover()
    expect(page.locator("main :is(.loading, .skeleton)")).to_have_count(0)
    page.wait_for_timeout(100)
    assert page.evaluate("window.shifts") == []
