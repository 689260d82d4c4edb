"""An import reads an export back: listed numbers as they were, and no others, even through a spreadsheet."""

import json

import pytest

from dnc import times
from dnc.aws import wire
from dnc.bulk.exports.format import ExportFormat, ExportKind, header, writer
from dnc.bulk.files import JobFiles
from dnc.bulk.imports import plan as import_plan
from dnc.bulk.imports.pieces import piece_name
from dnc.bulk.imports.request import ImportOptions, read, says_not_listed
from dnc.bulk.jobs import JobKind
from dnc.bulk.uploads.columns import Choice
from dnc.bulk.uploads.reader import PLUS_LOST
from dnc.entries.entry import Source
from tests.support.memory_s3 import MemoryS3
from tests.unit.bulk.uploads.test_parse import Chunks

NOW = times.parse("2026-11-24T12:00:00Z")
ROW = {
    "account_id": "acme", "number": "+14155550100", "status": "listed", "source": "sms", "sources": {"sms", "web"},
    "requested_at": "2026-11-01T00:00:00.000Z", "last_requested_at": "2026-11-02T00:00:00.000Z",
    "note": "=1+1", "seller": "Acme", "version": 7, "change": "requested_again",
}  # fmt: skip

REMOVED = {
    **ROW, "status": "removed",
    "removal": {"reason": "legal_order", "removed_at": ROW["requested_at"], "removed_by": {"principal": "key:a"}},
}  # fmt: skip
EXPIRED = {**ROW, "expires_at": 1000, "source": "registry", "sources": {"registry"}}


def exported(*rows):
    write = writer(ExportKind.NUMBERS, ExportFormat.CSV, NOW)
    return header(ExportKind.NUMBERS, ExportFormat.CSV) + "".join(write(wire.to_wire(row)) for row in rows)


def planned(text):
    files = JobFiles(MemoryS3(), "bulk", "acme", JobKind.IMPORT, "i" * 26)
    data = text.encode()
    plan = import_plan.make(files, Chunks(data), len(data), "list.csv", Choice("US"))
    rows = [json.loads(line) for piece in plan.pieces for line in files.lines(piece_name(piece["piece"]))]
    return plan, sorted(rows)


def reading_of(row):
    return read(row, 0, ImportOptions("i", Source.IMPORT, times.text(NOW), "US"))


def test_an_export_restores_listed_numbers_as_they_were_and_no_others():
    text = exported(ROW, REMOVED, EXPIRED)
    _, rows = planned(text)
    assert [says_not_listed(row) for row in rows] == [False, True, True]
    reading = reading_of(rows[0])
    [request] = [one.request for one in reading.requests]
    assert reading.remarks == []
    assert (request.source, request.sources) == ("sms", {"sms", "web"})
    assert (request.requested_at, request.last_requested_at) == (ROW["requested_at"], ROW["last_requested_at"])
    assert (request.details["note"], request.details["seller"]) == ("=1+1", "Acme")


def test_an_export_says_since_when_its_numbers_were_listed():
    listed = {**ROW, "listed_at": "2026-11-03T00:00:00.000Z"}
    for more, expected in (
        ({}, "2026-11-03T00:00:00.000Z"),
        ({"listed_elsewhere_at": "2026-11-02T12:00:00.000Z"}, "2026-11-02T12:00:00.000Z"),
        ({"listed_elsewhere_at": ""}, "2026-11-03T00:00:00.000Z"),
    ):
        _, [row] = planned(exported({**listed, **more}))
        reading = reading_of(row)
        assert ([one.request.listed_elsewhere_at for one in reading.requests], reading.remarks) == ([expected], [])


@pytest.mark.parametrize("channels", [{"voice"}, {"text"}, {"text", "voice"}])
def test_an_export_brings_back_the_channels(channels):
    _, [row] = planned(exported({**ROW, **({"channels": channels} if len(channels) == 1 else {})}))
    reading = reading_of(row)
    assert ([one.request.channels for one in reading.requests], reading.remarks) == ([channels], [])


@pytest.mark.parametrize("number", ["+4792345678", "+14155550100", "+442079460958"])
def test_an_export_that_a_spreadsheet_saved_without_the_plus_is_read_as_e164(number):
    plan, [row] = planned(exported({**ROW, "number": number}).replace(number, number[1:]))
    assert [one.request.number for one in reading_of(row).requests] == [number]
    assert plan.notes == [PLUS_LOST]


def test_an_expiry_in_the_past_stays_past_in_an_export_and_the_row_is_reported():
    _, [row] = planned(exported({**ROW, "source": "registry", "expires_at": 1_795_000_000}))
    row[2]["expires_at"] = "2026-11-20T00:00:00.000Z"
    reading = reading_of(row)
    assert reading.requests == []
    assert [remark.why for remark in reading.remarks] == ["its expiry has passed: nothing to list"]


def test_a_column_named_status_in_another_file_keeps_no_number_off_the_list():
    _, [row] = planned("number,status\n+14155550100,removed\n")
    assert not says_not_listed(row)
    assert [one.request.number for one in reading_of(row).requests] == ["+14155550100"]
