"""Bulk jobs (imports, scrubs, exports) and the one place that keeps them, in the accounts table.

A store is bound to its account. Every change is one conditional update that may be repeated: it names the run that
makes it (the execution of the state machine), so a second delivery of the same upload changes nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dnc import times
from dnc.aws import errors as aws_errors
from dnc.aws import wire
from dnc.bulk.job import Job, JobKind, JobStatus, job_of, new_id, row_of
from dnc.entries.entry import Actor
from dnc.problems import NotFound

__all__ = ["Job", "JobKind", "JobStatus", "Jobs", "new_id"]

LONGEST_ERROR = 1000


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
        kept: Mapping[str, Any] | None = None,
    ) -> Job:
        """Make a job. With a `job_id` that is there already (a repeat), give the one that is there."""
        job = Job(
            kind=kind,
            id=job_id or new_id(at),
            status=status,
            created_at=times.text(at),
            created_by=actor.item(),
            request=dict(request),
            kept=dict(kept or {}),
        )
        try:
            with aws_errors.storage():
                self._client.put_item(
                    TableName=self._table,
                    Item=wire.to_wire(row_of(job, self._account_id)),
                    ConditionExpression="attribute_not_exists(account_id)",
                )
        except aws_errors.refused() as failed:
            if aws_errors.error_code(failed) != "ConditionalCheckFailedException":
                raise
            return self.get(kind, job.id)
        return job

    def get(self, kind: JobKind, job_id: str) -> Job:
        """Read a job, strongly consistent. Raises NotFound."""
        with aws_errors.storage():
            answer = self._client.get_item(TableName=self._table, Key=self._key(kind, job_id), ConsistentRead=True)
        if "Item" not in answer:
            raise NotFound(f"There is no such {kind}.")
        return job_of(wire.from_wire(answer["Item"]))

    def page(self, kind: JobKind, size: int, after: str | None) -> tuple[list[Job], str | None]:
        """Read a page of jobs, newest first, and the id after which the next one begins, or None at the end."""
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
            answer = self._client.query(**query)
        start = answer.get("LastEvaluatedKey")
        found = [job_of(wire.from_wire(item)) for item in answer["Items"]]
        return found, start["record"]["S"].partition("#")[2] if start else None

    def begin(
        self,
        kind: JobKind,
        job_id: str,
        run: str,
        *,
        since: tuple[JobStatus, ...] = (JobStatus.AWAITING_UPLOAD,),
        kept: Mapping[str, Any] | None = None,
    ) -> bool:
        """Let a run take a job that is in one of these states; True also when this run has it already.

        False: another run has it, or it has ended. Raises NotFound.
        """
        allowed = ", ".join(f":since{i}" for i in range(len(since)))
        taken = self._change(
            kind,
            job_id,
            {"status": JobStatus.RUNNING, "run": run, "progress": 0, "error": None, **_under("kept", kept)},
            f"#status IN ({allowed})",
            {f":since{i}": status for i, status in enumerate(since)},
            "REMOVE pieces_done",
        )
        if taken:
            return True
        there = self.get(kind, job_id)
        return there.status is JobStatus.RUNNING and there.run == run

    def advance(self, kind: JobKind, job_id: str, run: str, **changes: Any) -> bool:
        """Change `progress`, `counts` or `kept` of a running job; False when this run does not have it any more.

        Of `kept`, what is given is set and the rest stays.
        """
        return self._change(kind, job_id, _flat(changes), *_held(run))

    def count_piece(self, kind: JobKind, job_id: str, run: str, piece: int) -> bool:
        """Note that a piece of the work is done; twice counts once. What was noted is the set `pieces_done`."""
        try:
            with aws_errors.storage():
                self._client.update_item(
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
                )
        except aws_errors.refused() as failed:
            if aws_errors.error_code(failed) != "ConditionalCheckFailedException":
                raise
            return False
        return True

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
        """End a running job; also True when this run has ended it so before. `error`: of an earlier run, kept."""
        ended = {"status": status, "finished_at": times.text(at), "progress": 1, "error": error}
        return self._end(kind, job_id, run, {**_flat(changes), **ended}, status)

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
        """End a running job with what went wrong, in words a person can act on. It holds no phone number."""
        ended = {"status": status, "finished_at": times.text(at), "error": error[:LONGEST_ERROR]}
        return self._end(kind, job_id, run, {**_flat(changes), **ended}, status)

    def _end(self, kind: JobKind, job_id: str, run: str, changes: dict[str, Any], status: JobStatus) -> bool:
        if self._change(kind, job_id, changes, *_held(run)):
            return True
        there = self.get(kind, job_id)
        return there.status is status and there.run == run

    def _change(
        self,
        kind: JobKind,
        job_id: str,
        changes: Mapping[str, Any],
        condition: str,
        values: Mapping[str, Any],
        removing: str = "",
    ) -> bool:
        names = {name: part for name, part in (("#status", "status"), ("#run", "run")) if name in condition}
        sets, marked = [], dict(values)
        for i, (path, value) in enumerate(changes.items()):
            parts = path.split(".")
            names |= {f"#{part}": part for part in parts}
            sets.append(f"{'.'.join(f'#{part}' for part in parts)} = :set{i}")
            marked[f":set{i}"] = wire.decimals(value)
        try:
            with aws_errors.storage():
                self._client.update_item(
                    TableName=self._table,
                    Key=self._key(kind, job_id),
                    UpdateExpression=f"SET {', '.join(sets)} {removing}".strip(),
                    ConditionExpression=f"attribute_exists(account_id) AND ({condition})",
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=wire.to_wire(marked),
                )
        except aws_errors.refused() as failed:
            if aws_errors.error_code(failed) != "ConditionalCheckFailedException":
                raise
            self.get(kind, job_id)
            return False
        return True

    def _key(self, kind: JobKind, job_id: str) -> dict[str, Any]:
        return {"account_id": {"S": self._account_id}, "record": {"S": f"{kind}#{job_id}"}}


def _held(run: str) -> tuple[str, dict[str, Any]]:
    return "#status = :running AND #run = :run", {":running": JobStatus.RUNNING, ":run": run}


def _flat(changes: Mapping[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in changes.items() if name != "kept"}
    return flat | _under("kept", changes.get("kept"))


def _under(name: str, values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {f"{name}.{inner}": value for inner, value in (values or {}).items()}
