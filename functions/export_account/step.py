"""One step of an export: write files until all rows are read or time is short. The state machine repeats the step.

With `failed` in the event, the step ends the export as failed and raises an alarm.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from dnc import times
from dnc.accounts.profiles import Profile
from dnc.accounts.store import Accounts
from dnc.aws import clients, deadline
from dnc.bulk.exports import failure, orders
from dnc.bulk.exports import run as export_run
from dnc.bulk.exports import sources as export_sources
from dnc.bulk.exports import store as export_store
from dnc.bulk.exports.code_version import code_version
from dnc.bulk.exports.format import ExportKind
from dnc.bulk.exports.orders import ExportOrder
from dnc.bulk.exports.run import FileLimits
from dnc.bulk.exports.settled import IndexLags, Sample
from dnc.bulk.exports.sources import RowReader
from dnc.bulk.exports.store import Exports
from dnc.bulk.files import JobFiles, s3
from dnc.bulk.jobs import Job, JobKind, JobStatus
from dnc.bulk.shared_pace import ReadPace
from dnc.bulk.turns import Pool, Turns
from dnc.entries.entry import Actor
from dnc.logs import logger as logs
from dnc.logs import metrics
from dnc.problems import Conflict, NotFound
from dnc.settings import Settings

SECONDS_TO_END_A_FILE = 30
"""The time it takes to compress the rest of a file, upload it and store its summary."""
OLD_REGISTRY_DAYS = 25
"""The age at which an account should import a registry again. At 31 days it is too old to call by."""
UNUSED_REGISTRY_DAYS = 90
"""If an area's registry has not been imported for this long, the account presumably no longer calls the area."""

settings = Settings.from_env("NUMBERS_TABLE", "AUDIT_TABLE", "ACCOUNTS_TABLE", "BULK_BUCKET")
accounts = Accounts(clients.dynamodb(), settings.accounts_table)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Work on an export. Return whether it is `done`, and how many seconds to `wait` for its turn, or 0."""
    deadline.begin(context)
    order = _order(event)
    exports = Exports(clients.dynamodb(), settings.accounts_table, order.account_id)
    if event.get("failed"):
        return _fail(exports, order, event["failed"])
    export = _take(exports, order)
    if export.status is JobStatus.DONE:
        return {"done": True, "wait": 0}
    client, limit = clients.dynamodb(), settings.reading_jobs_per_account
    turns = Turns(client, settings.accounts_table, order.account_id)
    turn = turns.take(export, export.id, Pool.READERS, limit, times.now())
    if turn.over:
        raise Conflict("This export has ended.")
    if not turn.taken:
        return {"done": False, "wait": turn.wait}
    export = exports.get(export.id)
    files = JobFiles(s3(), settings.bulk_bucket, order.account_id, JobKind.EXPORT, export.id)
    if not export.state["cursor"]:
        _require_settled(order.account_id, export)
    export = export_run.run(
        exports,
        export,
        files,
        _source(order.account_id, export),
        times.now,
        lambda: context.get_remaining_time_in_millis() < SECONDS_TO_END_A_FILE * 1000,
        FileLimits(rows=settings.export_file_rows),
    )
    done = False
    if "read_until" in export.state:
        _require_settled_at_end(exports, order.account_id, export)
        done = export_run.seal(exports, export, files, code_version(), export.id, times.now())
    logs.logger.info("export step", extra={"account_id": order.account_id, "export_id": export.id, "done": done})
    return {"done": done, "wait": 0}


def _order(event: Mapping[str, Any]) -> ExportOrder:
    order = event["order"]
    if "export_id" in order:
        return ExportOrder.of(order)
    return orders.nightly_order(order["account_id"], ExportKind(order["kind"]), times.parse(order["scheduled_at"]))


def _take(exports: Exports, order: ExportOrder) -> Job:
    """Return the export, created if necessary. A nightly export of the audit begins where the last one ended."""
    request = dict(order.request)
    if order.nightly and request["kind"] == ExportKind.AUDIT:
        _, audit_until = exports.chain()
        profile = accounts.profile(order.account_id)
        request["from"] = orders.audit_start(audit_until, profile.created_at, request["to"])
        _report_registry_age(profile)
    export = exports.jobs.make(
        JobKind.EXPORT,
        request,
        Actor(order.by["principal"], order.by.get("acting_user")),
        times.parse(order.at),
        status=JobStatus.QUEUED,
        job_id=order.export_id,
        run=order.export_id,
        state=export_store.initial_state(nightly=order.nightly),
    )
    if export.status is JobStatus.DONE:
        return export
    # A nightly export that failed continues where it stopped. A person would create a new export instead.
    if order.nightly and export.status is JobStatus.FAILED:
        exports.jobs.begin(JobKind.EXPORT, export.id, export.id, allowed=(JobStatus.FAILED,))
        export = exports.get(export.id)
    return export


def _require_settled(account_id: str, export: Job) -> None:
    """Raise IndexLags if a sample shows that the index lacks an event in the window of an export of the audit."""
    request = export.request
    if request["kind"] == ExportKind.AUDIT and request["from"] < request["to"]:
        tables, window = (settings.numbers_table, settings.audit_table), (request["from"], request["to"])
        Sample(clients.dynamodb(), tables, account_id, window, _pace(account_id)).compare()


def _require_settled_at_end(exports: Exports, account_id: str, export: Job) -> None:
    """Raise IndexLags before an export is sealed. If the index lags, the files may lack events: it starts over."""
    try:
        _require_settled(account_id, export)
    except IndexLags:
        exports.restart(export, str(export.request["from"]))
        raise


def _pace(account_id: str) -> ReadPace:
    return ReadPace(clients.dynamodb(), settings.accounts_table, account_id, settings.read_units_per_second)


def _report_registry_age(profile: Profile) -> None:
    """Report the age of the oldest registry that the account still imports. An alarm watches the metric."""
    ages = [age for age in profile.registry_ages(times.now()) if age <= UNUSED_REGISTRY_DAYS]
    if ages:
        metrics.count("RegistryAgeDays", max(ages))
    if ages and max(ages) >= OLD_REGISTRY_DAYS:
        extra = {"account_id": profile.account_id, "days": max(ages)}
        logs.logger.warning("a registry was last imported long ago", extra=extra)


def _source(account_id: str, export: Job) -> RowReader:
    client, request = clients.dynamodb(), export.request
    if request["kind"] == ExportKind.NUMBERS:
        window = request["from"], request["to"]
        return export_sources.entries(client, settings.numbers_table, account_id, _pace(account_id), *window)
    return export_sources.events(client, settings.audit_table, account_id, request["from"], request["to"])


def _fail(exports: Exports, order: ExportOrder, failed: Mapping[str, Any]) -> dict[str, Any]:
    """Fail an export. `failed`: the error that the state machine caught. Only its name is logged and shown."""
    name = str(failed.get("Error") or "unknown")
    logs.logger.error(
        "export failed",
        extra={
            "account_id": order.account_id,
            "export_id": order.export_id,
            "error_type": name,
            "nightly": order.nightly,
        },
    )
    metrics.count("ExportsFailed")
    with suppress(NotFound):  # it failed before the job was created
        failure.record(exports.jobs, order.export_id, name, times.now(), nightly=order.nightly)
    return {"done": False, "wait": 0}
