"""How a run that cannot finish ends its export."""

from datetime import datetime

from dnc.bulk.jobs import JobKind, Jobs


def record(jobs: Jobs, export_id: str, why: str, at: datetime, *, nightly: bool) -> bool:
    """End an export as failed. Return False if it has already ended. `why`: for people. Raises NotFound."""
    advice = "The next nightly export covers it, or run this one again." if nightly else "Order another export."
    return jobs.fail(JobKind.EXPORT, export_id, export_id, at, f"The export failed ({why}). {advice}")
