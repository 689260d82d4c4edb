"""The chart of `benchmarks/results.md`, as SVG: one bar for each comparison that has a goal.

The gray of its text and lines is readable on light and dark pages, and a mark as well as a color tells bars apart.
"""

import math
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

LESS = " (less is better)"
FILE = Path(__file__).parents[1] / "results.svg"
_ROW, _LEFT, _WIDTH, _TOP, _RIGHT = 30, 430, 420, 40, 130
_TEXT, _LINE, _REACHED, _MISSED = "#7d8590", "#7d859055", "#2da44e", "#d4a72c"


def svg(rows: Iterable[Mapping[str, Any]]) -> str:
    """Draw the comparisons that have a goal, on a logarithmic scale.

    The tick is the goal, and the thin line in a bar is the spread between rounds.
    """
    bars = [row for row in rows if row.get("goal") and "skipped" not in row]
    largest = max((max(float(row["ratio"]), _goal(row)) for row in bars), default=1.0)
    powers = math.log10(max(largest, 10)) * 1.02
    height = _TOP + _ROW * len(bars) + 10
    total = _LEFT + _WIDTH + _RIGHT
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {height}" width="{total}" height="{height}" '
        'role="img" font-family="system-ui, sans-serif" font-size="12">',
        "<title>The reference's cost divided by the subject's, for each comparison with a goal</title>",
    ]
    for power in range(int(powers) + 1):
        x = _x(10.0**power, powers)
        out.append(f'<line x1="{x}" y1="{_TOP - 6}" x2="{x}" y2="{height - 6}" stroke="{_LINE}"/>')
        out.append(f'<text x="{x}" y="{_TOP - 14}" fill="{_TEXT}" text-anchor="middle">{10**power} ×</text>')
    for index, row in enumerate(bars):
        out += _bar(row, _TOP + index * _ROW, powers)
    return "\n".join([*out, "</svg>"]) + "\n"


def _bar(row: Mapping[str, Any], y: float, powers: float) -> list[str]:
    ratio, goal = float(row["ratio"]), _goal(row)
    color, mark = (_REACHED, "✓") if row["reached"] else (_MISSED, "✗ goal not reached")
    end = _x(ratio, powers)
    reference = f"vs. {row['reference']}{LESS if _less_is_better(row) else ''}"
    low, high = (_x(float(at), powers) for at in row["spread"])
    tick = _x(goal, powers)
    return [
        f'<text x="{_LEFT - 10}" y="{y + 10}" fill="{_TEXT}" text-anchor="end">{escape(_cut(str(row["name"]), 60))}'
        "</text>",
        f'<text x="{_LEFT - 10}" y="{y + 22}" fill="{_TEXT}" text-anchor="end" font-size="10">'
        f"{escape(_cut(reference, 80))}</text>",
        f'<rect x="{_LEFT}" y="{y + 3}" width="{max(end - _LEFT, 2):.1f}" height="16" rx="2" fill="{color}"/>',
        f'<line x1="{low}" y1="{y + 11}" x2="{high}" y2="{y + 11}" stroke="{_TEXT}" stroke-width="1.5"/>',
        f'<line x1="{tick}" y1="{y}" x2="{tick}" y2="{y + 22}" stroke="{_TEXT}" stroke-width="2"/>',
        f'<text x="{max(end, high, tick) + 8:.1f}" y="{y + 15}" fill="{_TEXT}">{ratio:.3g} × {mark}</text>',
    ]


def _goal(row: Mapping[str, Any]) -> float:
    return float("".join(c for c in str(row["goal"]) if c.isdigit() or c == ".") or 1)


def _x(value: float, powers: float) -> float:
    return round(_LEFT + _WIDTH * math.log10(max(value, 1.0)) / powers, 1)


def _less_is_better(row: Mapping[str, Any]) -> bool:
    return str(row["goal"]).startswith("<")


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
