"""The list: rows, search, filters, order, counts, selection, and very long lists."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect

CHIPS = ".chips .chip"


@pytest.fixture
def filled(console):
    console.api.add("+14155550100", ago=5, by="u-17", source="disposition", campaign_id="spring", note="asked twice")
    console.api.add("+14155550101", ago=60 * 30, by="intake", source="sms", campaign_id="solar")
    console.api.add("+12125550102", ago=60 * 24 * 9, source="web")
    console.api.add("+442079460958", ago=90, source="sms", note="STOP")
    return console


def numbers(page):
    return page.locator("tbody a.number").all_inner_texts()


def test_a_row_shows_source_time_and_person_in_one_line(filled):
    page = filled.open(view="numbers")
    row = filled.row("(415) 555-0100")
    expect(row).to_contain_text(re.compile("Disposition.*5m ago.*u-17.*spring.*asked twice", re.DOTALL))
    assert row.bounding_box()["height"] <= 41
    expect(filled.row("(415) 555-0101").locator("time")).to_have_text(re.compile(r"^\w{3} \d+$"))
    assert numbers(page) == ["(212) 555-0102", "(415) 555-0100", "(415) 555-0101", "+44 20 7946 0958"]


def test_a_number_is_underlined_only_under_the_pointer(filled):
    page = filled.open(view="numbers")
    link = page.get_by_role("link", name="(415) 555-0100")
    style = "element => getComputedStyle(element).textDecorationLine"
    assert link.evaluate(style) == "none"
    link.hover()
    assert link.evaluate(style) == "underline"


def test_the_exact_time_is_on_hover(filled):
    filled.open(view="numbers")
    time = filled.row("(415) 555-0100").locator("time")
    written = time.get_attribute("datetime")
    assert time.get_attribute("title").endswith(f"{written[:10]} {written[11:19]} UTC")


WRITTEN = {
    "+14155550100": ("(415) 555-0100", "+1 415-555-0100"),
    "+442079460958": ("+44 20 7946 0958", "020 7946 0958"),
    "+447700900123": ("+44 7700 900123", "07700 900123"),
    "+33123456789": ("+33 1 23 45 67 89", "+33 1 23 45 67 89"),
    "+4930123456": ("+49 3012 3456", "+49 3012 3456"),
}


@pytest.mark.parametrize(("region", "of"), [("US", 0), ("GB", 1)])
def test_a_number_is_written_the_same_way_everywhere(console, region, of):
    for number in WRITTEN:
        console.api.add(number, ago=5)
    console.api.account["default_region"] = region
    console.api.become("manager")
    console.api.me["default_region"] = region
    console.load()
    console.sign_in(view="numbers")
    shown = {shown[of] for shown in WRITTEN.values()}
    links = console.page.locator("main a.number")
    for view in ("numbers", "activity", "audit"):
        console.go(view)
        expect(links).to_have_count(len(WRITTEN))
        assert set(links.all_inner_texts()) == shown, view
    for number, each in WRITTEN.items():
        console.go(f"numbers/{number}")
        console.heading(each[of])
    console.go("check")
    console.page.get_by_role("textbox", name="Numbers").fill("\n".join(WRITTEN))
    console.page.get_by_role("button", name="Check", exact=True).click()
    expect(console.page.locator("td .number")).to_have_text([each[of] for each in WRITTEN.values()])


def test_the_search_finds_parts_of_a_number_and_campaigns(filled):
    page = filled.open(view="numbers")
    search = page.get_by_role("searchbox")
    search.fill("555-0101")
    expect(page.locator("tbody a.number")).to_have_text(["(415) 555-0101"])
    search.fill("spring")
    expect(page.locator("tbody a.number")).to_have_text(["(415) 555-0100"])
    assert [query["campaign_id"] for _, _, query, _ in filled.api.calls if "campaign_id" in query] == ["spring"]
    search.fill("777")
    expect(page.locator(".empty")).to_contain_text("No numbers match.")
    page.get_by_role("button", name="Search for the campaign “777”").click()
    expect(page.locator(CHIPS)).to_have_text(["Campaign: 777"])


def test_active_filters_are_chips_outside_the_folded_panel(filled):
    page = filled.open(view="numbers")
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Source").select_option("sms")
    expect(page.locator(CHIPS)).to_have_text(["Source: Text message"])
    page.keyboard.press("Escape")
    page.mouse.click(900, 850)
    expect(page.get_by_label("Source")).to_be_hidden()
    expect(page.locator(CHIPS)).to_be_visible()
    page.reload()
    expect(page.locator(CHIPS)).to_have_text(["Source: Text message"])
    expect(page.locator("tbody a.number")).to_have_text(["(415) 555-0101", "+44 20 7946 0958"])
    page.get_by_role("button", name="Source: Text message").click()
    expect(page.locator("tbody a.number")).to_have_count(4)
    expect(page.locator(CHIPS)).to_have_count(0)


def test_back_from_a_number_keeps_the_search_and_the_filters(filled):
    page = filled.open(view="numbers?source=sms&q=415")
    expect(page.locator("tbody a.number")).to_have_count(1)
    page.get_by_role("link", name="(415) 555-0101").click()
    filled.heading("(415) 555-0101")
    page.get_by_role("link", name="← All numbers").click()
    expect(page.locator(CHIPS)).to_have_text(["Search: 415", "Source: Text message"])
    expect(page.get_by_role("searchbox")).to_have_value("415")
    expect(page.locator("tbody a.number")).to_have_text(["(415) 555-0101"])


def test_dates_in_the_wrong_order_are_reported(filled):
    page = filled.open(view="numbers?from=2026-11-20&to=2026-11-10")
    expect(page.get_by_role("alert")).to_contain_text("“Listed from” is after “Listed to”.")
    assert not [call for call in filled.api.calls if call[1] == "/numbers"]
    page.get_by_role("button", name="Swap the dates").click()
    expect(page.locator(CHIPS)).to_have_text(["Listed from: 2026-11-10", "Listed to: 2026-11-20"])
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("zone", ["Pacific/Pago_Pago", "Pacific/Kiritimati"])
def test_a_day_is_the_readers_day(console, zone):
    console.open(view="numbers?from=2026-11-20&to=2026-11-20", zone=zone)
    expect(console.page.locator(".empty")).to_be_visible()
    sent = next(query for _, path, query, _ in console.api.calls if path == "/numbers")
    hour = {"Pacific/Pago_Pago": "11", "Pacific/Kiritimati": "10"}[zone]
    day = 20 if zone == "Pacific/Pago_Pago" else 19
    assert sent["listed_from"] == f"2026-11-{day}T{hour}:00:00.000Z"
    assert sent["listed_to"] == f"2026-11-{day + 1}T{hour}:00:00.000Z"


def test_newest_first_is_read_from_the_audit(filled):
    filled.api.remove("+14155550100", ago=1)
    page = filled.open(view="numbers")
    page.get_by_label("Order").select_option("newest")
    expect(page.locator("tbody a.number")).to_have_text(["+44 20 7946 0958", "(415) 555-0101", "(212) 555-0102"])
    assert "order=newest" in page.url
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Status").select_option("removed")
    expect(page.locator("tbody a.number")).to_have_text(["(415) 555-0100"])
    expect(page.get_by_role("button", name="Put back on the list")).to_be_visible()
    expect(page.locator(".bin")).to_have_count(0)


def test_the_total_follows_changes_made_on_the_page(filled):
    page = filled.open(view="numbers")
    expect(page.locator(".total")).to_contain_text("4 listed · updated")
    filled.api.total = 4  # the service's count lags behind the changes
    for national in ("(415) 555-0100", "(212) 555-0102"):
        filled.bin(national).click()
        dialog = filled.dialog()
        dialog.get_by_role("radio").first.check()
        for name, value in (("Reference", "r"), ("Purpose", "p"), ("Obtained", "2026-11-26T00:00")):
            if dialog.get_by_label(name).count():
                dialog.get_by_label(name).fill(value)
        if dialog.get_by_label("Note").count():
            dialog.get_by_label("Note").fill("typo")
        if dialog.get_by_label("Your name").count():
            dialog.get_by_label("Your name").fill("Ada")
        if national.startswith("(212"):
            dialog.get_by_role("button", name="Keep it on the list").click()
        else:
            dialog.get_by_role("button", name="Delete").click()
        expect(dialog).to_have_count(0)
    expect(page.locator(".total")).to_contain_text("3 listed")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".total")).to_contain_text("4 listed")


def test_the_total_is_not_shown_above_filtered_rows(filled):
    page = filled.open(view="numbers?source=sms")
    expect(page.locator("tbody a.number")).to_have_count(2)
    expect(page.locator(".total")).to_be_hidden()
    expect(page.locator(".under")).to_contain_text("2 matches")


def test_an_empty_list_explains_what_to_do(console):
    page = console.open(view="numbers")
    expect(page.locator(".empty")).to_contain_text("No numbers yet. Add one or import a file.")
    page.get_by_role("link", name="Import a file").click()
    console.heading("Import & export")
    page.go_back()
    page.get_by_role("link", name="Add a number").click()
    console.heading("Add to DNC")


def test_digits_and_dates_follow_the_same_locale(console):
    console.api.total = 12304
    console.api.add("+14155550100", ago=60 * 24 * 3)
    page = console.open(view="numbers", locale="de-DE")
    expect(page.locator(".total")).to_contain_text("12.304 listed")
    expect(console.row("(415) 555-0100").locator("time")).to_have_text(re.compile(r"^\d+\. \w+"))


def test_selected_rows_are_removed_with_one_reason_and_a_result_each(filled):
    filled.api.add("+14155550103", source="manual", ago=10)
    filled.api.add("+14155550104", source="manual", ago=10)
    page = filled.open(view="numbers")
    for national in ("(415) 555-0103", "(415) 555-0104", "(415) 555-0101"):
        page.get_by_role("checkbox", name=f"Select {national}").check()
    expect(page.locator(".toolbar")).to_contain_text("3 selected")
    page.get_by_role("button", name="Remove…").click()
    dialog = page.get_by_role("dialog", name="Remove 3 numbers")
    dialog.get_by_role("radio", name="Marked by mistake – for 2 numbers only").check()
    dialog.get_by_label("Note").fill("wrong file")
    dialog.get_by_label("Your name").fill("Ada")
    filled.api.entries["+14155550104"]["version"] += 1
    dialog.get_by_role("button", name="Delete").click()
    results = dialog.get_by_role("list", name="Results")
    expect(results.get_by_role("listitem")).to_have_count(3)
    expect(results).to_contain_text(re.compile("0103 – removed"))
    expect(results).to_contain_text(re.compile("0104 – was changed by someone else"))
    expect(results).to_contain_text(re.compile("0101 – this reason is not accepted"))
    assert [body["if_version"] for body in filled.api.sent("DELETE", "")] == [1, 1]
    dialog.get_by_role("button", name="Undo 1 removal").click()
    expect(filled.toast()).to_contain_text("1 of 1 number is listed again.")
    expect(filled.bin("(415) 555-0103")).to_be_visible()
    assert filled.api.entries["+14155550103"]["status"] == "listed"


def test_selected_rows_are_exported(filled):
    filled.api.entries["+14155550100"]["note"] = '=1+1, "x"'
    page = filled.open(view="numbers")
    page.get_by_role("checkbox", name="Select (415) 555-0100").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export", exact=True).click()
    assert download.value.suggested_filename.startswith("dnc-numbers-")
    content = download.value.path().read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    [row] = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    assert row["number"] == "+14155550100"
    assert row["note"] == '\'=1+1, "x"'
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("Filters", exact=True)).to_be_visible()


TOTAL, A_PAGE = 100_000, 100
# The page itself responds, because a thousand responses from this process would take longer than the scrolling.
LONG_LIST = """([total, size]) => {
  const entry = (n) => ({
    number: `+1415${String(n).padStart(7, "0")}`, region: "US",
    status: "listed", source: "web", sources: ["web"], campaign_ids: [],
    listed_at: "2026-11-23T17:05:11.123Z", listed_by: { principal: "key:x", acting_user: "u-17" }, version: 1,
  });
  const real = window.fetch;
  window.requested = [];
  window.broken = false;
  window.fetch = async (url, options) => {
    if (!String(url).includes("/numbers?")) return real(url, options);
    const begin = Number(new URL(url, location).searchParams.get("page_token") ?? 0);
    window.requested.push(begin);
    if (window.broken) return new Response("{}", { status: 503 });
    const end = begin + size;
    const numbers = Array.from({ length: size }, (_, n) => entry(begin + n));
    return new Response(JSON.stringify({ numbers, next_page_token: end < total ? String(end) : null }));
  };
}"""


@pytest.fixture
def long_list(console):
    """A list of 100,000 numbers. Returns a function that returns the n-th of them."""
    page = console.open(view="check")
    page.evaluate(LONG_LIST, [TOTAL, A_PAGE])
    page.get_by_role("link", name="DNC Numbers").click()

    def at(n):
        digits = f"{n:07d}"
        return page.get_by_role("link", name=f"(415) {digits[:3]}-{digits[3:]}", exact=True)

    expect(at(0)).to_be_visible()
    return at


FURTHER = """async (pages) => {
  let largest = 0;
  while (window.requested.length < pages) {
    scrollTo(0, document.documentElement.scrollHeight);
    largest = Math.max(largest, document.querySelectorAll("*").length);
    await new Promise(requestAnimationFrame);
  }
  return largest;
}"""


def scroll_to(page, wanted):
    for _ in range(80):
        if wanted.count():
            return
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        page.evaluate("new Promise(requestAnimationFrame)")
    expect(wanted).to_be_attached()


def test_a_long_list_scrolls_without_the_page_growing(console, long_list):
    """After 12,000 rows, the document has as many elements as after 1,200."""
    page = console.page
    early = page.evaluate(FURTHER, 12)
    late = page.evaluate(FURTHER, 120)
    assert late < early * 1.1, (early, late)
    assert page.locator("tbody tr").count() < 400
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height > 11_000 * 40
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight / 2)")
    expect(long_list(6_000).or_(long_list(5_900)).or_(long_list(6_100)).first).to_be_attached()
    page.evaluate("scrollTo(0, 0)")
    expect(long_list(0)).to_be_visible()
    assert abs(page.evaluate("document.documentElement.scrollHeight") - height) < height / 20


def test_back_from_a_number_returns_to_the_same_place_in_the_list(console, long_list):
    page = console.page
    scroll_to(page, long_list(650))
    long_list(610).scroll_into_view_if_needed()
    place = long_list(610).bounding_box()["y"]
    long_list(610).click()
    expect(page.get_by_role("link", name="← All numbers")).to_be_visible()
    page.evaluate("window.requested = []")
    page.go_back()
    expect(long_list(610)).to_be_in_viewport()
    assert abs(long_list(610).bounding_box()["y"] - place) < 100
    assert 0 not in page.evaluate("window.requested")


def test_a_part_of_the_list_that_fails_to_reload_shows_the_error(console, long_list):
    page = console.page
    scroll_to(page, long_list(850))
    page.evaluate("window.broken = true")
    page.evaluate("scrollTo(0, 0)")
    problem = page.get_by_role("alert").first
    expect(problem).to_contain_text("not available right now")
    page.evaluate("window.broken = false")
    problem.get_by_role("button", name="Try again").click()
    expect(long_list(0)).to_be_visible()
