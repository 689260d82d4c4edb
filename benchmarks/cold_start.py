"""Cold starts of built artifacts: a fresh process each, taking turns, under Amazon's own runtime client.

The ratio is of the process's CPU time up to its first response, which other load on the machine hardly changes. The
results also have the wall time. `python -m benchmarks.cold_start [quick]`
"""

import os
import shutil
import statistics
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import emulator_init
from benchmarks.harness import artifacts, function_events, results
from benchmarks.harness.sandbox import CannotMeasure, Cold, cold_start
from benchmarks.harness.servers import NoResponse

DIRECT, FLOOR, TUTORIAL = "check_numbers", "a handler that does nothing", "the check as written in tutorials"
OTHERS = (
    "as built",
    "on boto3, built by plain 'sam build'",
    "the same source, built by plain 'sam build'",
)
_DROP = Path("/proc/sys/vm/drop_caches")


@dataclass(frozen=True, slots=True)
class Subject:
    """An artifact to start, and its first event."""

    name: str
    folder: Path
    handler: str
    event: Any


def main(quick: bool) -> list[dict[str, Any]]:
    """Build and start every subject repeatedly, and return a row for each comparison."""
    rounds = 5 if quick else 25
    plain, on_boto3 = artifacts.plain(), artifacts.plain(on_boto3=True)
    tutorial = artifacts.tutorial()
    handlers = artifacts.functions()
    with function_events.world() as world:
        folder = artifacts.built_of("CheckNumbersFunction")
        check = Subject(DIRECT, folder, handlers["CheckNumbersFunction"], function_events.one_check())
        references = [
            Subject(FLOOR, artifacts.REFERENCES / "floor", "handler.lambda_handler", {}),
            Subject(TUTORIAL, tutorial, "handler.lambda_handler", function_events.http_check()),
        ]
        rows = _direct(check, references, world.environment, rounds)
        rows += emulator_init.main(check, references, world.environment, rounds)
        for function, events in function_events.events(world.token).items():
            folders = (artifacts.built_of(function), on_boto3, plain)
            # The third folder shows only the build step and takes a third of the time, so a quick run omits it.
            rows += _other(
                function, handlers[function], events, folders[: 2 if quick else 3], world.environment, rounds
            )
    return [*rows, *_sizes(plain)]


def _direct(
    check: Subject, references: list[Subject], environment: Mapping[str, str], rounds: int
) -> list[dict[str, Any]]:
    floor, tutorial = references
    cold = take_turns([check, *references], environment, rounds)
    rows = [
        compared("cold start of the direct check", cold, check.name, floor.name, "<= 1.5 x", inverse=True),
        compared("cold start of the direct check", cold, check.name, tutorial.name, ">= 18 x"),
    ]
    obstacle = _obstacle_to_dropping()
    name = "the same with an empty page cache"
    if obstacle:
        return [*rows, results.skipped(name, check.name, tutorial.name, obstacle)]
    cold = take_turns([check, *references], environment, max(3, rounds // 3), drop_cache=True)
    rows.append(compared(name, cold, check.name, floor.name, inverse=True, wall_time=True))
    rows.append(compared(name, cold, check.name, tutorial.name, wall_time=True))
    return rows


def _other(
    function: str,
    handler: str,
    events: list[Any],
    folders: tuple[Path, ...],
    environment: Mapping[str, str],
    rounds: int,
) -> list[dict[str, Any]]:
    *before, event = events
    subjects = [Subject(name, folder, handler, event) for name, folder in zip(OTHERS, folders, strict=False)]
    name = f"cold start of {function.removesuffix('Function')}"
    try:
        for earlier in before:
            cold_start(subjects[0].folder, handler, environment, earlier)
        cold = take_turns(subjects, environment, max(3, rounds // 2))
    except NoResponse as failed:
        return [results.skipped(name, OTHERS[0], OTHERS[1], str(failed)[:300])]
    return [
        compared(name, cold, OTHERS[0], other.name, ">= 3 x" if other.name == OTHERS[1] else "")
        for other in subjects[1:]
    ]


def take_turns(
    subjects: list[Subject], environment: Mapping[str, str], rounds: int, *, drop_cache: bool = False
) -> dict[str, list[Cold]]:
    """Start each subject once per round. The first round only warms the page cache. Raises NoResponse."""
    starts: dict[str, list[Cold]] = {subject.name: [] for subject in subjects}
    for turn in range(rounds + 1):
        for subject in subjects:
            if drop_cache:
                os.sync()
                _DROP.write_text("3")
            cold = cold_start(subject.folder, subject.handler, environment, subject.event)
            if not function_events.succeeded(cold.body):
                raise NoResponse(f"{subject.name} failed: {cold.body.decode()[:500]}")
            if turn:
                starts[subject.name].append(cold)
    return starts


def compared(
    name: str,
    starts: Mapping[str, list[Cold]],
    subject: str,
    reference: str,
    goal: str = "",
    *,
    inverse: bool = False,
    wall_time: bool = False,
) -> dict[str, Any]:
    """Return a row: the reference's cost divided by the subject's, or with `inverse` the other way round."""
    ours, theirs = starts[subject], starts[reference]

    def cost(colds: list[Cold]) -> list[float]:
        return [(cold.seconds if wall_time else cold.usage.cpu) * 1000 for cold in colds]

    return results.compared(
        name,
        subject,
        reference,
        cost(ours),
        cost(theirs),
        "ms wall time" if wall_time else "ms CPU",
        goal,
        inverse=inverse,
        memory=statistics.median(cold.usage.memory for cold in ours) / 1e6,
        clock_ms=[statistics.median(cold.seconds for cold in colds) * 1000 for colds in (ours, theirs)],
    )


def _obstacle_to_dropping() -> str:
    """Return why the page cache cannot be dropped here, or "" if it can."""
    if not shutil.which("sync") or not os.access(_DROP, os.W_OK):
        return f"this user may not write to {_DROP}"
    try:
        _DROP.write_text("3")
    except OSError as failed:
        return f"{_DROP} cannot be written: {failed.strerror}"
    return ""


def _sizes(plain: Path) -> list[dict[str, Any]]:
    """Return a row for each artifact's size as uploaded, next to the one that all share without the build step."""
    theirs = artifacts.zipped(plain) / 1e6
    return [
        results.compared(
            f"zipped size of {function.removesuffix('Function')}",
            "as built",
            "built by plain 'sam build'",
            [artifacts.zipped(artifacts.built_of(function)) / 1e6],
            [theirs],
            "MB",
        )
        for function in artifacts.functions()
    ]


if __name__ == "__main__":
    try:
        print(results.as_lines(main(quick="quick" in sys.argv)))
    except CannotMeasure as reason:
        sys.exit(str(reason))
