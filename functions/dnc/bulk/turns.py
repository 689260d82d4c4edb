"""Which jobs of an account run, and which wait for their turn: one row of the accounts table, `turns`.

Each pool has a number of slots, and waiting jobs take them in the order in which they began to wait. A slot belongs
to a run of a job only as long as the job's own row says so and its lease holds, so a run that crashed or was stopped
never keeps one. Nothing has to be released: a job that has ended has no slot.
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
"""How long a ticket is good without a heartbeat. No step of a job takes that long without one."""
LONGEST_WAIT = timedelta(days=3)
"""The timeout of each state machine has it in addition to the time for the work."""
LARGE_IMPORT_ROWS = 10_000
"""An import of so many rows is large: one of them runs at a time."""
SMALL_IMPORTS = 4
"""So many smaller imports run beside it."""
MOST_WAITING = 1000
"""So many jobs have a ticket in the row. Any beyond that wait too, but in no order."""
_PATIENCE = 10.0
_RECORD = "turns"
_ALIVE = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})
_FIRST_WAIT = 10


class Pool(StrEnum):
    """Jobs that share slots. Exports and scrubs read whole lists, so they share the same ones."""

    LARGE_IMPORTS = "large_imports"
    SMALL_IMPORTS = "small_imports"
    READERS = "readers"


class WaitedTooLong(Exception):
    """A job has waited for its turn for `LONGEST_WAIT`."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job in the row. Times: RFC 3339 UTC. `since`: when it began to wait; `until`: the end of its lease."""

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
    """The answer to a job that asks to run. `wait`: seconds until it should ask again; `over`: it has no need to."""

    taken: bool
    wait: int = 0
    over: bool = False


def pool_of(rows: int) -> tuple[Pool, int]:
    """Return the pool of an import of so many rows, and how many slots the pool has."""
    return (Pool.LARGE_IMPORTS, 1) if rows >= LARGE_IMPORT_ROWS else (Pool.SMALL_IMPORTS, SMALL_IMPORTS)


def arranged(
    tickets: Mapping[str, Ticket], job: str, run: str, pool: str, limit: int, at: datetime
) -> tuple[dict[str, Ticket], int]:
    """Return the tickets after a job has asked for its turn, and how many waiting jobs are before it. 0: it is next.

    `tickets`: of jobs that are alive; `limit`: how many jobs of the pool may run.
    """
    now, until = times.text(at), times.text(at + LEASE)
    arranged_tickets = {name: ticket for name, ticket in tickets.items() if ticket.until > now}
    known = arranged_tickets.get(job)
    if known is None or known.run != run:
        known = Ticket(pool, run, now, until)
    arranged_tickets[job] = mine = replace(known, until=until)
    if mine.running:
        return arranged_tickets, 0
    same = {name: ticket for name, ticket in arranged_tickets.items() if ticket.pool == pool and name != job}
    running = sum(ticket.running for ticket in same.values())
    before = sum(not ticket.running and (ticket.since, name) < (mine.since, job) for name, ticket in same.items())
    if running + before < limit:
        arranged_tickets[job] = replace(mine, running=True)
    return arranged_tickets, before


def wait_seconds(waited: float, before: int) -> int:
    """Return after how many seconds a waiting job asks again. `waited`: seconds so far; `before`: jobs before it.

    The longer it has waited, the rarer: an execution has 25,000 events, and asking takes nine of them.
    """
    if before:
        return int(min(600, _FIRST_WAIT + waited / 20))
    return int(min(180, _FIRST_WAIT + waited / 60))


class Turns:
    """The turns of the jobs of one account."""

    def __init__(self, client: Any, table: str, account_id: str) -> None:
        """Bind to the accounts table and an account."""
        self._client = client
        self._table = table
        self._account_id = account_id
        self._jobs = Jobs(client, table, account_id)

    def take(self, job: Job, run: str, pool: str, limit: int, at: datetime) -> Turn:
        """Let a run of a job begin if there is a slot for it. Idempotent, and a heartbeat of the job.

        Raises WaitedTooLong, and Unavailable if too many jobs ask at once.
        """
        if job.run != run or job.status not in _ALIVE:
            return Turn(taken=False, over=True)
        name = _name(job.kind, job.id)
        for _ in attempts(_PATIENCE):
            version, stored = self._read()
            alive = self._alive(stored, besides=name)
            tickets, before = arranged(alive, name, run, pool, limit, at)
            mine = tickets[name]
            if len(tickets) > MOST_WAITING and name not in stored:
                return Turn(taken=False, wait=wait_seconds(0, before=1))
            if not self._write(version, tickets):
                continue
            if mine.running:
                started = self._jobs.start(job.kind, job.id, run)
                return Turn(taken=started, over=not started)
            waited = at - times.parse(mine.since)
            if waited > LONGEST_WAIT:
                raise WaitedTooLong
            return Turn(taken=False, wait=wait_seconds(waited.total_seconds(), before))
        raise Unavailable("Too many jobs of this account ask for their turn at once. This one is retried.")

    def renew(self, kind: JobKind, job_id: str, run: str, at: datetime) -> None:
        """Record a heartbeat of a running job. It is written at most every third of a lease."""
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
            answer = self._client.get_item(TableName=self._table, Key=self._key(), ConsistentRead=True)
        row = wire.from_wire(answer.get("Item") or {})
        return int(row.get("version") or 0), {
            name: Ticket.of(ticket) for name, ticket in (row.get("jobs") or {}).items()
        }

    def _alive(self, tickets: Mapping[str, Ticket], besides: str) -> dict[str, Ticket]:
        """Return the tickets whose jobs are still of the same run. `besides`: the job that asks."""
        keys = [{**self._key(), "record": {"S": name}} for name in tickets if name != besides]
        names = {"#record": "record", "#status": "status", "#run": "run"}
        options: dict[str, Any] = {"ProjectionExpression": "#record, #status, #run", "ExpressionAttributeNames": names}
        rows = map(wire.from_wire, queries.batch(self._client, self._table, keys, **options))
        runs = {str(row["record"]): row["run"] for row in rows if row["status"] in _ALIVE}
        return {name: ticket for name, ticket in tickets.items() if name == besides or runs.get(name) == ticket.run}

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
