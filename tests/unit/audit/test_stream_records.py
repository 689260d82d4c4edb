"""A change counts as the service's own only if the service could have written exactly this row in exactly this place.

Each test begins with a change that the service makes, and alters one thing.
"""

from datetime import UTC, datetime, timedelta

import pytest

from dnc import times
from dnc.audit.changes import SERVICE, EventType, read_stream_record
from dnc.entries import entry as entries
from dnc.entries import reasons
from dnc.entries.entry import Actor, Request, Source, Write
from dnc.entries.wire import entry_of, row_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEY = {"account_id": {"S": "acme"}, "number": {"S": "+14155550100"}}
TTL = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def write(minutes=0, request_id="r-1"):
    return Write(NOW + timedelta(minutes=minutes), Actor("key:k", "u-1"), request_id)


def request(source=Source.MANUAL, expires_at=None, **details):
    return Request("+14155550100", source, times.text(NOW), details, expires_at)


LISTED = row_of(entries.request_listing("acme", None, request(), write()).entry)
AGAIN = row_of(entries.request_listing("acme", entry_of(LISTED), request(note="again"), write(1, "r-2")).entry)
REMOVAL = {"reason": "test_number", "note": "ours"}
REMOVED = row_of(reasons.remove(entry_of(AGAIN), REMOVAL, write(2, "r-3"), may_order=False))
RESTORED = row_of(entries.restore(entry_of(REMOVED), write(3, "r-4")))
ENDS = times.epoch(NOW + timedelta(hours=1))
EXPIRING = row_of(entries.request_listing("acme", None, request(Source.REGISTRY, ENDS), write()).entry)
PUT_BACK = LISTED | {
    "version": {"N": "2"},
    "change": {"S": "reinstated"},
    "changed_by": {"M": {"principal": {"S": SERVICE}, "acting_user": {"NULL": True}}},
}


def kind(old, new, identity=None, at=NOW):
    change = {"Keys": KEY, "SequenceNumber": "1", "ApproximateCreationDateTime": at.timestamp()}
    change |= {"OldImage": old} if old else {}
    change |= {"NewImage": new} if new else {}
    read = read_stream_record({"dynamodb": change, "userIdentity": identity})
    return read and read.type


def test_what_the_service_writes_is_named_by_its_change():
    assert kind(None, LISTED) is EventType.LISTED
    assert kind(LISTED, AGAIN) is EventType.REQUESTED_AGAIN
    assert kind(AGAIN, REMOVED) is EventType.REMOVED
    assert kind(REMOVED, RESTORED) is EventType.RESTORED
    assert kind(None, PUT_BACK) is EventType.REINSTATED
    assert kind(LISTED, dict(reversed(LISTED.items()))) is None


@pytest.mark.parametrize(
    ("old", "new", "altered"),
    [
        (None, LISTED, {"version": {"N": "2"}}),
        (LISTED, AGAIN, {"version": {"N": "1"}}),
        (LISTED, AGAIN, {"version": {"N": "3"}}),
        (LISTED, AGAIN, {"request_id": LISTED["request_id"]}),
        (LISTED, AGAIN, {"request_id": {"S": ""}}),
        (LISTED, AGAIN, {"change": {"S": "relisted"}}),
        (LISTED, AGAIN, {"change": {"S": "listed"}}),
        (LISTED, AGAIN, {"changed_by": {"M": {"principal": {"N": "7"}, "acting_user": {"NULL": True}}}}),
        (LISTED, AGAIN, {"changed_at": {"S": "now"}}),
        (LISTED, AGAIN, {"vip": {"BOOL": True}}),
        (LISTED, AGAIN, {"source": {"S": "magic"}}),
        (LISTED, AGAIN, {"sources": {"SS": ["magic", "manual"]}}),
        (LISTED, AGAIN, {"consumer_name": {"S": "x" * 201}}),
        (LISTED, AGAIN, {"note": {"S": "x" * 2001}}),
        (LISTED, AGAIN, {"removal": REMOVED["removal"]}),
        (AGAIN, REMOVED, {"removal": {"M": {"reason": {"S": "test_number"}}}}),
        (AGAIN, REMOVED, {"change": {"S": "restored"}}),
        (REMOVED, RESTORED, {"change": {"S": "requested_again"}}),
        (REMOVED, RESTORED, {"change": {"S": "removed"}, "status": {"S": "removed"}, "removal": REMOVED["removal"]}),
        (None, PUT_BACK, {"changed_by": LISTED["changed_by"]}),
        (None, PUT_BACK, {"version": {"N": "0"}}),
        (LISTED, PUT_BACK, {}),
    ],
)
def test_anything_else_was_altered_by_hand(old, new, altered):
    assert kind(old, {**new, **altered}) is EventType.ALTERED_OUT_OF_BAND


def test_a_text_as_long_as_the_service_writes_it_is_its_own():
    longest = {"consumer_name": {"S": "x" * 200}, "note": {"S": "x" * 2000}}
    assert kind(LISTED, {**AGAIN, **longest}) is EventType.REQUESTED_AGAIN


def test_a_row_that_ttl_deletes_after_an_expiry_that_counts_has_expired():
    ends = datetime.fromtimestamp(ENDS, UTC)
    assert kind(EXPIRING, None, TTL, ends) is EventType.EXPIRED
    assert kind(EXPIRING, None, TTL, ends - timedelta(seconds=60)) is EventType.EXPIRED  # clocks differ


@pytest.mark.parametrize(
    ("altered", "identity", "early"),
    [
        ({}, None, 0),
        ({}, {"type": "User", "principalId": "dynamodb.amazonaws.com"}, 0),
        ({}, {"type": "Service", "principalId": "lambda.amazonaws.com"}, 0),
        ({}, TTL, 61),
        ({"sources": {"SS": ["registry", "sms"]}}, TTL, 0),
        ({"status": {"S": "removed"}}, TTL, 0),
        ({"expires_at": {"S": str(ENDS)}}, TTL, 0),
    ],
)
def test_any_other_deletion_was_made_by_hand(altered, identity, early):
    at = datetime.fromtimestamp(ENDS, UTC) - timedelta(seconds=early)
    assert kind({**EXPIRING, **altered}, None, identity, at) is EventType.DELETED_OUT_OF_BAND
