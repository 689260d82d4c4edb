"""What a bulk job is, its id, and its row in the accounts table: values, no I/O."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from dnc.aws import wire
from dnc.entries.entry import Actor

_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_ID_BITS, _RANDOM_BITS = 130, 80


class JobKind(StrEnum):
    """What a job does; the start of its record in the table."""

    IMPORT = "import"
    SCRUB = "scrub"
    EXPORT = "export"


class JobStatus(StrEnum):
    """How far a job is."""

    AWAITING_UPLOAD = "awaiting_upload"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Job:
    """One job. Times: RFC 3339 UTC. `progress`: 0 to 1. `request`: what was asked for, with the contract's names.

    `run`: the execution that works on it. `kept`: what its run keeps for those that read it (plain values).
    """

    kind: JobKind
    id: str
    status: JobStatus
    created_at: str
    created_by: Mapping[str, Any]
    request: Mapping[str, Any]
    progress: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    finished_at: str | None = None
    error: str | None = None
    run: str | None = None
    kept: Mapping[str, Any] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        """Give who made the job."""
        return Actor(self.created_by["principal"], self.created_by.get("acting_user"))


def new_id(at: datetime, rest: int | None = None) -> str:
    """Make an id that sorts by time and cannot be guessed: 50 bits of milliseconds and 80 random ones, in base 32.

    With a `rest` (80 bits) it is the same each time: for what must be one job however often it is asked for.
    """
    value = (int(at.timestamp() * 1000) << _RANDOM_BITS) | (secrets.randbits(_RANDOM_BITS) if rest is None else rest)
    return "".join(_LETTERS[(value >> shift) & 31] for shift in range(_ID_BITS - 5, -1, -5))


def row_of(job: Job, account_id: str) -> dict[str, Any]:
    """Give the row of a new job as it is stored."""
    return {
        "account_id": account_id,
        "record": f"{job.kind}#{job.id}",
        "status": job.status,
        "created_at": job.created_at,
        "created_by": dict(job.created_by),
        "request": wire.decimals(dict(job.request)),
        "progress": 0,
        "counts": dict(job.counts),
        "kept": wire.decimals(dict(job.kept)),
        "finished_at": None,
        "error": None,
        "run": None,
    }


def job_of(row: Mapping[str, Any]) -> Job:
    """Read a stored row."""
    kind, _, job_id = str(row["record"]).partition("#")
    kept = wire.floats(dict(row.get("kept") or {}))
    return Job(
        kind=JobKind(kind),
        id=job_id,
        status=JobStatus(row["status"]),
        created_at=str(row["created_at"]),
        created_by=wire.floats(dict(row["created_by"])),
        request=wire.floats(dict(row.get("request") or {})),
        progress=_progress(row, kept),
        counts=wire.floats(dict(row.get("counts") or {})),
        finished_at=row.get("finished_at"),
        error=row.get("error"),
        run=row.get("run"),
        kept=kept,
    )


def _progress(row: Mapping[str, Any], kept: Mapping[str, Any]) -> float:
    """Give how far a job is: while it has `pieces` to do, by how many of them were noted as done."""
    told = float(row.get("progress") or 0)
    pieces = kept.get("pieces")
    if row["status"] == JobStatus.RUNNING and pieces:
        done = len(row.get("pieces_done") or ())
        return float(min(0.99, round(max(told, 0.05 + 0.9 * done / pieces), 3)))
    return told
