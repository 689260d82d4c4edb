"""Exports: the cost of a row, next to a plain loop with boto3's Query, csv and gzip.

`python -m benchmarks.export_numbers --rows 100000`. Both read the same list from a stand-in over HTTP and compress
what they write. The loop keeps no progress, computes no digest, and leaves cells that a spreadsheet runs as formulas.
Each file is read back and must contain exactly the list.
"""

import argparse
import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.harness import results
from benchmarks.harness.folder_s3 import FolderS3
from benchmarks.harness.servers import ROOT
from benchmarks.harness.stand_in import StandIn
from benchmarks.import_numbers import ACCOUNT, IMPORT_ID, MADE_AT, TABLE, number

AS_CSV, AS_JSON, LOOP = "export step, CSV", "export step, JSON Lines", "boto3 Query, csv and gzip"
_ACCOUNTS = "accounts"
_JOB = "0" * 26


def main(rows: int = 100_000, rounds: int = 3) -> list[dict[str, Any]]:
    """Measure, and return a row for each comparison. Raises AssertionError if a file is not the list."""
    cost: dict[str, list[float]] = {way: [] for way in _WAYS}
    memory = 0.0
    tables = {
        TABLE: {"keys": ["account_id", "number"], "rows": _rows(rows)},
        _ACCOUNTS: {"keys": ["account_id", "record"]},
    }
    expected = sorted(f"+1{number(i)}" for i in range(rows))
    with StandIn(tables) as stand_in, tempfile.TemporaryDirectory(prefix="nocall-bench-") as name:
        for _ in range(rounds):
            for way, costs in cost.items():
                usage = _run(way, Path(name), stand_in.url)
                if _numbers(Path(name), way) != expected:
                    raise AssertionError(f"{way} exported numbers other than those in the list")
                costs.append(usage["cpu_seconds"] / rows * 1e6)
                memory = max(memory, usage["peak_mb"]) if way != LOOP else memory
    what, unit = f"export of {rows:,} rows", "µs CPU per row"
    median = sorted(cost[AS_CSV])[rounds // 2]
    return [
        results.compared(
            what, AS_CSV, LOOP, cost[AS_CSV], cost[LOOP], unit, memory=memory, scale={"export_cpu_ms": median / 1000}
        ),
        results.compared(what, AS_JSON, LOOP, cost[AS_JSON], cost[LOOP], unit),
    ]


def _rows(count: int) -> list[dict[str, Any]]:
    """Return the stored entries of an import of `count` rows."""
    from dnc.entries.entry import Actor, Request, Source, Write, request_listing
    from dnc.entries.wire import row_of
    from dnc.times import parse

    write = Write(parse(MADE_AT), Actor("key:k", "u-1"), "r-1")
    details = {"import_id": IMPORT_ID, "seller": "Acme Solar"}
    return [
        row_of(request_listing(ACCOUNT, None, Request(f"+1{number(i)}", Source.IMPORT, MADE_AT, details), write).entry)
        for i in range(count)
    ]


def _run(way: str, folder: Path, url: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.export_numbers", "--way", way, "--folder", str(folder), "--url", url]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "functions"), str(ROOT)))}
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{way} exited with status {process.returncode}")
    return {"cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_mb": float((folder / "peak").read_text())}


def _numbers(folder: Path, way: str) -> list[str]:
    """Return the numbers in the written file, and delete it."""
    [file] = folder.glob("*.gz")
    with gzip.open(file, "rt", newline="") as opened:
        if way == AS_JSON:
            numbers = [str(json.loads(line)["number"]) for line in opened]
        else:
            numbers = [row["number"] for row in csv.DictReader(opened)]
    file.unlink()
    return sorted(numbers)


def _export(folder: Path, url: str, file_format: str) -> None:
    from benchmarks.harness.full_speed import FullSpeed
    from dnc import times
    from dnc.aws.credentials import Credentials
    from dnc.aws.dynamodb import DynamoDB
    from dnc.bulk.exports import run as export_run
    from dnc.bulk.exports import sources as export_sources
    from dnc.bulk.exports import store as export_store
    from dnc.bulk.exports.store import Exports
    from dnc.bulk.files import JobFiles
    from dnc.bulk.jobs import JobKind, JobStatus
    from dnc.entries.entry import Actor

    client = DynamoDB(url, "us-east-1", Credentials({"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}))
    exports = Exports(client, _ACCOUNTS, ACCOUNT)
    request = {"kind": "numbers", "format": file_format, "from": None, "to": None}
    state = export_store.initial_state(nightly=False)
    export = exports.jobs.make(
        JobKind.EXPORT, request, Actor("key:k"), times.now(), status=JobStatus.RUNNING, job_id=_JOB, state=state
    )
    files = JobFiles(FolderS3(folder), "bulk", ACCOUNT, JobKind.EXPORT, export.id)
    read = export_sources.entries(client, TABLE, ACCOUNT, FullSpeed())
    export_run.run(exports, export, files, read, times.now, lambda: False)


def _loop(folder: Path, url: str) -> None:
    import boto3
    from boto3.dynamodb.conditions import Key

    keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s", "region_name": "us-east-1"}
    resource: Any = boto3.resource
    table = resource("dynamodb", endpoint_url=url, **keys).Table(TABLE)
    query: dict[str, Any] = {"KeyConditionExpression": Key("account_id").eq(ACCOUNT), "ConsistentRead": True}
    names: list[str] = []
    with gzip.open(folder / "loop.csv.gz", "wt", compresslevel=6, newline="") as opened:
        while True:
            page = table.query(**query)
            if not names:
                names = sorted(page["Items"][0])
                out = csv.DictWriter(opened, names)
                out.writeheader()
            out.writerows(page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]


_WAYS: dict[str, Callable[[Path, str], None]] = {
    AS_CSV: lambda folder, url: _export(folder, url, "csv"),
    AS_JSON: lambda folder, url: _export(folder, url, "jsonl"),
    LOOP: _loop,
}


if __name__ == "__main__":
    from benchmarks.import_numbers import peak_mb

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--way", choices=sorted(_WAYS))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--url")
    arguments = parser.parse_args()
    if arguments.way:
        _WAYS[arguments.way](arguments.folder, arguments.url)
        (arguments.folder / "peak").write_text(str(peak_mb()))
    else:
        print(results.as_lines(main(arguments.rows)))
