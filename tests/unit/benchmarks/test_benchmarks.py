"""How the benchmarks turn measurements into rows, a page and a chart."""

import json
import urllib.request

import pytest

from benchmarks import export_numbers, import_numbers, scrub_leads
from benchmarks.harness import chart, cpu_time, results, stand_in
from infra.scale import model


def rows(goal=">= 4 x", **more):
    measured = results.compared("a call", "ours", "theirs", [1.0, 2.0, 4.0], [10.0, 10.0, 10.0], "µs CPU", goal, **more)
    missing = results.skipped("a call", "ours", "others", "it is not installed")
    return results.with_verdicts("calls", [measured, missing])


def test_a_ratio_is_the_median_of_the_rounds_and_has_a_spread():
    row, missing = rows()
    assert (row["ratio"], row["spread"], row["reached"]) == (5.0, [2.5, 10.0], True)
    assert (row["subject_median"], row["reference_median"]) == (2.0, 10.0)
    assert results.as_lines([row, missing]).splitlines() == [
        "  a call: ours vs. theirs: 5 x (2.5–10), 2 vs. 10 µs CPU, goal >= 4 x, reached",
        "  a call: ours vs. others: skipped, it is not installed",
    ]


def test_an_inverse_ratio_is_the_subjects_cost_divided_by_the_references():
    row, _ = rows("<= 0.1 x", inverse=True, memory=12.3)
    assert (row["ratio"], row["spread"], row["reached"]) == (0.2, [0.1, 0.4], False)
    assert results.as_lines([row]).endswith("2 vs. 10 µs CPU; 12 MB at most, goal <= 0.1 x, **not reached**")


def test_the_page_and_the_chart_have_every_row():
    machine = {"date": "2026-11-24", "cpu": "c", "cores": 2, "system": "s", "python": "3.13", "load_at_start": 0.1}
    run = {"machine": machine, "command": "make bench", "rows": rows(), "skipped": {"other": "no redis"}}
    run["commands"] = {"calls": "python -m benchmarks full calls"}
    page = results.as_page(run)
    assert "Measured separately, with `python -m benchmarks full calls`." in page
    assert "| a call | ours | theirs | 5 | 2.5–10 | 2 vs. 10 µs CPU | >= 4 x, reached |" in page
    assert "| a call | ours | others | skipped |" in page
    assert "`other` was skipped: no redis" in page
    assert "1 of 1 goals were reached." in page
    missed = results.as_page({**run, "rows": rows(">= 6 x")})
    assert "- a call, ours vs. theirs: 5 x, goal >= 6 x" in missed
    assert "5 × ✓" in chart.svg(rows())
    assert "✗ goal not reached" in chart.svg(rows(">= 6 x"))


def test_the_page_and_the_chart_show_the_stored_results():
    run = json.loads(results.JSON.read_text())
    assert results.PAGE.read_text() == results.as_page(run)
    assert chart.FILE.read_text() == chart.svg(run["rows"])


QUERY = {"TableName": "t", "ExpressionAttributeValues": {":p": {"S": "p"}, ":a": {"S": "b"}, ":z": {"S": "c"}}}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("h = :p", "abcd"),
        ("h = :p AND s > :a", "cd"),
        ("h = :p AND #s >= :a", "bcd"),
        ("h = :p AND s BETWEEN :a AND :z", "bc"),
        ("h = :p AND begins_with(#s, :z)", "c"),
    ],
)
def test_the_stand_in_applies_the_key_condition_of_a_query(condition, expected):
    stored = [{"h": {"S": part}, "s": {"S": sort}} for part in "pq" for sort in "abcd"]
    tables = stand_in.Tables({"t": {"keys": ["h", "s"], "rows": stored}})
    response = tables.respond("Query", {**QUERY, "KeyConditionExpression": condition})
    assert [item["s"]["S"] for item in response["Items"]] == list(expected)
    assert {item["h"]["S"] for item in response["Items"]} == {"p"}


def test_the_stand_in_sets_what_an_update_sets():
    tables = stand_in.Tables({"t": {"keys": ["h"], "rows": [{"h": {"S": "a"}, "m": {"M": {}}}]}})
    update = {
        "TableName": "t",
        "Key": {"h": {"S": "a"}},
        "UpdateExpression": "SET #s = :s, m.n = m.n + :n, x.y = :n, l = list_append(l, :l) REMOVE gone",
        "ExpressionAttributeNames": {"#s": "status"},
        "ExpressionAttributeValues": {":s": {"S": "running"}, ":n": {"N": "2"}, ":l": {"L": []}},
    }
    expected = {"h": {"S": "a"}, "status": {"S": "running"}, "m": {"M": {"n": {"N": "2"}}}}
    assert tables.respond("UpdateItem", update) == {"Attributes": expected}
    assert tables.respond("GetItem", {"TableName": "t", "Key": {"h": {"S": "a"}}}) == {"Item": expected}


def test_the_stand_in_stores_objects_as_s3_does():
    objects = stand_in.Objects({"/b/k": "0123456789"})
    assert objects.respond("GET", "/b/k", "\r\nrange: bytes=7-\r\n", b"")[1] == b"789"
    assert objects.respond("GET", "/b/none", "", b"")[0].startswith("404")
    objects.respond("PUT", "/b/new", "", b"x")
    assert objects.respond("GET", "/b/new", "", b"")[1] == b"x"


def test_no_response_of_the_stand_in_repeats_a_request_id():
    """The service's client takes a repeated id for a response to another request, and would retry."""
    with stand_in.StandIn({"t": {"keys": ["h"]}}) as server:
        ids = set()
        for _ in range(3):
            headers = {"X-Amz-Target": "AWSEvents.PutEvents"}
            request = urllib.request.Request(server.url, json.dumps({"Entries": []}).encode(), headers)
            with urllib.request.urlopen(request, timeout=30) as response:
                ids.add(response.headers["x-amzn-RequestId"])
                response.read(int(response.headers["Content-Length"]))
    assert len(ids) == 3


def test_the_error_names_the_subject_that_failed():
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
def test_a_bulk_benchmark_verifies_its_result_and_returns_rows(measure):
    measured = results.with_verdicts("bulk", measure())
    assert len(results.as_lines(measured).splitlines()) == len(measured) >= 2
    model.inputs(measured)  # raises for an unknown input
