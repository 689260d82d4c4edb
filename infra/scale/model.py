"""What Nocall costs, and which limit a growing load meets first: the tables of `docs/scale.md`.

They are computed from measurements. `python -m infra.scale.model` prints them, and `make docs` writes them into the
page. A row of `benchmarks/results.json` that has `"scale": {input: value}` replaces the default of that name in
`Inputs`.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from infra import templates
from infra.scale import partition
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
"""Dollars: list prices in us-east-1 as of July 2025, as in `docs/costs.md`."""

WHOLE_CORE_GB = 1769 / 1024
LAMBDA_CONCURRENCY = 1_000
LAMBDA_REQUESTS_EACH = 10
GATEWAY_REQUESTS = 10_000
LISTING_WRITES = 2
"""A listed row is written to the table and to the index of listed rows."""
QUERY_BYTES = 1024**2
ROWS_READ_PER_PAGE = 20_000
REMOVED_ROWS = 1_000_000
PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Inputs:
    """The model's inputs: milliseconds of CPU and of waiting for DynamoDB, bytes, and settings of the template.

    A whole core comes with 1,769 MB. A function with less memory has that share of a core, so its CPU takes longer.
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
    event_bytes: float = 1_000.0
    head_bytes: float = 100.0
    removed_row_bytes: float = 700.0
    memory_gb: float = 1.0
    check_memory_gb: float = 0.5
    import_memory_gb: float = 0.5
    bulk_memory_gb: float = 1769 / 1024
    import_workers: float = 4.0
    import_rows_per_second: float = 500.0

    def _duration(self, cpu: float, memory_gb: float) -> float:
        return cpu / min(1.0, memory_gb / WHOLE_CORE_GB)

    @property
    def check_ms(self) -> float:
        """Billed milliseconds of a check of one number."""
        return self.read_wait_ms + self._duration(self.check_cpu_ms, self.check_memory_gb)

    @property
    def check_100_ms(self) -> float:
        """Billed milliseconds of a check of 100 numbers."""
        return self.read_100_wait_ms + self._duration(self.check_100_cpu_ms, self.check_memory_gb)

    @property
    def add_ms(self) -> float:
        """Billed milliseconds of an add."""
        return self.write_wait_ms + self._duration(self.add_cpu_ms, self.memory_gb)

    @property
    def event_ms(self) -> float:
        """Billed milliseconds of one stream event."""
        return self.event_wait_ms + self._duration(self.event_cpu_ms, self.memory_gb)

    @property
    def import_row_ms(self) -> float:
        """Billed milliseconds of an import's row. Workers pause to keep the pace, and the pause is billed too."""
        paced = self.import_workers / self.import_rows_per_second * 1000
        return max(paced, self._duration(self.import_cpu_ms, self.import_memory_gb))

    @property
    def export_row_ms(self) -> float:
        """Billed milliseconds of an export's row. Waiting for a page of rows hardly matters per row."""
        return self._duration(self.export_cpu_ms, self.bulk_memory_gb)


def inputs(results: Iterable[dict[str, Any]] = ()) -> Inputs:
    """Return the inputs, with measurements in place of assumptions. Raises KeyError for an unknown input."""
    known = {field.name for field in fields(Inputs)}
    found = replace(Inputs(), **_from_template())
    for result in results:
        for name, value in result.get("scale", {}).items():
            if name not in known:
                raise KeyError(f"benchmarks/results.json has a scale input {name!r} that the model does not know")
            found = replace(found, **{name: float(value)})
    return found


def _from_template() -> dict[str, float]:
    stack = templates.parent()
    memory = {function.id: function.properties.get("MemorySize", 0) for function in templates.functions()}
    default = {name: parameter.get("Default") for name, parameter in stack["Parameters"].items()}
    return {
        "memory_gb": stack["Globals"]["Function"]["MemorySize"] / 1024,
        "check_memory_gb": memory["CheckNumbersFunction"] / 1024,
        "import_memory_gb": memory["WriteImportFunction"] / 1024,
        "bulk_memory_gb": memory["WriteExportFunction"] / 1024,
        "import_workers": float(default["ImportConcurrency"]),
        "import_rows_per_second": float(default["ImportWritesPerSecond"]),
    }


def measured() -> list[dict[str, Any]]:
    """Return the rows of the last benchmark run, or none if there are no results."""
    if not RESULTS.exists():
        return []
    rows: list[dict[str, Any]] = json.loads(RESULTS.read_text())["rows"]
    return rows


def _lambda(requests: float, milliseconds: float, memory_gb: float) -> float:
    seconds = requests * milliseconds / 1000 * memory_gb
    return requests / MILLION * PRICES["a million Lambda requests"] + seconds * PRICES["a GB-second (arm64)"]


def _logs(count: float, kilobytes: float) -> float:
    return count * kilobytes / MILLION * PRICES["a GB of logs"]


def checks_cost(values: Inputs, numbers: float, per_check: int) -> float:
    """Return the dollars for checking numbers by direct Invoke, 1 or 100 per check, at one read unit each."""
    requests = numbers / per_check
    milliseconds = values.check_ms if per_check == 1 else values.check_100_ms
    reads = numbers / MILLION * PRICES["a million read units"]
    return reads + _lambda(requests, milliseconds, values.check_memory_gb)


def http_checks_cost(values: Inputs, numbers: float) -> float:
    """Return the dollars for checks of one number over HTTP, which need more memory and write a log line each."""
    gateway = numbers / MILLION * PRICES["a million REST calls"]
    over_http = replace(values, check_memory_gb=values.memory_gb)
    return checks_cost(over_http, numbers, 1) + gateway + _logs(numbers, 0.5)


def audit_cost(values: Inputs, changes: float) -> float:
    """Return the dollars for recording changes: events and heads, the index, the handler and the event bus."""
    units = ASSUMED.audit_units + ASSUMED.index_units
    writes = changes * units / MILLION * PRICES["a million write units"]
    events = changes / MILLION * PRICES["a million EventBridge events"]
    return writes + changes * values.event_ms / 1000 * values.memory_gb * PRICES["a GB-second (arm64)"] + events


def adds_cost(values: Inputs, adds: float) -> float:
    """Return the dollars for adds over HTTP, with their audit."""
    writes = adds * LISTING_WRITES * _units(values.row_bytes, 1024) / MILLION * PRICES["a million write units"]
    gateway = adds / MILLION * PRICES["a million REST calls"]
    function = _lambda(adds, values.add_ms, values.memory_gb)
    return gateway + function + writes + audit_cost(values, adds) + _logs(adds, 0.5)


def import_cost(values: Inputs, rows: float) -> float:
    """Return the dollars for an import of new numbers, with their audit."""
    writes = rows * LISTING_WRITES * _units(values.row_bytes, 1024) / MILLION * PRICES["a million write units"]
    worker = rows * values.import_row_ms / 1000 * values.import_memory_gb * PRICES["a GB-second (arm64)"]
    return writes + worker + audit_cost(values, rows)


def export_cost(values: Inputs, numbers: float, accounts: int = 1) -> float:
    """Return the dollars for exporting lists once: strong reads of every row, a file and a manifest per account."""
    reads = numbers * values.row_bytes / 4096 / MILLION * PRICES["a million read units"]
    worker = numbers * values.export_row_ms / 1000 * values.bulk_memory_gb * PRICES["a GB-second (arm64)"]
    return reads + worker + accounts * (2 / 1000 * PRICES["a thousand S3 puts"] + _lambda(1, 1000, values.memory_gb))


def storage_cost(values: Inputs, numbers: float) -> float:
    """Return the dollars a month for storing numbers with two events and a head each, and point-in-time recovery."""
    gigabytes = numbers * (values.row_bytes + 2 * values.event_bytes + values.head_bytes) / 1e9
    indexed = numbers * values.row_bytes / 1e9  # an index is not part of point-in-time recovery
    stored = PRICES["a GB stored for a month"]
    return indexed * stored + gigabytes * (stored + PRICES["a GB of point-in-time recovery for a month"])


def _units(size: float, unit: int) -> int:
    return -(-int(size) // unit)


def concurrency(values: Inputs, numbers: float, per_check: int) -> float:
    """Return how many checks run at any time (Little's law), for a number of numbers a second."""
    return numbers / per_check * (values.check_ms if per_check == 1 else values.check_100_ms) / 1000


def checks_table(values: Inputs) -> str:
    """Return the table of price and concurrency at each rate."""
    rows = []
    for rate in (1, 1_000, 100_000):
        for per_check in (1, 100):
            if rate < per_check:
                continue
            running = concurrency(values, rate, per_check)
            month = checks_cost(values, rate * MONTH, per_check)
            cells = (
                f"{rate:,}",
                per_check,
                f"{rate / per_check:,.0f}",
                f"{running:,.0f}" if running >= 10 else f"{running:.2g}",
                f"{rate:,}",
            )
            rows.append((*cells, dollars(month / 720), dollars(month)))
    headings = ("numbers a second", "per check", "Invokes a second", "concurrency", "read units a second")
    return markdown((*headings, "dollars an hour", "dollars a month"), rows)


def work_table(values: Inputs) -> str:
    """Return the table of prices of everything but direct checks."""
    many = 10_000 * 10_000
    rows = [
        ("checks of one number over HTTP", "a million", dollars(http_checks_cost(values, MILLION))),
        ("adds over HTTP, with their audit", "a million", dollars(adds_cost(values, MILLION))),
        ("an import of new numbers", "1,000,000 rows", dollars(import_cost(values, MILLION))),
        ("of that, the audit", "", dollars(audit_cost(values, MILLION))),
        ("storing one account's list", "10,000,000 numbers, a month", dollars(storage_cost(values, 10 * MILLION))),
        ("its nightly export", "30 nights", dollars(30 * export_cost(values, 10 * MILLION))),
        ("storing 10,000 accounts' lists", "10,000 numbers each, a month", dollars(storage_cost(values, many))),
        ("their nightly exports", "30 nights", dollars(30 * export_cost(values, many, 10_000))),
        (
            "their checks, 100 per check",
            "10 a second each, a month",
            dollars(checks_cost(values, 100_000 * MONTH, 100)),
        ),
    ]
    return markdown(("what", "how much", "dollars"), rows)


def limits_met(values: Inputs) -> list[tuple[float, str, str]]:
    """Return each limit with the numbers a second that meet it at 1 and at 100 per check, the lowest first."""
    stage = templates.parent()["Parameters"]["ChecksPerSecond"]["Default"]
    each = LAMBDA_CONCURRENCY * LAMBDA_REQUESTS_EACH
    busy_1, busy_100 = (LAMBDA_CONCURRENCY * 1000 / ms for ms in (values.check_ms, values.check_100_ms / 100))
    limits: list[tuple[float, float, str]] = [
        (stage, stage * 100, "HTTP only: the parameter `ChecksPerSecond`"),
        (GATEWAY_REQUESTS, GATEWAY_REQUESTS * 100, "HTTP only: API Gateway's requests a second in a region"),
        (LIMITS.partition_reads, LIMITS.partition_reads, "one account: the read units of its one partition"),
        (each, each * 100, f"Lambda: {LAMBDA_REQUESTS_EACH} requests a second per unit of concurrency"),
        (LIMITS.new_table_reads, LIMITS.new_table_reads, "all accounts: the read units that a new table is warm for"),
        (LIMITS.table_quota, LIMITS.table_quota, "all accounts: a table's default quota of read units"),
        (busy_1, busy_100, f"Lambda: the default concurrency of {LAMBDA_CONCURRENCY:,}"),
    ]
    return [(one, f"{hundred:,.0f}", name) for one, hundred, name in sorted(limits)]


def limits_table(values: Inputs) -> str:
    """Return the table of limits, in the order in which a growing load meets them."""
    rows = [(f"{one:,.0f}", hundred, name) for one, hundred, name in limits_met(values)]
    return markdown(("met at, one number per check", "met at, 100 per check", "limit"), rows)


def removed_table(values: Inputs) -> str:
    """Return the table of what the first page of listed numbers costs if removed rows are in front of it."""
    size = REMOVED_ROWS * values.removed_row_bytes
    first = PAGE_ROWS * values.removed_row_bytes / 4096
    second = PAGE_ROWS * values.row_bytes / 8192
    rows = [
        (
            "the table only",
            f"{size / QUERY_BYTES:,.0f}",
            f"{size / 4096:,.0f}",
            f"{REMOVED_ROWS / ROWS_READ_PER_PAGE:,.0f}",
        ),
        ("the table once, then the index of listed rows", "2", f"{first + second:,.0f}", "1"),
    ]
    return markdown(("read from", "reads", "read units", "responses until the first number"), rows)


def deadlines_table(_values: Inputs) -> str:
    """Return the table of the concurrency that checks take up while their storage does not respond."""
    default = float(templates.parent()["Parameters"]["CheckDeadlineSeconds"]["Default"])
    ways = (("four attempts of 3 s, without a deadline", 12.0), ("the default deadline", default))
    rows = [(way, f"{seconds:g} s", f"{1000 * seconds:,.0f}") for way, seconds in ways]
    return markdown(("a check ends with", "after", "1,000 checks a second take a concurrency of"), rows)


MEMORIES = (256, 512, 1024, 1769)
"""Sizes in MB. More than a whole core would not help, because every function computes on one thread."""
MEMORY_OF: dict[str, tuple[str, str]] = {
    "a direct check of one number": ("check_memory_gb", "check_ms"),
    "a direct check of 100 numbers": ("check_memory_gb", "check_100_ms"),
    "an add over HTTP": ("memory_gb", "add_ms"),
    "a recorded change": ("memory_gb", "event_ms"),
    "an imported row, at the default pace": ("import_memory_gb", "import_row_ms"),
    "an exported row": ("bulk_memory_gb", "export_row_ms"),
}
"""By the kind of work: the input with its function's memory, and the billed milliseconds."""


def memory_table(values: Inputs) -> str:
    """Return the table of what each kind of work takes and costs with other memory. The chosen size is bold."""
    rows = []
    for work, (memory, milliseconds) in MEMORY_OF.items():
        cells = []
        for size in MEMORIES:
            other = replace(values, **{memory: size / 1024})
            billed = getattr(other, milliseconds)
            price = MILLION * billed / 1000 * size / 1024 * PRICES["a GB-second (arm64)"]
            cell = f"{billed:.3g} ms, {dollars(price)}"
            cells.append(f"**{cell}**" if abs(getattr(values, memory) - size / 1024) < 1 / 1024 else cell)
        rows.append((work, *cells))
    return markdown(("a million of", *(f"{size:,} MB" for size in MEMORIES)), rows)


def prices_table(_values: Inputs) -> str:
    """Return the table of prices."""
    return markdown(
        ("for", "dollars"), [(name, f"{price:.10f}".rstrip("0").rstrip(".")) for name, price in PRICES.items()]
    )


def inputs_table(values: Inputs) -> str:
    """Return the table of inputs, and which of them were measured."""
    assumed = inputs()
    origin = {
        field.name: "assumed" if getattr(values, field.name) == getattr(assumed, field.name) else "measured"
        for field in fields(Inputs)
    }
    origin |= dict.fromkeys(_from_template(), "the templates")
    return markdown(
        ("input", "value", "from"), [(f"`{name}`", f"{getattr(values, name):g}", how) for name, how in origin.items()]
    )


TABLES: dict[str, Callable[[Inputs], str]] = {
    "checks": checks_table,
    "work": work_table,
    "limits": limits_table,
    "deadlines": deadlines_table,
    "removed": removed_table,
    "partitions": lambda _values: partition.table(),
    "memory": memory_table,
    "prices": prices_table,
    "inputs": inputs_table,
}


def dollars(amount: float) -> str:
    """Format dollars with three significant digits."""
    if amount >= 1000:
        return f"{round(amount, 2 - len(str(int(amount))) + 1):,.0f}"
    return f"{amount:.3g}"


def markdown(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Format a Markdown table."""
    names = tuple(headings)
    lines = [names, ("---",) * len(names), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def written() -> str:
    """Return the text of the page with up-to-date tables."""
    values = inputs(measured())

    def fresh(match: re.Match[str]) -> str:
        return f"{match[1]}\n{TABLES[match[2]](values)}\n{match[3]}"

    return re.sub(r"(<!-- table: (\w+) -->)\n.*?\n?(<!-- end -->)", fresh, PAGE.read_text(), flags=re.DOTALL)


def main() -> None:
    """Print the tables."""
    values = inputs(measured())
    for name, table in TABLES.items():
        print(f"{name}\n\n{table(values)}\n")


if __name__ == "__main__":
    main()
