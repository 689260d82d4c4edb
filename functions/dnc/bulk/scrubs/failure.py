"""Ends the scrub of a run that cannot finish it."""

from datetime import datetime

from dnc.bulk.jobs import JobKind, Jobs

FAILED = "The scrub failed, so no lead is known to be clear. Create another scrub. If it also fails, ask your operator."


def record(jobs: Jobs, job_id: str, run: str, at: datetime) -> bool:
    """End a run's scrub as failed. Return False if another run has the scrub now."""
    return jobs.fail(JobKind.SCRUB, job_id, run, at, FAILED)
