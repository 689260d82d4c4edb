"""Accessibility, layout at every width, the size of what is transferred, and keyboard use."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import RUN_AXE

VIEWS = (
    "numbers",
    "activity",
    "add",
    "check",
    "jobs",
    "jobs?kind=exports",
    "approvals",
    "reports",
    "audit",
    "settings",
)
WIDTHS = (320, 768, 1024, 1440)


@pytest.fixture
def filled(console):
    console.api.add(
        "+14155550110", source="disposition", campaign_id="spring", note="asked twice " * 20, consumer_name="J. Doe"
    )
    console.api.add("+442079460111", source="web", ago=60 * 30)
    console.api.add("+14155550112", source="manual")
    console.api.remove("+14155550112")
    console.api.keys = [
        {
            "key_id": "k1",
            "name": "A key with quite a long name",
            "role": "admin",
            "created_at": "2026-05-05T09:00:00.000Z",
        }
    ]
    counts = {"rows": 1200, "listed": 1111, "already_listed": 40, "invalid": 49}
    url = "https://bucket.example/r.csv"
    console.api.job("imports", filename=f"{'long-name-' * 15}.csv", counts=counts, report_url=url)
    console.api.job("imports", status="running", progress=0.5, counts=counts, finished_at=None)
    console.api.job("imports", status="failed", error="This is not text.")
    console.api.job("exports", files=[{"url": url, "rows": 12, "bytes": 3456, "sha256": "9f" * 32}], manifest_url=url)
    return console


def settle(console, view):
    console.go(view)
    expect(console.page.locator("main h1")).to_be_visible()
    expect(console.page.locator("main :is(.loading, .skeleton)")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_problem_on_any_view(filled, axe, scheme):
    page = filled.open("admin", "numbers", color_scheme=scheme, reduced_motion="reduce")
    found = {}

    def look(name):
        page.evaluate(axe)
        if violations := page.evaluate(RUN_AXE):
            found[name] = violations

    for view in (
        *VIEWS,
        "numbers?source=web",
        "numbers/+14155550110",
        "numbers/+14155550199",
        "numbers/abc",
        "nowhere",
    ):
        settle(filled, view)
        if view.startswith("jobs"):
            page.get_by_role("button", name=re.compile("^Show: ")).first.click()
        look(view)
    settle(filled, "numbers")
    page.get_by_text("Filters", exact=True).click()
    look("filters")
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name="Select (415) 555-0110").check()
    look("selecting")
    page.get_by_role("button", name="Remove…").click()
    page.get_by_role("dialog").get_by_role("radio").first.check()
    look("remove many")
    settle(filled, "audit")
    page.get_by_role("button", name="Show").first.click()
    look("audit, open")
    settle(filled, "add")
    page.get_by_label("Numbers, one per line").fill("12\n+14155550110")
    expect(page.locator(".readings li")).to_have_count(2)
    page.get_by_label("Requested").fill("2099-01-01T10:00")
    page.get_by_role("button", name="Add 2 numbers to DNC").click()
    look("an error at its field")
    page.get_by_label("Requested").fill("")
    page.get_by_role("button", name="Add 2 numbers to DNC").click()
    expect(page.locator(".results li")).to_have_count(2)
    look("added")
    settle(filled, "check")
    page.get_by_role("textbox", name="Numbers").fill("12\n+14155550110\n+14155550177")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.locator(".checks tbody tr")).to_have_count(3)
    look("checked")
    settle(filled, "jobs")
    page.locator("[name=file]").set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": b"phone,x\n4155550100,1\n"}
    )
    expect(page.locator(".preview [role=status]")).to_contain_text("can be read")
    look("preview")
    settle(filled, "settings")
    page.get_by_role("button", name="Create API key").click()
    look("create a key")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(filled.dialog()).to_contain_text("Other")
    look("help")
    page.keyboard.press("Escape")
    settle(filled, "numbers/+14155550110")
    page.get_by_role("button", name="Remove…").click()
    page.locator("#reason-marked_by_mistake").check()
    look("dialog")
    page.get_by_role("dialog").get_by_label("Note").fill("x")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".toast")).to_be_visible()
    look("toast")
    filled.account_menu()
    look("account menu")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    look("sign in")
    assert found == {}


@pytest.mark.parametrize("width", WIDTHS)
def test_no_view_is_wider_than_the_window(filled, width):
    page = filled.open("admin", "numbers", size=(width, 640))
    for view in (*VIEWS, "numbers?status=all&source=web", "numbers/+14155550110"):
        settle(filled, view)
        for button in page.get_by_role("button", name=re.compile("^Show")).all()[:1]:
            button.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view


def test_on_a_phone_the_header_is_low_and_the_navigation_is_a_menu(filled):
    page = filled.open("admin", "numbers", size=(320, 640))
    assert page.locator("#top").bounding_box()["height"] <= 60
    expect(page.get_by_role("link", name="Activity")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Activity")).to_be_visible()
    texts = page.locator("#side").inner_text()
    assert texts.index("Settings") < texts.index("Call center floor")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Activity")).to_be_hidden()
    expect(page.get_by_role("button", name="Menu")).to_be_focused()
    page.get_by_role("button", name="Menu").click()
    page.mouse.click(310, 400)
    expect(page.get_by_role("link", name="Activity")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Activity").click()
    expect(page.get_by_role("link", name="Activity")).to_be_hidden()
    filled.heading("Activity")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("searchbox").fill("0110")
    filled.heading("DNC Numbers")


def test_on_a_phone_a_row_has_two_lines(filled):
    filled.open("admin", "numbers", size=(320, 640))
    row = filled.row("(415) 555-0110")
    assert row.bounding_box()["height"] <= 60
    assert filled.bin("(415) 555-0110").bounding_box()["x"] > 260


def test_the_bin_is_gray_and_turns_red_under_the_pointer(filled):
    filled.open("admin", "numbers")
    color = "element => getComputedStyle(element).color"
    trash = filled.bin("(415) 555-0110")
    before = trash.evaluate(color)
    trash.hover()
    assert trash.evaluate(color) != before
    assert trash.evaluate(color) == "rgb(180, 35, 24)"
    assert trash.bounding_box()["width"] == trash.bounding_box()["height"] == 32


def test_the_current_page_is_marked_without_colors(filled):
    page = filled.open("admin", "jobs?kind=scrubs", forced_colors="active")
    outline = "element => getComputedStyle(element).outlineStyle"
    assert page.locator(".tabs [aria-current]").evaluate(outline) == "solid"
    assert page.locator(".tabs a:not([aria-current])").first.evaluate(outline) == "none"
    assert page.locator("#side [aria-current]").evaluate(outline) == "solid"


def test_the_focus_ring_covers_no_label(filled):
    page = filled.open("admin", "add")
    filled.heading("Add to DNC")
    boxes = page.evaluate(
        """() => [...document.querySelectorAll("main .field")].filter((field) => field.offsetHeight).map((field) => {
          const [label, control] = [field.querySelector("label"), field.querySelector("input, select, textarea")];
          return control.getBoundingClientRect().top - label.getBoundingClientRect().bottom; })"""
    )
    assert boxes
    assert min(boxes) >= 4


def test_the_skip_link_leads_to_the_content_and_keeps_the_address(filled):
    page = filled.open("auditor", "reports")
    filled.heading("Reports")
    page.evaluate("document.querySelector('.skip').focus()")
    page.keyboard.press("Enter")
    assert filled.focused("main")
    assert page.url.endswith("#/reports")


def test_the_first_view_is_small_and_needs_one_call_for_its_first_row(filled):
    filled.api.become("manager")
    filled.load()
    page = filled.page
    fetched = {}
    session = filled.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.requestWillBeSent", lambda e: fetched.setdefault(e["requestId"], [e["request"]["url"], 0]))
    session.on(
        "Network.dataReceived",
        lambda e: fetched.get(e["requestId"], [0, 0]).__setitem__(
            1, fetched.get(e["requestId"], [0, 0])[1] + e["dataLength"]
        ),
    )

    def look():
        expect(page.locator("tbody a.number").first).to_be_visible()
        files = {url: size for url, size in fetched.values() if "/v1/console" in url}
        assert 3 <= len(files) <= 6, [url[-30:] for url in files]
        assert sum(files.values()) <= 110 * 1024, (sum(files.values()), files)

    filled.sign_in()
    look()
    fetched.clear()
    filled.api.fail("stats|pending|keys|/me|removal", "hold")
    page.reload()
    look()
    data = [url for url, _ in fetched.values() if "/v1/console" not in url and "data:" not in url]
    assert [re.search(r"/numbers\?", url) is not None for url in data if "stats" not in url] == [True]
    filled.api.recover()


def test_the_main_flow_with_only_the_keyboard(filled):
    page = filled.open("manager", signed_in=False)
    press = page.keyboard.press
    expect(page.get_by_label("API key")).to_be_focused()
    page.keyboard.insert_text("nck_acme.k1.secret")
    press("Enter")
    filled.heading("DNC Numbers")
    filled.tab_to(lambda: filled.focused("a[href='#/add']"))
    press("Enter")
    expect(page.get_by_label("Numbers, one per line")).to_be_focused()
    page.keyboard.type("(415) 555-0142")
    filled.tab_to(lambda: filled.focused("[name=acting_user]"))
    page.keyboard.type("Ada")
    filled.tab_to(lambda: filled.focused("form button.primary"))
    press("Enter")
    expect(page.get_by_role("list", name="Results")).to_contain_text("(415) 555-0142 is listed.")
    page.locator("h1").click()
    press("/")
    page.keyboard.type("555-0142")
    expect(filled.bin("(415) 555-0142")).to_be_visible()
    filled.tab_to(lambda: filled.focused(".bin"))
    press("Enter")
    expect(filled.dialog().get_by_role("radio", name="Marked by mistake")).to_be_focused()
    press("Space")
    press("ArrowDown")
    expect(filled.dialog().get_by_role("radio", name="Wrong number entered")).to_be_checked()
    press("ArrowUp")
    press("Tab")
    page.keyboard.type("pressed the wrong button")
    filled.tab_to(lambda: filled.focused("dialog button.danger"))
    press("Enter")
    expect(filled.dialog()).to_have_count(0)
    expect(filled.toast().get_by_role("button", name="Undo")).to_be_focused()
    press("Enter")
    expect(filled.toast()).to_contain_text("is listed again")
    expect(filled.bin("(415) 555-0142")).to_be_visible()
    assert not filled.focused("body")


def test_every_view_comes_back_after_a_reload(filled):
    page = filled.open("admin", "numbers")
    for view in (*VIEWS, "numbers/+14155550110"):
        settle(filled, view)
        before = page.locator("h1").inner_text()
        page.reload()
        expect(page.locator("h1")).to_have_text(before)
        assert page.url.endswith(f"#/{view}")
        expect(page).to_have_title(re.compile("· Nocall$"))
