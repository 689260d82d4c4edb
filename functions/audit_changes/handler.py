"""The stream of the numbers table: every change becomes an audit event in its number's chain, and a change event.

The events of one number are written in their order, those of different numbers side by side. What could not be
recorded is given back by its sequence number; the stream delivers it again, and what was recorded is not written twice.
"""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from audit_changes.change_events import publish
from dnc.audit import chain as audit
from dnc.audit.chain import OUT_OF_BAND, Head, Told
from dnc.audit.reader import AuditWriter
from dnc.aws import clients
from dnc.logs import logger as logs
from dnc.phone import reader as phone
from dnc.settings import Settings

SIDE_BY_SIDE = 8

settings = Settings.from_env("AUDIT_TABLE", "EVENT_BUS")
writer = AuditWriter(clients.dynamodb(), settings.audit_table)


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Record a batch of the stream; give back what has to be delivered again."""
    chains: dict[str, list[tuple[str, Told]]] = defaultdict(list)
    failed: set[str] = set()
    for record in event["Records"]:
        delivered = record["dynamodb"]["SequenceNumber"]
        try:
            told = audit.tell(record)
        except (KeyError, TypeError, ValueError, ArithmeticError) as unreadable:
            logs.logger.error("unreadable stream record", extra={"sequence": delivered, **logs.failure(unreadable)})
            failed.add(delivered)
            continue
        if told is not None:
            chains[told.subject].append((delivered, told))
    recorded: list[tuple[str, Told]] = []
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for chain, done in zip(chains.values(), pool.map(_record, chains.values(), _heads(chains)), strict=True):
            if done:
                recorded += chain
            else:
                failed.update(delivered for delivered, _ in chain)
    failed |= publish(clients.event_bridge(), settings.event_bus, recorded)
    for delivered, told in recorded:
        if told.type in OUT_OF_BAND and delivered not in failed:
            _alarm(told)
    return {"batchItemFailures": [{"itemIdentifier": delivered} for delivered in sorted(failed)]}


def _heads(chains: dict[str, list[tuple[str, Told]]]) -> list[Head | None]:
    subjects = list(chains)
    heads: dict[str, Head] = {}
    for i in range(0, len(subjects), 100):
        heads |= writer.heads(subjects[i : i + 100])
    return [heads.get(subject) for subject in subjects]


def _record(chain: list[tuple[str, Told]], head: Head | None) -> bool:
    try:
        writer.record([told for _, told in chain], head)
    except Exception as failed:  # noqa: BLE001 - one number's failure must not keep the others from their audit
        logs.logger.error("audit failed", extra={"number": phone.mask(chain[0][1].number), **logs.failure(failed)})
        return False
    return True


def _alarm(told: Told) -> None:
    logs.logger.error(
        "changed outside of the service",
        extra={"account_id": told.account_id, "number": phone.mask(told.number), "type": str(told.type)},
    )
    from aws_lambda_powertools.metrics import MetricUnit, single_metric  # noqa: PLC0415 - hardly ever needed

    with single_metric(name="OutOfBandChanges", unit=MetricUnit.Count, value=1, namespace="Nocall") as metric:
        metric.add_dimension(name="service", value="nocall")
