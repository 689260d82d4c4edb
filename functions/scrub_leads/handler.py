"""Create and continue scrubs: `POST …/scrubs`, `…/{id}/columns`. The upload itself starts a scrub."""

from typing import Any

from dnc import times
from dnc.accounts.store import Accounts
from dnc.api import job_view
from dnc.api.bulk_requests import ChosenColumns, NewScrub
from dnc.api.http import Answer, Api, Call
from dnc.aws import clients
from dnc.bulk import choice
from dnc.bulk.files import JobFiles
from dnc.bulk.jobs import Job, JobKind, Jobs
from dnc.settings import Settings

api = Api()
settings = Settings.from_env("ACCOUNTS_TABLE", "BULK_BUCKET", "SCRUB_MACHINE")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


@api.route("POST", "/accounts/{account_id}/scrubs", statuses=(201,))
def make_scrub(call: Call, body: NewScrub) -> Answer:
    """Create a scrub and return the URL for uploading the campaign's leads; the upload starts it."""
    profile = accounts.profile(call.account_id)
    write = call.write(body.acting_user)
    request = body.model_dump(mode="json", exclude={"acting_user"})
    request["region"] = body.region or profile.default_region
    job = _jobs(call).make(JobKind.SCRUB, request, write.actor, write.at)
    files = _files(call, job)
    return Answer(201, {**job_view.as_json(job, files, write.at), "upload": files.upload(body.bytes, write.at)})


@api.route("POST", "/accounts/{account_id}/scrubs/{id}/columns")
def choose_scrub_columns(call: Call, body: ChosenColumns) -> Answer:
    """Continue a scrub that waits in `needs_columns` with the columns that contain its numbers."""
    jobs, at = _jobs(call), times.now()
    job = jobs.get(JobKind.SCRUB, call.path["id"])
    files = _files(call, job)
    job = choice.resume(jobs, job, files, settings.scrub_machine, body.columns, at)
    return Answer(200, job_view.as_json(job, files, at))


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve API Gateway."""
    return api.answer(event, context)


def _jobs(call: Call) -> Jobs:
    return Jobs(clients.dynamodb(), settings.accounts_table, call.account_id)


def _files(call: Call, job: Job) -> JobFiles:
    return JobFiles(None, settings.bulk_bucket, call.account_id, job.kind, job.id)
