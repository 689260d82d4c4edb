"""Jobs whose execution is gone: the sweep ends them as their own run would have, and leaves all others as they are."""

import json
from datetime import timedelta

import boto3
import pytest

from dnc import times
from dnc.aws import clients
from dnc.aws.errors import AwsError
from dnc.bulk.jobs import JobKind, Jobs, JobStatus
from dnc.entries.entry import Actor
from tests.support.lambda_context import Context

ACTOR = Actor("key:k", "u-1")
MACHINES = ("import", "scrub", "export", "nightly-exports")


@pytest.fixture
def steps(gateway):
    """Step Functions with the state machines; an execution runs until it is stopped."""
    client = boto3.client("stepfunctions")
    definition = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 9, "End": True}}})
    for name in MACHINES:
        client.create_state_machine(name=name, definition=definition, roleArn="arn:aws:iam::123456789012:role/machines")
    return client


@pytest.fixture
def sweep(modules):
    return lambda: modules["sweep_accounts.handler"].lambda_handler({"after": None}, Context())


@pytest.fixture
def jobs(dynamodb):
    return Jobs(dynamodb, "accounts", "acme")


def start(steps, machine, run):
    arn = f"arn:aws:states:us-east-1:123456789012:stateMachine:{machine}"
    return steps.start_execution(stateMachineArn=arn, name=run, input="{}")["executionArn"]


def made(jobs, kind, *, age=timedelta(hours=1), run=None, state=None):
    """Create a running job. Its run is an execution's, or the job's own ID."""
    job = jobs.make(kind, {"filename": "a.csv"}, ACTOR, times.now() - age, state=state or {})
    assert jobs.begin(kind, job.id, run or job.id)
    assert jobs.start(kind, job.id, run or job.id)
    return jobs.get(kind, job.id)


def status(jobs, job):
    return jobs.get(job.kind, job.id).status


@pytest.mark.parametrize("kind", [JobKind.IMPORT, JobKind.SCRUB, JobKind.EXPORT])
def test_a_job_whose_execution_was_stopped_ends_as_failed(steps, jobs, sweep, kind, caplog, capsys):
    job = made(jobs, kind)
    execution = start(steps, kind, job.run)
    swept = sweep()
    assert (swept["after"], swept["done"], swept["stuck_jobs"]) == (None, True, 0)
    assert status(jobs, job) is JobStatus.RUNNING
    steps.stop_execution(executionArn=execution)
    sweep()
    ended = jobs.get(kind, job.id)
    assert ended.status is JobStatus.FAILED
    assert ended.finished_at
    assert {JobKind.IMPORT: "Undo it", JobKind.SCRUB: "another scrub", JobKind.EXPORT: "another export"}[
        kind
    ] in ended.error
    assert "stuck job ended" in caplog.text
    assert '"StuckJobs": 1' in capsys.readouterr().out
    sweep()
    assert '"StuckJobs"' not in capsys.readouterr().out


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "InvalidArn"])
def test_a_job_whose_execution_cannot_be_read_is_left_alone(steps, jobs, sweep, monkeypatch, code):
    class Refusing:
        def describe_execution(self, **_):
            raise AwsError({"Error": {"Code": code}})

    job = made(jobs, JobKind.IMPORT)
    monkeypatch.setattr(clients, "step_functions", Refusing)
    assert sweep()["failures"] == 1
    assert status(jobs, job) is JobStatus.RUNNING


def test_a_job_whose_execution_no_longer_exists_ends(steps, jobs, sweep):
    job = made(jobs, JobKind.IMPORT, run="gone")
    sweep()
    assert status(jobs, job) is JobStatus.FAILED


def test_a_queued_job_whose_execution_was_stopped_ends_too(steps, jobs, sweep):
    job = jobs.make(JobKind.IMPORT, {"filename": "a.csv"}, ACTOR, times.now() - timedelta(hours=1))
    assert jobs.begin(JobKind.IMPORT, job.id, "run-1")
    execution = start(steps, "import", "run-1")
    sweep()
    assert status(jobs, job) is JobStatus.QUEUED
    steps.stop_execution(executionArn=execution)
    sweep()
    assert status(jobs, job) is JobStatus.FAILED


def test_a_job_whose_columns_were_just_chosen_is_left_alone(steps, jobs, sweep):
    job = jobs.make(JobKind.IMPORT, {"filename": "a.csv"}, ACTOR, times.now() - timedelta(days=2))
    assert jobs.begin(JobKind.IMPORT, job.id, "run-1")
    assert jobs.ask_for_columns(JobKind.IMPORT, job.id, "run-1", times.now(), {})
    sweep()
    assert status(jobs, job) is JobStatus.NEEDS_COLUMNS
    assert jobs.choose_columns(JobKind.IMPORT, job.id, ["a"], "run-2", times.now())
    sweep()
    assert status(jobs, job) is JobStatus.QUEUED


def test_a_job_that_has_just_begun_is_left_alone(steps, jobs, sweep):
    job = made(jobs, JobKind.EXPORT, age=timedelta(minutes=4))
    sweep()
    assert status(jobs, job) is JobStatus.RUNNING


def test_an_undo_that_was_stopped_returns_the_import_to_what_it_was(steps, jobs, sweep):
    job = jobs.make(JobKind.IMPORT, {"filename": "a.csv"}, ACTOR, times.now() - timedelta(days=80))
    assert jobs.begin(JobKind.IMPORT, job.id, "run-1")
    assert jobs.finish(JobKind.IMPORT, job.id, "run-1", times.now())
    undo = {
        "attempt": 1,
        "requested_at": times.text(times.now() - timedelta(hours=2)),
        "was": "done",
        "error_was": None,
    }
    run = f"{job.id}-undo-1"
    assert jobs.begin(
        JobKind.IMPORT, job.id, run, allowed=(JobStatus.DONE,), status=JobStatus.RUNNING, state={"undo": undo}
    )
    execution = start(steps, "import", run)
    sweep()
    assert status(jobs, job) is JobStatus.RUNNING
    steps.stop_execution(executionArn=execution)
    sweep()
    ended = jobs.get(JobKind.IMPORT, job.id)
    assert (ended.status, ended.error) == (JobStatus.DONE, None)
    assert "Request the undo again" in ended.state["undo"]["error"]


def test_an_undo_that_has_just_begun_is_left_alone_however_old_its_import_is(steps, jobs, sweep):
    job = jobs.make(JobKind.IMPORT, {"filename": "a.csv"}, ACTOR, times.now() - timedelta(days=80))
    undo = {"attempt": 1, "requested_at": times.text(times.now()), "was": "done", "error_was": None}
    assert jobs.begin(JobKind.IMPORT, job.id, f"{job.id}-undo-1", status=JobStatus.RUNNING, state={"undo": undo})
    sweep()
    assert status(jobs, job) is JobStatus.RUNNING


def test_a_nightly_export_ends_only_if_no_nightly_run_works(steps, jobs, sweep):
    job = made(jobs, JobKind.EXPORT, state={"nightly": True})
    night = start(steps, "nightly-exports", "night-1")
    sweep()
    assert status(jobs, job) is JobStatus.RUNNING
    steps.stop_execution(executionArn=night)
    sweep()
    assert status(jobs, job) is JobStatus.FAILED


def test_a_run_that_ends_its_job_during_the_sweep_wins(steps, jobs, sweep, modules, monkeypatch):
    job = made(jobs, JobKind.SCRUB)
    stuck_jobs = modules["sweep_accounts.handler"].stuck_jobs

    def gone(_self, _client, seen):
        assert jobs.finish(seen.kind, seen.id, seen.run, times.now())
        return False

    monkeypatch.setattr(stuck_jobs.Machines, "is_running", gone)
    sweep()
    assert status(jobs, job) is JobStatus.DONE


def test_jobs_that_wait_or_have_ended_are_left_alone(steps, jobs, sweep):
    old = times.now() - timedelta(days=3)
    waiting = jobs.make(JobKind.IMPORT, {}, ACTOR, old)
    done = made(jobs, JobKind.SCRUB)
    assert jobs.finish(JobKind.SCRUB, done.id, done.run, times.now())
    sweep()
    assert (status(jobs, waiting), status(jobs, done)) == (JobStatus.AWAITING_UPLOAD, JobStatus.DONE)


def test_a_task_that_fails_for_one_account_does_not_stop_the_others(
    steps, jobs, dynamodb, sweep, modules, monkeypatch, caplog, capsys
):
    theirs = Jobs(dynamodb, "accounts", "globex")
    ours, other = made(jobs, JobKind.SCRUB), made(theirs, JobKind.SCRUB)
    handler = modules["sweep_accounts.handler"]
    end = handler.stuck_jobs.end

    def broken(client, table, account_id, *more):
        if account_id == "acme":
            raise RuntimeError("no")
        return end(client, table, account_id, *more)

    monkeypatch.setattr(handler.stuck_jobs, "end", broken)
    assert sweep()["done"]
    assert (status(jobs, ours), status(theirs, other)) == (JobStatus.RUNNING, JobStatus.FAILED)
    assert "sweep failed" in caplog.text
    assert '"SweepFailures": 1' in capsys.readouterr().out


def test_a_sweep_continues_after_the_account_where_its_time_ended(steps, jobs, dynamodb, modules, monkeypatch):
    theirs = Jobs(dynamodb, "accounts", "globex")
    ours, other = made(jobs, JobKind.SCRUB), made(theirs, JobKind.SCRUB)
    handler = modules["sweep_accounts.handler"]
    monkeypatch.setattr(handler, "ACCOUNTS_PER_PAGE", 1)
    first = handler.lambda_handler({"after": None}, Context(left=59_000))
    assert (first["after"], first["done"], first["stuck_jobs"]) == ("acme", False, 1)
    assert (status(jobs, ours), status(theirs, other)) == (JobStatus.FAILED, JobStatus.RUNNING)
    second = handler.lambda_handler(first, Context())
    assert second["done"]
    assert status(theirs, other) is JobStatus.FAILED
