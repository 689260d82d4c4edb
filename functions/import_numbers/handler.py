"""Create, continue and undo imports: `POST …/imports` and `…/{id}/columns`, `…/{id}/undo`. The upload starts one."""

import json
from typing import Any

from dnc import times
from dnc.accounts.access import Action
from dnc.accounts.store import Accounts
from dnc.api import job_view
from dnc.api.bulk_requests import ChosenColumns, NewImport, UndoImport
from dnc.api.http import Answer, Api, Call
from dnc.aws import clients
from dnc.aws import errors as aws_errors
from dnc.bulk import choice
from dnc.bulk.files import JobFiles
from dnc.bulk.jobs import Job, JobKind, Jobs, JobStatus
from dnc.entries.entry import Source, Write
from dnc.problems import Conflict, InvalidRequest
from dnc.settings import Settings

api = Api()
settings = Settings.from_env("ACCOUNTS_TABLE", "BULK_BUCKET", "IMPORT_MACHINE")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


@api.route("POST", "/accounts/{account_id}/imports", statuses=(201,))
def make_import(call: Call, body: NewImport) -> Answer:
    """Create an import and return the URL for uploading its file; the upload starts it."""
    profile = accounts.profile(call.account_id)
    write = call.write(body.acting_user)
    if body.expires_at and body.expires_at <= write.at:
        raise InvalidRequest.of("expires_at", "must be in the future")
    request = body.model_dump(mode="json", exclude={"acting_user", "expires_at"})
    request["expires_at"] = times.text(body.expires_at) if body.expires_at else None
    request["region"] = body.region or profile.default_region
    job = _jobs(call).make(JobKind.IMPORT, request, write.actor, write.at)
    files = _files(call, job)
    return Answer(201, {**job_view.as_json(job, files, write.at), "upload": files.upload(body.bytes, write.at)})


@api.route("POST", "/accounts/{account_id}/imports/{id}/undo")
def undo_import(call: Call, body: UndoImport) -> Answer:
    """Remove the numbers that this import listed and that have not been changed since."""
    write = call.person_write(body.acting_user)
    jobs = _jobs(call)
    job = jobs.get(JobKind.IMPORT, call.path["id"])
    if job.request.get("source") == Source.LEGAL:
        call.require(
            Action.REMOVE_BY_LEGAL_ORDER, "Only an admin or operator may undo an import with the source legal."
        )
    undoing = job.status is JobStatus.RUNNING and "-undo-" in (job.run or "")
    if job.status is not JobStatus.UNDONE and not undoing:
        _require_undoable(job)
        may_order = call.caller.may(Action.REMOVE_BY_LEGAL_ORDER)
        job = _start_undo(jobs, job, write, call.account_id, may_order=may_order)
    return Answer(200, job_view.as_json(job, _files(call, job), times.now()))


@api.route("POST", "/accounts/{account_id}/imports/{id}/columns")
def choose_import_columns(call: Call, body: ChosenColumns) -> Answer:
    """Continue an import that waits in `needs_columns` with the columns that contain its numbers."""
    jobs, at = _jobs(call), times.now()
    job = jobs.get(JobKind.IMPORT, call.path["id"])
    files = _files(call, job)
    job = choice.resume(jobs, job, files, settings.import_machine, body.columns, at)
    return Answer(200, job_view.as_json(job, files, at))


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve API Gateway."""
    return api.answer(event, context)


def _start_undo(jobs: Jobs, job: Job, write: Write, account_id: str, *, may_order: bool) -> Job:
    """Start the run, then record it. If this function crashes in between, the run records itself."""
    attempt = int((job.state.get("undo") or {}).get("attempt", 0)) + 1
    run = f"{job.id}-undo-{attempt}"
    undo = {"attempt": attempt, "requested_at": times.text(write.at), "requested_by": write.actor.item()}
    undo |= {"was": str(job.status), "error_was": job.error, "may_order": may_order}
    work = {"undo": {"account_id": account_id, "job_id": job.id, **undo}}
    try:
        with aws_errors.storage():
            clients.step_functions().start_execution(
                stateMachineArn=settings.import_machine, name=run, input=json.dumps(work)
            )
    except aws_errors.refused() as failed:
        if aws_errors.error_code(failed) != "ExecutionAlreadyExists":  # a concurrent request has started this run
            raise
        return jobs.get(JobKind.IMPORT, job.id)
    allowed = (JobStatus.DONE, JobStatus.FAILED)
    jobs.begin(JobKind.IMPORT, job.id, run, allowed=allowed, status=JobStatus.RUNNING, state={"undo": undo})
    return jobs.get(JobKind.IMPORT, job.id)


def _require_undoable(job: Job) -> None:
    if job.status in {JobStatus.AWAITING_UPLOAD, JobStatus.NEEDS_COLUMNS, JobStatus.QUEUED, JobStatus.RUNNING}:
        raise Conflict("This import has not finished. Wait until it is done or failed, then undo it.")
    if job.request.get("dry_run"):
        raise Conflict("This was a dry run and changed nothing, so there is nothing to undo.")
    if not job.state.get("pieces"):
        raise Conflict("This import failed before it changed anything, so there is nothing to undo.")


def _jobs(call: Call) -> Jobs:
    return Jobs(clients.dynamodb(), settings.accounts_table, call.account_id)


def _files(call: Call, job: Job) -> JobFiles:
    return JobFiles(None, settings.bulk_bucket, call.account_id, job.kind, job.id)
