"""One file of an export: deterministic gzip, limited in rows and bytes, with its SHA-256."""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

MAX_ROWS = 250_000
MAX_BYTES = 128 * 1024 * 1024
"""The size before compression. In memory, a file is compressed to about a tenth of that."""
_CHUNK = 64 * 1024
_GZIP = 31


@dataclass(frozen=True, slots=True)
class FileSummary:
    """A finished file. `bytes` and `sha256` describe the compressed file, as it is downloaded."""

    name: str
    rows: int
    bytes: int
    sha256: str

    def as_json(self) -> dict[str, Any]:
        """Return the file's entry in a manifest."""
        return {"name": self.name, "rows": self.rows, "bytes": self.bytes, "sha256": self.sha256}

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read a file of a stored export or a manifest."""
        return cls(str(row["name"]), int(row["rows"]), int(row["bytes"]), str(row["sha256"]))


class ExportFile:
    """Collects rows as text until it is full."""

    def __init__(self, header: str, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> None:
        """Begin a file with a header (may be empty)."""
        self._out = bytearray()
        # zlib's gzip header has no name and no time, so equal rows give equal bytes and the same digest.
        self._gzip = zlib.compressobj(6, wbits=_GZIP)
        self._pending = [header]
        self._pending_size = len(header)
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._size = 0
        self.rows = 0

    @property
    def full(self) -> bool:
        """Return whether the file has reached one of its limits."""
        return self.rows >= self._max_rows or self._size + self._pending_size >= self._max_bytes

    def add(self, line: str) -> None:
        """Add a row with its line end."""
        self._pending.append(line)
        self._pending_size += len(line)
        self.rows += 1
        if self._pending_size >= _CHUNK:
            self._flush()

    def finish(self, stem: str, extension: str) -> tuple[FileSummary, bytes]:
        """End the file. Its name contains part of its digest, so different content never has the same name."""
        self._flush()
        self._out += self._gzip.flush()
        body = bytes(self._out)
        digest = hashlib.sha256(body).hexdigest()
        return FileSummary(f"{stem}-{digest[:12]}.{extension}.gz", self.rows, len(body), digest), body

    def _flush(self) -> None:
        text = "".join(self._pending).encode()
        self._out += self._gzip.compress(text)
        self._size += len(text)
        self._pending = []
        self._pending_size = 0
