"""Converts spreadsheets (.xlsx, .xls, .ods) to CSV: the first sheet with numbers, one line for each of its rows.

A workbook is read in a separate process with limits on memory, time and output, because even a small workbook can
describe a sheet of billions of cells. The library reads values without their formats, so a number becomes its digits,
without the leading zeros that the spreadsheet dropped.
"""

import csv
import io
import os
import resource
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from dnc.bulk.uploads.errors import FileRefused
from dnc.bulk.uploads.parse import Converted

MAX_BYTES = 50 * 1024**2
MAX_EXPANDED = 500 * 1024**2
MAX_CSV = 500 * 1024**2
MEMORY = 1200 * 1024**2
SECONDS = 240
_SAMPLED_ROWS = 200
_CHUNK = 1024**2
_OLE = b"\xd0\xcf\x11\xe0"
SAVE_AS_CSV = "Save it as CSV, and upload that."
_TOO_LARGE = f"The spreadsheet is larger than {MAX_BYTES // 1024**2} MB. {SAVE_AS_CSV}"
_EXPANDS = f"The spreadsheet expands to more than {MAX_EXPANDED // 1024**2} MB. {SAVE_AS_CSV}"
_UNREADABLE = f"The spreadsheet cannot be read: it is damaged, encrypted or too large. {SAVE_AS_CSV}"


def is_workbook(names: list[str]) -> bool:
    """Return whether a zip with these members is a supported workbook."""
    if "mimetype" in names and "content.xml" in names:
        return True
    return any(name.startswith("xl/") for name in names)


def is_old_workbook(head: bytes) -> bool:
    """Return whether a file begins like an .xls workbook (MS-CFB)."""
    return head.startswith(_OLE)


def as_csv(stream: BinaryIO) -> io.BufferedReader:
    """Return a workbook as a stream of CSV in UTF-8. Raises FileRefused, also while the stream is read."""
    with tempfile.NamedTemporaryFile(delete=False) as file:
        try:
            _copy(stream, file)
            file.flush()
            _refuse_zip_bomb(file.name)
        except BaseException:
            Path(file.name).unlink()
            raise
    return io.BufferedReader(_Conversion(file.name), _CHUNK)


class _Conversion(Converted):
    """The output of the process that converts a workbook."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._left = MAX_CSV
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self._process = subprocess.Popen(  # noqa: S603 - its only argument is a temporary file of this process
            [sys.executable, "-m", "dnc.bulk.uploads.spreadsheet", path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._process.stdout is None:
            return 0
        part = os.read(self._process.stdout.fileno(), len(buffer))
        if not part and self._process.wait() != 0:
            raise FileRefused(_UNREADABLE)
        self._left -= len(part)
        if self._left < 0:
            raise FileRefused(_EXPANDS)
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        if not self.closed:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            Path(self._path).unlink(missing_ok=True)
        super().close()


def convert(path: str, out: Any) -> None:
    """Write the first sheet with numbers of a workbook as CSV."""
    from python_calamine import CalamineWorkbook  # noqa: PLC0415 - only this process loads it

    workbook = CalamineWorkbook.from_path(path)
    names = workbook.sheet_names
    chosen = next((name for name in names if _has_numbers(workbook.get_sheet_by_name(name).iter_rows())), None)
    if chosen is None and not names:
        return
    sheet = workbook.get_sheet_by_name(chosen or names[0])
    writer = csv.writer(out, lineterminator="\n")
    for row in sheet.iter_rows():
        cells = [text_of(value) for value in row]
        if any(cells):
            writer.writerow(cells)
        else:
            out.write("\n")


def text_of(value: Any) -> str:
    """Return a cell's value as text: a whole number as its digits, a date in ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
    if isinstance(value, datetime):
        at_midnight = value.time() == time(0)
        return value.date().isoformat() if at_midnight else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value) if isinstance(value, (int, timedelta)) else ""


def _has_numbers(rows: Iterator[list[Any]]) -> bool:
    for _, row in zip(range(_SAMPLED_ROWS), rows, strict=False):
        for value in row:
            digits = sum(c.isdecimal() for c in text_of(value)) if not isinstance(value, (date, time)) else 0
            if 7 <= digits <= 15:
                return True
    return False


def _copy(stream: BinaryIO, file: Any) -> None:
    left = MAX_BYTES
    while part := stream.read(_CHUNK):
        left -= len(part)
        if left < 0:
            raise FileRefused(_TOO_LARGE)
        file.write(part)


def _refuse_zip_bomb(path: str) -> None:
    """Raise FileRefused if a workbook is a zip bomb, judged by the actual size of its unpacked members."""
    if not zipfile.is_zipfile(path):
        return
    left = MAX_EXPANDED
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if any(member.flag_bits & 1 for member in members):
                raise FileRefused(_UNREADABLE)
            if sum(member.file_size for member in members) > left:
                raise FileRefused(_EXPANDS)
            for member in members:
                with archive.open(member) as opened:
                    while part := opened.read(_CHUNK):
                        left -= len(part)
                        if left < 0:
                            raise FileRefused(_EXPANDS)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        raise FileRefused(_UNREADABLE) from None


def main(path: str) -> None:
    """Convert a workbook to CSV on standard output, within the limits."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with os.fdopen(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False) as out:
        convert(path, out)


if __name__ == "__main__":
    main(sys.argv[1])
