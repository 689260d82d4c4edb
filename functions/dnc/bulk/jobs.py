"""The store of bulk jobs (imports, scrubs, exports), in the accounts table.

A store is bound to its account. Every change is one conditional update that is safe to repeat. It names its run (the
execution of the state machine), so a second delivery of the same upload changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from dnc import times
from dnc.aws import errors as aws_errors
from dnc.aws import queries, wire
from dnc.bulk.job import Job, JobKind, JobStatus, job_of, new_id, row_of
from dnc.entries.entry import Actor
from dnc.problems import NotFound

__all__ = ["Job", "JobKind", "JobStatus", "Jobs", "new_id"]

LONGEST_ERROR = 1000
"""Characters of the error that a failed job stores."""
_STATE = "kept"


class Jobs:
    """The jobs of one account."""

    def __init__(self, client: Any, table: str, account_id: str) -> None:
        """Bind to the accounts table and an account."""
        self._client = client
        self._table = table
        self._account_id = account_id

    def make(
        self,
        kind: JobKind,
        request: Mapping[str, Any],
        actor: Actor,
        at: datetime,
        *,
        status: JobStatus = JobStatus.AWAITING_UPLOAD,
        job_id: str | None = None,
        run: str | None = None,
        state: Mapping[str, Any] | None = None,
    ) -> Job:
        """Create a job. If a job with this `job_id` already exists (a repeat), return that one.

        `run`: the run that works on it from the start.
        """
        job = Job(
            kind=kind,
            id=job_id or new_id(at),
            status=status,
            created_at=times.text(at),
            created_by=actor.item(),
            request=dict(request),
            run=run,
            state=dict(state or {}),
        )
        created = queries.write_if(
            self._client.put_item,
            TableName=self._table,
            Item=wire.to_wire(row_of(job, self._account_id)),
            ConditionExpression="attribute_not_exists(account_id)",
        ).written
        return job if created else self.get(kind, job.id)

    def get(self, kind: JobKind, job_id: str) -> Job:
        """Read a job, strongly consistent. Raises NotFound."""
        with aws_errors.storage():
            response = self._client.get_item(TableName=self._table, Key=self._key(kind, job_id), ConsistentRead=True)
        if "Item" not in response:
            raise NotFound(f"This account has no {kind} with this id.")
        return job_of(wire.from_wire(response["Item"]))

    def page(self, kind: JobKind, size: int, after: str | None) -> tuple[list[Job], str | None]:
        """Read a page of jobs, newest first, and the id after which the next page begins, or None at the end."""
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "account_id = :a AND begins_with(#record, :k)",
            "ExpressionAttributeNames": {"#record": "record"},
            "ExpressionAttributeValues": {":a": {"S": self._account_id}, ":k": {"S": f"{kind}#"}},
            "ConsistentRead": True,
            "ScanIndexForward": False,
            "Limit": size,
        }
        if after:
            query["ExclusiveStartKey"] = self._key(kind, after)
        with aws_errors.storage():
            response = self._client.query(**query)
        last = response.get("LastEvaluatedKey")
        jobs = [job_of(wire.from_wire(item)) for item in response["Items"]]
        return jobs, last["record"]["S"].partition("#")[2] if last else None

    def unfinished(self, kind: JobKind, since: datetime | None) -> Iterator[Job]:
        """Yield the jobs that a run is working on or has queued, strongly consistent.

        `since`: leave out jobs that were created before this time.
        """
        first = f"{kind}#{new_id(since, 0) if since else ''}"
        query = {
            "TableName": self._table,
            "KeyConditionExpression": "account_id = :a AND #record BETWEEN :first AND :last",
            "ConsistentRead": True,
            "FilterExpression": "#status IN (:queued, :running) AND attribute_type(#run, :text)",
            "ExpressionAttributeNames": {"#record": "record", "#status": "status", "#run": "run"},
            "ExpressionAttributeValues": {
                ":a": {"S": self._account_id},
                ":first": {"S": first},
                ":last": {"S": f"{kind}#~"},
                ":queued": {"S": JobStatus.QUEUED},
                ":running": {"S": JobStatus.RUNNING},
                ":text": {"S": "S"},
            },
        }
        return (job_of(wire.from_wire(item)) for item in queries.rows(self._client, query))

    def begin(
        self,
        kind: JobKind,
        job_id: str,
        run: str,
        *,
        allowed: tuple[JobStatus, ...] = (JobStatus.AWAITING_UPLOAD,),
        status: JobStatus = JobStatus.QUEUED,
        state: Mapping[str, Any] | None = None,
    ) -> bool:
        """Assign a job to a run, if its status is one of `allowed`. Idempotent: True if this run already has the job.

        `status`: the job's new status. A queued job is planned while it waits for its turn (`dnc.bulk.turns`).
        Returns False if another run has the job, or it has ended. Raises NotFound.
        """
        markers = {f":allowed{i}": status for i, status in enumerate(allowed)}
        taken = self._change(
            kind,
            job_id,
            {"status": status, "run": run, "progress": 0, "error": None, **_state_paths(state)},
            f"#status IN ({', '.join(markers)})",
            markers,
            "REMOVE pieces_done",
        )
        if taken:
            return True
        stored = self.get(kind, job_id)
        return stored.status in {JobStatus.QUEUED, JobStatus.RUNNING} and stored.run == run

    def start(self, kind: JobKind, job_id: str, run: str) -> bool:
        """Start a queued job: its turn has come. Idempotent. Returns False if this run no longer has it."""
        return self._change(kind, job_id, {"status": JobStatus.RUNNING}, *_held_by(run))

    def ask_for_columns(self, kind: JobKind, job_id: str, run: str, at: datetime, state: Mapping[str, Any]) -> bool:
        """Take a job from this run until the client has chosen its columns. `state`: `candidates` and `columns`."""
        waiting = {**state, "waiting_since": times.text(at)}
        changes = {"status": JobStatus.NEEDS_COLUMNS, "run": None, **_state_paths(waiting)}
        return self._change(kind, job_id, changes, *_held_by(run))

    def choose_columns(self, kind: JobKind, job_id: str, columns: Sequence[str], run: str, at: datetime) -> bool:
        """Store the client's columns and queue the job that waits for them. Idempotent for the same columns.

        `run`: the execution that continues the job. Returns False if the job is not waiting for columns. Raises
        NotFound.
        """
        changed = self._change(
            kind,
            job_id,
            {
                "status": JobStatus.QUEUED,
                "run": run,
                "request.columns": list(columns),
                **_state_paths({"columns_chosen_at": times.text(at)}),
            },
            "#status = :waiting",
            {":waiting": JobStatus.NEEDS_COLUMNS},
        )
        if changed:
            return True
        stored = self.get(kind, job_id)
        return stored.status is JobStatus.QUEUED and list(stored.request.get("columns") or ()) == list(columns)

    def advance(self, kind: JobKind, job_id: str, run: str, **changes: Any) -> bool:
        """Change `progress`, `counts` or `state` of a job. Returns False if this run no longer has it.

        In `state`, only the given keys change.
        """
        return self._change(kind, job_id, _paths(changes), *_held_by(run))

    def count_piece(self, kind: JobKind, job_id: str, run: str, piece: int) -> bool:
        """Record that a piece of the work is done, in the set `pieces_done`. Idempotent."""
        return queries.write_if(
            self._client.update_item,
            TableName=self._table,
            Key=self._key(kind, job_id),
            UpdateExpression="ADD pieces_done :piece",
            ConditionExpression="#status = :running AND #run = :run",
            ExpressionAttributeNames={"#status": "status", "#run": "run"},
            ExpressionAttributeValues={
                ":piece": {"NS": [str(piece)]},
                ":running": {"S": JobStatus.RUNNING},
                ":run": {"S": run},
            },
        ).written

    def finish(
        self,
        kind: JobKind,
        job_id: str,
        run: str,
        at: datetime,
        status: JobStatus = JobStatus.DONE,
        error: str | None = None,
        **changes: Any,
    ) -> bool:
        """End a job of this run. Idempotent: True if this run already ended it this way. `error`: of an earlier run."""
        ended = {"status": status, "finished_at": times.text(at), "progress": 1, "error": error}
        return self._end(kind, job_id, run, {**_paths(changes), **ended}, status)

    def fail(
        self,
        kind: JobKind,
        job_id: str,
        run: str,
        at: datetime,
        error: str,
        status: JobStatus = JobStatus.FAILED,
        **changes: Any,
    ) -> bool:
        """Fail a job of this run. `error`: what went wrong and what to do, without a phone number."""
        ended = {"status": status, "finished_at": times.text(at), "error": error[:LONGEST_ERROR]}
        return self._end(kind, job_id, run, {**_paths(changes), **ended}, status)

    def _end(self, kind: JobKind, job_id: str, run: str, changes: dict[str, Any], status: JobStatus) -> bool:
        if self._change(kind, job_id, changes, *_held_by(run)):
            return True
        stored = self.get(kind, job_id)
        return stored.status is status and stored.run == run

    def _change(
        self,
        kind: JobKind,
        job_id: str,
        changes: Mapping[str, Any],
        condition: str,
        values: Mapping[str, Any],
        removal: str = "",
    ) -> bool:
        names = {name: part for name, part in (("#status", "status"), ("#run", "run")) if name in condition}
        sets, all_values = [], dict(values)
        for i, (path, value) in enumerate(changes.items()):
            parts = path.split(".")
            names |= {f"#{part}": part for part in parts}
            sets.append(f"{'.'.join(f'#{part}' for part in parts)} = :set{i}")
            all_values[f":set{i}"] = wire.decimals(value)
        changed = queries.write_if(
            self._client.update_item,
            TableName=self._table,
            Key=self._key(kind, job_id),
            UpdateExpression=f"SET {', '.join(sets)} {removal}".strip(),
            ConditionExpression=f"attribute_exists(account_id) AND ({condition})",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=wire.to_wire(all_values),
        ).written
        if not changed:
            self.get(kind, job_id)  # raises NotFound if there is no such job
        return changed

    def _key(self, kind: JobKind, job_id: str) -> dict[str, Any]:
        return {"account_id": {"S": self._account_id}, "record": {"S": f"{kind}#{job_id}"}}


def _held_by(run: str) -> tuple[str, dict[str, Any]]:
    values = {":queued": JobStatus.QUEUED, ":running": JobStatus.RUNNING, ":run": run}
    return "#status IN (:queued, :running) AND #run = :run", values


def _paths(changes: Mapping[str, Any]) -> dict[str, Any]:
    paths = {name: value for name, value in changes.items() if name != "state"}
    return paths | _state_paths(changes.get("state"))


def _state_paths(state: Mapping[str, Any] | None) -> dict[str, Any]:
    return {f"{_STATE}.{name}": value for name, value in (state or {}).items()}
