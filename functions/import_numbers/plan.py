"""The first step of an import: take the job, read the file once, cut it into pieces. Nothing is listed yet.

An undo begins here too: its pieces are those that the import left.
"""

from dataclasses import dataclass
from typing import Any

from dnc import times
from dnc.aws import clients
from dnc.bulk.files import UPLOAD, UPLOAD_KEY, JobFiles, s3
from dnc.bulk.imports import plan as import_plan
from dnc.bulk.imports import report as import_report
from dnc.bulk.jobs import JobKind, Jobs, JobStatus
from dnc.bulk.uploads.source import FileRefused, S3Object
from dnc.entries.entry import Source
from dnc.logs import logger as logs
from dnc.settings import Settings

SECONDS_TO_END = 30.0

settings = Settings.from_env("ACCOUNTS_TABLE", "BULK_BUCKET")


@dataclass(frozen=True, slots=True)
class Asked:
    """What started a run: an upload (with the version of the object, where the event tells it), or an undo."""

    account_id: str
    job_id: str
    version_id: str | None = None
    undo: dict[str, Any] | None = None

    @classmethod
    def of(cls, given: dict[str, Any]) -> "Asked":
        """Read the input of the state machine: an S3 event of EventBridge, or what the undo handler gave."""
        if "undo" in given:
            undo = dict(given["undo"])
            return cls(undo.pop("account_id"), undo.pop("job_id"), undo=undo)
        uploaded = given["detail"]["object"]
        match = UPLOAD_KEY.fullmatch(uploaded["key"])
        if not match:
            raise ValueError("the key of the upload is not one of ours")
        return cls(match[1], match[3], version_id=uploaded.get("version-id"))


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Give the work: `pieces` (0: there is nothing to do), and what each piece needs to know."""
    asked, run = Asked.of(event["given"]), event["run"]
    jobs = Jobs(clients.dynamodb(), settings.accounts_table, asked.account_id)
    files = JobFiles(s3(), settings.bulk_bucket, asked.account_id, JobKind.IMPORT, asked.job_id)
    pieces = _of_undo(jobs, files, asked, run) if asked.undo else _of_upload(jobs, files, asked, run, context)
    return {
        "pieces": pieces,
        "run": run,
        "account_id": asked.account_id,
        "job_id": asked.job_id,
        "mode": "undo" if asked.undo else "import",
        "plan_key": files.key(import_plan.PLAN),
    }


def _of_upload(jobs: Jobs, files: JobFiles, asked: Asked, run: str, context: Any) -> int:
    if not jobs.begin(JobKind.IMPORT, asked.job_id, run):
        logs.logger.info("another run has this import", extra={"account_id": asked.account_id, "job_id": asked.job_id})
        return 0
    job = jobs.get(JobKind.IMPORT, asked.job_id)
    try:
        source = S3Object(files.client, files.bucket, files.key(UPLOAD), asked.version_id)
        plan = import_plan.make(
            files,
            source,
            source.size,
            job.request["filename"],
            registry=job.request["source"] == Source.REGISTRY,
            still_time=lambda: context.get_remaining_time_in_millis() > SECONDS_TO_END * 1000,
        )
    except FileRefused as refused:
        jobs.fail(JobKind.IMPORT, job.id, run, times.now(), str(refused))
        return 0
    kept = {"pieces": len(plan.pieces), "names": plan.files}
    jobs.advance(JobKind.IMPORT, job.id, run, progress=0.05, counts={"rows": plan.rows}, kept=kept)
    return len(plan.pieces)


def _of_undo(jobs: Jobs, files: JobFiles, asked: Asked, run: str) -> int:
    undo = dict(asked.undo or {})
    since = (JobStatus.DONE, JobStatus.FAILED)
    if not jobs.begin(JobKind.IMPORT, asked.job_id, run, since=since, kept={"undo": undo}):
        return 0
    pieces = import_report.planned(files)
    if not pieces:
        undo["error"] = "The files of this import are past their retention. Remove numbers one by one."
        ended = {"status": JobStatus(undo["was"]), "error": undo["error_was"]}
        jobs.finish(JobKind.IMPORT, asked.job_id, run, times.now(), **ended, kept={"undo": undo})
    return len(pieces)
