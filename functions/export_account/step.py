"""One step of an export: write files until every row was read or time is short. The state machine repeats the step.

With `failed` in the event, the step ends the export as failed, and an alarm is raised.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from dnc import times
from dnc.accounts.profiles import Profile
from dnc.accounts.store import Accounts
from dnc.aws import clients
from dnc.bulk.exports import failure, orders
from dnc.bulk.exports import run as export_run
from dnc.bulk.exports import sources as export_sources
from dnc.bulk.exports import store as export_store
from dnc.bulk.exports.code_version import code_version
from dnc.bulk.exports.format import ExportKind
from dnc.bulk.exports.orders import ExportOrder
from dnc.bulk.exports.run import FileLimits
from dnc.bulk.exports.sources import RowReader
from dnc.bulk.exports.store import Exports
from dnc.bulk.files import JobFiles, s3
from dnc.bulk.jobs import Job, JobKind, JobStatus
from dnc.entries.entry import Actor
from dnc.logs import logger as logs
from dnc.logs import metrics
from dnc.problems import NotFound
from dnc.settings import Settings

SECONDS_TO_END_A_FILE = 30
"""The time to compress the rest of a file, upload it and store its summary."""
OLD_REGISTRY_DAYS = 25
"""From this age on, an account should import a registry again: at 31 days it is too old."""
GIVEN_UP_AFTER_DAYS = 90
"""An area whose registry was not imported for so long is one that the account no longer calls."""

settings = Settings.from_env("NUMBERS_TABLE", "AUDIT_TABLE", "ACCOUNTS_TABLE", "BULK_BUCKET")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Work on an export. `done`: whether it is finished."""
    order = _order(event)
    exports = Exports(clients.dynamodb(), settings.accounts_table, order.account_id)
    if event.get("failed"):
        return _fail(exports, order, event["failed"])
    export = _taken(exports, order)
    if export.status is JobStatus.DONE:
        return {"done": True}
    files = JobFiles(s3(), settings.bulk_bucket, order.account_id, JobKind.EXPORT, export.id)
    export = export_run.run(
        exports,
        export,
        files,
        _source(order.account_id, export),
        times.now,
        lambda: context.get_remaining_time_in_millis() < SECONDS_TO_END_A_FILE * 1000,
        FileLimits(rows=settings.export_file_rows),
    )
    done = "read_until" in export.state and export_run.seal(
        exports, export, files, code_version(), export.id, times.now()
    )
    logs.logger.info("export step", extra={"account_id": order.account_id, "export_id": export.id, "done": done})
    return {"done": done}


def _order(event: Mapping[str, Any]) -> ExportOrder:
    order = event["ask"]
    if "export_id" in order:
        return ExportOrder.of(order)
    return orders.night(order["account_id"], ExportKind(order["kind"]), times.parse(order["scheduled_at"]))


def _taken(exports: Exports, order: ExportOrder) -> Job:
    """Take the export, or create it. A nightly export of the audit begins where the last one ended."""
    request = dict(order.request)
    if order.nightly and request["kind"] == ExportKind.AUDIT:
        _, audit_until = exports.chain()
        profile = accounts.profile(order.account_id)
        request["from"] = orders.night_begins(audit_until, profile.created_at, request["to"])
        _count_age_of_registries(profile)
    export = exports.jobs.make(
        JobKind.EXPORT,
        request,
        Actor(order.by["principal"], order.by.get("acting_user")),
        times.parse(order.at),
        status=JobStatus.RUNNING,
        job_id=order.export_id,
        state=export_store.initial_state(nightly=order.nightly),
    )
    if export.status is JobStatus.DONE:
        return export
    # A nightly export that failed continues where it stopped. A person orders a new export instead.
    since = (JobStatus.RUNNING, JobStatus.FAILED) if order.nightly else (JobStatus.RUNNING,)
    exports.jobs.begin(JobKind.EXPORT, export.id, export.id, since=since)
    return exports.get(export.id)


def _count_age_of_registries(profile: Profile) -> None:
    """Report how old the oldest registry is that the account still imports. An alarm watches the metric."""
    ages = [age for age in profile.registry_ages(times.now()) if age <= GIVEN_UP_AFTER_DAYS]
    if ages:
        metrics.count("RegistryAgeDays", max(ages))
    if ages and max(ages) >= OLD_REGISTRY_DAYS:
        extra = {"account_id": profile.account_id, "days": max(ages)}
        logs.logger.warning("a registry was last imported long ago", extra=extra)


def _source(account_id: str, export: Job) -> RowReader:
    client, request = clients.dynamodb(), export.request
    if request["kind"] == ExportKind.NUMBERS:
        return export_sources.entries(client, settings.numbers_table, account_id, request["from"], request["to"])
    return export_sources.events(client, settings.audit_table, account_id, request["from"], request["to"])


def _fail(exports: Exports, order: ExportOrder, failed: Mapping[str, Any]) -> dict[str, Any]:
    """End an export as failed. `failed`: what the state machine caught; only its kind is logged and shown."""
    kind = str(failed.get("Error") or "unknown")
    logs.logger.error(
        "export failed",
        extra={
            "account_id": order.account_id,
            "export_id": order.export_id,
            "error_type": kind,
            "nightly": order.nightly,
        },
    )
    metrics.count("ExportsFailed")
    with suppress(NotFound):  # it failed before the job was created
        failure.record(exports.jobs, order.export_id, kind, times.now(), nightly=order.nightly)
    return {"done": False}
