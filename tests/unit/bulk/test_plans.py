"""The pure parts of exports and scrubs: sorted numbers, time windows, ids of nightly exports, pieces of a campaign."""

import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnc import times
from dnc.bulk.exports import code_version, orders
from dnc.bulk.exports.format import ExportKind
from dnc.bulk.exports.orders import ExportOrder
from dnc.bulk.files import JobFiles
from dnc.bulk.jobs import JobKind
from dnc.bulk.scrubs import leads as stored_leads
from dnc.bulk.scrubs import listed as listed_numbers
from dnc.bulk.scrubs import piece as scrub_piece
from dnc.bulk.scrubs import plan as scrub_plan
from dnc.bulk.scrubs.listed import NumberSet
from dnc.bulk.scrubs.piece import IncompletePiece, PieceOutcome, ScrubOptions
from dnc.bulk.uploads.columns import Choice
from dnc.bulk.uploads.errors import FileRefused
from dnc.problems import InvalidRequest
from tests.support.memory_s3 import MemoryS3

NOW = times.parse("2026-11-24T01:15:00Z")
MADE = "2026-11-20T09:00:00.000Z"
FORM = {"separator": ",", "end": "\n", "header": "", "mark": False}
OPTIONS = ScrubOptions("US", FORM)
e164 = st.from_regex(r"\A\+[1-9][0-9]{1,14}\Z")


@given(st.sets(e164, max_size=200), st.sets(e164, max_size=50), st.integers(1, 60))
def test_a_number_set_equals_the_set_for_any_lengths_and_parts(listed, others, part):
    ordered = sorted(listed)  # as DynamoDB sorts them: as text
    found = NumberSet()
    for at in range(0, len(ordered), part):
        one = NumberSet()
        for number in ordered[at : at + part]:
            one.add(number)
        found.extend(one.packed())
    assert len(found) == len(listed)
    assert {number for number in listed | others if found.has(number)} == listed


@pytest.mark.parametrize("key", ["+1415555010x", "+", "smith", f"+{'1' * 30}"])
def test_a_key_made_by_hand_that_is_no_number_does_not_end_a_scrub(key):
    found = NumberSet()
    found.add(key)
    found.add("+14155550100")
    assert (len(found), found.has("+14155550100")) == (1, True)


def test_a_missing_part_of_the_list_is_not_an_empty_part():
    files = JobFiles(MemoryS3(), "bulk", "acme", JobKind.SCRUB, "a" * 26)
    files.put(listed_numbers.part_name(1, 1), NumberSet().packed())
    assert len(listed_numbers.stored(files, 1, 1)) == 0
    with pytest.raises(LookupError):
        listed_numbers.stored(files, 1, 2)


def test_the_window_of_an_audit_export_ends_before_events_that_may_be_pending():
    ago = times.text(NOW - timedelta(minutes=5))
    assert orders.window(ExportKind.AUDIT, None, None, MADE, NOW) == ("2026-11-20T00:00:00.000Z", ago)
    assert orders.window(ExportKind.AUDIT, None, NOW, times.text(NOW), NOW)[1] == ago
    year_1 = datetime(1, 1, 1, tzinfo=UTC)
    assert orders.window(ExportKind.AUDIT, year_1, None, MADE, NOW) == ("2026-11-20T00:00:00.000Z", ago)
    assert orders.window(ExportKind.NUMBERS, None, None, MADE, NOW) == (None, None)
    since = NOW - timedelta(days=1)
    assert orders.window(ExportKind.NUMBERS, since, NOW, MADE, NOW) == (times.text(since), times.text(NOW))
    day_ago = NOW - timedelta(days=1)
    for since, until in ((NOW, None), (NOW, NOW), (NOW, day_ago)):
        with pytest.raises(InvalidRequest):
            orders.window(ExportKind.AUDIT, since, until, MADE, NOW)


def test_a_nightly_export_has_one_id_for_an_account_and_kind():
    ids = {
        orders.nightly_order("acme", kind, NOW + timedelta(days=d)).export_id for kind in ExportKind for d in range(3)
    }
    assert len(ids) == 6
    repeated = orders.nightly_order("acme", ExportKind.AUDIT, NOW + timedelta(hours=3))
    assert repeated.export_id in ids
    assert repeated.request["to"] == "2026-11-24T04:10:00.000Z"
    assert ExportOrder.of(json.loads(json.dumps(repeated.as_json()))) == repeated
    assert orders.audit_start(None, MADE, times.text(NOW)) == "2026-11-20T00:00:00.000Z"
    assert orders.audit_start("2026-11-23T01:10:00.000Z", MADE, times.text(NOW)) == "2026-11-23T01:10:00.000Z"


def test_the_version_of_the_code_is_the_release_and_a_digest():
    release, _, digest = code_version.code_version().partition("+")
    assert release == code_version.RELEASE
    assert len(digest) == 16
    assert f'version = "{release}"' in (code_version._ROOT.parent / "pyproject.toml").read_text()


def planned(body, column=None, rows_per_piece=3):
    files = JobFiles(MemoryS3(), "bulk", "acme", JobKind.SCRUB, "a" * 26)
    choice = Choice("US", (column,) if column else (), importing=False)
    plan = scrub_plan.make(files, io.BytesIO(body), len(body), "leads.csv", choice, rows_per_piece=rows_per_piece)
    leads = [lead for piece in plan.pieces for lead in stored_leads.leads(files, piece["piece"])]
    return plan, leads


def test_a_campaign_with_too_many_rows_is_refused(monkeypatch):
    monkeypatch.setattr(scrub_plan, "MAX_ROWS", 2)
    rows = [b"%d,415555010%d\n" % (i, i) for i in range(3)]
    assert len(planned(b"id,phone\n" + b"".join(rows[:2]))[1]) == 2
    with pytest.raises(FileRefused, match="more than 2 rows"):
        planned(b"id,phone\n" + b"".join(rows))


def test_a_campaign_is_split_into_pieces_in_order():
    plan, leads = planned(b"id|phone\n" + b"".join(b"%d|415 555 01%02d\n" % (i, i) for i in range(10)))
    assert [piece["rows"] for piece in plan.pieces] == [3, 3, 3, 1]
    assert leads == [(f"415 555 01{i:02}", f"{i}|415 555 01{i:02}") for i in range(10)]
    assert (plan.rows, plan.header, plan.separator) == (10, "id|phone|dnc_status\n", "|")


@given(st.lists(st.tuples(st.integers(0, 9), st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=8)), min_size=1, max_size=20))  # fmt: skip  # noqa: E501
def test_every_row_keeps_its_exact_text(cells):
    rows = [f'(415) 555-010{digit},"{text.replace(chr(34), chr(34) * 2)}"' for digit, text in cells]
    body = "phone,note\r\n" + "".join(f"{row}\r\n" for row in rows)
    _, leads = planned(body.encode(), "phone")
    assert [text for _, text in leads] == rows


def test_a_short_row_is_padded_and_one_without_the_column_is_invalid():
    _, leads = planned(b"phone,name,city\n4155550100\n4155550101,x,y\n,x,y\n")
    assert leads == [("4155550100", "4155550100,,"), ("4155550101", "4155550101,x,y"), ("", ",x,y")]
    outcome = scrub_piece.scrub(leads, OPTIONS, lambda _: set())
    assert outcome.counts == {"clear": 2, "invalid": 1, "blocked": 0, "rows": 3}
    assert outcome.blocked == b",x,y,invalid\n"


def test_a_campaign_without_rows_is_refused():
    for body in (b"", b"\n\n", b"phone\n"):
        with pytest.raises(FileRefused):
            planned(body)


def test_an_outcome_is_stored_and_read_back_only_if_its_counts_add_up():
    leads = [("4155550100", "a"), ("4155550101", "b"), ("12", "c")]
    outcome = scrub_piece.scrub(leads, OPTIONS, lambda wanted: {"+14155550101"} & set(wanted))
    assert (outcome.clear, outcome.blocked) == (b"a,clear\n", b"b,listed\nc,invalid\n")
    repeated = PieceOutcome.of(outcome.packed())
    assert repeated == outcome
    files = JobFiles(MemoryS3(), "bulk", "acme", JobKind.SCRUB, "a" * 26)
    with pytest.raises(IncompletePiece):
        scrub_piece.stored(files, 1, 3)
    scrub_piece.store(files, 1, outcome)
    assert scrub_piece.stored(files, 1, 3) == outcome
    with pytest.raises(IncompletePiece):
        scrub_piece.stored(files, 1, 4)


def test_a_lead_whose_number_is_listed_but_not_valid_is_blocked_as_listed():
    outcome = scrub_piece.scrub([("+1 415 155 0100", "x")], OPTIONS, set)
    assert outcome.blocked == b"x,listed\n"


@given(st.lists(st.sampled_from(["4155550100", "+1 415 555 0101", "12", "", "911", "+44 20 7946 0123"]), max_size=30), st.sets(st.sampled_from(["+14155550100", "+442079460123"])))  # fmt: skip  # noqa: E501
def test_every_row_is_in_exactly_one_file_and_listed_is_never_clear(cells, listed):
    leads = [(number, str(i)) for i, number in enumerate(cells)]
    outcome = scrub_piece.scrub(leads, OPTIONS, lambda wanted: listed & set(wanted))
    clear, blocked = (
        [line.split(",")[0] for line in body.decode().splitlines()] for body in (outcome.clear, outcome.blocked)
    )
    assert sorted(clear + blocked, key=int) == [str(i) for i in range(len(cells))]
    assert not {f"+{number}" for number in outcome.numbers} & listed
    assert [str(row) for row in outcome.rows] == clear


@pytest.mark.parametrize(
    ("cells", "listed", "status"),
    [
        ([[0, "4155550100", False], [1, "4155550101", False]], set(), "clear"),
        ([[0, "4155550100", False], [1, "4155550101", False]], {"+14155550101"}, "listed"),
        ([[0, "4155550100", False], [1, "12345678901234567890", False]], set(), "invalid"),
        ([[0, "12345678901234567890", False]], set(), "invalid"),
        ([[0, "4155550100", True], [1, "4155550101", False]], {"+14155550100"}, "listed"),
    ],
)
def test_a_lead_is_clear_only_if_all_of_its_numbers_are(cells, listed, status):
    outcome = scrub_piece.scrub([(["", cells], "a,b")], OPTIONS, lambda wanted: listed & set(wanted))
    rows = outcome.clear + outcome.blocked
    assert rows.decode() == f"a,b,{status}\n"
    assert bool(outcome.clear) == (status == "clear")


@pytest.mark.parametrize(
    "counts",
    [
        {"rows": 2, "clear": 2, "blocked": 0, "invalid": 0},
        {"rows": 3, "clear": 2, "blocked": 0, "invalid": 0},
        {"rows": 3, "clear": 2, "blocked": 1, "invalid": 1},
        {"rows": 3, "clear": 2, "blocked": 2, "invalid": 0, "in_both": 0},
    ],
)
def test_a_stored_piece_that_does_not_have_each_row_once_is_not_used(counts):
    files = JobFiles(MemoryS3(), "bulk", "acme", JobKind.SCRUB, "a" * 26)
    scrub_piece.store(files, 1, PieceOutcome(Counter(counts)))
    with pytest.raises(IncompletePiece):
        scrub_piece.stored(files, 1, 3)
