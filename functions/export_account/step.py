"""One step of an export: write files until every row was read or the time is short. The state machine asks again.

Asked with `failed` it ends the export as failed, and an alarm rings.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from dnc import times
from dnc.accounts.store import Accounts
from dnc.aws import clients
from dnc.bulk.exports import orders as export_asks
from dnc.bulk.exports import run as exporting
from dnc.bulk.exports import sources as export_sources
from dnc.bulk.exports.code_version import code_version
from dnc.bulk.exports.format import Kind
from dnc.bulk.exports.orders import Ask
from dnc.bulk.exports.run import Bounds, Exports
from dnc.bulk.exports.sources import Read
from dnc.bulk.files import JobFiles, s3
from dnc.bulk.jobs import Job, JobKind, JobStatus
from dnc.entries.entry import Actor
from dnc.logs import logger as logs
from dnc.problems import NotFound
from dnc.settings import Settings

SECONDS_TO_END_A_FILE = 30
"""To compress what is left of a file, upload it and note it."""

settings = Settings.from_env("NUMBERS_TABLE", "AUDIT_TABLE", "ACCOUNTS_TABLE", "BULK_BUCKET")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Work on an export; `done` tells whether it is finished."""
    ask = _ask(event)
    exports = Exports(clients.dynamodb(), settings.accounts_table, ask.account_id)
    if event.get("failed"):
        return _fail(exports, ask, event["failed"])
    export = _taken(exports, ask)
    if export.status is JobStatus.DONE:
        return {"done": True}
    files = JobFiles(s3(), settings.bulk_bucket, ask.account_id, JobKind.EXPORT, export.id)
    export = exporting.run(
        exports,
        export,
        files,
        _source(ask.account_id, export),
        times.now,
        lambda: context.get_remaining_time_in_millis() < SECONDS_TO_END_A_FILE * 1000,
        Bounds(rows=settings.export_file_rows),
    )
    done = "read_until" in export.kept and exporting.seal(
        exports, export, files, code_version(), export.id, times.now()
    )
    logs.logger.info("export step", extra={"account_id": ask.account_id, "export_id": export.id, "done": done})
    return {"done": done}


def _ask(event: Mapping[str, Any]) -> Ask:
    given = event["ask"]
    if "export_id" in given:
        return Ask.of(given)
    return export_asks.night(given["account_id"], Kind(given["kind"]), times.parse(given["scheduled_at"]))


def _taken(exports: Exports, ask: Ask) -> Job:
    """Take the export, or make it: a night's begins where the nights before it ended."""
    request = dict(ask.request)
    if ask.nightly and request["kind"] == Kind.AUDIT:
        _, audit_until = exports.chain()
        made = accounts.profile(ask.account_id).created_at
        request["from"] = export_asks.night_begins(audit_until, made, request["to"])
    export = exports.jobs.make(
        JobKind.EXPORT,
        request,
        Actor(ask.by["principal"], ask.by.get("acting_user")),
        times.parse(ask.at),
        status=JobStatus.RUNNING,
        job_id=ask.export_id,
        kept=exporting.begun(nightly=ask.nightly),
    )
    if export.status is JobStatus.DONE:
        return export
    # A night that failed is taken up again where it stopped; what a person asked for and failed is asked for anew.
    since = (JobStatus.RUNNING, JobStatus.FAILED) if ask.nightly else (JobStatus.RUNNING,)
    exports.jobs.begin(JobKind.EXPORT, export.id, export.id, since=since)
    return exports.get(export.id)


def _source(account_id: str, export: Job) -> Read:
    client, asked = clients.dynamodb(), export.request
    if asked["kind"] == Kind.NUMBERS:
        return export_sources.entries(client, settings.numbers_table, account_id, asked["from"], asked["to"])
    return export_sources.events(client, settings.audit_table, account_id, asked["from"], asked["to"])


def _fail(exports: Exports, ask: Ask, failed: Mapping[str, Any]) -> dict[str, Any]:
    """End an export as failed. `failed`: what the state machine caught; its cause may hold anything and is not told."""
    kind = str(failed.get("Error") or "unknown")
    logs.logger.error(
        "export failed",
        extra={"account_id": ask.account_id, "export_id": ask.export_id, "error_type": kind, "nightly": ask.nightly},
    )
    from aws_lambda_powertools.metrics import MetricUnit, single_metric  # noqa: PLC0415 - hardly ever needed

    with single_metric(name="ExportsFailed", unit=MetricUnit.Count, value=1, namespace="Nocall") as metric:
        metric.add_dimension(name="service", value="nocall")
    advice = "The next night covers it; this night can be run again." if ask.nightly else "Ask for another one."
    with suppress(NotFound):  # it broke off before the job was made
        exports.jobs.fail(
            JobKind.EXPORT, ask.export_id, ask.export_id, times.now(), f"The export broke off ({kind}). {advice}"
        )
    return {"done": False}
