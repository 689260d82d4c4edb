"""Writes and reads of the list with many concurrent writers, on DynamoDB Local."""

import concurrent.futures
import itertools
import uuid
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from dnc import times
from dnc.entries import entry as entries
from dnc.entries import reasons
from dnc.entries.entry import Actor, Request, Source, Write
from dnc.entries.filters import Filters
from dnc.entries.removal_store import Removals
from dnc.entries.store import Numbers
from dnc.entries.wire import row_of
from dnc.problems import Conflict, NotListed
from tests.support.engines import each_engine

pytestmark = each_engine

NUMBER = "+14155550100"


def write(person="u-1"):
    return Write(times.now(), Actor("key:k", person), uuid.uuid4().hex)


def request(number=NUMBER, key=None, source=Source.MANUAL, **more):
    return Request(number, source, times.text(times.now()), key=key, **more)


def numbers_from(start, count):
    return [f"+1{start + i}" for i in range(count)]


@pytest.fixture
def numbers(own, names):
    return Removals(own, names["numbers"], "acme", names["accounts"])


def remove(numbers, number, removal, version, by):
    def removed(entry):
        return reasons.remove(entry, removal, by, may_order=True)

    return numbers.remove(number, removal, version, by, removed)


@pytest.mark.parametrize(("key", "version"), [(None, 50), ("one", 1)])
def test_50_concurrent_adds_of_one_number_create_one_entry(numbers, key, version):
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(lambda _: numbers.add(request(key=key), write()), range(50)))
    assert Counter(o.created for o in outcomes) == {True: 1, False: 49}
    assert numbers.read(NUMBER).version == version


def test_of_20_concurrent_removals_one_succeeds_and_the_others_conflict(numbers):
    numbers.add(request(), write())

    def remove_once(i):
        try:
            return remove(numbers, NUMBER, {"reason": "test_number", "note": str(i)}, 1, write(f"u-{i}"))
        except Conflict:
            return None

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        removed = [entry for entry in pool.map(remove_once, range(20)) if entry]
    assert len(removed) == 1
    assert numbers.read(NUMBER) == removed[0]


def test_a_concurrent_add_and_removal_never_lose_the_request(numbers):
    for i in range(20):
        number = f"+1415555{100 + i:04}"
        numbers.add(request(number), write())
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            removing = pool.submit(remove, numbers, number, {"reason": "test_number", "note": "x"}, 1, write())
            adding = pool.submit(numbers.add, request(number), write())
            added = adding.result()
            failed = removing.exception()
        entry = numbers.read(number)
        assert entry.status == "listed", "the request came last, or changed the version before the removal"
        assert entry.version == (2 if failed else 3)
        assert added.created == (failed is None)


def test_the_correct_number_is_listed_in_the_same_transaction(numbers):
    numbers.add(request(), write())
    removal = {"reason": "entered_wrong_number", "correct_number": "+14155550101"}
    removed = remove(numbers, NUMBER, removal, 1, write())
    assert removed.status == "removed"
    assert numbers.read("+14155550101").status == "listed"
    assert remove(numbers, NUMBER, removal, 1, write()) == removed
    assert numbers.read("+14155550101").version == 1


def test_every_reading_of_the_correct_number_is_listed_in_the_same_transaction(numbers):
    numbers.add(request(), write())
    first, other = "+4915123456789", "+494915123456789"
    removal = {"reason": "entered_wrong_number", "correct_number": first, "other_readings": [other]}
    removed = remove(numbers, NUMBER, removal, 1, write())
    assert (numbers.read(first).also_listed, numbers.read(other).reading_of) == ((other,), first)
    assert remove(numbers, NUMBER, removal, 1, write()) == removed
    assert [numbers.read(number).version for number in (first, other)] == [1, 1]


def test_concurrent_removals_with_the_same_correct_number_all_succeed(numbers):
    for number in numbers_from(4155550110, 10):
        numbers.add(request(number), write())
    removal = {"reason": "entered_wrong_number", "correct_number": "+14155550199"}
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        removed = list(pool.map(lambda n: remove(numbers, n, removal, 1, write()), numbers_from(4155550110, 10)))
    assert {entry.status for entry in removed} == {"removed"}
    assert numbers.read("+14155550199").version == 10


def test_a_number_that_was_never_listed_cannot_be_removed(numbers):
    with pytest.raises(NotListed):
        remove(numbers, NUMBER, {"reason": "test_number"}, 1, write())


def test_1000_statuses_are_read_with_duplicates_and_unlisted_numbers(numbers, own, names):
    listed = numbers_from(2125550100, 100)
    for number in listed:
        numbers.add(request(number), write())
    wanted = [*numbers_from(2125550100, 1000), *listed]
    assert sorted(numbers.statuses(wanted)) == listed
    assert Numbers(own, names["numbers"], "globex").statuses(wanted) == {}


def test_pages_of_any_size_contain_the_whole_list_once(numbers):
    listed = numbers_from(2125550100, 20)
    for i, number in enumerate(listed):
        details = {"campaign_id": "spring" if i % 3 else "autumn"}
        numbers.add(request(number, details=details), write())
    for filters, wanted in (
        (Filters(), listed),
        (Filters(campaign_id="autumn"), listed[::3]),
        (Filters(prefix="+121255501", digits=("12", "5011")), [n for n in listed if "12" in n or "5011" in n]),
    ):
        for size in (1, 7, 20, 500):
            seen, after = [], None
            while True:
                found, after = numbers.page(filters, size, after, times.now())
                assert len(found) <= size
                seen += [entry.number for entry in found]
                if after is None:
                    break
            assert seen == wanted


class Counted:
    """A client that counts its queries."""

    def __init__(self, client):
        self.client, self.queries = client, []

    def query(self, **request):
        self.queries.append(request)
        return self.client.query(**request)

    def __getattr__(self, name):
        return getattr(self.client, name)


@pytest.fixture
def behind_removed_rows(own, names):
    """A list of 1,500 removed numbers, and of 60 listed ones behind them. Return these."""
    writer = Numbers(own, names["numbers"], "acme")
    listed = numbers_from(4155550100, 60)
    for number in listed:
        writer.add(request(number), write())
    gone = entries.request_listing("acme", None, request("+12125550100", details={"note": "x" * 1500}), write()).entry
    gone = reasons.remove(gone, {"reason": "test_number", "note": "y"}, write(), may_order=True)
    rows = [row_of(replace(gone, number=number)) for number in numbers_from(2125550100, 1500)]
    puts = [{"PutRequest": {"Item": row}} for row in rows]
    for i in range(0, len(puts), 25):
        own.batch_write_item(RequestItems={names["numbers"]: puts[i : i + 25]})
    return listed


def test_the_first_page_behind_removed_rows_takes_two_reads(behind_removed_rows, own, names):
    client = Counted(own)
    numbers = Numbers(client, names["numbers"], "acme")
    found, after = numbers.page(Filters(), 50, None, times.now())
    assert [entry.number for entry in found] == behind_removed_rows[:50]
    assert len(client.queries) == 2
    assert client.queries[0]["ConsistentRead"]
    assert client.queries[1]["IndexName"] == "listed"
    rest, end = numbers.page(Filters(), 50, after, times.now())
    assert ([entry.number for entry in rest], end) == (behind_removed_rows[50:], None)
    assert len(client.queries) == 3, "nothing is removed here, so the table itself is enough"
    found, _ = numbers.page(Filters(source="manual"), 50, None, times.now())
    assert len(found) == 50, "a filter finds them too"


def test_a_removed_number_leaves_the_index_and_a_restored_one_comes_back(numbers, own, names):
    def indexed():
        response = own.query(
            TableName=names["numbers"],
            IndexName="listed",
            KeyConditionExpression="listed_account = :account",
            ExpressionAttributeValues={":account": {"S": "acme"}},
        )
        return [(item["number"]["S"], item["version"]["N"]) for item in response["Items"]]

    numbers.add(request(), write())
    assert indexed() == [(NUMBER, "1")]
    numbers.add(request(), write())
    assert indexed() == [(NUMBER, "2")]
    remove(numbers, NUMBER, {"reason": "test_number", "note": "y"}, 2, write())
    assert indexed() == []
    numbers.restore(NUMBER, 3, write())
    assert indexed() == [(NUMBER, "4")]


def test_a_page_ends_in_time_with_its_token(behind_removed_rows, own, names):
    client = Counted(own)
    numbers = Numbers(client, names["numbers"], "acme")
    seconds = itertools.count(0, 9)  # each read takes nine seconds
    numbers._clock = lambda: float(next(seconds))
    pages, seen, after = 0, [], None
    while pages == 0 or after is not None:
        found, after = numbers.page(Filters(status="removed", source="web"), 50, after, times.now())
        seen += found
        pages += 1
    assert seen == []
    assert len(client.queries) == pages > 1, "each page ends after its first read"


def test_an_expired_entry_is_neither_listed_nor_lost(numbers):
    expires_at = times.epoch(times.now() + timedelta(hours=1))
    numbers.add(request(source=Source.REGISTRY, expires_at=expires_at), write())
    later = times.now() + timedelta(hours=2)
    assert [e.number for e in numbers.page(Filters(), 10, None, times.now())[0]] == [NUMBER]
    assert numbers.page(Filters(), 10, None, later)[0] == []
    assert [e.status_at(later) for e in numbers.page(Filters(status="all"), 10, None, later)[0]] == ["expired"]
