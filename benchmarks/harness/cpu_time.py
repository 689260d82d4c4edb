"""CPU time of calls, in fresh processes that take turns (subject, reference, subject, …), for a shared machine.

It is the user and system time of the process itself, in microseconds per call. Servers are other processes.
"""

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.harness.servers import ROOT


def of_calls(call: Callable[[], object], calls: int) -> float:
    """Return the CPU time of one call in microseconds, after some warm-up calls."""
    for _ in range(max(3, calls // 10)):
        call()
    before = resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(calls):
        call()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / calls * 1e6


def take_turns(
    module: str,
    subjects: Sequence[str],
    rounds: int,
    calls: Mapping[str, int],
    environment: Mapping[str, str],
    artifact: Path | None = None,
) -> dict[str, list[float]]:
    """Run `python -m module subject calls` for each subject in turn, round by round, and return what each printed.

    `artifact`: a built artifact whose modules are used instead of the sources. It has no boto3; that comes from this
    environment.
    """
    folders = [*([artifact] if artifact else []), ROOT / "functions", ROOT]
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        # As long as a role's token.
        "AWS_SESSION_TOKEN": "t" * 900,
        "AWS_EC2_METADATA_DISABLED": "true",
        **environment,
    }
    costs: dict[str, list[float]] = {subject: [] for subject in subjects}
    for _ in range(rounds):
        for subject in subjects:
            done = subprocess.run(
                [sys.executable, "-m", module, subject, str(calls[subject])],
                cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                raise RuntimeError(f"{subject}: {done.stderr[-2000:]}")
            costs[subject].append(float(done.stdout))
    return costs
