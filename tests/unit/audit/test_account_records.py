"""Records of the accounts table's stream: which change each one is, and who can have made it."""

from datetime import UTC, datetime

import pytest

from dnc.audit.account_changes import read_account_record
from dnc.audit.changes import EventType

AT = "2026-11-24T12:00:00.000Z"
LATER = "2026-11-24T13:00:00.000Z"
BY = {"M": {"principal": {"S": "key:o"}, "acting_user": {"NULL": True}}}
PROFILE = {
    "account_id": {"S": "acme"},
    "record": {"S": "profile"},
    "name": {"S": "Acme"},
    "suspended": {"BOOL": False},
    "created_at": {"S": AT},
    "changed_at": {"S": AT},
    "changed_by": BY,
}
KEY = {
    "account_id": {"S": "acme"},
    "record": {"S": "key#abc"},
    "role": {"S": "dialer"},
    "hashed": {"S": "0" * 64},
    "created_at": {"S": AT},
    "created_by": {"S": "key:o"},
    "expires_at": {"NULL": True},
    "revoked_at": {"NULL": True},
}
REVOKED = KEY | {"revoked_at": {"S": LATER}, "revoked_by": {"S": "key:o"}}


def change(old, new):
    row = new or old
    record = {"Keys": {name: row[name] for name in ("account_id", "record")}, "SequenceNumber": "1"}
    record["ApproximateCreationDateTime"] = datetime(2026, 11, 24, 13, tzinfo=UTC).timestamp()
    record |= {"OldImage": old} if old else {}
    record |= {"NewImage": new} if new else {}
    return read_account_record({"dynamodb": record})


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (None, PROFILE, EventType.ACCOUNT_CREATED),
        (PROFILE, PROFILE | {"name": {"S": "x"}, "changed_at": {"S": LATER}}, EventType.ACCOUNT_CHANGED),
        (PROFILE, PROFILE | {"suspended": {"BOOL": True}, "changed_at": {"S": LATER}}, EventType.ACCOUNT_SUSPENDED),
        (PROFILE | {"suspended": {"BOOL": True}}, PROFILE | {"changed_at": {"S": LATER}}, EventType.ACCOUNT_RESUMED),
        (PROFILE, PROFILE | {"suspended": {"BOOL": True}}, EventType.ALTERED_OUT_OF_BAND),
        (PROFILE, PROFILE | {"name": {"S": "x"}, "changed_at": {"S": "now"}}, EventType.ALTERED_OUT_OF_BAND),
        (PROFILE, PROFILE | {"name": {"S": "x"}, "changed_at": {"N": "5"}}, EventType.ALTERED_OUT_OF_BAND),
        (PROFILE, None, EventType.DELETED_OUT_OF_BAND),
        (None, KEY, EventType.KEY_MADE),
        (KEY, REVOKED, EventType.KEY_REVOKED),
        (None, REVOKED, EventType.ALTERED_OUT_OF_BAND),
        (None, KEY | {"created_at": {"S": "now"}}, EventType.ALTERED_OUT_OF_BAND),
        (KEY, REVOKED | {"role": {"S": "admin"}}, EventType.ALTERED_OUT_OF_BAND),
        (KEY, KEY | {"role": {"S": "admin"}}, EventType.ALTERED_OUT_OF_BAND),
        (KEY, KEY | {"hashed": {"S": "1" * 64}}, EventType.ALTERED_OUT_OF_BAND),
        (REVOKED, KEY, EventType.ALTERED_OUT_OF_BAND),
        (REVOKED, REVOKED | {"revoked_at": {"S": AT}}, EventType.ALTERED_OUT_OF_BAND),
        (KEY, KEY | {"revoked_at": {"S": "now"}}, EventType.ALTERED_OUT_OF_BAND),
        (KEY, None, EventType.DELETED_OUT_OF_BAND),
    ],
)
def test_a_change_is_attributed_to_the_service_or_to_someone_outside_it(old, new, kind):
    recorded = change(old, new)
    assert recorded.type is kind
    by_hand = kind in {EventType.ALTERED_OUT_OF_BAND, EventType.DELETED_OUT_OF_BAND}
    assert recorded.actor["principal"] == ("outside:unknown" if by_hand else "key:o")
    assert "hashed" not in str(recorded)


@pytest.mark.parametrize("record", ["import#1", "export_chain", "keys", "profiles"])
def test_other_records_are_no_events(record):
    assert change(None, PROFILE | {"record": {"S": record}}) is None
    assert change(PROFILE, dict(reversed(PROFILE.items()))) is None
    assert change(None, PROFILE | {"account_id": {"S": "#accounts"}}) is None
