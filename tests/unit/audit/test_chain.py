"""The hash chain: any change to a stored event is detected and located."""

import hashlib
import random

from hypothesis import given
from hypothesis import strategies as st

from dnc import times
from dnc.audit import chain as audit
from dnc.audit.chain import Head
from dnc.audit.changes import EventType, RecordedChange
from dnc.aws import wire

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


def change(i, after=None, before=None, **fields):
    known = {
        "account_id": "acme",
        "number": "+14155550100",
        "sequence": str(i).zfill(40),
        "type": EventType.ALTERED_OUT_OF_BAND,
        "occurred_at": "2026-11-23T00:00:00.000Z",
        "actor": {"principal": "key:k", "acting_user": None},
        "reason": None,
        "before": before,
        "after": after,
        "request_id": "r",
    }
    return RecordedChange(**known | fields)


def chained(images, **fields):
    rows, head = [], Head()
    for i, image in enumerate(images):
        rows.append(audit.event(change(i, {"image": image, "note": str(i)}, **fields), head, times.now()))
        head = audit.head_after(rows[-1], head)
    return rows, head


images = st.lists(JSON, min_size=1, max_size=6)


def broken_at(rows, head):
    verdict = audit.verify(audit.in_order(rows), head)
    assert verdict["intact"] == (verdict["broken_at"] is None)
    return verdict["broken_at"]


@given(images)
def test_an_unaltered_chain_is_intact(given_images):
    rows, head = chained(given_images)
    assert broken_at(rows, head) is None
    shuffled = random.Random(1).sample(rows, len(rows))
    assert broken_at(shuffled, head) is None
    for is_gone in (False, True):  # a number that was never listed
        assert audit.verify([], None, is_gone=is_gone) == {
            "length": 0,
            "head_digest": None,
            "intact": True,
            "broken_at": None,
            "complete": True,
            "missing": [],
        }


@given(images, st.data())
def test_a_change_to_any_attribute_is_detected(given_images, data):
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
def test_any_missing_event_is_detected_even_the_last_one(given_images, data):
    rows, head = chained(given_images)
    place = data.draw(st.integers(0, len(rows) - 1))
    assert broken_at(rows[:place] + rows[place + 1 :], head) == place + 1
    assert broken_at(rows[:place], head) == place + 1
    assert broken_at([], head) == 1


@given(images, st.data())
def test_an_event_forged_with_its_own_digest_breaks_the_chain_at_the_next_one(given_images, data):
    rows, head = chained(given_images)
    place = data.draw(st.integers(0, len(rows) - 1))
    forged = {**rows[place], "occurred_at": "2020-01-01T00:00:00.000Z"}
    forged["digest"] = audit.digest(forged)
    # The forged last event disagrees with the head.
    assert broken_at([*rows[:place], forged, *rows[place + 1 :]], head) == min(place + 2, len(rows))


@given(images, JSON)
def test_an_event_forged_at_the_end_is_detected(given_images, forged):
    rows, head = chained(given_images)
    more = audit.event(change(99, {"image": forged}), head, times.now())
    assert broken_at([*rows, more], head) == len(rows) + 1


@given(images)
def test_a_missing_or_wrong_head_is_detected(given_images):
    rows, head = chained(given_images)
    assert broken_at(rows, None) is not None
    assert broken_at(rows, Head(head.length, "0" * 64)) is not None
    assert broken_at(rows, Head(head.length + 1, head.digest)) is not None
    assert broken_at(rows, Head(head.length - 1, head.digest)) is not None


def test_a_skipped_index_is_detected_although_every_digest_fits():
    first = audit.event(change(1, {}), Head(), times.now())
    third = audit.event(change(2, {}), Head(2, first["digest"]), times.now())
    assert broken_at([first, third], audit.head_after(third, Head())) == 2


def test_the_first_event_past_the_head_is_named_whatever_follows_it():
    rows, _ = chained([1, 2, 3, 4])
    forged = [*rows[:3], {**rows[3], "occurred_at": "forged"}]
    assert broken_at(forged, Head(2, rows[1]["digest"])) == 3


def test_a_head_that_cannot_be_read_breaks_the_chain_at_its_first_event():
    rows, _ = chained([1, 2])
    unreadable = Head.of({"length": {"S": "two"}})
    assert broken_at(rows, unreadable) == broken_at([], unreadable) == 1


PERSONAL_ROW = {
    "note": "asked twice",
    "consumer_name": "J. Doe",
    "campaign_id": "spring",
    "last_request": {"source": "web", "note": "again"},
    "removal": {"reason": "legal_order", "note": "n", "evidence": {"reference": "o-1", "a/b~c": "x"}},
}
PATHS = {
    "/after/note",
    "/after/consumer_name",
    "/after/last_request/note",
    "/after/removal/note",
    "/after/removal/evidence/reference",
    "/after/removal/evidence/a~1b~0c",
    "/changed/note",
}


def personal_event():
    return audit.event(change(1, PERSONAL_ROW, {"note": "old", "campaign_id": "spring"}), Head(), times.now())


def test_personal_fields_are_stored_outside_the_hash_and_shown_in_place():
    row = personal_event()
    assert row["personal"].keys() == row["commitments"].keys() == PATHS
    hashed = {name: value for name, value in row.items() if name not in {"personal", "digest"}}
    for text in ("asked twice", "J. Doe", "again", "o-1", "old"):
        assert text not in str(hashed)
    assert {len(bytes.fromhex(field["salt"])) for field in row["personal"].values()} == {16}
    shown = audit.as_json(wire.from_wire(wire.to_wire(row)))
    assert {n: v for n, v in shown["after"].items() if n not in {"account_id", "number"}} == PERSONAL_ROW
    assert shown["before"]["note"] == "old"


def test_an_erased_personal_field_needs_an_erasure_event():
    row = personal_event()
    head = audit.head_after(row, Head())
    path = "/after/note"
    erased = {**row, "personal": {p: f for p, f in row["personal"].items() if p != path}}
    assert broken_at([erased], head) == 1
    fields = {"fields": {row["event_key"]: [path]}}
    erasure = audit.event(change(2, fields, type=EventType.ERASED), head, times.now())
    assert broken_at([erased, erasure], audit.head_after(erasure, head)) is None
    assert "note" not in audit.as_json(erased)["after"]
    pretended = audit.event(change(2, fields, type=EventType.ALTERED_OUT_OF_BAND), head, times.now())
    assert broken_at([erased, pretended], audit.head_after(pretended, head)) == 1
    others = {**erased, "personal": {p: f for p, f in erased["personal"].items() if p != "/after/consumer_name"}}
    assert broken_at([others, erasure], audit.head_after(erasure, head)) == 1


def test_a_changed_or_added_personal_field_breaks_the_chain():
    row = personal_event()
    head = audit.head_after(row, Head())
    for field in ({"value": "other"}, {"salt": "00" * 16}, {"salt": "x"}):
        personal = {**row["personal"], "/after/note": {**row["personal"]["/after/note"], **field}}
        assert broken_at([{**row, "personal": personal}], head) == 1
    added = {**row["personal"], "/after/seller": {"value": "x", "salt": "00" * 16}}
    assert broken_at([{**row, "personal": added}], head) == 1


def versions(*events):
    """Return the missing versions of a history. `events`: (type, version, or None for a deletion), in order."""
    rows = []
    for i, (kind, version) in enumerate(events):
        after = None if version is None else {"version": version}
        rows.append(audit.event(change(i, after, type=EventType(kind)), Head(i), times.now()))
    return audit.missing_versions(rows)


def test_gaps_between_versions_are_reported_as_missing():
    assert versions(("listed", 1), ("requested_again", 2), ("removed", 3)) == []
    assert versions(("listed", 1), ("requested_again", 4)) == [2, 3]
    assert versions(("requested_again", 3)) == [1, 2]
    assert versions(("listed", 1), ("expired", None), ("listed", 1)) == []
    assert versions(("listed", 1), ("deleted_out_of_band", None), ("listed", 2)) == [1]
    assert versions(("listed", 1), ("deleted_out_of_band", None), ("reinstated", 2)) == []
    assert versions(("listed", 1), ("deleted_out_of_band", None), ("reinstated", 4)) == [2, 3]
    assert versions(("listed", 1), ("altered_out_of_band", 7), ("requested_again", 8)) == []
    assert len(versions(("listed", 1), ("requested_again", 10**9))) == 100


def test_an_event_recorded_after_a_later_one_is_marked():
    first = audit.event(change(5, {}), Head(), times.now())
    head = audit.head_after(first, Head())
    late = audit.event(change(3, {}), head, times.now())
    assert (first.get("recorded_late"), late["recorded_late"]) == (None, True)
    assert audit.head_after(late, head).sequence == first["event_key"]


@given(st.dictionaries(st.text(max_size=5).filter(lambda name: name not in {"digest", "personal"}), JSON, max_size=5))
def test_a_digest_does_not_depend_on_the_order_of_names(row):
    backwards = dict(reversed(row.items()))
    same = row | {"digest": "anything", "personal": {"any": "thing"}}
    assert audit.digest(row) == audit.digest(backwards) == audit.digest(same)


@given(st.sets(st.text(min_size=1, max_size=4), min_size=1))
def test_a_set_is_digested_as_its_sorted_members(members):
    assert audit.digest({"sources": members}) == audit.digest({"sources": sorted(members)})


def test_others_can_compute_the_digest():
    """The digest is the SHA-256 of canonical JSON, which is written out here."""
    row = {"b": 1, "a": {"z": None, "y": ["é"]}, "digest": "left out", "personal": "left out"}
    assert audit.digest(row) == hashlib.sha256('{"a":{"y":["é"],"z":null},"b":1}'.encode()).hexdigest()


@given(JSON)
def test_showing_a_forged_event_never_fails(value):
    row = personal_event()
    for name in row:
        audit.as_json({**row, name: value})
        audit.verify([{**row, name: value}], Head(1, "0" * 64))
