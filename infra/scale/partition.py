"""Simulates, second by second, how DynamoDB's partitions behave under heavy checks and imports.

An account's rows are ordered by number and begin in one partition. A partition serves 3,000 read and 1,000 write units
a second, and may use burst capacity: what it did not use in the last 300 seconds. A partition that is overloaded for
long is split in half by load, unless all of its load is on one segment. The table as a whole serves what an on-demand
table is warm for: 12,000 and 4,000 units when it is new, twice the peak of each half hour after that, and the quota at
most. Each write becomes a stream record. Each partition is one shard of the stream. The audit function reads the shards
in parallel, limited by the audit table's own units.

`LIMITS` has what AWS documents, and `ASSUMED` what it does not. Every random draw is seeded: the same call returns the
same rows, and `docs/scale.md` shows them. `python -m infra.scale.partition` prints them.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate, pairwise

JOB_SECONDS = 600
"""The time in which a job of the simulation reads the whole list."""
SEGMENTS = 64
"""The account's list is divided into this many ranges of numbers. A split never divides a segment."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Units a second, as AWS documents them. Warming the table or a request to AWS raises all but the partition's."""

    partition_reads: int = 3_000
    partition_writes: int = 1_000
    burst_seconds: int = 300
    new_table_reads: int = 12_000
    new_table_writes: int = 4_000
    new_table_partitions: int = 4
    table_quota: int = 40_000
    growth_seconds: int = 1_800


@dataclass(frozen=True, slots=True)
class Assumed:
    """What AWS does not document, and what depends on the traffic. `docs/scale.md` names each assumption.

    `audit_units`: write units of an event of up to 1 KB and its head, in one transaction. `audit_per_lane`: events a
    second if one batch follows another, at 3 ms of CPU per event and the 0.58 of a core that comes with 1 GB of memory.
    """

    hot_share: float = 0.9
    split_after_seconds: int = 600
    leads: int = 200_000
    skew: float = 0.8
    audit_units: int = 4
    index_units: int = 1
    index_shards: int = 8
    audit_lanes: int = 10
    audit_per_lane: float = 190.0


LIMITS, ASSUMED = Limits(), Assumed()


@dataclass(slots=True)
class Partition:
    """A range of segments, [first, last).

    `burst_reads`, `burst_writes`: unused units that it may still use. `hot_seconds`: how long it has been overloaded.
    `unrecorded`: writes that the audit has not recorded yet. `load`: recent load per segment, as a decaying sum.
    """

    first: int
    last: int
    burst_reads: float = 0.0
    burst_writes: float = 0.0
    hot_seconds: int = 0
    unrecorded: float = 0.0
    load: list[float] = field(default_factory=lambda: [0.0] * SEGMENTS)

    def halves(self) -> tuple["Partition", "Partition"] | None:
        """Return the two partitions of a split that halves the load, or None if one segment has nearly all of it."""
        load = self.load[self.first : self.last]
        total = sum(load)
        if self.last - self.first < 2 or max(load) >= 0.95 * total:
            return None
        sums = list(accumulate(load))
        cut = self.first + 1 + min(range(len(load) - 1), key=lambda segment: abs(sums[segment] - total / 2))
        share = sums[cut - self.first - 1] / total
        return (
            Partition(self.first, cut, unrecorded=self.unrecorded * share),
            Partition(cut, self.last, unrecorded=self.unrecorded * (1 - share)),
        )


@dataclass(frozen=True, slots=True)
class Scenario:
    """Traffic on one account, or on `accounts` equal ones.

    `checks`, `rows`: per second. `job_reads`: read units a second that exports and scrubs ask for. `ramp_minutes`: how
    long the checks take to reach their rate. `order`: of the file, `spread` or `sorted` by number. `burst`: partitions
    have burst capacity. `warm_reads`: read units that the table was warmed for, with the quota raised to match.
    """

    name: str
    checks: int = 0
    job_reads: int = 0
    rows: int = 0
    row_count: int = 0
    order: str = "spread"
    minutes: int = 60
    accounts: int = 1
    ramp_minutes: int = 0
    burst: bool = False
    warm_reads: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a scenario.

    `checked`, `checked_first_minute`: the shares of checks that were answered. `steady_after`: minutes until nothing is
    throttled any more, or None. `audit_lag`: seconds, at the worst moment.
    """

    scenario: Scenario
    checked_first_minute: float
    checked: float
    steady_after: int | None
    partitions: int
    import_minutes: float | None
    audit_lag: float
    units_peak: int


def popularity(segments: int, assumed: Assumed, rng: random.Random) -> list[float]:
    """Return each segment's share of the checks. Calls follow Zipf's law, and leads are anywhere in the list."""
    shares = [0.0] * segments
    for rank in range(1, assumed.leads + 1):
        shares[rng.randrange(segments)] += rank**-assumed.skew
    total = sum(shares)
    return [share / total for share in shares]


def simulate(scenario: Scenario, limits: Limits = LIMITS, assumed: Assumed = ASSUMED, seed: int = 1) -> Outcome:
    """Run a scenario, second by second."""
    rng = random.Random(f"{seed} {scenario.name}")
    shares = popularity(SEGMENTS, assumed, rng) if scenario.accounts == 1 else [1 / SEGMENTS] * SEGMENTS
    table = _Table(scenario, limits, assumed)
    requested, served = [0.0] * scenario.minutes, [0.0] * scenario.minutes
    imported, import_ended, audit_lag = 0.0, None, 0.0
    for second in range(scenario.minutes * 60):
        ramp = min(1.0, (second + 1) / (scenario.ramp_minutes * 60)) if scenario.ramp_minutes else 1.0
        checks = _arrivals(scenario.checks * ramp, shares, rng)
        # Jobs read the list from its beginning to its end, and begin again.
        jobs = _rows(scenario.job_reads, second % JOB_SECONDS / JOB_SECONDS, "sorted")
        reads = [check + job for check, job in zip(checks, jobs, strict=True)]
        remaining = scenario.row_count - imported
        writes = _rows(min(scenario.rows, remaining), imported / max(scenario.row_count, 1), scenario.order)
        read, written = table.serve(second, reads, writes)
        requested[second // 60] += sum(checks)
        served[second // 60] += read * sum(checks) / (sum(reads) or 1)
        imported += written
        audit_lag = max(audit_lag, table.audit())
        if import_ended is None and scenario.row_count and imported >= scenario.row_count - 0.5:
            import_ended = second + 1
    throttled = [minute for minute in range(scenario.minutes) if served[minute] < 0.999 * requested[minute]]
    steady = 0 if not throttled else throttled[-1] + 1
    return Outcome(
        scenario,
        checked_first_minute=served[0] / requested[0] if requested[0] else 1.0,
        checked=sum(served) / sum(requested) if scenario.checks else 1.0,
        steady_after=None if steady == scenario.minutes else steady,
        partitions=len(table.partitions),
        import_minutes=import_ended / 60 if import_ended else None,
        audit_lag=audit_lag,
        units_peak=round(table.peak_reads),
    )


class _Table:
    """A table and its stream."""

    def __init__(self, scenario: Scenario, limits: Limits, assumed: Assumed) -> None:
        self._limits, self._assumed, self._burst = limits, assumed, scenario.burst
        self._warm_reads = float(scenario.warm_reads or limits.new_table_reads)
        self._warm_writes = float(limits.new_table_writes)
        self._quota = max(limits.table_quota, scenario.warm_reads)
        # Warming adds partitions that many accounts share. A single account still begins in one of them.
        for_reads = math.ceil(scenario.warm_reads / limits.partition_reads)
        count = 1 if scenario.accounts == 1 else min(SEGMENTS, max(limits.new_table_partitions, for_reads))
        edges = [index * SEGMENTS // count for index in range(count + 1)]
        self.partitions = [Partition(first, last) for first, last in pairwise(edges)]
        for partition in self.partitions:
            partition.burst_reads = limits.partition_reads * limits.burst_seconds * self._burst
            partition.burst_writes = limits.partition_writes * limits.burst_seconds * self._burst
        self._audit_warm = self._index_warm = float(limits.new_table_writes)
        self.peak_reads = self._peak_writes = self._audit_peak = 0.0

    def serve(self, second: int, reads: Sequence[float], writes: Sequence[float]) -> tuple[float, float]:
        """Serve one second's read and write units, given per segment. Return how many of each were served."""
        limits = self._limits
        if second and second % limits.growth_seconds == 0:
            self._warm_reads = min(self._quota, max(self._warm_reads, 2 * self.peak_reads))
            self._warm_writes = min(self._quota, max(self._warm_writes, 2 * self._peak_writes))
            self._audit_warm = min(limits.table_quota, max(self._audit_warm, 2 * self._audit_peak))
        read_share = min(1.0, self._warm_reads / (sum(reads) or 1))
        write_share = min(1.0, self._warm_writes / (sum(writes) or 1))
        served_reads = served_writes = 0.0
        for partition in list(self.partitions):
            segments = slice(partition.first, partition.last)
            read_demand, write_demand = sum(reads[segments]) * read_share, sum(writes[segments]) * write_share
            read, partition.burst_reads = self._take(read_demand, partition.burst_reads, limits.partition_reads)
            written, partition.burst_writes = self._take(write_demand, partition.burst_writes, limits.partition_writes)
            served_reads += read
            served_writes += written
            partition.unrecorded += written
            for segment in range(partition.first, partition.last):
                load = reads[segment] / limits.partition_reads + writes[segment] / limits.partition_writes
                partition.load[segment] = 0.99 * partition.load[segment] + load
            near = self._assumed.hot_share
            hot = read_demand > near * limits.partition_reads or write_demand > near * limits.partition_writes
            partition.hot_seconds = partition.hot_seconds + 1 if hot else 0
            if partition.hot_seconds >= self._assumed.split_after_seconds:
                self._split(partition)
        self.peak_reads = max(self.peak_reads, served_reads)
        self._peak_writes = max(self._peak_writes, served_writes)
        return served_reads, served_writes

    def _take(self, demand: float, burst: float, rate: int) -> tuple[float, float]:
        available = rate + burst
        taken = min(demand, available)
        most_burst = rate * self._limits.burst_seconds if self._burst else 0
        return taken, min(available - taken, most_burst)

    def _split(self, partition: Partition) -> None:
        halves = partition.halves()
        partition.hot_seconds = 0
        if halves:
            index = self.partitions.index(partition)
            for half in halves:
                half.load = list(partition.load)
            self.partitions[index : index + 1] = halves

    def audit(self) -> float:
        """Record one second's worth of the stream. Return the lag of the slowest shard in seconds."""
        assumed = self._assumed
        shard_rate = assumed.audit_lanes * assumed.audit_per_lane
        demand = [min(partition.unrecorded, shard_rate) for partition in self.partitions]
        index = min(float(assumed.index_shards * self._limits.partition_writes), self._index_warm) / assumed.index_units
        capacity = min(self._audit_warm / assumed.audit_units, index)
        share = min(1.0, capacity / (sum(demand) or 1))
        recorded = [events * share for events in demand]
        for partition, events in zip(self.partitions, recorded, strict=True):
            partition.unrecorded = max(0.0, partition.unrecorded - events)
        self._audit_peak = max(self._audit_peak, sum(recorded) * assumed.audit_units)
        return max(p.unrecorded / max(1.0, events) for p, events in zip(self.partitions, recorded, strict=True))


def _arrivals(rate: float, shares: Sequence[float], rng: random.Random) -> list[float]:
    """Return one second's checks per segment: a Poisson process, approximated by the normal distribution."""
    return [max(0.0, rng.gauss(mean, math.sqrt(mean))) if mean else 0.0 for mean in (rate * s for s in shares)]


def _rows(rate: float, progress: float, order: str) -> list[float]:
    """Return one second's rows per segment: spread evenly, or all at the position that a sorted file has reached."""
    if order == "spread":
        return [rate / SEGMENTS] * SEGMENTS
    rows = [0.0] * SEGMENTS
    rows[min(SEGMENTS - 1, int(progress * SEGMENTS))] = rate
    return rows


SCENARIOS = (
    Scenario("1,000 checks/s", checks=1_000),
    Scenario("2,500 checks/s", checks=2_500),
    Scenario("5,000 checks/s at once", checks=5_000),
    Scenario("5,000 checks/s at once, with burst capacity", checks=5_000, burst=True),
    Scenario("10,000 checks/s at once", checks=10_000),
    Scenario("10,000 checks/s, reached in 4 hours", checks=10_000, minutes=270, ramp_minutes=240),
    Scenario("100,000 checks/s at once", checks=100_000, minutes=120),
    Scenario("100,000 checks/s over 10,000 accounts, at once", checks=100_000, minutes=120, accounts=10_000),
    Scenario("the same, table warmed for 192,000", checks=100_000, accounts=10_000, warm_reads=192_000),
    Scenario("1,500 checks/s, two exports at full speed", checks=1_500, job_reads=6_000),
    Scenario("1,500 checks/s, all jobs paced at 1,000 units/s", checks=1_500, job_reads=1_000),
    Scenario("import at 500 rows/s, 1,000 checks/s", checks=1_000, rows=500, row_count=1_000_000),
    Scenario("import at 900 rows/s, 2,500 checks/s", checks=2_500, rows=900, row_count=1_000_000),
    Scenario("four imports at 500 rows/s, side by side", rows=2_000, row_count=4_000_000, minutes=90),
    Scenario("the same, one after another", rows=500, row_count=4_000_000, minutes=140),
    Scenario("import at 3,000 rows/s, spread", rows=3_000, row_count=1_000_000),
    Scenario("import at 3,000 rows/s, sorted by number", rows=3_000, row_count=1_000_000, order="sorted"),
)
"""Imports have 1,000,000 rows each. The rows of a file are spread over the numbers if its pieces run in parallel."""


@cache
def outcomes() -> tuple[Outcome, ...]:
    """Simulate every scenario that the docs show."""
    return tuple(simulate(scenario) for scenario in SCENARIOS)


HEADINGS = (
    "one account, unless stated", "checks answered in the first minute", "in the whole run", "steady after",
    "partitions at the end", "import takes", "audit lag at most",
)  # fmt: skip


def table() -> str:
    """Return the outcomes as the Markdown table of `docs/scale.md`."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(_cells(outcome) for outcome in outcomes())]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cells(outcome: Outcome) -> tuple[str, ...]:
    steady = "not in the run" if outcome.steady_after is None else f"{outcome.steady_after} min"
    checks = (f"{outcome.checked_first_minute:.1%}", f"{outcome.checked:.1%}", steady)
    takes = "not in the run" if outcome.import_minutes is None else f"{outcome.import_minutes:.0f} min"
    rows = (takes, f"{outcome.audit_lag:.0f} s")
    traffic = outcome.scenario
    return (
        traffic.name,
        *(checks if traffic.checks else ("",) * 3),
        str(outcome.partitions),
        *(rows if traffic.row_count else ("",) * 2),
    )


if __name__ == "__main__":
    print(table())
