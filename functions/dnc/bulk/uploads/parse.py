"""From bytes to rows: the encoding, the separator, quoted fields over several lines; streaming, in bounded memory.

A row knows the line that it began on (from 1) and its text as it was. What is wrong with one row is told with the row.
"""

import codecs
import csv
import io
from collections import Counter, deque
from collections.abc import Iterator
from typing import NamedTuple

from dnc.bulk.uploads.source import HEAD, FileRefused

LONGEST_LINE = 64 * 1024
LONGEST_ROW_LINES = 100
HOPELESS = 16 * 1024**2
"""A line of more characters than this is no list of numbers."""
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
csv.field_size_limit(LONGEST_LINE * 2)


class Row(NamedTuple):
    """One row. `problem`: why it cannot be read as one, or None."""

    line: int
    cells: list[str]
    text: str
    problem: str | None = None


def encoding_of(head: bytes) -> str:
    """Tell how a file is encoded by its first bytes. Raises FileRefused when it is no text.

    What is not valid UTF-8 in a file without a mark is read as Windows' Latin-1, cell by cell (`mended`).
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
        raise FileRefused("This is not text. Upload the numbers as a text or CSV file.")
    return "utf-8"


def text_of(opened: io.BufferedReader) -> io.TextIOWrapper:
    """Give a file's text, line ends as they are. What cannot be decoded never stops the reading."""
    encoding = encoding_of(opened.peek(HEAD)[:HEAD])
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    return io.TextIOWrapper(opened, encoding, errors=errors, newline="")


def mended(text: str) -> str:
    """Give a cell of what was no valid UTF-8 as Windows' Latin-1 has it."""
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
    """Tell what separates the cells, by a sample of lines: what splits most of them into the same number, or None."""
    sample = [line for line in lines if line.strip()][:100]
    best, best_score = None, (0.0, 0)
    for separator in SEPARATORS:
        widths = Counter(len(row) for row in csv.reader(sample, delimiter=separator) if row)
        if not widths:
            continue
        width, times = widths.most_common(1)[0]
        share = times / sum(widths.values())
        if width > 1 and share >= 0.7 and (round(share, 1), width) > best_score:
            best, best_score = separator, (round(share, 1), width)
    return best


class Rows:
    """The rows of a text. `separator` None: one cell a row."""

    def __init__(self, text: io.TextIOBase) -> None:
        """Read a sample to tell the separator; nothing of it is lost."""
        self._text = text
        self._ahead: deque[tuple[str, str | None]] = deque()
        self._line = 0
        self.sample = self._read_sample()
        self.separator = separator_of([line for line, problem in self.sample if problem is None])
        self._ahead.extend(self.sample)

    def __iter__(self) -> Iterator[Row]:
        """Give each row that is not blank."""
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
                yield Row(at, [mended(text)], line)
            else:
                yield Row(at, mended(text).split(separator), line)

    def _quoted(self, at: int, first: str) -> Row:
        """Read a row with quotes, which may go on over lines. A quote that never ends is a character like others."""
        taken = [first]
        reading = csv.reader(self._lines_of_a_row(taken), delimiter=self.separator or "\x00", strict=True)
        try:
            cells = next(reading)
        except csv.Error:
            cells = None
        if cells is None:
            for line in reversed(taken[1:]):
                self._ahead.appendleft((line, None))
                self._line -= 1
            cells = next(csv.reader([first.rstrip("\r\n")], delimiter=self.separator or "\x00"), [])
            taken = [first]
        return Row(at, [mended(cell) for cell in cells], "".join(taken))

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
        """Read a line with its end, or the start of one that is too long, with that as its problem."""
        line = self._text.readline(LONGEST_LINE)
        if not line:
            return None
        if len(line) < LONGEST_LINE or line[-1] in "\r\n":
            return line, None
        length, more = len(line), line
        while more and more[-1] not in "\r\n":
            more = self._text.readline(1024**2)
            length += len(more)
            if length > HOPELESS:
                raise FileRefused(
                    f"There is no line break within {HOPELESS:,} characters: this is not a list with one number a line."
                )
        return line[:200], f"longer than {LONGEST_LINE:,} characters"


def _only_escapes(text: str) -> bool:
    return all(not "\ud800" <= c <= "\udfff" or "\udc80" <= c <= "\udcff" for c in text)
