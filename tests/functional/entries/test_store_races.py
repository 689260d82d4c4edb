"""Writes of one number between another's read and write: each request counts, and nothing is overwritten."""

from datetime import timedelta

import pytest

from dnc import times
from dnc.entries import reasons
from dnc.entries.batch_store import BulkEntries, EntryWrite, StatementRefused
from dnc.entries.entry import Actor, Request, Source, Write, request_listing
from dnc.entries.removal_store import Removals
from dnc.problems import Conflict, NotListed, Unavailable
from tests.support.partiql import WithPartiQL
from tests.support.racing import Racing
from tests.support.unreading import Unreading

NUMBER, CORRECT = "+14155550100", "+14155550101"
KEY = {"account_id": {"S": "acme"}, "number": {"S": NUMBER}}
NOW = times.now()


def write(request_id):
    return Write(NOW, Actor("key:k", "u-1"), request_id)


def request(number=NUMBER, source=Source.SMS, **more):
    return Request(number, source, times.text(NOW), **more)


@pytest.fixture
def numbers(dynamodb):
    return Removals(dynamodb, "numbers", "acme", "accounts")


@pytest.fixture
def racing(dynamodb):
    """Create a store for races: somebody else acts before its first write."""
    return lambda act: Removals(Racing(dynamodb, act), "numbers", "acme", "accounts")


def test_of_two_first_requests_none_is_lost(numbers, racing):
    outcome = racing(lambda: numbers.add(request(source=Source.WEB), write("first"))).add(request(), write("second"))
    entry = numbers.read(NUMBER)
    assert (outcome.created, entry.version, entry.requests, entry.sources) == (False, 2, 2, {"web", "sms"})


def test_of_two_further_requests_none_is_lost(numbers, racing):
    numbers.add(request(), write("listed"))
    racing(lambda: numbers.add(request(source=Source.WEB), write("first"))).add(request(), write("second"))
    entry = numbers.read(NUMBER)
    assert (entry.version, entry.requests, entry.sources) == (3, 3, {"web", "sms"})


def test_a_row_by_hand_without_a_version_is_not_overwritten_once_it_has_one(numbers, racing, dynamodb):
    by_hand = {**KEY, "status": {"S": "listed"}, "source": {"S": "legal"}, "sources": {"SS": ["legal"]}}
    dynamodb.put_item(TableName="numbers", Item=by_hand)
    racing(lambda: numbers.add(request(source=Source.WEB), write("first"))).add(request(), write("second"))
    entry = numbers.read(NUMBER)
    assert (entry.version, entry.sources) == (2, {"legal", "web", "sms"})


def remove(numbers, version, removal=None, by="remover"):
    removal = removal or {"reason": "legal_order", "evidence": {"reference": "o-1"}}
    made = write(by)
    return numbers.remove(
        NUMBER, removal, version, made, lambda entry: reasons.remove(entry, removal, made, may_order=True)
    )


def test_a_removal_does_not_overwrite_a_concurrent_request(numbers, racing):
    numbers.add(request(), write("listed"))
    with pytest.raises(Conflict):
        remove(racing(lambda: numbers.add(request(source=Source.WEB), write("between"))), 1)
    assert numbers.read(NUMBER).status == "listed"


def test_listing_the_correct_number_does_not_lose_a_concurrent_request(numbers, racing):
    numbers.add(request(), write("listed"))
    removal = {"reason": "legal_order", "evidence": {"reference": "o-1"}, "correct_number": CORRECT}
    remove(racing(lambda: numbers.add(request(CORRECT, Source.LEGAL), write("between"))), 1, removal)
    entry = numbers.read(CORRECT)
    assert (entry.version, entry.requests, entry.sources) == (2, 2, {"legal", "sms"})


def test_a_number_that_is_not_listed_is_not_removed(numbers):
    ends = times.epoch(NOW - timedelta(seconds=1))
    numbers.add(request(source=Source.REGISTRY, expires_at=ends), write("listed"))
    with pytest.raises(NotListed, match="expired"):
        remove(numbers, 1)
    assert numbers.read(NUMBER).version == 1


def test_a_removed_number_is_not_removed_again(numbers):
    numbers.add(request(), write("listed"))
    remove(numbers, 1)
    with pytest.raises(NotListed, match="removed"):
        remove(numbers, 2)
    assert numbers.read(NUMBER).version == 2


def test_a_repeated_removal_has_the_same_reason_evidence_and_person(numbers):
    numbers.add(request(), write("listed"))
    first = remove(numbers, 1)
    assert remove(numbers, 1) == first
    for other in (
        {"reason": "legal_order", "evidence": {"reference": "o-2"}},
        {"reason": "legal_order", "evidence": {"reference": "o-1"}, "note": "x"},
        {"reason": "legal_order", "evidence": {"reference": "o-1"}, "correct_number": CORRECT},
    ):
        with pytest.raises(Conflict):
            remove(numbers, 1, other)
    made = Write(NOW, Actor("key:k", "u-2"), "x")
    removal = {"reason": "legal_order", "evidence": {"reference": "o-1"}}
    with pytest.raises(Conflict):
        numbers.remove(NUMBER, removal, 1, made, lambda e: reasons.remove(e, removal, made, may_order=True))


def test_a_restore_does_not_overwrite_a_concurrent_change(numbers, racing):
    numbers.add(request(), write("listed"))
    remove(numbers, 1)
    with pytest.raises(Conflict):
        racing(lambda: numbers.add(request(source=Source.WEB), write("between"))).restore(NUMBER, 2, write("restorer"))
    assert numbers.read(NUMBER).sources == {"web"}


def test_a_change_without_time_for_another_attempt_is_not_a_success(numbers, dynamodb):
    def in_a_hurry():
        act = Racing(dynamodb, lambda: numbers.add(request(source=Source.WEB), write("between")))
        return Removals(act, "numbers", "acme", "accounts", patience=0.0)

    numbers.add(request(), write("listed"))
    with pytest.raises(Unavailable, match="at once"):
        remove(in_a_hurry(), 1)
    remove(numbers, 2)
    with pytest.raises(Unavailable, match="at once"):
        in_a_hurry().restore(NUMBER, 3, write("restorer"))


@pytest.fixture
def bulk(dynamodb):
    return BulkEntries(WithPartiQL(dynamodb), "numbers", "acme")


def wanted(current, source=Source.IMPORT, number=NUMBER):
    return EntryWrite(request_listing("acme", current, request(number, source), write("bulk")).entry, current)


def test_a_bulk_insert_overwrites_no_row(bulk, numbers):
    numbers.add(request(), write("listed"))
    assert bulk.store([wanted(None)]).conflicts == {NUMBER}
    assert numbers.read(NUMBER).sources == {"sms"}


def test_a_bulk_update_overwrites_only_the_version_that_was_read(bulk, numbers):
    numbers.add(request(), write("listed"))
    stale = wanted(numbers.read(NUMBER))
    numbers.add(request(source=Source.WEB), write("between"))
    assert bulk.store([stale]).conflicts == {NUMBER}
    assert numbers.read(NUMBER).sources == {"sms", "web"}
    assert bulk.store([wanted(numbers.read(NUMBER))]).conflicts == set()
    assert numbers.read(NUMBER).sources == {"sms", "web", "import"}


def test_a_row_by_hand_is_replaced_only_while_nobody_has_written_to_it(bulk, numbers, dynamodb):
    dynamodb.put_item(TableName="numbers", Item={**KEY, "sources": {"SS": ["legal"]}})
    stale = wanted(numbers.read(NUMBER))
    numbers.add(request(source=Source.WEB), write("between"))
    assert bulk.store([stale]).conflicts == {NUMBER}
    assert numbers.read(NUMBER).sources == {"legal", "web"}


class Responding(WithPartiQL):
    """Responds to each statement with a code."""

    def __init__(self, client, code):
        super().__init__(client)
        self._code = code

    def batch_execute_statement(self, *, Statements):
        return {"Responses": [{"Error": {"Code": self._code}} for _ in Statements]}


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("ThrottlingError", "throttled"),
        ("ProvisionedThroughputExceeded", "throttled"),
        ("RequestLimitExceeded", "throttled"),
        ("TransactionConflict", "throttled"),
        ("InternalServerError", "throttled"),
        ("DuplicateItem", "conflicts"),
        ("ConditionalCheckFailed", "conflicts"),
    ],
)
def test_a_statement_that_was_not_executed_is_never_counted_as_done(dynamodb, code, outcome):
    stored = BulkEntries(Responding(dynamodb, code), "numbers", "acme").store([wanted(None)])
    assert getattr(stored, outcome) == {NUMBER}


def test_a_statement_that_is_refused_for_another_reason_is_a_bug(dynamodb):
    with pytest.raises(StatementRefused, match="ValidationError"):
        BulkEntries(Responding(dynamodb, "ValidationError"), "numbers", "acme").store([wanted(None)])


def test_an_entry_that_was_not_read_at_first_is_read_again(dynamodb, numbers):
    numbers.add(request(), write("listed"))
    assert BulkEntries(Unreading(dynamodb, 2), "numbers", "acme").read([NUMBER]).keys() == {NUMBER}


def test_an_entry_that_cannot_be_read_is_not_treated_as_absent(dynamodb, numbers, monkeypatch):
    monkeypatch.setattr("dnc.aws.queries.attempts", lambda _: range(3))
    numbers.add(request(), write("listed"))
    with pytest.raises(Unavailable):
        BulkEntries(Unreading(dynamodb, 10**6), "numbers", "acme").read([NUMBER])
