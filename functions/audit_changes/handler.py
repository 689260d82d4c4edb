"""Records the streams of the numbers and accounts tables: every change becomes an audit event and a change event.

The events of one number are written in order, those of different numbers in parallel. If only some chains of a batch
fail, their records are held back in the failure bucket (`dnc.audit.held`), so that no number stalls the others. If all
fail, the whole batch is delivered again, and recorded events are not written twice.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import Enum, auto
from functools import cache, partial
from typing import Any, NamedTuple

from audit_changes.change_events import publish
from audit_changes.reinstatement import reinstate
from dnc.audit.chain import Head
from dnc.audit.changes import OUT_OF_BAND, EventType, RecordedChange
from dnc.audit.held import HeldRecords, read_record
from dnc.audit.writer import AuditWriter, ChainHeld
from dnc.aws import clients, deadline
from dnc.aws import errors as aws_errors
from dnc.logs import logger as logs
from dnc.logs import metrics
from dnc.phone import reader as phone
from dnc.settings import Settings

WORKERS = 8

settings = Settings.from_env("AUDIT_TABLE", "NUMBERS_TABLE", "EVENT_BUS", "BULK_BUCKET", "FAILED_RECORDS_BUCKET")


class Delivered(NamedTuple):
    """A stream record and the change in it."""

    record: Mapping[str, Any]
    change: RecordedChange

    @property
    def sequence(self) -> str:
        """Return the record's sequence number in the stream."""
        return str(self.record["dynamodb"]["SequenceNumber"])


class Result(Enum):
    """The outcome for the records of one chain."""

    RECORDED = auto()
    HELD = auto()
    FAILED = auto()


@cache
def _s3() -> Any:
    return clients.client("s3")  # created on first use, because it is rarely needed


def _store_image(key: str, body: bytes) -> None:
    with aws_errors.storage():
        _s3().put_object(Bucket=settings.bulk_bucket, Key=key, Body=body, ContentType="application/json")


writer = AuditWriter(clients.dynamodb(), settings.audit_table, _store_image)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Record a batch of a stream. Return the records that must be delivered again."""
    deadline.begin(context)
    chains, failed = _read(event["Records"])
    heads = writer.heads(list(chains))
    with ThreadPoolExecutor(WORKERS) as pool:
        results = dict(
            zip(chains, pool.map(_record, chains.values(), [heads.get(subject) for subject in chains]), strict=True)
        )
    some_succeeded = Result.RECORDED in results.values() or Result.HELD in results.values()
    done: list[Delivered] = []
    for subject, result in results.items():
        is_held = result is Result.HELD or (some_succeeded and result is Result.FAILED and _close(subject))
        if result is Result.RECORDED or (is_held and _hold_back(subject, chains[subject])):
            done += chains[subject]
        else:
            failed.update(delivered.sequence for delivered in chains[subject])
    failed |= publish(
        clients.event_bridge(), settings.event_bus, [(delivered.sequence, delivered.change) for delivered in done]
    )
    for delivered in done:
        if delivered.change.type in OUT_OF_BAND and delivered.sequence not in failed and not _heal_and_alarm(delivered):
            failed.add(delivered.sequence)
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in sorted(failed)]}


def _read(records: Iterable[Mapping[str, Any]]) -> tuple[dict[str, list[Delivered]], set[str]]:
    """Return the changes by chain, and the sequence numbers of records that could be neither read nor stored."""
    chains: dict[str, list[Delivered]] = defaultdict(list)
    failed: set[str] = set()
    for record in records:
        try:
            change = read_record(record)
        except Exception as unreadable:  # noqa: BLE001 - such a record must not stall the others
            sequence = str(record["dynamodb"]["SequenceNumber"])
            logs.logger.error("unreadable stream record", extra={"sequence": sequence, **logs.failure(unreadable)})
            if not _succeeds(partial(_held().store_unreadable, record)):
                failed.add(sequence)
            metrics.count("HeldRecords")
            continue
        if change is not None:
            chains[change.subject].append(Delivered(record, change))
    return chains, failed


def _record(chain: list[Delivered], head: Head | None) -> Result:
    try:
        writer.record([delivered.change for delivered in chain], head)
    except ChainHeld:
        return Result.HELD
    except Exception as failed:  # noqa: BLE001 - one number's failure must not stop the audit of the others
        logs.logger.error("audit failed", extra={"number": phone.mask(chain[0].change.number), **logs.failure(failed)})
        return Result.FAILED
    return Result.RECORDED


def _close(subject: str) -> bool:
    return _succeeds(lambda: writer.hold(subject))


def _hold_back(subject: str, chain: list[Delivered]) -> bool:
    """Store the records of a held chain. Return whether all of them are."""
    for delivered in chain:
        if not _succeeds(partial(_held().store, subject, delivered.record)):
            return False
    metrics.count("HeldRecords", len(chain))
    return True


def _held() -> HeldRecords:
    return HeldRecords(_s3(), settings.failed_records_bucket)


def _succeeds(write: Callable[[], object]) -> bool:
    try:
        write()
    except Exception as failed:  # noqa: BLE001 - after any failure, the record must be delivered again
        logs.logger.error("a stream record must be delivered again", extra=logs.failure(failed))
        return False
    return True


def _heal_and_alarm(delivered: Delivered) -> bool:
    """Alarm about a manual change, and reinstate a deleted listed row. Return False if that must be tried again."""
    change = delivered.change
    logs.logger.error(
        "changed outside of the service",
        extra={"account_id": change.account_id, "number": phone.mask(change.number), "type": str(change.type)},
    )
    metrics.count("OutOfBandChanges")
    if change.type is not EventType.DELETED_OUT_OF_BAND or not settings.reinstate_deleted:
        return True
    return _succeeds(lambda: reinstate(clients.dynamodb(), settings.numbers_table, delivered.record))
