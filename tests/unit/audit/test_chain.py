"""The hash chain: whatever is done to a stored event shows, and where."""

import random

from hypothesis import given
from hypothesis import strategies as st

from dnc import times
from dnc.audit import chain as audit
from dnc.audit.chain import Head
from dnc.audit.changes import EventType, RecordedChange

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


def told(i, image=None):
    return RecordedChange(
        account_id="acme",
        number="+14155550100",
        sequence=str(i).zfill(40),
        type=EventType.REQUESTED_AGAIN,
        occurred_at="2026-11-23T00:00:00.000Z",
        actor={"principal": "key:k", "acting_user": None},
        reason=None,
        evidence=None,
        before=None,
        after=image,
        request_id="r",
    )


def chained(images):
    rows, head = [], Head()
    for i, image in enumerate(images):
        rows.append(audit.event(told(i, {"image": image}), head, times.now()))
        head = audit.head_after(rows[-1])
    return rows, head


images = st.lists(JSON, min_size=1, max_size=6)


def broken_at(rows, head):
    judged = audit.verify(audit.in_order(rows), head)
    assert judged["intact"] == (judged["broken_at"] is None)
    return judged["broken_at"]


@given(images)
def test_a_chain_as_it_was_written_is_intact(given_images):
    rows, head = chained(given_images)
    assert broken_at(rows, head) is None
    shuffled = random.Random(1).sample(rows, len(rows))
    assert broken_at(shuffled, head) is None
    assert audit.verify([], None) == {"length": 0, "head_digest": None, "intact": True, "broken_at": None}


@given(images, st.data())
def test_any_change_of_any_attribute_shows(given_images, data):
    rows, head = chained(given_images)
    place = data.draw(st.integers(0, len(rows) - 1))
    name = data.draw(st.sampled_from(sorted(rows[place])))
    changed = [dict(row) for row in rows]
    changed[place][name] = f"{changed[place][name]}?"
    assert broken_at(changed, head) is not None
    if name not in ("index", "digest"):
        assert broken_at(changed, head) == place + 1
    without = [dict(row) for row in rows]
    del without[place][name]
    assert broken_at(without, head) is not None


@given(images, st.data())
def test_any_event_that_is_gone_shows_the_last_included(given_images, data):
    rows, head = chained(given_images)
    place = data.draw(st.integers(0, len(rows) - 1))
    assert broken_at(rows[:place] + rows[place + 1 :], head) == place + 1
    assert broken_at(rows[:place], head) == place + 1
    assert broken_at([], head) == 1


@given(images, JSON)
def test_an_event_forged_onto_the_end_shows(given_images, forged):
    rows, head = chained(given_images)
    more = audit.event(told(99, {"image": forged}), head, times.now())
    assert broken_at([*rows, more], head) == len(rows) + 1


@given(images)
def test_a_head_that_is_gone_or_another_shows(given_images):
    rows, head = chained(given_images)
    assert broken_at(rows, None) is not None
    assert broken_at(rows, Head(head.length, "0" * 64)) is not None
    assert broken_at(rows, Head(head.length + 1, head.digest)) is not None
    assert broken_at(rows, Head(head.length - 1, head.digest)) is not None


@given(st.dictionaries(st.text(max_size=5).filter(lambda name: name != "digest"), JSON, max_size=5))
def test_a_digest_does_not_hang_on_the_order_of_names(row):
    backwards = dict(reversed(row.items()))
    assert audit.digest(row) == audit.digest(backwards) == audit.digest(row | {"digest": "anything"})


@given(st.sets(st.text(min_size=1, max_size=4), min_size=1))
def test_a_set_is_digested_as_its_sorted_members(members):
    assert audit.digest({"sources": members}) == audit.digest({"sources": sorted(members)})


def test_the_digest_is_the_one_that_others_can_compute():
    """SHA-256 of the canonical JSON, computed here by hand."""
    import hashlib

    row = {"b": 1, "a": {"z": None, "y": ["é"]}, "digest": "left out"}
    assert audit.digest(row) == hashlib.sha256('{"a":{"y":["é"],"z":null},"b":1}'.encode()).hexdigest()
