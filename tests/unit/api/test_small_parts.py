"""Times, page tokens, keys' tokens, models, settings, notices and problems."""

import json
import re
import shlex
import string
from datetime import UTC, date, datetime, timedelta, timezone
from urllib.parse import quote

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnc import problems, times
from dnc.accounts.access import ALLOWED, Role, policy
from dnc.accounts.tokens import PLATFORM, Token, _checksum
from dnc.api import page_tokens as paging
from dnc.api import request_reader
from dnc.api.number_requests import AddNumber
from dnc.api.removal_requests import RemoveNumber, RestoreNumber
from dnc.checks.check import CONSENT_FIRST
from dnc.entries import notices
from dnc.entries.entry import Entry
from dnc.problems import InvalidRequest, MalformedJson, Unauthenticated
from dnc.settings import Settings

moments = st.datetimes(
    datetime(1970, 1, 2),
    datetime(9998, 1, 1),
    timezones=st.integers(-14, 14).map(lambda h: timezone(timedelta(hours=h))),
)


@given(moments)
def test_a_time_of_any_offset_is_read_as_utc(moment):
    read = times.parse(moment.isoformat(timespec="milliseconds"))
    assert read == moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert times.parse(times.text(read)) == read
    assert times.text(read).endswith("Z")
    assert len(times.text(read)) == 24


@given(moments, moments)
def test_formatted_times_sort_by_time(one, other):
    assert (times.text(one) < times.text(other)) == (times.parse(times.text(one)) < times.parse(times.text(other)))


@pytest.mark.parametrize(
    "written",
    [
        "",
        "2026-11-23",
        "2026-11-23T10:00:00",
        "23.11.2026",
        "2026-02-30T00:00:00Z",
        "2026-11-23T25:00:00Z",
        "1700000000",
        "2026-11-23T10:00:00+25:00",
        "２０２６-11-23T10:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "2026-11-23T10:00:00.Z",
    ],
)
def test_text_that_is_not_a_time_is_refused(written):
    with pytest.raises(ValueError, match="time"):
        times.parse(written)


def test_an_expiry_is_never_earlier_than_it_was_written():
    assert times.epoch(datetime(2026, 1, 1, 0, 0, 0, 1, UTC)) == times.epoch(datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC))


def test_a_time_outside_the_calendar_in_utc_is_refused_with_the_reason():
    for written in ("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"):
        with pytest.raises(ValueError, match="years 1 to 9999"):
            times.parse(written)


@pytest.mark.parametrize(("sent", "read"), [(2, 2), (2.0, 2), (1e3, 1000)])
def test_a_whole_number_may_have_a_decimal_point(sent, read):
    assert request_reader.read_body(RestoreNumber, {"if_version": sent}).if_version == read


@pytest.mark.parametrize("sent", [0, 0.0, -1, 2.5, float("inf"), True, "2", None])
def test_a_version_is_a_whole_number_from_1(sent):
    with pytest.raises(InvalidRequest) as refused:
        request_reader.read_body(RestoreNumber, {"if_version": sent})
    assert [error.field for error in refused.value.errors] == ["if_version"]


KEYS = st.text(min_size=1, max_size=30)
FILTERS = st.dictionaries(st.text(max_size=5), st.one_of(st.none(), st.text(max_size=5)), max_size=3)


@given(KEYS, FILTERS)
def test_a_page_token_contains_its_key(key, filters):
    token = paging.token("acme", filters, key)
    assert paging.key_of("acme", filters, token) == key
    assert paging.key_of("acme", filters, None) is None


@given(KEYS, FILTERS, st.data())
def test_a_page_token_altered_anywhere_is_refused(key, filters, data):
    token = paging.token("acme", filters, key)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(
        st.sampled_from(string.ascii_letters + string.digits + "-_=+/ é").filter(lambda c: c != token[place])
    )
    for altered in (token[:place] + other + token[place + 1 :], token[:place] + token[place + 1 :], token + other):
        with pytest.raises(InvalidRequest):
            paging.key_of("acme", filters, altered)


@given(KEYS, FILTERS)
def test_a_page_token_is_for_its_account_and_filters(key, filters):
    token = paging.token("acme", filters, key)
    for account, others in (("globex", filters), ("acme", filters | {"another": "filter"})):
        with pytest.raises(InvalidRequest):
            paging.key_of(account, others, token)


WRITTEN = str(Token.new("acme-1"))


@given(st.data())
def test_a_key_mistyped_by_one_character_is_refused_without_a_read(data):
    written = WRITTEN
    place = data.draw(st.integers(0, len(written) - 1))
    other = data.draw(st.sampled_from(string.printable).filter(lambda c: c != written[place]))
    assert str(Token.read(written)) == written
    for altered in (
        written[:place] + other + written[place + 1 :],
        written[:place] + written[place + 1 :],
        written + other,
    ):
        with pytest.raises(Unauthenticated):
            Token.read(altered)


@given(st.sampled_from(["acme-1", PLATFORM]))
def test_a_token_needs_no_quoting_in_a_shell_an_env_file_or_a_url(partition):
    written = str(Token.new(partition))
    assert shlex.split(f"KEY={written} # comment", comments=True) == [f"KEY={written}"]
    assert shlex.quote(written) == written
    assert quote(written, safe="") == written
    assert Token.read(written).partition == partition


def test_an_operators_token_of_the_older_form_still_works():
    token = Token.new(PLATFORM)
    body = f"nck_#platform.{token.key_id}.{token.secret}"
    assert Token.read(body + _checksum(body)) == token


def test_two_keys_are_never_the_same():
    assert len({str(Token.new("acme")) for _ in range(1000)}) == 1000


def test_a_policy_requires_an_account():
    from dnc.accounts.access import Caller

    with pytest.raises(ValueError, match="account"):
        policy(Caller("key:k", Role.ADMIN, None), "arn:api/v1")


def test_a_higher_role_may_do_everything_that_a_lower_one_may():
    assert ALLOWED[Role.AGENT] < ALLOWED[Role.MANAGER] < ALLOWED[Role.ADMIN] < ALLOWED[Role.OPERATOR]
    assert ALLOWED[Role.AUDITOR] < ALLOWED[Role.ADMIN]


@given(st.dictionaries(st.text(max_size=8), st.one_of(st.none(), st.integers(), st.text(max_size=5), st.booleans())))
def test_any_body_is_accepted_or_refused_with_the_names_of_fields(body):
    for model in (AddNumber, RemoveNumber):
        try:
            request_reader.read_body(model, body)
        except InvalidRequest as refused:
            assert refused.errors
            assert all(error.field and error.message for error in refused.errors)


@given(st.text())
def test_any_text_is_json_or_malformed(text):
    try:
        read = request_reader.read_json(text)
    except MalformedJson:
        return
    assert json.loads(text) == read


def test_a_setting_that_is_missing_is_named(monkeypatch):
    monkeypatch.setenv("NUMBERS_TABLE", "n")
    monkeypatch.delenv("AUDIT_TABLE", raising=False)
    monkeypatch.setenv("EVENT_BUS", "")
    with pytest.raises(KeyError, match="AUDIT_TABLE, EVENT_BUS"):
        Settings.from_env("NUMBERS_TABLE", "AUDIT_TABLE", "EVENT_BUS")


US_TERRITORIES = ("PR", "GU", "VI", "MP", "AS")


def example_of(region):
    return phonenumbers.format_number(phonenumbers.example_number(region), phonenumbers.PhoneNumberFormat.E164)


def listed(number):
    row = {"account_id": "acme", "number": number, "source": "sms", "listed_at": "2026-11-20T00:00:00.000Z"}
    return Entry.of(row | {"requested_at": "2026-11-19T00:00:00.000Z", "last_requested_at": "2026-11-20T00:00:00.000Z"})


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("+14155550100", ["47 CFR 64.1200(d)(3)", "texted", "10 business days after it was received", "5 years"]),
        ("+18045550100", ["Va. Code 59.1-514", "10 years", "area code does not prove", "it never expires"]),
        *((example_of(region), ["United States and its territories"]) for region in US_TERRITORIES),
        ("+16135550100", ["14 days", "3 years and 14 days"]),
        ("+442079460958", ["regulation 21(1)(a)", "individual or company", "until they withdraw the objection"]),
        ("+447624123456", ["Isle of Man", "Unsolicited Communications Regulations 2005"]),
        ("+33123456789", ["August 11, 2026", "L223-1", "prior consent"]),
        ("+4930123456", ["express consent", "UWG, section 7(2) no. 1"]),
        ("+390612345678", ["until it is withdrawn", "Ask your counsel"]),
        ("+99999", ["Ask your counsel"]),
    ],
)
def test_a_notice_says_the_rule_of_the_numbers_country(number, words):
    notice = notices.removal_notice(listed(number), ["consent_given"])
    assert all(word in notice["rule"] for word in words)
    assert "not legal advice" in notice["disclaimer"]
    assert notice["why"].startswith("Listed on 2026-11-20 because the person asked by text message")
    assert "Last requested on 2026-11-20" in notice["why"]
    assert date.fromisoformat(notice["rule_seen_on"]) <= times.now().date()


def test_every_rule_has_a_citation():
    for country, rule in notices.RULES.items():
        assert re.search(r"\(.*(CFR|Rules|Regulations|article|section).*\)", rule.text), country


def test_a_check_hints_at_consent_for_exactly_the_countries_whose_notice_asks_for_it():
    asking = {country for country, rule in notices.RULES.items() if rule.consent_first}
    assert asking == {"DE", "FR"}
    for region in phonenumbers.SUPPORTED_REGIONS:
        hinted = example_of(region)[:3] in CONSENT_FIRST
        assert hinted == (region in asking), region


def test_every_source_has_a_description():
    from dnc.entries.entry import Source

    assert set(notices.WHY_LISTED) == set(Source)


CODES = {
    "invalid_request": 422,
    "invalid_number": 422,
    "malformed_json": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "not_listed": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "too_large": 413,
    "removal_refused": 422,
    "throttled": 429,
    "internal_error": 500,
    "unavailable": 503,
}


def test_the_problems_match_the_contract():
    assert {problem.code: problem.status for problem in problems.PROBLEMS} == CODES
    for problem in problems.PROBLEMS:
        document = problem().problem("r-1")
        assert (
            document.items() >= {"type": f"/problems/{problem.code}", "request_id": "r-1", "code": problem.code}.items()
        )
        assert ("errors" in document) == (problem.status == 422)


def test_the_gateways_own_errors_have_the_same_shape():
    from infra.templates import gateway_responses

    for name, response in gateway_responses().items():
        body = json.loads(response["ResponseTemplates"]["application/json"].replace("$context.requestId", "r"))
        assert CODES[body["code"]] == body["status"] == response["StatusCode"], name
        assert body["type"] == f"/problems/{body['code']}"
        assert {"title", "detail", "request_id"} <= body.keys()
        assert response["ResponseParameters"]["Headers"]["Content-Type"] == "'application/problem+json'"
