"""What Nocall costs and which limit it meets first, computed from what was measured: the tables of `docs/scale.md`.

`python -m infra.scale.model` prints them; `make docs` writes them into the page. A row of
`benchmarks/results.json` that has `"scale": {input: value}` replaces the assumption of that name in `Inputs`.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from infra.local.stack import template
from infra.scale import partition as partition_limits
from infra.scale.partition import ASSUMED, LIMITS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "scale.md"
RESULTS = ROOT / "benchmarks" / "results.json"
MONTH = 30 * 24 * 3600
MILLION = 1_000_000

PRICES: dict[str, float] = {
    "a million Lambda requests": 0.20,
    "a GB-second (arm64)": 0.0000133334,
    "a million read units": 0.125,
    "a million write units": 0.625,
    "a GB stored for a month": 0.25,
    "a GB of point-in-time recovery for a month": 0.20,
    "a million REST calls": 3.50,
    "a million EventBridge events": 1.00,
    "a GB of logs": 0.50,
    "a thousand S3 puts": 0.005,
}
"""Dollars, list prices of us-east-1 as of July 2025, as in the README."""

WHOLE_CORE_GB = 1769 / 1024
LAMBDA_CONCURRENCY = 1_000
LAMBDA_REQUESTS_EACH = 10
LAMBDA_SCALING = 1_000, 10
GATEWAY_REQUESTS = 10_000


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the model takes as given: milliseconds of CPU and of waiting for DynamoDB, bytes, and the template's.

    A whole core comes with 1,769 MB; a function with less has that part of one, so its CPU takes longer by the clock.
    """

    check_cpu_ms: float = 0.6
    check_100_cpu_ms: float = 6.0
    add_cpu_ms: float = 3.0
    event_cpu_ms: float = 0.6
    import_cpu_ms: float = 0.2
    export_cpu_ms: float = 0.1
    read_wait_ms: float = 9.0
    read_100_wait_ms: float = 50.0
    write_wait_ms: float = 10.0
    event_wait_ms: float = 2.0
    row_bytes: float = 500.0
    event_bytes: float = 1_200.0
    head_bytes: float = 100.0
    memory_gb: float = 1.0
    bulk_memory_gb: float = 1769 / 1024
    import_workers: float = 4.0
    import_rows_a_second: float = 500.0

    def _took(self, cpu: float, memory_gb: float) -> float:
        return cpu / min(1.0, memory_gb / WHOLE_CORE_GB)

    @property
    def check_ms(self) -> float:
        """Give what is billed for a check of one number."""
        return self.read_wait_ms + self._took(self.check_cpu_ms, self.memory_gb)

    @property
    def check_100_ms(self) -> float:
        """Give what is billed for a check of 100 numbers."""
        return self.read_100_wait_ms + self._took(self.check_100_cpu_ms, self.memory_gb)

    @property
    def add_ms(self) -> float:
        """Give what is billed for an add."""
        return self.write_wait_ms + self._took(self.add_cpu_ms, self.memory_gb)

    @property
    def event_ms(self) -> float:
        """Give what is billed for one event of the stream."""
        return self.event_wait_ms + self._took(self.event_cpu_ms, self.memory_gb)

    @property
    def import_row_ms(self) -> float:
        """Give what is billed for a row of an import: its workers wait for their turn, which is paid for, too."""
        paced = self.import_workers / self.import_rows_a_second * 1000
        return max(paced, self._took(self.import_cpu_ms, self.bulk_memory_gb))

    @property
    def export_row_ms(self) -> float:
        """Give what is billed for a row of an export; a page is read while hardly anything else waits."""
        return self._took(self.export_cpu_ms, self.bulk_memory_gb)


def inputs(results: Iterable[dict[str, Any]] = ()) -> Inputs:
    """Give the inputs, with what was measured in place of what is assumed. Raises KeyError for a name unknown here."""
    given = replace(Inputs(), **_of_template())
    known = {field.name for field in fields(Inputs)}
    for result in results:
        for name, value in result.get("scale", {}).items():
            if name not in known:
                raise KeyError(f"benchmarks/results.json has a scale input {name!r} that the model does not know")
            given = replace(given, **{name: float(value)})
    return given


def _of_template() -> dict[str, float]:
    told = template()
    default = {name: parameter.get("Default") for name, parameter in told["Parameters"].items()}
    return {
        "memory_gb": told["Globals"]["Function"]["MemorySize"] / 1024,
        "bulk_memory_gb": told["Resources"]["WriteImportFunction"]["Properties"]["MemorySize"] / 1024,
        "import_workers": float(default["ImportConcurrency"]),
        "import_rows_a_second": float(default["ImportWritesPerSecond"]),
    }


def measured() -> list[dict[str, Any]]:
    """Give the rows of the last benchmarks, none where there are no results."""
    if not RESULTS.exists():
        return []
    held = json.loads(RESULTS.read_text())
    rows: list[dict[str, Any]] = held["rows"]
    return rows


def _lambda(given: Inputs, requests: float, milliseconds: float) -> float:
    seconds = requests * milliseconds / 1000 * given.memory_gb
    return requests / MILLION * PRICES["a million Lambda requests"] + seconds * PRICES["a GB-second (arm64)"]


def _logs(count: float, kilobytes: float) -> float:
    return count * kilobytes / MILLION * PRICES["a GB of logs"]


def checks_cost(given: Inputs, numbers: float, at_once: int) -> float:
    """Give the dollars of checking numbers by direct Invoke, 1 or 100 at once: one strong read unit each."""
    requests = numbers / at_once
    milliseconds = given.check_ms if at_once == 1 else given.check_100_ms
    reads = numbers / MILLION * PRICES["a million read units"]
    return reads + _lambda(given, requests, milliseconds) + _logs(requests, 0.4)


def http_checks_cost(given: Inputs, numbers: float) -> float:
    """Give the dollars of checks of one number over HTTP."""
    gateway = numbers / MILLION * PRICES["a million REST calls"]
    return checks_cost(given, numbers, 1) + gateway + _logs(numbers, 0.5)


def audit_cost(given: Inputs, changes: float) -> float:
    """Give the dollars of recording changes: event and head in a transaction, the index, the handler, the event bus."""
    units = ASSUMED.audit_units + ASSUMED.index_units
    writes = changes * units / MILLION * PRICES["a million write units"]
    events = changes / MILLION * PRICES["a million EventBridge events"]
    return writes + changes * given.event_ms / 1000 * given.memory_gb * PRICES["a GB-second (arm64)"] + events


def adds_cost(given: Inputs, adds: float) -> float:
    """Give the dollars of adds over HTTP, with their audit."""
    writes = adds * _units(given.row_bytes, 1024) / MILLION * PRICES["a million write units"]
    gateway = adds / MILLION * PRICES["a million REST calls"]
    return gateway + _lambda(given, adds, given.add_ms) + writes + audit_cost(given, adds) + _logs(adds, 0.9)


def import_cost(given: Inputs, rows: float) -> float:
    """Give the dollars of an import of new numbers, with their audit."""
    writes = rows * _units(given.row_bytes, 1024) / MILLION * PRICES["a million write units"]
    worker = rows * given.import_row_ms / 1000 * given.bulk_memory_gb * PRICES["a GB-second (arm64)"]
    return writes + worker + audit_cost(given, rows)


def export_cost(given: Inputs, numbers: float, accounts: int = 1) -> float:
    """Give the dollars of exporting lists once: strong reads of every row, and a file and a manifest an account."""
    reads = numbers * given.row_bytes / 4096 / MILLION * PRICES["a million read units"]
    worker = numbers * given.export_row_ms / 1000 * given.bulk_memory_gb * PRICES["a GB-second (arm64)"]
    return reads + worker + accounts * (2 / 1000 * PRICES["a thousand S3 puts"] + _lambda(given, 1, 1000))


def storage_cost(given: Inputs, numbers: float) -> float:
    """Give the dollars a month of keeping listed numbers with two events each, their head and the recovery copies."""
    gigabytes = numbers * (given.row_bytes + 2 * given.event_bytes + given.head_bytes) / 1e9
    return gigabytes * (PRICES["a GB stored for a month"] + PRICES["a GB of point-in-time recovery for a month"])


def _units(size: float, unit: int) -> int:
    return -(-int(size) // unit)


def concurrency(given: Inputs, numbers: float, at_once: int) -> float:
    """Give how many checks are running at any time (Little's law), for numbers a second."""
    return numbers / at_once * (given.check_ms if at_once == 1 else given.check_100_ms) / 1000


def checks_table(given: Inputs) -> str:
    """Give price and concurrency of each rate."""
    rows = []
    for rate in (1, 1_000, 100_000):
        for at_once in (1, 100):
            if rate < at_once:
                continue
            running = concurrency(given, rate, at_once)
            month = checks_cost(given, rate * MONTH, at_once)
            cells = (
                f"{rate:,}",
                at_once,
                f"{rate / at_once:,.0f}",
                f"{running:,.0f}" if running >= 10 else f"{running:.2g}",
                f"{rate:,}",
            )
            rows.append((*cells, dollars(month / 720), dollars(month)))
    heads = ("numbers a second", "in one check", "Invokes a second", "running at once", "read units a second")
    return markdown((*heads, "dollars an hour", "dollars a month"), rows)


def work_table(given: Inputs) -> str:
    """Give what the rest costs."""
    many = 10_000 * 10_000
    rows = [
        ("checks of one number over HTTP", "a million", dollars(http_checks_cost(given, MILLION))),
        ("adds over HTTP, with their audit", "a million", dollars(adds_cost(given, MILLION))),
        ("an import of new numbers", "1,000,000 rows", dollars(import_cost(given, MILLION))),
        ("of that, the audit", "", dollars(audit_cost(given, MILLION))),
        ("one account's list, kept", "10,000,000 numbers, a month", dollars(storage_cost(given, 10 * MILLION))),
        ("its nightly export", "30 nights", dollars(30 * export_cost(given, 10 * MILLION))),
        ("10,000 accounts' lists, kept", "10,000 numbers each, a month", dollars(storage_cost(given, many))),
        ("their nightly exports", "30 nights", dollars(30 * export_cost(given, many, 10_000))),
        ("their checks, 100 at once", "10 a second each, a month", dollars(checks_cost(given, 100_000 * MONTH, 100))),
    ]
    return markdown(("what", "how much", "dollars"), rows)


def limits_met(given: Inputs) -> list[tuple[float, str, str]]:
    """Give each limit with the numbers a second that meet it, checked one and a hundred at once, the lowest first."""
    stage = template()["Resources"]["Api"]["Properties"]["MethodSettings"][0]["ThrottlingRateLimit"]
    each = LAMBDA_CONCURRENCY * LAMBDA_REQUESTS_EACH
    one_long, hundred_long = (LAMBDA_CONCURRENCY * 1000 / ms for ms in (given.check_ms, given.check_100_ms / 100))
    found: list[tuple[float, float, str]] = [
        (stage, stage * 100, "HTTP only: `ThrottlingRateLimit` of the stage, in `template.yaml`"),
        (GATEWAY_REQUESTS, GATEWAY_REQUESTS * 100, "HTTP only: API Gateway's requests a second in a region"),
        (LIMITS.partition_reads, LIMITS.partition_reads, "one account: the read units of its one partition"),
        (each, each * 100, f"Lambda: {LAMBDA_REQUESTS_EACH} requests a second for each concurrent one"),
        (LIMITS.new_table_reads, LIMITS.new_table_reads, "all accounts: read units that a new table is warm for"),
        (LIMITS.table_quota, LIMITS.table_quota, "all accounts: read units, default quota of a table"),
        (one_long, hundred_long, f"Lambda: {LAMBDA_CONCURRENCY:,} running at once, the default"),
    ]  # fmt: skip
    return [(one, f"{hundred:,.0f}", name) for one, hundred, name in sorted(found)]


def limits_table(given: Inputs) -> str:
    """Give the limits in the order in which a growing load meets them."""
    rows = [(f"{one:,.0f}", hundred, name) for one, hundred, name in limits_met(given)]
    return markdown(("met at, one number a check", "met at, 100 a check", "limit"), rows)


def prices_table(_given: Inputs) -> str:
    """Give the prices."""
    return markdown(
        ("for", "dollars"), [(name, f"{price:.10f}".rstrip("0").rstrip(".")) for name, price in PRICES.items()]
    )


def inputs_table(given: Inputs) -> str:
    """Give the inputs, and which of them were measured."""
    assumed = inputs()
    said = {
        field.name: "assumed" if getattr(given, field.name) == getattr(assumed, field.name) else "measured"
        for field in fields(Inputs)
    }
    said |= dict.fromkeys(_of_template(), "`template.yaml`")
    return markdown(
        ("input", "value", "from"), [(f"`{name}`", f"{getattr(given, name):g}", how) for name, how in said.items()]
    )


TABLES: dict[str, Callable[[Inputs], str]] = {
    "checks": checks_table,
    "work": work_table,
    "limits": limits_table,
    "partitions": lambda _given: partition_limits.table(),
    "prices": prices_table,
    "inputs": inputs_table,
}


def dollars(amount: float) -> str:
    """Write dollars with three digits that count."""
    if amount >= 1000:
        return f"{round(amount, 2 - len(str(int(amount))) + 1):,.0f}"
    return f"{amount:.3g}"


def markdown(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Write a table."""
    names = tuple(heads)
    lines = [names, ("---",) * len(names), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def written() -> str:
    """Give the page with its tables as the model has them now."""
    given = inputs(measured())

    def fresh(found: re.Match[str]) -> str:
        return f"{found[1]}\n{TABLES[found[2]](given)}\n{found[3]}"

    return re.sub(r"(<!-- table: (\w+) -->)\n.*?\n?(<!-- end -->)", fresh, PAGE.read_text(), flags=re.DOTALL)


def main() -> None:
    """Print the tables."""
    given = inputs(measured())
    for name, table in TABLES.items():
        print(f"{name}\n\n{table(given)}\n")


if __name__ == "__main__":
    main()
