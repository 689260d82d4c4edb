"""The removal dialog: the notice, reasons, evidence, refusals, drafts, undo, and approval by a second person."""

import re

import pytest
from playwright.sync_api import expect

NUMBER = "+14155550142"
NATIONAL = "(415) 555-0142"


@pytest.fixture
def listed(console):
    console.api.add(NUMBER, ago=90, by="u-17", source="disposition", campaign_id="spring", note="asked twice")
    return console


def open_removal(console, role="manager", view=None, **context):
    console.open(role, view or f"numbers/{NUMBER}", **context)
    console.page.get_by_role("button", name="Remove…").click()
    expect(console.dialog().locator(".facts-line")).to_be_visible()
    return console.dialog()


def fill_mistake(dialog, note="wrong button", name="Ada"):
    dialog.get_by_role("radio", name="Marked by mistake").check()
    dialog.get_by_label("Note").fill(note)
    if name and dialog.get_by_label("Your name").count():
        dialog.get_by_label("Your name").fill(name)


def test_a_mistake_takes_four_actions_from_the_bin(console):
    console.api.add(NUMBER, source="manual")
    console.api.add("+14155550143", source="manual")
    page = console.open(view="numbers")
    console.bin("(415) 555-0143").click()
    fill_mistake(console.dialog())
    console.dialog().get_by_role("button", name="Delete").click()
    expect(console.toast()).to_contain_text("(415) 555-0143 was removed from DNC.")
    # The name is remembered from the first removal.
    console.bin(NATIONAL).click()
    console.dialog().get_by_role("radio", name="Marked by mistake").check()
    console.dialog().get_by_label("Note").fill("wrong button")
    console.dialog().get_by_role("button", name="Delete").click()
    expect(console.toast()).to_have_count(2)
    assert console.api.entries[NUMBER]["removal"]["removed_by"]["acting_user"] == "Ada"
    expect(page.locator("tr.removed")).to_have_count(2)


def test_the_dialog_begins_with_why_the_number_is_listed_and_the_rule(listed):
    dialog = open_removal(listed)
    lines = dialog.locator(".content").inner_text()
    assert lines.index("by u-17 · Disposition · spring") < lines.index("asked twice") < lines.index("47 CFR 64.1200(d)")
    assert lines.index("47 CFR 64.1200(d)") < lines.index("Reason")
    assert "16 CFR 310.4" not in lines
    dialog.get_by_text("More", exact=True).click()
    expect(dialog).to_contain_text("16 CFR 310.4")
    expect(dialog).to_contain_text("not legal advice")
    expect(dialog.get_by_text("A company do-not-call request ends")).to_be_hidden()
    dialog.get_by_text("reasons that are not valid").click()
    expect(dialog.get_by_text("A company do-not-call request ends")).to_be_visible()
    # All times are in the user's time zone: no day in UTC appears next to them.
    assert not re.search(r"\d{4}-\d\d-\d\d", lines)


def test_only_the_chosen_reason_shows_its_guidance_and_fields(listed):
    dialog = open_removal(listed)
    expect(dialog.locator(".evidence:visible")).to_have_count(0)
    dialog.get_by_role("radio", name="Wrong number entered").check()
    expect(dialog.locator(".evidence:visible")).to_have_count(1)
    expect(dialog.locator(".evidence:visible")).to_contain_text("Another number was meant.")
    expect(dialog.get_by_label("Note (optional)")).to_have_count(0)


def test_delete_is_enabled_only_if_nothing_is_missing(listed):
    dialog = open_removal(listed)
    delete = dialog.get_by_role("button", name="Delete")
    expect(delete).to_be_disabled()
    expect(delete).to_have_accessible_description("Choose a reason.")
    dialog.get_by_role("radio", name="Marked by mistake").check()
    expect(delete).to_have_accessible_description("Still missing: Note, Your name.")
    dialog.get_by_label("Note").fill("x")
    dialog.get_by_label("Your name").fill("Ada")
    expect(delete).to_be_enabled()
    dialog.get_by_label("Note").fill(" ")
    expect(delete).to_be_disabled()


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Pago_Pago", "Pacific/Kiritimati"])
def test_invalid_evidence_is_marked_at_its_field(listed, zone):
    dialog = open_removal(listed, zone=zone)
    dialog.get_by_role("radio", name="Written consent since then").check()
    dialog.get_by_label("Reference").fill("crm-1")
    dialog.get_by_label("Purpose").fill("offers")
    dialog.get_by_label("Your name").fill("Ada")
    obtained = dialog.get_by_label("Obtained")
    for value, words in (("2099-01-01T10:00", "in the future"), ("2020-01-01T10:00", "after the last request (")):
        obtained.fill(value)
        dialog.get_by_role("button", name="Delete").click()
        expect(obtained).to_have_attribute("aria-invalid", "true")
        expect(obtained).to_be_focused()
        expect(obtained).to_have_accessible_description(re.compile(re.escape(words)))
        expect(dialog.locator(".foot .error")).to_contain_text(words)
        assert not re.search(r"\dT\d|Z\b|obtained_at", dialog.inner_text())
    assert listed.api.sent("DELETE", "") == []
    obtained.fill(
        obtained.evaluate(
            "() => new Date(Date.now() - new Date().getTimezoneOffset() * 6e4).toISOString().slice(0, 16)"
        )
    )
    dialog.get_by_role("button", name="Delete").click()
    expect(listed.toast()).to_contain_text("was removed")


def test_a_refusal_by_the_service_is_marked_at_its_field_in_the_users_time_zone(listed):
    dialog = open_removal(listed)
    dialog.get_by_role("radio", name="Written consent since then").check()
    for label, value in (("Reference", "x"), ("Purpose", "y"), ("Your name", "Ada")):
        dialog.get_by_label(label).fill(value)
    dialog.get_by_label("Obtained").fill(
        dialog.evaluate("() => new Date(Date.now() - new Date().getTimezoneOffset() * 6e4).toISOString().slice(0, 16)")
    )
    error = {"field": "evidence.reference", "message": "is not one of ours since 2026-11-26T00:12:11.000Z"}
    body = {"code": "removal_refused", "detail": "no", "errors": [error]}
    listed.api.fail("DELETE", {"status": 422, "json": body})
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_label("Reference")).to_be_focused()
    expect(dialog.get_by_label("Reference")).to_have_attribute("aria-invalid", "true")
    expect(dialog.locator(".foot .error")).to_have_text("Not deleted. is not one of ours since Nov 25, 2026, 7:12 PM")
    expect(dialog.get_by_role("button", name="Delete")).to_be_enabled()


def test_the_correct_number_is_read_as_it_is_typed(listed):
    dialog = open_removal(listed)
    dialog.get_by_role("radio", name="Wrong number entered").check()
    dialog.get_by_label("Your name").fill("Ada")
    correct = dialog.get_by_label("Correct number")
    correct.fill("415 555 0155")
    expect(dialog.locator(".evidence:visible")).to_contain_text("Read as (415) 555-0155.")
    for typed, words in (("12", "cannot be read"), (NUMBER, "the number that you are removing")):
        correct.fill(typed)
        dialog.get_by_role("button", name="Delete").click()
        expect(correct).to_be_focused()
        expect(dialog.locator(".foot .error")).to_contain_text(words)
    correct.fill("415 555 0155")
    dialog.get_by_role("button", name="Delete").click()
    expect(listed.toast()).to_contain_text("was removed")
    assert listed.api.entries["+14155550155"]["status"] == "listed"


def test_input_survives_a_change_of_the_reason_and_closing(listed):
    dialog = open_removal(listed)
    dialog.get_by_role("radio", name="Written consent since then").check()
    dialog.get_by_label("Reference").fill("crm-1")
    dialog.get_by_label("Note").fill("long story")
    dialog.get_by_role("radio", name="Request withdrawn").check()
    expect(dialog.get_by_label("Reference")).to_have_value("crm-1")
    expect(dialog.get_by_label("Note")).to_have_value("long story")
    listed.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    listed.page.get_by_role("button", name="Remove…").click()
    expect(dialog.get_by_role("radio", name="Request withdrawn")).to_be_checked()
    expect(dialog.get_by_label("Reference")).to_have_value("crm-1")
    expect(dialog.get_by_label("Note")).to_have_value("long story")


def test_escape_returns_the_focus_to_the_bin(listed):
    listed.open(view="numbers")
    listed.bin(NATIONAL).click()
    expect(listed.dialog()).to_be_visible()
    listed.page.keyboard.press("Escape")
    expect(listed.bin(NATIONAL)).to_be_focused()


@pytest.mark.parametrize("role", ["manager", "admin"])
def test_a_legal_demand_says_who_can_remove_it(console, role):
    console.api.add(NUMBER, source="legal")
    dialog = open_removal(console, role)
    if role == "admin":
        expect(dialog.get_by_role("radio", name="Legal order")).to_be_visible()
    else:
        expect(dialog).to_contain_text(
            "This number was listed for a legal demand. An admin of Acme Inc. can remove it."
        )
        expect(dialog.get_by_role("radio")).to_have_count(0)
        expect(dialog.get_by_role("button", name="Delete")).to_have_count(0)
        expect(dialog.locator(".foot").get_by_role("button", name="Close")).to_be_focused()


def test_an_unavailable_reason_says_whether_the_role_or_the_source_is_why(console):
    console.api.add(NUMBER, source="sms")
    dialog = open_removal(console)
    dialog.get_by_text("reasons that are not valid").click()
    expect(dialog).to_contain_text("Legal order – Only an admin")
    expect(dialog).to_contain_text("Marked by mistake – Not accepted for a number with the source Text message.")


def test_a_number_that_changes_while_the_dialog_is_open_is_not_removed(listed):
    dialog = open_removal(listed)
    fill_mistake(dialog)
    listed.api.add(NUMBER, source="sms")
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Nothing was deleted.")
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    dialog.get_by_role("button", name="Review").click()
    expect(dialog).to_contain_text("Disposition, Text message")
    expect(dialog.get_by_role("radio", name="Marked by mistake")).to_have_count(0)


def test_a_number_that_is_no_longer_listed_is_reported(listed):
    listed.open(view="numbers")
    expect(listed.bin(NATIONAL)).to_be_visible()
    listed.api.remove(NUMBER)
    listed.bin(NATIONAL).click()
    expect(listed.dialog().get_by_role("alert")).to_have_text("This number is no longer listed.")
    listed.dialog().locator(".foot").get_by_role("button", name="Close").click()
    expect(listed.row(NATIONAL)).to_contain_text("Removed")


def test_a_removal_without_a_response_may_be_repeated(listed):
    dialog = open_removal(listed)
    fill_mistake(dialog)
    listed.api.fail("DELETE", "offline")
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.locator(".foot")).to_contain_text("may or may not have been deleted")
    listed.api.recover()
    dialog.get_by_role("button", name="Delete").click()
    expect(listed.toast()).to_contain_text("was removed")


def test_a_dialog_that_cannot_load_its_data_removes_nothing(listed):
    listed.open(view="numbers")
    listed.api.fail("GET /removal-reasons", {"status": 500, "json": {"code": "internal_error", "detail": "x"}})
    listed.bin(NATIONAL).click()
    dialog = listed.dialog()
    expect(dialog.get_by_role("alert")).to_contain_text("internal error")
    expect(dialog.get_by_role("button", name="Delete")).to_have_count(0)
    listed.api.recover()
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog.get_by_role("radio", name="Marked by mistake")).to_be_focused()


def test_a_phone_that_is_still_blocked_is_pointed_out(listed):
    dialog = open_removal(listed)
    fill_mistake(dialog)
    removed = {**listed.api.entries[NUMBER], "status": "removed", "version": 2, "still_blocked_by": ["+1900"]}
    listed.api.fail("DELETE", {"status": 200, "json": removed})
    dialog.get_by_role("button", name="Delete").click()
    expect(listed.toast()).to_contain_text("was removed from DNC. It is still blocked by +1900.")


def test_a_double_click_removes_once(listed):
    dialog = open_removal(listed)
    fill_mistake(dialog)
    dialog.get_by_role("button", name="Delete").dblclick()
    expect(listed.toast()).to_contain_text("was removed")
    assert len(listed.api.sent("DELETE", "")) == 1


@pytest.mark.parametrize("size", [(1024, 768), (768, 1024), (320, 640), (640, 320)])
def test_the_number_and_the_footer_are_always_in_view(listed, size):
    dialog = open_removal(listed, size=size)
    fill_mistake(dialog)
    page = listed.page
    expect(dialog.get_by_role("heading", name=f"Remove {NATIONAL}")).to_be_in_viewport(ratio=1)
    expect(dialog.get_by_role("button", name="Delete")).to_be_in_viewport(ratio=1)
    expect(dialog.get_by_role("button", name="Keep it on the list")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.querySelector('dialog').scrollWidth <= innerWidth")
    assert page.evaluate(
        "(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)(document.querySelector('dialog .content'))"
    )
    if size[1] >= 768:
        content = dialog.locator(".content")
        assert content.evaluate("({ scrollHeight, clientHeight }) => scrollHeight <= clientHeight")


def test_two_undos_are_both_offered(console):
    for n in (42, 43):
        console.api.add(f"+141555501{n}", source="manual")
    page = console.open(view="numbers", person="Ada")
    for n in (42, 43):
        console.bin(f"(415) 555-01{n}").click()
        fill_mistake(console.dialog())
        console.dialog().get_by_role("button", name="Delete").click()
        expect(console.dialog()).to_have_count(0)
    expect(console.toast()).to_have_count(2)
    console.toast().filter(has_text="0142").get_by_role("button", name="Undo").click()
    expect(console.bin("(415) 555-0142")).to_be_visible()
    expect(console.toast().filter(has_text="0143")).to_be_visible()
    page.get_by_role("link", name="Check").click()
    console.heading("Check")
    expect(console.toast().filter(has_text="0143").get_by_role("button", name="Undo")).to_be_visible()


def test_an_undo_that_fails_can_be_tried_again(listed):
    dialog = open_removal(listed)
    fill_mistake(dialog)
    dialog.get_by_role("button", name="Delete").click()
    listed.api.fail("restore", {"status": 503, "body": "<html>"})
    listed.page.get_by_role("button", name="Undo").click()
    expect(listed.toast()).to_contain_text("not available right now")
    listed.api.recover()
    listed.toast().get_by_role("button", name="Try again").click()
    expect(listed.toast()).to_contain_text("is listed again")
    assert listed.api.entries[NUMBER]["status"] == "listed"


def test_the_undo_button_fits_its_row_and_keeps_the_focus(listed):
    listed.api.remove(NUMBER)
    for size in ((1280, 900), (320, 640)):
        page = listed.open(view="numbers?status=removed", size=size)
        button = page.get_by_role("button", name="Put back on the list")
        assert button.bounding_box()["height"] <= 44
        assert button.bounding_box()["width"] > 100
    button.click()
    listed.dialog().get_by_label("Your name").fill("Ada")
    listed.dialog().get_by_role("button", name="Put back on the list").click()
    expect(listed.toast()).to_contain_text("is listed again, with its original request")
    expect(page.get_by_role("link", name=NATIONAL)).to_be_focused()


@pytest.fixture
def policy(listed):
    listed.api.account["approve_reasons"] = ["consent_given", "marked_by_mistake"]
    return listed


def test_a_removal_that_needs_approval_is_requested(policy):
    dialog = open_removal(policy)
    dialog.get_by_role("radio", name="Marked by mistake").check()
    ask = dialog.get_by_role("button", name="Ask for approval")
    expect(ask).to_be_visible()
    fill_mistake(dialog)
    ask.click()
    expect(policy.toast()).to_contain_text("waiting for approval")
    expect(policy.page.locator("h1 + .badge")).to_have_text("Waiting for approval")
    policy.go("numbers")
    expect(policy.row(NATIONAL)).to_contain_text("Waiting for approval")
    expect(policy.page.locator(".counter")).to_have_text("1")
    # The person who requested the removal cannot decide, but can withdraw it.
    policy.bin(NATIONAL).click()
    expect(policy.dialog()).to_contain_text("Another person must decide about your request.")
    expect(policy.dialog().get_by_role("button", name="Approve removal")).to_have_count(0)
    policy.dialog().get_by_role("button", name="Withdraw").click()
    expect(policy.toast()).to_contain_text("was withdrawn")
    expect(policy.row(NATIONAL)).not_to_contain_text("Waiting")


@pytest.mark.parametrize(("verb", "words"), [("Approve removal", "was removed"), ("Reject", "was rejected")])
def test_another_person_decides_with_all_details_in_view(policy, verb, words):
    pending = {
        "reason": "consent_given",
        "note": "wants offers",
        "evidence": {"reference": "crm-7", "purpose": "offers"},
    }
    pending |= {"asked_at": "2026-11-25T10:00:00Z", "lapses_at": "2026-12-02T10:00:00Z"}
    pending |= {"asked_by": {"principal": "key:k9", "acting_user": "u-7"}}
    policy.api.entries[NUMBER]["pending_removal"] = pending
    page = policy.open("manager", "numbers", person="Ada")
    expect(page.locator(".counter")).to_have_text("1")
    page.get_by_role("link", name="Approvals").click()
    part = page.locator(".waiting")
    expect(part).to_contain_text(
        re.compile("u-7 asked to remove.*Written consent.*crm-7.*offers.*wants offers", re.DOTALL)
    )
    part.get_by_role("button", name=verb).click()
    expect(policy.toast()).to_contain_text(words)
    expect(page.locator("main")).to_contain_text("No removals are waiting.")
    expect(page.locator(".counter")).to_be_hidden()


def test_a_number_that_two_people_removed_names_both(policy):
    policy.api.remove(NUMBER)
    asked = {"asked_at": "2026-11-25T10:00:00Z", "asked_by": {"principal": "key:k9", "acting_user": "ann"}}
    policy.api.entries[NUMBER]["removal"] |= asked
    page = policy.open("manager", f"numbers/{NUMBER}")
    removal = page.locator(".card", has=page.get_by_role("heading", name="Removal"))
    expect(removal).to_contain_text(re.compile("Removed by.*Removal requested by.*ann", re.DOTALL))


def test_the_words_of_a_refused_reason_are_those_of_this_number(listed):
    listed.api.refused_words = {"why": "An exemption belongs to a call."}
    dialog = open_removal(listed)
    dialog.get_by_text("reasons that are not valid").click()
    expect(dialog).to_contain_text("An exemption belongs to a call.")


def test_a_service_without_approvals_shows_none(console):
    console.api.without.add("/accounts/[^/]+/pending-removals")
    page = console.open("manager", "approvals")
    expect(page.locator("main")).to_contain_text("No removals are waiting.")
