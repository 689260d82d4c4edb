"""The first step of a scrub: take the job, read the file once, cut it into pieces. Nothing is decided yet."""

from typing import Any

from dnc import times
from dnc.aws import clients
from dnc.bulk.files import JobFiles, s3, upload_of
from dnc.bulk.jobs import JobKind, Jobs
from dnc.bulk.scrubs import plan as scrub_plan
from dnc.bulk.uploads.source import FileRefused, S3Object
from dnc.logs import logger as logs
from dnc.settings import Settings

SECONDS_TO_END = 30
settings = Settings.from_env("ACCOUNTS_TABLE", "BULK_BUCKET")


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Give the work: `pieces` (0: there is nothing to do), and what the later steps need to know.

    `given`: the S3 event of the upload, as EventBridge has it; `run`: the execution.
    """
    uploaded, run = event["given"]["detail"]["object"], event["run"]
    account_id, _, job_id = upload_of(uploaded["key"])
    jobs = Jobs(clients.dynamodb(), settings.accounts_table, account_id)
    if not jobs.begin(JobKind.SCRUB, job_id, run):
        return {"pieces": 0}
    job = jobs.get(JobKind.SCRUB, job_id)
    files = JobFiles(s3(), settings.bulk_bucket, account_id, JobKind.SCRUB, job_id)
    try:
        stream = S3Object(s3(), settings.bulk_bucket, uploaded["key"], uploaded.get("version-id"))
        plan = scrub_plan.make(
            files,
            stream,
            stream.size,
            str(job.request["filename"]),
            job.request.get("column"),
            still_time=lambda: context.get_remaining_time_in_millis() > SECONDS_TO_END * 1000,
        )
    except FileRefused as refused:
        logs.logger.info("scrub refused", extra={"account_id": account_id, "scrub_id": job_id})
        jobs.fail(JobKind.SCRUB, job_id, run, times.now(), str(refused))
        return {"pieces": 0}
    jobs.advance(JobKind.SCRUB, job_id, run, progress=0.05, state={"pieces": len(plan.pieces)})
    return {
        "pieces": len(plan.pieces),
        "rows": plan.rows,
        "run": run,
        "account_id": account_id,
        "job_id": job_id,
        "region": job.request.get("region"),
        "form": plan.told(),
        "plan_key": files.key(scrub_plan.PLAN),
        "lists": {"look1": None, "look2": None},
    }
