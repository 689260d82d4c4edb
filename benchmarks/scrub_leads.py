"""Scrubs of a campaign against a list: this service's own code, DuckDB's anti-join, and one lookup per lead.

`python -m benchmarks.scrub_leads --leads 1000000 --listed 1000000`. Each method runs in its own process, so its CPU
seconds (user and system, all threads) and its peak memory are its own. Ratios are of CPU seconds in one run. All
methods use the same files, and their clear leads are compared with those computed from the files alone. S3 is a
folder. The pages of a Query are DynamoDB's JSON from a file, parsed as the service's client parses it. No method uses
a network.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.harness import results
from benchmarks.harness.folder_s3 import FolderS3
from benchmarks.harness.full_speed import FullSpeed
from benchmarks.harness.servers import ROOT
from benchmarks.harness.stand_in import StandIn
from benchmarks.import_numbers import peak_mb
from dnc import times
from dnc.aws.credentials import Credentials
from dnc.aws.dynamodb import DynamoDB
from dnc.bulk.files import JobFiles, ResultWriter
from dnc.bulk.jobs import JobKind
from dnc.bulk.scrubs import leads as stored_leads
from dnc.bulk.scrubs import listed as listed_numbers
from dnc.bulk.scrubs import piece as scrub_piece
from dnc.bulk.scrubs import plan as scrub_plan
from dnc.bulk.scrubs.listed import Reading
from dnc.bulk.scrubs.piece import ScrubOptions
from dnc.bulk.uploads.columns import Choice
from dnc.bulk.uploads.parse import Rows
from dnc.entries.store import Numbers
from dnc.phone import reader as phone

ROWS_PER_PAGE = 2_500
"""Rows of about 420 bytes in a page of 1 MB. Only the number of each is returned."""
UNITS_PER_PAGE = 256.0
"""A strong read is one unit per 4 KB."""
SAMPLE = 20_000
MEMORY_LIMIT = 512
OURS = "all steps of the scrub"
JOB = "0" * 26
REGION, REGION_OF_AWS = "US", "us-east-1"


class Pages:
    """The responses to a Query of a whole partition, one per line of a file."""

    def __init__(self, file: Path) -> None:
        """Open the file."""
        self._lines = file.open("rb")

    def query(self, **_: Any) -> dict[str, Any]:
        """Return the next page."""
        page: dict[str, Any] = json.loads(self._lines.readline())
        return page


def make(folder: Path, leads: int, listed: int, seed: int = 1) -> None:
    """Write the campaign, the list as a raw file, and the list as DynamoDB's pages. Half of the leads are listed."""
    rng = random.Random(seed)
    pool = rng.sample(range(7_500_000), listed + leads)
    list_ids = pool[:listed]
    with (folder / "listed.csv").open("w", newline="") as file:
        file.write("number\n")
        file.writelines(_written(index, rng) + "\n" for index in list_ids)
    half = min(leads // 2, listed)
    lead_ids = rng.sample(list_ids, half) + pool[listed : listed + leads - half]
    rng.shuffle(lead_ids)
    with (folder / "leads.csv").open("w", newline="") as file:
        file.write("lead_id,phone,name,city\r\n")
        for i, index in enumerate(lead_ids):
            number = "12" if i % 97 == 0 else _written(index, rng)
            file.write(f'{i},{number},"Lead, {i}",Springfield\r\n')
    numbers = sorted(f"+1{_ten(index)}" for index in list_ids)
    with (folder / "pages.jsonl").open("w") as file:
        for at in range(0, max(len(numbers), 1), ROWS_PER_PAGE):
            part = numbers[at : at + ROWS_PER_PAGE]
            page: dict[str, Any] = {"Items": [{"number": {"S": number}} for number in part], "ScannedCount": len(part)}
            page["ConsumedCapacity"] = {"CapacityUnits": UNITS_PER_PAGE * len(part) / ROWS_PER_PAGE}
            if at + ROWS_PER_PAGE < len(numbers):
                page["LastEvaluatedKey"] = {"number": {"S": part[-1]}}
            file.write(json.dumps(page) + "\n")


def _ten(index: int) -> str:
    area, rest = divmod(index, 750_000)
    return f"{(212, 303, 310, 312, 404, 415, 512, 617, 702, 713)[area]}{2_000_000 + rest + 340_000:07}"


def _written(index: int, rng: random.Random) -> str:
    ten = _ten(index)
    form = ("({0}) {1}-{2}", "{0}-{1}-{2}", "{0}{1}{2}", "+1{0}{1}{2}", "{0}.{1}.{2}")[rng.randrange(5)]
    return form.format(ten[:3], ten[3:6], ten[6:])


def scrub(folder: Path) -> dict[str, Any]:
    """Scrub as the functions do: plan, read the list, make two passes over each piece, and write the results."""
    stored = FolderS3(folder)
    files = JobFiles(stored, "bulk", "acme", JobKind.SCRUB, JOB)
    upload = folder / "leads.csv"
    with upload.open("rb", buffering=0) as stream:
        plan = scrub_plan.make(
            files, stream, upload.stat().st_size, "leads.csv", Choice(REGION, ("phone",), importing=False)
        )
        options = ScrubOptions(REGION, plan.form())
    units = 0.0
    for number in (1, 2):
        reading = listed_numbers.read_list(
            Pages(folder / "pages.jsonl"),
            "numbers",
            "acme",
            Reading(),
            listed_numbers.budget_of(plan.rows) if number == 1 else None,
            times.now(),
            lambda part, packed, at=number: files.put(listed_numbers.part_name(at, part), packed),  # type: ignore[misc]
            FullSpeed(),
            lambda: False,
        )
        units += reading.units
        listed = listed_numbers.stored(files, number, reading.parts)

        def listed_of(wanted: Any, known: listed_numbers.NumberSet = listed) -> set[str]:
            return {number for number in wanted if known.has(number)}

        for piece in plan.pieces:
            if number == 1:
                leads = stored_leads.leads(files, piece["piece"])
                scrub_piece.store(files, piece["piece"], scrub_piece.scrub(leads, options, listed_of))
            else:
                scrub_piece.second_pass(files, piece["piece"], piece["rows"], listed_of)
    results = {name: ResultWriter(files, f"{name}.csv") for name in ("clear", "blocked", "late")}
    for result in results.values():
        result.write(plan.head())
    for piece in plan.pieces:
        outcome = scrub_piece.stored(files, piece["piece"], piece["rows"])
        results["clear"].write(outcome.clear)
        results["blocked"].write(outcome.blocked)
        results["late"].write(scrub_piece.late_rows(files, piece["piece"], None, plan.form(), piece["rows"])[1])
    for result in results.values():
        result.close()
    with stored.path(files.key("clear.csv")).open(newline="") as file:
        return {"by": str(reading.by), "read_units": units, "clear": [row["lead_id"] for row in csv.DictReader(file)]}


def normalize(folder: Path) -> dict[str, Any]:
    """Rewrite both files with each number in E.164, or empty, as the scrub reads it."""
    for name, column in (("leads", 1), ("listed", 0)):
        with (folder / f"{name}.csv").open(newline="") as file, (folder / f"{name}.e164.csv").open("w") as out:
            rows = list(Rows(file))[1:]
            numbers, exceptions = phone.classify_many((row.cells[column] for row in rows), REGION)
            out.write("lead_id,e164\n" if name == "leads" else "e164\n")
            for i, (row, number) in enumerate(zip(rows, numbers, strict=True)):
                e164 = number or next(iter(exceptions[i].valid), "")
                out.write(f"{row.cells[0]},{e164}\n" if name == "leads" else f"{e164}\n")
    return {}


def duckdb_anti_join(folder: Path) -> dict[str, Any]:
    """Join the normalized files in DuckDB, and write the clear and the blocked leads with their columns."""
    import duckdb

    database = duckdb.connect()
    database.execute(
        f"CREATE TABLE listed AS SELECT DISTINCT e164 FROM read_csv('{folder}/listed.e164.csv', all_varchar=true)"
    )
    database.execute(
        f"CREATE TABLE leads AS SELECT raw.*, n.e164 FROM read_csv('{folder}/leads.csv', all_varchar=true) raw "
        f"JOIN read_csv('{folder}/leads.e164.csv', all_varchar=true) n USING (lead_id)"
    )
    clear = "e164 <> '' AND e164 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM listed l WHERE l.e164 = leads.e164)"
    for name, which in (("clear", clear), ("blocked", f"NOT coalesce({clear}, false)")):
        database.execute(f"COPY (SELECT * FROM leads WHERE {which}) TO '{folder}/duckdb-{name}.csv' (HEADER)")
    with (folder / "duckdb-clear.csv").open(newline="") as file:
        return {"clear": [row["lead_id"] for row in csv.DictReader(file)]}


def lookup_each(folder: Path) -> dict[str, Any]:
    """Look up a sample of leads, each with its own GetItem."""
    with _sample_of_leads(folder) as (client, sample):
        start = time.process_time()
        for written in sample:
            read = phone.classify(written, REGION)
            for number in read.lookups:
                key = {"account_id": {"S": "acme"}, "number": {"S": number}}
                client.get_item(TableName="numbers", Key=key, ConsistentRead=True)
        return {"sample": len(sample), "cpu_seconds_of_sample": time.process_time() - start}


def lookup_hundreds(folder: Path) -> dict[str, Any]:
    """Look up a sample of leads in batches of a hundred, as a scrub does if that costs less."""
    with _sample_of_leads(folder) as (client, sample):
        start = time.process_time()
        numbers, exceptions = phone.classify_many(sample, REGION)
        lookups = [number for readings in exceptions.values() for number in readings.lookups]
        store = Numbers(client, "numbers", "acme")
        listed_numbers.looked_up(store, [*filter(None, numbers), *lookups], times.now(), FullSpeed())
        return {"sample": len(sample), "cpu_seconds_of_sample": time.process_time() - start}


@contextmanager
def _sample_of_leads(folder: Path) -> Iterator[tuple[DynamoDB, list[str]]]:
    """Yield a client of a DynamoDB stand-in and a sample of leads, every other one listed."""
    with (folder / "leads.csv").open(newline="") as file:
        sample = [row["phone"] for _, row in zip(range(SAMPLE), csv.DictReader(file), strict=False)]
    rows = [
        {"account_id": {"S": "acme"}, "number": {"S": listed[0]}, "status": {"S": "listed"}}
        for i, written in enumerate(sample)
        if i % 2 and (listed := phone.classify(written, REGION).numbers)
    ]
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    with StandIn({"numbers": {"keys": ["account_id", "number"], "rows": rows}}) as server:
        yield DynamoDB(server.url, REGION_OF_AWS, Credentials(keys)), sample


def reference(folder: Path) -> list[str]:
    """Return the clear leads, computed from the files. Of the scrub's code, only the number reader is used."""
    with (folder / "listed.csv").open(newline="") as file:
        blocked = {number for row in csv.DictReader(file) for number in phone.classify(row["number"], REGION).numbers}
    clear = []
    with (folder / "leads.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            read = phone.classify(row["phone"], REGION)
            if read.valid and blocked.isdisjoint(read.lookups):
                clear.append(row["lead_id"])
    return clear


WAYS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "scrub": scrub,
    "normalize": normalize,
    "duckdb_anti_join": duckdb_anti_join,
    "lookup_each": lookup_each,
    "lookup_hundreds": lookup_hundreds,
}


def measure(way: str, folder: Path) -> dict[str, Any]:
    """Run one method in its own process. Return its CPU seconds, its peak memory (MB) and its result."""
    command = [sys.executable, "-m", "benchmarks.scrub_leads", "--way", way, "--folder", str(folder)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "functions"), str(ROOT)))}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main(leads: int = 1_000_000, listed: int = 1_000_000, rounds: int = 3) -> list[dict[str, Any]]:
    """Measure every method on the same files, and return a row for each reference.

    Raises AssertionError if a method's clear leads are not exactly the right ones.
    """
    cost: dict[str, list[float]] = {way: [] for way in WAYS}
    memory = 0.0
    for seed in range(1, rounds + 1):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            sizes = ["--leads", str(leads), "--listed", str(listed), "--seed", str(seed)]
            command = [sys.executable, "-m", "benchmarks.scrub_leads", "--make", "--folder", name, *sizes]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "functions"), str(ROOT)))}
            subprocess.run(command, check=True, env=environment)
            found = {way: measure(way, folder) for way in WAYS}
            expected = reference(folder)
        if found["scrub"]["clear"] != expected or sorted(found["duckdb_anti_join"]["clear"], key=int) != expected:
            raise AssertionError("the clear leads are not those of the files")
        for way, result in found.items():
            seconds = result.get("cpu_seconds_of_sample", result["cpu_seconds"])
            cost[way].append(seconds / result.get("sample", leads) * 1e6)
        memory = max(memory, found["scrub"]["peak_mb"])
    return list(compared(cost, memory, f"scrub of {leads:,} leads against {listed:,} numbers"))


def compared(cost: dict[str, list[float]], memory: float, name: str) -> Iterator[dict[str, Any]]:
    """Yield a row for each method. `cost`: CPU microseconds per lead, round by round. `memory`: the peak, in MB."""
    ours, unit = cost["scrub"], "µs CPU per lead"
    joined = [sum(both) for both in zip(cost["normalize"], cost["duckdb_anti_join"], strict=True)]
    yield results.compared(
        name, OURS, "DuckDB, after the same normalization of both files", ours, joined, unit, "<= 2 x",
        inverse=True, memory=memory,
    )  # fmt: skip
    yield results.compared(
        "peak memory of a scrub", OURS, "the limit", [memory], [float(MEMORY_LIMIT)], "MB", "<= 1 x",
        inverse=True,
    )  # fmt: skip
    yield results.compared(
        name, OURS, "DuckDB, on normalized files", ours, cost["duckdb_anti_join"], unit,
        inverse=True,
    )  # fmt: skip
    yield results.compared(
        name, OURS, "one GetItem per lead, own client, no files written", ours, cost["lookup_each"], unit
    )
    yield results.compared(
        name, OURS, "one BatchGetItem per hundred leads, no files written", ours, cost["lookup_hundreds"], unit
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scrub_leads")
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--listed", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--way", choices=sorted(WAYS))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--make", action="store_true", help="only write the files into the folder")
    arguments = parser.parse_args()
    if arguments.make:
        make(arguments.folder, arguments.leads, arguments.listed, arguments.seed)
    elif arguments.way:
        start = time.process_time()
        result = WAYS[arguments.way](arguments.folder)
        result["cpu_seconds"] = time.process_time() - start
        result["peak_mb"] = peak_mb()
        print(json.dumps(result))
    else:
        print(results.as_lines(main(arguments.leads, arguments.listed)))
