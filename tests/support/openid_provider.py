"""A certified OpenID Connect provider on loopback, for signing in to the console of the test stack."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from jwt.algorithms import RSAAlgorithm

from infra.setup import programs
from tests.support import npm
from tests.support.issuer import KEYS

FOLDER = Path(__file__).parent / "openid"
FILES = ("package.json", "package-lock.json", "server.mjs")


@dataclass(frozen=True)
class Provider:
    """A running provider. Signing in as `role:account:name` grants that role in that account."""

    url: str


@contextmanager
def running(client_id: str, audience: str) -> Iterator[Provider]:
    """Run a provider on a free port. Raises DownloadFailed and ProgramMissing."""
    folder = npm.install(FOLDER, FILES, "the OpenID Connect provider", "1 MB")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [programs.node(), "server.mjs"],
        cwd=folder,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it warns that it stores everything in memory, which is what tests need
    )
    assert process.stdin
    assert process.stdout
    try:
        settings = {"clientId": client_id, "audience": audience, "port": port, "jwks": {"keys": [_private_key()]}}
        process.stdin.write(json.dumps(settings) + "\n")
        process.stdin.flush()
        _wait_until_ready(process.stdout)
        yield Provider(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def _wait_until_ready(output: IO[str]) -> None:
    for line in output:
        if line.strip() == "ready":
            return
    raise AssertionError("the OpenID Connect provider did not start")


def _private_key() -> dict[str, str]:
    _, key = KEYS["rsa"]
    exported = json.loads(RSAAlgorithm.to_jwk(key))
    exported.pop("key_ops", None)
    return {**exported, "kid": "rsa", "alg": "RS256", "use": "sig"}
