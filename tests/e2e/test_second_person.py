"""A removal that needs two people, through the real gateway and functions with their own permissions."""

import json
import time

import jwt
import pytest

from dnc import times
from infra.local import stack as local
from tests.support.issuer import AUDIENCE, KEYS
from tests.support.stack import wait_for

NUMBER, RIGHT = "+14155550171", "+14155550172"


@pytest.fixture
def person(issuer, account):
    """Return a function that makes a person's token, as the identity provider does."""

    def make(name, role="manager"):
        claims = {"iss": issuer.url, "aud": AUDIENCE, "sub": name, "exp": int(time.time()) + 300}
        return jwt.encode({**claims, "role": role, "account_id": account}, KEYS["rsa"][1], "RS256", {"kid": "rsa"})

    return make


@pytest.fixture
def policy(client, account):
    body = {"approve_reasons": ["consent_given", "entered_wrong_number"], "note": "as counsel advised"}
    assert client.call("operator", "PATCH", f"/accounts/{account}", body).status_code == 200


@pytest.fixture
def call(client, account):
    def call(token, method, path, **body):
        response = client.numbers(None, method, f"/{NUMBER}{path}", body or None, account=account, token=token)
        return response.status_code, response.json()

    return call


@pytest.mark.usefixtures("policy")
def test_a_removal_waits_for_another_person_who_signs_in(client, account, key, person, call):
    client.numbers("operator", "POST", body={"number": NUMBER, "source": "sms"}, account=account)
    asker = key("manager")
    evidence = {"reference": "crm-1", "purpose": "offers", "obtained_at": times.text(times.now())}
    removal = {"reason": "consent_given", "evidence": evidence, "acting_user": "ann"}
    status, entry = call(asker, "DELETE", "", **removal, if_version=1)
    assert (status, entry["status"], entry["version"]) == (202, "listed", 2)
    assert client.check([NUMBER], account)["blocked"] == 1
    waiting = client.call(None, "GET", f"/accounts/{account}/pending-removals", token=person("bob")).json()
    assert [entry["number"] for entry in waiting["numbers"]] == [NUMBER]
    for token, name in ((asker, "bob"), (key("manager"), "bob"), (person("ann"), None)):
        named = {"acting_user": name} if name else {}
        assert call(token, "POST", "/removal/approve", if_version=2, **named)[0] == 403
    status, rejected = call(person("bob"), "POST", "/removal/reject", if_version=2)
    assert (status, rejected["status"], rejected["pending_removal"]) == (200, "listed", None)
    assert call(asker, "DELETE", "", **removal, if_version=3)[0] == 202
    assert call(asker, "POST", "/removal/withdraw", if_version=4, acting_user="ann")[0] == 200
    assert call(asker, "DELETE", "", **removal, if_version=5)[0] == 202
    status, removed = call(person("bob"), "POST", "/removal/approve", if_version=6)
    assert (status, removed["status"]) == (200, "removed")
    assert client.check([NUMBER], account)["blocked"] == 0
    events = wait_for(lambda: (found := client.history(NUMBER, account)["events"])[6:] and found)
    steps = ["requested", "rejected", "requested", "withdrawn", "requested"]
    assert [event["type"] for event in events] == ["listed", *(f"removal_{step}" for step in steps), "removed"]
    assert (events[-1]["actor"]["principal"], events[-1]["after"]["removal"]["asked_by"]["acting_user"]) == (
        "user:bob",
        "ann",
    )


@pytest.mark.usefixtures("policy")
def test_the_sweep_ends_a_lapsed_removal(client, account, key, call):
    client.numbers("operator", "POST", body={"number": NUMBER}, account=account)
    removal = {"reason": "entered_wrong_number", "correct_number": RIGHT, "acting_user": "ann", "if_version": 1}
    assert call(key("manager"), "DELETE", "", **removal)[0] == 202
    assert client.check([NUMBER, RIGHT], account)["blocked"] == 2
    dynamodb = local.client(client.stack, "dynamodb")
    dynamodb.update_item(
        TableName=client.stack["tables"]["numbers"],
        Key={"account_id": {"S": account}, "number": {"S": NUMBER}},
        UpdateExpression="SET pending_removal.lapses_at = :past",
        ExpressionAttributeValues={":past": {"S": "2026-01-01T00:00:00.000Z"}},
    )
    response = client.lambda_.invoke(FunctionName=client.stack["functions"]["sweep_accounts"], Payload=b"{}")
    swept = json.load(response["Payload"])
    assert "FunctionError" not in response, swept
    assert swept["lapsed"] >= 1
    entry = client.numbers("operator", "GET", f"/{NUMBER}", account=account).json()
    assert (entry["status"], entry["pending_removal"], entry["version"]) == ("listed", None, 3)
    key_of_record = {"account_id": {"S": account}, "record": {"S": f"pending#{NUMBER}"}}
    assert "Item" not in dynamodb.get_item(TableName=client.stack["tables"]["accounts"], Key=key_of_record)
