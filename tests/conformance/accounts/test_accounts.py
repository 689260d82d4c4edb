"""Accounts and their keys, with concurrent changes."""

import concurrent.futures
import itertools
from datetime import timedelta

import pytest

from dnc import times
from dnc.accounts.access import Role
from dnc.accounts.store import Accounts
from dnc.problems import Forbidden, NotFound, Unauthenticated
from tests.support.engines import each_engine

pytestmark = each_engine
BY = {"principal": "user:ann", "acting_user": None}


@pytest.fixture
def accounts(own, names):
    return Accounts(own, names["accounts"])


def test_changes_of_an_account_within_one_millisecond_all_pass_and_none_is_lost(accounts):
    at = times.now()
    accounts.put("acme", {"name": "a"}, at)
    changes = [{"name": "b"}, {"default_region": "GB"}, {"suspended": True}] * 3
    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        list(pool.map(lambda change: accounts.put("acme", change, at), changes))
    account = accounts.profile("acme")
    assert (account.name, account.default_region, account.suspended) == ("b", "GB", True)
    assert times.parse(account.changed_at) == times.parse(times.text(at)) + timedelta(milliseconds=9)


def test_concurrent_changes_create_each_account_once(accounts):
    at = times.now()
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        made = list(pool.map(lambda i: accounts.put(f"acct-{i % 2}", {"name": f"n{i}"}, at), range(4)))
    assert sum(created for _, created in made) == 2
    assert [p.account_id for p in accounts.page(10, None)[0]] == ["acct-0", "acct-1"]


def test_pages_of_every_size_return_each_account_once(accounts):
    wanted = [f"acct-{i:02}" for i in range(7)]
    for account_id in wanted:
        accounts.put(account_id, {"name": "a"}, times.now())
    for size in (1, 3, 7, 100):
        seen, after = [], None
        while True:
            page, after = accounts.page(size, after)
            assert len(page) <= size
            seen += [profile.account_id for profile in page]
            if after is None:
                break
        assert seen == wanted


def test_a_key_works_until_it_is_revoked_and_a_second_revocation_changes_nothing(accounts):
    at = times.now()
    accounts.put("acme", {"name": "a"}, at)
    made = accounts.make_key("acme", Role.MANAGER, "k", None, "user:ann", at)
    caller, ends = accounts.authenticate(made["token"], at)
    assert (caller.account_id, caller.role, ends) == ("acme", Role.MANAGER, None)
    accounts.revoke_key("acme", made["key_id"], at, "user:ann")
    accounts.revoke_key("acme", made["key_id"], at + timedelta(hours=1), "user:bob")
    with pytest.raises(Unauthenticated):
        accounts.authenticate(made["token"], at)
    [key] = accounts.keys("acme")
    assert key["revoked_at"] == times.text(at), "the first revocation stands"
    with pytest.raises(NotFound):
        accounts.revoke_key("acme", "AAAAAAAAAAAA", at, "user:ann")


def test_only_keys_and_their_makers_are_found_in_the_partition_of_an_account(accounts):
    at = times.now()
    accounts.put("acme", {"name": "a"}, at)
    first = accounts.make_key("acme", Role.ADMIN, "k", None, "user:ann", at)
    second = accounts.make_key("acme", Role.MANAGER, "k", None, f"key:{first['key_id']}", at)
    accounts.note_expiry("acme", first["key_id"], at)
    assert {key["key_id"] for key in accounts.keys("acme")} == {first["key_id"], second["key_id"]}
    assert accounts.made_by("acme", f"key:{second['key_id']}") == {f"key:{first['key_id']}", "user:ann"}
    assert accounts.has_noted_expiry("acme", first["key_id"])
    assert not accounts.has_noted_expiry("acme", second["key_id"])
    with pytest.raises(Forbidden):
        accounts.made_by("acme", "key:AAAAAAAAAAAA")


def test_keys_that_made_each_other_have_no_known_maker(accounts, own, names):
    """Only a change by hand can make such a circle. The search for its beginning must end."""
    at = times.now()
    keys = [f"key:{accounts.make_key('acme', Role.ADMIN, 'k', None, 'user:ann', at)['key_id']}" for _ in range(2)]
    for key, maker in zip(keys, reversed(keys), strict=True):
        own.update_item(
            TableName=names["accounts"],
            Key={"account_id": {"S": "acme"}, "record": {"S": key.replace(":", "#")}},
            UpdateExpression="SET created_by = :maker",
            ExpressionAttributeValues={":maker": {"S": maker}},
        )
    reads = itertools.count(1)

    class Counting:
        def batch_get_item(self, **request):
            assert next(reads) < 50, "the search has no end"
            return own.batch_get_item(**request)

    with pytest.raises(Forbidden):
        Accounts(Counting(), names["accounts"]).made_by("acme", keys[0])


def test_a_registry_is_noted_beside_concurrent_changes_of_the_account(accounts):
    at = times.now()
    accounts.put("acme", {"name": "a"}, at)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        noting = [pool.submit(accounts.note_registry, "acme", [f"+141{i}"], "2026-11-23", at, BY) for i in range(3)]
        noting += [pool.submit(accounts.put, "acme", {"name": f"b{i}"}, at) for i in range(3)]
        for done in noting:
            done.result()
    profile = accounts.profile("acme")
    assert profile.imported_on == {f"+141{i}": "2026-11-23" for i in range(3)}
    assert profile.name.startswith("b")
    accounts.forget_registry("acme", ["+1410"], "2026-11-23", at, BY)
    assert set(accounts.profile("acme").imported_on) == {"+1411", "+1412"}
