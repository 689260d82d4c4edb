"""What DynamoDB's partitions do to an account that is checked or filled as hard as can be, simulated by the second.

An account's rows lie in the order of their numbers, in one partition to begin with. A partition serves 3,000 read and
1,000 write units a second, and may lend what it saved in the last 300 seconds. One that is asked for more than it has
for long is split where that halves its load, if its load is on more than one place. The table as a whole serves what
an on-demand table is warm for (12,000 and 4,000 units when it is new; twice the peak of each half hour after that; the
quota at most). A write becomes a record of the stream; each partition is one shard of it, which the audit function
reads side by side, as far as the audit table's own units go.

What AWS says is in LIMITS with where it says so; what it does not say is in ASSUMED. Every draw is seeded: the same
call gives the same rows, and `docs/scale.md` shows them. `python -m infra.scale.partition` prints them.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate, pairwise

PLACES = 64
"""Into so many stretches of numbers the account's list is cut: a partition is never split finer than one of them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Units a second that AWS states; all but the partition's can be raised on request or by warming the table."""

    partition_reads: int = 3_000
    partition_writes: int = 1_000
    saved_seconds: int = 300
    new_table_reads: int = 12_000
    new_table_writes: int = 4_000
    new_table_partitions: int = 4
    table_quota: int = 40_000
    growth_seconds: int = 1_800


@dataclass(frozen=True, slots=True)
class Assumed:
    """What AWS does not state, or what depends on the traffic; `docs/scale.md` says so of each.

    `audit_units`: write units of an event and its head in one transaction; `audit_per_lane`: events a second of one
    batch after another, at 3 ms of CPU an event and the 0.58 of a core that 1 GB of memory has.
    """

    hot_share: float = 0.9
    split_after_seconds: int = 600
    leads: int = 200_000
    skew: float = 0.8
    audit_units: int = 6
    index_units: int = 2
    index_shards: int = 8
    audit_lanes: int = 10
    audit_per_lane: float = 190.0


LIMITS, ASSUMED = Limits(), Assumed()


@dataclass(slots=True)
class Partition:
    """A run of places, [first, last), with the units it has saved and for how long it has been asked for too much."""

    first: int
    last: int
    saved_reads: float = 0.0
    saved_writes: float = 0.0
    hot_seconds: int = 0
    behind: float = 0.0
    load: list[float] = field(default_factory=lambda: [0.0] * PLACES)

    def halves(self) -> tuple["Partition", "Partition"] | None:
        """Give the two that it is split into, where that halves its load; None where one place has it all."""
        held = self.load[self.first : self.last]
        total = sum(held)
        if self.last - self.first < 2 or max(held) >= 0.95 * total:
            return None
        sums = list(accumulate(held))
        cut = self.first + 1 + min(range(len(held) - 1), key=lambda place: abs(sums[place] - total / 2))
        shares = sums[cut - self.first - 1] / total
        return (
            Partition(self.first, cut, behind=self.behind * shares),
            Partition(cut, self.last, behind=self.behind * (1 - shares)),
        )


@dataclass(frozen=True, slots=True)
class Scenario:
    """Traffic on one account, or on as many as `accounts` alike.

    `checks` and `rows`: a second, the checks reached in `ramp_minutes`; `order`: of the file, `spread` or `sorted` by
    number; `lends`: partitions lend what they saved; `warm_reads`: units that the table was warmed for, quota raised.
    """

    name: str
    checks: int = 0
    rows: int = 0
    row_count: int = 0
    order: str = "spread"
    minutes: int = 60
    accounts: int = 1
    ramp_minutes: int = 0
    lends: bool = False
    warm_reads: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. Shares are of what was asked; `calm_after`: minutes until nothing is throttled any more."""

    scenario: Scenario
    checked_first_minute: float
    checked: float
    calm_after: int | None
    partitions: int
    import_minutes: float | None
    audit_behind: float
    units_peak: int


def popularity(places: int, assumed: Assumed, chance: random.Random) -> list[float]:
    """Give the share of checks of each place: leads are called by Zipf's law, and lie anywhere in the list."""
    shares = [0.0] * places
    for rank in range(1, assumed.leads + 1):
        shares[chance.randrange(places)] += rank**-assumed.skew
    total = sum(shares)
    return [share / total for share in shares]


def simulate(scenario: Scenario, limits: Limits = LIMITS, assumed: Assumed = ASSUMED, seed: int = 1) -> Outcome:
    """Run a scenario by the second."""
    chance = random.Random(f"{seed} {scenario.name}")
    popular = popularity(PLACES, assumed, chance) if scenario.accounts == 1 else [1 / PLACES] * PLACES
    table = _Table(scenario, limits, assumed)
    asked_minute, served_minute = [0.0] * scenario.minutes, [0.0] * scenario.minutes
    imported, import_ended, behind_most = 0.0, None, 0.0
    for second in range(scenario.minutes * 60):
        reached = min(1.0, (second + 1) / (scenario.ramp_minutes * 60)) if scenario.ramp_minutes else 1.0
        reads = _arrivals(scenario.checks * reached, popular, chance)
        left = scenario.row_count - imported
        writes = _rows(min(scenario.rows, left), imported / max(scenario.row_count, 1), scenario.order)
        read, written = table.serve(second, reads, writes)
        asked_minute[second // 60] += sum(reads)
        served_minute[second // 60] += read
        imported += written
        behind_most = max(behind_most, table.audit())
        if import_ended is None and scenario.row_count and imported >= scenario.row_count - 0.5:
            import_ended = second + 1
    throttled = [minute for minute in range(scenario.minutes) if served_minute[minute] < 0.999 * asked_minute[minute]]
    calm = 0 if not throttled else throttled[-1] + 1
    return Outcome(
        scenario,
        checked_first_minute=served_minute[0] / asked_minute[0] if asked_minute[0] else 1.0,
        checked=sum(served_minute) / sum(asked_minute) if scenario.checks else 1.0,
        calm_after=None if calm == scenario.minutes else calm,
        partitions=len(table.partitions),
        import_minutes=import_ended / 60 if import_ended else None,
        audit_behind=behind_most,
        units_peak=round(table.peak_reads),
    )


class _Table:
    """A table and its stream."""

    def __init__(self, scenario: Scenario, limits: Limits, assumed: Assumed) -> None:
        self._limits, self._assumed, self._lends = limits, assumed, scenario.lends
        self._warm_reads = float(scenario.warm_reads or limits.new_table_reads)
        self._warm_writes = float(limits.new_table_writes)
        self._quota = max(limits.table_quota, scenario.warm_reads)
        # A table is warmed by partitions that share its accounts; one account begins in one of them all the same.
        for_reads = math.ceil(scenario.warm_reads / limits.partition_reads)
        count = 1 if scenario.accounts == 1 else min(PLACES, max(limits.new_table_partitions, for_reads))
        edges = [place * PLACES // count for place in range(count + 1)]
        self.partitions = [Partition(first, last) for first, last in pairwise(edges)]
        for partition in self.partitions:
            partition.saved_reads = limits.partition_reads * limits.saved_seconds * self._lends
            partition.saved_writes = limits.partition_writes * limits.saved_seconds * self._lends
        self._audit_warm = self._index_warm = float(limits.new_table_writes)
        self.peak_reads = self._peak_writes = self._audit_peak = 0.0

    def serve(self, second: int, reads: Sequence[float], writes: Sequence[float]) -> tuple[float, float]:
        """Serve a second's units of each place; give how many were."""
        limits = self._limits
        if second and second % limits.growth_seconds == 0:
            self._warm_reads = min(self._quota, max(self._warm_reads, 2 * self.peak_reads))
            self._warm_writes = min(self._quota, max(self._warm_writes, 2 * self._peak_writes))
            self._audit_warm = min(limits.table_quota, max(self._audit_warm, 2 * self._audit_peak))
        read_share = min(1.0, self._warm_reads / (sum(reads) or 1))
        write_share = min(1.0, self._warm_writes / (sum(writes) or 1))
        served_reads = served_writes = 0.0
        for partition in list(self.partitions):
            run = slice(partition.first, partition.last)
            wanted_reads, wanted_writes = sum(reads[run]) * read_share, sum(writes[run]) * write_share
            read, partition.saved_reads = self._take(wanted_reads, partition.saved_reads, limits.partition_reads)
            written, partition.saved_writes = self._take(wanted_writes, partition.saved_writes, limits.partition_writes)
            served_reads += read
            served_writes += written
            partition.behind += written
            for place in range(partition.first, partition.last):
                asked = reads[place] / limits.partition_reads + writes[place] / limits.partition_writes
                partition.load[place] = 0.99 * partition.load[place] + asked
            near = self._assumed.hot_share
            hot = wanted_reads > near * limits.partition_reads or wanted_writes > near * limits.partition_writes
            partition.hot_seconds = partition.hot_seconds + 1 if hot else 0
            if partition.hot_seconds >= self._assumed.split_after_seconds:
                self._split(partition)
        self.peak_reads = max(self.peak_reads, served_reads)
        self._peak_writes = max(self._peak_writes, served_writes)
        return served_reads, served_writes

    def _take(self, wanted: float, saved: float, rate: int) -> tuple[float, float]:
        have = rate + saved
        taken = min(wanted, have)
        keep = rate * self._limits.saved_seconds if self._lends else 0
        return taken, min(have - taken, keep)

    def _split(self, partition: Partition) -> None:
        halves = partition.halves()
        partition.hot_seconds = 0
        if halves:
            place = self.partitions.index(partition)
            for half in halves:
                half.load = list(partition.load)
            self.partitions[place : place + 1] = halves

    def audit(self) -> float:
        """Record a second's worth of the stream; give how many seconds the slowest shard is behind."""
        assumed = self._assumed
        each = assumed.audit_lanes * assumed.audit_per_lane
        wanted = [min(partition.behind, each) for partition in self.partitions]
        index = min(float(assumed.index_shards * self._limits.partition_writes), self._index_warm) / assumed.index_units
        most = min(self._audit_warm / assumed.audit_units, index)
        share = min(1.0, most / (sum(wanted) or 1))
        recorded = [events * share for events in wanted]
        for partition, events in zip(self.partitions, recorded, strict=True):
            partition.behind = max(0.0, partition.behind - events)
        self._audit_peak = max(self._audit_peak, sum(recorded) * assumed.audit_units)
        return max(p.behind / max(1.0, events) for p, events in zip(self.partitions, recorded, strict=True))


def _arrivals(rate: float, shares: Sequence[float], chance: random.Random) -> list[float]:
    """Give a second's checks of each place: Poisson's, by the normal distribution where the mean allows."""
    return [max(0.0, chance.gauss(mean, math.sqrt(mean))) if mean else 0.0 for mean in (rate * s for s in shares)]


def _rows(rate: float, progress: float, order: str) -> list[float]:
    """Give a second's rows of each place: everywhere alike, or where a file in the order of numbers has come to."""
    if order == "spread":
        return [rate / PLACES] * PLACES
    rows = [0.0] * PLACES
    rows[min(PLACES - 1, int(progress * PLACES))] = rate
    return rows


SCENARIOS = (
    Scenario("1,000 checks/s", checks=1_000),
    Scenario("2,500 checks/s", checks=2_500),
    Scenario("5,000 checks/s at once", checks=5_000),
    Scenario("5,000 checks/s at once, where the partition lends", checks=5_000, lends=True),
    Scenario("10,000 checks/s at once", checks=10_000),
    Scenario("10,000 checks/s, reached in 4 hours", checks=10_000, minutes=270, ramp_minutes=240),
    Scenario("100,000 checks/s at once", checks=100_000, minutes=120),
    Scenario("100,000 checks/s over 10,000 accounts, at once", checks=100_000, minutes=120, accounts=10_000),
    Scenario("the same, table warmed for 192,000", checks=100_000, accounts=10_000, warm_reads=192_000),
    Scenario("import at 500 rows/s, 1,000 checks/s", checks=1_000, rows=500, row_count=1_000_000),
    Scenario("import at 900 rows/s, 2,500 checks/s", checks=2_500, rows=900, row_count=1_000_000),
    Scenario("import at 3,000 rows/s, spread", rows=3_000, row_count=1_000_000),
    Scenario("import at 3,000 rows/s, sorted by number", rows=3_000, row_count=1_000_000, order="sorted"),
)
"""Imports are of 1,000,000 rows; a file is spread over the numbers where its parts are read side by side."""


@cache
def outcomes() -> tuple[Outcome, ...]:
    """Simulate every scenario of the docs."""
    return tuple(simulate(scenario) for scenario in SCENARIOS)


HEADINGS = (
    "one account, unless said", "checks answered in the first minute", "in the whole run", "calm after",
    "partitions then", "import takes", "audit behind at most",
)  # fmt: skip


def table() -> str:
    """Give the outcomes as the Markdown table of `docs/scale.md`."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(_cells(outcome) for outcome in outcomes())]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cells(outcome: Outcome) -> tuple[str, ...]:
    calm = "not in the run" if outcome.calm_after is None else f"{outcome.calm_after} min"
    checks = (f"{outcome.checked_first_minute:.1%}", f"{outcome.checked:.1%}", calm)
    takes = "not in the run" if outcome.import_minutes is None else f"{outcome.import_minutes:.0f} min"
    rows = (takes, f"{outcome.audit_behind:.0f} s")
    traffic = outcome.scenario
    return (
        traffic.name,
        *(checks if traffic.checks else ("",) * 3),
        str(outcome.partitions),
        *(rows if traffic.row_count else ("",) * 2),
    )


if __name__ == "__main__":
    print(table())
