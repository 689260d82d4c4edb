"""A bulk job, its id, and its row in the accounts table: values, no I/O."""

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
    """The kind of a job, which is also the beginning of its sort key."""

    IMPORT = "import"
    SCRUB = "scrub"
    EXPORT = "export"


class JobStatus(StrEnum):
    """The status of a job."""

    AWAITING_UPLOAD = "awaiting_upload"
    NEEDS_COLUMNS = "needs_columns"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Job:
    """One job. Times: RFC 3339 UTC. `progress`: 0 to 1. `request`: the client's request, with the contract's names.

    `run`: the execution that works on it. `state`: what its run stores for readers (plain values; the stored attribute
    is named `kept`).
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
    state: Mapping[str, Any] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        """Return who created the job."""
        return Actor(self.created_by["principal"], self.created_by.get("acting_user"))


def new_id(at: datetime, suffix: int | None = None) -> str:
    """Return an id that sorts by time and cannot be guessed: 50 bits of milliseconds and 80 random bits, in base 32.

    With a `suffix` (80 bits, instead of the random ones) the id is deterministic, for a job that must exist only once.
    """
    low = secrets.randbits(_RANDOM_BITS) if suffix is None else suffix
    value = (int(at.timestamp() * 1000) << _RANDOM_BITS) | low
    return "".join(_LETTERS[(value >> shift) & 31] for shift in range(_ID_BITS - 5, -1, -5))


def row_of(job: Job, account_id: str) -> dict[str, Any]:
    """Return the row to store for a new job."""
    return {
        "account_id": account_id,
        "record": f"{job.kind}#{job.id}",
        "status": job.status,
        "created_at": job.created_at,
        "created_by": dict(job.created_by),
        "request": wire.decimals(dict(job.request)),
        "progress": 0,
        "counts": dict(job.counts),
        "kept": wire.decimals(dict(job.state)),
        "finished_at": None,
        "error": None,
        "run": job.run,
    }


def job_of(row: Mapping[str, Any]) -> Job:
    """Read a stored row."""
    kind, _, job_id = str(row["record"]).partition("#")
    state = wire.floats(dict(row.get("kept") or {}))
    return Job(
        kind=JobKind(kind),
        id=job_id,
        status=JobStatus(row["status"]),
        created_at=str(row["created_at"]),
        created_by=wire.floats(dict(row["created_by"])),
        request=wire.floats(dict(row.get("request") or {})),
        progress=_progress(row, state),
        counts=wire.floats(dict(row.get("counts") or {})),
        finished_at=row.get("finished_at"),
        error=row.get("error"),
        run=row.get("run"),
        state=state,
    )


def _progress(row: Mapping[str, Any], state: Mapping[str, Any]) -> float:
    """Return the progress of a job. While it runs in `pieces`, this is the share of them that are done."""
    stored = float(row.get("progress") or 0)
    pieces = state.get("pieces")
    if row["status"] == JobStatus.RUNNING and pieces:
        done = len(row.get("pieces_done") or ())
        return float(min(0.99, round(max(stored, 0.05 + 0.9 * done / pieces), 3)))
    return stored
