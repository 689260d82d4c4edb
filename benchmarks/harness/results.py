"""What a run found: read from the benchmarks' rows, told on the terminal, written as JSON and as a table."""

import json
import os
import platform
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[1]
JSON, TABLE = _FOLDER / "results.json", _FOLDER / "results.md"


def compared(
    name: str,
    subject: str,
    reference: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    unit: str,
    goal: str = "",
    *,
    upside_down: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """Give a row: how many times the subject's cost the reference has, or with `upside_down` the other way.

    `ours`, `theirs`: the cost of each round, in `unit`; the ratio is that of each round, then their median. `more`
    goes into the row: `memory` (MB), `note`, and `scale`, the inputs of `infra.scale.model` that were measured.
    """
    ratios = [a / b if upside_down else b / a for a, b in zip(ours, theirs, strict=True)]
    return {
        "name": name,
        "subject": subject,
        "reference": reference,
        "ratio": float(f"{statistics.median(ratios):.4g}"),
        "spread": [float(f"{end:.4g}") for end in (min(ratios), max(ratios))],
        "unit": unit,
        "subject_median": float(f"{statistics.median(ours):.4g}"),
        "reference_median": float(f"{statistics.median(theirs):.4g}"),
        "rounds": len(ratios),
        "goal": goal,
        **more,
    }


def skipped(name: str, subject: str, reference: str, why: str) -> dict[str, Any]:
    """Give the row of a comparison that could not be made here."""
    return {"name": name, "subject": subject, "reference": reference, "skipped": why}


def read(benchmark: str, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give a benchmark's rows, each with whether its goal was reached (None: it has none)."""
    return [{"benchmark": benchmark, **row, "reached": reached(row)} for row in rows]


def reached(row: Mapping[str, Any]) -> bool | None:
    """Tell whether a ratio reached its goal: `>= 18 x`, `<= 1.5 x`, or a number to reach."""
    if "skipped" in row or not row.get("goal"):
        return None
    found = re.fullmatch(r"(>=|<=|≥|≤)? *([\d.]+).*", str(row["goal"]))
    if not found:
        return None
    wanted = float(found[2])
    ratio = float(row["ratio"])
    return ratio <= wanted if found[1] in {"<=", "≤"} else ratio >= wanted


def machine() -> dict[str, Any]:
    """Name the machine, the Python and the day."""
    model = re.search(r"^model name\s*: (.+)$", _cpuinfo(), re.MULTILINE)
    return {
        "cpu": model[1] if model else platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "date": datetime.now(UTC).date().isoformat(),
        "load_at_start": round(os.getloadavg()[0], 1),
    }


def told(rows: Iterable[Mapping[str, Any]]) -> str:
    """Write rows as lines for a terminal."""
    lines = []
    for row in rows:
        what = f"  {row['name']}: {row['subject']} against {row['reference']}"
        if "skipped" in row:
            lines.append(f"{what}: skipped, {row['skipped']}")
            continue
        goal = f", goal {row['goal']}{_MARK[reached(row)]}" if row.get("goal") else ""
        lines.append(f"{what}: {_ratio(row)} x ({_spread(row)}), {_medians(row)}{goal}")
    return "\n".join(lines)


def written(found: Mapping[str, Any]) -> str:
    """Write a whole run as a page."""
    where = found["machine"]
    lines = [
        "# What was measured",
        "",
        f"On {where['date']}, {where['cpu']}, {where['cores']} cores, {where['system']}, Python {where['python']}; "
        f"load when it began: {where['load_at_start']}. Made by `{found['command']}`. A ratio says how many times as "
        "much the reference takes, both in the same run, the median of the rounds with the smallest and the largest; "
        "where the goal is `<=`, how many times as much the subject takes.",
    ]
    for benchmark in dict.fromkeys(row["benchmark"] for row in found["rows"]):
        lines += ["", f"## {benchmark}", ""]
        if benchmark in found.get("commands", {}):
            lines += [f"Made apart, by `{found['commands'][benchmark]}`.", ""]
        lines += ["| what | subject | reference | ratio | spread | medians | goal |"]
        lines += ["|---|---|---|---|---|---|---|"]
        for row in (row for row in found["rows"] if row["benchmark"] == benchmark):
            cells = [row["name"], row["subject"], row["reference"]]
            if "skipped" in row:
                cells += ["skipped", "", str(row["skipped"]), ""]
            else:
                cells += [_ratio(row), _spread(row), _medians(row), f"{row.get('goal', '')}{_MARK[row['reached']]}"]
            lines.append("| " + " | ".join(str(cell).replace("|", "/").replace("\n", " ") for cell in cells) + " |")
    for benchmark, why in found["skipped"].items():
        lines += ["", f"`{benchmark}` was skipped: {why}"]
    return "\n".join(lines) + "\n"


def write(found: Mapping[str, Any]) -> None:
    """Write a run to the two files."""
    JSON.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    TABLE.write_text(written(found))


_MARK = {None: "", True: ", reached", False: ", **not reached**"}


def _ratio(row: Mapping[str, Any]) -> str:
    return f"{float(row['ratio']):.4g}"


def _spread(row: Mapping[str, Any]) -> str:
    return "–".join(f"{end:.4g}" for end in row["spread"])


def _medians(row: Mapping[str, Any]) -> str:
    memory = f"; {row['memory']:.0f} MB at most" if row.get("memory") else ""
    note = f"; {row['note']}" if row.get("note") else ""
    return f"{row['subject_median']:g} against {row['reference_median']:g} {row['unit']}{memory}{note}"


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
