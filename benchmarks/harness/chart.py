"""The chart that the README shows: a bar for each comparison that has a goal, as SVG.

Its text and its lines are grey enough for a light page and a dark one, and the bars are told apart by a mark too.
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


def drawn(rows: Iterable[Mapping[str, Any]]) -> str:
    """Draw the comparisons that have a goal. The scale is logarithmic; a notch stands where the goal is.

    The thin line in a bar is the spread between rounds.
    """
    shown = [row for row in rows if row.get("goal") and "skipped" not in row]
    largest = max((max(float(row["ratio"]), _goal(row)) for row in shown), default=1.0)
    most = math.log10(max(largest, 10)) * 1.02
    height = _TOP + _ROW * len(shown) + 10
    total = _LEFT + _WIDTH + _RIGHT
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {height}" width="{total}" height="{height}" '
        'role="img" font-family="system-ui, sans-serif" font-size="12">',
        "<title>How many times as much the reference takes, for each comparison with a goal</title>",
    ]
    for power in range(int(most) + 1):
        x = _x(10.0**power, most)
        out.append(f'<line x1="{x}" y1="{_TOP - 6}" x2="{x}" y2="{height - 6}" stroke="{_LINE}"/>')
        out.append(f'<text x="{x}" y="{_TOP - 14}" fill="{_TEXT}" text-anchor="middle">{10**power} ×</text>')
    for place, row in enumerate(shown):
        out += _bar(row, _TOP + place * _ROW, most)
    return "\n".join([*out, "</svg>"]) + "\n"


def _bar(row: Mapping[str, Any], y: float, most: float) -> list[str]:
    ratio, goal = float(row["ratio"]), _goal(row)
    color, mark = (_REACHED, "✓") if row["reached"] else (_MISSED, "✗ goal not reached")
    end = _x(ratio, most)
    what = str(row["name"])
    against = f"against {row['reference']}{LESS if _less_is_better(row) else ''}"
    low, high = (_x(float(at), most) for at in row["spread"])
    return [
        f'<text x="{_LEFT - 10}" y="{y + 10}" fill="{_TEXT}" text-anchor="end">{escape(_short(what, 60))}</text>',
        f'<text x="{_LEFT - 10}" y="{y + 22}" fill="{_TEXT}" text-anchor="end" font-size="10">'
        f"{escape(_short(against, 80))}</text>",
        f'<rect x="{_LEFT}" y="{y + 3}" width="{max(end - _LEFT, 2):.1f}" height="16" rx="2" fill="{color}"/>',
        f'<line x1="{low}" y1="{y + 11}" x2="{high}" y2="{y + 11}" stroke="{_TEXT}" stroke-width="1.5"/>',
        f'<line x1="{_x(goal, most)}" y1="{y}" x2="{_x(goal, most)}" y2="{y + 22}" stroke="{_TEXT}" stroke-width="2"/>',
        f'<text x="{max(end, high, _x(goal, most)) + 8:.1f}" y="{y + 15}" fill="{_TEXT}">{ratio:.3g} × {mark}</text>',
    ]


def _goal(row: Mapping[str, Any]) -> float:
    return float("".join(c for c in str(row["goal"]) if c.isdigit() or c == ".") or 1)


def _x(value: float, most: float) -> float:
    return round(_LEFT + _WIDTH * math.log10(max(value, 1.0)) / most, 1)


def _less_is_better(row: Mapping[str, Any]) -> bool:
    return str(row["goal"]).startswith("<")


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
