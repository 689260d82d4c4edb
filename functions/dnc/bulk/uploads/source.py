"""Opens an uploaded file: an S3 object as a stream, unpacked from gzip or zip, with limits on everything.

Spreadsheets are converted to CSV. An unsupported kind of file is refused at once, with a message that names the kind
and says what to do.
"""

import gzip
import io
import random
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from urllib3.exceptions import HTTPError

from dnc.aws import errors as aws_errors
from dnc.aws.errors import refused, unanswered
from dnc.bulk.uploads import spreadsheet
from dnc.bulk.uploads.errors import FileRefused
from dnc.bulk.uploads.kinds import is_system_file, why_not_read, why_not_zip
from dnc.bulk.uploads.parse import HEAD
from dnc.problems import Unavailable

_ATTEMPTS = 8
_PAUSE_SECONDS = 0.05
_ZIP, _EMPTY_ZIP, _GZIP = b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b"
_TAR_AT, _TAR = 257, b"ustar"
_DAMAGED = "The archive is damaged or was cut off. Pack it again, and upload the whole file."
_DAMAGED_ZIP = "The zip is damaged, or packed in an unsupported way. Pack it as a plain zip."
_EXPANDS = "The archive unpacks to far more than a list of its size would. Upload the list unpacked, or in parts."
_NESTED = "The archive contains another archive. Unpack that one, and upload its contents."

type Opened = tuple[str, io.BufferedReader]
"""A file's name and its bytes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on unpacking: at most `unpacked` bytes and, beyond `free` bytes, at most `ratio` times the file's size."""

    unpacked: int = 20 * 1024**3
    ratio: int = 100
    free: int = 64 * 1024**2
    files: int = 1000

    def of(self, size: int) -> int:
        """Return how many bytes a file of this size may unpack to."""
        return min(self.unpacked, max(self.free, self.ratio * size))


class S3Object(io.RawIOBase):
    """A seekable stream of an S3 object. If the connection breaks, it continues where it broke off."""

    def __init__(self, client: Any, bucket: str, key: str, version_id: str | None = None) -> None:
        """Find the object. From then on, only this version of it is read. Raises FileRefused if it has been deleted."""
        self._body: Any = None
        self._at = 0
        self._client = client
        self._which = {"Bucket": bucket, "Key": key}
        if version_id:
            self._which["VersionId"] = version_id
        try:
            head = client.head_object(**self._which)
        except refused() as failed:
            if aws_errors.response_of(failed).get("ResponseMetadata", {}).get("HTTPStatusCode") not in {403, 404}:
                raise
            raise FileRefused("The uploaded file has been deleted. Upload it again as a new job.") from None
        self.size = int(head["ContentLength"])
        self._etag = head["ETag"]

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position. The next read opens a connection there."""
        at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if at != self._at:
            self._drop()
            self._at = max(0, at)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read once from the connection."""
        if self._at >= self.size:
            return 0
        broken: tuple[type[Exception], ...] = (*unanswered(), HTTPError, OSError)
        for attempt in range(_ATTEMPTS):
            try:
                if self._body is None:
                    request = {**self._which, "Range": f"bytes={self._at}-", "IfMatch": self._etag}
                    self._body = self._client.get_object(**request)["Body"]
                part: bytes = self._body.read(len(buffer))
            except broken:
                self._drop()
                if attempt == _ATTEMPTS - 1:
                    raise Unavailable("The file could not be read from storage. Try again.") from None
                time.sleep(random.uniform(0, _PAUSE_SECONDS * 2**attempt))  # noqa: S311
                continue
            if part:
                buffer[: len(part)] = part
                self._at += len(part)
                return len(part)
            self._drop()
        raise Unavailable("The file could not be read from storage. Try again.")

    def close(self) -> None:
        """Close the connection."""
        self._drop()
        super().close()

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


class _Full(io.RawIOBase):
    """A stream whose reads return all the bytes requested, except at its end, so that `peek` sees a file's head."""

    def __init__(self, stream: io.RawIOBase) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        view, filled = memoryview(buffer), 0
        while filled < len(view):
            size = self._stream.readinto(view[filled:]) or 0
            if not size:
                break
            filled += size
        return filled

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Bounded(io.RawIOBase):
    """A stream that raises FileRefused once it exceeds its budget of unpacked bytes."""

    def __init__(self, stream: BinaryIO, budget: list[int]) -> None:
        self._stream = stream
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            part = self._stream.read(min(len(buffer), 1024**2))
        except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile):
            raise FileRefused(_DAMAGED) from None
        except (NotImplementedError, RuntimeError):
            raise FileRefused("The archive is packed in an unsupported way. Pack it as plain zip or gzip.") from None
        self._budget[0] -= len(part)
        if self._budget[0] < 0:
            raise FileRefused(_EXPANDS)
        buffer[: len(part)] = part
        return len(part)


def open_files(stream: io.RawIOBase, size: int, name: str, limits: Limits) -> Iterator[Opened]:
    """Yield the unpacked files of an upload, each with its name: one, or all the files of a zip. Raises FileRefused.

    Read each file before you take the next.
    """
    if size == 0:
        raise FileRefused("The file is empty.")
    packed: Any = io.BufferedReader(_Full(stream), 1024**2)
    head = packed.peek(HEAD)[:HEAD]
    budget = [limits.of(size)]
    if head.startswith((_ZIP, _EMPTY_ZIP)):
        yield from _files_of_zip(packed, name, budget, limits)
    elif head.startswith(_GZIP):
        unpacked = _unpacking(cast("BinaryIO", gzip.GzipFile(fileobj=packed)), budget)
        yield _plain(name.removesuffix(".gz"), unpacked, packed=True)
    else:
        yield _plain(name, packed)


def _files_of_zip(packed: Any, name: str, budget: list[int], limits: Limits) -> Iterator[Opened]:
    archive = _archive(packed)
    names = archive.namelist()
    if why := why_not_zip(names):
        raise FileRefused(f"{_named(name)} {why}")
    if spreadsheet.is_workbook(names):
        packed.seek(0)
        yield name, spreadsheet.as_csv(packed)
        return
    members = [member for member in archive.infolist() if not member.is_dir() and not is_system_file(member.filename)]
    _refuse_a_zip(members, budget[0], limits)
    for member in members:
        try:
            opened = archive.open(member)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
            raise FileRefused(_DAMAGED_ZIP) from None
        with opened:
            unpacked = _unpacking(cast("BinaryIO", opened), budget)
            if unpacked.peek(HEAD):
                yield _plain(member.filename, unpacked, packed=True)


def _archive(packed: Any) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(packed)
    except (zipfile.BadZipFile, NotImplementedError, OverflowError):
        raise FileRefused("The zip is damaged or was cut off. Pack it again, and upload the whole file.") from None


def _refuse_a_zip(members: list[zipfile.ZipInfo], budget: int, limits: Limits) -> None:
    if not members:
        raise FileRefused("The zip contains no files. Pack the list, and upload it again.")
    if len(members) > limits.files:
        raise FileRefused(f"The zip has more than {limits.files:,} files. Upload them in parts.")
    if any(member.flag_bits & 1 for member in members):
        raise FileRefused("The zip is encrypted. Pack it without a password.")
    for member in members:
        if member.filename.lower().endswith((".zip", ".gz", ".7z", ".rar")):
            raise FileRefused(_NESTED)
    if sum(member.file_size for member in members) > budget:
        raise FileRefused(_EXPANDS)


def _unpacking(stream: BinaryIO, budget: list[int]) -> Any:
    return io.BufferedReader(_Full(_Bounded(stream, budget)), 1024**2)


def _plain(name: str, opened: Any, *, packed: bool = False) -> Opened:
    """Return an unpacked file, or a spreadsheet converted to CSV. Raises FileRefused."""
    head = opened.peek(HEAD)[:HEAD]
    if spreadsheet.is_old_workbook(head):
        return name, spreadsheet.as_csv(opened)
    if packed and head.startswith(_ZIP):
        return name, _packed_workbook(name, opened)
    if packed and (head.startswith(_GZIP) or head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR):
        raise FileRefused(_NESTED)
    if why := why_not_read(head):
        raise FileRefused(f"{_named(name)} {why}")
    return name, opened


def _packed_workbook(name: str, opened: Any) -> io.BufferedReader:
    """Return a workbook inside a zip or gzip, converted to CSV. Raises FileRefused."""
    whole = io.BytesIO(opened.read(spreadsheet.MAX_BYTES + 1))
    names = _archive(whole).namelist()
    if why := why_not_zip(names):
        raise FileRefused(f"{_named(name)} {why}")
    if not spreadsheet.is_workbook(names):
        raise FileRefused(_NESTED)
    whole.seek(0)
    return spreadsheet.as_csv(whole)


def _named(name: str) -> str:
    """Return a file's name for an error message, or "The file" if the name might contain a phone number."""
    shown = "".join(c for c in name if c.isprintable())[-80:]
    return f'"{shown}"' if sum(c.isdecimal() for c in shown) < _DIGITS_OF_A_NUMBER else "The file"


_DIGITS_OF_A_NUMBER = 7
