"""A function's execution environment: a fresh process that runs a built artifact under `awslambdaric`."""

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

from benchmarks.harness.servers import ROOT, NoResponse, RuntimeApi

BOOT = Path(__file__).with_name("boot.py")
PYTHON = Path(sys.executable).resolve()
_RUNTIME_PACKAGES = ("awslambdaric", "simplejson", "snapshot-restore-py")


class CannotMeasure(Exception):
    """A subject or a reference cannot be measured on this machine. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used: CPU seconds (user and system), and its peak memory in bytes."""

    cpu: float
    memory: int


class Sandbox:
    """A running function, started as Lambda starts it. Its first event may be queued before."""

    def __init__(self, artifact: Path, handler: str, environment: Mapping[str, str], api: RuntimeApi) -> None:
        """Start the process. `environment`: the function's own variables, in addition to those that Lambda sets."""
        self._cpu = 0.0
        self.started = time.perf_counter_ns()
        self._process = subprocess.Popen(
            command(artifact, handler),
            env=environment_of(artifact, handler, environment, api.address),
            cwd=artifact,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        """Return this sandbox."""
        return self

    def __exit__(self, _t: type[BaseException] | None, _v: BaseException | None, _b: TracebackType | None) -> None:
        """Kill the process."""
        self.end()

    def end(self) -> float:
        """Kill the process. Return the CPU seconds of all its threads, ended ones included."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            _, status, usage = os.wait4(self._process.pid, 0)
            self._process.returncode = os.waitstatus_to_exitcode(status)
            self._cpu = usage.ru_utime + usage.ru_stime
        return self._cpu

    def usage(self) -> Usage:
        """Return what the process has used so far."""
        folder = Path("/proc") / str(self._process.pid)
        status = (folder / "status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        # The CPU clock of another process, as in clock_getcpuclockid(3): all threads, ended ones included.
        return Usage(time.clock_gettime((~self._process.pid << 3) | 2), int(peak.split()[1]) * 1024)


def runtime_folder() -> Path:
    """Return a folder with only the runtime client, created on first use. Raises CannotMeasure."""
    try:
        version = importlib.metadata.version("awslambdaric")
    except importlib.metadata.PackageNotFoundError:
        raise CannotMeasure("awslambdaric is not installed. 'make bench' installs it.") from None
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
        with contextlib.suppress(OSError):  # another run created it first
            fresh.rename(folder)
    return folder


def command(artifact: Path, handler: str) -> list[str]:
    """Return the command that runs an artifact as Lambda does. See `benchmarks.harness.boot`."""
    return [str(PYTHON), "-I", "-S", "-B", str(BOOT), str(artifact), str(runtime_folder()), handler]


def environment_of(artifact: Path, handler: str, own: Mapping[str, str], address: str) -> dict[str, str]:
    """Return the environment that Lambda sets, with the function's `own` variables."""
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
        **own,
    }


@dataclass(frozen=True, slots=True)
class Cold:
    """One cold start: seconds from the start of the process to its first response, and what the process used."""

    seconds: float
    usage: Usage
    body: bytes


def cold_start(artifact: Path, handler: str, environment: Mapping[str, str], event: object) -> Cold:
    """Start a function in a fresh process and wait for its first response. Raises NoResponse if that is an error."""
    with RuntimeApi() as api:
        api.send(event)
        with Sandbox(artifact, handler, environment, api) as sandbox:
            response = api.response(60.0)
            if response.kind != "response":
                raise NoResponse(f"{artifact.name}: {response.kind}: {response.body.decode()[:2000]}")
            memory = sandbox.usage().memory
            return Cold((response.at - sandbox.started) / 1e9, Usage(sandbox.end(), memory), response.body)
