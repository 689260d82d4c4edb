"""Writes or undoes one piece of an import. Running it again changes nothing twice, so a retry is always safe.

The state machine runs a piece again when it raises `NotYetDone`.
"""

from typing import Any

from dnc import times
from dnc.aws import clients, deadline
from dnc.bulk.files import JobFiles, s3
from dnc.bulk.imports import piece as import_piece
from dnc.bulk.imports.pacing import AuditLag, Pace
from dnc.bulk.imports.piece import PieceImport
from dnc.bulk.imports.pieces import undo_folder
from dnc.bulk.imports.request import ImportOptions
from dnc.bulk.imports.undo import PieceUndo
from dnc.bulk.jobs import JobKind, Jobs, JobStatus
from dnc.bulk.shared_pace import ReadPace, WritePace
from dnc.bulk.turns import Turns
from dnc.entries.batch_store import BulkEntries
from dnc.entries.entry import Actor
from dnc.logs import logger as logs
from dnc.settings import Settings

SECONDS_TO_END = 20.0

settings = Settings.from_env(
    "NUMBERS_TABLE",
    "ACCOUNTS_TABLE",
    "AUDIT_TABLE",
    "BULK_BUCKET",
    "IMPORT_CONCURRENCY",
    "IMPORT_WRITES_PER_SECOND",
    "IMPORT_SLOW_LAG_SECONDS",
)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Work on one piece, if the job still belongs to this run."""
    deadline.begin(context)
    account_id, job_id, run, piece = event["account_id"], event["job_id"], event["run"], event["piece"]
    jobs = Jobs(clients.dynamodb(), settings.accounts_table, account_id)
    job = jobs.get(JobKind.IMPORT, job_id)
    if job.status is not JobStatus.RUNNING or job.run != run:
        logs.logger.info("this run has ended", extra={"account_id": account_id, "job_id": job_id})
        return {}
    Turns(clients.dynamodb(), settings.accounts_table, account_id).renew(JobKind.IMPORT, job_id, run, times.now())
    files = JobFiles(s3(), settings.bulk_bucket, account_id, JobKind.IMPORT, job_id)

    def still_time() -> bool:
        return bool(context.get_remaining_time_in_millis() > SECONDS_TO_END * 1000)

    reads = ReadPace(clients.dynamodb(), settings.accounts_table, account_id, settings.read_units_per_second)
    store = BulkEntries(clients.dynamodb(), settings.numbers_table, account_id, reads.wait)
    options = ImportOptions.of(job)
    if event["mode"] == "undo":
        undo = job.state["undo"]
        actor = Actor(undo["requested_by"]["principal"], undo["requested_by"]["acting_user"])
        note = f"import {job.id} of {job.request['filename']} was undone"
        undoing = PieceUndo(
            store, options, actor, note, _pace(account_id), still_time, may_order=bool(undo.get("may_order"))
        )
        import_piece.run(files, piece, undoing.undo, undo_folder(undo["attempt"]))
    else:
        lag = AuditLag(clients.dynamodb(), settings.audit_table, account_id, settings.import_slow_lag_seconds)
        writing = PieceImport(store, account_id, options, job.actor, _pace(account_id), lag, still_time)
        import_piece.run(files, piece, writing.write)
    jobs.count_piece(JobKind.IMPORT, job_id, run, piece["piece"])
    return {}


def _pace(account_id: str) -> Pace:
    rate = settings.import_writes_per_second
    account = WritePace(clients.dynamodb(), settings.accounts_table, account_id, rate)
    return Pace(rate / settings.import_concurrency, shared=account.wait)
