"""Create a scrub: `POST …/scrubs`. The upload itself starts it."""

from typing import Any

from dnc.accounts.store import Accounts
from dnc.api import job_view
from dnc.api.bulk_requests import NewScrub
from dnc.api.http import Answer, Api, Call
from dnc.aws import clients
from dnc.bulk.files import JobFiles
from dnc.bulk.jobs import JobKind, Jobs
from dnc.settings import Settings

api = Api()
settings = Settings.from_env("ACCOUNTS_TABLE", "BULK_BUCKET")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


@api.route("POST", "/accounts/{account_id}/scrubs", statuses=(201,))
def make_scrub(call: Call, body: NewScrub) -> Answer:
    """Create a scrub and return the URL for uploading the campaign's leads; the upload starts it."""
    profile = accounts.profile(call.account_id)
    write = call.write(body.acting_user)
    request = body.model_dump(mode="json", exclude={"acting_user"})
    request["region"] = body.region or profile.default_region
    jobs = Jobs(clients.dynamodb(), settings.accounts_table, call.account_id)
    job = jobs.make(JobKind.SCRUB, request, write.actor, write.at)
    files = JobFiles(None, settings.bulk_bucket, call.account_id, JobKind.SCRUB, job.id)
    return Answer(201, {**job_view.as_json(job, files, write.at), "upload": files.upload(body.bytes, write.at)})


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve API Gateway."""
    return api.answer(event, context)
