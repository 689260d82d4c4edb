"""A second opinion: the init time that Amazon's Runtime Interface Emulator prints, which the SAM CLI carries.

It runs the same runtime client on the same artifacts, and takes the time itself. What counts is its log line
`INIT REPORT`: the `Init Duration` of its `REPORT` is not the init time.
"""

import json
import os
import platform
import re
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import samcli  # type: ignore[import-untyped]

from benchmarks.harness import results
from benchmarks.harness.reference_servers import free_port
from benchmarks.harness.sandbox import command, environment_of, runtime_folder
from benchmarks.harness.servers import NotAnswered

_MACHINE = "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"
EMULATOR = Path(samcli.__file__).parent / "local" / "rapid" / f"aws-lambda-rie-{_MACHINE}"
_NAME = "init of the direct check, by Amazon's Runtime Interface Emulator"


def main(check: Any, references: Sequence[Any], environment: Mapping[str, str], rounds: int) -> list[dict[str, Any]]:
    """Give a row for each reference; the first of them is the floor."""
    subjects = [check, *references]
    if not EMULATOR.exists() or platform.system() != "Linux":
        return [results.skipped(_NAME, check.name, "all", f"there is no {EMULATOR.name}")]
    runtime_folder()
    found: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    for turn in range(max(3, rounds) + 1):
        for subject in subjects:
            took = init_ms(subject.folder, subject.handler, environment, subject.event)
            if turn:
                found[subject.name].append(took)
    return [
        results.compared(
            _NAME,
            check.name,
            reference.name,
            found[check.name],
            found[reference.name],
            "ms by the clock",
            upside_down=reference is references[0],
        )
        for reference in references
    ]


def init_ms(folder: Path, handler: str, environment: Mapping[str, str], event: object) -> float:
    """Start a function under the emulator, call it, and read the init time out of its log. Raises NotAnswered."""
    port, runtime_port = free_port(), free_port()
    emulator = [
        *(str(EMULATOR), "--log-level", "info"),
        *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
    ]
    process = subprocess.Popen(
        [*emulator, *command(folder, handler)],
        env=environment_of(folder, handler, environment, f"127.0.0.1:{runtime_port}"),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        _call(port, event)
    finally:
        os.killpg(process.pid, 15)
        out, _ = process.communicate(timeout=20)
    found = re.search(r"INIT REPORT\(durationMs: ([\d.]+)\)", out)
    if not found:
        raise NotAnswered(f"the emulator told no init time: {out[-500:]}")
    return float(found[1])


def _call(port: int, event: object) -> None:
    url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, json.dumps(event).encode(), timeout=30) as answer:
                answer.read()
        except OSError:
            if time.monotonic() > deadline:
                raise NotAnswered("the emulator did not answer") from None
            time.sleep(0.01)
        else:
            return
