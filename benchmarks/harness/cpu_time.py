"""CPU time of calls, in fresh processes that take turns: subject, reference, subject, … on a machine that others use.

What is compared is user and system time of the process alone, in microseconds a call; its servers are other processes.
"""

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.harness.servers import ROOT


def of_calls(call: Callable[[], object], calls: int) -> float:
    """Give the CPU time of one call, in microseconds, after some that warm up."""
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
    """Run `python -m module subject calls` for each subject in turn, round by round; give what each printed.

    `artifact`: a built one, whose modules are taken and not the sources'; it lacks boto3, which is this environment's.
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
        # As long as a role's is.
        "AWS_SESSION_TOKEN": "t" * 900,
        "AWS_EC2_METADATA_DISABLED": "true",
        **environment,
    }
    found: dict[str, list[float]] = {subject: [] for subject in subjects}
    for _ in range(rounds):
        for subject in subjects:
            done = subprocess.run(
                [sys.executable, "-m", module, subject, str(calls[subject])],
                cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                raise RuntimeError(f"{subject}: {done.stderr[-2000:]}")
            found[subject].append(float(done.stdout))
    return found
