"""The scale page matches the model and the simulation, which match DynamoDB's documentation."""

import re
from dataclasses import replace

import pytest

from dnc.audit.keys import SHARDS
from dnc.entries import store
from infra.scale import model, partition
from infra.scale.model import Inputs
from infra.scale.partition import ASSUMED, LIMITS, Partition, Scenario, simulate
from infra.templates import ROOT, parent

PAGE = model.PAGE.read_text()
WORDS = " ".join(PAGE.split())
COSTS = (ROOT / "docs" / "costs.md").read_text()


@pytest.fixture(scope="module")
def outcomes():
    return {outcome.scenario.name: outcome for outcome in partition.outcomes()}


def test_the_page_has_up_to_date_tables():
    assert model.written() == PAGE
    assert set(re.findall(r"<!-- table: (\w+) -->", PAGE)) == set(model.TABLES)


def test_the_conclusions_of_the_page_follow_from_its_numbers(outcomes):
    values = Inputs()
    events = int(LIMITS.new_table_writes / ASSUMED.audit_units + 0.5)
    assert f"warm for 4,000, records {events:,} events a second" in WORDS
    assert f"record {ASSUMED.audit_lanes * ASSUMED.audit_per_lane:,.0f} events a second for each partition" in WORDS
    index = ASSUMED.index_shards * LIMITS.partition_writes // ASSUMED.index_units
    assert f"The index takes {index:,} events a second for each account and day" in WORDS
    assert model.checks_cost(values, 1000, 100) / model.checks_cost(values, 1000, 1) == pytest.approx(1 / 3, abs=0.02)
    assert model.audit_cost(values, 1) / model.import_cost(values, 1) == pytest.approx(0.75, abs=0.02)
    assert outcomes["2,500 checks/s"].checked == 1
    assert outcomes["5,000 checks/s at once"].checked_first_minute == pytest.approx(3 / 5, abs=0.01)
    assert [outcomes[f"{rate} checks/s at once"].steady_after for rate in ("5,000", "10,000", "100,000")] == [
        10,
        20,
        None,
    ]
    assert outcomes["10,000 checks/s, reached in 4 hours"].checked > 0.999
    half = outcomes["import at 500 rows/s, 1,000 checks/s"]
    assert (half.checked, half.audit_lag, round(half.import_minutes)) == (1, 0, 33)
    assert outcomes["import at 900 rows/s, 2,500 checks/s"].checked == 1
    assert outcomes["1,500 checks/s, two exports at full speed"].checked < 0.5
    assert outcomes["1,500 checks/s, all jobs paced at 1,000 units/s"].checked == 1
    assert outcomes["four imports at 500 rows/s, side by side"].audit_lag == pytest.approx(20 * 60, abs=60)
    assert outcomes["the same, one after another"].audit_lag == 0
    assert all(outcome.audit_lag < 3600 for outcome in outcomes.values()), (
        "none of these imports raises the one-hour alarm"
    )


def test_the_simulation_matches_the_template_and_the_code():
    assert parent()["Parameters"]["AuditParallelization"]["Default"] == ASSUMED.audit_lanes
    assert ASSUMED.index_shards == SHARDS
    paced = parent()["Parameters"]["ReadUnitsPerSecond"]["Default"]
    assert next(s for s in partition.SCENARIOS if f"paced at {paced:,} units/s" in s.name).job_reads == paced
    assert paced * 3 == LIMITS.partition_reads
    assert store._ROWS_READ_PER_PAGE == model.ROWS_READ_PER_PAGE
    cores = parent()["Globals"]["Function"]["MemorySize"] / 1769
    assert 1000 * cores / Inputs().event_ms == pytest.approx(ASSUMED.audit_per_lane, rel=0.03)


def test_the_prices_match_the_costs_page():
    for name, price in model.PRICES.items():
        if name != "a thousand S3 puts":
            assert f"${price:g}" in COSTS or f"${price:.2f}" in COSTS or f"${price:.10f}" in COSTS, name


def test_a_million_direct_checks_cost_at_most_42_cents_with_the_templates_memory():
    assert model.checks_cost(model.inputs(model.measured()), 1_000_000, 1) <= 0.42


def test_the_costs_page_rounds_what_the_model_computes():
    values, million = Inputs(), 1_000_000
    costs = {
        "checks of one number, direct": model.checks_cost(values, million, 1),
        "checks of one number, over HTTP": model.http_checks_cost(values, million),
        "numbers checked 100 at a time, direct": model.checks_cost(values, million, 100),
        "adds over HTTP": model.adds_cost(values, million),
        "listed numbers, kept for a month": model.storage_cost(values, million),
    }
    for name, dollars in costs.items():
        [row] = [line for line in COSTS.splitlines() if line.startswith(f"| {name} |")]
        assert float(re.search(r"\*\*([\d.]+)", row)[1]) == pytest.approx(dollars, rel=0.03), name


def test_the_model_uses_measurements_and_rejects_unknown_inputs():
    values = model.inputs([{"subject": "check", "scale": {"check_cpu_ms": 0.2}}, {"subject": "other"}])
    assert values.check_ms == pytest.approx(values.read_wait_ms + 0.2 * 1769 / 512)
    assert model.concurrency(replace(values, check_cpu_ms=0.0, read_wait_ms=4.5), 100_000, 1) == pytest.approx(450)
    table = model.inputs_table(model.inputs([{"scale": {"check_cpu_ms": 0.2}}]))
    assert "| `check_cpu_ms` | 0.2 | measured |" in table
    assert "| `read_wait_ms` | 9 | assumed |" in table
    with pytest.raises(KeyError, match="chek_ms"):
        model.inputs([{"scale": {"chek_ms": 4.5}}])


def test_the_time_that_an_import_spends_queued_is_billed():
    values = Inputs(import_workers=4, import_rows_per_second=500, import_cpu_ms=0.1)
    assert values.import_row_ms == pytest.approx(8)
    assert replace(values, import_workers=1).import_row_ms == pytest.approx(2)
    assert replace(values, import_rows_per_second=1e9).import_row_ms == pytest.approx(0.1 * 1769 / 512)


def test_the_limits_are_in_the_order_in_which_a_growing_load_reaches_them():
    met = [one for one, _, _ in model.limits_met(Inputs())]
    assert met == sorted(met)
    assert model.limits_met(Inputs(read_wait_ms=500, check_cpu_ms=0))[0][2].startswith("HTTP only: the parameter")
    slow = Inputs(read_wait_ms=1000, check_cpu_ms=0, read_100_wait_ms=60, check_100_cpu_ms=0)
    assert model.limits_met(slow)[0] == (1000, "1,666,667", "Lambda: the default concurrency of 1,000")


def test_the_same_seed_repeats_a_run_and_another_seed_does_not():
    scenario = Scenario("near the limit", checks=2_990, minutes=3)
    assert simulate(scenario) == simulate(scenario)
    assert simulate(scenario).checked != simulate(scenario, seed=2).checked


def test_a_partition_serves_its_limit_plus_its_burst_capacity():
    without = simulate(Scenario("overload", checks=6_000, minutes=2))
    assert without.units_peak == LIMITS.partition_reads
    assert without.checked == pytest.approx(0.5, abs=0.01)
    with_burst = simulate(Scenario("overload", checks=6_000, minutes=10, burst=True))
    burst = LIMITS.partition_reads * LIMITS.burst_seconds
    assert with_burst.checked == pytest.approx((3_000 * 600 + burst) / (6_000 * 600), abs=0.01)


def test_a_split_halves_the_load_unless_one_segment_has_all_of_it():
    hot = Partition(0, 4, unrecorded=100.0)
    hot.load[:4] = [1.0, 2.0, 3.0, 0.5]
    low, high = hot.halves()
    assert (low.first, low.last, high.first, high.last) == (0, 2, 2, 4)
    assert low.unrecorded + high.unrecorded == pytest.approx(100)
    hot.load[:4] = [0.0, 100.0, 1.0, 0.0]
    assert hot.halves() is None
    assert Partition(3, 4).halves() is None


def test_a_split_does_not_speed_up_a_sorted_file():
    spread, by_number = (
        simulate(Scenario(order, rows=3_000, row_count=1_500_000, order=order, minutes=40))
        for order in ("spread", "sorted")
    )
    assert by_number.import_minutes == pytest.approx(25, abs=1)
    assert spread.import_minutes < 0.75 * by_number.import_minutes


def test_a_warm_table_serves_many_accounts_and_a_new_one_does_not():
    new = simulate(Scenario("new", checks=24_000, accounts=1_000, minutes=2))
    assert new.checked == pytest.approx(0.5, abs=0.01)
    warm = simulate(Scenario("warm", checks=24_000, accounts=1_000, minutes=2, warm_reads=48_000))
    assert warm.checked == 1


def test_the_audit_lags_behind_a_fast_import_and_keeps_up_with_a_slow_one():
    outcome = simulate(Scenario("fast", rows=3_000, row_count=1_500_000, minutes=40))
    assert 0 < outcome.audit_lag < 900
    slow = simulate(Scenario("slow", rows=300, row_count=50_000, minutes=5))
    assert slow.audit_lag == 0
