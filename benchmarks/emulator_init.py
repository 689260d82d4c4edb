"""A second opinion on init time, from Amazon's Runtime Interface Emulator, which the SAM CLI includes.

It runs the same runtime client on the same artifacts and measures the init itself. The result is in its log line
`INIT REPORT`; the `Init Duration` of its `REPORT` line is not the init time.
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
from benchmarks.harness.servers import NoResponse

_MACHINE = "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"
EMULATOR = Path(samcli.__file__).parent / "local" / "rapid" / f"aws-lambda-rie-{_MACHINE}"
_NAME = "init of the direct check, on Amazon's Runtime Interface Emulator"


def main(check: Any, references: Sequence[Any], environment: Mapping[str, str], rounds: int) -> list[dict[str, Any]]:
    """Return a row for each reference. The first one is the floor."""
    subjects = [check, *references]
    if not EMULATOR.exists() or platform.system() != "Linux":
        return [results.skipped(_NAME, check.name, "all", f"there is no {EMULATOR.name}")]
    runtime_folder()
    times: dict[str, list[float]] = {subject.name: [] for subject in subjects}
    for turn in range(max(3, rounds) + 1):
        for subject in subjects:
            milliseconds = init_ms(subject.folder, subject.handler, environment, subject.event)
            if turn:
                times[subject.name].append(milliseconds)
    return [
        results.compared(
            _NAME,
            check.name,
            reference.name,
            times[check.name],
            times[reference.name],
            "ms wall time",
            inverse=reference is references[0],
        )
        for reference in references
    ]


def init_ms(folder: Path, handler: str, environment: Mapping[str, str], event: object) -> float:
    """Start a function under the emulator, call it, and return the init time in its log. Raises NoResponse."""
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
    report = re.search(r"INIT REPORT\(durationMs: ([\d.]+)\)", out)
    if not report:
        raise NoResponse(f"the emulator reported no init time: {out[-500:]}")
    return float(report[1])


def _call(port: int, event: object) -> None:
    url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, json.dumps(event).encode(), timeout=30) as response:
                response.read()
        except OSError:
            if time.monotonic() > deadline:
                raise NoResponse("the emulator did not respond") from None
            time.sleep(0.01)
        else:
            return
