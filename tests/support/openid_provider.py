"""A certified OpenID Connect provider on loopback, for signing in to the console of the test stack."""

import fcntl
import hashlib
import json
import os
import shutil
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
    folder = _installed()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [programs.node(), "server.mjs"],
        cwd=folder,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it warns that it stores everything in memory, as tests want it to
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


def _installed() -> Path:
    """Return the folder with the provider and its packages, which `package-lock.json` pins by their SHA-512."""
    content = b"".join((FOLDER / name).read_bytes() for name in FILES)
    folder = npm.DOWNLOADED / f"openid-{hashlib.sha256(content).hexdigest()[:12]}"
    npm.DOWNLOADED.mkdir(parents=True, exist_ok=True)
    with (npm.DOWNLOADED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker may be installing it
        if not folder.exists():
            part = npm.DOWNLOADED / "openid-part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            for name in FILES:
                shutil.copyfile(FOLDER / name, part / name)
            print("Downloading the OpenID Connect provider from npm: 1 MB", flush=True)
            _npm_ci(part)
            part.rename(folder)
    return folder


def _npm_ci(folder: Path) -> None:
    run = subprocess.run(
        [*programs.npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "npm_config_cache": str(npm.DOWNLOADED / "cache")},
    )
    shutil.rmtree(npm.DOWNLOADED / "cache", ignore_errors=True)
    if run.returncode:
        raise npm.DownloadFailed(f"npm could not install the OpenID Connect provider: {run.stderr[-500:]}")
