"""What a run found: read from the benchmarks' rows, told on the terminal, written as JSON and as a table."""

import json
import os
import platform
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

JSON, TABLE = Path(__file__).with_name("results.json"), Path(__file__).with_name("results.md")


def read(benchmark: str, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give a benchmark's rows in one form, each with whether its goal was reached (None: it has none)."""
    return [
        {"benchmark": benchmark, "name": row.get("subject", benchmark), **row, "reached": reached(row)} for row in rows
    ]


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
        name = row.get("name", row.get("subject", ""))
        if "skipped" in row:
            lines.append(f"  {name}, against {row.get('reference', '-')}: skipped, {row['skipped']}")
            continue
        goal = f", goal {row['goal']}{_MARK[reached(row)]}" if row.get("goal") else ""
        lines.append(
            f"  {name}: {row['subject']} {_medians(row)} {row['reference']}: {_ratio(row)} x ({_spread(row)}){goal}"
        )
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
        lines += ["", f"## {benchmark}", "", "| what | subject | reference | ratio | spread | medians | goal |"]
        lines += ["|---|---|---|---|---|---|---|"]
        for row in (row for row in found["rows"] if row["benchmark"] == benchmark):
            cells = [row["name"], row.get("subject", ""), row.get("reference", "")]
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
    spread = row.get("spread", "")
    return spread if isinstance(spread, str) else "–".join(f"{float(end):.4g}" for end in spread)


def _medians(row: Mapping[str, Any]) -> str:
    if "subject_median" not in row:
        return str(row.get("unit", ""))
    return f"{row['subject_median']} against {row['reference_median']} {row['unit']}"


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
