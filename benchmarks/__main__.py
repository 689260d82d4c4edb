"""Runs every benchmark: `make bench` (a few rounds, under ten minutes) and `make bench-full`.

`python -m benchmarks [full] [NAME ...]` runs only the named ones and keeps the last results of the others.
"""

import importlib
import json
import sys
import time
from typing import Any

from benchmarks.harness import chart, results
from benchmarks.harness.sandbox import CannotMeasure

# By name: the arguments of a quick run, and those of a full one.
BENCHMARKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "cold_start": ({"quick": True}, {"quick": False}),
    "invocations": ({"quick": True}, {"quick": False}),
    "warm_check": ({"quick": True}, {"quick": False}),
    "batch_check": ({"quick": True}, {"quick": False}),
    "phone_numbers": ({"quick": True}, {"quick": False}),
    "readings": ({"quick": True}, {"quick": False}),
    "import_numbers": ({"rows": 30_000, "sample": 5_000}, {"rows": 1_000_000}),
    "export_numbers": ({"rows": 20_000}, {"rows": 100_000}),
    "scrub_leads": ({"leads": 250_000, "listed": 250_000, "rounds": 2}, {"leads": 1_000_000, "listed": 1_000_000}),
}


def run(name: str, *, full: bool) -> list[dict[str, Any]]:
    """Run one benchmark. Raises CannotMeasure if it, or its only reference, cannot run on this machine."""
    try:
        module = importlib.import_module(f"benchmarks.{name}")
    except ModuleNotFoundError as missing:
        raise CannotMeasure(f"{missing.name} is not installed") from None
    arguments = BENCHMARKS[name][1 if full else 0]
    return results.with_verdicts(name, module.main(**arguments))


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all of them, and write the results."""
    full = "full" in arguments
    names = [name for name in arguments if name != "full"]
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"unknown benchmarks: {', '.join(unknown)}. Choose from {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    machine = results.machine()
    command = "make bench-full" if full else "make bench"
    last: dict[str, Any] = {"rows": [], "skipped": {}, "commands": {}}
    if names and results.JSON.exists():
        last |= json.loads(results.JSON.read_text())
        machine, command = last["machine"], last["command"]
    commands: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    skipped: dict[str, str] = {}
    for name in BENCHMARKS:
        if names and name not in names:
            rows += [row for row in last["rows"] if row["benchmark"] == name]
            skipped |= {n: reason for n, reason in last["skipped"].items() if n == name}
            commands |= {n: how for n, how in last["commands"].items() if n == name}
            continue
        if names:
            commands[name] = f"python -m benchmarks {'full ' if full else ''}{name}"
        start = time.monotonic()
        print(f"{name}", flush=True)
        try:
            measured = run(name, full=full)
        except CannotMeasure as reason:
            skipped[name] = str(reason)
            print(f"  skipped: {reason}", flush=True)
            continue
        rows += measured
        print(f"{results.as_lines(measured)}\n  ({time.monotonic() - start:.0f} s)", flush=True)
    whole = {"machine": machine, "command": command, "commands": commands, "rows": rows, "skipped": skipped}
    results.write(whole)
    chart.FILE.write_text(chart.svg(rows))
    print(f"Wrote {results.PAGE}, {results.JSON.name} and {chart.FILE.name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
