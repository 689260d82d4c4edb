"""Adds: new numbers, further requests, refusals, and what each role sees in the response."""

from datetime import UTC, datetime, timedelta

import pytest

from dnc.entries.entry import Source

NUMBER = "+14155550100"


def at(**ahead):
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


def test_a_number_is_listed_and_returned_with_all_fields(gateway):
    body = {
        "number": "(415) 555-0100",
        "region": "US",
        "source": "disposition",
        "requested_at": "2026-11-20T19:04:00+02:00",
        "note": "asked twice",
        "campaign_id": "spring",
        "agent_id": "a-17",
        "call_id": "c-991",
        "caller_id": "+14155550199",
        "consumer_name": "J. Doe",
        "seller": "Acme Solar",
        "telemarketer": "CallCo",
        "goods_or_services": "solar panels",
        "expires_at": None,
        "acting_user": "u-17",
        "request_key": "c-991-dnc",
    }
    reply = gateway.numbers("manager", "POST", body=body)
    assert reply.status == 201
    entry = reply.body
    details = ("note", "campaign_id", "agent_id", "call_id", "caller_id", "consumer_name", "seller", "telemarketer")
    assert {name: entry[name] for name in details} == {name: body[name] for name in details}
    assert (entry["number"], entry["national"], entry["region"]) == (NUMBER, "(415) 555-0100", "US")
    assert entry["requested_at"] == entry["last_requested_at"] == "2026-11-20T17:04:00.000Z"
    assert entry["listed_by"]["acting_user"] == "u-17"
    assert entry["listed_by"]["principal"].startswith("key:")
    assert (entry["status"], entry["version"], entry["missing_evidence"]) == ("listed", 1, [])
    assert gateway.check(["415-555-0100"])["blocked"] == 1


def test_a_further_request_is_stored_completely_and_a_repeat_changes_nothing(gateway):
    first = {"number": NUMBER, "source": "manual", "requested_at": at(days=-3), "call_id": "c-1", "note": "first"}
    listed = gateway.numbers("manager", "POST", body=first).body
    repeat = gateway.numbers("agent", "POST", body={**first, "number": "415 555 0100", "acting_user": "u-3"})
    assert (repeat.status, repeat.body["version"], repeat.body["warnings"]) == (200, 1, [])
    further = {"source": "sms", "requested_at": at(days=-9), "note": "second", "seller": "Acme", "campaign_id": "fall"}
    reply = gateway.numbers("manager", "POST", body={"number": NUMBER, **further, "acting_user": "u-2"})
    entry = reply.body
    assert (reply.status, entry["sources"], entry["source"]) == (200, ["manual", "sms"], "manual")
    assert entry["requested_at"] < listed["requested_at"] == entry["last_requested_at"]
    assert (entry["note"], entry["seller"], entry["version"], entry["requests"]) == ("first", None, 2, 2)
    details = entry["last_request"]
    assert {name: details[name] for name in further} == {**further, "requested_at": details["requested_at"]}
    assert details["requested_by"]["acting_user"] == "u-2"
    assert entry["campaign_ids"] == ["fall"]
    assert [e["number"] for e in gateway.numbers("manager", "GET", "?campaign_id=fall").body["numbers"]] == [NUMBER]


def test_another_request_in_the_same_call_is_not_lost(gateway):
    gateway.add(NUMBER, source="disposition", call_id="c-1")
    legal = gateway.numbers("manager", "POST", body={"number": NUMBER, "source": "legal", "call_id": "c-1"})
    assert (legal.status, legal.body["sources"], legal.body["requests"]) == (200, ["disposition", "legal"], 2)
    assert "used before with other content" in legal.body["warnings"][0]
    body = {"reason": "marked_by_mistake", "note": "x", "if_version": 2, "acting_user": "u"}
    assert gateway.numbers("manager", "DELETE", f"/{NUMBER}", body).code == "removal_refused"


def test_a_persons_request_in_the_same_call_makes_a_suppression_permanent(gateway):
    gateway.add(NUMBER, source="suppression", expires_at=at(days=7), call_id="c-1")
    assert gateway.add(NUMBER, source="inbound_call", call_id="c-1")["expires_at"] is None


def test_a_form_that_sends_one_call_id_loses_no_opt_out_after_a_removal(gateway):
    form = {"source": "web", "call_id": "form", "requested_at": at(days=-3)}
    gateway.add(NUMBER, **form)
    order = {"reason": "legal_order", "evidence": {"reference": "o"}, "if_version": 1, "acting_user": "u"}
    assert gateway.numbers("admin", "DELETE", f"/{NUMBER}", order).status == 200
    repeat = gateway.numbers("agent", "POST", body={"number": NUMBER, **form})
    assert (repeat.status, repeat.body["status"], len(repeat.body["warnings"])) == (200, "removed", 1)
    del form["requested_at"]
    assert gateway.numbers("agent", "POST", body={"number": NUMBER, **form}).status == 201


def test_skip_removed_leaves_a_removed_number_and_counts_only_for_a_manager(gateway):
    gateway.add(NUMBER)
    body = {"reason": "test_number", "note": "ours", "if_version": 1, "acting_user": "u"}
    gateway.numbers("manager", "DELETE", f"/{NUMBER}", body)
    add = {"number": NUMBER, "source": "import", "skip_removed": True}
    skipped = gateway.numbers("manager", "POST", body=add)
    assert (skipped.status, skipped.body["status"], len(skipped.body["warnings"])) == (200, "removed", 1)
    assert gateway.numbers("agent", "POST", body=add).status == 201


@pytest.mark.parametrize("source", ["sms", "web", "inbound_call", "complaint", "legal", "disposition"])
def test_a_persons_own_request_is_never_skipped(gateway, source):
    gateway.add(NUMBER, source="manual")
    body = {"reason": "test_number", "note": "ours", "if_version": 1, "acting_user": "u"}
    gateway.numbers("manager", "DELETE", f"/{NUMBER}", body)
    add = {"number": NUMBER, "source": source, "skip_removed": True}
    assert gateway.numbers("manager", "POST", body=add).status == 201
    assert not gateway.check([NUMBER])["results"][0]["callable"]


def test_an_intake_key_cannot_set_a_source(gateway):
    for source in ("legal", "registry", "suppression", "import", "manual"):
        reply = gateway.numbers("intake", "POST", body={"number": NUMBER, "source": source})
        assert (reply.status, reply.body) == (202, {"accepted": True})
    assert gateway.numbers("manager", "GET", f"/{NUMBER}").body["sources"] == ["web"]


def test_an_agent_sees_no_name_note_or_other_free_text_anywhere(gateway):
    secret = {"note": "SECRET", "consumer_name": "SECRET"}
    gateway.add(NUMBER, source="web", **secret)
    added = gateway.numbers("agent", "POST", body={"number": NUMBER, "call_id": "c-2", **secret}).body
    order = {"reason": "legal_order", "evidence": {"reference": "SECRET"}, "note": "SECRET", "acting_user": "u"}
    gateway.numbers("admin", "DELETE", f"/{NUMBER}", {**order, "if_version": 2})
    read = gateway.numbers("agent", "GET", f"/{NUMBER}").body
    assert (added["last_request"]["call_id"], read["removal"]["reason"]) == ("c-2", "legal_order")
    assert "SECRET" not in str(added) + str(read)
    assert str(gateway.numbers("manager", "GET", f"/{NUMBER}").body).count("SECRET") == 6


def test_long_request_keys_that_differ_only_at_their_end_are_different(gateway):
    keys = [f"{'k' * 3000}{end}" for end in "ab"]
    assert [gateway.add(NUMBER, request_key=key)["version"] for key in keys * 2] == [1, 2, 2, 2]


def test_the_last_20_request_keys_are_remembered(gateway):
    for i in range(21):
        gateway.add(NUMBER, request_key=f"k-{i}")
    assert gateway.add(NUMBER, request_key="k-20")["version"] == 21
    assert gateway.add(NUMBER, request_key="k-1")["version"] == 21
    assert gateway.add(NUMBER, request_key="k-0")["version"] == 22


def test_an_intake_key_sees_nothing_of_the_entry(gateway):
    for _ in range(2):
        reply = gateway.numbers("intake", "POST", body={"number": NUMBER, "source": "web"})
        assert (reply.status, reply.body) == (202, {"accepted": True})
    batch = gateway.numbers("intake", "POST", "/batch", {"numbers": [{"number": NUMBER}, {"number": "12"}]})
    assert batch.body["results"][0] == {"status": 202, "accepted": True}
    assert batch.body["results"][1]["status"] == 422
    assert gateway.numbers("manager", "GET", f"/{NUMBER}").body["version"] == 3


def test_an_agent_sees_no_names_or_notes(gateway):
    gateway.add(NUMBER, consumer_name="J. Doe", note="private")
    for reply in (
        gateway.numbers("agent", "POST", body={"number": NUMBER}),
        gateway.numbers("agent", "GET", f"/{NUMBER}"),
    ):
        assert "J. Doe" not in str(reply.body)
        assert "private" not in str(reply.body)
        assert not {"consumer_name", "note"} & reply.body.keys()


@pytest.mark.parametrize(
    ("written", "listed", "warning"),
    [
        ("+1 415 555 0100 ext. 12", "+14155550100", "extension"),
        ("+52 1 55 1234 5678", "+525512345678", "older form"),
        ("+1 555 555 0100", "+15555550100", "not known to be in use"),
        ("tel:+1-415-555-0100", "+14155550100", None),
        ("020 7946 0958", "+442079460958", None),
    ],
)
def test_an_opt_out_is_not_lost_to_its_form(gateway, written, listed, warning):
    entry = gateway.add(written, region="GB" if written.startswith("020") else None)
    assert entry["number"] == listed
    assert bool(entry["warnings"]) == bool(warning)
    assert warning is None or warning in entry["warnings"][0]
    assert not gateway.check([listed])["results"][0]["callable"]


def test_the_default_region_is_the_accounts(gateway):
    reply = gateway.call("other_admin", "POST", "/accounts/globex/numbers", {"number": "020 7946 0958"})
    assert reply.body["number"] == "+442079460958"


@pytest.mark.parametrize(
    "number", ["911", "12", "1-800-FLOWERS", "9" * 40, "☎", "' OR 1=1; --", "", " ", "+999 123 456 789", "555-0100"]
)
def test_text_that_is_not_a_number_is_refused_with_the_reason(gateway, number):
    reply = gateway.numbers("agent", "POST", body={"number": number})
    assert (reply.status, reply.code, reply.fields) == (422, "invalid_number", ["number"])
    assert number.strip() not in reply.body["title"] or not number.strip()


def test_a_request_date_in_the_near_future_counts_as_now_without_a_warning(gateway):
    soon = gateway.add(NUMBER, requested_at=at(minutes=4))
    assert soon["requested_at"] <= at()[:23] + "Z"
    assert soon["warnings"] == []


@pytest.mark.parametrize("source", ["registry", "suppression"])
def test_an_expiry_is_only_for_sources_without_a_persons_request(gateway, source):
    refused = gateway.add("+14155550101", "agent", source=source, expires_at=at(days=9))
    assert refused["expires_at"] is None
    assert refused["warnings"] == ["expires_at was left out: only a manager and above may set an expiry"]
    assert gateway.add(NUMBER, source=source, expires_at=at(days=9))["expires_at"] is not None


@pytest.mark.parametrize("source", sorted(set(Source) - {"registry", "suppression"}))
def test_a_persons_request_has_no_expiry(gateway, source):
    entry = gateway.add(NUMBER, source=source, expires_at=at(days=9))
    assert entry["expires_at"] is None
    assert entry["warnings"][0].startswith("expires_at was left out: it is only for the sources")


def test_an_expiry_only_lengthens_and_a_persons_request_ends_it(gateway):
    def add(**fields):
        return gateway.add(NUMBER, **{"source": "suppression", **fields})["expires_at"]

    late = add(expires_at=at(days=9))
    assert add(expires_at=at(days=1)) == late
    assert add(expires_at=at(days=20)) > late
    assert add(source="sms") is None
    assert add(expires_at=at(days=9)) is None


def test_an_expired_entry_is_clear_at_once_shown_as_expired_and_can_be_relisted(gateway, dynamodb):
    gateway.add(NUMBER, source="registry", expires_at=at(days=9))
    dynamodb.update_item(
        TableName="numbers",
        Key={"account_id": {"S": "acme"}, "number": {"S": NUMBER}},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": str(int(datetime.now(UTC).timestamp()) - 1)}},
    )
    assert gateway.check([NUMBER])["results"][0]["status"] == "clear"
    assert gateway.numbers("manager", "GET", f"/{NUMBER}").body["status"] == "expired"
    assert gateway.numbers("manager", "GET").body["numbers"] == []
    removal = {"reason": "test_number", "note": "x", "if_version": 1, "acting_user": "u"}
    assert gateway.numbers("manager", "DELETE", f"/{NUMBER}", removal).code == "not_listed"
    relisted = gateway.numbers("manager", "POST", body={"number": NUMBER})
    assert (relisted.status, relisted.body["version"], relisted.body["expires_at"]) == (201, 2, None)


def test_an_invalid_number_in_a_batch_affects_no_other(gateway):
    batch = [{"number": "415 555 0101"}, {"number": "nope"}, {"numbr": "x"}, 7, {"number": "415 555 0101"}]
    results = gateway.numbers("agent", "POST", "/batch", {"numbers": batch}).body["results"]
    assert [r["status"] for r in results] == [201, 422, 422, 422, 200]
    assert results[0]["entry"]["number"] == "+14155550101"
    assert results[1]["error"]["code"] == "invalid_number"
    assert {e["field"] for e in results[2]["error"]["errors"]} == {"number", "numbr"}


@pytest.mark.parametrize(("numbers", "status"), [([], 422), ([{"number": NUMBER}] * 101, 422), ("x", 422)])
def test_a_batch_has_1_to_100_numbers(gateway, numbers, status):
    reply = gateway.numbers("agent", "POST", "/batch", {"numbers": numbers})
    assert (reply.status, reply.fields) == (status, ["numbers"])


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        ('{"number": "+14155550100",}', 400, "malformed_json"),
        ("{", 400, "malformed_json"),
        ('{"number": NaN}', 400, "malformed_json"),
        ('{"number": "a", "number": "b"}', 400, "malformed_json"),
        ("[" * 50_000, 400, "malformed_json"),
        ("", 422, "invalid_request"),
        ("null", 422, "invalid_request"),
        ("[]", 422, "invalid_request"),
        ('"text"', 422, "invalid_request"),
        ('{"number": "' + "4" * 1_000_000 + '"}', 413, "too_large"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_body_that_cannot_be_read_is_a_4xx(gateway, raw, status, code):
    reply = gateway.numbers("agent", "POST", raw=raw)
    assert (reply.status, reply.code) == (status, code)


def test_readings_match_what_an_add_does(gateway):
    written = ["(415) 555-0100", "+44 20 7946 0018 ext. 5", "12", "911", "1-800-FLOWERS", "x" * 300]
    reply = gateway.call("agent", "POST", "/accounts/acme/readings", {"numbers": written})
    readings = reply.body["readings"]
    assert [one["input"] for one in readings] == written
    assert [one["number"] for one in readings] == ["+14155550100", "+442079460018", None, None, None, None]
    assert readings[1]["region"] == "GB"
    assert "extension" in readings[1]["warnings"][0]
    for one in readings:
        added = gateway.numbers("agent", "POST", body={"number": one["input"]})
        assert (added.status == 201) == (one["error"] is None)
        if one["error"]:
            assert added.body["errors"][0]["message"] == one["error"]


def test_readings_take_a_region_and_at_most_a_hundred(gateway):
    request = {"numbers": ["020 7946 0018"], "region": "GB"}
    assert gateway.call("intake", "POST", "/accounts/acme/readings", request).body["readings"][0]["number"]
    many = {"numbers": ["1"] * 101}
    assert gateway.call("agent", "POST", "/accounts/acme/readings", many).status == 422
    assert gateway.call("dialer", "POST", "/accounts/acme/readings", request).status == 403
