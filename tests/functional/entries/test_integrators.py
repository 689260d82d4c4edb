"""Requests of form builders, CRM workflows and webhooks: nothing in their data may lose an opt-out."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

NUMBER = "+14155550100"


def add(gateway, role="manager", **fields):
    return gateway.numbers(role, "POST", body={"number": NUMBER, **fields})


def is_just_before(earlier, later):
    """Return whether the first time is before the second, by no more than a request takes."""
    difference = datetime.fromisoformat(later) - datetime.fromisoformat(earlier)
    return timedelta(0) <= difference < timedelta(seconds=30)


@pytest.mark.parametrize("empty", ["", " ", None])
def test_an_empty_optional_field_counts_as_absent(gateway, empty):
    names = "note campaign_id agent_id call_id caller_id consumer_name seller telemarketer goods_or_services"
    more = "region source requested_at expires_at acting_user request_key"
    reply = add(gateway, **dict.fromkeys([*names.split(), *more.split()], empty))
    assert (reply.status, reply.body["warnings"]) == (201, []), reply.body
    assert [reply.body[name] for name in names.split()] == [None] * len(names.split())
    assert reply.body["source"] == "manual"


@pytest.mark.parametrize("number", [4155550100, 14155550100, 4155550100.0])
def test_an_integer_is_accepted_as_a_number(gateway, number):
    assert add(gateway, number=number).body["number"] == NUMBER


@pytest.mark.parametrize("name", ["campaign_id", "agent_id", "call_id", "caller_id"])
def test_an_integer_is_accepted_as_an_id(gateway, name):
    assert add(gateway, **{name: 991}).body[name] == "991"


def test_an_integer_is_accepted_as_acting_user_and_request_key(gateway):
    assert add(gateway, acting_user=17, request_key=5).body["listed_by"]["acting_user"] == "17"
    assert add(gateway, request_key="5").body["version"] == 1


@pytest.mark.parametrize(
    ("name", "longest"),
    [("note", 2000), ("seller", 200), ("consumer_name", 200), ("call_id", 200), ("campaign_id", 200)],
)
def test_a_text_that_is_too_long_is_cut_with_a_warning(gateway, name, longest):
    body = add(gateway, **{name: "x" * (longest + 1)}).body
    assert body[name] == "x" * longest
    assert body["warnings"] == [f"{name} was cut to {longest:,} characters"]
    fits = gateway.add("+14155550101", **{name: "x" * longest})
    assert fits["warnings"] == []


def test_a_long_acting_user_is_cut_but_long_request_keys_are_compared_in_full(gateway):
    body = add(gateway, acting_user="u" * 129, request_key="k" * 300).body
    assert body["listed_by"]["acting_user"] == "u" * 128
    assert add(gateway, request_key="k" * 300, acting_user="u" * 129).body["version"] == 1
    assert add(gateway, request_key="k" * 299).body["version"] == 2


@pytest.mark.parametrize("region", ["GB", "gb", "UK", "uk", "GBR", "United Kingdom", "united kingdom", "+44", " gb "])
def test_a_region_is_recognized_by_common_names(gateway, region):
    assert add(gateway, number="020 7946 0958", region=region).body["number"] == "+442079460958"
    path = "/accounts/acme/readings"
    body = {"numbers": ["020 7946 0958"], "region": region}
    assert gateway.call("agent", "POST", path, body).body["readings"][0]["number"] == "+442079460958"


@pytest.mark.parametrize(
    ("sent", "source"), [("SMS", "sms"), ("Web Form", "web"), ("text message", "sms"), ("E-Mail", "email")]
)
def test_a_source_is_recognized_by_common_names(gateway, sent, source):
    assert add(gateway, source=sent).body["source"] == source


@pytest.mark.parametrize("sent", ["Facebook Lead Ads", "legal", "registry", "manual"])
def test_any_other_source_of_an_intake_form_is_recorded_as_web(gateway, sent):
    assert add(gateway, "intake", source=sent).status == 202
    assert gateway.numbers("manager", "GET", f"/{NUMBER}").body["sources"] == ["web"]


@pytest.mark.parametrize("text", ["half \ud83d", "\ude00 half", "\ud83d"])
def test_half_an_emoji_becomes_a_replacement_character(gateway, text):
    raw = json.dumps({"number": NUMBER, "note": text, "consumer_name": text, "call_id": text})
    reply = gateway.numbers("manager", "POST", raw=raw)
    assert reply.status == 201
    assert "\ufffd" in reply.body["note"]
    assert json.dumps(reply.body, ensure_ascii=False).encode()


def test_a_complete_emoji_is_stored(gateway):
    assert add(gateway, note="thanks 😀").body["note"] == "thanks 😀"


@pytest.mark.parametrize("place", ["number", "region", "source", "unknown"])
def test_a_refusal_of_half_an_emoji_can_be_sent(gateway, place):
    body = {"number": NUMBER, "x\ud83d": 1} if place == "unknown" else {"number": NUMBER, place: "x\ud83d"}
    reply = gateway.numbers("manager", "POST", raw=json.dumps(body))
    assert reply.status == 422
    assert json.dumps(reply.body, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "sent",
    [
        "2026-11-20T17:04:00+0000",
        "2026-11-20 17:04:00",
        "2026-11-20T17:04",
        "2026-11-20T17:04Z",
        "Fri, 20 Nov 2026 17:04:00 +0000",
        1795194240,
        1795194240000,
        "1795194240",
    ],
)
def test_a_request_date_in_another_format_is_read_with_a_warning(gateway, sent):
    body = add(gateway, requested_at=sent).body
    assert body["requested_at"] == "2026-11-20T17:04:00.000Z"
    assert body["requested_at_text"] == str(sent)
    assert len(body["warnings"]) == 1


@pytest.mark.parametrize("sent", ["yesterday", "11/12/2026", "0000-00-00 00:00:00", "2026-02-30T00:00:00Z", 10**30])
def test_an_unreadable_request_date_counts_as_now(gateway, sent):
    body = add(gateway, requested_at=sent).body
    assert is_just_before(body["requested_at"], body["listed_at"])
    assert body["requested_at_text"] == str(sent)
    assert "could not be read" in body["warnings"][0]


def test_a_request_date_in_the_future_counts_as_now(gateway):
    ahead = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    body = add(gateway, requested_at=ahead).body
    assert is_just_before(body["requested_at"], body["listed_at"])
    assert body["requested_at_text"] == ahead
    assert "future" in body["warnings"][0]


def test_a_request_date_in_rfc_3339_has_no_warning_and_no_text(gateway):
    body = add(gateway, requested_at="2026-11-20T18:04:00+01:00").body
    assert body["warnings"] == []
    assert "requested_at_text" not in body


def test_an_agent_does_not_see_the_text_of_a_request_date(gateway):
    assert "requested_at_text" not in add(gateway, "agent", requested_at="ask Jane Doe").body


@pytest.mark.parametrize(
    "expiry",
    [
        {"source": "sms", "expires_at": "2099-01-01T00:00:00Z"},
        {"source": "registry", "expires_at": "2001-01-01T00:00:00Z"},
        {"source": "registry", "expires_at": "soon"},
        {"source": "web", "expires_at": "2099-01-01"},
    ],
)
def test_an_expiry_that_cannot_be_honored_is_left_out(gateway, expiry):
    reply = add(gateway, **expiry)
    assert (reply.status, reply.body["expires_at"]) == (201, None)
    assert reply.body["warnings"][0].startswith("expires_at was left out")


def test_an_expiry_in_another_form_is_read_and_a_date_includes_its_day(gateway):
    body = add(gateway, source="registry", expires_at="2099-01-01").body
    assert body["expires_at"] == "2099-01-02T00:00:00.000Z"
    assert len(body["warnings"]) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", 1.5),
        ("number", True),
        ("number", [NUMBER]),
        ("number", {"value": NUMBER}),
        ("note", 5),
        ("note", ["a"]),
        ("consumer_name", {"first": "J"}),
        ("call_id", True),
        ("call_id", 1.5),
        ("requested_at", True),
        ("requested_at", ["2026-11-20"]),
        ("expires_at", {}),
        ("source", 5),
        ("region", 44),
        ("region", "Atlantis"),
        ("source", "fax"),
        ("acting_user", []),
        ("unknown", ""),
    ],
)
def test_a_mistake_in_a_program_is_refused_on_its_first_call(gateway, field, value):
    reply = add(gateway, **{field: value})
    assert (reply.status, reply.code, reply.fields) == (422, "invalid_request", [field])


def test_a_batch_reads_its_adds_in_the_same_way(gateway):
    sent = [{"number": 4155550101, "source": "SMS", "note": ""}, {"number": NUMBER, "note": "x" * 3000}]
    results = gateway.numbers("agent", "POST", "/batch", {"numbers": sent}).body["results"]
    assert [one["status"] for one in results] == [201, 201]
    assert results[1]["entry"]["warnings"] == ["note was cut to 2,000 characters"]


JSON = json.dumps({"number": NUMBER}).encode()


@pytest.mark.parametrize("encoded", [False, True])
def test_json_with_a_byte_order_mark_is_read(gateway, encoded):
    reply = gateway.numbers("agent", "POST", raw=b"\xef\xbb\xbf" + JSON, base64_encoded=encoded)
    assert reply.status == 201


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (JSON.decode().encode("utf-16"), "UTF-16"),
        (JSON.decode().encode("utf-16-le"), "UTF-16"),
        (gzip.compress(JSON, mtime=0), "gzip"),
        (b"number=%2B14155550100&source=web", "form-encoded"),
        (b"form[phone]=14155550100", "form-encoded"),
        (b'--x\r\nContent-Disposition: form-data; name="number"\r\n\r\n1\r\n--x--', "multipart form"),
        (b"<?xml version='1.0'?><number/>", "XML"),
    ],
)
def test_a_body_in_another_format_is_refused_and_the_format_is_named(gateway, raw, name, encoded):
    reply = gateway.numbers("agent", "POST", raw=raw, base64_encoded=encoded)
    assert (reply.status, reply.code) == (400, "malformed_json")
    assert name in reply.body["detail"]


def test_json_is_read_whatever_its_content_type_says(gateway):
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert gateway.numbers("agent", "POST", raw=JSON, headers=kind).status == 201


def removal(gateway):
    return {"reason": "test_number", "note": "x", "if_version": gateway.add(NUMBER)["version"], "acting_user": "u"}


def test_a_delete_without_a_body_names_the_alternative_which_works(gateway):
    body = removal(gateway)
    refused = gateway.numbers("manager", "DELETE", f"/{NUMBER}")
    assert (refused.status, refused.fields) == (422, ["body"])
    assert "proxy" in refused.body["detail"]
    assert "/removal" in refused.body["detail"]
    removed = gateway.numbers("manager", "POST", f"/{NUMBER}/removal", body)
    assert (removed.status, removed.body["status"]) == (200, "removed")
    assert gateway.numbers("manager", "DELETE", f"/{NUMBER}", body).body == removed.body


def test_a_removal_by_post_needs_the_same_role_and_the_same_reason(gateway):
    body = removal(gateway)
    assert gateway.numbers("agent", "POST", f"/{NUMBER}/removal", body).code == "forbidden"
    assert gateway.numbers("manager", "POST", f"/{NUMBER}/removal", body | {"if_version": 9}).code == "conflict"
    assert gateway.numbers("manager", "POST", f"/{NUMBER}/removal", body | {"reason": "other"}).status == 422


@pytest.mark.parametrize(
    "query", ["?status=&q=&page_size=&page_token=&source=&region=", "?listed_from=&listed_to=", "?prefix=&campaign_id="]
)
def test_an_empty_query_parameter_counts_as_absent(gateway, query):
    gateway.add(NUMBER)
    assert len(gateway.numbers("manager", "GET", query).body["numbers"]) == 1


def test_a_time_in_a_query_may_be_a_date_or_have_lost_its_plus(gateway):
    gateway.add(NUMBER)
    today = datetime.now(UTC).date()
    for since, until in (
        (today, today),
        (f"{today}T00:00:00+00:00", f"{today + timedelta(days=1)}T00:00:00+00:00"),
        (f"{today}T00:00:00%2B00:00", today + timedelta(days=1)),
    ):
        query = f"?listed_from={since}&listed_to={until}"
        assert len(gateway.numbers("manager", "GET", query).body["numbers"]) == 1, query
        assert gateway.call("manager", "GET", f"/accounts/acme/audit?from={since}&to={until}").status == 200
        assert gateway.call("manager", "GET", f"/accounts/acme/stats?from={since}&to={until}").status == 200
    assert gateway.numbers("manager", "GET", f"?listed_to={today - timedelta(days=1)}").body["numbers"] == []
    for wrong in ("2026-02-30", "yesterday", "1700000000"):
        assert gateway.numbers("manager", "GET", f"?listed_from={wrong}").fields == ["listed_from"]
