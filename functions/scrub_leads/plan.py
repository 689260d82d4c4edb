"""The first step of a scrub: take the job, read the file once, and split it into pieces. Nothing is decided yet.

The same function is the second step, which asks for the scrub's turn.
"""

from typing import Any

from dnc import times
from dnc.aws import clients, deadline
from dnc.bulk.files import JobFiles, s3, upload_of
from dnc.bulk.jobs import Job, JobKind, Jobs
from dnc.bulk.scrubs import plan as scrub_plan
from dnc.bulk.scrubs.leads import PLAN, BlockBy, ScrubPlan
from dnc.bulk.turns import Pool, Turns
from dnc.bulk.uploads.columns import Choice, ColumnsNeeded
from dnc.bulk.uploads.errors import FileRefused
from dnc.bulk.uploads.source import S3Object
from dnc.logs import logger as logs
from dnc.settings import Settings

SECONDS_TO_END = 30
_NOTHING_TO_DO = {"pieces": 0}
settings = Settings.from_env("ACCOUNTS_TABLE", "BULK_BUCKET")


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return the work: the number of `pieces` (0: nothing to do), and what the later steps need to know.

    The event has the `input` (the S3 event of the upload as EventBridge delivers it, or the same from the choice of
    columns) and the name of the execution (`run`). With `work` in the event, ask for the scrub's turn instead.
    """
    deadline.begin(context)
    if "work" in event:
        return _turn(event["work"])
    payload, run = event["input"], event["run"]
    uploaded = payload["detail"]["object"]
    account_id, _, job_id = upload_of(uploaded["key"])
    jobs = Jobs(clients.dynamodb(), settings.accounts_table, account_id)
    if not jobs.begin(JobKind.SCRUB, job_id, run):
        return _NOTHING_TO_DO
    job = jobs.get(JobKind.SCRUB, job_id)
    files = JobFiles(s3(), settings.bulk_bucket, account_id, JobKind.SCRUB, job_id)
    try:
        stream = S3Object(s3(), settings.bulk_bucket, uploaded["key"], uploaded.get("version-id"))
        plan = scrub_plan.make(
            files,
            stream,
            stream.size,
            str(job.request["filename"]),
            _choice(job),
            still_time=lambda: context.get_remaining_time_in_millis() > SECONDS_TO_END * 1000,
        )
    except FileRefused as refused:
        logs.logger.info("scrub refused", extra={"account_id": account_id, "scrub_id": job_id})
        jobs.fail(JobKind.SCRUB, job_id, run, times.now(), str(refused))
        return _NOTHING_TO_DO
    except ColumnsNeeded as needed:
        state = {"candidates": needed.candidates, "columns": needed.columns}
        jobs.ask_for_columns(JobKind.SCRUB, job_id, run, times.now(), state)
        return _NOTHING_TO_DO
    state = {"pieces": len(plan.pieces), "attention": " ".join(plan.notes) or None}
    jobs.advance(JobKind.SCRUB, job_id, run, progress=0.05, state=state)
    return _work(account_id, job, run, plan, files)


def _work(account_id: str, job: Job, run: str, plan: ScrubPlan, files: JobFiles) -> dict[str, Any]:
    """Return what the later steps need to know."""
    return {
        "pieces": len(plan.pieces),
        "rows": plan.rows,
        "run": run,
        "account_id": account_id,
        "job_id": job.id,
        "region": job.request.get("region"),
        "by": job.request.get("by") or BlockBy.ROW,
        "channel": job.request.get("channel"),
        "form": plan.form(),
        "plan_key": files.key(PLAN),
        "concurrency": max(1, settings.scrub_concurrency // settings.reading_jobs_per_account),
        "lists": {"pass1": None, "pass2": None},
    }


def _turn(work: dict[str, Any]) -> dict[str, Any]:
    """Ask for the scrub's turn, and return it (`dnc.bulk.turns.Turn`)."""
    client, account_id, limit = clients.dynamodb(), work["account_id"], settings.reading_jobs_per_account
    job = Jobs(client, settings.accounts_table, account_id).get(JobKind.SCRUB, work["job_id"])
    turns = Turns(client, settings.accounts_table, account_id)
    return turns.take(job, work["run"], Pool.READERS, limit, times.now())._asdict()


def _choice(job: Job) -> Choice:
    request = job.request
    column = [str(request["column"])] if request.get("column") else []
    return Choice(region=request.get("region"), columns=tuple(request.get("columns") or column), importing=False)
