"""Opening a file that somebody uploaded: an object of S3 as a stream, unpacked from gzip or zip, with bounds on all.

A file that is no list of numbers is refused in words before anything is done with it.
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
from dnc.problems import Unavailable

HEAD = 64 * 1024
_ATTEMPTS = 8
_PAUSE_SECONDS = 0.05
_MAGIC = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document; save it as CSV"),
    (b"Rar!", "a RAR archive; pack it as zip or gzip"),
    (b"7z\xbc\xaf", "a 7z archive; pack it as zip or gzip"),
    (b"BZh", "a bzip2 archive; pack it as zip or gzip"),
    (b"\xfd7zXZ", "an xz archive; pack it as zip or gzip"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive; pack it as zip or gzip"),
    (b"PAR1", "a Parquet file; save it as CSV"),
    (b"SQLite format 3", "an SQLite database; export it as CSV"),
    (b"\x7fELF", "a program"),
)
_ZIP, _EMPTY_ZIP, _GZIP = b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b"
_TAR_AT, _TAR = 257, b"ustar"


class FileRefused(Exception):
    """A file that cannot be read as a whole. The message says why and what to do, and holds nothing of the file."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a packed file may grow to: at most `unpacked` bytes, and `ratio` times its own size beyond `free`."""

    unpacked: int = 20 * 1024**3
    ratio: int = 100
    free: int = 64 * 1024**2
    files: int = 1000

    def of(self, size: int) -> int:
        """Give how many bytes a file of this size may unpack to."""
        return min(self.unpacked, max(self.free, self.ratio * size))


class S3Object(io.RawIOBase):
    """An object of S3 that is read as a stream and can be sought in. A broken connection is taken up where it broke."""

    def __init__(self, client: Any, bucket: str, key: str, version_id: str | None = None) -> None:
        """Find the object; from then on it is this version of it that is read. Raises FileRefused when it is gone."""
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
            raise FileRefused("The file is not there any more. Upload it again as a new job.") from None
        self.size = int(head["ContentLength"])
        self._etag = head["ETag"]

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be sought in."""
        return True

    def tell(self) -> int:
        """Give the place of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; the connection is opened anew there when something is read."""
        at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if at != self._at:
            self._drop()
            self._at = max(0, at)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read as much as comes at once."""
        if self._at >= self.size:
            return 0
        broken: tuple[type[Exception], ...] = (*unanswered(), HTTPError, OSError)
        for attempt in range(_ATTEMPTS):
            try:
                if self._body is None:
                    asked = {**self._which, "Range": f"bytes={self._at}-", "IfMatch": self._etag}
                    self._body = self._client.get_object(**asked)["Body"]
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
        """Let go of the connection."""
        self._drop()
        super().close()

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


class _Full(io.RawIOBase):
    """A stream whose reads are as long as asked for, but at its end: so that the head of a file can be looked at."""

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


class _Bounded(io.RawIOBase):
    """A stream that is refused when it grows beyond what a file of its size may unpack to."""

    def __init__(self, stream: BinaryIO, budget: list[int]) -> None:
        self._stream = stream
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            part = self._stream.read(min(len(buffer), 1024**2))
        except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile):
            raise FileRefused("The archive is damaged or was cut off. Pack it again and upload it whole.") from None
        except (NotImplementedError, RuntimeError):
            raise FileRefused(
                "The archive is packed in a way that is not read. Pack it as plain zip or gzip."
            ) from None
        self._budget[0] -= len(part)
        if self._budget[0] < 0:
            raise FileRefused(
                "The archive unpacks to far more than a list of its size would. Upload the list unpacked, or in parts."
            )
        buffer[: len(part)] = part
        return len(part)


def open_files(stream: io.RawIOBase, size: int, name: str, limits: Limits) -> Iterator[tuple[str, io.BufferedReader]]:
    """Give the plain files of an upload, each with its name: one, or those of a zip. Each is read before the next.

    Raises FileRefused.
    """
    if size == 0:
        raise FileRefused("The file is empty.")
    packed = io.BufferedReader(_Full(stream), 1024**2)
    head = packed.peek(HEAD)[:HEAD]
    budget = [limits.of(size)]
    if head.startswith((_ZIP, _EMPTY_ZIP)):
        yield from _files_of_zip(packed, budget, limits)
    elif head.startswith(_GZIP):
        unpacked = _unpacking(cast("BinaryIO", gzip.GzipFile(fileobj=packed)), budget)
        _refuse_what_is_packed_twice(unpacked.peek(HEAD))
        yield name.removesuffix(".gz"), _plain(unpacked)
    else:
        yield name, _plain(packed)


def _files_of_zip(packed: Any, budget: list[int], limits: Limits) -> Iterator[tuple[str, io.BufferedReader]]:
    try:
        archive = zipfile.ZipFile(packed)
    except (zipfile.BadZipFile, NotImplementedError, OverflowError):
        raise FileRefused("The zip is damaged or was cut off. Pack it again and upload it whole.") from None
    members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
    _refuse_a_zip(members, budget[0], limits)
    for member in members:
        try:
            opened = archive.open(member)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
            raise FileRefused("The zip is damaged or packed in a way that is not read. Pack it as plain zip.") from None
        with opened:
            unpacked = _unpacking(cast("BinaryIO", opened), budget)
            head = unpacked.peek(HEAD)
            if not head:
                continue
            _refuse_what_is_packed_twice(head)
            yield member.filename, _plain(unpacked)


def _refuse_a_zip(members: list[zipfile.ZipInfo], budget: int, limits: Limits) -> None:
    if any(m.filename == "[Content_Types].xml" for m in members):
        raise FileRefused("This is an Excel or Word document. Save the sheet as CSV and upload that.")
    if not members:
        raise FileRefused("The zip holds no file.")
    if len(members) > limits.files:
        raise FileRefused(f"The zip holds more than {limits.files:,} files. Upload them in parts.")
    if any(m.flag_bits & 1 for m in members):
        raise FileRefused("The zip is encrypted. Pack it without a password.")
    for member in members:
        if member.filename.lower().endswith((".zip", ".gz", ".7z", ".rar")):
            raise FileRefused("The zip holds another archive. Unpack that one and upload what is in it.")
    if sum(m.file_size for m in members) > budget:
        raise FileRefused(
            "The archive unpacks to far more than a list of its size would. Upload the list unpacked, or in parts."
        )


def _unpacking(stream: BinaryIO, budget: list[int]) -> io.BufferedReader:
    return io.BufferedReader(_Full(_Bounded(stream, budget)), 1024**2)


def _refuse_what_is_packed_twice(head: bytes) -> None:
    if head.startswith((_ZIP, _GZIP)) or head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        raise FileRefused("The archive holds another archive. Unpack that one and upload what is in it.")


def _plain(opened: Any) -> Any:
    head = opened.peek(HEAD)[:HEAD]
    for magic, what in _MAGIC:
        if head.startswith(magic):
            raise FileRefused(f"This is {what}. Upload the numbers as a text or CSV file.")
    if head.lstrip().startswith(b"<?xml"):
        raise FileRefused("This is XML, which is not read. Get the same list as text or CSV.")
    return opened
