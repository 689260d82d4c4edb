"""Ends the export of a run that cannot finish it."""

from datetime import datetime

from dnc.bulk.jobs import JobKind, Jobs


def record(jobs: Jobs, export_id: str, why: str, at: datetime, *, nightly: bool) -> bool:
    """End an export as failed. Return False if it has already ended. `why`: words for people. Raises NotFound."""
    advice = "The next nightly export covers it, or run this one again." if nightly else "Create another export."
    return jobs.fail(JobKind.EXPORT, export_id, export_id, at, f"The export failed ({why}). {advice}")
