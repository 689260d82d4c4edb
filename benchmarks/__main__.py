"""Runs every benchmark: `make bench` (a few rounds, under ten minutes) and `make bench-full`.

`python -m benchmarks [full] [NAME ...]`: only the named ones; the others' last results are kept.
"""

import importlib
import json
import sys
import time
from typing import Any

from benchmarks.harness import chart, results
from benchmarks.harness.sandbox import CannotMeasure

# By name: how each is called when there is little time, and when there is much.
BENCHMARKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "cold_start": ({"quick": True}, {"quick": False}),
    "invocations": ({"quick": True}, {"quick": False}),
    "warm_check": ({"quick": True}, {"quick": False}),
    "batch_check": ({"quick": True}, {"quick": False}),
    "phone_numbers": ({"quick": True}, {"quick": False}),
    "import_numbers": ({"rows": 30_000, "sample": 5_000}, {"rows": 1_000_000}),
    "export_numbers": ({"rows": 20_000}, {"rows": 100_000}),
    "scrub_leads": ({"leads": 250_000, "listed": 250_000, "rounds": 2}, {"leads": 1_000_000, "listed": 1_000_000}),
}


def run(name: str, *, full: bool) -> list[dict[str, Any]]:
    """Run one benchmark. Raises CannotMeasure when it, or what it measures against, is not there."""
    try:
        module = importlib.import_module(f"benchmarks.{name}")
    except ModuleNotFoundError as missing:
        raise CannotMeasure(f"{missing.name} is not here") from None
    given = BENCHMARKS[name][1 if full else 0]
    return results.read(name, module.main(**given))


def main(arguments: list[str]) -> int:
    """Run what is asked for and write the results."""
    full = "full" in arguments
    asked = [name for name in arguments if name != "full"]
    unknown = [name for name in asked if name not in BENCHMARKS]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    where = results.machine()
    command = "make bench-full" if full else "make bench"
    before: dict[str, Any] = {"rows": [], "skipped": {}, "commands": {}}
    if asked and results.JSON.exists():
        before |= json.loads(results.JSON.read_text())
        where, command = before["machine"], before["command"]
    commands: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    skipped: dict[str, str] = {}
    for name in BENCHMARKS:
        if asked and name not in asked:
            rows += [row for row in before["rows"] if row["benchmark"] == name]
            skipped |= {n: why for n, why in before["skipped"].items() if n == name}
            commands |= {n: how for n, how in before["commands"].items() if n == name}
            continue
        if asked:
            commands[name] = f"python -m benchmarks {'full ' if full else ''}{name}"
        began = time.monotonic()
        print(f"{name}", flush=True)
        try:
            found = run(name, full=full)
        except CannotMeasure as why:
            skipped[name] = str(why)
            print(f"  skipped: {why}", flush=True)
            continue
        rows += found
        print(f"{results.told(found)}\n  ({time.monotonic() - began:.0f} s)", flush=True)
    whole = {"machine": where, "command": command, "commands": commands, "rows": rows, "skipped": skipped}
    results.write(whole)
    chart.FILE.write_text(chart.drawn(rows))
    print(f"written: {results.TABLE}, {results.JSON.name}, {chart.FILE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
