"""The manifest of an export, and the chain of an account's manifests: pure functions, no I/O.

A manifest names every file with its rows, bytes and SHA-256, and the SHA-256 of the account's previous manifest. Anyone
who keeps one digest elsewhere can prove every export up to it: a changed file breaks the chain, and so does a changed,
missing or inserted manifest.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dnc.bulk.exports.gzip_file import FileSummary

MANIFEST = "manifest.json"
"""The name of the manifest among the files of its export."""
FORM = 1
NO_DIGEST = "0" * 64


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The end of an account's chain of manifests: its length, and the digest and export of the last manifest."""

    length: int = 0
    sha256: str = NO_DIGEST
    export_id: str | None = None


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What a manifest says about an export. Times are RFC 3339 UTC; its window is [`since`, `until`)."""

    account_id: str
    export_id: str
    kind: str
    format: str
    since: str | None
    until: str | None
    started_at: str
    read_until: str
    code_version: str
    files: Sequence[FileSummary]


def manifest(export: ExportSummary, previous: ChainEnd) -> dict[str, Any]:
    """Return the manifest that follows `previous` in the account's chain."""
    return {
        "nocall_manifest": FORM,
        "account_id": export.account_id,
        "export_id": export.export_id,
        "kind": export.kind,
        "format": export.format,
        "from": export.since,
        "to": export.until,
        "started_at": export.started_at,
        "read_until": export.read_until,
        "code_version": export.code_version,
        "rows": sum(file.rows for file in export.files),
        "files": [file.as_json() for file in export.files],
        "index": previous.length + 1,
        "previous_export_id": previous.export_id,
        "previous_sha256": previous.sha256,
    }


def written(body: Mapping[str, Any]) -> bytes:
    """Return the bytes of a manifest. Its digest is over exactly these bytes."""
    return (json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def digest(body: bytes) -> str:
    """Return the SHA-256, in hex, of a manifest's bytes."""
    return hashlib.sha256(body).hexdigest()


def end_of_chain(body: Mapping[str, Any], as_bytes: bytes) -> ChainEnd:
    """Return the end of a chain whose last manifest is this one. `as_bytes`: what `written` returned for it."""
    return ChainEnd(int(body["index"]), digest(as_bytes), str(body["export_id"]))
