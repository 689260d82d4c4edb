"""The results of a run: rows with ratios, printed on the terminal and written as JSON and as a page."""

import json
import os
import platform
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.harness import soak_results

_FOLDER = Path(__file__).parents[1]
JSON, PAGE = _FOLDER / "results.json", _FOLDER / "results.md"

SECTIONS = {
    "cold_start": (
        "Cold starts",
        "CPU time from the start of a fresh process to its first response. [Decision 26]"
        "(../docs/decisions/0026-what-a-cold-start-is-compared-with.md) describes the references. The console's "
        "function loads so little that its build can hardly make it faster. The steps of bulk jobs need botocore for "
        "S3, which is most of what they still load.",
    ),
    "invocations": (
        "Warm invocations",
        "CPU time per invocation under Lambda's own runtime client. [The scale page](../docs/scale.md) uses these. "
        "The function that does nothing shows what the client and Python cost. The one that only exchanges bytes shows "
        "what no check can avoid. The rest is the check's own work: the number, the signature, JSON and the decision.",
    ),
    "warm_check": (
        "A warm check of one number",
        "redis-py and PyMySQL make bare calls: they parse no request and no phone number, read no account, sign "
        "nothing and cannot tell that an entry has expired. [Decision 18]"
        "(../docs/decisions/0018-own-dynamodb-client.md) shows where our time goes.",
    ),
    "batch_check": (
        "A warm check of 1,000 numbers",
        "boto3's loop only reads; it parses no phone numbers and builds no results. [Decision 20]"
        "(../docs/decisions/0020-batch-reads-side-by-side.md) explains the choice.",
    ),
    "phone_numbers": (
        "Reading phone numbers",
        "A mixed file of written numbers, read to E.164 with a check that each is valid. [Decision 21]"
        "(../docs/decisions/0021-phone-fast-path.md) explains how.",
    ),
    "import_numbers": (
        "Imports",
        "The plain loops write the same rows with boto3 and have none of the guarantees. [Decision 11]"
        "(../docs/decisions/0011-bulk-writes-by-partiql.md) explains the writes.",
    ),
    "export_numbers": (
        "Exports",
        "The plain loop keeps no progress, computes no digests and leaves formulas in cells.",
    ),
    "scrub_leads": (
        "Scrubs",
        "Every method reads the same files. [Decision 15](../docs/decisions/0015-scrub-by-reading-or-looking-up.md) "
        "explains how a scrub reads the list.",
    ),
}
"""The title and the introduction of each benchmark's section, by the benchmark's name."""


def compared(
    name: str,
    subject: str,
    reference: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    unit: str,
    goal: str = "",
    *,
    inverse: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """Return a row. The ratio is the reference's cost divided by the subject's, or with `inverse` the other way round.

    `ours`, `theirs`: the cost of each round, in `unit`. The ratio is the median of the rounds' ratios. `more` is added
    to the row: `memory` (MB), `note`, and `scale`, the measured inputs of `infra.scale.model`.
    """
    ratios = [a / b if inverse else b / a for a, b in zip(ours, theirs, strict=True)]
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


def skipped(name: str, subject: str, reference: str, reason: str) -> dict[str, Any]:
    """Return the row of a comparison that could not be made on this machine."""
    return {"name": name, "subject": subject, "reference": reference, "skipped": reason}


def with_verdicts(benchmark: str, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a benchmark's rows, each with `reached`: whether it reached its goal (None: it has none)."""
    return [{"benchmark": benchmark, **row, "reached": reached(row)} for row in rows]


def reached(row: Mapping[str, Any]) -> bool | None:
    """Return whether a ratio reached its goal: `>= 18 x`, `<= 1.5 x`, or a plain number to reach. None: no goal."""
    if "skipped" in row or not row.get("goal"):
        return None
    goal = re.fullmatch(r"(>=|<=|≥|≤)? *([\d.]+).*", str(row["goal"]))
    if not goal:
        return None
    limit = float(goal[2])
    ratio = float(row["ratio"])
    return ratio <= limit if goal[1] in {"<=", "≤"} else ratio >= limit


def machine() -> dict[str, Any]:
    """Describe the machine, its Python and the day."""
    model = re.search(r"^model name\s*: (.+)$", _cpuinfo(), re.MULTILINE)
    return {
        "cpu": model[1] if model else platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "date": datetime.now(UTC).date().isoformat(),
        "load_at_start": round(os.getloadavg()[0], 1),
    }


def as_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Format rows for the terminal, one line each."""
    lines = []
    for row in rows:
        pair = f"  {row['name']}: {row['subject']} vs. {row['reference']}"
        if "skipped" in row:
            lines.append(f"{pair}: skipped, {row['skipped']}")
            continue
        goal = f", goal {row['goal']}{_MARK[reached(row)]}" if row.get("goal") else ""
        lines.append(f"{pair}: {_ratio(row)} x ({_spread(row)}), {_medians(row)}{goal}")
    return "\n".join(lines)


def as_page(run: Mapping[str, Any]) -> str:
    """Format a whole run as a Markdown page."""
    lines = [*_introduction(run), *_goals(run["rows"])]
    for benchmark in dict.fromkeys(row["benchmark"] for row in run["rows"]):
        title, words = SECTIONS.get(benchmark, (benchmark, ""))
        lines += ["", f"## {title}", ""]
        if words:
            lines += [words, ""]
        if benchmark in run.get("commands", {}):
            lines += [f"Measured separately, with `{run['commands'][benchmark]}`.", ""]
        lines += ["| what | subject | reference | ratio | spread | medians | goal |"]
        lines += ["|---|---|---|---|---|---|---|"]
        lines += [_table_row(row) for row in run["rows"] if row["benchmark"] == benchmark]
    for benchmark, reason in run["skipped"].items():
        lines += ["", f"`{benchmark}` was skipped: {reason}"]
    lines += soak_results.section()
    return "\n".join(lines) + "\n"


def write(run: Mapping[str, Any]) -> None:
    """Write a run to the JSON file and to the page."""
    JSON.write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(as_page(run))


_MARK = {None: "", True: ", reached", False: ", **not reached**"}


def _introduction(run: Mapping[str, Any]) -> list[str]:
    where = run["machine"]
    return [
        "# Speed",
        "",
        f"`{run['command']}` wrote this page on {where['date']}, on {where['cpu']} with {where['cores']} cores, "
        f"{where['system']}, Python {where['python']}. The load average at the start was {where['load_at_start']}.",
        "",
        "In each row, a subject and a reference took turns in the same run. The ratio is the reference's cost divided "
        "by the subject's, as the median of the rounds. The spread is the smallest and the largest ratio of a round. "
        "If the goal is `<=`, the ratio is the other way round: the subject's cost divided by the reference's.",
        "",
        "Cold starts, invocations and checks are measured on the built artifacts, bulk work and the reading of numbers "
        "on the sources. A reference that is not installed (Debian's `redis-server`, `mariadb-server`) is skipped.",
        "",
        "![The cost of each reference divided by the subject's](results.svg)",
        "",
        "In the chart, a longer bar is better unless it says otherwise. The tick is the goal.",
    ]


def _goals(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    with_goal = [row for row in rows if row["reached"] is not None]
    missed = [row for row in with_goal if not row["reached"]]
    lines = ["", f"{len(with_goal) - len(missed)} of {len(with_goal)} goals were reached."]
    if missed:
        lines += ["", "Not reached:", ""]
        lines += [
            f"- {row['name']}, {row['subject']} vs. {row['reference']}: {_ratio(row)} x, goal {row['goal']}"
            for row in missed
        ]
    return lines


def _table_row(row: Mapping[str, Any]) -> str:
    cells = [row["name"], row["subject"], row["reference"]]
    if "skipped" in row:
        cells += ["skipped", "", str(row["skipped"]), ""]
    else:
        cells += [_ratio(row), _spread(row), _medians(row), f"{row.get('goal', '')}{_MARK[row['reached']]}"]
    return "| " + " | ".join(str(cell).replace("|", "/").replace("\n", " ") for cell in cells) + " |"


def _ratio(row: Mapping[str, Any]) -> str:
    return f"{float(row['ratio']):.4g}"


def _spread(row: Mapping[str, Any]) -> str:
    return "–".join(f"{end:.4g}" for end in row["spread"])


def _medians(row: Mapping[str, Any]) -> str:
    memory = f"; {row['memory']:.0f} MB at most" if row.get("memory") else ""
    note = f"; {row['note']}" if row.get("note") else ""
    return f"{row['subject_median']:g} vs. {row['reference_median']:g} {row['unit']}{memory}{note}"


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
