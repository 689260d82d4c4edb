"""What `make soak` makes of its samples, and how it takes them."""

import json
import os
import subprocess
import sys

import pytest

from benchmarks.harness import processes, results, soak_results


def samples(count, **held):
    """Return samples of one function. `held`: by what, a function of the sample's index."""
    base = {"memory": lambda _: 50.0, "threads": lambda _: 1, "sockets": lambda _: 3} | held
    return [
        {
            "at": 5.0 * i,
            "done": {"adds": 10 * i},
            "functions": {"check": {n: f(i) for n, f in base.items()} | {"pids": [7]}},
        }
        for i in range(count)
    ]


@pytest.mark.parametrize(
    ("held", "grew"),
    [
        ({}, set()),
        ({"memory": lambda i: 50 + i * 0.005}, set()),
        ({"memory": lambda i: 50 + i * 0.1}, {"memory"}),
        ({"memory": lambda i: 80 if i < 20 else 50}, set()),
        ({"memory": lambda i: 50 + 7 * (i > 80)}, set()),
        ({"threads": lambda i: 1 + i // 30}, {"threads"}),
        ({"sockets": lambda i: 3 + i // 30}, {"sockets"}),
        ({"sockets": lambda i: 30 if i == 110 else 3}, set()),
    ],
    ids=[
        "flat",
        "noise",
        "memory leaks",
        "memory falls",
        "memory steps once",
        "threads leak",
        "sockets leak",
        "one peak",
    ],
)
def test_what_grows_is_found(held, grew):
    found = soak_results.growth(samples(120, **held))
    assert {one["what"] for one in found if one["grew"]} == grew
    assert {one["what"] for one in found} == {"memory", "threads", "sockets"}


def test_a_second_process_of_a_function_is_no_growth():
    taken = samples(120)
    for sample in taken[60:]:
        held = sample["functions"]["check"]
        held.update(memory=100.0, threads=2, sockets=6, pids=[7, 8])
    assert not [one for one in soak_results.growth(taken) if one["grew"]]


def test_the_page_and_the_plot_show_a_run(tmp_path, monkeypatch):
    monkeypatch.setattr(soak_results, "JSON", tmp_path / "soak.json")
    monkeypatch.setattr(soak_results, "SAMPLES", tmp_path / "samples.json")
    monkeypatch.setattr(soak_results, "CHART", tmp_path / "soak.svg")
    assert soak_results.section() == []
    taken = samples(120, memory=lambda i: 50 + i)
    figures = {"machine": results.machine(), "minutes": 10, "done": {"adds": 1190}, "faults": [], "samples": taken}
    soak_results.write(figures, soak_results.growth(taken))
    page = "\n".join(soak_results.section())
    assert "Wrong answers: 0. Errors: 0. What grew steadily: memory of check in" in page
    assert "| adds | 1,190 | 1.98 |" in page
    assert "| check | 94.5 → 124.5 → 154.5 | 1 → 1 → 1 | 3 → 3 → 3 |" in page
    assert page.endswith("(soak.svg)")
    plot = (tmp_path / "soak.svg").read_text()
    assert plot.count("<polyline") == 4
    assert len(json.loads((tmp_path / "samples.json").read_text())) == 120
    figures["faults"] = ["export: WrongAnswer: one is missing", *["dial: DemoFailed: unavailable"] * 2]
    soak_results.write(figures, [])
    page = "\n".join(soak_results.section())
    assert "Wrong answers: 1. Errors: 2. Nothing grew steadily" in page
    assert "- 2 × dial: DemoFailed: unavailable" in page


def test_only_the_processes_of_the_emulators_functions_are_sampled():
    code = "import socket, sys; s = socket.socket(); sys.stdin.read()"
    name = {"AWS_LAMBDA_FUNCTION_NAME": "stack-CheckFunction-1"}
    with subprocess.Popen([sys.executable, "-c", code], env=os.environ | name, stdin=subprocess.PIPE) as child:
        try:
            deployed = {"check": "stack-CheckFunction-1", "add": "stack-AddFunction-1"}
            found = {}
            while found.get("check", {}).get("sockets") != 1:
                found = processes.of_functions(os.getpid(), deployed)
                assert child.poll() is None
            assert found.keys() == {"check"}
            assert found["check"]["pids"] == [child.pid]
            assert found["check"]["threads"] == 1
            assert found["check"]["memory"] > 1
            assert processes.of_functions(child.pid, deployed) == {}
        finally:
            child.communicate(b"")
