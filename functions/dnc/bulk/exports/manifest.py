"""The manifest of an export, and the chain of an account's manifests: functions of values, no I/O.

A manifest names every file with its rows, bytes and SHA-256, and the SHA-256 of the account's manifest before it. So
who kept one digest can prove every export up to it: a file that was changed, a manifest that was changed, left out or
slipped in does not fit.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dnc.bulk.exports.gzip_file import Written

FORM = 1
NO_DIGEST = "0" * 64


@dataclass(frozen=True, slots=True)
class Link:
    """The end of an account's chain of manifests: how many there are, and the digest and export of the last."""

    length: int = 0
    sha256: str = NO_DIGEST
    export_id: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a manifest says of an export. Times are RFC 3339 UTC; `since` and `until` bound what it holds, half open."""

    account_id: str
    export_id: str
    kind: str
    format: str
    since: str | None
    until: str | None
    started_at: str
    read_until: str
    code_version: str
    files: Sequence[Written]


def manifest(told: Told, previous: Link) -> dict[str, Any]:
    """Give the manifest that follows `previous` in the account's chain."""
    return {
        "nocall_manifest": FORM,
        "account_id": told.account_id,
        "export_id": told.export_id,
        "kind": told.kind,
        "format": told.format,
        "from": told.since,
        "to": told.until,
        "started_at": told.started_at,
        "read_until": told.read_until,
        "code_version": told.code_version,
        "rows": sum(file.rows for file in told.files),
        "files": [file.shown() for file in told.files],
        "index": previous.length + 1,
        "previous_export_id": previous.export_id,
        "previous_sha256": previous.sha256,
    }


def written(told: dict[str, Any]) -> bytes:
    """Give the bytes of a manifest; its digest is over exactly these."""
    return (json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def digest(body: bytes) -> str:
    """Give the SHA-256, in hex, of a manifest's bytes."""
    return hashlib.sha256(body).hexdigest()


def link_of(told: dict[str, Any], body: bytes) -> Link:
    """Give the end of the chain that ends with this manifest."""
    return Link(int(told["index"]), digest(body), str(told["export_id"]))
