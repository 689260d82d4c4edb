"""Imports: a worker's CPU time per row and its memory, next to two plain loops. Also verifies that counts are exact.

`python -m benchmarks.import_numbers --rows 1000000`. The plain loops read the same file and the same numbers in the
same way and write them with boto3: one `put_item` per row, and `batch_write_item`, without any of the guarantees.
"""

import argparse
import csv
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.harness import results
from benchmarks.harness.folder_s3 import FolderS3
from benchmarks.harness.import_tables import standing_in
from benchmarks.harness.servers import ROOT

TABLE, ACCOUNT, IMPORT_ID, MADE_AT = "numbers", "acme", "0" * 26, "2026-11-24T12:00:00.000Z"
AREAS = (205, 212, 213, 303, 305, 312, 404, 415, 503, 512, 602, 617, 702, 713, 801, 816, 901, 916, 919, 972)
FORMS = (
    "{0}{1}{2}",
    "({0}) {1}-{2}",
    "+1{0}{1}{2}",
    "1-{0}-{1}-{2}",
    "{0}.{1}.{2}",
    "+1 {0} {1} {2}",
)
BAD = ("12", "call me", "", "415555", "=1+1", "911", "(415) 555")
SAMPLE = 20_000
PLANNER, WORKER, FINISHER = "import planner", "import worker", "import finisher"
PUT_ITEM, BATCH = "put_item", "batch_write_item"


def number(i: int) -> str:
    """Return the i-th of many different numbers, as ten digits."""
    area, rest = AREAS[i % len(AREAS)], 2_000_000 + (i // len(AREAS) * 7919) % 7_999_999
    return f"{area}{rest:07}"


def generate(path: Path, rows: int, seed: int = 1) -> dict[str, Any]:
    """Write a file of mixed forms with bad rows and duplicates. Return what an import of it must count."""
    rng = random.Random(seed)
    bad: dict[int, str] = {}
    distinct = duplicates = 0
    with path.open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out)
        table.writerow(["name", "phone number", "expires_at"])
        for line in range(2, rows + 2):
            chance = rng.random()
            if chance < 0.03:
                written = rng.choice(BAD)
                bad[line] = written
            elif chance < 0.08 and distinct:
                written = form(rng, number(rng.randrange(distinct)))
                duplicates += 1
            else:
                written = form(rng, number(distinct))
                distinct += 1
            name = 'Doe, "J."' if rng.random() < 0.1 else ""
            table.writerow([name, written, "2031-01-02T03:04Z" if rng.random() < 0.1 else ""])
    return {"rows": rows, "bad": bad, "distinct": distinct, "duplicates": duplicates}


def form(rng: random.Random, digits: str) -> str:
    """Return ten digits in one of the usual forms."""
    return rng.choice(FORMS).format(digits[:3], digits[3:6], digits[6:])


def main(rows: int = 100_000, sample: int = SAMPLE, rounds: int = 3) -> list[dict[str, Any]]:
    """Measure, and return a row for each reference. Raises AssertionError if the import was not exact."""
    ours: dict[str, list[float]] = {WORKER: [], PLANNER: [], FINISHER: []}
    theirs: dict[str, list[float]] = {PUT_ITEM: [], BATCH: []}
    memory = 0.0
    for seed in range(1, rounds + 1):
        with tempfile.TemporaryDirectory() as name, standing_in() as url:
            folder = Path(name)
            truth = generate(folder / "whole.csv", rows, seed)
            listed_before = list_some(url, truth["distinct"])
            for step in (PLANNER, WORKER, FINISHER):
                usage = child(step, folder, url)
                ours[step].append(usage["cpu_seconds"] / rows * 1e6)
                memory = max(memory, usage["peak_mb"])
            verify(folder, url, truth, listed_before)
            generate(folder / "sample.csv", sample, seed)
            for way, costs in theirs.items():
                costs.append(child(way, folder, url)["cpu_seconds"] / sample * 1e6)
    milliseconds = statistics.median(sum(steps) for steps in zip(*ours.values(), strict=True)) / 1000
    name = f"import of {rows:,} rows, only the worker"
    whole = [sum(steps) for steps in zip(*ours.values(), strict=True)]
    unit = "µs CPU per row"
    return [
        results.compared(
            name, WORKER, "one put_item per row", ours[WORKER], theirs[PUT_ITEM], unit, ">= 10 x",
            memory=memory, scale={"import_cpu_ms": milliseconds},
        ),
        results.compared(
            name, WORKER, "batch_write_item, without guarantees", ours[WORKER], theirs[BATCH], unit, ">= 2 x"
        ),
        results.compared(
            "the same, with planner and finisher", "all steps", "one put_item per row", whole, theirs[PUT_ITEM], unit
        ),
    ]  # fmt: skip


def child(step: str, folder: Path, url: str) -> dict[str, float]:
    """Run one step in its own process. Return its CPU seconds and its peak memory (MB)."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "functions"), str(ROOT)))}
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.import_numbers", "--child", step, str(folder), url],
        env=environment,
        cwd=ROOT,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{step} exited with status {process.returncode}")
    return {
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": float((folder / "peak").read_text()),
    }


def peak_mb() -> float:
    """Return this process's own peak memory. ru_maxrss would begin with the peak of the parent process."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024 / 1e6


def operation(url: str, name: str, **parameters: Any) -> Any:
    """Call an operation of the stand-in."""
    request = urllib.request.Request(  # noqa: S310
        url, json.dumps(parameters).encode(), {"X-Amz-Target": f"DynamoDB_20120810.{name}", "Connection": "close"}
    )
    with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310
        length = int(response.headers["Content-Length"])
        return json.loads(response.read(length))


def list_some(url: str, distinct: int) -> int:
    """List every fiftieth number before the import."""
    from dnc.entries.entry import Actor, Request, Source, Write, request_listing
    from dnc.entries.wire import row_of
    from dnc.times import parse

    write = Write(parse("2026-01-02T03:04:05Z"), Actor("key:k"), "r-1")
    rows = []
    for i in range(0, distinct, 50):
        request = Request(f"+1{number(i)}", Source.MANUAL, "2026-01-02T03:04:05.000Z")
        rows.append(row_of(request_listing(ACCOUNT, None, request, write).entry))
    for i in range(0, len(rows), 500):
        puts = [{"PutRequest": {"Item": row}} for row in rows[i : i + 500]]
        operation(url, "BatchWriteItem", RequestItems={TABLE: puts})
    return len(rows)


def verify(folder: Path, url: str, truth: dict[str, Any], listed_before: int) -> None:
    """Compare the counts, the report and the table with the generated file. Raises AssertionError."""
    counts = json.loads((folder / "counts.json").read_text())
    already = truth["duplicates"] + listed_before
    expected = {
        "rows": truth["rows"],
        "numbers": truth["rows"],
        "listed": truth["distinct"] - listed_before,
        "already_listed": already,
        "invalid": len(truth["bad"]),
    }
    if counts != expected:
        raise AssertionError(f"counted {counts}, not {expected}")
    name = f"accounts~{ACCOUNT}~imports~{IMPORT_ID}~report.csv"
    report = list(csv.DictReader(io.StringIO((folder / name).read_text())))
    reported = {int(row["line"]): json.loads(row["value"]) for row in report if row["outcome"] == "refused"}
    if reported != truth["bad"] or list(reported) != sorted(reported):
        raise AssertionError("the report does not have exactly the bad rows with their lines")
    versions = operation(url, "Dump", TableName=TABLE)["versions"]
    if set(versions) != {f"+1{number(i)}" for i in range(truth["distinct"])}:
        raise AssertionError("the table does not have exactly the numbers of the file")


def _files(folder: Path) -> Any:
    from dnc.bulk.files import JobFiles
    from dnc.bulk.jobs import JobKind

    return JobFiles(FolderS3(folder), "bulk", ACCOUNT, JobKind.IMPORT, IMPORT_ID)


def _plan(folder: Path, _url: str) -> None:
    from dnc.bulk.imports import plan as import_plan
    from dnc.bulk.uploads.columns import Choice

    opened = (folder / "whole.csv").open("rb", buffering=0)
    size = (folder / "whole.csv").stat().st_size
    import_plan.make(_files(folder), opened, size, "whole.csv", Choice(region="US"))


def _client(url: str) -> Any:
    from dnc.aws.credentials import Credentials
    from dnc.aws.dynamodb import DynamoDB

    return DynamoDB(url, "us-east-1", Credentials({"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}))


def _work(folder: Path, url: str) -> None:
    from dnc.bulk.imports import piece as import_piece
    from dnc.bulk.imports import report as import_report
    from dnc.bulk.imports.pacing import Pace
    from dnc.bulk.imports.piece import PieceImport
    from dnc.bulk.imports.request import ImportOptions
    from dnc.entries.batch_store import BulkEntries
    from dnc.entries.entry import Actor, Source

    files, client = _files(folder), _client(url)
    terms = ImportOptions(IMPORT_ID, Source.IMPORT, MADE_AT, region="US")
    for piece in import_report.planned(files):
        store = BulkEntries(client, TABLE, ACCOUNT)
        worker = PieceImport(store, ACCOUNT, terms, Actor("key:k", "u-1"), Pace(1e9), None, lambda: True)
        import_piece.run(files, piece, worker.write)


def _finish(folder: Path, _url: str) -> None:
    from dnc.bulk.imports import report as import_report

    files = _files(folder)
    pieces = import_report.planned(files)
    counts = {name: count for name, count in import_report.add_up(files, pieces).counts.items() if count}
    import_report.write(files, pieces, ["whole.csv"])
    (folder / "counts.json").write_text(json.dumps(counts))


def _plain_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows that a plain loop would store: the attributes of an entry."""
    from dnc import times
    from dnc.phone import reader as phone
    from dnc.problems import InvalidNumber

    who = {"principal": "key:k", "acting_user": "u-1"}
    seen = set()
    with (folder / "sample.csv").open(newline="", encoding="utf-8") as opened:
        for row in csv.DictReader(opened):
            try:
                e164 = phone.read(row["phone number"], "US").numbers[0]
            except InvalidNumber:
                continue
            if e164 in seen:
                continue
            seen.add(e164)
            now = times.text(times.now())
            yield {
                "account_id": ACCOUNT,
                "number": e164,
                "status": "listed",
                "source": "import",
                "sources": {"import"},
                "requested_at": MADE_AT,
                "last_requested_at": MADE_AT,
                "listed_at": now,
                "listed_by": who,
                "version": 1,
                "changed_at": now,
                "changed_by": who,
                "change": "listed",
                "request_id": IMPORT_ID,
                "import_id": IMPORT_ID,
            }


def _boto_table(url: str) -> Any:
    import boto3

    keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s", "region_name": "us-east-1"}
    resource: Any = boto3.resource
    return resource("dynamodb", endpoint_url=url, **keys).Table(TABLE)


def _put_item(folder: Path, url: str) -> None:
    table = _boto_table(url)
    for row in _plain_rows(folder):
        table.put_item(Item=row)


def _batch_write_item(folder: Path, url: str) -> None:
    with _boto_table(url).batch_writer() as batch:
        for row in _plain_rows(folder):
            batch.put_item(Item=row)


_STEPS: dict[str, Callable[[Path, str], None]] = {
    PLANNER: _plan,
    WORKER: _work,
    FINISHER: _finish,
    PUT_ITEM: _put_item,
    BATCH: _batch_write_item,
}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _STEPS[sys.argv[2]](Path(sys.argv[3]), sys.argv[4])
        (Path(sys.argv[3]) / "peak").write_text(str(peak_mb()))
        sys.exit(0)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--sample", type=int, default=SAMPLE, help="rows for each plain loop")
    arguments = parser.parse_args()
    print(results.as_lines(main(arguments.rows, arguments.sample)))
