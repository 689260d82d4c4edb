"""The stream of the numbers table: every change becomes an audit event in its number's chain, and a change event.

The events of one number are written in order, those of different numbers in parallel. Records that could not be
written are returned by sequence number; the stream delivers them again, and recorded ones are not written twice.
"""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from audit_changes.change_events import publish
from dnc.audit.chain import Head
from dnc.audit.changes import OUT_OF_BAND, RecordedChange, read_stream_record
from dnc.audit.writer import AuditWriter
from dnc.aws import clients
from dnc.logs import logger as logs
from dnc.phone import reader as phone
from dnc.settings import Settings

WORKERS = 8

settings = Settings.from_env("AUDIT_TABLE", "EVENT_BUS")
writer = AuditWriter(clients.dynamodb(), settings.audit_table)


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Record a batch of the stream. Return what must be delivered again."""
    chains: dict[str, list[tuple[str, RecordedChange]]] = defaultdict(list)
    failed: set[str] = set()
    for record in event["Records"]:
        delivered = record["dynamodb"]["SequenceNumber"]
        try:
            change = read_stream_record(record)
        except (KeyError, TypeError, ValueError, ArithmeticError) as unreadable:
            logs.logger.error("unreadable stream record", extra={"sequence": delivered, **logs.failure(unreadable)})
            failed.add(delivered)
            continue
        if change is not None:
            chains[change.subject].append((delivered, change))
    recorded: list[tuple[str, RecordedChange]] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        for chain, done in zip(chains.values(), pool.map(_record, chains.values(), _heads(chains)), strict=True):
            if done:
                recorded += chain
            else:
                failed.update(delivered for delivered, _ in chain)
    failed |= publish(clients.event_bridge(), settings.event_bus, recorded)
    for delivered, change in recorded:
        if change.type in OUT_OF_BAND and delivered not in failed:
            _alarm(change)
    return {"batchItemFailures": [{"itemIdentifier": delivered} for delivered in sorted(failed)]}


def _heads(chains: dict[str, list[tuple[str, RecordedChange]]]) -> list[Head | None]:
    heads = writer.heads(list(chains))
    return [heads.get(subject) for subject in chains]


def _record(chain: list[tuple[str, RecordedChange]], head: Head | None) -> bool:
    try:
        writer.record([change for _, change in chain], head)
    except Exception as failed:  # noqa: BLE001 - one number's failure must not keep the others from their audit
        logs.logger.error("audit failed", extra={"number": phone.mask(chain[0][1].number), **logs.failure(failed)})
        return False
    return True


def _alarm(change: RecordedChange) -> None:
    logs.logger.error(
        "changed outside of the service",
        extra={"account_id": change.account_id, "number": phone.mask(change.number), "type": str(change.type)},
    )
    from aws_lambda_powertools.metrics import MetricUnit, single_metric  # noqa: PLC0415 - hardly ever needed

    with single_metric(name="OutOfBandChanges", unit=MetricUnit.Count, value=1, namespace="Nocall") as metric:
        metric.add_dimension(name="service", value="nocall")
