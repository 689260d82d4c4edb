"""Turns bytes into rows: encodings, separators, and quoted fields that span lines. Streams in bounded memory.

A row has its exact text and the number of its first line (from 1). A problem with a row is returned with that row.
"""

import codecs
import csv
import io
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from dnc.bulk.uploads.errors import FileRefused
from dnc.bulk.uploads.headers import Meaning, meaning_of

HEAD = 64 * 1024
"""How many bytes from the start decide what kind of file it is."""
LONGEST_LINE = 64 * 1024
LONGEST_ROW_LINES = 100
_LINES_BETWEEN_CHECKS = 10_000
MAX_WITHOUT_BREAK = 16 * 1024**2
"""A file with a longer line than this (characters) is not a list of numbers."""
SEPARATORS = ("\t", ";", ",", "|")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c\x1a\x1b"))
_END_OF_DOS_FILE = "\x1a"
_SEPARATOR_LINE = re.compile(r'[\ufeff]?"?sep=(.)"?', re.IGNORECASE)
MAX_TITLES, _LONGEST_HEADER = 15, 20
"""Up to this many lines above a table may be titles."""
csv.field_size_limit(LONGEST_LINE * 2)


class Row(NamedTuple):
    """One row. `problem`: why it cannot be read, or None."""

    line: int
    cells: list[str]
    text: str
    problem: str | None = None


def encoding_of(head: bytes) -> str:
    """Return the encoding of a file, judged by its first bytes. Raises FileRefused if it is not text.

    In a file without a byte order mark, cells that are not valid UTF-8 are decoded one by one (`repaired`).
    """
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    even, odd = head[0::2], head[1::2]
    if len(odd) >= 4:
        if odd.count(0) > 0.7 * len(odd) and even.count(0) < 0.05 * len(even):
            return "utf-16-le"
        if even.count(0) > 0.7 * len(even) and odd.count(0) < 0.05 * len(odd):
            return "utf-16-be"
    controls = sum(head.count(bytes((c,))) for c in _CONTROLS)
    if controls > 0.1 * len(head) and len(head) > 64:
        raise FileRefused("This is not text. Save the numbers as CSV, and upload that.")
    return "utf-8"


class Converted(io.RawIOBase):
    """The base class of streams that were converted to CSV, whose cells have lost their formats."""


def is_converted(opened: io.BufferedReader) -> bool:
    """Return whether a file was converted to CSV."""
    return isinstance(opened.raw, Converted)


def text_of(opened: io.BufferedReader) -> io.TextIOWrapper:
    """Return a file's text with its line ends. Bytes that cannot be decoded are no error."""
    encoding = encoding_of(opened.peek(HEAD)[:HEAD])
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    return io.TextIOWrapper(opened, encoding, errors=errors, newline="")


def repaired(text: str) -> str:
    """Decode a cell that is not valid UTF-8 as Windows-1252."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogateescape") if _only_escapes(text) else text.encode("utf-8", "replace")
        try:
            return raw.decode("cp1252")
        except UnicodeDecodeError:
            return raw.decode("latin-1")
    return text


def separator_of(lines: list[str]) -> str | None:
    """Return the separator that splits most lines of a sample into the same number of cells, or None.

    Title lines above the table, which have one cell, do not count.
    """
    sample = [line for line in lines if line.strip()][:100]
    best, best_score = None, (0.0, 0, 0)
    for separator in SEPARATORS:
        widths = [len(row) for row in csv.reader(sample, delimiter=separator) if row]
        titles = next((i for i, width in enumerate(widths) if width > 1 or _is_header(sample[i])), len(widths))
        table = widths[titles if titles <= MAX_TITLES else 0 :]
        if not table:
            continue
        width, count = Counter(table).most_common(1)[0]
        score = (round(count / len(table), 1), len(table), width)
        if width > 1 and count >= 0.7 * len(table) and score > best_score:
            best, best_score = separator, score
    return best or _separator_of_header(sample)


def _separator_of_header(sample: list[str]) -> str | None:
    """Return the separator of the first line that names a phone column, or None, if the rows are too ragged to tell."""
    for line in sample[:MAX_TITLES]:
        for separator in SEPARATORS:
            cells = line.strip().split(separator)
            if len(cells) > 1 and any(meaning_of(cell) is Meaning.PHONE for cell in cells):
                return separator
    return None


def _is_header(line: str) -> bool:
    """Return whether a line is the header of a file with one column."""
    text = line.strip().strip('"')
    return len(text) <= _LONGEST_HEADER and meaning_of(text) in {Meaning.PHONE, Meaning.MAYBE_PHONE}


def raw_cells(text: str, separator: str | None) -> list[str]:
    """Return the cells of a row with their quotes and spaces. Joined, they are the row's text."""
    if separator is None:
        return [text]
    if '"' not in text:
        return text.split(separator)
    cells, start, quoted, fresh = [], 0, False, True
    for at, character in enumerate(text):
        if character == '"' and (quoted or fresh):
            quoted, fresh = not quoted, quoted
        elif character == separator and not quoted:
            cells.append(text[start:at])
            start, fresh = at + 1, True
        elif character != " " and not quoted:
            fresh = False
    return [*cells, text[start:]]


def quoted(cell: str, separator: str | None) -> str:
    """Return a cell's text for a row, in quotes if necessary."""
    if '"' in cell or "\n" in cell or "\r" in cell or (separator and separator in cell):
        doubled = cell.replace('"', '""')
        return f'"{doubled}"'
    return cell


class Rows:
    """The rows of a text. `separator` None: each row is one cell."""

    def __init__(self, text: io.TextIOBase, still_time: Callable[[], bool] = lambda: True) -> None:
        """Read a sample to find the separator. The sample's rows are yielded like all others.

        `still_time`: returns whether there is time to continue. If not, the file is refused.
        """
        self._text = text
        self._still_time = still_time
        self._ahead: deque[tuple[str, str | None]] = deque()
        self._line = 0
        self.sample = self._read_sample()
        named = _SEPARATOR_LINE.fullmatch(self.sample[0][0].rstrip("\r\n")) if self.sample else None
        if named:  # the line with which Excel names the separator
            del self.sample[0]
            self._line = 1
        self.separator = named[1] if named else separator_of([line for line, problem in self.sample if problem is None])
        self._ahead.extend(self.sample)

    def __iter__(self) -> Iterator[Row]:
        """Yield each row that is not blank."""
        separator = self.separator
        while True:
            read = self._next()
            if read is None:
                return
            line, problem = read
            at = self._line
            if problem is not None:
                yield Row(at, [line], line, problem)
                continue
            text = line.rstrip("\r\n")
            if not text or text.isspace() or text == _END_OF_DOS_FILE:
                continue
            if '"' in text:
                yield self._quoted(at, line)
            elif separator is None:
                yield Row(at, [repaired(text)], line)
            else:
                yield Row(at, repaired(text).split(separator), line)

    def _quoted(self, at: int, first: str) -> Row:
        """Read a row with quotes, which may span lines. An unclosed quote is an ordinary character."""
        taken = [first]
        delimiter = self.separator or "\x00"
        lines = self._lines_of_a_row(taken)
        reading = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
        try:
            cells = next(reading)
        except csv.Error:
            cells = None
        if cells is None:
            for line in reversed(taken[1:]):
                self._ahead.appendleft((line, None))
                self._line -= 1
            one_line = csv.reader([first.rstrip("\r\n")], delimiter=delimiter, skipinitialspace=True)
            cells = next(one_line, [])
            taken = [first]
        return Row(at, [repaired(cell) for cell in cells], "".join(taken))

    def _lines_of_a_row(self, taken: list[str]) -> Iterator[str]:
        yield taken[0]
        size = len(taken[0])
        while len(taken) < LONGEST_ROW_LINES and size <= LONGEST_LINE:
            read = self._next()
            if read is None:
                return
            if read[1] is not None:
                self._ahead.appendleft(read)
                self._line -= 1
                return
            taken.append(read[0])
            size += len(read[0])
            yield read[0]

    def _next(self) -> tuple[str, str | None] | None:
        read = self._ahead.popleft() if self._ahead else self._read_line()
        if read is not None:
            self._line += 1
            if not self._line % _LINES_BETWEEN_CHECKS and not self._still_time():
                raise FileRefused("The file takes too long to read. Upload it in parts.")
        return read

    def _read_sample(self) -> list[tuple[str, str | None]]:
        sample: list[tuple[str, str | None]] = []
        size = 0
        while len(sample) < 200 and size < LONGEST_LINE:
            read = self._read_line()
            if read is None:
                break
            sample.append(read)
            size += len(read[0])
        return sample

    def _read_line(self) -> tuple[str, str | None] | None:
        """Read a line with its line end. If it is too long, return its start and say so."""
        line = self._text.readline(LONGEST_LINE)
        if not line:
            return None
        if len(line) < LONGEST_LINE or line[-1] in "\r\n":
            return line, None
        length, more = len(line), line
        while more and more[-1] not in "\r\n":
            more = self._text.readline(1024**2)
            length += len(more)
            if length > MAX_WITHOUT_BREAK:
                raise FileRefused(
                    f"There is no line break within {MAX_WITHOUT_BREAK:,} characters. Upload one number on each line."
                )
        return line[:200], f"longer than {LONGEST_LINE:,} characters"


def _only_escapes(text: str) -> bool:
    return all(not "\ud800" <= c <= "\udfff" or "\udc80" <= c <= "\udcff" for c in text)
