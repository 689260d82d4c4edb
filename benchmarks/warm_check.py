"""A warm check of one number next to boto3, redis-py and PyMySQL, in CPU time. `python -m benchmarks.warm_check`.

redis-py's SISMEMBER and PyMySQL's lookup in VICIdial's `vicidial_dnc` are bare calls: they parse no request and no
phone number, read no account, sign nothing, and cannot tell that an entry has expired. All use plain TCP.
"""

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from benchmarks.harness import check_subjects as subjects
from benchmarks.harness import cpu_time, reference_servers, results
from benchmarks.harness.sandbox import CannotMeasure
from benchmarks.harness.stand_in import StandIn
from dnc.entries import status_reader

NUMBER = "+14155550100"
CHECK, CHECK_BOTO3 = "check_numbers", "check_numbers on boto3"
READ, READ_BOTO3 = "get_item, own client", "get_item, boto3"
REDIS, MARIADB = "redis-py SISMEMBER", "PyMySQL on vicidial_dnc"
NAMES = {CHECK: "a warm check of one number", READ: "only the read"}
_CALLS = {CHECK: 3000, CHECK_BOTO3: 500, READ: 3000, READ_BOTO3: 500, REDIS: 3000, MARIADB: 3000}
_ROWS = 1000


def main(quick: bool) -> list[dict[str, Any]]:
    """Measure, and return a row for each comparison."""
    from benchmarks.harness import artifacts  # its imports are not in the artifact that the subjects run from

    with ExitStack() as running:
        folder = running.enter_context(reference_servers.folder())
        stand_in = running.enter_context(StandIn(subjects.tables(1000)))
        environment = {**subjects.ENVIRONMENT, "AWS_ENDPOINT_URL": stand_in.url}
        names = [CHECK, CHECK_BOTO3, READ, READ_BOTO3]
        skipped = {}
        for name, start, variable in (
            (REDIS, reference_servers.redis, "BENCH_REDIS_PORT"),
            (MARIADB, reference_servers.mariadb, "BENCH_MARIADB_PORT"),
        ):
            try:
                port = running.enter_context(start(folder))
                (_fill_redis if name == REDIS else _fill_mariadb)(port)
            except (CannotMeasure, ImportError) as reason:
                skipped[name] = str(reason)
                continue
            environment[variable] = str(port)
            names.append(name)
        calls = {name: count // 4 if quick else count for name, count in _CALLS.items()}
        costs = cpu_time.take_turns(
            "benchmarks.warm_check",
            names,
            5 if quick else 15,
            calls,
            environment,
            artifacts.built_of(subjects.FUNCTION),
        )
    rows = [_compared(costs, CHECK, CHECK_BOTO3, ">= 8 x"), _compared(costs, READ, READ_BOTO3)]
    for reference in (REDIS, MARIADB):
        for subject in (READ, CHECK):
            if reference in skipped:
                rows.append(results.skipped(NAMES[subject], subject, reference, skipped[reference]))
            else:
                rows.append(_compared(costs, subject, reference, ">= 1 x"))
    return rows


def _compared(costs: Mapping[str, list[float]], subject: str, reference: str, goal: str = "") -> dict[str, Any]:
    return results.compared(
        NAMES[subject], subject, reference, costs[subject], costs[reference], "µs CPU per call", goal
    )


def _fill_redis(port: int) -> None:
    import redis

    with redis.Redis(port=port) as client:
        client.sadd("dnc:acme", *(f"+1415555{n:04}" for n in range(_ROWS)))


def _fill_mariadb(port: int) -> None:
    import pymysql

    with pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE DATABASE asterisk")
        cursor.execute("CREATE TABLE asterisk.vicidial_dnc (phone_number VARCHAR(18) PRIMARY KEY NOT NULL)")
        cursor.executemany("INSERT INTO asterisk.vicidial_dnc VALUES (%s)", [(f"415555{n:04}",) for n in range(_ROWS)])


def _call(subject: str) -> Callable[[], object]:
    if subject == CHECK:
        return subjects.handler(1)
    if subject == CHECK_BOTO3:
        return subjects.handler(1, make_client=subjects.boto3_client)
    if subject in (READ, READ_BOTO3):
        from dnc.aws import clients

        client = clients.dynamodb() if subject == READ else subjects.boto3_client()
        return lambda: client.get_item(TableName="numbers", Key=subjects.key(NUMBER), **status_reader.OPTIONS)
    if subject == REDIS:
        import redis

        client = redis.Redis(port=int(os.environ["BENCH_REDIS_PORT"]))
        return lambda: client.sismember("dnc:acme", NUMBER)
    import pymysql

    port = int(os.environ["BENCH_MARIADB_PORT"])
    cursor = pymysql.connect(host="127.0.0.1", port=port, user="root", database="asterisk", autocommit=True).cursor()

    def look_up() -> object:
        cursor.execute("SELECT count(*) FROM vicidial_dnc WHERE phone_number = %s", (NUMBER[2:],))
        return cursor.fetchone()

    return look_up


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(cpu_time.of_calls(_call(sys.argv[1]), int(sys.argv[2])))
    else:
        print(results.as_lines(main("--quick" in sys.argv)))
