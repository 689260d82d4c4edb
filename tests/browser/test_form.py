"""Its form: for every eye and hand, every width, small over the wire, and bounded however long the list is."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import VIEWS

WIDTHS = (320, 768, 1440)
RUN_AXE = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`)"""


@pytest.fixture
def filled(console, key, add, waited):
    add("+14155550110", source="disposition", campaign_id="spring", note="asked twice " * 20, consumer_name="J. Doe")
    add("+442079460111", source="web")
    waited("+442079460111", 1)
    waited("+14155550110", 1)
    console.sign_in(key("admin"), "numbers")
    expect(console.row("(415) 555-0110")).to_have_count(1)
    return console


def shown(console, view):
    console.go(view)
    expect(console.page.locator("main h1")).to_be_visible()
    expect(console.page.locator("main .loading")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_view(filled, axe, scheme):
    page = filled.page
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = {}

    def look(name):
        page.evaluate(axe)
        if told := page.evaluate(RUN_AXE):
            found[name] = told

    for view in (*VIEWS, "numbers/+14155550110", "numbers/+14155550199", "nowhere"):
        shown(filled, view)
        look(view)
    shown(filled, "add")
    page.get_by_label("Numbers, one a line").fill("12\n+14155550110")
    expect(page.locator(".readings li")).to_have_count(2)
    page.get_by_role("button", name="Add 2 numbers to DNC").click()
    expect(page.locator(".results li")).to_have_count(2)
    look("added")
    shown(filled, "check")
    page.get_by_role("textbox", name="Numbers").fill("12\n+14155550110\n+14155550177")
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".checks tbody tr")).to_have_count(3)
    look("checked")
    shown(filled, "numbers/+14155550110")
    page.get_by_role("button", name="Remove…").click()
    page.locator("#reason-marked_by_mistake").check()
    look("dialog")
    page.locator("dialog [name=note]:visible").fill("x")
    page.get_by_label("Your name or user id").fill("u-2")
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".toast")).to_be_visible()
    look("toast")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Key")).to_be_visible()
    look("sign in")
    assert found == {}


@pytest.mark.parametrize("width", WIDTHS)
def test_no_view_is_wider_than_the_window(filled, width):
    page = filled.page
    page.set_viewport_size({"width": width, "height": 800})
    for view in (*VIEWS, "numbers/+14155550110"):
        shown(filled, view)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
    page.get_by_role("button", name="Remove…").click()
    expect(page.locator("#reason-marked_by_mistake")).to_be_visible()
    assert page.evaluate("document.querySelector('dialog').scrollWidth") <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_first_view_is_small(console, key, context):
    console.sign_in(key("manager"))
    fetched = {}
    session = context.new_cdp_session(console.page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.requestWillBeSent", lambda e: fetched.setdefault(e["requestId"], [e["request"]["url"], 0]))
    session.on(
        "Network.loadingFinished",
        lambda e: fetched.get(e["requestId"], [0, 0]).__setitem__(1, e["encodedDataLength"]),
    )
    console.page.reload(wait_until="networkidle")
    console.heading("Recent activity")
    files = {url: size for url, size in fetched.values() if "/console" in url}
    assert all("/v1/" in url or url.startswith("data:") for url, _ in fetched.values()), fetched
    assert 3 <= len(files) <= 6, files
    assert all(files.values()), files
    assert sum(files.values()) <= 60 * 1024, files


def entry(n):
    actor = {"principal": "key:x", "acting_user": "u-17"}
    return {
        "number": f"+1415{n:07d}",
        "national": f"(415) {n:07d}",
        "region": "US",
        "status": "listed",
        "source": "web",
        "listed_at": "2026-11-23T17:05:11.123Z",
        "listed_by": actor,
        "version": 1,
    }


def test_a_long_list_scrolls_without_the_page_growing(console, key):
    size, total = 100, 100_000
    console.sign_in(key("manager"), "check")
    page = console.page

    def answer(route):
        token = route.request.url.partition("page_token=")[2].partition("&")[0]
        begin = int(token or 0)
        end = begin + size
        body = {"numbers": [entry(n) for n in range(begin, end)], "next_page_token": str(end) if end < total else None}
        route.fulfill(status=200, content_type="application/json", body=json.dumps(body))

    page.route("**/numbers?*", answer)
    console.go("numbers")
    expect(page.locator("tbody tr").first).to_be_visible()

    def scroll_to(bodies):
        while (there := page.locator("tbody").count()) < bodies:
            page.evaluate("scrollTo(0, document.body.scrollHeight)")
            page.locator(f"tbody:nth-of-type({there + 1})").wait_for(state="attached")

    scroll_to(60)
    early = page.evaluate("document.querySelectorAll('main *').length")
    scroll_to(240)
    late = page.evaluate("document.querySelectorAll('main *').length")
    # Each page that is away costs one body, one row and one cell; the rows themselves are given back.
    assert late - early < (240 - 60) * 4
    assert page.locator("tbody tr:not(.spacer)").count() < 1500
    page.evaluate("scrollTo(0, 0)")
    expect(page.get_by_role("link", name="(415) 0000000", exact=True)).to_be_visible()
    height = page.evaluate("document.body.scrollHeight")
    assert height > 240 * size * 30


def test_times_are_the_readers_and_utc_on_hover(filled):
    time = filled.page.locator("tbody time").first
    written = time.get_attribute("datetime")
    assert time.get_attribute("title") == f"{written[:10]} {written[11:19]} UTC"
    assert "UTC" not in time.inner_text()


def test_numbers_are_shown_as_their_country_writes_them(filled):
    assert filled.page.get_by_role("link", name="020 7946 0111").get_attribute("title") == "+442079460111"
    expect(filled.row("020 7946 0111")).to_contain_text("United Kingdom")
