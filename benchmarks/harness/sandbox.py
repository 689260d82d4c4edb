"""One execution environment of a function: a fresh process that runs a built artifact under `awslambdaric`."""

import contextlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.harness.servers import ROOT, NotAnswered, RuntimeApi

BOOT = Path(__file__).with_name("boot.py")
PYTHON = Path(sys.executable).resolve()
_RUNTIME_PACKAGES = ("awslambdaric", "simplejson", "snapshot-restore-py")


class CannotMeasure(Exception):
    """A subject or a reference can't be measured here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Used:
    """What a process has used: CPU seconds (user and system), and the most memory it held at once, in bytes."""

    cpu: float
    memory: int


class Sandbox:
    """A function that is being started, as Lambda starts it; its first event may be given before."""

    def __init__(self, artifact: Path, handler: str, environment: Mapping[str, str], api: RuntimeApi) -> None:
        """Start the process. `environment`: of the function, besides what Lambda sets."""
        self._cpu = 0.0
        self.began = time.perf_counter_ns()
        self._process = subprocess.Popen(
            command(artifact, handler),
            env=environment_of(artifact, handler, environment, api.address),
            cwd=artifact,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        """Give what was started."""
        return self

    def __exit__(self, _t: type[BaseException] | None, _v: BaseException | None, _b: TracebackType | None) -> None:
        """End it."""
        self.end()

    def end(self) -> float:
        """End it; give the CPU seconds that all its threads have used, those that ended before too."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            _, status, usage = os.wait4(self._process.pid, 0)
            self._process.returncode = os.waitstatus_to_exitcode(status)
            self._cpu = usage.ru_utime + usage.ru_stime
        return self._cpu

    def used(self) -> Used:
        """Read what it has used so far."""
        folder = Path("/proc") / str(self._process.pid)
        status = (folder / "status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        # The clock of another process's CPU, as clock_getcpuclockid(3) gives it: all threads, ended ones too.
        return Used(time.clock_gettime((~self._process.pid << 3) | 2), int(peak.split()[1]) * 1024)


def runtime_folder() -> Path:
    """Give a folder that holds the runtime client and nothing else, made on first use. Raises CannotMeasure."""
    try:
        version = importlib.metadata.version("awslambdaric")
    except importlib.metadata.PackageNotFoundError:
        raise CannotMeasure("awslambdaric is not installed: 'make bench' installs it") from None
    folder = ROOT / ".local" / "bench" / f"awslambdaric-{version}"
    if not folder.exists():
        fresh = folder.with_name(f"{folder.name}.{os.getpid()}")
        for package in _RUNTIME_PACKAGES:
            for file in importlib.metadata.files(package) or ():
                if ".dist-info" in str(file) or file.parts[0] == ".." or "__pycache__" in file.parts:
                    continue
                (fresh / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(str(file.locate()), fresh / file)
        subprocess.run([str(PYTHON), "-m", "compileall", "-q", str(fresh)], check=True)
        with contextlib.suppress(OSError):  # another run was first
            fresh.rename(folder)
    return folder


def command(artifact: Path, handler: str) -> list[str]:
    """Give the command that runs an artifact as Lambda does; see `benchmarks.harness.boot`."""
    return [str(PYTHON), "-I", "-S", "-B", str(BOOT), str(artifact), str(runtime_folder()), handler]


def environment_of(artifact: Path, handler: str, given: Mapping[str, str], address: str) -> dict[str, str]:
    """Give the environment that Lambda sets, and what the function is given besides."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "_HANDLER": handler,
        "LAMBDA_TASK_ROOT": str(artifact),
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_LAMBDA_FUNCTION_NAME": "measured",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_LOG_GROUP_NAME": "measured",
        "AWS_LAMBDA_LOG_STREAM_NAME": "measured",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_SESSION_TOKEN": "measured",
        **given,
    }


@dataclass(frozen=True, slots=True)
class Cold:
    """One cold start: from the start of the process to its first answer, in seconds, and what that took."""

    seconds: float
    used: Used
    body: bytes


def cold_start(artifact: Path, handler: str, environment: Mapping[str, str], event: object) -> Cold:
    """Start a function in a fresh process and wait for its first answer. Raises NotAnswered when that is an error."""
    with RuntimeApi() as api:
        api.give(event)
        with Sandbox(artifact, handler, environment, api) as sandbox:
            answered = api.answer(60.0)
            if answered.kind != "response":
                raise NotAnswered(f"{artifact.name}: {answered.kind}: {answered.body.decode()[:2000]}")
            memory = sandbox.used().memory
            return Cold((answered.at - sandbox.began) / 1e9, Used(sandbox.end(), memory), answered.body)
