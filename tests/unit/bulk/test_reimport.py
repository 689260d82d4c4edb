"""An export is brought back by an import: what was listed as it was, and nothing that was not."""

import io

from dnc import times
from dnc.aws import wire
from dnc.bulk.exports import format as export_rows
from dnc.bulk.imports.plan import _tell
from dnc.bulk.imports.request import ImportOptions, read, says_not_listed
from dnc.bulk.uploads.columns import columns_of
from dnc.bulk.uploads.parse import Row, Rows
from dnc.entries.entry import Source


def test_an_export_of_this_service_brings_back_what_was_listed_and_nothing_that_was_not():

    now = times.now()
    row = {
        "account_id": "acme", "number": "+14155550100", "status": "listed", "source": "sms", "sources": {"sms", "web"},
        "requested_at": "2026-11-01T00:00:00.000Z", "last_requested_at": "2026-11-02T00:00:00.000Z",
        "note": "=1+1", "seller": "Acme", "version": 7, "change": "requested_again",
    }  # fmt: skip
    rows = [row, {**row, "status": "removed"}, {**row, "expires_at": 1000, "source": "manual"}]
    write = export_rows.writer(export_rows.ExportKind.NUMBERS, export_rows.ExportFormat.CSV, now)
    header = export_rows.header(export_rows.ExportKind.NUMBERS, export_rows.ExportFormat.CSV)
    text = header + "".join(write(wire.to_wire(one)) for one in rows)
    read_rows = list(Rows(io.StringIO(text, newline="")))
    columns = columns_of([one.cells for one in read_rows])
    assert columns.exported
    told = [_told_as_planned(_tell(one, columns, False)) for one in read_rows[1:]]
    assert [says_not_listed(one) for one in told] == [False, True, True]
    meant, remarks = read(told[0], 0, ImportOptions("i", Source.IMPORT, times.text(now)))
    request = meant.request
    assert remarks == []
    assert (request.source, request.sources) == ("sms", {"sms", "web"})
    assert (request.requested_at, request.last_requested_at) == (row["requested_at"], row["last_requested_at"])
    assert (request.details["note"], request.details["seller"]) == ("=1+1", "Acme")


def test_a_status_in_another_file_keeps_no_number_from_the_list():

    columns = columns_of([["number", "status"], ["+14155550100", "removed"]])
    assert not columns.exported
    assert not says_not_listed(_told_as_planned(_tell(Row(2, ["+14155550100", "removed"], ""), columns, False)))


def _told_as_planned(told):
    line, written, fields, problem = told
    return [line, written, *([fields] if fields or problem else []), *([problem] if problem else [])]
