"""Starting and stopping the embedded cloud (ministack), on a free loopback port."""

import contextlib
import os
import platform
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

PATCHED = Path(__file__).with_name("patched_emulator.py")
ACCESS_KEY, SECRET_KEY, REGION = "test", "test", "us-east-1"
START_SECONDS = 60.0
STOP_SECONDS = 15.0
_started: dict[int, subprocess.Popen[bytes]] = {}


class EmulatorFailed(Exception):
    """The emulator did not start. The message says where its log is."""


def start(folder: Path) -> tuple[int, int]:
    """Start an emulator with its files in a folder. Return its process id and port once it responds."""
    port = _free_port()
    scratch = folder / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    environment = {
        **environment_for(f"http://127.0.0.1:{port}", folder),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "S3_DATA_DIR": str(folder / "s3"),
        "STATE_DIR": str(folder / "state"),
        "LOG_LEVEL": "INFO",
    }
    log = folder / "emulator.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, str(PATCHED)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
        )
    _started[process.pid] = process
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise EmulatorFailed(f"The emulator exited with status {process.returncode}. See its log: {log}")
        if responds(port):
            return process.pid, port
        time.sleep(0.1)
    stop(process.pid)
    raise EmulatorFailed(f"The emulator did not respond within {START_SECONDS:.0f} s. See its log: {log}")


def environment_for(endpoint: str, folder: Path) -> dict[str, str]:
    """Return the environment in which AWS tools use the emulator and write nothing outside the folder."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **inherited,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": str(folder / "no-aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-aws-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(folder / "sam"),
        "TMPDIR": str(folder / "tmp"),
    }


def architecture() -> str:
    """Return Lambda's name for this machine's architecture, on which the emulator runs the functions natively."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def responds(port: int) -> bool:
    """Return whether an emulator responds on this port."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=2) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def stop(pid: int) -> None:
    """Stop an emulator and the functions it runs, and wait until it has ended."""
    _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline and _alive(pid):
        time.sleep(0.1)
    _signal(pid, signal.SIGKILL)
    if pid in _started:
        _started.pop(pid).wait()


def _signal(pid: int, number: signal.Signals) -> None:
    # It leads its own process group, so the functions' processes get the signal too.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _alive(pid: int) -> bool:
    if pid in _started:
        return _started[pid].poll() is None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
