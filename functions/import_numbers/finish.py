"""The last step of an import or of its undo: add up, write the report, end the job; or say why it broke off."""

from typing import Any

from dnc import times
from dnc.aws import clients
from dnc.bulk.files import JobFiles, s3
from dnc.bulk.imports import report as import_report
from dnc.bulk.imports.merge import Counted
from dnc.bulk.imports.undo import Undone
from dnc.bulk.jobs import Job, JobKind, Jobs, JobStatus
from dnc.logs import logger as logs
from dnc.settings import Settings
from import_numbers.plan import Asked

ROWS = import_report.ROWS
_WHY = {
    "NotYetDone": "the audit or the storage did not keep up for hours",
    "Unavailable": "the storage did not answer or asked to slow down for too long",
    "States.Timeout": "a step took too long",
    "Lambda.OutOfMemory": "a step ran out of memory",
}

settings = Settings.from_env("ACCOUNTS_TABLE", "BULK_BUCKET")


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """End the job of a run: `given` holds what broke off, or it is the work that is done."""
    if "given" in event:
        _tell_failure(event["given"], event["run"])
        return {}
    account_id, run = event["account_id"], event["run"]
    jobs = Jobs(clients.dynamodb(), settings.accounts_table, account_id)
    job = jobs.get(JobKind.IMPORT, event["job_id"])
    if job.status is not JobStatus.RUNNING or job.run != run:
        return {}
    files = JobFiles(s3(), settings.bulk_bucket, account_id, JobKind.IMPORT, job.id)
    if event["mode"] == "undo":
        _finish_undo(jobs, job, files, run)
    else:
        _finish(jobs, job, files, run)
    return {}


def _finish(jobs: Jobs, job: Job, files: JobFiles, run: str) -> None:
    pieces, names = import_report.planned(files), job.kept["names"]
    total = import_report.add_up(files, pieces)
    report, *of_files = import_report.write(files, pieces, names)
    kept: dict[str, Any] = {"report": report, "files": []}
    if of_files:
        kept["files"] = [
            {"name": name, "counts": _counts(total.by_file.get(i, {})), "report": of_files[i]}
            for i, name in enumerate(names)
        ]
    jobs.finish(JobKind.IMPORT, job.id, run, times.now(), counts=_counts(total.counts), kept=kept)


def _finish_undo(jobs: Jobs, job: Job, files: JobFiles, run: str) -> None:
    undo = dict(job.kept["undo"])
    under = f"undo-{undo['attempt']}/"
    pieces = import_report.planned(files)
    total = import_report.add_up(files, pieces, under)
    undo["report"] = import_report.write(files, pieces, job.kept["names"], under)[0]
    told = (Undone.REMOVED, Undone.TOUCHED_SINCE, Undone.LISTED_BEFORE)
    undo["counts"] = {str(outcome): total.counts[outcome] for outcome in told}
    jobs.finish(JobKind.IMPORT, job.id, run, times.now(), status=JobStatus.UNDONE, kept={"undo": undo})


def _tell_failure(given: dict[str, Any], run: str) -> None:
    """Say in words why a run broke off. What it listed stays listed: too much blocked beats a call too many."""
    asked = Asked.of(given)
    caught = given.get("caught") or {}
    kind = str(caught.get("Error", "unknown"))
    logs.logger.error("a run of an import broke off", extra={"job_id": asked.job_id, "error_type": kind})
    why = _WHY.get(kind, "something failed that nobody foresaw; who runs the service was told")
    jobs = Jobs(clients.dynamodb(), settings.accounts_table, asked.account_id)
    now = times.now()
    if asked.undo:
        undo = {**asked.undo, "error": f"It broke off: {why}. Ask for the undo again: it goes on where it stopped."}
        ended = {"status": JobStatus(asked.undo["was"]), "error": asked.undo["error_was"]}
        jobs.finish(JobKind.IMPORT, asked.job_id, run, now, **ended, kept={"undo": undo})
        return
    error = (
        f"The import broke off: {why}. What it has listed stays listed. Undo it, or upload the file again as a new "
        "import: numbers that are listed already are counted as such."
    )
    jobs.fail(JobKind.IMPORT, asked.job_id, run, now, error)


def _counts(found: Any) -> dict[str, int]:
    return {name: int(found.get(name, 0)) for name in (ROWS, *(str(counted) for counted in Counted))}
