"""Which jobs of an account run, and which wait their turn. The state is one row of the accounts table, `turns`.

Each pool has a number of slots, and waiting jobs take them in the order in which they began to wait. A run of a job
holds a slot only while the job's own row names that run and its lease has not expired, so a run that crashed or was
stopped never blocks a slot. Slots need no release: a job that has ended holds none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from dnc import times
from dnc.aws import errors as aws_errors
from dnc.aws import queries, wire
from dnc.aws.attempts import attempts
from dnc.bulk.job import JobKind, JobStatus
from dnc.bulk.jobs import Job, Jobs
from dnc.problems import Unavailable

LEASE = timedelta(minutes=30)
"""How long a ticket is valid without a heartbeat. Every step of a job sends one more often than this."""
LONGEST_WAIT = timedelta(days=3)
"""Each state machine's timeout is this plus the time for the work itself."""
LARGE_IMPORT_ROWS = 10_000
"""An import with at least this many rows is large, and only one large import runs at a time."""
SMALL_IMPORT_SLOTS = 4
"""How many smaller imports run at the same time, besides a large one."""
MAX_TICKETS = 1000
"""The most jobs with a ticket. Further jobs wait as well, but in no order."""
_PATIENCE = 10.0
_RECORD = "turns"
_ALIVE = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})
_FIRST_WAIT_SECONDS = 10


class Pool(StrEnum):
    """Jobs that compete for the same slots. Exports and scrubs both read whole lists, so they share a pool."""

    LARGE_IMPORTS = "large_imports"
    SMALL_IMPORTS = "small_imports"
    READERS = "readers"


class WaitedTooLong(Exception):
    """A job has waited for its turn longer than `LONGEST_WAIT`."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job's place in the queue. Times: RFC 3339 UTC. `since`: when it began to wait; `until`: when its lease ends."""

    pool: str
    run: str
    since: str
    until: str
    running: bool = False

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Ticket":
        """Read a ticket as it is stored."""
        return cls(str(row["pool"]), str(row["run"]), str(row["since"]), str(row["until"]), bool(row["running"]))

    def as_row(self) -> dict[str, Any]:
        """Return the ticket as it is stored."""
        return {
            "pool": self.pool,
            "run": self.run,
            "since": self.since,
            "until": self.until,
            "running": self.running,
        }


class Turn(NamedTuple):
    """The answer to a run that asks for its job's turn.

    `taken`: it may work now; `wait`: otherwise, seconds until it should ask again; `over`: it no longer has the job.
    """

    taken: bool
    wait: int = 0
    over: bool = False


def import_pool(rows: int) -> tuple[Pool, int]:
    """Return the pool of an import with this many rows, and the number of slots in that pool."""
    return (Pool.LARGE_IMPORTS, 1) if rows >= LARGE_IMPORT_ROWS else (Pool.SMALL_IMPORTS, SMALL_IMPORT_SLOTS)


def assign_slot(
    tickets: Mapping[str, Ticket], job: str, run: str, pool: str, limit: int, at: datetime
) -> tuple[dict[str, Ticket], int]:
    """Return the tickets with one for this job, running if a slot is free, and the number of waiting jobs ahead of it.

    `tickets`: of jobs that are alive; `limit`: how many jobs of the pool may run. Expired tickets are dropped.
    """
    now, until = times.text(at), times.text(at + LEASE)
    assigned = {name: ticket for name, ticket in tickets.items() if ticket.until > now}
    ticket = assigned.get(job)
    if ticket is None or ticket.run != run:
        ticket = Ticket(pool, run, now, until)
    assigned[job] = mine = replace(ticket, until=until)
    if mine.running:
        return assigned, 0
    others = {name: ticket for name, ticket in assigned.items() if ticket.pool == pool and name != job}
    running = sum(other.running for other in others.values())
    ahead = sum(not other.running and (other.since, name) < (mine.since, job) for name, other in others.items())
    if running + ahead < limit:
        assigned[job] = replace(mine, running=True)
    return assigned, ahead


def wait_seconds(waited: float, ahead: int) -> int:
    """Return in how many seconds a waiting job should ask again. `waited`: seconds so far; `ahead`: jobs ahead of it.

    The longer a job has waited, the less often it asks: an execution may have 25,000 events, and asking takes nine.
    """
    if ahead:
        return int(min(600, _FIRST_WAIT_SECONDS + waited / 20))
    return int(min(180, _FIRST_WAIT_SECONDS + waited / 60))


class Turns:
    """The turns of the jobs of one account."""

    def __init__(self, client: Any, table: str, account_id: str) -> None:
        """Bind to the accounts table and an account."""
        self._client = client
        self._table = table
        self._account_id = account_id
        self._jobs = Jobs(client, table, account_id)

    def take(self, job: Job, run: str, pool: str, limit: int, at: datetime) -> Turn:
        """Let a run of a job begin if a slot is free. Idempotent. It also counts as a heartbeat of the job.

        Raises WaitedTooLong, and Unavailable if too many jobs ask at the same time.
        """
        if job.run != run or job.status not in _ALIVE:
            return Turn(taken=False, over=True)
        name = _name(job.kind, job.id)
        for _ in attempts(_PATIENCE):
            version, stored = self._read()
            alive = self._alive(stored, asking=name)
            tickets, ahead = assign_slot(alive, name, run, pool, limit, at)
            mine = tickets[name]
            if len(tickets) > MAX_TICKETS and name not in stored:
                return Turn(taken=False, wait=wait_seconds(0, ahead=1))
            if not self._write(version, tickets):
                continue
            if mine.running:
                started = self._jobs.start(job.kind, job.id, run)
                return Turn(taken=started, over=not started)
            waited = at - times.parse(mine.since)
            if waited > LONGEST_WAIT:
                raise WaitedTooLong
            return Turn(taken=False, wait=wait_seconds(waited.total_seconds(), ahead))
        raise Unavailable("Too many jobs of this account asked for their turn at once. This job will be retried.")

    def renew(self, kind: JobKind, job_id: str, run: str, at: datetime) -> None:
        """Record a heartbeat of a running job, at most once in a third of a lease."""
        queries.write_if(
            self._client.update_item,
            TableName=self._table,
            Key=self._key(),
            UpdateExpression="SET #jobs.#job.#until = :until ADD #version :one",
            ConditionExpression="#jobs.#job.#run = :run AND #jobs.#job.#until < :soon",
            ExpressionAttributeNames={
                "#jobs": "jobs",
                "#job": _name(kind, job_id),
                "#until": "until",
                "#run": "run",
                "#version": "version",
            },
            ExpressionAttributeValues={
                ":until": {"S": times.text(at + LEASE)},
                ":soon": {"S": times.text(at + LEASE * 2 / 3)},
                ":run": {"S": run},
                ":one": {"N": "1"},
            },
        )

    def _read(self) -> tuple[int, dict[str, Ticket]]:
        with aws_errors.storage():
            response = self._client.get_item(TableName=self._table, Key=self._key(), ConsistentRead=True)
        row = wire.from_wire(response.get("Item") or {})
        return int(row.get("version") or 0), {
            name: Ticket.of(ticket) for name, ticket in (row.get("jobs") or {}).items()
        }

    def _alive(self, tickets: Mapping[str, Ticket], asking: str) -> dict[str, Ticket]:
        """Return the tickets whose jobs still belong to the same run, and always the one of the `asking` job."""
        keys = [{**self._key(), "record": {"S": name}} for name in tickets if name != asking]
        names = {"#record": "record", "#status": "status", "#run": "run"}
        options: dict[str, Any] = {"ProjectionExpression": "#record, #status, #run", "ExpressionAttributeNames": names}
        rows = map(wire.from_wire, queries.batch(self._client, self._table, keys, **options))
        runs = {str(row["record"]): row["run"] for row in rows if row["status"] in _ALIVE}
        return {name: ticket for name, ticket in tickets.items() if name == asking or runs.get(name) == ticket.run}

    def _write(self, version: int, tickets: Mapping[str, Ticket]) -> bool:
        row = {
            "account_id": self._account_id,
            "record": _RECORD,
            "version": version + 1,
            "jobs": {name: ticket.as_row() for name, ticket in tickets.items()},
        }
        unchanged = (
            {"ConditionExpression": "attribute_not_exists(account_id)"}
            if not version
            else {
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": {":version": {"N": str(version)}},
            }
        )
        return queries.write_if(
            self._client.put_item, TableName=self._table, Item=wire.to_wire(row), **unchanged
        ).written

    def _key(self) -> dict[str, Any]:
        return {"account_id": {"S": self._account_id}, "record": {"S": _RECORD}}


def _name(kind: JobKind, job_id: str) -> str:
    return f"{kind}#{job_id}"
