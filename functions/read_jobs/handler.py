"""Read bulk jobs: `GET …/imports`, `…/scrubs` and `…/exports`, as lists and one by one."""

from typing import Any

from dnc import times
from dnc.accounts.profiles import Profiles
from dnc.api import job_view, page_tokens
from dnc.api.fields import Paged
from dnc.api.http import Answer, Api, Call
from dnc.aws import clients
from dnc.bulk.files import JobFiles
from dnc.bulk.jobs import Job, JobKind, Jobs
from dnc.settings import Settings

api = Api()
settings = Settings.from_env("ACCOUNTS_TABLE", "BULK_BUCKET")
accounts = Profiles(clients.dynamodb(), settings.accounts_table)


@api.route("GET", "/accounts/{account_id}/imports")
def list_imports(call: Call, query: Paged) -> Answer:
    """List the account's imports, newest first."""
    return _list(call, JobKind.IMPORT, query)


@api.route("GET", "/accounts/{account_id}/imports/{id}")
def read_import(call: Call) -> Answer:
    """Read an import: its progress, counts and report."""
    return _read(call, JobKind.IMPORT)


@api.route("GET", "/accounts/{account_id}/scrubs")
def list_scrubs(call: Call, query: Paged) -> Answer:
    """List the account's scrubs, newest first."""
    return _list(call, JobKind.SCRUB, query)


@api.route("GET", "/accounts/{account_id}/scrubs/{id}")
def read_scrub(call: Call) -> Answer:
    """Read a scrub: its progress, counts and files."""
    return _read(call, JobKind.SCRUB)


@api.route("GET", "/accounts/{account_id}/exports")
def list_exports(call: Call, query: Paged) -> Answer:
    """List the account's exports, newest first."""
    return _list(call, JobKind.EXPORT, query)


@api.route("GET", "/accounts/{account_id}/exports/{id}")
def read_export(call: Call) -> Answer:
    """Read an export: its progress, files and manifest."""
    return _read(call, JobKind.EXPORT)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve API Gateway."""
    return api.answer(event, context)


def _list(call: Call, kind: JobKind, query: Paged) -> Answer:
    bound = {"jobs": str(kind)}
    after = page_tokens.key_of(call.account_id, bound, query.page_token)
    found, last = _jobs(call).page(kind, query.page_size, after)
    token = page_tokens.token(call.account_id, bound, last) if last else None
    return Answer(200, {f"{kind}s": [_as_json(call, job) for job in found], "next_page_token": token})


def _read(call: Call, kind: JobKind) -> Answer:
    return Answer(200, _as_json(call, _jobs(call).get(kind, call.path["id"])))


def _jobs(call: Call) -> Jobs:
    accounts.remembered(call.account_id)
    return Jobs(clients.dynamodb(), settings.accounts_table, call.account_id)


def _as_json(call: Call, job: Job) -> dict[str, Any]:
    files = JobFiles(None, settings.bulk_bucket, call.account_id, job.kind, job.id)
    return job_view.as_json(job, files, times.now())
