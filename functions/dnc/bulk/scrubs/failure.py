"""How a run that cannot finish ends its scrub."""

from datetime import datetime

from dnc.bulk.jobs import JobKind, Jobs

FAILED = "The scrub failed, so no lead is known to be clear. Create another scrub; if it fails too, ask your operator."


def record(jobs: Jobs, job_id: str, run: str, at: datetime) -> bool:
    """End a run's scrub as failed. Return False if the scrub has another run now."""
    return jobs.fail(JobKind.SCRUB, job_id, run, at, FAILED)
