"""Who counts as another person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnc.accounts.second_person import Party, why_not_another


def party(principal, name, *made_by, person=None):
    return Party.of({"principal": principal, "acting_user": name}, frozenset(made_by), person)


@pytest.mark.parametrize(
    ("asker", "approver", "only_people", "another"),
    [
        (party("key:a", "ann"), party("key:b", "bob"), False, True),
        (party("key:a", "ann"), party("key:a", "bob"), False, False),
        (party("key:a", "ann"), party("key:b", "ann"), False, False),
        (party("key:a", "ann"), party("key:b", " Ann "), False, False),
        (party("key:a", "ann"), party("key:b", "bob", "key:a"), False, False),
        (party("key:a", "ann", "key:b"), party("key:b", "bob"), False, False),
        (party("key:a", "ann"), party("key:c", "bob", "key:b", "key:a"), False, False),
        (party("key:a", "ann", "key:x"), party("key:b", "bob", "key:x"), False, True),
        (party("user:ann", "ann"), party("key:b", "bob", "user:ann"), False, False),
        (party("user:ann", "ann"), party("user:bob", "bob"), True, True),
        (party("user:ann", "zoe"), party("user:ann", "bob"), True, False),
        (party("key:a", "ann"), party("key:b", "bob"), True, False),
        (party("key:a", "ann"), party("user:ann", "ann", person="ann"), True, False),
        (party("key:a", "ann"), party("user:ann", "zoe", person="ann"), True, False),
        (party("key:a", "bob"), party("user:ann", "ann", person="ann"), True, True),
        (party("key:a", "zoe", "user:ann"), party("user:ann", "ann", person="ann"), True, False),
        (party("user:ann", "zoe"), party("key:b", "ann"), False, False),
    ],
)
def test_who_is_another(asker, approver, only_people, another):
    assert (why_not_another(asker, approver, only_people=only_people) is None) == another


names = st.sampled_from(["ann", "bob", "Ann", None])
principals = st.sampled_from(["key:a", "key:b", "user:ann", "user:bob"])
parties = st.builds(party, principals, names, st.sampled_from(["key:a", "key:b", "test"]))


@given(parties, parties, st.booleans())
def test_nobody_counts_as_another_person_to_themselves_and_the_rule_is_symmetric(one, other, only_people):
    assert why_not_another(one, one, only_people=only_people)
    if not only_people:
        assert bool(why_not_another(one, other, only_people=False)) == bool(
            why_not_another(other, one, only_people=False)
        )
