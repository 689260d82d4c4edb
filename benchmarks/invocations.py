"""Warm invocations of built artifacts under Amazon's runtime client: the CPU time of each, for the cost model.

Each subject is one execution environment per round. Its first invocations are a warm-up and not counted.
`python -m benchmarks.invocations [quick]`
"""

import copy
import json
import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness import artifacts, function_events, results
from benchmarks.harness.sandbox import CannotMeasure, Sandbox
from benchmarks.harness.servers import NoResponse, RuntimeApi

BUILT, TUTORIAL, ON_BOTO3, FLOOR, BARE_READ = (
    "as built",
    "the check as written in tutorials",
    "on boto3, built by plain 'sam build'",
    "a function that does nothing",
    "a function that only sends a request and receives its response",
)
REFERENCE_HANDLER = "handler.lambda_handler"
RECORDS_PER_BATCH = 100
_WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Work:
    """A kind of invocation. `input`: its name in `infra.scale.model`. `parts`: by how many its cost is divided."""

    name: str
    function: str
    event: Callable[[int], Any]
    unit: str
    input: str
    calls: int
    parts: int = 1
    against_tutorial: bool = False


def main(quick: bool) -> list[dict[str, Any]]:
    """Measure, and return a row for each kind of invocation."""
    rounds = 3 if quick else 9
    plain, tutorial = artifacts.plain(on_boto3=True), artifacts.tutorial()
    handlers = artifacts.functions()
    rows = _next_to_nothing(rounds, _work()[0], handlers)
    for work in _work():
        ours: list[float] = []
        theirs: list[float] = []
        handler = handlers[work.function]
        for _ in range(rounds):
            ours.append(_cost(artifacts.built_of(work.function), handler, work, work.calls))
            folder, other = (tutorial, REFERENCE_HANDLER) if work.against_tutorial else (plain, handler)
            theirs.append(_cost(folder, other, work, work.calls // 10, over_http=work.against_tutorial))
        reference = TUTORIAL if work.against_tutorial else ON_BOTO3
        scale = {work.input: float(f"{statistics.median(ours):.3g}")}
        rows.append(results.compared(work.name, BUILT, reference, ours, theirs, work.unit, scale=scale))
    return rows


def _next_to_nothing(rounds: int, work: Work, handlers: Mapping[str, str]) -> list[dict[str, Any]]:
    """Compare a whole invocation with one that does nothing, and with one that only exchanges bytes with DynamoDB."""
    subjects = {
        BUILT: (artifacts.built_of(work.function), handlers[work.function]),
        FLOOR: (artifacts.REFERENCES / "floor", REFERENCE_HANDLER),
        BARE_READ: (artifacts.REFERENCES / "bare_read", REFERENCE_HANDLER),
    }
    costs: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(rounds * 2):
        for name, (folder, handler) in subjects.items():
            costs[name].append(_cost(folder, handler, work, work.calls * 3))
    return [
        results.compared(work.name, BUILT, other, costs[BUILT], costs[other], work.unit, goal, inverse=True)
        for other, goal in ((FLOOR, "<= 1.6 x"), (BARE_READ, ""))
    ]


def _cost(folder: Path, handler: str, work: Work, calls: int, *, over_http: bool = False) -> float:
    """Return the CPU time of one invocation, or of one part of it, in milliseconds. Raises NoResponse."""
    warm_up = min(_WARM_UP, calls // 2)
    with (
        function_events.world() as world,
        RuntimeApi() as api,
        Sandbox(folder, handler, world.environment, api) as sandbox,
    ):
        before = 0.0
        for n in range(warm_up + calls):
            if n == warm_up:
                before = sandbox.usage().cpu
            event = work.event(n)
            response = api.invoke(_over_http(event) if over_http else event, 60.0)
            if response.kind != "response" or not function_events.succeeded(response.body):
                raise NoResponse(f"{folder.name}: {response.kind}: {response.body.decode()[:1000]}")
        cpu = sandbox.usage().cpu - before
    return cpu / calls / work.parts * 1000


def _check(n: int, count: int) -> dict[str, Any]:
    numbers = [f"(415) 555-{(n * count + i) % 10_000:04}" for i in range(count)]
    return {"account_id": function_events.ACCOUNT, "numbers": numbers, "region": "US"}


def _over_http(check: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps({"numbers": check["numbers"], "region": check["region"]})
    return {**function_events.sample("check_numbers_api"), "body": body}


def _add(n: int) -> dict[str, Any]:
    event = function_events.sample("add_number")
    return {**event, "body": json.dumps({**json.loads(event["body"]), "number": f"(415) 555-{n % 10_000:04}"})}


def _changes(n: int) -> dict[str, Any]:
    sample = function_events.sample("audit_changes")["Records"][0]
    records = []
    for i in range(RECORDS_PER_BATCH):
        record = copy.deepcopy(sample)
        change = record["dynamodb"]
        change["SequenceNumber"] = str(int(change["SequenceNumber"]) + n * RECORDS_PER_BATCH + i)
        for row in (change["Keys"], change["NewImage"]):
            row["number"] = {"S": f"+1415555{(n * RECORDS_PER_BATCH + i) % 10_000:04}"}
        records.append(record)
    return {"Records": records}


def _work() -> tuple[Work, ...]:
    return (
        Work(
            "an invocation that checks one number", "CheckNumbersFunction", lambda n: _check(n, 1),
            "ms CPU per invocation", "check_cpu_ms", 400, against_tutorial=True,
        ),
        Work(
            "an invocation that checks 100 numbers", "CheckNumbersFunction", lambda n: _check(n, 100),
            "ms CPU per invocation", "check_100_cpu_ms", 200, against_tutorial=True,
        ),
        Work("an add over HTTP", "AddNumberFunction", _add, "ms CPU per invocation", "add_cpu_ms", 200),
        Work(
            f"a stream record, {RECORDS_PER_BATCH} per batch", "AuditChangesFunction", _changes,
            "ms CPU per record", "event_cpu_ms", 20, parts=RECORDS_PER_BATCH,
        ),
    )  # fmt: skip


if __name__ == "__main__":
    try:
        print(results.as_lines(main(quick="quick" in sys.argv)))
    except CannotMeasure as reason:
        sys.exit(str(reason))
