"""Redis and MariaDB, as packaged by Debian, on a free loopback port with their data in a temporary folder."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness.sandbox import CannotMeasure

_START_SECONDS = 60.0


@contextmanager
def redis(folder: Path) -> Iterator[int]:
    """Run a Redis that stores nothing on disk, and yield its port. Raises CannotMeasure if it is not installed."""
    program = _program("redis-server", "redis-server")
    port = free_port()
    settings = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder))
    with _running([program, *settings], port):
        yield port


@contextmanager
def mariadb(folder: Path) -> Iterator[int]:
    """Run a MariaDB whose user `root` needs no password, and yield its port. Raises CannotMeasure like `redis`."""
    program, install = _program("mariadbd", "mariadb-server"), _program("mariadb-install-db", "mariadb-server")
    port = free_port()
    user = ("--user=root",) if os.geteuid() == 0 else ()
    data = f"--datadir={folder / 'data'}"
    installed = subprocess.run(
        [install, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db", *user],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if installed.returncode:
        raise CannotMeasure(f"mariadb-install-db failed: {installed.stderr[-300:]}")
    settings = ("--bind-address=127.0.0.1", f"--port={port}", f"--socket={folder / 'socket'}", "--skip-log-bin")
    with _running([program, "--no-defaults", data, *settings, *user], port):
        yield port


@contextmanager
def folder() -> Iterator[Path]:
    """Yield a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="nocall-bench-") as name:
        yield Path(name)


def _program(name: str, package: str) -> str:
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
    if not program:
        raise CannotMeasure(f"{name} is not installed (Debian: apt-get install {package})")
    return program


def free_port() -> int:
    """Return a free loopback port, for a server that cannot use port 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise CannotMeasure(f"{Path(command[0]).name} did not start")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
