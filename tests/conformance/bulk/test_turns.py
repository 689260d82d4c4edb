"""Turns and the pace of reads, where many ask at once and DynamoDB decides."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from dnc import times
from dnc.bulk import turns
from dnc.bulk.imports.pacing import Pace
from dnc.bulk.jobs import JobKind, Jobs, JobStatus
from dnc.bulk.shared_pace import ReadPace, WritePace
from dnc.bulk.turns import LEASE, Pool, Turns, WaitedTooLong
from dnc.entries.entry import Actor

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


class Account:
    """The jobs of one account. Each job's run is named as the job is."""

    def __init__(self, client, table):
        self.jobs, self.turns = Jobs(client, table, "acme"), Turns(client, table, "acme")

    def job(self, kind=JobKind.IMPORT):
        job = self.jobs.make(kind, {"filename": "f"}, Actor("key:k"), NOW)
        assert self.jobs.begin(kind, job.id, job.id)
        return job.id

    def ask(self, job_id, seconds=0.0, pool=Pool.LARGE_IMPORTS, limit=1, kind=JobKind.IMPORT):
        job = self.jobs.get(kind, job_id)
        return self.turns.take(job, job_id, pool, limit, NOW + timedelta(seconds=seconds))

    def status(self, job_id, kind=JobKind.IMPORT):
        return self.jobs.get(kind, job_id).status


@pytest.fixture
def account(own, names):
    return Account(own, names["accounts"])


def test_large_imports_run_one_by_one_and_in_order(account):
    first, second, third = account.job(), account.job(), account.job()
    assert account.ask(first).taken
    waits = [account.ask(second, 1), account.ask(third, 2)]
    assert [(turn.taken, turn.wait, turn.over) for turn in waits] == [(False, 10, False)] * 2
    assert [account.status(job) for job in (first, second, third)] == ["running", "queued", "queued"]
    assert account.ask(first, 3).taken, "asking again changes nothing"
    assert account.jobs.finish(JobKind.IMPORT, first, first, NOW)
    assert not account.ask(third, 4).taken, "the second one is before it"
    assert account.ask(second, 5).taken
    assert [account.status(job) for job in (first, second, third)] == ["done", "running", "queued"]


def test_a_job_that_finds_the_longest_queue_waits_without_a_ticket(account, monkeypatch):
    monkeypatch.setattr(turns, "MAX_TICKETS", 2)
    first, second, third = account.job(), account.job(), account.job()
    assert account.ask(first).taken
    for job, tickets in ((second, 2), (third, 2)):
        turn = account.ask(job, 1)
        assert (turn.taken, turn.over, turn.wait > 0) == (False, False, True)
        assert len(account.turns._read()[1]) == tickets
    assert account.ask(second, 2).wait > 0, "a job with a ticket keeps it"
    assert account.jobs.finish(JobKind.IMPORT, first, first, NOW)
    assert account.ask(second, 3).taken
    assert not account.ask(third, 4).taken
    assert len(account.turns._read()[1]) == 2


def test_a_small_import_a_scrub_and_another_account_do_not_wait_behind_a_large_import(account, own, names):
    large, small, scrub = account.job(), account.job(), account.job(JobKind.SCRUB)
    assert account.ask(large).taken
    assert account.ask(small, pool=Pool.SMALL_IMPORTS, limit=4).taken
    assert account.ask(scrub, pool=Pool.READERS, limit=4, kind=JobKind.SCRUB).taken
    other = Jobs(own, names["accounts"], "globex")
    job = other.make(JobKind.IMPORT, {}, Actor("key:k"), NOW)
    other.begin(JobKind.IMPORT, job.id, "r")
    job = other.get(JobKind.IMPORT, job.id)
    assert Turns(own, names["accounts"], "globex").take(job, "r", Pool.LARGE_IMPORTS, 1, NOW).taken


def test_a_job_that_failed_has_no_slot(account):
    first, second = account.job(), account.job()
    assert account.ask(first).taken
    account.jobs.fail(JobKind.IMPORT, first, first, NOW, "stopped")
    assert account.ask(second, 1).taken
    assert account.ask(first, 2).over


def test_a_run_that_was_stopped_keeps_its_slot_only_for_its_lease(account):
    first, second = account.job(), account.job()
    assert account.ask(first).taken
    lease = LEASE.total_seconds()
    account.turns.renew(JobKind.IMPORT, first, first, NOW + timedelta(seconds=lease - 1))  # a piece began
    assert not account.ask(second, lease).taken
    assert not account.ask(second, 1.9 * lease).taken
    assert account.ask(second, 2 * lease).taken, "no heartbeat for as long as a lease"


def test_a_job_that_waits_too_long_gives_up(account, monkeypatch):
    monkeypatch.setattr("dnc.bulk.turns.LONGEST_WAIT", timedelta(minutes=1))
    first, second = account.job(), account.job()
    assert account.ask(first).taken
    assert not account.ask(second, 1).taken
    with pytest.raises(WaitedTooLong):
        account.ask(second, 62)


def test_a_heartbeat_of_a_run_without_a_slot_changes_nothing(account):
    first, second = account.job(), account.job()
    assert account.ask(first).taken
    account.turns.renew(JobKind.IMPORT, second, second, NOW)
    account.turns.renew(JobKind.IMPORT, first, "another run", NOW + LEASE)
    assert account.ask(second, LEASE.total_seconds()).taken


def test_of_many_that_ask_at_once_no_more_run_than_there_are_slots(account):
    jobs = [account.job(JobKind.SCRUB) for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        turns = list(pool.map(lambda job: account.ask(job, pool=Pool.READERS, limit=3, kind=JobKind.SCRUB), jobs))
    assert sum(turn.taken for turn in turns) == 3
    running = [job for job in jobs if account.status(job, JobKind.SCRUB) is JobStatus.RUNNING]
    assert len(running) == 3


class Clock:
    """A clock that all readers share. Sleeping moves it forward."""

    def __init__(self):
        self.at, self.lock = NOW.timestamp(), threading.Lock()

    def now(self):
        return datetime.fromtimestamp(self.at, UTC)

    def sleep(self, seconds):
        with self.lock:
            self.at += seconds


def test_readers_share_one_rate(own, names):
    clock = Clock()
    readers = [ReadPace(own, names["accounts"], "acme", 1000, clock.now, clock.sleep) for _ in range(4)]
    units = 0
    for _ in range(10):
        for reader in readers:
            reader.wait()
            reader.used(128)  # an eventually consistent page of 1 MB
            units += 128
    took = clock.at - NOW.timestamp()
    assert units - 4 * 250 - 4 * 128 <= took * 1000 <= units + 4 * 250


def test_lookups_wait_for_what_they_will_use(own, names):
    clock = Clock()
    reader, other = (ReadPace(own, names["accounts"], "acme", 100, clock.now, clock.sleep) for _ in range(2))
    for _ in range(5):
        reader.wait(100)
        other.wait(50)
    assert 6.0 <= clock.at - NOW.timestamp() <= 7.5


def test_unused_read_units_are_not_saved_up(own, names):
    clock = Clock()
    reader = ReadPace(own, names["accounts"], "acme", 100, clock.now, clock.sleep)
    reader.wait(100)
    clock.sleep(3600)
    began = clock.at
    for _ in range(3):
        reader.wait(100)
    assert clock.at - began >= 1.9


def test_a_small_import_has_its_share_of_the_writes_beside_a_large_one(own, names):
    clock = Clock()
    workers = [
        Pace(
            500 / 4,
            lambda: clock.at,
            clock.sleep,
            WritePace(own, names["accounts"], "acme", 500, clock.now, clock.sleep).wait,
        )
        for _ in range(6)
    ]
    rows = 0
    for _ in range(10):
        for worker in workers:
            worker.wait(100)
            rows += 100
    took = clock.at - NOW.timestamp()
    assert rows / took <= 1.2 * 500


def test_readers_of_many_processes_together_keep_to_the_rate(own, names):
    began = time.monotonic()

    def read(_):
        reader = ReadPace(own, names["accounts"], "acme", 2000, times.now)
        for _ in range(5):
            reader.wait(100)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(read, range(6)))
    assert time.monotonic() - began >= 6 * 5 * 100 / 2000 - 0.25
