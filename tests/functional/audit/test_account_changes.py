"""Changes to accounts and keys are events in the account's own chain."""

from dnc import times

ACCOUNT = {"account_id": {"S": "acme"}, "record": {"S": "profile"}}


def account_events(gateway, role="admin"):
    events = gateway.call(role, "GET", "/accounts/acme/audit").body["events"]
    return list(reversed(events))


def rows(dynamodb):
    items = dynamodb.scan(TableName="accounts")["Items"]
    return {(item["account_id"]["S"], item["record"]["S"]): item for item in items}


class AccountStream:
    """The accounts table's stream, computed from its rows before and after."""

    def __init__(self, dynamodb, handler):
        self._dynamodb, self._handler, self._sequence = dynamodb, handler, 10**20
        self._rows = {}

    def deliver(self):
        now = rows(self._dynamodb)
        records = []
        for key in sorted(self._rows.keys() | now.keys()):
            before, after = self._rows.get(key), now.get(key)
            if before != after:
                self._sequence += 1
                change = {
                    "Keys": {"account_id": {"S": key[0]}, "record": {"S": key[1]}},
                    "ApproximateCreationDateTime": times.now().timestamp(),
                    "SequenceNumber": str(self._sequence),
                }
                change |= {"OldImage": before} if before else {}
                change |= {"NewImage": after} if after else {}
                records.append({"dynamodb": change})
        self._rows = now
        return self._handler.lambda_handler({"Records": records}, None)["batchItemFailures"]


def test_changes_to_an_account_and_its_keys_are_recorded_with_the_actor(gateway, dynamodb, modules):
    stream = AccountStream(dynamodb, modules["audit_changes.handler"])
    assert stream.deliver() == []
    created = account_events(gateway)
    assert {event["type"] for event in created} == {"account_created", "key_made"}
    key = gateway.call("admin", "POST", "/accounts/acme/keys", {"role": "agent", "name": "desk"}).body
    assert stream.deliver() == []
    gateway.call("operator", "PUT", "/accounts/acme", {"name": "Acme Inc."})
    assert stream.deliver() == []
    gateway.call("admin", "DELETE", f"/accounts/acme/keys/{key['key_id']}")
    assert stream.deliver() == []
    gateway.call("operator", "PUT", "/accounts/acme", {"suspended": True})
    assert stream.deliver() == []
    gateway.call("operator", "PUT", "/accounts/acme", {"suspended": False})
    assert stream.deliver() == []
    made, changed, revoked, suspended, resumed = account_events(gateway)[len(created) :]
    types = [event["type"] for event in (made, changed, revoked, suspended, resumed)]
    assert types == ["key_made", "account_changed", "key_revoked", "account_suspended", "account_resumed"]
    assert {"key_id", "name", "role", "expires_at"} <= made["after"].keys()
    assert (made["after"]["key_id"], made["number"]) == (key["key_id"], None)
    assert made["actor"]["principal"].startswith("key:")
    assert (changed["before"]["name"], changed["after"]["name"]) == ("Acme Solar", "Acme Inc.")
    assert suspended["actor"]["principal"] != made["actor"]["principal"]
    assert revoked["before"]["revoked_at"] is None


def test_two_changes_within_one_millisecond_are_both_the_services_own(gateway, dynamodb, modules, monkeypatch):
    stream = AccountStream(dynamodb, modules["audit_changes.handler"])
    stream.deliver()
    now = times.now()
    monkeypatch.setattr("dnc.times.now", lambda: now)
    for change in ({"name": "Acme Inc."}, {"default_region": "GB"}):
        assert gateway.call("operator", "PUT", "/accounts/acme", change).status == 200
        assert stream.deliver() == []
    monkeypatch.undo()
    assert [event["type"] for event in account_events(gateway)[-2:]] == ["account_changed"] * 2


def test_a_change_to_the_policy_is_recorded_with_its_note_and_the_actor(gateway, dynamodb, modules):
    stream = AccountStream(dynamodb, modules["audit_changes.handler"])
    stream.deliver()
    body = {"approve_reasons": ["consent_given"], "note": "as counsel advised", "acting_user": "u-9"}
    assert gateway.call("admin", "PATCH", "/accounts/acme", body).status == 200
    assert stream.deliver() == []
    changed = account_events(gateway)[-1]
    assert (changed["type"], changed["actor"]["acting_user"]) == ("account_changed", "u-9")
    assert "approve_reasons" not in changed["before"]
    assert (changed["after"]["approve_reasons"], changed["after"]["note"]) == (["consent_given"], "as counsel advised")
    gateway.call("operator", "PUT", "/accounts/acme", {"name": "Acme Inc."})
    assert stream.deliver() == []
    assert "note" not in account_events(gateway)[-1]["after"], "a note belongs to the change that it explains"


def test_a_keys_hash_is_in_no_event_but_its_manual_change_is_detected(gateway, dynamodb, modules):
    stream = AccountStream(dynamodb, modules["audit_changes.handler"])
    stream.deliver()
    before = len(account_events(gateway))
    # Not the key that this test itself uses.
    row = next(
        r for (account, _), r in rows(dynamodb).items() if account == "acme" and r.get("role") == {"S": "dialer"}
    )
    dynamodb.put_item(TableName="accounts", Item=row | {"hashed": {"S": "f" * 64}})
    assert stream.deliver() == []
    dynamodb.put_item(TableName="accounts", Item=row | {"hashed": {"S": "f" * 64}, "role": {"S": "admin"}})
    stream.deliver()
    dynamodb.delete_item(TableName="accounts", Key={"account_id": row["account_id"], "record": row["record"]})
    stream.deliver()
    events = account_events(gateway)[before:]
    kinds = [event["type"] for event in events]
    assert kinds[0] == kinds[1] == "altered_out_of_band"
    assert kinds[-1] == "deleted_out_of_band"
    stored = str(dynamodb.scan(TableName="audit")["Items"])
    assert row["hashed"]["S"] not in stored
    assert "f" * 64 not in stored


def test_a_manually_changed_profile_is_detected(gateway, dynamodb, modules):
    stream = AccountStream(dynamodb, modules["audit_changes.handler"])
    stream.deliver()
    row = dynamodb.get_item(TableName="accounts", Key=ACCOUNT)["Item"]
    dynamodb.put_item(TableName="accounts", Item=row | {"suspended": {"BOOL": True}})
    assert stream.deliver() == []
    assert account_events(gateway, "operator")[-1]["type"] == "altered_out_of_band"


def test_job_and_directory_rows_cause_no_events(gateway, dynamodb, modules):
    stream = AccountStream(dynamodb, modules["audit_changes.handler"])
    stream.deliver()
    before = len(account_events(gateway))
    dynamodb.put_item(TableName="accounts", Item={"account_id": {"S": "acme"}, "record": {"S": "import#1"}})
    assert stream.deliver() == []
    assert len(account_events(gateway)) == before
