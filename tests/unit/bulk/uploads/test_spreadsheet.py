"""Spreadsheets: the first sheet with numbers as CSV, and limits on everything that a workbook can demand."""

import gzip
import io
import zipfile
from datetime import date, datetime, time

import pytest

from dnc.bulk.uploads import spreadsheet
from dnc.bulk.uploads.errors import FileRefused
from dnc.bulk.uploads.reader import ZEROS_LOST
from tests.support.file_jobs import imported, scrubbed

_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="xl/workbook.xml" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>'
)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TO = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def column_of(place):
    return chr(ord("A") + place)


def sheet_xml(rows, first_row=1):
    lines = []
    for number, row in enumerate(rows, start=first_row):
        cells = []
        for place, value in enumerate(row):
            reference = f"{column_of(place)}{number}"
            if isinstance(value, str) and value:
                cells.append(f'<c r="{reference}" t="inlineStr"><is><t>{value}</t></is></c>')
            elif value != "":
                cells.append(f'<c r="{reference}"><v>{value}</v></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return f'<?xml version="1.0"?><worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def workbook(sheets, extra=None):
    """Return the bytes of an .xlsx workbook. `sheets`: rows by name, or XML."""
    names = "".join(f'<sheet name="{name}" sheetId="{i}" r:id="rId{i}"/>' for i, name in enumerate(sheets, start=1))
    relations = "".join(
        f'<Relationship Id="rId{i}" Type="{_TO}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, len(sheets) + 1)
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        archive.writestr(
            "xl/workbook.xml",
            f'<?xml version="1.0"?><workbook xmlns="{_MAIN}" xmlns:r="{_TO}"><sheets>{names}</sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f"{relations}</Relationships>",
        )
        for i, rows in enumerate(sheets.values(), start=1):
            archive.writestr(f"xl/worksheets/sheet{i}.xml", rows if isinstance(rows, str) else sheet_xml(rows))
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return out.getvalue()


ROWS = [["Name", "Phone", "Mobile"], ["Ann", 4155550100, "(212) 555-0101"], ["", "", ""], ["Bob", "415-555-0102", ""]]


def ods(rows):
    def cell(value):
        kind = "string" if isinstance(value, str) else "float"
        number = "" if isinstance(value, str) else f' office:value="{value}"'
        return f'<table:table-cell office:value-type="{kind}"{number}><text:p>{value}</text:p></table:table-cell>'

    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0"?><office:document-content {spaces}><office:body><office:spreadsheet>'
            f'<table:table table:name="a">{body}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return out.getvalue()


def packed(data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("march.xlsx", data)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [workbook({"a": ROWS}), packed(workbook({"a": ROWS})), gzip.compress(workbook({"a": ROWS})), ods(ROWS)],
    ids=["xlsx", "xlsx in a zip", "xlsx in gzip", "ods"],
)
def test_a_workbook_is_read_row_by_row(data):
    found = imported(data)
    assert {line: found.numbers(line) for line in found.requests} == {
        2: ["+14155550100", "+12125550101"],
        4: ["+14155550102"],
    }
    assert scrubbed(data, {"+12125550101"}).blocked == ["Ann,4155550100,(212) 555-0101,listed: Mobile"]


def test_the_first_sheet_with_numbers_is_read_and_lines_are_its_rows():
    lower = sheet_xml([["phone"], [4155550100]], first_row=4)
    found = imported(workbook({"Cover": [["Spring campaign"], ["by", "Ann"]], "Leads": lower, "Old": [[2125550101]]}))
    assert {line: found.numbers(line) for line in found.requests} == {5: ["+14155550100"]}


def test_a_leading_zero_that_a_spreadsheet_may_have_dropped_is_a_remark():
    data = workbook({"a": [["Telefon"], [30123400], ["030 123401"]]})
    found = imported(data, "DE")
    assert found.listed == {"+4930123400", "+4930123401"}
    assert [remark.why for remark in found.remarks[2]] == [ZEROS_LOST]
    assert not found.remarks[3]
    assert not imported(workbook({"a": [["Phone"], [4155550100]]})).remarks[2], "no American number begins with 0"


def test_values_are_read_without_their_formats():
    values = ["x", True, 4155550100.0, 1.5, 7, date(2026, 11, 1), datetime(2026, 11, 1), datetime(2026, 11, 1, 9), None]
    texts = ["x", "TRUE", "4155550100", "1.5", "7", "2026-11-01", "2026-11-01", "2026-11-01 09:00:00", ""]
    assert [spreadsheet.text_of(value) for value in values] == texts
    assert spreadsheet.text_of(time(9, 30)) == "09:30:00"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (workbook({"a": ROWS})[:-200], "damaged"),
        (workbook({"a": "<worksheet"}), "cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "cannot be read"),
        (workbook({"a": ROWS}, {"xl/media/bomb": bytes(600 * 1024**2)}), "expands to more than 500 MB"),
        (
            workbook({"a": f'<worksheet xmlns="{_MAIN}"><sheetData><row r="1"><c r="A1"><v>4155550100</v></c></row>'
                           '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'}),
            "cannot be read",
        ),
    ],
    ids=["cut off", "broken XML", "not a workbook", "zip bomb", "a sheet of billions of cells"],
)  # fmt: skip
def test_an_unreadable_workbook_is_refused_with_advice(data, words):
    with pytest.raises(FileRefused, match=words):
        imported(data)


def test_a_workbook_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(spreadsheet, "MAX_BYTES", 1000)
    with pytest.raises(FileRefused, match="larger than"):
        imported(workbook({"a": ROWS}))


def test_a_workbook_with_too_much_text_is_refused(monkeypatch):
    monkeypatch.setattr(spreadsheet, "MAX_CSV", 10)
    with pytest.raises(FileRefused, match="expands to more than"):
        imported(workbook({"a": ROWS}))


def test_a_conversion_leaves_no_process_and_no_file_behind(monkeypatch):
    opened = spreadsheet.as_csv(io.BytesIO(workbook({"a": ROWS})))
    raw = opened.raw
    opened.close()
    assert raw._process.returncode is not None
    assert not spreadsheet.Path(raw._path).exists()
