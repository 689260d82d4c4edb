"""Ends the import, or the undo of an import, of a run that cannot finish it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dnc.bulk.jobs import JobKind, Jobs, JobStatus


def record(jobs: Jobs, job_id: str, run: str, undo: Mapping[str, Any] | None, why: str, at: datetime) -> bool:
    """End a run's job as stopped, with its numbers still listed. Return False if another run has the job now.

    `undo`: the undo that the run works on, as the job stores it. `why`: a clause for people, such as "a step took too
    long".
    """
    if undo:
        stopped = {**undo, "error": f"The undo stopped: {why}. Request the undo again to continue where it stopped."}
        before = {"status": JobStatus(undo["was"]), "error": undo["error_was"]}
        return jobs.finish(JobKind.IMPORT, job_id, run, at, **before, state={"undo": stopped})
    error = (
        f"The import stopped: {why}. The numbers that it listed stay listed. Undo it, or upload the file again as a "
        "new import: numbers that are already listed are counted as such."
    )
    return jobs.fail(JobKind.IMPORT, job_id, run, at, error)
