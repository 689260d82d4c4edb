"""Removals that a second person must approve: one person alone cannot remove the number."""

import json
from datetime import timedelta

import boto3
import pytest

from dnc import times
from dnc.aws import clients
from dnc.entries.removal_store import Removals
from dnc.problems import NotListed, Unavailable
from tests.support.issuer import AUDIENCE, issuing
from tests.support.lambda_context import Context

NUMBER, RIGHT = "+14155550100", "+14155550101"
CONSENT = {"reason": "consent_given", "note": "signed at the fair"}
POLICY = ["consent_given", "marked_by_mistake", "entered_wrong_number", "legal_order"]


@pytest.fixture
def policy(gateway):
    body = {"approve_reasons": POLICY, "note": "as counsel advised"}
    assert gateway.call("admin", "PATCH", "/accounts/acme", body).status == 200
    return gateway


@pytest.fixture
def ann(policy):
    return Person(policy, "ann")


@pytest.fixture
def bob(policy):
    return Person(policy, "bob")


class Person:
    """A person who acts under a name, with their own key or someone else's."""

    def __init__(self, gateway, name, token=None, role="manager"):
        self.gateway, self.name = gateway, name
        self.token = token or make_key(gateway, "operator", role)

    def call(self, method, path, **body):
        return self.gateway.numbers(None, method, f"/{NUMBER}{path}", self.named(body), token=self.token)

    def named(self, body):
        return body | ({"acting_user": self.name} if self.name else {})

    def version(self):
        return self.gateway.numbers("admin", "GET", f"/{NUMBER}").body["version"]

    def ask(self, **removal):
        evidence = {"reference": "crm-1", "purpose": "offers", "obtained_at": times.text(times.now())}
        request = {"if_version": self.version(), **CONSENT, "evidence": evidence} | removal
        return self.call("DELETE", "", **{name: value for name, value in request.items() if value is not None})

    def decide(self, verb, **more):
        return self.call("POST", f"/removal/{verb}", **({"if_version": self.version()} | more))


def make_key(gateway, by, role, token=None):
    made = gateway.call(by, "POST", "/accounts/acme/keys", {"role": role, "name": "k"}, token=token)
    assert made.status == 201, made
    return made.body["token"]


def is_listed(gateway):
    return not gateway.check([NUMBER])["results"][0]["callable"]


def waiting(gateway, role="manager"):
    return [entry["number"] for entry in gateway.call(role, "GET", "/accounts/acme/pending-removals").body["numbers"]]


def test_a_removal_waits_until_another_person_approves_it(policy, ann, bob):
    policy.add(NUMBER, source="sms", requested_at="2026-01-05T00:00:00Z")
    response = ann.ask()
    assert (response.status, response.body["status"]) == (202, "listed")
    pending = response.body["pending_removal"]
    assert (pending["reason"], pending["note"], pending["asked_by"]["acting_user"]) == (*CONSENT.values(), "ann")
    assert times.parse(pending["lapses_at"]) - times.parse(pending["asked_at"]) == timedelta(days=7)
    assert is_listed(policy)
    for role in ("manager", "auditor", "admin", "operator"):
        assert waiting(policy, role) == [NUMBER]
    assert policy.call("agent", "GET", "/accounts/acme/pending-removals").status == 403
    shown = policy.numbers("agent", "GET", f"/{NUMBER}").body["pending_removal"]
    assert shown.keys().isdisjoint({"note", "evidence"})
    approved = bob.decide("approve")
    assert (approved.status, approved.body["status"]) == (200, "removed")
    removal = approved.body["removal"]
    assert (removal["asked_by"]["acting_user"], removal["removed_by"]["acting_user"]) == ("ann", "bob")
    assert (removal["evidence"]["reference"], approved.body["pending_removal"]) == ("crm-1", None)
    assert (is_listed(policy), waiting(policy)) == (False, [])


def test_a_repeated_request_is_202_again_and_a_repeated_decision_200(policy, ann, bob):
    policy.add(NUMBER)
    evidence = {"reference": "crm-1", "purpose": "offers", "obtained_at": times.text(times.now())}
    response = ann.ask(evidence=evidence)
    for version in (1, 2):
        again = ann.ask(evidence=evidence, if_version=version)
        assert (again.status, again.body) == (202, response.body)
    assert bob.ask().code == "conflict"
    assert bob.decide("approve", if_version=1).code == "conflict"
    approved = bob.decide("approve", if_version=2)
    assert bob.decide("approve", if_version=2).body == approved.body
    assert ann.decide("reject").code == "not_listed"


def test_an_account_without_a_policy_removes_as_before(gateway):
    gateway.add(NUMBER)
    evidence = {"reference": "crm-1", "purpose": "offers", "obtained_at": times.text(times.now())}
    body = {**CONSENT, "evidence": evidence, "if_version": 1, "acting_user": "ann"}
    assert gateway.numbers("manager", "DELETE", f"/{NUMBER}", body).status == 200
    assert waiting(gateway) == []


def test_a_policy_holds_at_once(gateway):
    gateway.add(NUMBER)
    removal = {"reason": "test_number", "note": "our own phone", "acting_user": "ann"}
    removed = gateway.numbers("manager", "DELETE", f"/{NUMBER}", {**removal, "if_version": 1})
    restored = gateway.numbers("manager", "POST", f"/{NUMBER}/restore", {"if_version": 2, "acting_user": "ann"})
    assert (removed.status, restored.status) == (200, 200), "the function knows the account by now"
    policy = {"approve_reasons": ["test_number"], "note": "as counsel advised"}
    assert gateway.call("admin", "PATCH", "/accounts/acme", policy).status == 200
    again = gateway.numbers("manager", "DELETE", f"/{NUMBER}", {**removal, "if_version": 3})
    assert (again.status, again.body["status"]) == (202, "listed")


def test_two_people_with_one_key_cannot_remove_a_number_alone(policy, ann):
    policy.add(NUMBER)
    assert ann.ask().status == 202
    other_name = Person(policy, "bob", ann.token)
    refused = other_name.decide("approve")
    assert (refused.status, refused.code) == (403, "forbidden")
    assert "credential" in refused.body["detail"]
    assert is_listed(policy)


def test_one_person_with_two_keys_cannot_remove_a_number_alone(policy, ann):
    policy.add(NUMBER)
    assert ann.ask().status == 202
    for name in ("ann", "Ann", " ann "):
        assert Person(policy, name).decide("approve").status == 403
    assert Person(policy, "").decide("approve").fields == ["acting_user"]
    assert is_listed(policy)


def test_an_admin_cannot_remove_a_number_alone_with_keys_that_they_made(policy):
    policy.add(NUMBER)
    admin = Person(policy, "ann", role="admin")
    child = make_key(policy, None, "admin", token=admin.token)
    grandchild = make_key(policy, None, "manager", token=child)
    assert admin.ask().status == 202
    for token in (child, grandchild):
        refused = Person(policy, "bob", token).decide("approve")
        assert (refused.status, refused.code) == (403, "forbidden")
    assert admin.decide("withdraw").status == 200
    assert Person(policy, "bob", grandchild).ask().status == 202
    for token in (child, admin.token):
        assert Person(policy, "cy", token).decide("approve").status == 403
    assert is_listed(policy)
    assert Person(policy, "cy").decide("approve").status == 200


def test_a_key_without_a_record_approves_nothing(policy, ann, bob, dynamodb):
    policy.add(NUMBER)
    response = ann.ask()
    key = response.body["pending_removal"]["asked_by"]["principal"].replace("key:", "key#")
    dynamodb.delete_item(TableName="accounts", Key={"account_id": {"S": "acme"}, "record": {"S": key}})
    assert bob.decide("approve").status == 403
    assert bob.decide("reject").status == 200


def test_a_rejection_and_a_withdrawal_leave_the_number_listed(policy, ann, bob):
    policy.add(NUMBER)
    ann.ask()
    rejected = bob.decide("reject")
    assert (rejected.status, rejected.body["status"], rejected.body["pending_removal"]) == (200, "listed", None)
    assert bob.decide("approve").code == "conflict"
    ann.ask()
    refused = bob.decide("withdraw")
    assert (refused.status, refused.code) == (403, "forbidden")
    assert ann.decide("withdraw").body["version"] == 5
    ann.ask()
    assert (
        policy.numbers("admin", "POST", f"/{NUMBER}/removal/withdraw", {"if_version": 6, "acting_user": "x"}).status
        == 200
    )
    assert is_listed(policy)
    assert waiting(policy) == []


def test_a_repeated_decision_is_of_the_version_that_was_seen_and_of_the_same_person(policy, ann, bob):
    policy.add(NUMBER)
    ann.ask()
    rejected = bob.decide("reject", if_version=2)
    assert bob.decide("reject", if_version=2).body == rejected.body
    assert bob.decide("reject", if_version=1).code == "conflict"
    assert ann.decide("reject", if_version=2).code == "conflict"


def test_a_record_that_was_written_again_is_not_swept_away(policy, ann, modules, dynamodb):
    policy.add(NUMBER)
    ann.ask()
    key = {"account_id": {"S": "acme"}, "record": {"S": f"pending#{NUMBER}"}}
    as_it_was_read = {**key, "version": {"N": "1"}}
    removals = Removals(clients.dynamodb(), "numbers", "acme", "accounts")
    removals._forget(as_it_was_read)
    assert waiting(policy) == [NUMBER]
    removals._forget({**key, "version": {"N": "2"}})
    assert "Item" not in dynamodb.get_item(TableName="accounts", Key=key)


def test_any_other_change_drops_the_waiting_removal(policy, ann, bob):
    policy.add(NUMBER)
    ann.ask()
    policy.add(NUMBER, source="web")
    assert policy.numbers("manager", "GET", f"/{NUMBER}").body["pending_removal"] is None
    for version in (2, 3):
        assert bob.decide("approve", if_version=version).code == "conflict"
    assert (is_listed(policy), waiting(policy)) == (True, [])


def test_correcting_your_own_mistake_within_a_day_does_not_wait(policy, ann, bob):
    mistake = {"reason": "marked_by_mistake", "evidence": None}
    policy.numbers(None, "POST", body={"number": NUMBER, "acting_user": "ann"}, token=ann.token)
    assert bob.ask(**mistake).status == 202
    assert bob.decide("withdraw").status == 200
    assert ann.ask(**mistake).status == 200
    policy.add(NUMBER, acting_user="bob")
    assert ann.ask(**mistake).status == 202


def test_the_correct_number_is_listed_at_once(policy, ann, bob):
    policy.add(NUMBER)
    response = ann.ask(reason="entered_wrong_number", evidence=None, correct_number="(415) 555-0101")
    assert response.status == 202
    assert [r["callable"] for r in policy.check([NUMBER, RIGHT])["results"]] == [False, False]
    assert bob.decide("approve").body["removal"]["correct_number"] == RIGHT
    assert [r["callable"] for r in policy.check([NUMBER, RIGHT])["results"]] == [True, False]


def test_deciding_needs_the_role_that_the_removal_needs(policy, bob):
    policy.add(NUMBER, source="legal")
    order = {"reason": "legal_order", "note": None, "evidence": {"reference": "o-1"}}
    admin, other = (Person(policy, name, role="admin") for name in ("ann", "cy"))
    assert bob.ask(**order).code == "removal_refused"
    assert admin.ask(**order).status == 202
    for verb in ("approve", "reject"):
        assert bob.decide(verb).status == 403
    assert other.decide("approve").body["status"] == "removed"


def test_an_invalid_removal_is_refused_and_does_not_wait(policy, ann):
    policy.add(NUMBER)
    refused = ann.ask(evidence=None)
    assert (refused.status, refused.code) == (422, "removal_refused")
    assert waiting(policy) == []


def test_each_step_is_an_event_with_its_reason_and_a_change_event(policy, ann, bob, stream):
    policy.add(NUMBER)
    stream.deliver()
    queue = subscribed()
    for act in (ann.ask, lambda: bob.decide("reject"), ann.ask, lambda: ann.decide("withdraw"), ann.ask):
        assert act().status in (200, 202)
        assert stream.deliver() == []
    assert bob.decide("approve").status == 200
    assert stream.deliver() == []
    history = policy.numbers("manager", "GET", f"/{NUMBER}/history").body
    events = history["events"][1:]
    steps = ["requested", "rejected", "requested", "withdrawn", "requested"]
    assert [event["type"] for event in events] == [*(f"removal_{step}" for step in steps), "removed"]
    assert {event["reason"] for event in events} == {"consent_given"}
    assert [event["actor"]["acting_user"] for event in events] == ["ann", "bob", "ann", "ann", "ann", "bob"]
    assert events[0]["evidence"]["reference"] == "crm-1"
    assert events[1]["before"]["pending_removal"]["note"] == "signed at the fair"
    assert events[-1]["after"]["removal"]["asked_by"]["acting_user"] == "ann"
    assert (history["chain"]["intact"], history["chain"]["complete"]) == (True, True)
    assert queue() == ["RemovalRequested"] * 3 + ["NumberRemoved"]


def test_the_sweep_ends_lapsed_removals_in_every_account(policy, ann, modules, stream, monkeypatch):
    policy.add(NUMBER)
    ann.ask()
    stream.deliver()
    handler = modules["sweep_accounts.handler"].lambda_handler

    def sweep():
        swept = handler({}, Context())
        assert (swept["accounts"], swept["done"], swept["failures"]) == (2, True, 0)
        return swept["lapsed"]

    assert sweep() == 0
    later = times.now() + timedelta(days=7)
    monkeypatch.setattr(times, "now", lambda: later)
    assert policy.numbers("manager", "GET", f"/{NUMBER}").body["pending_removal"] is None
    assert waiting(policy) == []
    assert [sweep(), sweep()] == [1, 0]
    assert stream.deliver() == []
    event = policy.numbers("manager", "GET", f"/{NUMBER}/history").body["events"][-1]
    assert (event["type"], event["actor"]["principal"]) == ("removal_lapsed", "service:sweep")
    assert is_listed(policy)


def test_a_record_of_another_version_is_ignored_and_swept_away(policy, ann, modules, dynamodb):
    policy.add(NUMBER)
    ann.ask()
    dynamodb.update_item(
        TableName="accounts",
        Key={"account_id": {"S": "acme"}, "record": {"S": f"pending#{NUMBER}"}},
        UpdateExpression="SET version = :old",
        ExpressionAttributeValues={":old": {"N": "1"}},
    )
    assert waiting(policy) == []
    assert modules["sweep_accounts.handler"].lambda_handler({}, Context())["failures"] == 0
    records = [row["record"]["S"] for row in dynamodb.scan(TableName="accounts")["Items"]]
    assert f"pending#{NUMBER}" not in records
    assert is_listed(policy)


def test_an_account_that_cannot_be_swept_does_not_stop_the_others(policy, ann, modules, monkeypatch):
    policy.add(NUMBER)
    ann.ask()
    module = modules["sweep_accounts.handler"]
    later = times.now() + timedelta(days=8)
    monkeypatch.setattr(times, "now", lambda: later)
    swept = []

    class Failing(module.Removals):
        def lapse(self, write):
            swept.append(self._account_id)
            raise Unavailable if self._account_id == "acme" else NotListed

    with monkeypatch.context() as patched:
        patched.setattr(module, "Removals", Failing)
        assert module.lambda_handler({}, Context())["failures"] == 2
    assert sorted(swept) == ["acme", "globex"]
    assert module.lambda_handler({}, Context())["lapsed"] == 1


def subscribed():
    """Return a function that reads the names of the change events since now."""
    sqs, events = boto3.client("sqs"), boto3.client("events")
    url = sqs.create_queue(QueueName="changes")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventBusName="changes", EventPattern=json.dumps({"source": ["nocall"]}))
    events.put_targets(Rule="all", EventBusName="changes", Targets=[{"Id": "q", "Arn": arn}])

    def read():
        names = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                names.append(json.loads(message["Body"])["detail-type"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return sorted(names, reverse=True)

    return read


@pytest.fixture(scope="module")
def issuer():
    with issuing() as server:
        yield server


@pytest.fixture
def configured(issuer, monkeypatch):
    monkeypatch.setenv("OIDC_ISSUER", issuer.url)
    monkeypatch.setenv("OIDC_AUDIENCE", AUDIENCE)


@pytest.fixture
def signed_in(configured, issuer, policy):
    """Return a function that creates a person with their own token. Use it before fixtures that create keys."""
    policy.add(NUMBER)
    return lambda name, acting_user=None: Person(policy, acting_user, issuer.token(sub=name))


def test_with_an_identity_provider_only_a_person_approves(signed_in, ann, bob):
    assert ann.ask().status == 202
    refused = bob.decide("approve")
    assert (refused.status, refused.code) == (403, "forbidden")
    assert signed_in("bob").decide("approve").status == 200


def test_a_person_cannot_approve_their_own_request_under_another_name(signed_in):
    assert signed_in("ann", "somebody").ask().status == 202
    for acting_user in (None, "bob"):
        assert signed_in("ann", acting_user).decide("approve").status == 403
    assert signed_in("bob").decide("approve").status == 200


def test_a_person_cannot_approve_a_request_that_a_key_made_in_their_name(signed_in, ann):
    assert ann.ask().status == 202
    for acting_user in (None, "bob"):
        assert signed_in("ann", acting_user).decide("approve").status == 403
    assert signed_in("bob").decide("approve").status == 200


def test_a_person_cannot_approve_a_request_made_with_a_key_that_they_created(signed_in, policy, issuer):
    admin = issuer.token(sub="ann", role="admin")
    made = Person(policy, "bob", make_key(policy, None, "manager", token=admin))
    assert made.ask().status == 202
    assert Person(policy, None, admin).decide("approve").status == 403
