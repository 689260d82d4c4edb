"""Ends jobs that stay `running` or `queued` although no execution works on them any longer.

Their execution was stopped, timed out or failed to report. Such a job would block the account's next jobs and show
progress forever. It is ended the way its own run would have ended it.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from dnc import times
from dnc.aws.errors import error_code, refused, storage
from dnc.bulk.exports import failure as export_failure
from dnc.bulk.imports import failure as import_failure
from dnc.bulk.jobs import Job, JobKind, Jobs
from dnc.bulk.scrubs import failure as scrub_failure

_WHY = "its execution ended without a report; the operators have been alerted"
_LOOK_BACK = {JobKind.IMPORT: None, JobKind.SCRUB: timedelta(days=30), JobKind.EXPORT: timedelta(days=7)}
"""The greatest age of a job that may still be running. An import of any age may be undone."""
_SETTLING = timedelta(minutes=5)
"""Step Functions may not show an execution that has just begun."""


class Machines(NamedTuple):
    """The ARNs of the state machines."""

    imports: str
    scrubs: str
    exports: str
    nightly_exports: str

    def is_running(self, client: Any, job: Job) -> bool:
        """Return whether the execution that works on a job is still running. `client`: for Step Functions."""
        if job.kind is JobKind.EXPORT and job.state.get("nightly"):
            return self._runs_nightly_exports(client)
        machine = {JobKind.IMPORT: self.imports, JobKind.SCRUB: self.scrubs, JobKind.EXPORT: self.exports}[job.kind]
        execution = f"{machine.replace(':stateMachine:', ':execution:')}:{job.run}"
        try:
            with storage():
                status = client.describe_execution(executionArn=execution)["status"]
        except refused() as failed:
            if error_code(failed) != "ExecutionDoesNotExist":
                raise
            return False
        return bool(status == "RUNNING")

    def _runs_nightly_exports(self, client: Any) -> bool:
        """Return whether any nightly run is still going, because an export does not know which run it belongs to."""
        with storage():
            found = client.list_executions(stateMachineArn=self.nightly_exports, statusFilter="RUNNING", maxResults=1)[
                "executions"
            ]
        return bool(found)


def end(client: Any, table: str, account_id: str, is_running: Callable[[Job], bool], at: datetime) -> Iterator[Job]:
    """End the account's jobs whose execution is gone, and yield them. `client`: for DynamoDB.

    A job is read before its execution. If the execution ends in between, it has already ended its job, and this write,
    which is conditional on the run, changes nothing.
    """
    jobs = Jobs(client, table, account_id)
    for kind, look_back in _LOOK_BACK.items():
        for job in jobs.unfinished(kind, at - look_back if look_back else None):
            if _began(job) < times.text(at - _SETTLING) and not is_running(job) and _end(jobs, job, at):
                yield job


def _began(job: Job) -> str:
    """Return when a job's current run was requested, as RFC 3339 UTC."""
    undo = job.state.get("undo") if "-undo-" in str(job.run) else None
    if undo:
        return str(undo["requested_at"])
    return str(job.state.get("columns_chosen_at") or job.created_at)


def _end(jobs: Jobs, job: Job, at: datetime) -> bool:
    run = str(job.run)
    if job.kind is JobKind.IMPORT:
        undo = job.state.get("undo") if "-undo-" in run else None
        return import_failure.record(jobs, job.id, run, undo, _WHY, at)
    if job.kind is JobKind.SCRUB:
        return scrub_failure.record(jobs, job.id, run, at)
    return export_failure.record(jobs, job.id, _WHY, at, nightly=bool(job.state.get("nightly")))
