"""The worker of an import on DynamoDB Local: killed, repeated or run twice at once, it has the same result."""

import csv
import io
import json
import random
import threading
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from dnc import times
from dnc.aws.credentials import Credentials
from dnc.aws.dynamodb import DynamoDB
from dnc.bulk.files import UPLOAD, JobFiles
from dnc.bulk.imports import piece as import_piece
from dnc.bulk.imports import plan as import_plan
from dnc.bulk.imports import report as import_report
from dnc.bulk.imports.pacing import NotYetDone, Pace
from dnc.bulk.imports.piece import PieceImport
from dnc.bulk.imports.request import ImportOptions
from dnc.bulk.imports.undo import PieceUndo
from dnc.bulk.jobs import JobKind
from dnc.bulk.uploads.columns import Choice
from dnc.bulk.uploads.source import S3Object
from dnc.entries import reasons
from dnc.entries.batch_store import BulkEntries
from dnc.entries.entry import Actor, Request, Source, Write
from dnc.entries.removal_store import Removals
from dnc.problems import Unavailable
from infra.templates import nested
from tests.support.memory_s3 import MemoryS3

WHO = Actor("key:k", "u-1")
NOW = times.now()
MADE_AT = times.text(NOW - timedelta(minutes=1))
IMPORT_ID = "0" * 26
MOMENTS = ("listed_at", "changed_at")
FORMS = ("415555{0:04}", "(415) 555-{0:04}", "+1 415 555 {0:04}", "1-415-555-{0:04}", "415.555.{0:04}")


class Killed(BaseException):
    """The worker's process was killed."""


class Dying:
    """A DynamoDB client whose process is killed at a given call, before or after the call takes effect."""

    def __init__(self, client, calls, *, after):
        self._client, self._calls, self._after = client, calls, after

    def __getattr__(self, name):
        call = getattr(self._client, name)

        def wrapped(**arguments):
            self._calls -= 1
            if self._calls == 0 and not self._after:
                raise Killed
            response = call(**arguments)
            if self._calls == 0:
                raise Killed
            return response

        return wrapped


@dataclass
class Import:
    """One import into its own account."""

    client: object
    fast: object
    table: str
    account_id: str
    options: ImportOptions
    s3: MemoryS3 = field(default_factory=MemoryS3)
    names: list = field(default_factory=list)

    @property
    def files(self):
        return JobFiles(self.s3, "bulk", self.account_id, JobKind.IMPORT, IMPORT_ID)

    def plan(self, data, rows_per_piece=40):
        self.s3.put_object(Key=self.files.key(UPLOAD), Body=data)
        source = S3Object(self.s3, "bulk", self.files.key(UPLOAD))
        plan = import_plan.make(
            self.files, source, source.size, "list.csv", Choice("US"), rows_per_piece=rows_per_piece
        )
        self.names = plan.files
        return import_report.planned(self.files)

    def write(self, piece, client=None, pace=None, lag=None, still_time=lambda: True):
        store = BulkEntries(client or self.fast, self.table, self.account_id)
        worker = PieceImport(store, self.account_id, self.options, WHO, pace or Pace(1e6), lag, still_time)
        import_piece.run(self.files, piece, worker.write)

    def undo(self, piece, client=None):
        store = BulkEntries(client or self.fast, self.table, self.account_id)
        undoing = PieceUndo(store, self.options, Actor("key:k", "u-2"), "undone", Pace(1e6), lambda: True)
        import_piece.run(self.files, piece, undoing.undo, "undo-1/")

    def completed(self, data, **more):
        pieces = self.plan(data, **more)
        for piece in pieces:
            self.write(piece)
        return self.result(pieces)

    def result(self, pieces, folder=""):
        counts = dict(import_report.add_up(self.files, pieces, folder).counts)
        report = import_report.write(self.files, pieces, self.names, folder)[0]
        return {name: n for name, n in counts.items() if n}, self.files.read(report).decode()

    def table_rows(self):
        query = {
            "TableName": self.table,
            "KeyConditionExpression": "account_id = :a",
            "ExpressionAttributeValues": {":a": {"S": self.account_id}},
        }
        pages = self.client.get_paginator("query").paginate(**query)
        rows = [row for page in pages for row in page["Items"]]
        return [{k: v for k, v in r.items() if k not in (*MOMENTS, "account_id", "listed_account")} for r in rows]


@pytest.fixture(scope="module")
def fast(endpoint):
    """The client that workers use."""
    keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    own = DynamoDB(endpoint, "us-east-1", Credentials(keys))
    yield own
    own.close()


@pytest.fixture
def numbers_table(client):
    """A numbers table without its stream, which DynamoDB Local would keep in memory."""
    properties = nested()["Tables"]["Resources"]["NumbersTable"]["Properties"]
    names = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")
    wanted = {name: properties[name] for name in names}
    name = f"numbers-{uuid.uuid4().hex[:8]}"
    client.create_table(TableName=name, **wanted)
    yield name
    client.delete_table(TableName=name)


@pytest.fixture
def make_import(client, fast, numbers_table):
    made = []

    def make(**options):
        made.append(1)
        account_id = f"a-{len(made)}"
        merged = ImportOptions(IMPORT_ID, Source.IMPORT, MADE_AT, region="US", **options)
        return Import(client, fast, numbers_table, account_id, merged)

    return make


def numbers_of(one):
    return Removals(one.client, one.table, one.account_id, "unused")


def remove(numbers, number, version, write):
    removal = {"reason": "legal_order", "evidence": {"reference": "o-1"}}
    numbers.remove(number, removal, version, write, lambda entry: reasons.remove(entry, removal, write, may_order=True))


def fill(one):
    """List some numbers before the import, and remove some of them."""
    numbers = numbers_of(one)
    write = Write(NOW - timedelta(days=2), Actor("key:old"), "r-1")
    for i in range(0, 60, 3):
        request = Request(f"+1415555{i:04}", Source.MANUAL, times.text(write.at), {"note": "old"}, None, f"old-{i}")
        numbers.add(request, write)
        if not i % 4:
            removal = Write(write.at + timedelta(hours=1), Actor("key:old", "u-0"), "r-2")
            remove(numbers, request.number, 1, removal)


def a_file(seed, rows=400, distinct=300):
    """Return a file with rows in mixed forms, duplicates, invalid rows, expiries, and rows with warnings."""
    rng = random.Random(seed)
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["Phone Number", "name", "expires_at", "requested_at"])
    for _ in range(rows):
        written = rng.choice(FORMS).format(rng.randrange(distinct))
        if rng.random() < 0.05:
            written = rng.choice(["12", "", "call me", "415555", "=1+1", "911"])
        expires = rng.choice(["", "", "2031-01-01T00:00Z", "2032-02-03T10:00:00Z", "soon"])
        requested = rng.choice(["", "2025-03-04T05:06Z", "2024-01-01", "some day"])
        table.writerow([written, rng.choice(["", 'J. "Doe"', "two\nlines"]), expires, requested])
    return out.getvalue().encode()


def kill_until_done(rng, one, piece, work):
    """Kill the worker at random calls until a run completes."""
    while True:
        dying = Dying(one.fast, rng.randrange(1, 9), after=rng.random() < 0.5)
        try:
            work(piece, dying)
        except Killed:
            continue
        return


def test_imports_killed_at_random_points_have_the_same_result_as_undisturbed_ones(make_import, monkeypatch):
    monkeypatch.setattr(import_plan, "PIECES_PER_GROUP", 2)
    monkeypatch.setattr(import_piece, "NUMBERS_PER_WINDOW", 6)
    for seed in range(100):
        data = a_file(seed, rows=40, distinct=30)
        calm, interrupted = make_import(), make_import()
        for one in (calm, interrupted):
            if seed % 10 == 0:
                fill(one)
        undisturbed = calm.completed(data, rows_per_piece=20)
        rng = random.Random(seed)
        pieces = interrupted.plan(data, rows_per_piece=20)
        for piece in pieces:
            kill_until_done(rng, interrupted, piece, interrupted.write)
            if rng.random() < 0.3:
                interrupted.write(piece)
        assert interrupted.result(pieces) == undisturbed, seed
        assert interrupted.table_rows() == calm.table_rows(), seed


def test_workers_on_the_same_pieces_in_parallel_have_the_same_result_as_one(make_import, make_client):
    data = a_file(7, rows=600)
    calm, crowded = make_import(), make_import()
    fill(calm)
    fill(crowded)
    undisturbed = calm.completed(data, rows_per_piece=100)
    pieces = crowded.plan(data, rows_per_piece=100)
    failures = []

    def work():
        try:
            for piece in pieces:
                crowded.write(piece, make_client("dynamodb"))
        except Exception as failed:  # noqa: BLE001
            failures.append(failed)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    assert crowded.result(pieces) == undisturbed
    assert crowded.table_rows() == calm.table_rows()


def test_the_order_of_the_pieces_changes_neither_counts_nor_expiries(make_import):
    data = a_file(11)
    forward, backward = make_import(), make_import()
    first = forward.completed(data)
    pieces = backward.plan(data)
    for piece in reversed(pieces):
        backward.write(piece)
    assert backward.result(pieces) == first
    compared = ("number", "status", "expires_at", "requested_at", "last_requested_at", "sources")
    assert [{k: r.get(k) for k in compared} for r in backward.table_rows()] == [
        {k: r.get(k) for k in compared} for r in forward.table_rows()
    ]


def test_a_dry_run_counts_exactly_and_changes_nothing(make_import):
    data, skipped = a_file(3), {}
    for skip in (False, True):
        real, dry = make_import(skip_removed=skip), make_import(skip_removed=skip, dry_run=True)
        fill(real)
        fill(dry)
        stored = dry.table_rows()
        result = real.completed(data)
        assert dry.completed(data) == result
        assert dry.table_rows() == stored
        skipped[skip] = result[0].get("skipped_removed", 0)
    assert 0 < skipped[False] < skipped[True], "without skip_removed, only rows dated before the removal are skipped"


def test_counts_add_up_and_each_invalid_row_is_reported_with_its_line(make_import):
    one = make_import()
    data = b"number\n4155550100\n12\n(415) 555-0100\n=cmd|x\n4155550101\n\n911\n"
    counts, report = one.completed(data)
    assert counts == {"rows": 6, "numbers": 6, "listed": 2, "already_listed": 1, "invalid": 3}
    result = list(csv.DictReader(io.StringIO(report)))
    assert [(row["line"], json.loads(row["value"]), row["outcome"]) for row in result] == [
        ("3", "12", "refused"),
        ("5", "=cmd|x", "refused"),
        ("8", "911", "refused"),
    ]
    assert all(row["why"] for row in result)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in result for cell in row.values())


def test_an_undo_removes_only_entries_that_were_not_changed_since(make_import):
    one = make_import()
    fill(one)
    stored = {r["number"]["S"]: r for r in one.table_rows()}
    pieces = one.plan(a_file(5))
    for piece in pieces:
        one.write(piece)
    listed = one.result(pieces)[0]["listed"]
    new = [r["number"]["S"] for r in one.table_rows() if r["number"]["S"] not in stored]
    numbers = numbers_of(one)
    touched, removed = new[0], new[1]
    now = Write(times.now(), Actor("key:a", "u-9"), "r-9")
    numbers.add(Request(touched, Source.SMS, times.text(now.at), {}, None, "sms-1"), now)
    remove(numbers, removed, numbers.read(removed).version, now)
    rng = random.Random(1)
    for piece in pieces:
        kill_until_done(rng, one, piece, one.undo)
        one.undo(piece)
    counts, report = one.result(pieces, "undo-1/")
    assert counts["removed"] == listed - 2
    assert counts["touched_since"] == 2
    assert sum(n for name, n in counts.items() if name not in {"rows", "numbers"}) == counts["rows"]
    assert {json.loads(row["value"]) for row in csv.DictReader(io.StringIO(report))} == {touched, removed}
    for number in new:
        entry = numbers.read(number)
        assert entry.status == ("listed" if number == touched else "removed")
        if number not in (touched, removed):
            assert entry.removal["reason"] == "import_error"
            assert entry.removal["removed_by"]["acting_user"] == "u-2"
    for number, row in stored.items():
        if row["status"]["S"] == "listed":
            assert numbers.read(number).status == "listed"


class Throttling:
    """Throttles some of the statements of a batch and executes the others."""

    def __init__(self, client, seed):
        self._client, self._rng, self.refused = client, random.Random(seed), 0

    def __getattr__(self, name):
        return getattr(self._client, name)

    def batch_execute_statement(self, *, Statements):
        accepted = [self._rng.random() < 0.7 for _ in Statements]
        executed = [s for s, accept in zip(Statements, accepted, strict=True) if accept]
        responses = iter(self._client.batch_execute_statement(Statements=executed)["Responses"] if executed else [])
        self.refused += accepted.count(False)
        refusal = {"Error": {"Code": "ThrottlingError"}}
        return {"Responses": [next(responses) if accept else refusal for accept in accepted]}


def test_a_worker_backs_off_when_it_is_throttled_and_loses_nothing(make_import, fast):
    data = a_file(9, rows=200)
    calm, busy = make_import(), make_import()
    undisturbed = calm.completed(data)
    pieces = busy.plan(data)
    throttling, waits = Throttling(fast, 1), []
    pace = Pace(10_000, sleep=waits.append)
    for piece in pieces:
        busy.write(piece, throttling, pace)
    assert throttling.refused > 5
    assert pace.rate < 10_000
    assert waits
    assert busy.result(pieces) == undisturbed
    assert busy.table_rows() == calm.table_rows()


def test_a_worker_that_runs_out_of_time_stops_and_can_be_continued(make_import):
    data = a_file(13, rows=1200, distinct=900)
    calm, short = make_import(), make_import()
    undisturbed = calm.completed(data, rows_per_piece=1200)
    pieces = short.plan(data, rows_per_piece=1200)
    stopped = Counter()
    for piece in pieces:
        for windows in range(1, 20):
            left = iter([True] * windows)
            try:
                short.write(piece, still_time=lambda left=left: next(left, False))
            except NotYetDone:
                stopped[piece["piece"]] += 1
                continue
            break
    assert sum(stopped.values()) > 3
    assert short.result(pieces) == undisturbed
    assert short.table_rows() == calm.table_rows()


def test_unavailable_storage_fails_the_piece_and_counts_nothing(make_import, monkeypatch):
    class Gone:
        def __getattr__(self, name):
            def fail(**_):
                raise Unavailable("x")

            return fail

    one = make_import()
    [piece, *_] = one.plan(a_file(2))
    monkeypatch.setattr(import_piece, "PATIENCE", 0.05)
    with pytest.raises(Unavailable):
        one.write(piece, Gone())
    assert one.table_rows() == []
    with pytest.raises(import_report.PieceMissing):
        one.result([piece])
