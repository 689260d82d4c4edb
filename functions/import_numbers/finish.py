"""The last step of an import or its undo: add up the pieces, write the report and end the job, or record a failure."""

from typing import Any

from dnc import times
from dnc.accounts.store import Accounts
from dnc.aws import clients, deadline
from dnc.bulk.files import JobFiles, s3
from dnc.bulk.imports import failure
from dnc.bulk.imports import report as import_report
from dnc.bulk.imports.merge import RowOutcome
from dnc.bulk.imports.pieces import undo_folder
from dnc.bulk.imports.report import NUMBERS, ROWS
from dnc.bulk.imports.run_input import RunInput
from dnc.bulk.imports.undo import Undone
from dnc.bulk.jobs import Job, JobKind, Jobs, JobStatus
from dnc.entries.entry import Source
from dnc.logs import logger as logs
from dnc.settings import Settings

_WHY = {
    "WaitedTooLong": "it waited three days for other imports of this account",
    "NotYetDone": "the audit or storage did not keep up for hours",
    "Unavailable": "storage did not respond, or was throttled for too long",
    "States.Timeout": "a step took too long",
    "Lambda.OutOfMemory": "a step ran out of memory",
}

settings = Settings.from_env("ACCOUNTS_TABLE", "BULK_BUCKET")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """End the job of a run. The event is the finished work, or has `input`, the input of a failed run."""
    deadline.begin(context)
    if "input" in event:
        _record_failure(event["input"], event["run"])
        return {}
    account_id, run = event["account_id"], event["run"]
    jobs = Jobs(clients.dynamodb(), settings.accounts_table, account_id)
    job = jobs.get(JobKind.IMPORT, event["job_id"])
    if job.status is not JobStatus.RUNNING or job.run != run:
        return {}
    files = JobFiles(s3(), settings.bulk_bucket, account_id, JobKind.IMPORT, job.id)
    if job.request["source"] == Source.REGISTRY:
        _note_registry(account_id, job, files)
    if event["mode"] == "undo":
        _finish_undo(jobs, job, files, run)
    else:
        _finish(jobs, job, files, run)
    return {}


def _finish(jobs: Jobs, job: Job, files: JobFiles, run: str) -> None:
    pieces, names = import_report.planned(files), job.state["names"]
    totals = import_report.add_up(files, pieces)
    report, *file_reports = import_report.write(files, pieces, names, columns=job.state.get("read_columns") or ())
    note = import_report.attention(totals, job.request.get("region"), job.state.get("notes") or ())
    state: dict[str, Any] = {"report": report, "files": [], "attention": note}
    if file_reports:
        state["files"] = [
            {"name": name, "counts": _counts(totals.by_file.get(i, {})), "report": file_reports[i]}
            for i, name in enumerate(names)
        ]
    jobs.finish(JobKind.IMPORT, job.id, run, times.now(), counts=_counts(totals.counts), state=state)


def _finish_undo(jobs: Jobs, job: Job, files: JobFiles, run: str) -> None:
    undo = dict(job.state["undo"])
    folder = undo_folder(undo["attempt"])
    pieces = import_report.planned(files)
    totals = import_report.add_up(files, pieces, folder)
    undo["report"] = import_report.write(files, pieces, job.state["names"], folder)[0]
    shown = (Undone.REMOVED, Undone.TOUCHED_SINCE, Undone.LISTED_BEFORE)
    undo["counts"] = {str(outcome): totals.counts[outcome] for outcome in shown}
    jobs.finish(JobKind.IMPORT, job.id, run, times.now(), status=JobStatus.UNDONE, state={"undo": undo})


def _note_registry(account_id: str, job: Job, files: JobFiles) -> None:
    """Record in the account's profile which areas of a registry this import renewed, or take that back in its undo.

    The recorded day is `accessed_on`, when the registry's file was fetched, or else the day of the import.
    """
    undo = job.state.get("undo")
    if undo and undo["was"] != JobStatus.DONE:
        return  # the import failed, and recorded nothing
    areas = import_report.add_up(files, import_report.planned(files)).areas
    created = job.created_at[:10]
    day = min((job.request.get("registry") or {}).get("accessed_on") or created, created)
    if undo:
        accounts.forget_registry(account_id, areas, day, times.now(), undo["requested_by"])
    else:
        accounts.note_registry(account_id, areas, day, times.now(), job.actor.item())


def _record_failure(payload: dict[str, Any], run: str) -> None:
    """Record why a run failed. `payload`: the input of the run, with the error that the state machine `caught`."""
    run_input = RunInput.of(payload)
    caught = payload.get("caught") or {}
    name = str(caught.get("Error", "unknown"))
    logs.logger.error("an import's run failed", extra={"job_id": run_input.job_id, "error_type": name})
    why = _WHY.get(name, "an unexpected error occurred; the operators have been alerted")
    jobs = Jobs(clients.dynamodb(), settings.accounts_table, run_input.account_id)
    failure.record(jobs, run_input.job_id, run, run_input.undo, why, times.now())


def _counts(totals: Any) -> dict[str, int]:
    return {name: int(totals.get(name, 0)) for name in (ROWS, NUMBERS, *(str(outcome) for outcome in RowOutcome))}
