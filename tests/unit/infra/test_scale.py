"""The page about scale says what the model and the simulation say, and these do what DynamoDB's documentation says."""

import re
from dataclasses import replace

import pytest

from dnc.audit import chain as audit
from infra.local.stack import ROOT, template
from infra.scale import model as scale_model
from infra.scale import partition as partition_limits
from infra.scale.model import Inputs
from infra.scale.partition import ASSUMED, LIMITS, Partition, Scenario, simulate

PAGE = scale_model.PAGE.read_text()
WORDS = " ".join(PAGE.split())
COSTS = (ROOT / "docs" / "costs.md").read_text()


@pytest.fixture(scope="module")
def outcomes():
    return {outcome.scenario.name: outcome for outcome in partition_limits.outcomes()}


def test_the_page_shows_what_the_model_and_the_simulation_give_now():
    assert scale_model.written() == PAGE
    assert set(re.findall(r"<!-- table: (\w+) -->", PAGE)) == set(scale_model.TABLES)


def test_the_page_draws_the_conclusions_that_its_numbers_allow(outcomes):
    given = Inputs()
    events = int(LIMITS.new_table_writes / ASSUMED.audit_units + 0.5)
    assert f"warm for 4,000, records {events} events a second" in WORDS
    assert f"record {ASSUMED.audit_lanes * ASSUMED.audit_per_lane:,.0f} a second for each partition" in WORDS
    index = ASSUMED.index_shards * LIMITS.partition_writes // ASSUMED.index_units
    assert f"the index takes {index:,} events a second for each account and day" in WORDS
    assert scale_model.checks_cost(given, 1000, 100) / scale_model.checks_cost(given, 1000, 1) == pytest.approx(
        0.2, abs=0.02
    )
    assert scale_model.audit_cost(given, 1) / scale_model.import_cost(given, 1) == pytest.approx(0.9, abs=0.02)
    assert outcomes["2,500 checks/s"].checked == 1
    assert outcomes["5,000 checks/s at once"].checked_first_minute == pytest.approx(3 / 5, abs=0.01)
    assert [outcomes[f"{rate} checks/s at once"].calm_after for rate in ("5,000", "10,000", "100,000")] == [
        10,
        20,
        None,
    ]
    assert outcomes["10,000 checks/s, reached in 4 hours"].checked > 0.999
    half = outcomes["import at 500 rows/s, 1,000 checks/s"]
    assert (half.checked, half.audit_behind, round(half.import_minutes)) == (1, 0, 33)
    assert outcomes["import at 900 rows/s, 2,500 checks/s"].checked == 1
    assert all(outcome.audit_behind < 3600 for outcome in outcomes.values()), "no import here rings the hour's alarm"


def test_the_simulation_assumes_what_the_template_and_the_code_have():
    assert template()["Parameters"]["AuditParallelization"]["Default"] == ASSUMED.audit_lanes
    assert ASSUMED.index_shards == audit.SHARDS
    cores = template()["Globals"]["Function"]["MemorySize"] / 1769
    assert 1000 * cores / Inputs().event_ms == pytest.approx(ASSUMED.audit_per_lane, rel=0.03)


def test_the_prices_match_the_costs_page():
    for name, price in scale_model.PRICES.items():
        if name != "a thousand S3 puts":
            assert f"${price:g}" in COSTS or f"${price:.2f}" in COSTS or f"${price:.10f}" in COSTS, name


def test_the_costs_page_rounds_what_the_model_computes():
    given, million = Inputs(), 1_000_000
    model = {
        "checks of one number, direct": scale_model.checks_cost(given, million, 1),
        "checks of one number, over HTTP": scale_model.http_checks_cost(given, million),
        "numbers checked 100 at a time, direct": scale_model.checks_cost(given, million, 100),
        "adds over HTTP": scale_model.adds_cost(given, million),
        "listed numbers, kept for a month": scale_model.storage_cost(given, million),
    }
    for name, dollars in model.items():
        [told] = [line for line in COSTS.splitlines() if line.startswith(f"| {name} |")]
        assert float(re.search(r"\*\*([\d.]+)", told)[1]) == pytest.approx(dollars, rel=0.03), name


def test_the_model_takes_what_was_measured_and_no_name_that_it_does_not_know():
    given = scale_model.inputs([{"subject": "check", "scale": {"check_cpu_ms": 0.2}}, {"subject": "other"}])
    assert given.check_ms == pytest.approx(given.read_wait_ms + 0.2 * 1769 / 1024)
    given = replace(given, check_cpu_ms=0.0, read_wait_ms=4.5)
    assert scale_model.concurrency(given, 100_000, 1) == pytest.approx(450)
    told = scale_model.inputs_table(scale_model.inputs([{"scale": {"check_cpu_ms": 0.2}}]))
    assert "| `check_cpu_ms` | 0.2 | measured |" in told
    assert "| `read_wait_ms` | 9 | assumed |" in told
    with pytest.raises(KeyError, match="chek_ms"):
        scale_model.inputs([{"scale": {"chek_ms": 4.5}}])


def test_what_an_import_waits_for_its_turn_is_paid_for():
    given = Inputs(import_workers=4, import_rows_a_second=500, import_cpu_ms=0.1)
    assert given.import_row_ms == pytest.approx(8)
    assert replace(given, import_workers=1).import_row_ms == pytest.approx(2)
    assert replace(given, import_rows_a_second=1e9).import_row_ms == pytest.approx(0.1)


def test_the_limits_come_in_the_order_in_which_a_load_meets_them():
    met = [one for one, _, _ in scale_model.limits_met(Inputs())]
    assert met == sorted(met)
    assert scale_model.limits_met(Inputs(read_wait_ms=500, check_cpu_ms=0))[0][2].startswith("HTTP only: `Thr")
    long = Inputs(read_wait_ms=1000, check_cpu_ms=0, read_100_wait_ms=60, check_100_cpu_ms=0)
    assert scale_model.limits_met(long)[0] == (
        1000,
        "1,666,667",
        "Lambda: 1,000 running at once, the default",
    )


def test_the_same_seed_gives_the_same_run_and_another_gives_another():
    scenario = Scenario("near the limit", checks=2_990, minutes=3)
    assert simulate(scenario) == simulate(scenario)
    assert simulate(scenario).checked != simulate(scenario, seed=2).checked


def test_a_partition_serves_its_limit_and_no_more():
    asked = Scenario("too much", checks=6_000, minutes=2)
    alone = simulate(asked)
    assert alone.units_peak == LIMITS.partition_reads
    assert alone.checked == pytest.approx(0.5, abs=0.01)
    lent = simulate(Scenario("too much", checks=6_000, minutes=10, lends=True))
    saved = LIMITS.partition_reads * LIMITS.saved_seconds
    assert lent.checked == pytest.approx((3_000 * 600 + saved) / (6_000 * 600), abs=0.01)


def test_a_split_halves_the_load_and_one_place_cannot_be_split():
    partition = Partition(0, 4, behind=100.0)
    partition.load[:4] = [1.0, 2.0, 3.0, 0.5]
    low, high = partition.halves()
    assert (low.first, low.last, high.first, high.last) == (0, 2, 2, 4)
    assert low.behind + high.behind == pytest.approx(100)
    partition.load[:4] = [0.0, 100.0, 1.0, 0.0]
    assert partition.halves() is None
    assert Partition(3, 4).halves() is None


def test_a_file_in_the_order_of_its_numbers_gains_nothing_from_a_split():
    spread, in_order = (
        simulate(Scenario(order, rows=3_000, row_count=1_500_000, order=order, minutes=40))
        for order in ("spread", "sorted")
    )
    assert in_order.import_minutes == pytest.approx(25, abs=1)
    assert spread.import_minutes < 0.75 * in_order.import_minutes


def test_a_table_that_is_warm_serves_many_accounts_and_a_new_one_does_not():
    new = simulate(Scenario("new", checks=24_000, accounts=1_000, minutes=2))
    assert new.checked == pytest.approx(0.5, abs=0.01)
    warm = simulate(Scenario("warm", checks=24_000, accounts=1_000, minutes=2, warm_reads=48_000))
    assert warm.checked == 1


def test_nothing_served_is_lost_to_the_audit():
    outcome = simulate(Scenario("fast", rows=900, row_count=100_000, minutes=5))
    assert 0 < outcome.audit_behind < 300
    slow = simulate(Scenario("slow", rows=300, row_count=50_000, minutes=5))
    assert slow.audit_behind == 0
