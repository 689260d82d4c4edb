"""`make soak`: every kind of work at once on a local stack: no error, no wrong answer, no leak.

Adds, checks, removals, imports with their undo, and exports run at the rate that the machine carries. Each response is
compared with what its thread knows of its numbers. Meanwhile the memory, threads and sockets of each function's process
are sampled. It measures the functions as they are deployed, but not AWS: the emulator itself takes most of the time.
"""

import csv
import gzip
import io
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import phonenumbers
import requests

from benchmarks.harness import processes, results, soak_results
from infra.local import stack as local
from infra.local.demo.client import DemoClient
from infra.templates import ROOT
from infra.tools import verify_export

FOLDER = ROOT / ".local" / "soak"
IMPORTED = 1_000
SAMPLE_SECONDS = 5.0
JOB_SECONDS = 300.0
_ENDED = {"done", "failed", "undone"}


class WrongAnswer(Exception):
    """A response does not fit what is known of its numbers. The message says what it should have been."""


def fictional_numbers() -> list[str]:
    """Return all numbers of the range for fiction in areas that exist, shuffled."""
    areas = [a for a in range(201, 990) if phonenumbers.is_valid_number(phonenumbers.parse(f"+1{a}5550100"))]
    numbers = [f"+1{area}55501{last:02}" for area in areas for last in range(100)]
    random.Random(1).shuffle(numbers)
    return numbers


@dataclass
class Soak:
    """The work of all threads. `kept`: numbers whose add was acknowledged, and which nobody removes."""

    client: DemoClient
    ends_at: float
    kept: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def counted(self, what: str, number: int = 1) -> None:
        """Count work that was done and gave the right answer."""
        with self._lock:
            self.done[what] += number

    def check(self, numbers: list[str], *, are_listed: bool) -> None:
        """Check numbers by direct Invoke. Raises WrongAnswer unless all of them, or none, may be called."""
        results = self.client.check(*numbers)
        wrong = [one for one in results if one["callable"] == are_listed or one["status"] == "invalid"]
        if wrong or len(results) != len(numbers):
            expected = "listed" if are_listed else "clear"
            raise WrongAnswer(f"{len(wrong)} of {len(numbers)} numbers are not {expected}")
        self.counted("checks")
        self.counted("numbers checked", len(numbers))

    def call(self, role: str, method: str, path: str, status: int, body: Any = None) -> dict[str, Any]:
        """Call the API in the stack's account. Raises DemoFailed unless the response has this status."""
        return self.client.call(role, method, f"{self.client.account_url}{path}", status, body)

    def ended(self, path: str) -> dict[str, Any]:
        """Wait until a job has ended, and return it. Raises WrongAnswer if it does not end."""
        deadline = time.monotonic() + JOB_SECONDS
        while time.monotonic() < deadline:
            job = self.call("auditor", "GET", path, 200)
            if job["status"] in _ENDED:
                return job
            time.sleep(0.5)
        raise WrongAnswer(f"a job did not end within {JOB_SECONDS:.0f} s")

    def repeat(self, work: "Work", numbers: list[str]) -> None:
        """Do work again and again until the end. A fault is kept, and does not stop the other threads."""
        while time.monotonic() < self.ends_at:
            try:
                work(self, numbers)
            except Exception as failed:  # noqa: BLE001 - every failure is a result of the soak
                with self._lock:
                    self.faults.append(f"{work.__name__}: {type(failed).__name__}: {failed}"[:500])


type Work = Callable[[Soak, list[str]], None]


def add_check_and_remove(soak: Soak, numbers: list[str]) -> None:
    """Add a number and check it. Remove half of them, and check those again."""
    number = numbers.pop()
    entry = soak.call("agent", "POST", "/numbers", 201, {"number": number, "source": "manual", "acting_user": "u-1"})
    soak.counted("adds")
    soak.check([number], are_listed=True)
    if random.random() < 0.5:
        soak.kept.append(number)
        return
    reason = {"reason": "test_number", "note": "our own phone", "if_version": entry["version"], "acting_user": "u-2"}
    soak.call("manager", "POST", f"/numbers/{number}/removal", 200, reason)
    soak.counted("removals")
    soak.check([number], are_listed=False)
    numbers.insert(0, number)


def dial(soak: Soak, numbers: list[str]) -> None:
    """Check a hundred numbers that are listed, and a hundred that never were."""
    listed = soak.kept[-100:]
    if listed:
        soak.check(listed, are_listed=True)
    soak.check(random.sample(numbers, 100), are_listed=False)


def import_and_undo(soak: Soak, numbers: list[str]) -> None:
    """Import a file, check its numbers, undo it, and check them again."""
    rows = numbers[:IMPORTED]
    data = ("phone\n" + "".join(f"{number}\n" for number in rows)).encode()
    made = soak.call("manager", "POST", "/imports", 201, {"filename": "list.csv", "bytes": len(data)})
    upload = made["upload"]
    requests.put(upload["url"], data=data, headers=upload["headers"], timeout=60).raise_for_status()
    job = soak.ended(f"/imports/{made['id']}")
    if (job["status"], job["counts"]["listed"]) != ("done", len(rows)):
        raise WrongAnswer(f"an import ended as {job['status']} with {job['counts']}: {job['error']}")
    soak.counted("imports")
    soak.check(rows, are_listed=True)
    soak.call("manager", "POST", f"/imports/{made['id']}/undo", 200, {"acting_user": "u-2"})
    job = soak.ended(f"/imports/{made['id']}")
    if (job["status"], job["undo"]["counts"]["removed"]) != ("undone", len(rows)):
        raise WrongAnswer(f"an undo ended as {job['status']}: {job['undo']}")
    soak.counted("undos")
    soak.check(rows, are_listed=False)


def export(soak: Soak, _numbers: list[str]) -> None:
    """Export the list, verify the files, and look for every number that was listed before."""
    listed_before = set(soak.kept)
    made = soak.call("auditor", "POST", "/exports", 201, {"kind": "numbers", "format": "csv"})
    job = soak.ended(f"/exports/{made['id']}")
    if job["status"] != "done":
        raise WrongAnswer(f"an export failed: {job['error']}")
    with tempfile.TemporaryDirectory() as name:
        folder, listed = Path(name), set()
        manifest = requests.get(job["manifest_url"], timeout=60)
        (folder / "manifest.json").write_bytes(manifest.content)
        for file, described in zip(job["files"], manifest.json()["files"], strict=True):
            body = requests.get(file["url"], timeout=60).content
            (folder / described["name"]).write_bytes(body)
            rows = csv.DictReader(io.StringIO(gzip.decompress(body).decode("utf-8-sig")))
            listed |= {row["number"].lstrip("'") for row in rows if row["status"] == "listed"}
        faults = verify_export.verify(folder)[0].faults
    if faults or listed_before - listed:
        raise WrongAnswer(f"an export has {faults} and lacks {len(listed_before - listed)} numbers")
    soak.counted("exports")
    soak.counted("numbers found in exports", len(listed_before))


@contextmanager
def own_stack() -> Iterator[dict[str, Any]]:
    """Start a stack that only this run uses, and stop it in the end."""
    local.down(FOLDER, say=lambda _: None)
    try:
        yield local.up(FOLDER)
    finally:
        local.down(FOLDER, say=lambda _: None)


def run(minutes: float) -> dict[str, Any]:
    """Run all work at once and return the figures."""
    numbers = fictional_numbers()
    clear, imported, *added = (numbers[i::4] for i in range(4))
    with own_stack() as description:
        soak = Soak(DemoClient(description), time.monotonic() + minutes * 60)
        work: list[tuple[Work, list[str]]] = [
            (add_check_and_remove, added[0]),
            (add_check_and_remove, added[1]),
            (dial, clear),
        ]
        work += [(import_and_undo, imported), (export, [])]
        threads = [threading.Thread(target=soak.repeat, args=arguments) for arguments in work]
        samples: list[dict[str, Any]] = []
        began = time.monotonic()
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            time.sleep(SAMPLE_SECONDS)
            at = round(time.monotonic() - began, 1)
            functions = processes.of_functions(description["pid"], description["functions"])
            samples.append({"at": at, "done": dict(soak.done), "functions": functions})
        for thread in threads:
            thread.join()
    return {"minutes": minutes, "done": dict(soak.done), "faults": soak.faults, "samples": samples}


def main(arguments: list[str]) -> int:
    """Run the soak, write its figures and its plot, and return 1 if anything was wrong or grew."""
    machine = results.machine()
    figures = {"machine": machine, **run(float(arguments[0]) if arguments else 10.0)}
    growth = soak_results.growth(figures["samples"])
    soak_results.write(figures, growth)
    results.write(json.loads(results.JSON.read_text()))
    for what, count in figures["done"].items():
        print(f"  {what}: {count:,}")
    grown = [one for one in growth if one["grew"]]
    for fault in [*figures["faults"], *(f"{one['function']}: {one['what']} grew steadily" for one in grown)]:
        print(f"  {fault}")
    print(f"Wrote {soak_results.CHART.name} and benchmarks/results.md.")
    return 1 if figures["faults"] or grown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
