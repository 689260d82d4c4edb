"""Amazon's DynamoDB Local: fetched from the npm registry into the checkout, started on a free port of loopback."""

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

from infra.local.stack import ROOT
from tests.support.npm import Missing, fetch

PACKAGE = "amplify-dynamodb-simulator@2.9.30"
SHA_256 = "3503ffac19f183407909fecdacf4db51ab1fdad1da7b2f177016670b2d80e4b9"
FOLDER = ROOT / ".local" / "dynamodb-local"
START_SECONDS = 60.0


def start() -> tuple[subprocess.Popen[bytes], str]:
    """Start it; give the process and its endpoint once it answers."""
    java = shutil.which("java")
    if not java:
        raise Missing("java is missing, on which DynamoDB Local runs")
    folder = fetch(PACKAGE, SHA_256, FOLDER) / "emulator"
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
