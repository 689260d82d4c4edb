"""Measures the stream handler's CPU per event on DynamoDB Local: `python -m tests.conformance.audit.measure_audit`.

It reports figures and tests nothing. The CPU is only this process's, without DynamoDB Local's.
"""

import os
import platform
import sys
import time
from typing import Any

from dnc import times
from dnc.aws import clients, wire
from dnc.entries import entry as entries
from dnc.entries.entry import Actor, Request, Source, Write
from infra.setup.programs import ProgramMissing
from tests.support import dynamodb_local, npm, tables

BATCH, BATCHES, RUNS = 100, 6, 3


class Bus:
    """Accepts all change events, because publishing is not measured."""

    def put_events(self, Entries: list[Any]) -> dict[str, Any]:
        return {"Entries": [{} for _ in Entries]}


def record(i: int) -> dict[str, Any]:
    write = Write(times.now(), Actor("key:measured", "u-1"), f"r-{i}")
    details = {"campaign_id": "spring", "agent_id": "a-17", "call_id": f"c-{i}", "note": "asked twice"}
    request = Request(f"+1415{i:07}", Source.DISPOSITION, times.text(write.at), details, None, f"c-{i}")
    entry = entries.request_listing("acme", None, request, write).entry
    change = {"SequenceNumber": str(10**20 + i), "NewImage": wire.to_wire(entry.item())}
    return {"eventName": "INSERT", "dynamodb": {"ApproximateCreationDateTime": time.time(), **change}}


def main() -> int:
    try:
        process, endpoint = dynamodb_local.start()
    except (npm.DownloadFailed, ProgramMissing) as failure:
        print(failure, file=sys.stderr)
        return 1
    try:
        os.environ |= {
            "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AUDIT_TABLE": tables.TABLES["audit"],
            "EVENT_BUS": "none",
            "NUMBERS_TABLE": tables.TABLES["numbers"],
            "BULK_BUCKET": "none",
            "FAILED_RECORDS_BUCKET": "none",
        }
        client = clients.client("dynamodb")
        os.environ["AUDIT_TABLE"] = tables.create(client)["audit"]
        from audit_changes import handler

        handler.clients = type("Clients", (), {"client": staticmethod(lambda _: Bus())})  # type: ignore[assignment]
        print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
        for run in range(RUNS + 1):
            batches = [[record((run * BATCHES + b) * BATCH + i) for i in range(BATCH)] for b in range(BATCHES)]
            cpu, wall = time.process_time(), time.perf_counter()
            for batch in batches:
                response = handler.lambda_handler({"Records": batch}, None)
                if response["batchItemFailures"]:
                    raise RuntimeError("the handler failed")
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            if run:  # the first run warms up
                each = 1000 / (BATCH * BATCHES)
                print(f"{cpu * each:.2f} ms CPU and {wall * each:.2f} ms of wall time per event")
    finally:
        process.terminate()
        process.wait(30)
    return 0


if __name__ == "__main__":
    sys.exit(main())
