"""Its form: for every eye and hand, every width, small over the wire, and bounded however long the list is."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import RUN_AXE, VIEWS

WIDTHS = (320, 768, 1440)


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
    expect(console.page.locator("main .loading")).to_have_count(0, timeout=30_000)


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
    page.get_by_label("Numbers, one per line").fill("12\n+14155550110")
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
    page.get_by_label("Your name").fill("u-2")
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


def test_the_first_view_is_small_and_the_way_to_it_too(console, key, context):
    fetched = {}
    session = context.new_cdp_session(console.page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.requestWillBeSent", lambda e: fetched.setdefault(e["requestId"], [e["request"]["url"], 0]))
    session.on(
        "Network.loadingFinished",
        lambda e: fetched.get(e["requestId"], [0, 0]).__setitem__(1, e["encodedDataLength"]),
    )

    def small():
        console.heading("Recent activity")
        expect(console.page.locator("main .loading")).to_have_count(0)
        files = {url: size for url, size in fetched.values() if "/console" in url}
        assert all("/v1/" in url or url.startswith("data:") for url, _ in fetched.values()), fetched
        assert 3 <= len(files) <= 6, files
        assert all(files.values()), files
        assert sum(files.values()) <= 60 * 1024, files

    console.sign_in(key("manager"))
    small()
    fetched.clear()
    console.page.reload(wait_until="networkidle")
    small()


TOTAL, A_PAGE = 100_000, 100
# Answered in the page itself: a thousand answers from here would take longer than the scrolling that is looked at.
LONG_LIST = """([total, size]) => {
  const entry = (n) => ({
    number: `+1415${String(n).padStart(7, "0")}`, national: `(415) ${String(n).padStart(7, "0")}`, region: "US",
    status: "listed", source: "web",
    listed_at: "2026-11-23T17:05:11.123Z", listed_by: { principal: "key:x", acting_user: "u-17" }, version: 1,
  });
  const real = window.fetch;
  window.asked = [];
  window.broken = false;
  window.fetch = async (url, given) => {
    if (!url.includes("/numbers?")) return real(url, given);
    const begin = Number(new URL(url, location).searchParams.get("page_token") ?? 0);
    window.asked.push(begin);
    if (window.broken) throw new TypeError("no connection");
    const end = begin + size;
    const numbers = Array.from({ length: size }, (_, n) => entry(begin + n));
    return new Response(JSON.stringify({ numbers, next_page_token: end < total ? String(end) : null }));
  };
}"""


@pytest.fixture
def long_list(console, key):
    """The list of 100,000; gives how to look for one of its numbers."""
    console.sign_in(key("manager"), "check")
    page = console.page
    page.evaluate(LONG_LIST, [TOTAL, A_PAGE])
    page.get_by_role("link", name="All numbers").click()

    def at(n):
        return page.get_by_role("link", name=f"(415) {n:07d}", exact=True)

    expect(at(0)).to_be_visible()
    return at


def scroll_to(page, wanted):
    """Go on to the end until something is there."""
    for _ in range(50):
        if wanted.count():
            return
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        page.evaluate("new Promise(requestAnimationFrame)")
    expect(wanted).to_be_attached()


SIZE = "document.querySelectorAll('*').length"
FURTHER = """async (pages) => {
  let largest = 0;
  while (window.asked.length < pages) {
    scrollTo(0, document.documentElement.scrollHeight);
    largest = Math.max(largest, document.querySelectorAll("*").length);
    await new Promise(requestAnimationFrame);
  }
  return largest;
}"""


def test_a_long_list_scrolls_without_the_page_growing(console, long_list):
    """As far as patience goes: what is in the document after 12,000 rows is what was there after 1,200."""
    page = console.page
    early = page.evaluate(FURTHER, 12)
    late = page.evaluate(FURTHER, 120)
    assert late < early * 1.1, (early, late)
    assert page.locator("tbody").count() < 10
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height > 11_000 * 30

    page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
    expect(long_list(6_000).or_(long_list(5_900)).or_(long_list(6_100)).first).to_be_attached()
    page.evaluate("scrollTo(0, 0)")
    expect(long_list(0)).to_be_visible()
    assert page.evaluate(SIZE) < early * 1.1
    assert abs(page.evaluate("document.documentElement.scrollHeight") - height) < height / 20


def test_back_from_a_number_comes_to_where_one_was_in_the_list(console, long_list):
    page = console.page
    scroll_to(page, long_list(650))
    long_list(610).scroll_into_view_if_needed()
    place = long_list(610).bounding_box()["y"]
    long_list(610).click()
    expect(page.get_by_role("link", name="← All numbers")).to_be_visible()
    page.evaluate("window.asked = []")
    page.go_back()
    expect(long_list(610)).to_be_in_viewport()
    assert abs(long_list(610).bounding_box()["y"] - place) < 100
    assert 0 not in page.evaluate("window.asked")


def test_a_part_of_the_list_that_fails_to_come_back_says_so_and_is_asked_for_again(console, long_list):
    page = console.page
    scroll_to(page, long_list(850))
    page.evaluate("window.broken = true")
    page.evaluate("scrollTo(0, 0)")
    problem = page.get_by_role("alert").first
    expect(problem).to_contain_text("could not be reached")
    page.evaluate("window.broken = false")
    problem.get_by_role("button", name="Try again").click()
    expect(long_list(0)).to_be_visible()


def test_times_are_the_readers_and_utc_on_hover(filled):
    time = filled.page.locator("tbody time").first
    written = time.get_attribute("datetime")
    assert time.get_attribute("title") == f"{written[:10]} {written[11:19]} UTC"
    assert "UTC" not in time.inner_text()


def test_numbers_are_shown_as_their_country_writes_them(filled):
    assert filled.page.get_by_role("link", name="020 7946 0111").get_attribute("title") == "+442079460111"
    expect(filled.row("020 7946 0111")).to_contain_text("United Kingdom")
