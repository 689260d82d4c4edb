"""Files from dialers, CRMs, spreadsheets and address books: what an import lists, and what a scrub clears."""

import io
import zipfile

import pytest

from dnc.bulk.uploads.columns import ColumnsNeeded
from dnc.bulk.uploads.errors import FileRefused
from dnc.bulk.uploads.reader import TOO_MANY_CELLS
from dnc.entries.entry import Source
from tests.support.file_jobs import imported, scrubbed


def lists(text, region="US", **choice):
    """Return the numbers that an import of a text lists, by line."""
    found = imported(text.encode(), region, **choice)
    return {line: found.numbers(line) for line in sorted(found.requests)}


def test_a_country_column_is_read_by_imports_and_scrubs_alike():
    text = "Country,Phone\nGB,2079460940\nUK,2079460941\nUnited Kingdom,020 7946 0942\nGBR,2079460943\n44,2079460944\n"
    numbers = [f"+44207946094{i}" for i in range(5)]
    assert lists(text) == {i + 2: [number] for i, number in enumerate(numbers)}
    assert scrubbed(text.encode(), set(numbers)).clear == []
    assert len(scrubbed(text.encode(), set()).clear) == 5


def test_the_calling_code_of_a_dialer_is_read():
    text = "lead_id,phone_code,phone_number\n7,44,2079460970\n8,52,5512345678\n9,1,4155550132\n"
    assert lists(text) == {2: ["+442079460970"], 3: ["+525512345678"], 4: ["+14155550132"]}
    assert len(scrubbed(text.encode(), {"+442079460970", "+525512345678"}).clear) == 1


def test_an_unknown_country_makes_the_row_invalid():
    text = "country,phone\nNarnia,4155550100\nUS,4155550101\n"
    found = imported(text.encode())
    assert (found.numbers(2), found.numbers(3)) == ([], ["+14155550101"])
    assert found.remarks[2][0].why == "its country is not known"
    assert [scrubbed(text.encode(), set()).is_clear(i) for i in range(2)] == [False, True]


@pytest.mark.parametrize(
    ("header", "phones"),
    [
        ("name,phone,alt_phone", [1, 2]),
        ("First Name,Phone 1,Phone 1 DNC,Phone 2,Phone 2 DNC,Phone 3", [1, 3, 5]),
        ("Name,Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value", [2, 4]),
        ("First Name,Home Phone,Business Phone,Mobile Phone", [1, 2, 3]),
        ("number1,number2,number3,first_name", [0, 1, 2]),
        ("call_date,did,phone_number", [2]),
        ("agent_name,caller_number,phone_number", [2]),
        ("id,caller_id,Phone,ANI", [2]),
        ("Name;Telefonnummer;Handy", [1, 2]),
        ("Nom;Téléphone;Portable", [1, 2]),
        ("Nombre;Teléfono;Móvil", [1, 2]),
        ("Nome;Telefono;Cellulare", [1, 2]),
        ("Nome;Telefone;Telemóvel;Celular", [1, 2, 3]),
        ("Naam;Telefoonnummer;Mobiel", [1, 2]),
        ("Navn;Telefon;Mobilnummer", [1, 2]),
        ("Namn;Tfn;Mobiltelefon", [1, 2]),
        ("LastName,Phone,HomePhone,OtherPhone,AssistantPhone", [1, 2, 3, 4]),
        ("Phone Number,Mobile Phone Number,Email,Lead Status", [0, 1]),
        ("Owner Name,Phone 1,Phone 1 TYPE,Cell 2,Landline", [1, 3, 4]),
    ],
)
def test_every_column_of_phones_is_read_and_no_other(header, phones):
    separator = ";" if ";" in header else ","
    names = header.split(separator)
    cells = ["text"] * len(names)
    for place, name in enumerate(names):
        if place in phones or name in {"did", "caller_number", "caller_id", "ANI"}:
            cells[place] = f"415555{100 + place:04}"
    row = separator.join(cells)
    listed = [f"+1415555{100 + place:04}" for place in phones]
    assert lists(f"{header}\n{row}\n") == {2: listed}
    for number in listed:
        assert scrubbed(f"{header}\n{row}\n".encode(), {number}).clear == []


def test_a_flag_column_named_like_a_phone_has_no_numbers():
    text = "Name,Mobile,Phone,DNC,Number\nAnn,Yes,4155550100,Y,12\nBob,No,4155550101,N,7\n"
    assert lists(text) == {2: ["+14155550100"], 3: ["+14155550101"]}
    assert len(scrubbed(text.encode(), set()).clear) == 2


def test_a_scrub_names_the_column_that_was_listed():
    text = b"name,phone,alt_phone\nAnn,4155550176,2125550177\nBob,4155550178,\nCid,4155550179,n/a\n"
    found = scrubbed(text, {"+12125550177"})
    assert found.blocked == ["Ann,4155550176,2125550177,listed: alt_phone"]
    assert found.clear == ["Bob,4155550178,,clear", "Cid,4155550179,n/a,clear"]


def test_a_number_that_cannot_be_read_makes_a_row_invalid():
    found = scrubbed(b"phone,alt_phone\n4155550176,415555\n", set())
    assert found.blocked == ["4155550176,415555,invalid: alt_phone"]


@pytest.mark.parametrize(
    ("row", "listed", "clear"),
    [
        ("Ann,4155550100,2125550101", {"+12125550101"}, "Ann,4155550100,,clear"),
        ("Ann,4155550100,2125550101", {"+14155550100"}, "Ann,,2125550101,clear"),
        ("+1 212 555 0101,4155550100,2125550101", {"+12125550101"}, ",4155550100,,clear"),
        ('"Doe, J",4155550100,"(212) 555-0101"', {"+12125550101"}, '"Doe, J",4155550100,,clear'),
        ("Ann,4155550100; 2125550101,", {"+12125550101"}, "Ann,4155550100,,clear"),
    ],
)
def test_by_cell_only_the_blocked_numbers_of_a_row_are_dropped(row, listed, clear):
    found = scrubbed(f"name,phone,alt_phone\n{row}\n".encode(), listed, by="cell")
    assert found.clear == [clear]
    assert [line.rpartition(",")[0] for line in found.blocked] == [row]
    assert found.outcome.counts["rows"] == 1


def test_by_cell_both_parts_of_a_pair_are_emptied():
    text = b"name,area_code,phone,mobile_phone\nAnn,415,5550100,2125550101\n"
    found = scrubbed(text, {"+14155550100"}, by="cell")
    assert found.clear == ["Ann,,,2125550101,clear"]
    assert found.outcome.counts["cells_emptied"] == 2


def test_by_cell_a_row_without_a_clear_number_is_only_blocked():
    found = scrubbed(b"phone,alt_phone\n4155550100,2125550101\n", {"+14155550100", "+12125550101"}, by="cell")
    assert (found.clear, len(found.blocked)) == ([], 1)


@pytest.mark.parametrize(
    "text",
    [
        "Customer Ref,Caller Line,Outcome\n" + "".join(f"21255501{i:02},41555501{i:02},DNC\n" for i in range(10)),
        "".join(f"21255501{i:02},x,41555501{i:02}\n" for i in range(5)),
        "Call,ANI,DNIS\n" + "".join(f"c{i},41555501{i:02},21255501{i:02}\n" for i in range(5)),
    ],
)
def test_if_two_columns_qualify_the_client_must_choose_before_anything_is_written(text):
    for run in (lambda: imported(text.encode()), lambda: scrubbed(text.encode(), set())):
        with pytest.raises(ColumnsNeeded) as needed:
            run()
        assert len(needed.value.candidates) == 2
        assert all(len(candidate["samples"]) == 3 for candidate in needed.value.candidates)
    chosen = needed.value.candidates[1]["column"]
    assert all(len(numbers) == 1 for numbers in lists(text, columns=(chosen,)).values())


def test_dates_and_ids_beside_the_phone_are_not_numbers():
    rows = "".join(f"1{i}.11.2026;4711{i:04};030 12340{i}\n" for i in range(9))
    assert lists(f"Datum;Kundennr;Rufnummer\n{rows}", "DE") == {i + 2: [f"+493012340{i}"] for i in range(9)}
    rows = "".join(f"2026112{i},x{i},415555010{i}\n" for i in range(9))
    assert lists(f"made,who,contact no\n{rows}") == {i + 2: [f"+1415555010{i}"] for i in range(9)}


def test_a_row_with_more_cells_than_the_header_is_invalid():
    rows = "".join(f"Doe Jane,8005550100,41555501{i:02}\n" for i in range(12))
    text = f"agent_name,caller_number,phone_number\n{rows}Doe, Jane,8005550100,4155550199\n"
    found = imported(text.encode())
    assert found.numbers(14) == []
    assert [remark.why for remark in found.remarks[14]] == [TOO_MANY_CELLS]
    assert not scrubbed(text.encode(), set()).is_clear(12)
    assert lists("phone,name\n4155550100,Ann,,\n") == {2: ["+14155550100"]}, (
        "empty cells at the end do not shift columns"
    )


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("4155550132,4155550133,4155550134", {1: ["+14155550132", "+14155550133", "+14155550134"]}),
        ("4155550132;4155550133", {1: ["+14155550132", "+14155550133"]}),
        ('phone\n"4155550132, 4155550133"\n', {2: ["+14155550132", "+14155550133"]}),
        ("phone\n4155550132 / 4155550133\n", {2: ["+14155550132", "+14155550133"]}),
        ("phone\n+1 415-555-0132 ::: +1 415-555-0133\n", {2: ["+14155550132", "+14155550133"]}),
        ("phone\n4155550132 or 4155550133\n", {2: ["+14155550132", "+14155550133"]}),
        ("phone\nhome: 4155550132; cell: 4155550133\n", {2: ["+14155550132", "+14155550133"]}),
        ("phone\n4155550132 4155550133\n", {2: ["+14155550132", "+14155550133"]}),
    ],
)
def test_several_numbers_on_a_line_or_in_a_cell_are_all_read(text, numbers):
    assert lists(text) == numbers
    for number in next(iter(numbers.values())):
        assert scrubbed(text.encode(), {number}).clear == []


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\nname;phone\nAnn;4155550100\n",
        'name, phone\n"Doe, J", "415-555-0100"\n',
        'name,phone\nAnn,="4155550100"\n',
        'name,phone\nAnn,"=""4155550100"""\n',
        "name,phone\nAnn,'4155550100\n",
        "Spring campaign\nExported 2026-11-20 10:00\n\nName,Phone\nAnn,4155550100\n",
        "\ufeffname,phone\r\r\nAnn,415\u2013555\u20130100\r\r\n",
        "name\tphone\nAnn\t(415) 555-0100\n",
    ],
)
def test_the_artifacts_of_spreadsheets_are_tolerated(text):
    found = imported(text.encode())
    assert found.listed == {"+14155550100"}
    assert scrubbed(text.encode(), {"+14155550100"}).clear == []
    assert len(scrubbed(text.encode(), set()).clear) == 1


def test_a_first_row_of_data_is_not_treated_as_a_header():
    rows = "".join(f"Bob,41555501{i:02},Austin\n" for i in range(9))
    found = scrubbed(f"Ann,n/a,Springfield\n{rows}".encode(), set())
    assert (len(found.leads), found.plan.header) == (10, "")


def test_area_codes_go_with_numbers_of_any_length():
    assert lists("Vorwahl;Rufnummer\n030;123400\n089;1234567\n30;12340012\n", "DE") == {
        2: ["+4930123400"],
        3: ["+49891234567"],
        4: ["+493012340012"],
    }
    text = b"415,5550132\n212,5550133\n"
    assert lists(text.decode()) == {1: ["+14155550132"], 2: ["+12125550133"]}
    found = scrubbed(text, {"+14155550132"})
    assert [found.is_clear(row) for row in range(2)] == [False, True]


def test_every_remark_on_a_number_is_reported():
    text = "phone\n+48 (0) 22 123 45 88\n4155550155; 2125550155\n415-555-0156 x12\n4155550157\n"
    found = imported(text.encode())
    assert [bool(found.remarks[line]) for line in range(2, 6)] == [True, True, True, False]


def test_rows_from_another_country_have_remarks():
    found = imported(b"phone\n4155550132\n2125550133\n3105550134\n", "GB")
    assert all(found.remarks[line] or not found.requests[line] for line in range(2, 5))


def test_a_change_file_is_recognized_by_its_layout_not_by_a_letter():
    text = "first,mi,last,phone\nAnn,K,Doe,4155550132\nBob,D,Roe,4155550133\n"
    found = imported(text.encode(), source=Source.REGISTRY, registry=True)
    assert found.listed == {"+14155550132", "+14155550133"}
    assert len(scrubbed(b"phone,line_type\n4155550132,R\n4155550133,I\n", set()).clear) == 2
    assert len(scrubbed(b"415,5550100,A\n415,5550101,D\n", set()).leads) == 2, "a campaign is never a change file"


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


HTML = b"<html><body><table><tr><td>4155550132</td></tr></table></body></html>"
REFUSED = [
    (HTML, "web page"),
    (b"\xef\xbb\xbf<?xml version='1.0'?><r/>", "XML"),
    (b"%PDF-1.7\n", "PDF"),
    (b"BEGIN:VCARD\nTEL:4155550132\nEND:VCARD\n", "vCards"),
    (b'[{"phone": "4155550132"}]', "JSON"),
    (b'{"phone": "4155550132"}\n{"phone": "4155550133"}\n', "JSON"),
    (b"-- MySQL dump\nINSERT INTO `leads` VALUES (1,'4155550132');\n", "SQL"),
    (b"CREATE TABLE leads (phone text);\n", "SQL"),
    (zipped({"Index/Document.iwa": b"x"}), "Apple Numbers"),
    (zipped({"word/document.xml": b"x", "[Content_Types].xml": b"x"}), "Word"),
]


@pytest.mark.parametrize(("data", "words"), REFUSED)
def test_unsupported_kinds_of_files_are_refused_by_name_with_advice(data, words):
    for packed, name in ((data, "list.csv"), (zipped({"leads.dat": data}), "leads.dat")):
        with pytest.raises(FileRefused, match=words) as refused:
            imported(packed)
        assert name in str(refused.value)


def test_files_of_the_operating_system_in_a_zip_are_skipped():
    system_files = {
        "__MACOSX/._a.csv": b"\0",
        ".DS_Store": b"\0",
        "lists/.hidden.csv": b"\0",
        "lists/a.csv": b"4155550132\n",
    }
    assert imported(zipped(system_files)).listed == {"+14155550132"}


def test_a_form_with_two_readings_lists_both_and_a_scrub_looks_both_up():
    text = b"phone\n4915123456789\n"
    found = imported(text, "DE")
    requests = [one.request for one in found.requests[2]]
    assert len(requests) == 2
    assert (requests[0].also_listed, requests[0].reading_of) == ((requests[1].number,), None)
    assert (requests[1].also_listed, requests[1].reading_of) == ((), requests[0].number)
    assert found.remarks[2]
    for request in requests:
        assert scrubbed(text, {request.number}, "DE").clear == []
    assert len(scrubbed(text, set(), "DE").clear) == 1


def test_a_number_that_is_also_written_for_itself_is_no_reading_of_another():
    both = imported(b"phone\n4915123456789\n", "DE").requests[2]
    other = both[1].request.number
    for line in (f"4915123456789,{other}", f"{other},4915123456789"):
        requests = [one.request for one in imported(f"phone,mobile phone\n{line}\n".encode(), "DE").requests[2]]
        assert {request.number: request.reading_of for request in requests} == {
            both[0].request.number: None,
            other: None,
        }


def test_a_phone_that_is_listed_under_an_older_form_is_never_clear():
    for older, written in (("+552188765432", "+55 21 98876-5432"), ("+841201234567", "+84 70 123 4567")):
        assert scrubbed(f"phone\n{written}\n".encode(), {older}).clear == []
        assert scrubbed(f"name,phone,mobile phone\nAnn,,{written}\n".encode(), {older}).clear == []
