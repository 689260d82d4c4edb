"""Exports, and reading a list, on DynamoDB Local: filters, pages, transactions, consumed units."""

import gzip
import json
from datetime import timedelta

import pytest

from benchmarks.harness.full_speed import FullSpeed
from dnc import times
from dnc.bulk.exports import run as export_run
from dnc.bulk.exports import sources as export_sources
from dnc.bulk.exports import store as export_store
from dnc.bulk.exports.format import ExportFormat, ExportKind
from dnc.bulk.exports.run import FileLimits
from dnc.bulk.exports.store import Exports
from dnc.bulk.files import JobFiles
from dnc.bulk.jobs import JobKind, JobStatus
from dnc.bulk.scrubs import listed as listed_numbers
from dnc.bulk.scrubs.listed import Method, NumberSet, Reading
from dnc.entries.entry import Actor, Request, Source, Write
from dnc.entries.store import Numbers
from tests.support.memory_s3 import MemoryS3

NOW = times.parse("2026-11-24T12:00:00Z")


def write():
    return Write(times.now(), Actor("key:a"), f"r-{times.now()}")


@pytest.fixture
def numbers(client, names):
    return Numbers(client, names["numbers"], "acme")


def read_all(client, names, budget=None, numbers_per_part=1_000_000, out_of_time=lambda: False):
    parts = {}
    reading, runs = Reading(), 0
    while not reading.done:
        reading = listed_numbers.read_list(
            client,
            names["numbers"],
            "acme",
            reading,
            budget,
            NOW,
            parts.__setitem__,
            FullSpeed(),
            out_of_time,
            numbers_per_part,
        )
        runs += 1
    found = NumberSet()
    for part in sorted(parts):
        found.extend(parts[part])
    return reading, found, runs


def test_listed_numbers_are_read_and_malformed_rows_count_as_listed(client, own, names):
    by = {"M": {"principal": {"S": "key:aBcDeFgHiJkL"}}}
    why = {"reason": {"S": "test_number"}, "removed_at": {"S": times.text(NOW)}, "removed_by": by}
    registry = {"sources": {"SS": ["registry"]}}
    rows = {
        "+14155550100": {"status": {"S": "listed"}},
        "+14155550101": {"status": {"S": "removed"}, "removal": {"M": why}, "version": {"N": "2"}},
        "+14155550107": {"status": {"S": "removed"}},
        "+14155550102": {},
        "+14155550103": {"status": {"N": "7"}},
        "+14155550104": {"status": {"S": "listed"}, **registry, "expires_at": {"N": str(int(NOW.timestamp()))}},
        "+14155550105": {"status": {"S": "listed"}, **registry, "expires_at": {"N": str(int(NOW.timestamp()) + 1)}},
        "+14155550106": {"status": {"S": "listed"}, "expires_at": {"S": "soon"}},
        "+442079460123": {"status": {"S": "listed"}},
        "not a number": {"status": {"S": "listed"}},
    }
    for number, row in rows.items():
        client.put_item(TableName=names["numbers"], Item={"account_id": {"S": "acme"}, "number": {"S": number}, **row})
    reading, found, _ = read_all(client, names)
    clear = {"+14155550101", "+14155550104"}
    assert {number for number in rows if number[0] == "+" and found.has(number)} == set(rows) - clear - {"not a number"}
    assert (reading.by, reading.numbers) == (Method.READING, len(found))
    unreadable = {"not a number", "+14155550106"}
    looked_up = listed_numbers.looked_up(
        Numbers(own, names["numbers"], "acme"), sorted(rows.keys() - unreadable), NOW, FullSpeed()
    )
    assert looked_up == set(rows) - clear - unreadable


def test_reading_the_list_is_abandoned_if_lookups_are_cheaper(client, names, numbers):
    wide = {"note": "x" * 2000}
    for i in range(60):
        numbers.add(Request(f"+1415555{i:04}", Source.SMS, times.text(NOW), wide), write())

    class Small:
        """A client with pages of 10 rows."""

        def query(self, **options):
            return client.query(**options, Limit=10)

    whole, found, runs = read_all(Small(), names, numbers_per_part=25, out_of_time=lambda: True)
    assert (len(found), whole.numbers) == (60, 60)
    assert runs in {6, 7}, "a last page that is full may be followed by an empty one"
    assert 30 <= whole.units <= 60, "a strong read of 4 KB is a unit"
    abandoned, _, _ = read_all(Small(), names, budget=10)
    assert abandoned.by == Method.LOOKUP
    assert abandoned.units < 20
    enough, _, _ = read_all(Small(), names, budget=whole.units)
    assert enough.by == Method.READING


def test_an_export_is_sealed_into_the_chain_in_one_transaction(client, names, numbers):
    for i in range(12):
        numbers.add(Request(f"+1415555{i:04}", Source.SMS, times.text(NOW)), write())
    exports, s3 = Exports(client, names["accounts"], "acme"), MemoryS3()

    def made():
        request = {"kind": "numbers", "format": str(ExportFormat.JSONL), "from": None, "to": None}
        job = exports.jobs.make(
            JobKind.EXPORT,
            request,
            Actor("key:a"),
            NOW,
            status=JobStatus.RUNNING,
            state=export_store.initial_state(nightly=False),
        )
        exports.jobs.begin(JobKind.EXPORT, job.id, job.id, allowed=(JobStatus.RUNNING,), status=JobStatus.RUNNING)
        files = JobFiles(s3, "bulk", "acme", JobKind.EXPORT, job.id)
        read = export_sources.entries(client, names["numbers"], "acme", FullSpeed())
        job = export_run.run(exports, exports.get(job.id), files, read, times.now, lambda: False, FileLimits(5))
        return job, files

    (one, one_files), (other, other_files) = made(), made()
    stale = exports.get(one.id)
    for job, files in ((one, one_files), (other, other_files), (one, one_files)):
        export_run.seal(exports, job, files, "v", job.id, times.now())
    first, second = (json.loads(files.read("manifest.json")) for files in (one_files, other_files))
    assert [file["rows"] for file in first["files"]] == [5, 5, 2]
    assert second["previous_sha256"] == exports.get(one.id).state["manifest_sha256"]
    assert (exports.chain()[0].length, exports.chain()[0].export_id) == (2, other.id)
    assert not exports.record_file(stale, "+1", None), "a sealed export accepts no more files"
    rows = [line for file in first["files"] for line in gzip.decompress(one_files.read(file["name"])).splitlines()]
    assert [json.loads(line)["number"] for line in rows] == [f"+1415555{i:04}" for i in range(12)]


def test_a_nightly_export_whose_start_was_covered_by_another_restarts_after_it(client, names):
    exports, s3 = Exports(client, names["accounts"], "acme"), MemoryS3()
    since = times.text(NOW - timedelta(days=2))

    def night(until):
        request = {"kind": str(ExportKind.AUDIT), "format": "jsonl", "from": since, "to": times.text(until)}
        job = exports.jobs.make(
            JobKind.EXPORT,
            request,
            Actor("s"),
            NOW,
            status=JobStatus.RUNNING,
            state=export_store.initial_state(nightly=True),
        )
        exports.jobs.begin(JobKind.EXPORT, job.id, job.id, allowed=(JobStatus.RUNNING,), status=JobStatus.RUNNING)
        return job.id

    def step(job_id):
        job = exports.get(job_id)
        files = JobFiles(s3, "bulk", "acme", JobKind.EXPORT, job_id)
        read = export_sources.events(client, names["audit"], "acme", job.request["from"], job.request["to"])
        job = export_run.run(exports, job, files, read, times.now, lambda: False)
        return export_run.seal(exports, job, files, "v", job_id, times.now())

    first, second = night(NOW - timedelta(days=1)), night(NOW)
    assert step(first)
    assert not step(second)
    assert exports.get(second).request["from"] == times.text(NOW - timedelta(days=1))
    assert step(second)
    assert exports.chain()[1] == times.text(NOW)
