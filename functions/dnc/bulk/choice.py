"""The client's choice of columns, for a job that could not tell which of a file's columns to read."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from dnc import times
from dnc.aws import clients
from dnc.aws import errors as aws_errors
from dnc.bulk.files import UPLOAD, JobFiles
from dnc.bulk.jobs import Job, Jobs, JobStatus
from dnc.problems import Conflict, InvalidRequest

LONGEST_WAIT = timedelta(days=7)
"""How long a job waits for the client to choose its columns."""


def has_lapsed(job: Job, at: datetime) -> bool:
    """Return whether a job has waited too long for its columns."""
    since = job.state.get("waiting_since")
    return job.status is JobStatus.NEEDS_COLUMNS and bool(since) and times.parse(str(since)) + LONGEST_WAIT < at


def require_known(job: Job, columns: Sequence[str]) -> None:
    """Raise InvalidRequest unless the job's file has all of these columns. Raise Conflict if it needs no columns."""
    if job.status not in {JobStatus.NEEDS_COLUMNS, JobStatus.QUEUED}:
        raise Conflict("This job is not waiting for columns.")
    known = [str(name).strip().casefold() for name in job.state.get("columns") or ()]
    for i, column in enumerate(columns):
        wanted = column.strip().casefold()
        is_position = wanted.isascii() and wanted.isdecimal() and 1 <= int(wanted) <= len(known)
        if wanted not in known and not is_position:
            raise InvalidRequest.of(f"columns.{i}", "is not a column of the file; choose from the job's candidates")


def resume(jobs: Jobs, job: Job, files: JobFiles, machine: str, columns: Sequence[str], at: datetime) -> Job:
    """Continue a job with the columns that the client chose. Safe to repeat. Raises Conflict and InvalidRequest.

    `machine`: the ARN of the job's state machine.
    """
    if has_lapsed(job, at):
        raise Conflict("This job waited too long for its columns. Create another job and upload the file again.")
    require_known(job, columns)
    run = f"{job.id}-columns"
    if not jobs.choose_columns(job.kind, job.id, columns, run, at):
        raise Conflict("This job has already continued with other columns.")
    work: dict[str, Any] = {"detail": {"object": {"key": files.key(UPLOAD)}}, "columns": list(columns)}
    try:
        with aws_errors.storage():
            clients.step_functions().start_execution(stateMachineArn=machine, name=run, input=json.dumps(work))
    except aws_errors.refused() as failed:
        if aws_errors.error_code(failed) != "ExecutionAlreadyExists":  # a concurrent request has started this run
            raise
    return jobs.get(job.kind, job.id)
