"""The removal reasons: an independent table of them, compared with the code."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dnc.entries import reasons
from dnc.entries.entry import Actor, Entry, Source, Write
from dnc.problems import RemovalRefused

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LAST_REQUEST = "2026-11-20T10:00:00.000Z"
PERSON = {"inbound_call", "sms", "ivr", "web", "email", "letter", "complaint"}
ALL = PERSON | {"legal", "manual", "disposition", "import", "registry", "suppression"}
NUMBERS = ["+14155550100", "+14155550101", "", None]
PROOF = {"reference": "r-1", "obtained_at": "2026-11-21T00:00:00.000Z", "purpose": "solar", "result": "yes"}
PROOF |= {"compared_date": "2026-11-21", "checked_on": "2026-11-21", "number": "+14155550100"}

# By code: the sources it is open for, and the fields it requires.
TABLE = {
    "marked_by_mistake": ({"manual", "disposition", "import", "suppression"}, ["note"]),
    "entered_wrong_number": (ALL - {"sms", "ivr", "inbound_call"}, ["correct_number or note"]),
    "import_error": ({"import", "registry"}, ["note"]),
    "left_registry": ({"registry"}, ["evidence.reference"]),
    "consent_given": (ALL, ["evidence.reference", "evidence.obtained_at", "evidence.purpose"]),
    "request_withdrawn": (ALL - {"legal", "registry"}, ["evidence.reference", "evidence.obtained_at"]),
    "number_reassigned": (
        ALL - {"legal"},
        ["evidence.reference", "evidence.compared_date", "evidence.checked_on", "evidence.result"],
    ),
    "test_number": ({"manual", "disposition", "import", "suppression"}, ["note"]),
    "suppression_ended": ({"suppression"}, ["note"]),
    "legal_order": (ALL, ["evidence.reference"]),
}
REFUSED = {"existing_customer", "new_inquiry", "agent_disagrees", "lead_reimported", "other"}


def entry(*sources):
    return Entry(
        account_id="acme",
        number="+14155550100",
        status="listed",
        source=sources[0],
        sources=frozenset(sources),
        requested_at=LAST_REQUEST,
        last_requested_at=LAST_REQUEST,
        listed_at=LAST_REQUEST,
        listed_by={},
        version=1,
        changed_at=LAST_REQUEST,
        changed_by={},
        change="listed",
        request_id="r",
    )


def removal(code, **evidence):
    return {"reason": code, "note": "why", "evidence": PROOF | evidence}


def remove(listed, request, *, admin=False):
    write = Write(NOW, Actor("key:k", "u-2"), "r")
    return reasons.remove(listed, request, write, may_order=admin)


def test_the_codes_match_the_contract():
    assert set(reasons.REASONS) == set(TABLE)
    assert set(reasons.REFUSED) == REFUSED
    assert set(Source) == ALL


@pytest.mark.parametrize("code", TABLE)
@pytest.mark.parametrize("source", sorted(ALL))
@pytest.mark.parametrize("admin", [False, True], ids=["manager", "admin"])
def test_a_reason_is_open_only_for_its_sources(code, source, admin):
    wanted = source in TABLE[code][0]
    if (code == "legal_order" or source == "legal") and not admin:
        wanted = False
    listed = entry(source)
    assert (code in reasons.open_for(listed, admin)) == wanted
    if wanted:
        remove(listed, removal(code), admin=admin)
    else:
        with pytest.raises(RemovalRefused) as refused:
            remove(listed, removal(code), admin=admin)
        assert refused.value.errors[0].field == "reason"


@pytest.mark.parametrize("code", TABLE)
def test_every_source_of_an_entry_must_allow_the_reason(code):
    for first_source in ALL - {"legal"}:
        for other in ALL - {"legal"}:
            wanted = {first_source, other} <= TABLE[code][0] and code != "legal_order"
            assert (code in reasons.open_for(entry(first_source, other), False)) == wanted


@pytest.mark.parametrize(("code", "field"), [(code, field) for code, (_, fields) in TABLE.items() for field in fields])
@pytest.mark.parametrize("empty", ["", None, "missing"])
def test_each_required_field_is_required(code, field, empty):
    request = removal(code)
    for name in field.split(" or "):
        container = request["evidence"] if name.startswith("evidence.") else request
        plain = name.removeprefix("evidence.")
        if empty == "missing":
            container.pop(plain, None)
        else:
            container[plain] = empty
    source = min(TABLE[code][0])
    with pytest.raises(RemovalRefused) as refused:
        remove(entry(source), request, admin=True)
    assert field.split(" or ")[0] in [error.field for error in refused.value.errors]
    assert reasons.REASONS[code].guidance in refused.value.detail


@pytest.mark.parametrize("code", TABLE)
def test_the_shown_requirements_match_the_table(code):
    shown = reasons.REASONS[code].as_json()
    assert shown["requires"] == TABLE[code][1]
    assert set(shown["sources"]) == TABLE[code][0]
    assert shown["label"]
    assert shown["guidance"]


@pytest.mark.parametrize(
    ("code", "field", "value", "accepted"),
    [
        ("consent_given", "obtained_at", "2026-11-20T10:00:00.001Z", True),
        ("consent_given", "obtained_at", LAST_REQUEST, False),
        ("consent_given", "obtained_at", "2026-11-20T09:59:59.999Z", False),
        ("consent_given", "obtained_at", "2026-11-23T12:00:00.001Z", False),
        ("consent_given", "obtained_at", "2026-11-23T12:00:00.000Z", True),
        ("request_withdrawn", "obtained_at", "2026-11-20T09:00:00.000Z", False),
        ("number_reassigned", "compared_date", "2026-11-20", True),
        ("number_reassigned", "compared_date", "2026-11-19", False),
        ("number_reassigned", "checked_on", "2026-11-20", False),
        ("number_reassigned", "checked_on", "2026-11-23", True),
        ("number_reassigned", "checked_on", "2026-11-24", False),
        ("number_reassigned", "result", "no", False),
        ("number_reassigned", "result", "no data", False),
        ("number_reassigned", "result", "YES", False),
    ],
)
def test_evidence_must_fit_the_last_request(code, field, value, accepted):
    request = removal(code, **{field: value})
    if accepted:
        remove(entry("sms"), request)
    else:
        with pytest.raises(RemovalRefused) as refused:
            remove(entry("sms"), request)
        assert [error.field for error in refused.value.errors] == [f"evidence.{field}"]


def test_a_correct_number_is_another_number():
    request = {"reason": "entered_wrong_number", "correct_number": "+14155550100"}
    with pytest.raises(RemovalRefused) as refused:
        remove(entry("manual"), request)
    assert [error.field for error in refused.value.errors] == ["correct_number"]
    remove(entry("manual"), request | {"correct_number": "+14155550101"})


DAYS = st.dates(date(2026, 11, 15), date(2026, 11, 27)).map(date.isoformat)


@given(compared=DAYS, checked=DAYS, result=st.sampled_from(["yes", "no", "no data"]))
def test_a_reassignment_needs_a_yes_from_the_database_about_a_date_since_the_last_request(compared, checked, result):
    request = removal("number_reassigned", compared_date=compared, checked_on=checked, result=result)
    if LAST_REQUEST[:10] <= compared <= checked <= NOW.date().isoformat() and result == "yes":
        remove(entry("sms"), request)
    else:
        with pytest.raises(RemovalRefused):
            remove(entry("sms"), request)


@given(sources=st.sets(st.sampled_from(sorted(ALL - {"legal"})), min_size=1), number=st.sampled_from(NUMBERS))
@example(sources={"registry"}, number="+14155550101")
def test_consent_for_a_number_of_a_registry_names_exactly_that_number(sources, number):
    request = removal("consent_given", number=number)
    if "registry" in sources and number != "+14155550100":
        with pytest.raises(RemovalRefused) as refused:
            remove(entry(*sources), request)
        assert [error.field for error in refused.value.errors] == ["evidence.number"]
    else:
        remove(entry(*sources), request)


@pytest.mark.parametrize("sources", [("web",), ("registry",), ("registry", "web")])
@pytest.mark.parametrize("code", sorted(REFUSED))
def test_a_refused_reason_is_refused_with_its_rule(code, sources):
    with pytest.raises(RemovalRefused) as refused:
        remove(entry(*sources), removal(code), admin=True)
    assert "CFR" in refused.value.detail
    assert refused.value.errors[0].field == "reason"
    of_a_call = "belongs to a call, not to the list" in refused.value.detail
    assert of_a_call == (sources == ("registry",) and code in {"existing_customer", "new_inquiry"})
    [shown] = [first_source for first_source in reasons.refused_for(entry(*sources)) if first_source["code"] == code]
    assert shown["why"] == refused.value.errors[0].message


@pytest.mark.parametrize("sources", [(s,) for s in sorted(ALL)] + [("import", s) for s in sorted(ALL)])
@pytest.mark.parametrize("admin", [False, True], ids=["manager", "admin"])
def test_an_undo_removes_any_source_but_only_an_admin_undoes_a_legal_one(sources, admin):
    write = Write(NOW, Actor("key:k", "u-2"), "r")
    request = {"reason": "import_error", "note": "undone"}
    if "legal" in sources and not admin:
        with pytest.raises(RemovalRefused):
            reasons.remove(entry(*sources), request, write, may_order=admin, in_undo=True)
    else:
        assert reasons.remove(entry(*sources), request, write, may_order=admin, in_undo=True).status == "removed"
