"""Create an export: `POST …/exports`. A state machine carries it out."""

import json
from typing import Any

from dnc import times
from dnc.accounts.store import Accounts
from dnc.api import job_view
from dnc.api.bulk_requests import NewExport
from dnc.api.http import Answer, Api, Call
from dnc.aws import clients
from dnc.aws import errors as aws_errors
from dnc.bulk.exports import orders
from dnc.bulk.exports import store as export_store
from dnc.bulk.exports.format import ExportKind
from dnc.bulk.exports.orders import ExportOrder
from dnc.bulk.files import JobFiles
from dnc.bulk.jobs import JobKind, Jobs, JobStatus, new_id
from dnc.settings import Settings

api = Api()
settings = Settings.from_env("ACCOUNTS_TABLE", "BULK_BUCKET", "EXPORT_MACHINE")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


@api.route("POST", "/accounts/{account_id}/exports", statuses=(201,))
def make_export(call: Call, body: NewExport) -> Answer:
    """Export the list or the audit to files with a manifest."""
    created_at = accounts.profile(call.account_id).created_at
    write = call.write(body.acting_user)
    since, until = orders.window(ExportKind(body.kind), body.since, body.until, created_at, write.at)
    request = {"kind": body.kind, "format": body.format, "from": since, "to": until}
    order = ExportOrder(call.account_id, new_id(write.at), request, write.actor.item(), times.text(write.at))
    # Start the run first. If this function crashes before it creates the job, the run does, so no job lacks a run.
    with aws_errors.storage():
        clients.step_functions().start_execution(
            stateMachineArn=settings.export_machine, name=order.export_id, input=json.dumps({"order": order.as_json()})
        )
    job = Jobs(clients.dynamodb(), settings.accounts_table, call.account_id).make(
        JobKind.EXPORT,
        request,
        write.actor,
        write.at,
        status=JobStatus.QUEUED,
        job_id=order.export_id,
        run=order.export_id,
        state=export_store.initial_state(nightly=False),
    )
    files = JobFiles(None, settings.bulk_bucket, call.account_id, JobKind.EXPORT, job.id)
    return Answer(201, job_view.as_json(job, files, write.at))


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve API Gateway."""
    return api.answer(event, context)
