"""What the benchmarks make of their measurements."""

import pytest

from benchmarks import export_numbers, import_numbers, scrub_leads
from benchmarks.harness import chart, cpu_time, results, stand_in
from infra.scale import model as scale_model


def rows(goal=">= 4 x", **more):
    made = results.compared("a call", "ours", "theirs", [1.0, 2.0, 4.0], [10.0, 10.0, 10.0], "µs CPU", goal, **more)
    missing = results.skipped("a call", "ours", "others", "it is not installed")
    return results.read("calls", [made, missing])


def test_a_ratio_is_the_median_of_the_rounds_and_its_spread_is_told():
    row, missing = rows()
    assert (row["ratio"], row["spread"], row["reached"]) == (5.0, [2.5, 10.0], True)
    assert (row["subject_median"], row["reference_median"]) == (2.0, 10.0)
    assert results.told([row, missing]).splitlines() == [
        "  a call: ours against theirs: 5 x (2.5–10), 2 against 10 µs CPU, goal >= 4 x, reached",
        "  a call: ours against others: skipped, it is not installed",
    ]


def test_a_cost_that_may_be_so_many_times_the_references_is_told_the_other_way_round():
    row, _ = rows("<= 0.1 x", upside_down=True, memory=12.3)
    assert (row["ratio"], row["spread"], row["reached"]) == (0.2, [0.1, 0.4], False)
    assert results.told([row]).endswith("2 against 10 µs CPU; 12 MB at most, goal <= 0.1 x, **not reached**")


def test_the_page_and_the_chart_hold_every_row():
    machine = {"date": "2026-11-24", "cpu": "c", "cores": 2, "system": "s", "python": "3.13", "load_at_start": 0.1}
    found = {"machine": machine, "command": "make bench", "rows": rows(), "skipped": {"other": "no redis"}}
    found["commands"] = {"calls": "python -m benchmarks full calls"}
    page = results.written(found)
    assert "Made apart, by `python -m benchmarks full calls`." in page
    assert "| a call | ours | theirs | 5 | 2.5–10 | 2 against 10 µs CPU | >= 4 x, reached |" in page
    assert "| a call | ours | others | skipped |" in page
    assert "`other` was skipped: no redis" in page
    assert "5 × ✓" in chart.drawn(rows())
    assert "✗ goal not reached" in chart.drawn(rows(">= 6 x"))


QUERY = {"TableName": "t", "ExpressionAttributeValues": {":p": {"S": "p"}, ":a": {"S": "b"}, ":z": {"S": "c"}}}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("h = :p", "abcd"),
        ("h = :p AND s > :a", "cd"),
        ("h = :p AND #s >= :a", "bcd"),
        ("h = :p AND s BETWEEN :a AND :z", "bc"),
        ("h = :p AND begins_with(#s, :z)", "c"),
    ],
)
def test_the_stand_in_reads_the_key_condition_of_a_query(condition, found):
    kept = [{"h": {"S": part}, "s": {"S": sort}} for part in "pq" for sort in "abcd"]
    tables = stand_in.Tables({"t": {"keys": ["h", "s"], "rows": kept}})
    answer = tables.answer("Query", {**QUERY, "KeyConditionExpression": condition})
    assert [item["s"]["S"] for item in answer["Items"]] == list(found)
    assert {item["h"]["S"] for item in answer["Items"]} == {"p"}


def test_the_stand_in_keeps_objects_as_s3_does():
    objects = stand_in.Objects({"/b/k": "0123456789"})
    assert objects.answer("GET", "/b/k", "\r\nrange: bytes=7-\r\n", b"")[1] == b"789"
    assert objects.answer("GET", "/b/none", "", b"")[0].startswith("404")
    objects.answer("PUT", "/b/new", "", b"x")
    assert objects.answer("GET", "/b/new", "", b"")[1] == b"x"


def test_a_subject_that_fails_is_told_by_name():
    with pytest.raises(RuntimeError, match="no such subject"):
        cpu_time.take_turns("benchmarks.nowhere", ["no such subject"], 1, {"no such subject": 1}, {})


def test_cpu_time_grows_with_the_work():
    little, much = (cpu_time.of_calls(lambda n=n: sum(range(n)), 200) for n in (1_000, 100_000))
    assert much > 10 * little


@pytest.mark.parametrize(
    "measure",
    [
        lambda: import_numbers.main(rows=300, sample=100, rounds=1),
        lambda: export_numbers.main(rows=300, rounds=1),
        lambda: scrub_leads.compared({way: [1.0, 2.0] for way in scrub_leads.WAYS}, 100.0, "a scrub"),
    ],
    ids=["import", "export", "scrub"],
)
def test_a_benchmark_gives_rows_that_can_be_told_and_were_exact(measure):
    made = results.read("bulk", measure())
    assert len(results.told(made).splitlines()) == len(made) >= 2
    scale_model.inputs(made)  # raises for an input that it does not know
