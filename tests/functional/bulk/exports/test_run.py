"""Exports step by step on moto: killed at any point, during adds and removals, and two at once."""

import csv
import gzip
import io
import json
import random
from datetime import timedelta

import pytest

from benchmarks.harness.full_speed import FullSpeed
from dnc import times
from dnc.audit.changes import EventType, RecordedChange
from dnc.audit.writer import AuditWriter
from dnc.bulk.exports import run as export_run
from dnc.bulk.exports import sources as export_sources
from dnc.bulk.exports import store as export_store
from dnc.bulk.exports.format import ExportFormat, ExportKind
from dnc.bulk.exports.manifest import MANIFEST, NO_DIGEST
from dnc.bulk.exports.run import FileLimits
from dnc.bulk.exports.store import Exports
from dnc.bulk.files import JobFiles, s3
from dnc.bulk.jobs import JobKind, JobStatus
from dnc.entries import reasons
from dnc.entries.entry import Actor, Request, Source, Write
from dnc.entries.removal_store import Removals
from dnc.problems import Conflict, Unavailable
from infra.tools.verify_export import verify

BUCKET, VERSION = "bulk", "0.1.0+test"
START = times.parse("2026-11-24T01:00:00Z")


class Killed(BaseException):
    """The run's process was killed."""


class Mortal:
    """A client whose process is killed at a call, before the call or after it."""

    def __init__(self, client, at_call, done):
        self._client, self._left, self._done = client, at_call, done

    def __getattr__(self, name):
        method = getattr(self._client, name)

        def call(*args, **kwargs):
            self._left -= 1
            if self._left == 0 and not self._done:
                raise Killed
            response = method(*args, **kwargs)
            if self._left == 0:
                raise Killed
            return response

        return call


class Bench:
    """One account's exports, driven as the state machine drives them."""

    def __init__(self, dynamodb, account_id="acme"):
        self.dynamodb = dynamodb
        self.account_id = account_id
        self.exports = Exports(dynamodb, "accounts", account_id)
        self.numbers = Removals(dynamodb, "numbers", account_id, "accounts")

    def make(self, kind=ExportKind.NUMBERS, form=ExportFormat.CSV, since=None, until=None, nightly=False):
        request = {"kind": str(kind), "format": str(form), "from": since, "to": until}
        made = self.exports.jobs.make(
            JobKind.EXPORT,
            request,
            Actor("key:a"),
            times.now(),
            status=JobStatus.RUNNING,
            state=export_store.initial_state(nightly=nightly),
        )
        assert self.exports.jobs.begin(
            JobKind.EXPORT, made.id, "run", allowed=(JobStatus.RUNNING,), status=JobStatus.RUNNING
        )
        return made.id

    def files(self, export_id, client=None):
        return JobFiles(client or s3(), BUCKET, self.account_id, JobKind.EXPORT, export_id)

    def step(self, export_id, client=None, out_of_time=lambda: False, rows=7):
        """Run one invocation. Return True if the export is done."""
        dynamodb = client or self.dynamodb
        exports = Exports(dynamodb, "accounts", self.account_id)
        export = exports.get(export_id)
        if export.status is JobStatus.DONE:
            return True
        options = export.request
        if options["kind"] == ExportKind.NUMBERS:
            read = export_sources.entries(
                dynamodb, "numbers", self.account_id, FullSpeed(), options["from"], options["to"]
            )
        else:
            read = export_sources.events(dynamodb, "audit", self.account_id, options["from"], options["to"])
        files = self.files(export_id, None if client is None else Mortal(s3(), 10**9, True))
        export = export_run.run(exports, export, files, read, times.now, out_of_time, FileLimits(rows))
        if "read_until" not in export.state:
            return False
        return export_run.seal(exports, export, files, VERSION, "run", times.now())

    def rows(self, export_id):
        export = self.exports.get(export_id)
        found = []
        for file in export.state["files"]:
            text = gzip.decompress(self.files(export_id).read(file["name"])).decode()
            if export.request["format"] == ExportFormat.CSV:
                part = list(csv.DictReader(io.StringIO(text, newline="")))
            else:
                part = [json.loads(line) for line in text.splitlines()]
            assert len(part) == file["rows"]
            found += part
        return found

    def manifest(self, export_id):
        return json.loads(self.files(export_id).read(MANIFEST))

    def download(self, folder, *export_ids):
        for export_id in export_ids:
            here = folder / export_id
            here.mkdir()
            files = self.files(export_id)
            for name in [MANIFEST, *(f["name"] for f in self.exports.get(export_id).state["files"])]:
                (here / name).write_bytes(files.read(name))
        return verify(folder)

    def add(self, *numbers, source=Source.SMS):
        for number in numbers:
            at = times.now()
            self.numbers.add(Request(number, source, times.text(at)), Write(at, Actor("key:a"), f"r-{number}-{at}"))

    def remove(self, number):
        stored = self.numbers.read(number)
        removal = {"reason": "legal_order", "evidence": {"reference": "o-1"}}
        write = Write(times.now(), Actor("key:a"), "x")
        self.numbers.remove(
            number, removal, stored.version, write, lambda entry: reasons.remove(entry, removal, write, may_order=True)
        )

    def record(self, number, sequence, at):
        after = {"number": number, "status": "listed", "version": 1}
        result = RecordedChange(
            self.account_id, number, str(sequence).zfill(40), EventType.LISTED, times.text(at),
            {"principal": "key:a", "acting_user": None}, None, None, after, "r",
        )  # fmt: skip
        writer = AuditWriter(self.dynamodb, "audit", pytest.fail, lambda: at)
        writer.record([result], writer.heads([result.subject]).get(result.subject))


def listed(count):
    return [f"+1415555{i:04}" for i in range(count)]


@pytest.fixture
def bench(dynamodb):
    return Bench(dynamodb)


def test_every_entry_is_exported_once_in_bounded_files_with_a_manifest(bench, tmp_path):
    bench.add(*listed(20))
    bench.remove("+14155550003")
    export_id = bench.make()
    assert bench.step(export_id)
    rows = bench.rows(export_id)
    assert [row["number"] for row in rows] == listed(20)
    assert [row["number"] for row in rows if row["status"] == "removed"] == ["+14155550003"]
    assert json.loads(rows[3]["removal"])["reason"] == "legal_order"
    result = bench.manifest(export_id)
    assert [file["rows"] for file in result["files"]] == [7, 7, 6]
    assert (result["rows"], result["index"], result["previous_sha256"]) == (20, 1, NO_DIGEST)
    assert (result["kind"], result["format"], result["code_version"]) == ("numbers", "csv", VERSION)
    assert result["started_at"] <= result["read_until"]
    [verdict] = bench.download(tmp_path, export_id)
    assert (verdict.faults, verdict.rows) == ([], 20)


def test_an_empty_list_is_exported_without_files(bench, tmp_path):
    export_id = bench.make()
    assert bench.step(export_id)
    assert bench.manifest(export_id)["files"] == []
    assert bench.exports.get(export_id).counts == {}
    assert bench.download(tmp_path, export_id)[0].faults == []


def test_an_export_can_be_limited_to_the_changes_of_a_time_window(bench):
    bench.add("+14155550101")
    since = times.text(times.now() + timedelta(milliseconds=5))
    until = times.text(times.now() + timedelta(hours=1))
    bench.dynamodb.put_item(
        TableName="numbers", Item={"account_id": {"S": "acme"}, "number": {"S": "+14155550103"}, "note": {"S": "x"}}
    )
    while times.text(times.now()) < since:
        pass
    bench.add("+14155550102")
    export_id = bench.make(since=since, until=until)
    assert bench.step(export_id)
    assert [row["number"] for row in bench.rows(export_id)] == ["+14155550102", "+14155550103"]


def test_an_export_killed_at_any_point_and_resumed_equals_an_undisturbed_one(bench):
    bench.add(*listed(25))
    kills = 0
    for seed in range(20):
        dice = random.Random(seed)
        export_id = bench.make()
        while True:
            try:
                if bench.step(export_id, Mortal(bench.dynamodb, dice.randint(1, 12), dice.random() < 0.5)):
                    break
            except (Killed, Conflict):
                kills += 1
        assert [row["number"] for row in bench.rows(export_id)] == listed(25)
        export = bench.exports.get(export_id)
        assert (export.status, export.counts["rows"]) == ("done", 25)
        assert bench.exports.chain()[0].length == seed + 1
    assert kills > 20


def test_short_runs_resume_where_they_stopped(bench):
    bench.add(*listed(30))
    bench.dynamodb = Paged(bench.dynamodb, 3)
    export_id = bench.make()
    steps = 1
    export_run._ROWS_BETWEEN_CHECKS, before = 4, export_run._ROWS_BETWEEN_CHECKS
    try:
        while not bench.step(export_id, out_of_time=lambda: True):
            steps += 1
    finally:
        export_run._ROWS_BETWEEN_CHECKS = before
    assert steps >= 7
    assert [row["number"] for row in bench.rows(export_id)] == listed(30)
    assert all(file["rows"] <= 4 for file in bench.manifest(export_id)["files"])


class Paged:
    """A client with short pages. `between` is called before each."""

    def __init__(self, client, size, between=lambda: None):
        self._client, self._size, self._between = client, size, between

    def __getattr__(self, name):
        return getattr(self._client, name)

    def query(self, **options):
        self._between()
        return self._client.query(**{**options, "Limit": self._size})


def test_adds_and_removals_during_an_export_lose_and_repeat_nothing(bench):
    untouched = [f"+1415555{i:04}" for i in range(0, 40, 2)]
    bench.add(*untouched)
    dice, others = random.Random(7), Bench(bench.dynamodb)
    added = []

    def meanwhile():
        number = f"+1415555{dice.randrange(1, 40, 2):04}"
        others.add(number)
        added.append(number)
        if dice.random() < 0.5:
            others.remove(dice.choice(untouched[:10]))
            others.add(*untouched[:10])

    bench.dynamodb = Paged(bench.dynamodb, 4, meanwhile)
    export_id = bench.make()
    assert bench.step(export_id)
    rows = bench.rows(export_id)
    numbers = [row["number"] for row in rows]
    assert numbers == sorted(set(numbers))
    assert set(untouched) <= set(numbers) <= set(untouched) | set(added)
    result = bench.manifest(export_id)
    for row in rows:
        assert row["changed_at"] <= result["read_until"], (
            "an entry is exported in its state at some moment before the end"
        )


def test_two_exports_that_end_at_once_are_both_in_the_chain(bench, tmp_path):
    bench.add(*listed(3))
    one, other = bench.make(), bench.make()

    class Interrupting:
        """Seals the other export after the first has read the end of the chain."""

        def __init__(self, client):
            self._client, self._once = client, True

        def __getattr__(self, name):
            return getattr(self._client, name)

        def transact_write_items(self, **options):
            if self._once:
                self._once = False
                assert Bench(self._client).step(other)
            return self._client.transact_write_items(**options)

    assert bench.step(one, Interrupting(bench.dynamodb))
    assert bench.manifest(other)["index"] == 1
    assert bench.manifest(one)["previous_sha256"] == bench.exports.get(other).state["manifest_sha256"]
    assert bench.download(tmp_path, one, other)[0].faults == []


def test_of_two_runs_of_one_step_only_one_counts(bench):
    bench.add(*listed(20))
    export_id = bench.make()
    stale = bench.exports.get(export_id)
    assert bench.step(export_id)
    with pytest.raises(Conflict):
        export_run.run(
            bench.exports, stale, bench.files(export_id),
            export_sources.entries(bench.dynamodb, "numbers", "acme", FullSpeed()), times.now, lambda: False,
        )  # fmt: skip
    assert [row["number"] for row in bench.rows(export_id)] == listed(20)


def test_a_sealed_export_that_is_killed_before_it_finishes_keeps_its_manifest(bench):
    bench.add(*listed(3))
    one = bench.make()
    export = export_run.run(
        bench.exports, bench.exports.get(one), bench.files(one),
        export_sources.entries(bench.dynamodb, "numbers", "acme", FullSpeed()), times.now, lambda: False,
    )  # fmt: skip
    body = bench.exports.seal(export, VERSION)
    other = bench.make()
    assert bench.step(other)
    assert bench.step(one)
    assert bench.files(one).read(MANIFEST) == body
    assert bench.manifest(other)["index"] == 2


def test_throttling_does_not_fail_an_export(bench, monkeypatch):
    from botocore.exceptions import ClientError

    bench.add(*listed(3))
    export_id = bench.make()

    class Throttled:
        def query(self, **_):
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "Query")

        def __getattr__(self, name):
            return getattr(bench.dynamodb, name)

    with pytest.raises(Unavailable):
        bench.step(export_id, Throttled())
    assert bench.exports.get(export_id).status is JobStatus.RUNNING
    assert bench.step(export_id)


def test_the_audit_is_exported_in_the_order_recorded_across_shards_and_days(bench):
    recorded = []
    for i in range(40):
        at = START + timedelta(hours=5 * i, milliseconds=i % 3)
        bench.record(f"+1415555{i % 7:04}", 1000 + i, at)
        recorded.append(str(1000 + i).zfill(40))
    since, until = times.text(START), times.text(START + timedelta(hours=5 * 39))
    for form in ExportFormat:
        bench.dynamodb = Paged(bench.dynamodb, 2)
        export_id = bench.make(ExportKind.AUDIT, form, since, until)
        assert bench.step(export_id)
        name = "sequence" if form is ExportFormat.CSV else "event_key"
        assert [row[name] for row in bench.rows(export_id)] == recorded[:39], "the end of the window is exclusive"


def test_killed_audit_exports_neither_lose_nor_repeat_an_event(bench):
    dice = random.Random(1)
    wanted = []
    for i in range(20):
        bench.record(f"+1415555{dice.randrange(9):04}", 1000 + i, START + timedelta(hours=i))
        wanted.append(str(1000 + i).zfill(40))
    for _ in range(3):
        export_id = bench.make(
            ExportKind.AUDIT, ExportFormat.JSONL, times.text(START), times.text(START + timedelta(hours=20))
        )
        while True:
            client = Mortal(Paged(bench.dynamodb, 2), dice.randint(10, 40), dice.random() < 0.5)
            try:
                if bench.step(export_id, client, rows=3):
                    break
            except (Killed, Conflict):
                continue
        assert [row["event_key"] for row in bench.rows(export_id)] == wanted


def test_nightly_exports_have_no_gaps_and_no_overlap(bench):
    for i in range(30):
        bench.record("+14155550100", 1000 + i, START + timedelta(hours=i))
    wanted = [str(1000 + i).zfill(40) for i in range(30)]

    def night(since, hours):
        until = times.text(START + timedelta(hours=hours))
        return bench.make(ExportKind.AUDIT, ExportFormat.JSONL, since, until, nightly=True)

    begin = times.text(START)
    first, second, third = night(begin, 10), night(begin, 20), night(begin, 15)
    assert bench.step(first)
    _, until = bench.exports.chain()
    assert until == times.text(START + timedelta(hours=10))
    assert not bench.step(second), "the first covered its beginning, so it restarts after the first"
    assert bench.step(second)
    assert not bench.step(third)
    assert bench.step(third)
    fourth = night(bench.exports.chain()[1], 30)
    assert bench.step(fourth)
    result = [[row["event_key"] for row in bench.rows(export_id)] for export_id in (first, second, third, fourth)]
    assert [sequence for part in result for sequence in part] == wanted
    assert result[2] == []
    assert bench.exports.chain()[0].length == 4


class CountingFiles:
    """The files of an export, and how many of them a run has written."""

    def __init__(self, files):
        self._files, self.written = files, 0

    def put(self, *arguments):
        self.written += 1
        self._files.put(*arguments)


@pytest.mark.parametrize(("rows", "files"), [(20, 1), (0, 0)])
def test_a_run_that_another_one_has_overtaken_stops_at_its_first_step(bench, rows, files):
    bench.add(*listed(rows))
    export_id = bench.make()
    stale = bench.exports.get(export_id)
    assert bench.step(export_id)
    counting = CountingFiles(bench.files(export_id))
    with pytest.raises(Conflict):
        export_run.run(
            bench.exports, stale, counting, export_sources.entries(bench.dynamodb, "numbers", "acme", FullSpeed()),
            times.now, lambda: False, FileLimits(7),
        )  # fmt: skip
    assert counting.written == files
