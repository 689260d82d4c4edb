"""1,000 numbers in one check, warm: CPU of the check's process against boto3. `python -m benchmarks.batch_check`.

The reference is a bare loop of ten `batch_get_item`: it reads no request and no form of number, and makes no results.
The last lines are what the ways of reading cost that were not taken.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.harness import check_subjects as subjects
from benchmarks.harness import cpu_time, results
from benchmarks.harness.stand_in import StandIn
from dnc.entries import statuses

COUNT = 1000
CHECK, CHECK_BOTO3 = "check_numbers", "check_numbers over boto3, ten threads"
LOOP, SIDE_BY_SIDE = "batch_get_item loop, boto3", "ten reads side by side, own client"
ORJSON, THREADS = "the same with orjson", "the same in ten threads"
ONE_BY_ONE = "the same one after the other"
_CALLS = {CHECK: 200, CHECK_BOTO3: 30, LOOP: 40, SIDE_BY_SIDE: 300, ORJSON: 300, THREADS: 200, ONE_BY_ONE: 300}


def main(quick: bool) -> list[dict[str, Any]]:
    """Measure, and give one line for each comparison."""
    from benchmarks.harness import artifacts  # what it imports is not in the artifact that the subjects run from

    with StandIn(subjects.tables(COUNT)) as stand_in:
        environment = {**subjects.ENVIRONMENT, "AWS_ENDPOINT_URL": stand_in.url}
        calls = {name: count // 4 if quick else count for name, count in _CALLS.items()}
        found = cpu_time.take_turns(
            "benchmarks.batch_check",
            list(_CALLS),
            5 if quick else 11,
            calls,
            environment,
            artifacts.built() / subjects.FUNCTION,
        )

    def compared(subject: str, reference: str, goal: str = "") -> dict[str, Any]:
        name = "a warm check of 1,000 numbers, whole" if subject == CHECK else "of that, the reads"
        return results.compared(name, subject, reference, found[subject], found[reference], "µs CPU a call", goal)

    return [
        compared(CHECK, LOOP, ">= 10 x"),
        compared(CHECK, CHECK_BOTO3),
        *(compared(SIDE_BY_SIDE, other) for other in (LOOP, ONE_BY_ONE, THREADS, ORJSON)),
    ]


def _asked() -> list[dict[str, Any]]:
    keys = [subjects.key(f"+1415555{n:04}") for n in range(COUNT)]
    return [{"RequestItems": {"numbers": {"Keys": keys[n : n + 100], **statuses.READ}}} for n in range(0, COUNT, 100)]


def _call(subject: str) -> Callable[[], object]:
    if subject == CHECK:
        return subjects.handler(COUNT)
    if subject == CHECK_BOTO3:
        return subjects.handler(COUNT, over=subjects.boto3_client)
    if subject == LOOP:
        client = subjects.boto3_client()
        return lambda: [_all_of(client, asked["RequestItems"]) for asked in _asked()]
    from dnc.aws.dynamodb import DynamoDB

    if subject == ORJSON:
        import orjson

        own = DynamoDB.from_env(loads=orjson.loads)
    else:
        own = DynamoDB.from_env()
    if subject == ONE_BY_ONE:
        return lambda: [own.batch_get_item(**asked) for asked in _asked()]
    if subject == THREADS:

        def in_threads() -> object:
            with ThreadPoolExecutor(10) as pool:
                return list(pool.map(lambda asked: own.batch_get_item(**asked), _asked()))

        return in_threads
    return lambda: own.call_all("BatchGetItem", _asked())


def _all_of(client: Any, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while wanted:
        answer = client.batch_get_item(RequestItems=wanted)
        rows += answer["Responses"]["numbers"]
        wanted = answer["UnprocessedKeys"]
    return rows


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(cpu_time.of_calls(_call(sys.argv[1]), int(sys.argv[2])))
    else:
        print(results.told(main("--quick" in sys.argv)))
