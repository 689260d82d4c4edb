"""Cold starts of built artifacts: a fresh process each, subjects taking turns, under Amazon's own runtime client.

What is compared is the CPU of the process up to its first answer, which another load of the machine does not change;
the time by the clock stands beside it. `python -m benchmarks.cold_start [quick]`
"""

import os
import shutil
import statistics
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import emulator_init
from benchmarks.harness import artifacts, function_events, results
from benchmarks.harness.sandbox import CannotMeasure, Cold, cold_start
from benchmarks.harness.servers import NotAnswered

DIRECT, FLOOR, TUTORIAL = "check_numbers", "a handler that does nothing", "the check as tutorials write it"
OTHERS = (
    "as built",
    "on boto3, as 'sam build' leaves it by itself",
    "the same source, as 'sam build' leaves it by itself",
)
_DROP = Path("/proc/sys/vm/drop_caches")


@dataclass(frozen=True, slots=True)
class Subject:
    """An artifact that is started, and the event of its first call."""

    name: str
    folder: Path
    handler: str
    event: Any


def main(quick: bool) -> list[dict[str, Any]]:
    """Build, start everything again and again, and give a row for each comparison."""
    rounds = 5 if quick else 25
    built, plain, on_boto3 = artifacts.built(), artifacts.plain(), artifacts.plain(on_boto3=True)
    tutorial = artifacts.tutorial()
    handlers = artifacts.functions()
    with function_events.world() as world:
        check = Subject(
            DIRECT, built / "CheckNumbersFunction", handlers["CheckNumbersFunction"], function_events.one_check()
        )
        references = [
            Subject(FLOOR, artifacts.REFERENCES / "floor", "handler.lambda_handler", {}),
            Subject(TUTORIAL, tutorial, "handler.lambda_handler", function_events.http_check()),
        ]
        rows = _direct(check, references, world.environment, rounds)
        rows += emulator_init.main(check, references, world.environment, rounds)
        for function, events in function_events.events(world.token).items():
            folders = (built, on_boto3, plain)
            # That of the build step alone takes a third of the time; a quick run leaves it out.
            rows += _other(
                function, handlers[function], events, folders[: 2 if quick else 3], world.environment, rounds
            )
    return [*rows, *_sizes(built, plain)]


def _direct(
    check: Subject, references: list[Subject], environment: Mapping[str, str], rounds: int
) -> list[dict[str, Any]]:
    floor, tutorial = references
    found = take_turns([check, *references], environment, rounds)
    rows = [
        compared("first answer of the direct check", found, check.name, floor.name, "<= 1.5 x", upside_down=True),
        compared("first answer of the direct check", found, check.name, tutorial.name, ">= 18 x"),
    ]
    why_not = _cannot_drop()
    name = "the same with nothing of it in the page cache, by the clock"
    if why_not:
        return [*rows, results.skipped(name, check.name, tutorial.name, why_not)]
    found = take_turns([check, *references], environment, max(3, rounds // 3), dropped=True)
    rows.append(compared(name, found, check.name, floor.name, upside_down=True, clock=True))
    rows.append(compared(name, found, check.name, tutorial.name, clock=True))
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
    subjects = [Subject(name, at, handler, event) for name, at in zip(OTHERS, folders, strict=False)]
    subjects[0] = replace(subjects[0], folder=folders[0] / function)
    name = f"first answer of {function.removesuffix('Function')}"
    try:
        for earlier in before:
            cold_start(subjects[0].folder, handler, environment, earlier)
        found = take_turns(subjects, environment, max(3, rounds // 2))
    except NotAnswered as failed:
        return [results.skipped(name, OTHERS[0], OTHERS[1], str(failed)[:300])]
    return [
        compared(name, found, OTHERS[0], other.name, ">= 3 x" if other.name == OTHERS[1] else "")
        for other in subjects[1:]
    ]


def take_turns(
    subjects: list[Subject], environment: Mapping[str, str], rounds: int, *, dropped: bool = False
) -> dict[str, list[Cold]]:
    """Start each subject once a round; the first round only warms the disk's cache. Raises NotAnswered."""
    found: dict[str, list[Cold]] = {subject.name: [] for subject in subjects}
    for turn in range(rounds + 1):
        for subject in subjects:
            if dropped:
                os.sync()
                _DROP.write_text("3")
            cold = cold_start(subject.folder, subject.handler, environment, subject.event)
            if not function_events.answered_well(cold.body):
                raise NotAnswered(f"{subject.name} answered a failure: {cold.body.decode()[:500]}")
            if turn:
                found[subject.name].append(cold)
    return found


def compared(
    name: str,
    found: Mapping[str, list[Cold]],
    subject: str,
    reference: str,
    goal: str = "",
    *,
    upside_down: bool = False,
    clock: bool = False,
) -> dict[str, Any]:
    """Give a row: how many times the subject's work the reference does, or with `upside_down` the other way."""
    ours, theirs = found[subject], found[reference]

    def cost(colds: list[Cold]) -> list[float]:
        return [(cold.seconds if clock else cold.used.cpu) * 1000 for cold in colds]

    return results.compared(
        name,
        subject,
        reference,
        cost(ours),
        cost(theirs),
        "ms by the clock" if clock else "ms CPU",
        goal,
        upside_down=upside_down,
        memory=statistics.median(cold.used.memory for cold in ours) / 1e6,
        clock_ms=[statistics.median(cold.seconds for cold in colds) * 1000 for colds in (ours, theirs)],
    )


def _cannot_drop() -> str:
    """Say why the page cache can't be dropped here; "" when it can."""
    if not shutil.which("sync") or not os.access(_DROP, os.W_OK):
        return f"this user may not write {_DROP}"
    try:
        _DROP.write_text("3")
    except OSError as failed:
        return f"{_DROP} can't be written here: {failed.strerror}"
    return ""


def _sizes(built: Path, plain: Path) -> list[dict[str, Any]]:
    """Give the size of each artifact as it is uploaded, against the one that all share without the build step."""
    theirs = artifacts.zipped(plain) / 1e6
    return [
        results.compared(
            f"zipped artifact of {function.removesuffix('Function')}",
            "as built",
            "as 'sam build' leaves it by itself",
            [artifacts.zipped(built / function) / 1e6],
            [theirs],
            "MB",
        )
        for function in artifacts.functions()
    ]


if __name__ == "__main__":
    try:
        print(results.told(main(quick="quick" in sys.argv)))
    except CannotMeasure as why:
        sys.exit(str(why))
