"""Numbers with several readings or forms: listed, checked, read and removed through the handlers."""

import pytest

AMBIGUOUS = "4915123456789"
FIRST, SECOND = "+4915123456789", "+494915123456789"
OLDER, CURRENT = "+552188765432", "+5521988765432"


def statuses(gateway, *written, **more):
    return [result["status"] for result in gateway.check(list(written), **more)["results"]]


def remove(gateway, number, version, **more):
    body = {"reason": "entered_wrong_number", "note": "typo", "if_version": version, "acting_user": "u-1", **more}
    return gateway.numbers("manager", "DELETE", f"/{number}", body)


def test_an_ambiguous_number_is_listed_under_each_reading(gateway):
    reply = gateway.numbers("agent", "POST", body={"number": AMBIGUOUS, "region": "DE", "source": "sms"})
    assert (reply.status, reply.body["number"], reply.body["also_listed"]) == (201, FIRST, [SECOND])
    assert SECOND in reply.body["warnings"][0]
    other = gateway.numbers("manager", "GET", f"/{SECOND}").body
    assert (other["status"], other["reading_of"], other["source"]) == ("listed", FIRST, "sms")
    assert statuses(gateway, FIRST, SECOND, AMBIGUOUS, region="DE") == ["listed"] * 3
    assert gateway.numbers("agent", "POST", body={"number": AMBIGUOUS, "region": "DE"}).status == 200


def test_an_add_is_201_if_any_reading_is_new(gateway):
    gateway.add(FIRST)
    reply = gateway.numbers("manager", "POST", body={"number": AMBIGUOUS, "region": "DE"})
    assert (reply.status, reply.body["number"]) == (201, FIRST)
    assert statuses(gateway, SECOND) == ["listed"]


def test_a_batch_lists_each_reading(gateway):
    adds = [{"number": AMBIGUOUS, "region": "DE"}, {"number": "+14155550100"}, {"number": "4155550100; 2125550101"}]
    results = gateway.numbers("manager", "POST", "/batch", {"numbers": adds}).body["results"]
    assert [result["status"] for result in results] == [201, 201, 422]
    assert results[0]["entry"]["also_listed"] == [SECOND]
    assert "also_listed" not in results[1]["entry"]
    assert "more than one number" in results[2]["error"]["errors"][0]["message"]


def test_an_intake_credential_sees_no_readings(gateway):
    reply = gateway.numbers("intake", "POST", body={"number": AMBIGUOUS, "region": "DE"})
    assert (reply.status, reply.body) == (202, {"accepted": True})
    assert statuses(gateway, FIRST, SECOND) == ["listed"] * 2


def test_a_number_with_its_own_request_is_no_longer_a_reading(gateway):
    gateway.add(AMBIGUOUS, region="DE")
    gateway.add(SECOND, source="sms")
    assert "reading_of" not in gateway.numbers("manager", "GET", f"/{SECOND}").body
    assert remove(gateway, SECOND, 2).code == "removal_refused"


def test_a_number_listed_only_as_a_reading_can_be_removed(gateway):
    gateway.add(AMBIGUOUS, region="DE", source="sms")
    assert remove(gateway, FIRST, 1).code == "removal_refused", "a person's own request cannot be a wrong number"
    reply = remove(gateway, SECOND, 1)
    assert (reply.status, reply.body["status"], reply.body["still_blocked_by"]) == (200, "removed", [FIRST])
    assert statuses(gateway, FIRST, SECOND, AMBIGUOUS, region="DE") == ["listed", "clear", "listed"]


def test_a_removal_names_the_readings_that_still_block(gateway):
    gateway.add(AMBIGUOUS, region="DE")
    assert remove(gateway, FIRST, 1).body["still_blocked_by"] == [SECOND]
    assert "still_blocked_by" not in remove(gateway, SECOND, 1).body
    assert statuses(gateway, AMBIGUOUS, region="DE") == ["clear"]


def test_an_older_form_is_listed_as_the_current_one(gateway):
    entry = gateway.add(OLDER)
    assert (entry["number"], entry["warnings"]) == (
        CURRENT,
        [f"{OLDER} is an older form of {CURRENT}, which was listed instead"],
    )
    assert statuses(gateway, OLDER, CURRENT, "+55 21 8876-5432") == ["listed"] * 3


def test_a_path_with_an_older_form_finds_the_current_entry(gateway):
    gateway.add(CURRENT)
    for form in (OLDER, OLDER[1:], CURRENT):
        assert gateway.numbers("manager", "GET", f"/{form}").body["number"] == CURRENT
        assert gateway.numbers("auditor", "GET", f"/{form}/history").status == 200
    removed = remove(gateway, OLDER, 1)
    assert (removed.body["number"], removed.body["status"]) == (CURRENT, "removed")
    restored = gateway.numbers("manager", "POST", f"/{OLDER}/restore", {"if_version": 2, "acting_user": "u-1"})
    assert restored.body["number"] == CURRENT


def list_before_renumbering(dynamodb):
    row = {"account_id": "acme", "number": OLDER, "status": "listed", "source": "manual"}
    item = {name: {"S": value} for name, value in row.items()} | {"version": {"N": "1"}, "sources": {"SS": ["manual"]}}
    dynamodb.put_item(TableName="numbers", Item=item)


def test_a_row_from_before_the_renumbering_still_blocks(gateway, dynamodb):
    list_before_renumbering(dynamodb)
    result = gateway.check([CURRENT])["results"][0]
    assert (result["status"], result["number"], result["readings"]) == ("listed", OLDER, [CURRENT, OLDER])
    assert gateway.numbers("manager", "GET", f"/{OLDER}").body["number"] == OLDER
    gateway.add(CURRENT)
    assert remove(gateway, CURRENT, 1).body["still_blocked_by"] == [OLDER]
    assert remove(gateway, OLDER, 1).status == 200
    assert statuses(gateway, OLDER, CURRENT) == ["clear"] * 2


@pytest.mark.parametrize("correct", [FIRST, "0151 23456789", "4915123456789"])
def test_the_correct_number_must_not_be_a_reading_of_the_removed_one(gateway, correct):
    gateway.add(FIRST)
    reply = remove(gateway, FIRST, 1, correct_number=correct, region="DE")
    assert (reply.code, reply.fields) == ("removal_refused", ["correct_number"])
    assert statuses(gateway, FIRST) == ["listed"]


def test_the_correct_number_must_not_be_another_form_of_the_removed_one(gateway, dynamodb):
    list_before_renumbering(dynamodb)
    assert remove(gateway, OLDER, 1, correct_number=CURRENT).fields == ["correct_number"]


def test_every_reading_of_the_correct_number_is_listed(gateway):
    gateway.add("+14155550100", note="typed from a letter")
    reply = remove(gateway, "+14155550100", 1, correct_number=AMBIGUOUS, region="DE")
    assert (reply.body["removal"]["correct_number"], reply.body["removal"]["other_readings"]) == (FIRST, [SECOND])
    assert statuses(gateway, "+14155550100", FIRST, SECOND) == ["clear", "listed", "listed"]
    assert gateway.numbers("manager", "GET", f"/{SECOND}").body["reading_of"] == FIRST


@pytest.mark.parametrize(
    ("method", "end", "body"),
    [
        ("GET", "", ...),
        ("GET", "/history", ...),
        ("DELETE", "", {"reason": "test_number", "note": "x", "if_version": 1, "acting_user": "u-1"}),
        ("POST", "/restore", {"if_version": 1, "acting_user": "u-1"}),
    ],
)
def test_a_404_explains_how_the_digits_were_read_and_what_to_write_instead(gateway, method, end, body):
    gateway.add("+14155550190")
    reply = gateway.numbers("manager", method, f"/4155550190{end}", body)
    assert (reply.status, reply.code) == (404, "not_listed")
    assert "read as +4155550190, a number of CH" in reply.body["detail"]
    assert "write +14155550190" in reply.body["detail"]
    with_plus = gateway.numbers("manager", method, f"/%2B4155550190{end}", body)
    assert "write" not in with_plus.body["detail"]


def test_readings_are_returned_without_storing_anything(gateway):
    body = {"numbers": [AMBIGUOUS, "+55 21 8876-5432", "anonymous"], "region": "DE"}
    ambiguous, older, withheld = gateway.call("agent", "POST", "/accounts/acme/readings", body).body["readings"]
    assert (ambiguous["number"], [one["number"] for one in ambiguous["readings"]]) == (FIRST, [FIRST, SECOND])
    assert (older["number"], older["region"]) == (CURRENT, "BR")
    assert (withheld["number"], withheld["readings"]) == (None, [])
    assert "withheld" in withheld["error"]
    assert statuses(gateway, FIRST) == ["clear"]


def test_a_check_names_the_reading_that_decided(gateway):
    gateway.add(SECOND)
    listed = gateway.check([AMBIGUOUS], region="DE")["results"][0]
    assert (listed["number"], listed["status"], listed["readings"]) == (SECOND, "listed", [FIRST, SECOND])
    clear = gateway.check(["+39 (0)312 1234567"])["results"][0]
    assert (clear["number"], clear["callable"], len(clear["readings"])) == ("+393121234567", True, 2)
    assert "readings" not in gateway.check(["+14155550100"])["results"][0]
    two = gateway.check(["4155550142; 2125550143"])["results"][0]
    assert (two["status"], two["number"], two["callable"]) == ("invalid", None, False)


@pytest.mark.parametrize("body", [{"numbers": ["4155550100"], "region": "US"}, {"numbers": ["4155550100"]}])
def test_nothing_is_read_for_an_account_that_does_not_exist(gateway, body):
    assert gateway.call("operator", "POST", "/accounts/acme/readings", body).status == 200
    assert gateway.call("operator", "POST", "/accounts/nobody/readings", body).code == "not_found"
