"""The results of `make soak`: its figures as JSON and in `benchmarks/results.md`, and its plot as SVG."""

import json
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[1]
JSON, CHART = _FOLDER / "soak.json", _FOLDER / "soak.svg"
SAMPLES = _FOLDER.parent / ".local" / "soak-samples.json"
_UNITS = {"memory": "MB", "threads": "", "sockets": ""}
_MORE = {"memory": 1.0, "threads": 0.5, "sockets": 0.5}
"""By how much each of the last two quarters must exceed the one before for steady growth."""
_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 640, 110, 60, 34, 46
_TEXT, _LINE, _CURVE = "#7d8590", "#7d859055", "#2da44e"


def growth(samples: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what one process of each function held in the last three quarters (medians), and whether it grew steadily.

    The first quarter is a warm-up. One step is no leak: a function loads some libraries when it first needs them. The
    emulator starts further processes of a function when requests overlap, so a sum would grow without any leak.
    """
    quarter = max(len(samples) // 4, 1)
    quarters = [samples[i * quarter : (i + 1) * quarter] for i in (1, 2)] + [samples[-quarter:]]
    names = sorted({name for sample in quarters[-1] for name in sample["functions"]})
    found = []
    for name in names:
        for what, more in _MORE.items():
            held = [_median(part, name, what) for part in quarters]
            known = [one for one in held if one is not None]
            steps = [after - before for before, after in pairwise(known)]
            grew = len(steps) == len(quarters) - 1 and min(steps) > more
            found.append({"function": name, "what": what, "held": known, "grew": grew})
    return found


def _median(samples: Sequence[Mapping[str, Any]], name: str, what: str) -> float | None:
    held = [sample["functions"][name] for sample in samples if name in sample["functions"]]
    return round(statistics.median(one[what] / len(one["pids"]) for one in held), 1) if held else None


def write(figures: Mapping[str, Any], grown: Sequence[Mapping[str, Any]]) -> None:
    """Write the figures and the plot. The samples stay out of the repository, in `.local`."""
    samples = figures["samples"]
    restarts = _restarts(samples)
    summary = {name: value for name, value in figures.items() if name != "samples"}
    SAMPLES.parent.mkdir(exist_ok=True)
    SAMPLES.write_text(json.dumps(samples))
    JSON.write_text(json.dumps({**summary, "growth": [*grown], "restarts": restarts}, indent=1) + "\n")
    CHART.write_text(svg(samples))


def _restarts(samples: Sequence[Mapping[str, Any]]) -> int:
    """Return how many processes of functions were replaced by others during the run."""
    pids: dict[str, set[int]] = {}
    for sample in samples:
        for name, held in sample["functions"].items():
            pids.setdefault(name, set()).update(held["pids"])
    most = {name: max(len(sample["functions"].get(name, {"pids": ()})["pids"]) for sample in samples) for name in pids}
    return sum(len(found) - most[name] for name, found in pids.items())


def section() -> list[str]:
    """Return the lines of the page about the last soak, or none if there was none."""
    if not JSON.exists():
        return []
    soak = json.loads(JSON.read_text())
    where = soak["machine"]
    done = soak["done"]
    grown = [one for one in soak["growth"] if one["grew"]]
    names = ", ".join(f"{one['what']} of {one['function']}" for one in grown)
    verdict = f"What grew steadily: {names}" if grown else "Nothing grew steadily"
    wrong = sum("WrongAnswer" in fault for fault in soak["faults"])
    restarts = soak["restarts"]
    replaced = f"{restarts or 'No'} process{'es were' if restarts != 1 else ' was'} replaced"
    lines = [
        "",
        "## A soak",
        "",
        f"`make soak` ran every kind of work at once for {soak['minutes']:g} minutes on {where['date']}, on a local "
        f"stack with {where['cores']} cores; the load average at the start was {where['load_at_start']}. Each response "
        "was compared with what was known of its numbers. The emulator takes most of the time, so the rates say "
        "nothing about AWS.",
        "",
        f"Wrong answers: {wrong}. Errors: {len(soak['faults']) - wrong}. {verdict} in the last three quarters of the "
        f"time, whose medians are below. {replaced}.",
        *_errors(soak["faults"]),
        "",
        "| work | count | per second |",
        "|---|---|---|",
        *(f"| {what} | {count:,} | {_rate(count / soak['minutes'] / 60)} |" for what, count in done.items()),
        "",
        "| a process of the function | memory, MB | threads | sockets |",
        "|---|---|---|---|",
    ]
    by_function: dict[str, dict[str, Any]] = {}
    for one in soak["growth"]:
        by_function.setdefault(one["function"], {})[one["what"]] = " → ".join(f"{held:g}" for held in one["held"])
    lines += [f"| {name} | {' | '.join(held.get(what, '') for what in _UNITS)} |" for name, held in by_function.items()]
    return [*lines, "", f"![Memory, threads and sockets of all functions during the soak]({CHART.name})"]


def _rate(per_second: float) -> str:
    return f"{per_second:,.0f}" if per_second >= 100 else f"{per_second:.3g}"


def _errors(faults: Sequence[str]) -> list[str]:
    """Return the lines that count the errors by their text."""
    return ["", *(f"- {count} × {fault}" for fault, count in Counter(faults).most_common())] if faults else []


def svg(samples: Sequence[Mapping[str, Any]]) -> str:
    """Draw the work per second, and what all functions hold together, over the time of the run."""
    panels = [("adds, checks and removals per second", "", _rates(samples))]
    panels += [
        (f"{what} of all functions", unit, [(s["at"], _total(s, what)) for s in samples])
        for what, unit in _UNITS.items()
    ]
    height = _TOP + len(panels) * (_HEIGHT + _GAP)
    total = _LEFT + _WIDTH + 20
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {height}" width="{total}" height="{height}" '
        'role="img" font-family="system-ui, sans-serif" font-size="12">',
        "<title>Work per second, and the memory, threads and sockets of all functions, over the time of a soak</title>",
    ]
    for index, (title, unit, points) in enumerate(panels):
        out += _panel(title, unit, points, _TOP + index * (_HEIGHT + _GAP))
    return "\n".join([*out, "</svg>"]) + "\n"


def _total(sample: Mapping[str, Any], what: str) -> float:
    return float(sum(held[what] for held in sample["functions"].values()))


def _rates(samples: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    points = []
    last_at, last = 0.0, 0
    for sample in samples:
        count = sum(sample["done"].get(what, 0) for what in ("adds", "checks", "removals"))
        points.append((sample["at"], (count - last) / max(sample["at"] - last_at, 0.1)))
        last_at, last = sample["at"], count
    return points


def _panel(title: str, unit: str, points: Sequence[tuple[float, float]], top: float) -> list[str]:
    longest = max((at for at, _ in points), default=1.0)
    largest = max((value for _, value in points), default=1.0) * 1.1 or 1.0
    bottom = top + _HEIGHT
    line = " ".join(
        f"{_LEFT + _WIDTH * at / longest:.1f},{bottom - _HEIGHT * value / largest:.1f}" for at, value in points
    )
    label = f"{largest:.3g} {unit}".strip()
    return [
        f'<text x="{_LEFT}" y="{top - 8}" fill="{_TEXT}">{escape(title)}</text>',
        f'<text x="{_LEFT - 6}" y="{top + 10}" fill="{_TEXT}" text-anchor="end">{label}</text>',
        f'<text x="{_LEFT - 6}" y="{bottom}" fill="{_TEXT}" text-anchor="end">0</text>',
        f'<line x1="{_LEFT}" y1="{top}" x2="{_LEFT}" y2="{bottom}" stroke="{_LINE}"/>',
        f'<line x1="{_LEFT}" y1="{bottom}" x2="{_LEFT + _WIDTH}" y2="{bottom}" stroke="{_LINE}"/>',
        f'<text x="{_LEFT + _WIDTH}" y="{bottom + 15}" fill="{_TEXT}" text-anchor="end">{longest / 60:.1f} min</text>',
        f'<polyline points="{line}" fill="none" stroke="{_CURVE}" stroke-width="1.5"/>',
    ]
