"""What the benchmarks make of their measurements."""

import pytest

from benchmarks import cpu_time


def test_a_ratio_is_the_median_of_the_rounds_and_its_spread_is_told():
    found = {"ours": [1.0, 2.0, 4.0], "theirs": [10.0, 10.0, 10.0]}
    row = cpu_time.compared(found, "ours", "theirs", ">= 4 x")
    assert (row["ratio"], row["spread"]) == (5.0, "2.50-10.00")
    assert (row["subject_median"], row["reference_median"]) == (2.0, 10.0)
    skipped = {"subject": "ours", "reference": "others", "skipped": "it is not installed"}
    assert cpu_time.told([row, skipped]).splitlines() == [
        "ours: 2 | theirs: 10 µs CPU a call | 5 x (2.50-10.00) | goal >= 4 x",
        "ours against others: skipped, it is not installed",
    ]


def test_a_subject_that_fails_is_told_by_name():
    with pytest.raises(RuntimeError, match="no such subject"):
        cpu_time.take_turns("benchmarks.nowhere", ["no such subject"], 1, {"no such subject": 1}, {})


def test_cpu_time_grows_with_the_work():
    little, much = (cpu_time.of_calls(lambda n=n: sum(range(n)), 200) for n in (1_000, 100_000))
    assert much > 10 * little
