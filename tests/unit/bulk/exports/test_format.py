"""The rows and files of an export: nothing is lost, no cell is a formula, and equal rows make equal bytes."""

import csv
import gzip
import hashlib
import io
import json
import math
import re
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dnc import times
from dnc.audit import chain as audit
from dnc.audit.changes import EventType, RecordedChange
from dnc.aws import wire
from dnc.bulk.exports import format as export_rows
from dnc.bulk.exports.format import AUDIT_COLUMNS, NUMBER_COLUMNS, ExportFormat, ExportKind
from dnc.bulk.exports.gzip_file import ExportFile
from dnc.bulk.uploads.cells import escaped, unescaped
from dnc.entries.entry import DETAILS

NOW = times.parse("2026-11-24T01:00:00Z")
ROW = {
    "account_id": "acme",
    "number": "+14155550100",
    "status": "listed",
    "source": "sms",
    "sources": {"web", "sms"},
    "requested_at": "2026-11-01T00:00:00.000Z",
    "last_requested_at": "2026-11-02T00:00:00.000Z",
    "listed_at": "2026-11-01T00:00:01.000Z",
    "listed_by": {"principal": "key:a", "acting_user": None},
    "note": '=HYPERLINK("http://x")\r\nsecond line, "quoted"',
    "caller_id": "+14155550199",
    "version": 3,
    "changed_at": "2026-11-02T00:00:01.000Z",
    "changed_by": {"principal": "key:a", "acting_user": "u-1"},
    "change": "requested_again",
    "request_id": "r#0",
    "request_keys": ["k1", "k2"],
    "made_by_hand": True,
}
text = st.text(st.characters(codec="utf-8"), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | text | st.sets(text, min_size=1, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


def lines(kind, form, row, moment=NOW):
    return export_rows.header(kind, form) + export_rows.writer(kind, form, moment)(wire.to_wire(row))


def read(written):
    [cells] = csv.DictReader(io.StringIO(written, newline=""))
    return {name: unescaped(cell) for name, cell in cells.items()}


def test_a_csv_row_contains_everything_that_is_stored():
    cells = read(lines(ExportKind.NUMBERS, ExportFormat.CSV, ROW))
    assert tuple(cells) == NUMBER_COLUMNS
    assert set(DETAILS) < set(cells)
    for name in ("number", "status", "source", "requested_at", "note", "caller_id", "change", "request_id"):
        assert cells[name] == ROW[name]
    assert (cells["sources"], cells["channels"]) == ("sms;web", "text;voice")
    assert json.loads(cells["listed_by"]) == ROW["listed_by"]
    assert json.loads(cells["request_keys"]) == ROW["request_keys"]
    assert json.loads(cells["other"]) == {"made_by_hand": True}
    assert cells["removal"] == cells["expires_at"] == cells["consumer_name"] == ""
    known = {name: value for name, value in ROW.items() if name != "made_by_hand"}
    assert read(lines(ExportKind.NUMBERS, ExportFormat.CSV, known))["other"] == ""


def test_removed_and_expired_entries_have_their_status():
    removal = {"reason": "test_number", "note": "ours", "removed_at": "2026-11-23T00:00:00.000Z"}
    removal |= {"removed_by": {"principal": "key:a", "acting_user": "u-2"}}
    cells = read(lines(ExportKind.NUMBERS, ExportFormat.CSV, {**ROW, "status": "removed", "removal": removal}))
    assert (cells["status"], json.loads(cells["removal"])) == ("removed", removal)
    past = times.epoch(NOW - timedelta(days=1))
    cells = read(lines(ExportKind.NUMBERS, ExportFormat.CSV, {**ROW, "sources": {"registry"}, "expires_at": past}))
    assert (cells["status"], cells["expires_at"]) == ("expired", "2026-11-23T01:00:00.000Z")


def test_a_json_line_equals_the_stored_entry():
    line = lines(ExportKind.NUMBERS, ExportFormat.JSONL, ROW)
    assert line.endswith("}\n")
    assert line.count("\n") == 1
    wanted = {**ROW, "sources": ["sms", "web"]}
    del wanted["account_id"]
    assert json.loads(line) == wanted


@pytest.mark.parametrize("broken", [{"status": 7}, {"expires_at": "soon"}, {"sources": "web"}, {"version": None}])
def test_a_manually_written_row_is_exported_unchanged(broken):
    bare = {"account_id": "acme", "number": "+14155550100", **broken}
    cells = read(lines(ExportKind.NUMBERS, ExportFormat.CSV, bare))
    assert (cells["number"], cells["status"]) == ("+14155550100", "listed")
    result = json.loads(lines(ExportKind.NUMBERS, ExportFormat.JSONL, bare))
    assert result == {"number": "+14155550100", **broken, "status": "listed"}


@given(text)
@example("-0")
def test_a_cell_is_never_a_formula_and_loses_nothing(cell):
    written = escaped(cell)
    assert unescaped(written) == cell
    assert written[:1] not in set("=@\t\r\n＝＋－＠") or written == ""
    if written[:1] in {"+", "-"}:
        assert not math.isnan(float(written)), "it is a number, -0 too"


@pytest.mark.parametrize("cell", ["+14155550100", "-1", "12.5", "", "a=1", "O'Neil"])
def test_plain_cells_are_left_alone(cell):
    assert escaped(cell) == cell


@pytest.mark.parametrize("cell", ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "'tis", "''", "＝1"])
def test_formulas_are_escaped(cell):
    assert escaped(cell) == f"'{cell}"


@pytest.mark.parametrize("separator", [";", "\t", "|", "\n", "\r"])
def test_a_formula_after_a_separator_inside_a_cell_is_escaped(separator):
    assert escaped(f"a{separator}=1+1") == f"a{separator}'=1+1"
    assert escaped(f"a{separator}'=1{separator}b") == f"a{separator}''=1{separator}b"
    assert escaped(f"{separator}@x").endswith(f"{separator}'@x")


@given(st.text(st.sampled_from(";\t|\n\r'=+-@a1"), max_size=12))
def test_escaping_is_undone_exactly(cell):
    written = escaped(cell)
    assert unescaped(written) == cell
    inside = re.split(r"[;\t|\r\n]", written)[1:]
    assert not any(part[:1] in {"=", "+", "-", "@"} for part in inside)


@given(st.dictionaries(text, values, max_size=4))
def test_typed_values_are_read_as_the_audit_reads_them(row):
    item = wire.to_wire(row)
    assert {name: wire.plain_from_wire(value) for name, value in item.items()} == wire.plain(wire.from_wire(item))


def test_an_event_in_a_json_line_matches_its_digest():
    result = RecordedChange(
        "acme", "+14155550100", "7".zfill(40), EventType.LISTED, "2026-11-01T00:00:00.000Z",
        {"principal": "key:a", "acting_user": "ü"}, None, None, {**ROW, "sources": ["sms", "web"]}, "r",
    )  # fmt: skip
    row = audit.event(result, audit.Head(), NOW)
    event = json.loads(lines(ExportKind.AUDIT, ExportFormat.JSONL, row))
    assert event["digest"] == audit.digest(event)
    cells = read(lines(ExportKind.AUDIT, ExportFormat.CSV, row))
    assert tuple(cells) == AUDIT_COLUMNS
    assert (cells["principal"], cells["acting_user"], cells["index"]) == ("key:a", "ü", "1")
    assert json.loads(cells["after"])["number"] == "+14155550100"


def test_equal_rows_make_equal_bytes_and_other_rows_another_name():
    def file(*rows):
        out = ExportFile("head\r\n")
        for row in rows:
            out.add(row)
        return out.finish("numbers-00001", "csv")

    (one, body), (again, same), (other, _) = file("a\r\n", "b\r\n"), file("a\r\n", "b\r\n"), file("a\r\n")
    assert (one, body) == (again, same)
    assert other.name != one.name
    assert gzip.decompress(body) == b"head\r\na\r\nb\r\n"
    assert (one.rows, one.bytes, one.sha256) == (2, len(body), hashlib.sha256(body).hexdigest())


def test_a_file_is_limited_in_rows_and_bytes():
    out = ExportFile("", max_rows=2)
    out.add("a\n")
    assert not out.full
    out.add("b\n")
    assert out.full
    out = ExportFile("", max_bytes=100_000)
    while not out.full:
        out.add("x" * 999 + "\n")
    assert 100 <= out.rows <= 101
