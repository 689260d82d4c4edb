"""A warm check of 1,000 numbers next to boto3, in CPU time. `python -m benchmarks.batch_check`.

The reference is a bare loop of ten `batch_get_item`: it parses no request and no phone number, and builds no results.
The last rows are ways of reading that were not chosen.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.harness import check_subjects as subjects
from benchmarks.harness import cpu_time, results
from benchmarks.harness.stand_in import StandIn
from dnc.entries import status_reader

COUNT = 1000
CHECK, CHECK_BOTO3 = "check_numbers", "check_numbers on boto3, ten threads"
LOOP, PARALLEL = "batch_get_item loop, boto3", "ten reads in parallel, own client"
ORJSON, THREADS = "the same, with orjson", "the same, in ten threads"
ONE_BY_ONE = "the same, one after the other"
_CALLS = {CHECK: 200, CHECK_BOTO3: 30, LOOP: 40, PARALLEL: 300, ORJSON: 300, THREADS: 200, ONE_BY_ONE: 300}


def main(quick: bool) -> list[dict[str, Any]]:
    """Measure, and return a row for each comparison."""
    from benchmarks.harness import artifacts  # its imports are not in the artifact that the subjects run from

    with StandIn(subjects.tables(COUNT)) as stand_in:
        environment = {**subjects.ENVIRONMENT, "AWS_ENDPOINT_URL": stand_in.url}
        calls = {name: count // 4 if quick else count for name, count in _CALLS.items()}
        costs = cpu_time.take_turns(
            "benchmarks.batch_check",
            list(_CALLS),
            5 if quick else 11,
            calls,
            environment,
            artifacts.built_of(subjects.FUNCTION),
        )

    def compared(subject: str, reference: str, goal: str = "") -> dict[str, Any]:
        name = "a warm check of 1,000 numbers" if subject == CHECK else "only the reads"
        return results.compared(name, subject, reference, costs[subject], costs[reference], "µs CPU per call", goal)

    return [
        compared(CHECK, LOOP, ">= 10 x"),
        compared(CHECK, CHECK_BOTO3),
        *(compared(PARALLEL, other) for other in (LOOP, ONE_BY_ONE, THREADS, ORJSON)),
    ]


def _requests() -> list[dict[str, Any]]:
    keys = [subjects.key(f"+1415555{n:04}") for n in range(COUNT)]
    return [
        {"RequestItems": {"numbers": {"Keys": keys[n : n + 100], **status_reader.OPTIONS}}}
        for n in range(0, COUNT, 100)
    ]


def _call(subject: str) -> Callable[[], object]:
    if subject == CHECK:
        return subjects.handler(COUNT)
    if subject == CHECK_BOTO3:
        return subjects.handler(COUNT, make_client=subjects.boto3_client)
    if subject == LOOP:
        client = subjects.boto3_client()
        return lambda: [_all_of(client, request["RequestItems"]) for request in _requests()]
    from dnc.aws.dynamodb import DynamoDB

    if subject == ORJSON:
        import orjson

        own = DynamoDB.from_env(loads=orjson.loads)
    else:
        own = DynamoDB.from_env()
    if subject == ONE_BY_ONE:
        return lambda: [own.batch_get_item(**request) for request in _requests()]
    if subject == THREADS:

        def in_threads() -> object:
            with ThreadPoolExecutor(10) as pool:
                return list(pool.map(lambda request: own.batch_get_item(**request), _requests()))

        return in_threads
    return lambda: own.call_all("BatchGetItem", _requests())


def _all_of(client: Any, unread: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while unread:
        response = client.batch_get_item(RequestItems=unread)
        rows += response["Responses"]["numbers"]
        unread = response["UnprocessedKeys"]
    return rows


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(cpu_time.of_calls(_call(sys.argv[1]), int(sys.argv[2])))
    else:
        print(results.as_lines(main("--quick" in sys.argv)))
