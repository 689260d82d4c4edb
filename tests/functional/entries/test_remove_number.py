"""Removals: only with a valid reason, in one write, and always with their history."""

import itertools

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from dnc.aws import clients

NUMBER, RIGHT = "+14155550100", "+14155550101"
REMOVAL = {"reason": "test_number", "note": "ours", "if_version": 1, "acting_user": "u-2"}


def remove(gateway, role="manager", number=NUMBER, **more):
    body = {name: value for name, value in (REMOVAL | more).items() if value is not None}
    return gateway.numbers(role, "DELETE", f"/{number}", body)


def row(dynamodb, number=NUMBER):
    return dynamodb.get_item(TableName="numbers", Key={"account_id": {"S": "acme"}, "number": {"S": number}}).get(
        "Item"
    )


def test_a_removed_number_is_callable_at_once_and_shows_the_reason(gateway):
    gateway.add(NUMBER, note="asked", campaign_id="spring")
    entry = remove(gateway).body
    assert entry["status"] == "removed"
    assert entry["version"] == 2
    assert entry["note"] == "asked"
    assert entry["removal"]["reason"] == "test_number"
    assert entry["removal"]["removed_by"]["acting_user"] == "u-2"
    assert gateway.check([NUMBER])["results"][0]["callable"]


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"reason": None}, "invalid_request", "reason"),
        ({"reason": "because"}, "invalid_request", "reason"),
        ({"reason": "other"}, "removal_refused", "reason"),
        ({"reason": "existing_customer"}, "removal_refused", "reason"),
        ({"note": None}, "removal_refused", "note"),
        ({"note": "  "}, "removal_refused", "note"),
        ({"reason": "consent_given"}, "removal_refused", "evidence.reference"),
        ({"reason": "left_registry"}, "removal_refused", "reason"),
        ({"reason": "legal_order", "evidence": {"reference": "o-1"}}, "removal_refused", "reason"),
        ({"if_version": None}, "invalid_request", "if_version"),
        ({"if_version": "1"}, "invalid_request", "if_version"),
        ({"if_version": 0}, "invalid_request", "if_version"),
        ({"acting_user": None}, "invalid_request", "acting_user"),
        ({"evidence": {"receipt": "x"}}, "invalid_request", "evidence.receipt"),
        ({"evidence": {"obtained_at": "yesterday"}}, "invalid_request", "evidence.obtained_at"),
        ({"evidence": {"checked_on": "2026-13-01"}}, "invalid_request", "evidence.checked_on"),
        ({"reason": "entered_wrong_number", "correct_number": "12"}, "invalid_number", "correct_number"),
        ({"reason": "entered_wrong_number", "correct_number": "(415) 555-0100"}, "removal_refused", "correct_number"),
    ],
)
def test_an_invalid_removal_is_refused_with_the_field_and_changes_nothing(gateway, dynamodb, more, code, field):
    gateway.add(NUMBER)
    before = row(dynamodb)
    reply = remove(gateway, **more)
    assert (reply.status, reply.code) == (422, code), reply
    assert field in reply.fields
    assert row(dynamodb) == before


def test_a_removal_must_name_the_current_version(gateway):
    gateway.add(NUMBER)
    gateway.add(NUMBER)
    assert remove(gateway, if_version=1).code == "conflict"
    assert remove(gateway, if_version=3).code == "conflict"
    assert remove(gateway, if_version=2).status == 200


def test_an_identical_removal_is_idempotent_and_a_different_one_conflicts(gateway):
    gateway.add(NUMBER)
    removed = remove(gateway)
    assert (remove(gateway).status, remove(gateway).body) == (200, removed.body)
    assert remove(gateway, note="another").code == "conflict"
    assert remove(gateway, acting_user="u-3").code == "conflict"
    assert remove(gateway, if_version=2).code == "not_listed"
    assert remove(gateway, number="+14155550199").code == "not_listed"
    gateway.add(NUMBER)
    assert remove(gateway).code == "conflict"


def test_the_correct_number_is_listed_in_the_same_transaction(gateway):
    gateway.add(NUMBER, note="asked", source="manual", requested_at="2026-11-01T00:00:00Z")
    reply = remove(gateway, reason="entered_wrong_number", note=None, correct_number="(415) 555-0101")
    assert reply.body["removal"]["correct_number"] == RIGHT
    correct = gateway.numbers("manager", "GET", f"/{RIGHT}").body
    assert (correct["status"], correct["note"], correct["requested_at"]) == (
        "listed",
        "asked",
        "2026-11-01T00:00:00.000Z",
    )
    assert [r["callable"] for r in gateway.check([NUMBER, RIGHT])["results"]] == [True, False]


def test_consent_for_a_registry_number_must_name_it_in_any_written_form(gateway):
    version = gateway.add(NUMBER, source="registry", requested_at="2026-01-05T00:00:00Z")["version"]
    evidence = {"reference": "crm-1", "obtained_at": "2026-02-01T00:00:00Z", "purpose": "offers"}
    consent = {"reason": "consent_given", "note": None, "if_version": version}
    for number, code, field in (
        (None, "removal_refused", "evidence.number"),
        ("(415) 555-0101", "removal_refused", "evidence.number"),
        ("12", "invalid_number", "evidence.number"),
    ):
        refused = remove(gateway, **consent, evidence=evidence | ({"number": number} if number else {}))
        assert (refused.code, refused.fields) == (code, [field])
    removed = remove(gateway, **consent, evidence=evidence | {"number": "(415) 555-0100"})
    assert (removed.status, removed.body["removal"]["evidence"]["number"]) == (200, NUMBER)


def test_a_customer_relationship_may_exempt_a_call_but_never_removes_a_number(gateway):
    version = gateway.add(NUMBER, source="registry")["version"]
    for reason in ("existing_customer", "new_inquiry"):
        refused = remove(gateway, reason=reason, if_version=version)
        assert (refused.code, refused.fields) == ("removal_refused", ["reason"])
        assert "belongs to a call, not to the list" in refused.body["detail"]
    assert remove(gateway, reason="request_withdrawn", if_version=version).code == "removal_refused"


def test_only_an_admin_or_operator_may_act_on_a_legal_order(gateway):
    order = {"reason": "legal_order", "evidence": {"reference": "o-1"}, "note": None}
    for role in ("admin", "operator"):
        gateway.add(NUMBER, source="legal")
        version = gateway.numbers("admin", "GET", f"/{NUMBER}").body["version"]
        assert remove(gateway, if_version=version, **order).code == "removal_refused"
        assert remove(gateway, reason="consent_given", if_version=version).code == "removal_refused"
        assert remove(gateway, role, if_version=version, **order).status == 200


def test_a_restore_brings_the_request_back_without_adding_one(gateway):
    before = gateway.add(NUMBER, note="asked", source="import", expires_at="2099-01-01T00:00:00Z", request_key="k")
    removed = remove(gateway).body
    assert removed["expires_at"] is None
    path = f"/{NUMBER}/restore"
    assert gateway.numbers("manager", "POST", path, {"if_version": 1, "acting_user": "u-2"}).code == "conflict"
    body = {"if_version": 2, "acting_user": "u-2"}
    restored = gateway.numbers("manager", "POST", path, body)
    assert restored.status == 200
    changed = {"version": 3, "changed_at": restored.body["changed_at"], "warnings": []}
    assert restored.body == before | changed
    assert gateway.numbers("manager", "POST", path, body).body == restored.body
    assert gateway.numbers("manager", "POST", path, body | {"acting_user": "u-3"}).code == "conflict"
    assert gateway.numbers("manager", "POST", path, {"if_version": 3, "acting_user": "u-2"}).code == "conflict"
    missing = gateway.numbers("manager", "POST", "/14155550199/restore", body)
    assert missing.code == "not_listed"
    assert gateway.numbers("manager", "POST", path, {"if_version": 3}).fields == ["acting_user"]


class Killed(Exception):
    """The function's process was killed."""


class Faulty:
    """A client that fails at its nth call, before or after the call takes effect."""

    def __init__(self, client, fails_at, *, after, failure):
        self._client, self._fails_at, self._after, self._failure = client, fails_at, after, failure
        self.calls = 0

    def __getattr__(self, name):
        call = getattr(self._client, name)

        def wrapped(**arguments):
            self.calls += 1
            if self.calls != self._fails_at:
                return call(**arguments)
            if self._after:
                call(**arguments)
            raise self._failure

        return wrapped


def throttled():
    return ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "PutItem")


FAILURES = {
    "killed": Killed,
    "throttled": throttled,
    "timed out": lambda: ReadTimeoutError(endpoint_url="https://dynamodb"),
}


@pytest.mark.parametrize("correct", [None, RIGHT])
@pytest.mark.parametrize("failure", FAILURES)
def test_a_removal_that_fails_at_any_point_leaves_the_number_listed_or_removed_with_a_reason(
    gateway, dynamodb, monkeypatch, correct, failure
):
    outcomes = set()
    for fails_at, after in itertools.product(range(1, 8), (False, True)):
        gateway.add(NUMBER)
        version = int(row(dynamodb)["version"]["N"])
        faulty = Faulty(dynamodb, fails_at, after=after, failure=FAILURES[failure]())
        more = {"reason": "entered_wrong_number", "correct_number": correct, "if_version": version}
        with monkeypatch.context() as patched:
            patched.setattr(clients, "dynamodb", lambda faulty=faulty: faulty)
            reply = remove(gateway, **more)
        stored = row(dynamodb)
        outcomes.add((reply.status, stored["status"]["S"]))
        if stored["status"]["S"] == "removed":
            assert stored["removal"]["M"]["reason"]["S"] == "entered_wrong_number"
            assert stored["removal"]["M"]["removed_by"]["M"]["acting_user"]["S"] == "u-2"
            if correct:
                assert row(dynamodb, correct)["status"]["S"] == "listed"
            assert remove(gateway, **more).status == 200
        else:
            assert "removal" not in stored
            assert reply.status in (500, 503)
    assert (200, "removed") in outcomes
    assert {status for status, _ in outcomes} == {200, 500 if failure == "killed" else 503}


def test_every_role_may_read_the_removal_reasons(gateway):
    for role in ("intake", "dialer", "agent"):
        body = gateway.call(role, "GET", "/removal-reasons").body
        assert len(body["reasons"]) == 10
        assert {r["code"] for r in body["refused"]} >= {"existing_customer", "other"}
        assert all(r["why"] for r in body["refused"])
