"""From bytes to rows: encodings, separators, quotes across lines, and files that are not lists."""

import csv
import gzip
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnc.bulk.uploads.errors import FileRefused
from dnc.bulk.uploads.parse import LONGEST_LINE, Rows, encoding_of, text_of
from dnc.bulk.uploads.source import Limits, open_files

LIMITS = Limits(free=1024**2, ratio=20, files=20)


class Chunks(io.RawIOBase):
    """Returns bytes in pieces of these sizes in turn, as a network does."""

    def __init__(self, data, sizes=(1 << 20,)):
        self.data, self.at, self.sizes, self.turn = data, 0, sizes, 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self.at

    def seek(self, offset, whence=0):
        self.at = offset + (0, self.at, len(self.data))[whence]
        return self.at

    def readinto(self, buffer):
        size = self.sizes[self.turn % len(self.sizes)]
        self.turn += 1
        part = self.data[self.at : self.at + min(size, len(buffer))]
        buffer[: len(part)] = part
        self.at += len(part)
        return len(part)


def files_of(data, sizes=(1 << 20,), limits=LIMITS):
    found = []
    for name, opened in open_files(Chunks(data, sizes), len(data), "list.csv", limits):
        found.append((name, [(r.line, r.cells, r.problem) for r in Rows(text_of(opened))]))
    return found


def rows_of(data, sizes=(1 << 20,)):
    [(_, rows)] = files_of(data, sizes)
    return rows


def cells_of(data):
    return [cells for _, cells, _ in rows_of(data)]


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


LETTER = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\r\t\x0b\x85\u2028\"',;|")
CELL = st.text(LETTER, max_size=12)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(CELL, min_size=3, max_size=3).filter(any), min_size=1, max_size=12),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
)
def test_any_split_of_the_bytes_yields_the_same_rows(rows, separator, end, sizes, encoding):
    if encoding == "utf-16-le":  # without a byte order mark, it is recognized only if nearly all of it is ASCII
        rows = [[cell.encode("ascii", "ignore").decode() for cell in row] for row in rows]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *rows])
    data = out.getvalue().encode(encoding)
    whole = rows_of(data)
    assert rows_of(data, sizes) == whole
    assert [cells for _, cells, _ in whole][1:] == rows


@pytest.mark.parametrize(
    ("data", "cells"),
    [
        (b"4155550100\n4155550101\n", [["4155550100"], ["4155550101"]]),
        (b"4155550100\r4155550101", [["4155550100"], ["4155550101"]]),
        (b"415,5550100\r\n212,5550101\r\n", [["415", "5550100"], ["212", "5550101"]]),
        (b"\xef\xbb\xbfphone;name\n4155550100;Jos\xc3\xa9\n", [["phone", "name"], ["4155550100", "José"]]),
        (b"phone;name\n4155550100;Jos\xe9\n", [["phone", "name"], ["4155550100", "José"]]),
        (b"phone;name\n1;Jos\xe9\n2;Jos\xc3\xa9\n", [["phone", "name"], ["1", "José"], ["2", "José"]]),
        ("phone\tname\n1\tÅ\n".encode("utf-16"), [["phone", "name"], ["1", "Å"]]),
        ("phone,name\n1,x\n".encode("utf-16-be"), [["phone", "name"], ["1", "x"]]),
        (b'phone,note\n1,"a\nb"\n2,c\n', [["phone", "note"], ["1", "a\nb"], ["2", "c"]]),
        (b'phone,note\n1,"a ""b"" c"\n', [["phone", "note"], ["1", 'a "b" c']]),
        (b"phone|note\n\n1|x\n \n2|y\n\x1a", [["phone", "note"], ["1", "x"], ["2", "y"]]),
        (b'"4155550100"\n"4155550101"\n', [["4155550100"], ["4155550101"]]),
    ],
)
def test_a_file_is_read_as_intended(data, cells):
    assert cells_of(data) == cells
    assert cells_of(gzip.compress(data)) == cells
    assert files_of(zipped({"x.csv": data})) == [("x.csv", rows_of(data))]


def test_lines_are_counted_as_an_editor_counts_them():
    data = b'number,note\n1,"a\r\nb\nc"\n\n2,x\r3,y\n'
    assert [(line, cells[0]) for line, cells, _ in rows_of(data)] == [(1, "number"), (2, "1"), (6, "2"), (7, "3")]


def test_an_unclosed_quote_affects_no_other_row():
    rows = b"".join(b"415555%04d,x\n" % i for i in range(300))
    data = b"number,note\n" + b'1,"never ends\n' + rows
    found = rows_of(data)
    assert len(found) == 302
    assert found[1][:2] == (2, ["1", "never ends"])
    assert found[2] == (3, ["4155550000", "x"], None)
    assert found[-1] == (302, ["4155550299", "x"], None)


def test_a_field_that_is_too_long_is_reported_and_affects_no_other_row():
    data = b"number,note\n1,a\n2," + b"x" * 10_000_000 + b"\n3,c\n"
    found = rows_of(data)
    assert [(line, bool(problem)) for line, _, problem in found] == [(1, False), (2, False), (3, True), (4, False)]
    assert found[3][1] == ["3", "c"]


def test_nul_bytes_and_half_a_surrogate_pair_affect_only_their_row():
    assert cells_of(b"number\n41555\x0050100\n4155550101\n")[1:] == [["41555\x0050100"], ["4155550101"]]
    half = "number\n4155550100\n".encode("utf-16") + b"\x3d\xd8" + "\n4155550101\n".encode("utf-16-le") + b"\x41"
    assert [c[0] for c in cells_of(half)] == ["number", "4155550100", "�", "4155550101", "�"]


class Endless(io.RawIOBase):
    """Two gigabytes of one digit, without a line break."""

    def __init__(self):
        self.left = 2 * 1024**3
        self.read_so_far = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        size = min(len(buffer), self.left)
        buffer[:size] = b"4" * size
        self.left -= size
        self.read_so_far += size
        return size


def test_two_gigabytes_without_a_line_break_are_refused_early():
    endless = Endless()
    [(_, opened)] = open_files(endless, 2 * 1024**3, "x", LIMITS)
    with pytest.raises(FileRefused, match="no line break"):
        Rows(text_of(opened))
    assert endless.read_so_far < 40 * 1024**2


class Blank(Endless):
    def readinto(self, buffer):
        size = super().readinto(buffer)
        buffer[:size] = b"\n" * size
        return size


@pytest.mark.parametrize("packed", [False, True])
def test_blank_lines_take_their_part_of_the_time(packed):
    asked = []

    def still_time():
        asked.append(1)
        return len(asked) < 10

    stream = io.BytesIO(gzip.compress(b"\n" * 2_000_000)) if packed else Blank()
    [(_, opened)] = open_files(stream, 5 * 1024**3, "x", LIMITS)
    with pytest.raises(FileRefused, match="too long to read"):
        list(Rows(text_of(opened), still_time))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "PNG"),
        (bytes(range(32)) * 100, "not text"),
        (zipped({}), "no file"),
        (zipped({"a.zip": zipped({"x": b"1"})}), "another archive"),
        (zipped({"a.csv": zipped({"x": b"1"})}), "another archive"),
        (gzip.compress(gzip.compress(b"1")), "another archive"),
        (zipped({"bomb.csv": b"0" * 50_000_000}), "far more"),
        (gzip.compress(b"4155550100\n" * 5_000_000), "far more"),
        (zipped({"[Content_Types].xml": b"<x/>", "xl/sheet.xml": b"<x/>"}), "cannot be read"),
        (zipped({f"{i}.csv": b"1" for i in range(30)}), "more than 20 files"),
        (zipped({"x.csv": b"415\n" * 1000})[:-40], "damaged"),
        (gzip.compress(b"415\n" * 1000, 0)[:-400], "damaged"),
        (b"<?xml version='1.0'?><list/>", "XML"),
        (b"%PDF-1.7", "PDF"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_not_a_list_is_refused_with_the_reason(data, words):
    with pytest.raises(FileRefused, match=words):
        files_of(data)


def test_a_zip_with_damage_in_the_middle_is_refused():
    data = bytearray(zipped({"x.csv": b"".join(b"415555%04d\n" % i for i in range(5000))}))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(FileRefused, match="damaged"):
        files_of(bytes(data))


def test_each_file_of_a_zip_is_read_separately():
    found = files_of(
        zipped({"415.txt": b"415,5550100\n", "212.txt": b"212,5550101\n", "__MACOSX/x": b"\0\0", "e": b""})
    )
    assert [name for name, _ in found] == ["415.txt", "212.txt"]


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xef\xbb\xbfx", "utf-8-sig"),
        ("x".encode("utf-16"), "utf-16"),
        ("x".encode("utf-32"), "utf-32"),
        (b"x", "utf-8"),
        ("4155550100\n".encode("utf-16-le"), "utf-16-le"),
    ],
)
def test_an_encoding_is_recognized(head, name):
    assert encoding_of(head) == name


def test_a_line_of_the_longest_length_is_read():
    longest = b"1" * (LONGEST_LINE - 1)
    assert rows_of(longest + b"\n2\n") == [(1, [longest.decode()], None), (2, ["2"], None)]
