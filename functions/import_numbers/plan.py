"""The first step of an import: take the job, read the file once, and split it into pieces. Nothing is listed yet.

An undo begins here as well, with the pieces that its import left. The same function is the second step, which asks for
the import's turn.
"""

from typing import Any

from dnc import times
from dnc.aws import clients, deadline
from dnc.bulk import turns
from dnc.bulk.files import UPLOAD, JobFiles, s3
from dnc.bulk.imports import plan as import_plan
from dnc.bulk.imports import report as import_report
from dnc.bulk.imports.pieces import PLAN
from dnc.bulk.imports.run_input import RunInput
from dnc.bulk.jobs import Job, JobKind, Jobs, JobStatus
from dnc.bulk.turns import Turn, Turns
from dnc.bulk.uploads.columns import Choice, ColumnsNeeded
from dnc.bulk.uploads.errors import FileRefused
from dnc.bulk.uploads.source import S3Object
from dnc.entries.entry import Source
from dnc.logs import logger as logs
from dnc.settings import Settings

SECONDS_TO_END = 30.0

settings = Settings.from_env("ACCOUNTS_TABLE", "BULK_BUCKET")


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return the work: the number of `pieces` (0: nothing to do), and what each piece needs to know.

    The event has the `input` of the state machine and the name of the execution (`run`). With `work` in the event, ask
    for the import's turn instead.
    """
    deadline.begin(context)
    if "work" in event:
        return _turn(event["work"])
    run_input, run = RunInput.of(event["input"]), event["run"]
    jobs = Jobs(clients.dynamodb(), settings.accounts_table, run_input.account_id)
    files = JobFiles(s3(), settings.bulk_bucket, run_input.account_id, JobKind.IMPORT, run_input.job_id)
    rows = 0
    if run_input.undo:
        pieces = _plan_undo(jobs, files, run_input, run)
    else:
        pieces, rows = _plan_upload(jobs, files, run_input, run, context)
    return {
        "pieces": pieces,
        "rows": rows,
        "run": run,
        "account_id": run_input.account_id,
        "job_id": run_input.job_id,
        "mode": "undo" if run_input.undo else "import",
        "plan_key": files.key(PLAN),
    }


def _turn(work: dict[str, Any]) -> dict[str, Any]:
    """Ask for the import's turn, and return it (`dnc.bulk.turns.Turn`).

    An undo never waits, because the numbers that it removes may be listed by mistake.
    """
    if work["mode"] == "undo":
        return Turn(taken=True)._asdict()
    client, account_id = clients.dynamodb(), work["account_id"]
    job = Jobs(client, settings.accounts_table, account_id).get(JobKind.IMPORT, work["job_id"])
    pool, limit = turns.import_pool(work["rows"])
    return Turns(client, settings.accounts_table, account_id).take(job, work["run"], pool, limit, times.now())._asdict()


def _plan_upload(jobs: Jobs, files: JobFiles, run_input: RunInput, run: str, context: Any) -> tuple[int, int]:
    """Return the number of pieces and the number of rows. Both are 0 if there is nothing to do."""
    job_id = run_input.job_id
    if not jobs.begin(JobKind.IMPORT, job_id, run):
        extra = {"account_id": run_input.account_id, "job_id": job_id}
        logs.logger.info("another run has this import", extra=extra)
        return 0, 0
    job = jobs.get(JobKind.IMPORT, job_id)
    try:
        source = S3Object(files.client, files.bucket, files.key(UPLOAD), run_input.version_id)
        plan = import_plan.make(
            files,
            source,
            source.size,
            job.request["filename"],
            _choice(job),
            still_time=lambda: context.get_remaining_time_in_millis() > SECONDS_TO_END * 1000,
        )
    except FileRefused as refused:
        jobs.fail(JobKind.IMPORT, job.id, run, times.now(), str(refused))
        return 0, 0
    except ColumnsNeeded as needed:
        state = {"candidates": needed.candidates, "columns": needed.columns}
        jobs.ask_for_columns(JobKind.IMPORT, job.id, run, times.now(), state)
        return 0, 0
    state = {"pieces": len(plan.pieces), "names": plan.files, "read_columns": plan.columns, "notes": plan.notes}
    jobs.advance(JobKind.IMPORT, job.id, run, progress=0.05, counts={"rows": plan.rows}, state=state)
    return len(plan.pieces), plan.rows


def _choice(job: Job) -> Choice:
    request = job.request
    return Choice(
        region=request.get("region"),
        columns=tuple(request.get("columns") or ()),
        registry=request["source"] == Source.REGISTRY,
    )


def _plan_undo(jobs: Jobs, files: JobFiles, run_input: RunInput, run: str) -> int:
    undo = dict(run_input.undo or {})
    allowed = (JobStatus.DONE, JobStatus.FAILED)
    if not jobs.begin(
        JobKind.IMPORT, run_input.job_id, run, allowed=allowed, status=JobStatus.RUNNING, state={"undo": undo}
    ):
        return 0
    pieces = import_report.planned(files)
    if not pieces:
        undo["error"] = "The files of this import have expired. Remove its numbers one by one."
        before = {"status": JobStatus(undo["was"]), "error": undo["error_was"]}
        jobs.finish(JobKind.IMPORT, run_input.job_id, run, times.now(), **before, state={"undo": undo})
    return len(pieces)
