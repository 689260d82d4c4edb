"""The real handlers on DynamoDB Local, behind the proxy that spoils their requests, with a clock that the test sets."""

import importlib
import itertools
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer

from dnc import times
from dnc.accounts.access import Role
from dnc.accounts.store import Accounts
from dnc.accounts.tokens import PLATFORM
from dnc.audit.held import HeldRecords, replay
from dnc.aws import clients, deadline
from dnc.aws.credentials import Credentials
from dnc.aws.dynamodb import DynamoDB
from dnc.aws.errors import AwsError
from dnc.bulk import files
from dnc.bulk.imports.pacing import NotYetDone
from dnc.bulk.shared_pace import SharedPace
from dnc.problems import Unavailable
from tests.support.fault_proxy import FaultProxy
from tests.support.gateway import BUCKET, ENVIRONMENT, Gateway, Reply, loaded_modules
from tests.support.lambda_context import Context
from tests.support.machines import Machine
from tests.support.memory_s3 import MemoryS3
from tests.support.streams import TableStream

RESPONSE_SECONDS = 0.5
"""The client's timeout. It is short, because a delayed response takes this long."""
TRIES = 6
"""How often a state machine runs a task: on AWS, the import's runs each of its tasks at least as often, with pauses."""
TTL = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
_WAITING_MODULES = ("dnc.accounts.profiles", "dnc.aws.attempts", "dnc.aws.deadline", "dnc.bulk.imports.piece")


class Clock:
    """The clock of the service. Pauses take no time. It stands in for the module `time` too."""

    def __init__(self) -> None:
        self.now = int(datetime(2026, 11, 26, tzinfo=UTC).timestamp())
        self._paused = 0.0

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)

    def jump(self, seconds: int) -> None:
        """Move the clock. Only the wall clock ever goes back."""
        self.now += seconds
        self._paused += max(seconds, 0)

    def monotonic(self) -> float:
        return time.monotonic() + self._paused

    def sleep(self, seconds: float) -> None:
        self._paused += seconds


class Bus:
    """EventBridge: the change events that were published."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def put_events(self, Entries):
        self.events += [{"type": entry["DetailType"], **json.loads(entry["Detail"])} for entry in Entries]
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "e"} for _ in Entries]}


class Machines:
    """Step Functions: the executions that were started."""

    def __init__(self) -> None:
        self.started: list[tuple[str, dict[str, Any]]] = []

    def start_execution(self, *, stateMachineArn, name, input):  # noqa: A002
        if name in [started for started, _ in self.started]:
            raise AwsError({"Error": {"Code": "ExecutionAlreadyExists"}})
        self.started.append((name, json.loads(input)))


class Service:
    """Everything that a client and AWS do to the service."""

    def __init__(self, client: Any, streams: Any, names: dict[str, str], proxy: FaultProxy, clock: Clock) -> None:
        """`client`, `streams`: boto3's clients, which bypass the proxy. `names`: of the tables."""
        self._client, self._names = client, names
        self.proxy, self.clock = proxy, clock
        self.bus, self.machines, self.s3 = Bus(), Machines(), MemoryS3()
        self._streams = [TableStream(client, streams, names[name]) for name in ("accounts", "numbers")]
        self._queues: list[list[dict[str, Any]]] = [[], []]
        self._expired: dict[tuple[str, str], int] = {}
        self._ids = itertools.count(1)

    def begin(self) -> None:
        """Load the handlers. Their clients must be in place by now."""
        self.modules = loaded_modules()
        # One by one, so that the order of requests, and with it the faults, is the same each time.
        self.modules["audit_changes.handler"].WORKERS = self.modules["sweep_accounts.handler"].WORKERS = 1
        self._check_failed = self.modules["check_numbers.handler"].CheckFailed
        operator = Accounts(self._client, self._names["accounts"])
        token = operator.make_key(PLATFORM, Role.OPERATOR, "test", None, "test", self.clock.moment())["token"]
        self.gateway = Gateway(self.modules, {"operator": token})
        steps = {"Plan": "plan", "Write": "write", "Finish": "finish"}
        tasks = {name: self._task(self.modules[f"import_numbers.{step}"]) for name, step in steps.items()}
        self._import_machine = Machine("ImportMachine", tasks, lambda key: self.s3.objects[key])

    def make_accounts(self, people: list[str], policy: list[str]) -> list["Account"]:
        """Forget what a failed run has left, and create two accounts, with a manager's key for each person.

        Their ids come after all earlier ones.
        """
        self.proxy.settle()
        for place, stream in enumerate(self._streams):
            stream.new()
            self._queues[place] = []
        self.run = f"m-{next(self._ids):06}"
        return [Account(self, f"{self.run}-{name}", people, policy) for name in "ab"]

    def call(self, token: str, method: str, path: str, body: Any = ...) -> Reply:
        """Call the API. A failed authorizer is a 500, as API Gateway makes it."""
        try:
            return self.gateway.call(None, method, path, body, token=token)
        except Exception as failed:
            if isinstance(failed, AssertionError):
                raise
            return Reply(500, {"code": type(failed).__name__}, {})

    def check(self, account_id: str, numbers: list[str], channel: str | None) -> list[bool] | str:
        """Return whether each number may be called, or the type of the error."""
        payload = {"account_id": account_id, "numbers": numbers, "channel": channel}
        try:
            results = self.gateway.check(numbers, account_id, **({"channel": channel} if channel else {}))["results"]
        except self._check_failed as failed:
            return type(failed).__name__
        assert [result["number"] for result in results] == numbers, payload
        return [result["callable"] for result in results]

    def sweep(self) -> int:
        """Run the hourly sweep for the accounts of this run. Return how many of its tasks failed."""
        handler = self.modules["sweep_accounts.handler"]
        try:
            return handler.lambda_handler({"after": self.run}, Context(aws_request_id=f"sweep-{next(self._ids)}"))[
                "failures"
            ]
        except Unavailable:
            return 1

    def row(self, account_id: str, number: str) -> dict[str, Any] | None:
        """Read a row as it is stored."""
        item = self._client.get_item(**self._at(account_id, number)).get("Item")
        read = TypeDeserializer().deserialize
        return {name: read(value) for name, value in item.items()} if item else None

    def expire(self, account_id: str, number: str) -> None:
        """Delete a row as DynamoDB's TTL does."""
        self._expired[account_id, number] = self.clock.now
        self._client.delete_item(**self._at(account_id, number))

    def run_import(self, execution_input: dict[str, Any], name: str) -> None:
        self._import_machine.run(execution_input, name)

    def deliver(self) -> None:
        """Deliver what is in both streams, each batch once. What fails stays, from the first failure on."""
        for place, stream in enumerate(self._streams):
            self._queues[place] += [self._as_by_ttl(record) for record in stream.new()]
            self._queues[place] = self._after_delivery(self._queues[place])

    def deliver_all(self) -> None:
        """Deliver until nothing is left, and append what was held back."""
        for _ in range(5):
            self.deliver()
        assert self._queues == [[], []], "these records cannot be delivered"
        held = HeldRecords(self.s3, "failed")
        for subject in held.subjects():
            replay(held, self.modules["audit_changes.handler"].writer, subject)

    def _after_delivery(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not records:
            return []
        try:
            answer = self.modules["audit_changes.handler"].lambda_handler({"Records": records}, Context())
        except Unavailable:
            return records
        failed = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        sequences = [record["dynamodb"]["SequenceNumber"] for record in records]
        return records[min(map(sequences.index, failed)) :] if failed else []

    def _as_by_ttl(self, record: dict[str, Any]) -> dict[str, Any]:
        key = {name: value["S"] for name, value in record["dynamodb"]["Keys"].items()}
        at = self._expired.pop((key["account_id"], key.get("number", "")), None) if self._is_deletion(record) else None
        if at is None:
            return record
        change = {**record["dynamodb"], "ApproximateCreationDateTime": at}
        return {**record, "dynamodb": change, "userIdentity": TTL}

    def _is_deletion(self, record: dict[str, Any]) -> bool:
        return record["eventName"] == "REMOVE"

    def _at(self, account_id: str, number: str) -> dict[str, Any]:
        key = {"account_id": {"S": account_id}, "number": {"S": number}}
        return {"TableName": self._names["numbers"], "Key": key}

    def _task(self, module: Any) -> Any:
        def run(event):
            for left in reversed(range(TRIES)):
                try:
                    return module.lambda_handler(event, Context())
                except (Unavailable, NotYetDone):
                    if not left:
                        raise
            return None

        return run


class Account:
    """One account and the people who work with it, each with a key of their own."""

    def __init__(self, service: Service, account_id: str, people: list[str], policy: list[str]) -> None:
        self.id, self._service = account_id, service
        self.operator = service.gateway.tokens["operator"]
        self._put(name="Acme", default_region="US", approve_reasons=policy)
        self._tokens = {person: self._key("manager", person) for person in people}

    def put(self, **changes: Any) -> Reply:
        return self._service.call(self.operator, "PUT", f"/accounts/{self.id}", changes)

    def numbers(self, person: str, method: str, path: str = "", body: Any = ...) -> Reply:
        return self._service.call(self._tokens[person], method, f"/accounts/{self.id}/numbers{path}", body)

    def imports(self, person: str, path: str = "", body: Any = ..., method: str = "POST") -> Reply:
        return self._service.call(self._tokens[person], method, f"/accounts/{self.id}/imports{path}", body)

    def upload(self, job_id: str, data: bytes) -> dict[str, Any]:
        """Upload a file, and return the event that starts its import."""
        key = f"accounts/{self.id}/imports/{job_id}/upload"
        self._service.s3.put_object(Bucket=BUCKET, Key=key, Body=data)
        return {"detail": {"object": {"key": key}}}

    def _put(self, **changes: Any) -> None:
        assert self.put(**changes).status == 201

    def _key(self, role: str, name: str) -> str:
        made = self._service.call(self.operator, "POST", f"/accounts/{self.id}/keys", {"role": role, "name": name})
        assert made.status == 201, made
        return made.body["token"]


@contextmanager
def running(client: Any, streams: Any, endpoint: str, names: dict[str, str]) -> Iterator[Service]:
    """Run the service on these tables, behind a proxy in front of `endpoint`."""
    clock = Clock()
    credentials = Credentials({"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"})
    with FaultProxy(endpoint, RESPONSE_SECONDS) as proxy, pytest.MonkeyPatch.context() as patch:
        own = DynamoDB(proxy.url, "us-east-1", credentials, response_seconds=RESPONSE_SECONDS)
        service = Service(client, streams, names, proxy, clock)
        tables = {f"{name.upper()}_TABLE": table for name, table in names.items()}
        for name, value in {**ENVIRONMENT, **tables}.items():
            patch.setenv(name, value)
        patch.setattr(clients, "dynamodb", lambda: own)
        patch.setattr(clients, "event_bridge", lambda: service.bus)
        patch.setattr(clients, "step_functions", lambda: service.machines)
        patch.setattr(clients, "client", lambda _name, **_settings: service.s3)
        patch.setattr(times, "now", clock.moment)
        for name in (*_WAITING_MODULES, "dnc.bulk.imports.undo"):
            patch.setattr(importlib.import_module(name), "time", clock)
        patch.setattr(SharedPace.__init__, "__defaults__", (clock.moment, clock.sleep))
        files.s3.cache_clear()
        service.begin()
        logging.disable()  # a report with every line of a long history would hide the history itself
        try:
            yield service
        finally:
            logging.disable(logging.NOTSET)
            files.s3.cache_clear()
            deadline.clear()
            own.close()
